"""Definitions of what the question names."""

from __future__ import annotations

from functools import lru_cache
from itertools import compress, repeat
from operator import contains

from ..analysis import WHOLE, parts_of
from ..evidence import Evidence
from .scale import Features

__all__ = ["features"]

_KINDS = {"type": 1.0, "function": 0.9, "variable": 0.6}


def _sharing(evidence: Evidence) -> set[int]:
    """The rows whose symbols may share a part with the question."""
    spelled = [candidate.spelled for candidate in evidence.candidates]
    rows = range(len(spelled))
    found: set[int] = set()
    for group in evidence.groups:
        if group.term[0] != WHOLE:
            found.update(compress(rows, map(contains, spelled, repeat(group.term))))
    return found


@lru_cache(maxsize=16_384)
def _words(symbol: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts of a symbol's last name, and of the names before it, each once."""
    before, _, last = symbol.rpartition(".")
    return tuple(dict.fromkeys(parts_of(last))), tuple(dict.fromkeys(parts_of(before)))


def features(evidence: Evidence) -> Features:
    """``symbol``: the chunk defines a name of the question, or its symbol shares words with it.

    ``.definition``: it defines a name that the question spells, rarer names counting more; ``.exact``: with
    the very spelling; ``.type``: the name of a type; ``.stem``: its name is the file's as well.
    ``.holder``: the weighted share of the question's words in what holds the symbol, as its class;
    ``.whole``: all words of the question make up a name that it defines, and no constructor's.
    """
    names = evidence.query.names
    written = evidence.query.written
    total = evidence.total_idf
    roots = {group.term: group.idf for group in evidence.groups}
    facts = list(evidence.files.values())
    definition = [0.0] * len(evidence.candidates)
    exact = definition.copy()
    symbol, holder, whole = definition.copy(), definition.copy(), definition.copy()
    unknown = frozenset(roots).isdisjoint
    for row in _sharing(evidence):
        words, before = _words(evidence.candidates[row].symbol or "")
        if not unknown(words):
            symbol[row] = min(sum([roots[word] for word in words if word in roots]) / total * 0.8, 1.0)
        if not unknown(before):
            holder[row] = min(sum([roots[word] for word in before if word in roots]) / total, 1.0)
    types = [0.0] * len(evidence.candidates)
    of_stem = [0.0] * len(facts)
    bearers: dict[int, list[tuple[int, str]]] = {}
    for row, doc in enumerate(evidence.docs):
        if doc not in evidence.definitions:
            continue
        best = 0.0
        owner = evidence.owners[row]
        for name, spelled, kind in evidence.definitions[doc]:
            rarity = 1 / (1 + evidence.definers[name]) ** 0.25
            if kind == "type":
                types[row] = max(types[row], names[name])
            best = max(best, names[name] * _KINDS[kind] * rarity)
            if spelled in written:
                exact[row] = 1.0
            if name == evidence.query.whole:
                bearers.setdefault(owner, []).append((row, kind))
            if "".join(facts[owner].stem) == name:
                of_stem[owner] = max(of_stem[owner], names[name])
        definition[row] = best
        symbol[row] = max(symbol[row], 1.0 if best and exact[row] else best)
    for found in bearers.values():
        of_types = any(kind == "type" for _, kind in found)
        for row, kind in found:  # a constructor bears the name of its type, which is what is asked for
            whole[row] = max(whole[row], _KINDS[kind] if kind == "type" or not of_types else 0.0)
    return Features(
        {
            "symbol": symbol,
            "symbol.definition": definition,
            "symbol.exact": exact,
            "symbol.holder": holder,
            "symbol.type": types,
            "symbol.whole": whole,
        },
        {"symbol.stem": of_stem},
    )
