"""Definitions of what the question names."""

from __future__ import annotations

from ..analysis import parts_of
from ..evidence import Evidence
from .scale import Features

__all__ = ["features"]

_KINDS = {"type": 1.0, "function": 0.9, "variable": 0.6}


def features(evidence: Evidence) -> Features:
    """``symbol``: the chunk defines a name of the question, or its symbol shares words with it.

    ``.definition``: it defines a name that the question spells, rarer names counting more; ``.exact``: with
    the very spelling; ``.file``: the file has such a chunk; ``.stem``: its name is the file's as well.
    """
    names = evidence.query.names
    written = evidence.query.written
    total = evidence.total_idf
    roots = {group.term: group.idf for group in evidence.groups}
    symbol: dict[int, float] = {}
    definition: dict[int, float] = {}
    exact: dict[int, float] = {}
    by_file: dict[int, float] = {}
    of_stem: dict[int, float] = {}
    for candidate in evidence.candidates:
        doc = candidate.doc
        if doc < 0:
            continue
        best = 0.0
        for name, spelled, kind in evidence.definitions.get(candidate.chunk_id, ()):
            rarity = 1 / (1 + evidence.definers.get(name, 1)) ** 0.25
            score = names[name] * _KINDS[kind] * rarity
            best = max(best, score)
            if spelled in written:
                exact[doc] = 1.0
            facts = evidence.files.get(candidate.file_id)
            if facts is not None and "".join(facts.stem) == name:
                of_stem[candidate.file_id] = max(of_stem.get(candidate.file_id, 0.0), names[name])
        if best:
            definition[doc] = best
            by_file[candidate.file_id] = max(by_file.get(candidate.file_id, 0.0), best)
        share = 0.0
        if candidate.symbol:
            own = set(parts_of(candidate.symbol.rpartition(".")[2]))
            named = sum(roots.get(part, 0.0) for part in own)
            share = named / total * 0.8 if own else 0.0
        score = max(1.0 if definition.get(doc, 0.0) and exact.get(doc) else best, share)
        if score:
            symbol[doc] = min(score, 1.0)
    owners = [(c.doc, c.file_id) for c in evidence.candidates if c.doc >= 0]
    return {
        "symbol": symbol,
        "symbol.definition": definition,
        "symbol.exact": exact,
        "symbol.file": {doc: by_file[owner] for doc, owner in owners if owner in by_file},
        "symbol.stem": {doc: of_stem[owner] for doc, owner in owners if owner in of_stem},
    }
