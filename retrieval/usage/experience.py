"""What was learned that bears on a question."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

__all__ = ["DAY", "Act", "Experience", "decayed", "most_used"]

DAY = 86_400.0
_NOTHING: Final[Mapping[int, Any]] = MappingProxyType({})


class Act(NamedTuple):
    """Somebody said at a moment (seconds since 1970 UTC) that a chunk was used, selected or ignored;
    ``words`` are the stems of the question that had delivered it, if one had.
    """

    at: float
    kind: str
    words: frozenset[str] = frozenset()


class Experience(NamedTuple):
    """Acts by chunk, and the pattern of the question's signature: how often it was judged, and in how many
    of these times each chunk was of use; with what is needed to weigh them.
    """

    acts: Mapping[int, Iterable[Act]] = _NOTHING
    pattern_hits: int = 0
    pattern_chunks: Mapping[int, int] = _NOTHING
    now: float = 0.0
    half_life_days: float = 7.0
    min_hits: int = 3

    @property
    def expected(self) -> Mapping[int, int]:
        """The chunks of the pattern, once it has been seen often enough."""
        return self.pattern_chunks if self.pattern_hits >= self.min_hits else {}


def most_used(
    acts: Mapping[int, Iterable[Act]], limit: int, *, now: float, half_life_days: float
) -> list[int]:
    """The chunks of most use, by decayed acts."""
    worth = {chunk: decayed(own, now, half_life_days) for chunk, own in acts.items()}
    best = sorted((-score, chunk) for chunk, score in worth.items() if score > 0)
    return [chunk for _, chunk in best[:limit]]


def decayed(
    acts: Iterable[Act], now: float, half_life_days: float, weight: Callable[[Act], float] = lambda _: 1.0
) -> float:
    """The sum of ``weight`` x 2^(-age in days / half-life) over acts of use, less that over ignoring."""
    total = 0.0
    for act in acts:
        share = weight(act) * 2.0 ** (-max(0.0, now - act.at) / DAY / half_life_days)
        total += -share if act.kind == "ignored" else share
    return total
