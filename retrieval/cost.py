"""Value for money: what a chunk is worth per token, damped, so that small is better and not everything."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .fusion import Weights

__all__ = ["values"]


def values(
    sizes: Sequence[int], scores: Sequence[float], weights: Weights
) -> tuple[list[float], list[float]]:
    """``final`` (exp of the score, 1 for the best) and ``density`` (final / tokens^size), by row; ``sizes``
    are in tokens.
    """
    top = max(scores, default=0.0)
    final = [math.exp(max(weights.sharpness * (score - top), -60.0)) for score in scores]
    density = [value / max(size, 1) ** weights.size for value, size in zip(final, sizes, strict=True)]
    return final, density
