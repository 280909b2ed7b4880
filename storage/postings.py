"""Posting lists: the rows of each name, and the sets that filters make of them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from .feelings import fold

__all__ = ["NO_ROWS", "Postings", "folded_postings", "intersect", "within"]

NO_ROWS: Final[Sequence[int]] = ()


class Postings:
    """Names of one kind, numbered as they come, and the rows of each: snapshot ranks and tail rows."""

    def __init__(self, names: Iterable[str], start: Sequence[int], rank: Sequence[int]) -> None:
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._folded: dict[str, list[str]] = {}
        self._folded_count = 0
        self._start = start
        self._rank = rank
        self._known = len(self.names)
        self._tail: list[array[int] | None] = [None] * self._known

    def add(self, name: str, row: int) -> int:
        """Note a tail row under a name; gives the name's number."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
            self._tail.append(None)
        rows = self._tail[number]
        if rows is None:
            self._tail[number] = array("I", (row,))
        elif rows[-1] != row:  # a tag may stand twice on one memory
            rows.append(row)
        return number

    def resolve(self, name: str) -> frozenset[str]:
        """The stored names that a typed one means: itself, else all that fold to the same."""
        if name in self._numbers:
            return frozenset((name,))
        name = name.strip()
        for new in islice(self.names, self._folded_count, None):
            self._folded.setdefault(fold(new.strip()), []).append(new)
        self._folded_count = len(self.names)
        return frozenset(self._folded.get(fold(name), ()))

    def ranks(self, number: int) -> Sequence[int]:
        """Ranks in the snapshot, ascending."""
        return self._rank[self._start[number] : self._start[number + 1]] if number < self._known else NO_ROWS

    def rows(self, number: int) -> Sequence[int]:
        """Rows in the tail, ascending."""
        return self._tail[number] or NO_ROWS

    def size(self, number: int) -> int:
        """How many memories have the name."""
        return len(self.ranks(number)) + len(self.rows(number))

    def numbers(self, names: frozenset[str]) -> list[int]:
        """The numbers of those names that occur."""
        return sorted(self._numbers[name] for name in names if name in self._numbers)

    def counts(self) -> dict[str, int]:
        """Names with how many memories have them, most frequent first, then by name."""
        counted = [(self.size(number), name) for number, name in enumerate(self.names)]
        return {name: size for size, name in sorted(counted, key=lambda item: (-item[0], item[1])) if size}


def folded_postings(
    postings: Postings, ranks: Sequence[int], base_count: int
) -> tuple[array[int], array[int]]:
    """One kind's posting lists in new ranks: where each list starts, and all of them joined.

    ``ranks`` gives each row's new rank: the snapshot's rows first, then the tail's from ``base_count`` on.
    """
    start, joined = array("I", (0,)), array("I")
    in_order = isinstance(ranks, range)
    for number in range(len(postings.names)):
        if in_order:
            joined.extend(postings.ranks(number))
            joined.extend([base_count + row for row in postings.rows(number)])
        else:
            moved = [ranks[rank] for rank in postings.ranks(number)]
            moved += [ranks[base_count + row] for row in postings.rows(number)]
            moved.sort()
            joined.extend(array("I", moved))
        start.append(len(joined))
    return start, joined


def within(ranks: Sequence[int], first: int, last: int) -> Sequence[int]:
    """The ascending ranks from ``first`` to before ``last``."""
    if not ranks or (ranks[0] >= first and ranks[-1] < last):
        return ranks
    return ranks[bisect_left(ranks, first) : bisect_left(ranks, last)]


def _union(lists: list[Sequence[int]]) -> Sequence[int]:
    filled = [rows for rows in lists if rows]
    if len(filled) <= 1:
        return filled[0] if filled else NO_ROWS
    joined: list[int] = []
    for rows in filled:
        joined.extend(rows)
    joined.sort()
    # One memory may have two of the tags asked for.
    return [row for at, row in enumerate(joined) if not at or row != joined[at - 1]]


def intersect(kinds: list[tuple[list[Sequence[int]], Sequence[int] | None, list[int]]]) -> Sequence[int]:
    """Rows that are in some list of every kind; each comes with its column and the values wanted there."""
    kinds.sort(key=lambda kind: sum(map(len, kind[0])))
    rows = _union(kinds[0][0])
    for lists, column, numbers in kinds[1:]:
        if column is None:
            allowed = set().union(*lists)
            rows = [row for row in rows if row in allowed]
        else:
            values = set(numbers)
            rows = [row for row in rows if column[row] in values]
    return rows
