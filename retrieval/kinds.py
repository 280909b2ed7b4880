"""What kind a file is of, by its path: tests, examples, and whatever else answers a question less often.

By names of folders and files, looked up: patterns would take a command a millisecond to compile.
"""

from __future__ import annotations

__all__ = ["kinds_of"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEST_FOLDERS = _words("test tests spec specs __tests__ testing testdata fixtures e2e mock mocks __mocks__")
_TEST_STEMS = _words("conftest test tests")
_TEST_ENDINGS = (
    *(mark + word for mark in "_.-" for word in ("test", "tests", "spec", "bench")),
    *("Test", "Tests", "Spec", "IT"),
)
_EXAMPLE_FOLDERS = _words(
    "example examples sample samples demo demos docs_src playground benchmark benchmarks bench"
)
_LEGACY = ("legacy", "compat", "deprecated", "polyfill", "v0", "v1", "v2")
_GENERATED_FOLDERS = _words(
    "vendor vendored _vendor third_party generated dist build migrations snapshots __snapshots__"
)
_GENERATED_ENDINGS = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", ".lock", ".snap", ".svg")
_GENERATED_STEMS = (".pb", ".gen", ".generated", ".min")
_REEXPORTS = _words(
    "__init__.py __init__.pyi mod.rs lib.rs package-info.java prelude.rs"
    " index.js index.jsx index.cjs index.cjsx index.mjs index.mjsx"
    " index.ts index.tsx index.cts index.ctsx index.mts index.mtsx"
)
_DOCS = _words("markdown rst text html mdx")
_DATA = _words("json toml yaml ini css template make cmake docker")
_DOC_FOLDERS = _words("doc docs")
_DOC_STARTS = ("changelog", "changes", "history", "readme", "contributing", "license")


def kinds_of(path: str, language: str | None, note: str | None) -> frozenset[str]:
    """What kinds a file is of: tests, examples, legacy, generated, docs, data, reexport, stubs."""
    *folders, name = path.split("/")
    stem, _, ending = name.rpartition(".")
    low = path.lower()
    *low_folders, low_name = low.split("/")
    low_stem = low_name.rpartition(".")[0]
    has_ending = "." in name and _is_word(ending)
    found = set()
    if any(folder in _TEST_FOLDERS or _is_test_folder(folder) for folder in folders) or (
        has_ending and (stem.startswith("test_") or stem in _TEST_STEMS or stem.endswith(_TEST_ENDINGS))
    ):
        found.add("tests")
    if not _EXAMPLE_FOLDERS.isdisjoint(low_folders):
        found.add("examples")
    if any(word in low for word in _LEGACY) and (
        any(map(_is_legacy, low_folders)) or (has_ending and _is_legacy(low_stem))
    ):
        found.add("legacy")
    if (
        not _GENERATED_FOLDERS.isdisjoint(low_folders)
        or low.endswith(_GENERATED_ENDINGS)
        or (has_ending and low_stem.endswith(_GENERATED_STEMS))
        or (note and "generated" in note)
    ):
        found.add("generated")
    if name in _REEXPORTS:
        found.add("reexport")
    in_docs = not _DOC_FOLDERS.isdisjoint(low_folders) or low_name.startswith(_DOC_STARTS)
    if in_docs or (language or "") in _DOCS:
        found.add("docs")
    elif (language or "") in _DATA:
        found.add("data")
    if path.endswith((".d.ts", ".pyi")):
        found.add("stubs")
    return frozenset(found)


def _is_word(text: str) -> bool:
    return bool(text) and text.replace("_", "a").isalnum()


def _is_test_folder(folder: str) -> bool:
    """``IntegrationTests``: letters, and that they are tests."""
    bare = folder.removesuffix("s").removesuffix("Test")
    return bool(bare) and len(folder) - len(bare) in (4, 5) and bare.isascii() and bare.isalpha()


def _is_legacy(name: str) -> bool:
    """Whether one of the words ends the name, or is followed by what is no letter."""
    for word in _LEGACY:
        at = name.find(word)
        while at >= 0:
            after = name[at + len(word) : at + len(word) + 1]
            if not after or not "a" <= after <= "z":
                return True
            at = name.find(word, at + 1)
    return False
