"""The kind of a file or chunk: what answers a question less often, unless the question asks for it."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from ..evidence import Evidence
from .scale import Features

__all__ = ["features", "kinds_of"]

_TESTS = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing|testdata|fixtures|e2e|mocks?|__mocks__|[A-Za-z]+Tests?)/"
    r"|(?:^|/)(?:test_[^/]*|conftest|tests?)\.\w+$|(?:[_.-](?:test|tests|spec|bench)|Tests?|Spec|IT)\.\w+$"
)
_EXAMPLES = re.compile(
    r"(?:^|/)(?:examples?|samples?|demos?|docs_src|playground|benchmarks?|bench)/", re.IGNORECASE
)
_LEGACY = re.compile(
    r"(?:^|/)[^/]*(?:legacy|compat|deprecated|polyfill|v[0-2])(?:[^a-z/][^/]*)?(?:/|\.\w+$)", re.IGNORECASE
)
_GENERATED = re.compile(
    r"(?:^|/)(?:vendor|vendored|_vendor|third_party|generated|dist|build|migrations|snapshots|__snapshots__)/"
    r"|\.(?:pb|gen|generated|min)\.\w+$|_pb2(?:_grpc)?\.pyi?$|\.lock$|\.snap$|\.svg$",
    re.IGNORECASE,
)
_REEXPORT = re.compile(
    r"(?:^|/)(?:__init__\.pyi?|index\.[cm]?[jt]sx?|mod\.rs|lib\.rs|package-info\.java|prelude\.rs)$"
)
_DOCS = frozenset(("markdown", "rst", "text", "html", "mdx"))
_DATA = frozenset(("json", "toml", "yaml", "ini", "css", "scss", "less", "xml"))
_DOC_FOLDER = re.compile(
    r"(?:^|/)docs?/|(?:^|/)(?:CHANGELOG|CHANGES|HISTORY|README|CONTRIBUTING|LICENSE)[^/]*$", re.IGNORECASE
)


@lru_cache(maxsize=16_384)
def kinds_of(path: str, language: str | None, note: str | None) -> frozenset[str]:
    """What kinds a file is of: tests, examples, legacy, generated, docs, data, reexport, stubs."""
    found = set()
    for name, pattern in (
        ("tests", _TESTS),
        ("examples", _EXAMPLES),
        ("legacy", _LEGACY),
        ("generated", _GENERATED),
        ("reexport", _REEXPORT),
    ):
        if pattern.search(path):
            found.add(name)
    if note and "generated" in note:
        found.add("generated")
    if (language or "") in _DOCS or _DOC_FOLDER.search(path):
        found.add("docs")
    elif (language or "") in _DATA:
        found.add("data")
    if path.endswith((".d.ts", ".pyi")):
        found.add("stubs")
    return frozenset(found)


def features(evidence: Evidence) -> Features:
    """``kind.tests`` and so on: 1 for a file of that kind that the question does not ask for;
    ``kind.imports``: a chunk of imports; ``kind.unnamed``: a chunk without a symbol; ``kind.short``: a file
    of a few lines; ``kind.size``: the logarithm of a chunk's tokens.
    """
    wanted = evidence.query.wanted
    named = {place.path.rpartition("/")[2] for place in evidence.query.places}
    files: dict[str, list[float]] = {}
    for row, facts in enumerate(evidence.files.values()):
        kinds = kinds_of(facts.path, facts.language, facts.note) - wanted
        if facts.path.rpartition("/")[2] in named:
            kinds = frozenset()
        if facts.lines < 12:
            kinds |= {"short"}
        for kind in kinds:
            files.setdefault(f"kind.{kind}", [0.0] * len(evidence.files))[row] = 1.0
    candidates = evidence.candidates
    imports = [float(candidate.type == "imports") for candidate in candidates]
    size = [math.log(max(candidate.tokens, 1)) / 6 for candidate in candidates]
    unnamed = [float(not candidate.symbol or candidate.type == "imports") for candidate in candidates]
    return Features({"kind.imports": imports, "kind.unnamed": unnamed, "kind.size": size}, files)
