"""Where dates stand beneath an axis of time: at boundaries of the calendar, as many as there is room for."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

__all__ = ["Tick", "ticks"]

_GAP: Final = 4
"""Characters between two labels, at least."""
_HOURS: Final = (1, 2, 3, 6, 12)
_DAYS: Final = (1, 2, 3, 7, 14)
_MONTHS: Final = (1, 2, 3, 6, *(12 * years for years in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)))
_MONTH: Final = 30.4
"""Days."""


class Tick(NamedTuple):
    """A day as an ordinal with the part of it that has gone, and its name."""

    at: float
    label: str


def ticks(first: int, last: int, room: int, first_weekday: int = 0) -> list[Tick]:
    """Name the boundaries within days ``first`` to ``last`` (ordinals, both included), in order.

    They lie an equal number of hours, days, weeks, months or years apart: the smallest with which the labels
    stand clear of each other in ``room`` characters. No label comes twice.
    """
    a_day = room / (last - first + 1)
    if first == last:
        every = next((hours for hours in _HOURS if hours / 24 * a_day >= len("00:00") + _GAP), 24)
        return [Tick(first + hour / 24, f"{hour:02}:00") for hour in range(0, 24, every)]
    for every in _DAYS:
        if every * a_day >= len("0000-00-00") + _GAP:
            # Counted from a weekday, so that days keep their labels as the axis moves along.
            start = first + (1 + first_weekday - first) % every
            return [Tick(day, date.fromordinal(day).isoformat()) for day in range(start, last + 1, every)]
    start, end = (day.year * 12 + day.month - 1 for day in map(date.fromordinal, (first, last)))
    for every in _MONTHS:
        if every * _MONTH * a_day >= len("0000-00" if every % 12 else "0000") + _GAP:
            break
    found = []
    for month in range(start - start % every, end + 1, every):
        if month < 12:
            continue  # before the year 1
        day = date(month // 12, month % 12 + 1, 1)
        if day.toordinal() >= first:
            found.append(Tick(day.toordinal(), day.isoformat()[: 7 if every % 12 else 4]))
    return found
