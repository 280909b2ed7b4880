"""Value for money: what a chunk is worth per token, damped, so that small is better and not everything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .fusion import Ranked, Weights

__all__ = ["values"]


def values(
    candidates: Sequence[Ranked], scores: Mapping[int, float], weights: Weights
) -> tuple[dict[int, float], dict[int, float]]:
    """``final`` (exp of the score, 1 for the best) and ``density`` (final / tokens^size) by document."""
    top = max(scores.values(), default=0.0)
    final = {doc: math.exp(max(weights.sharpness * (score - top), -60.0)) for doc, score in scores.items()}
    density = {
        candidate.doc: final[candidate.doc] / max(candidate.tokens, 1) ** weights.size
        for candidate in candidates
        if candidate.doc in final
    }
    return final, density
