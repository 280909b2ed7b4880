"""Moments on this machine's clock, and days that come again.

Apart from ``when.py``, so that a first frame pays for no parsing.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

__all__ = ["anniversaries", "local_moment", "on_local_clock"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def on_local_clock(moment: datetime) -> datetime:
    """A moment on this machine's clock; as it is where that clock has no such day (year 1, year 9999)."""
    try:
        return moment.astimezone()
    except (OverflowError, ValueError):
        return moment


def local_moment(us: int) -> datetime:
    """The same of microseconds since 1970, in UTC where the clock has no such day."""
    return on_local_clock(_EPOCH + timedelta(microseconds=us))


def anniversaries(day: date, year: int) -> list[date]:
    """The days of a year that are a day's anniversary; in a leap year 28 February of a common one has two."""
    days = []
    with suppress(ValueError):
        days.append(day.replace(year=year))
    if (day.month, day.day) == (2, 28) and not _is_leap(day.year) and _is_leap(year):
        days.insert(0, date(year, 2, 29))
    return days


def _is_leap(year: int) -> bool:
    return (date(year, 3, 1) - date(year, 2, 28)).days == 2
