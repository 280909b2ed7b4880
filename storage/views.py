"""What a journal gives in place of memories where there may be very many of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import eq
from typing import Final, NamedTuple, Protocol, overload

from .feelings import Feeling
from .memory import Memory

__all__ = ["Columns", "Joined", "Listing", "Memories", "TimelinePoint"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reader(Protocol):
    """Whoever reads the memory that a ref stands for."""

    def read(self, ref: int) -> Memory:
        """Read it from the log."""


class TimelinePoint(NamedTuple):
    """A memory's place in a timeline: ``us`` is microseconds since 1970 UTC, ``ref`` goes to ``read``."""

    us: int
    feeling: Feeling | str
    ref: int

    @property
    def time(self) -> datetime:
        """The moment, in UTC."""
        return _EPOCH + timedelta(microseconds=self.us)


class Listing(NamedTuple):
    """All that a selection holds, newest first, without reading one memory: two sequences of equal length."""

    times: Sequence[int]
    """Microseconds since 1970 UTC."""
    refs: Sequence[int]
    """What :meth:`MemoryDB.read` takes."""


class Columns(NamedTuple):
    """All that a selection holds, oldest first: three sequences of equal length, and the feelings' names."""

    times: Sequence[int]
    """Microseconds since 1970 UTC, ascending."""
    feelings: Sequence[int]
    """Positions in ``names``."""
    refs: Sequence[int]
    """What :meth:`MemoryDB.read` takes."""
    names: tuple[Feeling | str, ...]
    """Feelings as shown; one may stand there twice, under two tokens."""


class Joined(Sequence[int]):
    """Two sequences as one: neither is copied, neither may change."""

    __slots__ = ("_first", "_length", "_rest", "_start")

    def __init__(self, first: Sequence[int], rest: Sequence[int]) -> None:
        self._first = first
        self._rest = rest
        self._start = len(first)
        self._length = len(first) + len(rest)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        start = self._start
        if isinstance(at, slice):
            low, high, step = at.indices(self._length)
            if step != 1:
                return [self[place] for place in range(low, high, step)]
            if high <= start:
                return self._first[low:high]
            if low >= start:
                return self._rest[low - start : high - start]
            return Joined(self._first[low:], self._rest[: high - start])
        if at < 0:
            at += self._length
        if 0 <= at < start:
            return self._first[at]
        if start <= at < self._length:
            return self._rest[at - start]
        raise IndexError("no such row")

    def __iter__(self) -> Iterator[int]:
        return chain(self._first, self._rest)

    def __reversed__(self) -> Iterator[int]:
        return chain(reversed(self._rest), reversed(self._first))


class Memories(Sequence[Memory]):
    """Memories in the log, read when asked for."""

    def __init__(self, journal: Reader, refs: array[int]) -> None:
        self._journal = journal
        self._refs = refs

    def __len__(self) -> int:
        return len(self._refs)

    @overload
    def __getitem__(self, at: int) -> Memory: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Memory]: ...
    def __getitem__(self, at: int | slice) -> Memory | Sequence[Memory]:
        if isinstance(at, slice):
            return Memories(self._journal, self._refs[at])
        return self._journal.read(self._refs[at])

    def __iter__(self) -> Iterator[Memory]:
        return map(self._journal.read, self._refs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} memories>"
