"""What was found out about candidates, told of those that somebody looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from .signals import SIGNALS
from .signals.scale import ranks

__all__ = ["Scored"]

V = TypeVar("V")


class Scored:
    """What is known of rows: ``density`` is the value for its size that the order goes by, ``final`` the
    value, 1 for the best. ``columns`` gives the signals' scores by name, ``fuse`` makes reciprocal rank
    fusion's of ranks: both are asked only once somebody looks at a result's scores.
    """

    def __init__(
        self,
        columns: Callable[[], Mapping[str, Sequence[float]]],
        density: Mapping[int, float],
        final: Mapping[int, float],
        fuse: Callable[[Mapping[str, Mapping[int, int]]], Mapping[int, float]],
    ) -> None:
        self._columns_now = columns
        self._density = density
        self._final = final
        self._fuse = fuse

    @cached_property
    def _columns(self) -> Mapping[str, Sequence[float]]:
        return self._columns_now()

    @cached_property
    def ranked(self) -> Mapping[str, Mapping[int, int]]:
        """By signal, the ranks of the rows that it knows."""
        return {name: ranks(column) for name, column in self._columns.items()}

    @cached_property
    def fused(self) -> Mapping[int, float]:
        """By row, what reciprocal rank fusion makes of that."""
        return self._fuse(self.ranked)

    def scores(self, row: int) -> Mapping[str, float]:
        """The scores of one row, as `QueryResult.scores` has them."""
        return _Looked(self._scores, row)

    def ranks(self, row: int) -> Mapping[str, int]:
        """The ranks of one row, as `QueryResult.ranks` has them."""
        return _Looked(self._ranks, row)

    def _scores(self, row: int) -> dict[str, float]:
        scores = dict.fromkeys(SIGNALS, 0.0)
        for name, column in self._columns.items():
            scores[name] = round(column[row], 4)
        scores["rrf"] = round(self.fused.get(row, 0.0), 6)
        scores["density"] = float(f"{self._density[row]:.4g}")
        scores["final"] = float(f"{self._final[row]:.4g}")
        return scores

    def _ranks(self, row: int) -> dict[str, int]:
        return {name: known[row] for name, known in self.ranked.items() if row in known}


class _Looked(Mapping[str, V]):
    """A mapping that is made when somebody looks into it: most answers are only printed.

    Once made it lets go of what it was made from, half a megabyte an answer in a project like Django.
    """

    __slots__ = ("_made", "_make", "_row")

    def __init__(self, make: Callable[[int], dict[str, V]], row: int) -> None:
        self._make: Callable[[int], dict[str, V]] | None = make
        self._row = row
        self._made: dict[str, V] = {}

    def _items(self) -> dict[str, V]:
        make = self._make
        if make is not None:
            self._made = make(self._row)
            self._make = None
        return self._made

    def __getitem__(self, name: str) -> V:
        return self._items()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items())

    def __len__(self) -> int:
        return len(self._items())

    def __repr__(self) -> str:
        return repr(self._items())
