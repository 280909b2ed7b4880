"""Moments on this machine's clock. Apart from ``when.py``, so that a first frame pays for no parsing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["local_moment", "on_local_clock"]

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
