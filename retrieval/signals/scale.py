"""Scores made comparable."""

from __future__ import annotations

__all__ = ["Features", "ranks", "scaled"]

Features = dict[str, dict[int, float]]


def ranks(scores: dict[int, float]) -> dict[int, int]:
    """Ranks from 1, best first, of those that score at all; ties go by document."""
    best = sorted((item for item in scores.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
    return {doc: rank for rank, (doc, _) in enumerate(best, 1)}


def scaled(scores: dict[int, float]) -> dict[int, float]:
    """Scores divided by the highest, those of nothing left out."""
    top = max(scores.values(), default=0.0)
    return {doc: score / top for doc, score in scores.items() if score > 0} if top > 0 else {}
