"""Value for money: what a chunk is worth per token, damped, so that small is better and not everything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from .fusion import Weights

__all__ = ["values"]


def values(
    sizes: Sequence[int], scores: Sequence[float], weights: Weights
) -> tuple[list[float], list[float]]:
    """``final`` (exp of the score, 1 for the best) and ``density`` (final / tokens^size), by row; ``sizes``
    are in tokens.
    """
    top = max(scores, default=0.0)
    sharpness = weights.sharpness
    final = [math.exp(max(sharpness * (score - top), -60.0)) for score in scores]
    worth = _powers(weights.size).__getitem__
    density = [value / worth(size) for value, size in zip(final, sizes, strict=True)]
    return final, density


class _Powers(dict[int, float]):
    """Sizes, 1 or more, to the power of ``exponent``: few sizes ever occur."""

    def __init__(self, exponent: float) -> None:
        super().__init__()
        self._exponent = exponent

    def __missing__(self, size: int) -> float:
        found: float = max(size, 1) ** self._exponent
        self[size] = found
        return found


_powers = cache(_Powers)
