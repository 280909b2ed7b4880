"""Reciprocal rank fusion over an `Evidence`: the rules of `rrf` applied to a question's signals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import islice

from . import rrf
from .config import RetrievalConfig
from .evidence import Evidence
from .signals.scale import Features

__all__ = ["WEIGHED", "fused", "pipeline"]

WEIGHED = frozenset(("bm25", "vector", "symbol", "usage", "prefetch"))
"""The signals that `fused` weighs; ``path`` and ``graph`` act by rules of their own."""


def fused(
    evidence: Evidence,
    features: Features,
    config: RetrievalConfig,
    scales: Mapping[str, float],
    ranked: Mapping[str, Mapping[int, int]],
) -> dict[int, float]:
    """Reciprocal rank fusion of the best ``max_results`` of each signal, by row, with the boosts of patterns,
    symbols and names.
    """
    weights = {
        "bm25": config.bm25_weight,
        "vector": config.vector_weight,
        "usage": config.usage_weight,
        "symbol": rrf.SYMBOL_WEIGHT,
    }
    best = {name: dict(islice(known.items(), config.max_results)) for name, known in ranked.items()}
    sources = {name: best[name] for name in weights if name in best}
    scaled = {name: weight * scales.get(name, 1.0) for name, weight in weights.items()}
    scores = rrf.fuse(sources, scaled)
    first = sum(scaled.values()) * scales.get("prefetch", 1.0)
    scores = rrf.boost_patterns(scores, best.get("prefetch", {}), first)
    symbol = features.chunks["symbol"]
    scores = rrf.boost_symbols(scores, (row for row in scores if symbol[row] >= 1.0))
    starts = rrf.beginnings(evidence.query.parts)
    files = {file_id for file_id, facts in evidence.files.items() if rrf.filename_matches(starts, facts.stem)}
    return rrf.boost_filenames(scores, [candidate.file_id for candidate in evidence.candidates], files)


def pipeline(
    evidence: Evidence, fused: Mapping[int, float], allowed: set[int] | None
) -> tuple[dict[int, float], dict[int, float]]:
    """What follows fusion in the first design: six files, connected files, value by size.

    Connected files need not hold a word of the question; those that were no candidates become such.
    """

    def item(row: int) -> rrf.Item:
        candidate = evidence.candidates[row]
        language = evidence.files[candidate.file_id].language
        named = candidate.symbol is not None
        return rrf.Item(row, candidate.file_id, candidate.tokens, named, language, is_test(candidate.file_id))

    @cache
    def is_test(file_id: int) -> bool:
        return "tests" in evidence.corpus.facts([file_id])[file_id].kinds

    first = {file_id: start for file_id, (start, _) in zip(evidence.files, evidence.spans, strict=True)}

    def first_chunk(file_id: int) -> list[rrf.Item]:
        row = first.get(file_id)
        if row is None:
            row = evidence.join(file_id)
        return [] if row is None else [item(row)]

    items = {row: item(row) for row in range(len(evidence.candidates))}
    kept = rrf.keep_files(fused, items)
    uses = evidence.corpus.uses({items[row].file_id for row in kept})
    if allowed is not None:
        uses = {
            source: {to: times for to, times in targets.items() if to in allowed}
            for source, targets in uses.items()
        }
    found, more = rrf.connect(kept, items, uses, is_test, first_chunk)
    top = max(found.values(), default=1.0)
    return (
        {row: score / top for row, score in found.items()},
        {row: rrf.density(score, more[row]) for row, score in found.items()},
    )
