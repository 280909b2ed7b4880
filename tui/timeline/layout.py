"""Where each memory stands in the list: under its day, and the day under its month.

The layout of a million memories is the list of days that have any, found by bisection over the
times; nothing is kept per memory.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import neg
from time import mktime
from typing import Final, NamedTuple

from ...storage.clock import local_moment

__all__ = ["DayLayout", "Place", "local_date", "microseconds"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)


class Place(NamedTuple):
    """What stands on a line of the list.

    ``kind`` is ``month``, ``day`` or ``item``; ``at`` the memory's place (for a heading, that of the first
    memory under it); ``line`` which of an item's lines this is.
    """

    kind: str
    at: int
    line: int = 0


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def local_date(us: int) -> date:
    """The day of a moment on this machine's clock."""
    return local_moment(us).date()


@lru_cache(1 << 16)
def _midnight(day: date) -> int:
    """Microseconds since 1970 of the start of a local day."""
    return int(mktime((day.year, day.month, day.day, 0, 0, 0, 0, 0, -1))) * 1_000_000


class DayLayout:
    """Days, newest first, over ``times`` (microseconds, newest first); local days of this machine.

    ``flat`` leaves the headings out. A memory takes one line, until :meth:`with_item_lines` says otherwise.
    """

    __slots__ = ("_months", "_rows", "_starts", "count", "flat", "height", "item_lines")

    def __init__(self, times: Sequence[int], *, flat: bool = False) -> None:
        self.count = len(times)
        self.flat = flat
        self._starts: Sequence[int] = array("q")
        self._months = bytearray()
        if not flat:
            self._starts, self._months = _day_starts(times)
        self._place(1)

    def with_newer(self, times: Sequence[int]) -> DayLayout:
        """The layout of ``times``, which end in those that this is the layout of."""
        added = len(times) - self.count
        if self.flat or not added or not self.count:
            return DayLayout(times, flat=self.flat)
        other = object.__new__(DayLayout)
        other.count, other.flat = len(times), False
        older = self._starts[1:]  # the newest day may have got more, and be of a month that goes on
        starts, months = _day_starts(times[: added + (older[0] if older else self.count)])
        starts.extend(start + added for start in older)
        other._starts, other._months = starts, months + self._months[1:]
        other._place(1)
        return other

    def _place(self, item_lines: int) -> None:
        self.item_lines = item_lines
        rows = array("q")
        headings = 0
        for first, month in zip(self._starts, self._months, strict=True):
            rows.append(first * item_lines + headings)
            headings += 2 if month else 1
        self._rows: Sequence[int] = rows
        self.height = self.count * item_lines + headings

    def with_item_lines(self, item_lines: int) -> DayLayout:
        """The same days with another height of items."""
        if item_lines == self.item_lines:
            return self
        other = object.__new__(DayLayout)
        other.count, other.flat = self.count, self.flat
        other._starts, other._months = self._starts, self._months
        other._place(item_lines)
        return other

    @property
    def days(self) -> int:
        """How many days have a memory."""
        return len(self._starts)

    def at(self, line: int) -> Place:
        """What stands on a line, 0 to ``height`` - 1."""
        if self.flat:
            return Place("item", *divmod(line, self.item_lines))
        day = bisect_right(self._rows, line) - 1
        first, offset = self._starts[day], line - self._rows[day]
        if self._months[day]:
            if offset == 0:
                return Place("month", first)
            offset -= 1
        if offset == 0:
            return Place("day", first)
        index, part = divmod(offset - 1, self.item_lines)
        return Place("item", first + index, part)

    def line_of(self, index: int) -> int:
        """The first line of a memory, given its place in the list."""
        if self.flat:
            return index * self.item_lines
        day = bisect_right(self._starts, index) - 1
        headings = 2 if self._months[day] else 1
        return self._rows[day] + headings + (index - self._starts[day]) * self.item_lines

    def headings_above(self, index: int) -> int:
        """How many heading lines stand right above a memory."""
        if self.flat:
            return 0
        day = bisect_right(self._starts, index) - 1
        return (2 if self._months[day] else 1) if self._starts[day] == index else 0

    def day_neighbour(self, index: int, by: int) -> int:
        """The first memory of the day that is ``by`` days with memories further down."""
        if self.flat:
            return index
        day = bisect_right(self._starts, index) - 1
        if by < 0 and self._starts[day] != index:
            by += 1
        return self._starts[max(0, min(day + by, len(self._starts) - 1))]


def _day_starts(times: Sequence[int]) -> tuple[array[int], bytearray]:
    """The place of the first memory of each day, newest first, and whether a month begins with it."""
    starts, months = array("q"), bytearray()
    count = len(times)
    if not count:
        return starts, months
    day = local_date(times[0])
    first = month = 0
    while first < count:
        starts.append(first)
        months.append(month != (month := day.year * 12 + day.month))
        # In zones behind UTC the first day there is begins before its midnight.
        first = count if day == date.min else _first_before(times, _midnight(day), first)
        if first < count:
            before = day - _DAY
            day = before if times[first] >= _midnight(before) else local_date(times[first])
    return starts, months


def _first_before(times: Sequence[int], moment: int, low: int) -> int:
    """The first place from ``low`` on whose time is before ``moment``; near ones are found sooner."""
    count, step = len(times), 32
    high = low + step
    while high < count and times[high] >= moment:
        low, step = high, step * 4
        high = low + step
    return bisect_right(times, -moment, low, min(high, count), key=neg)
