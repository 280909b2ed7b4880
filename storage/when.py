"""Times as people write them: ``2024-05``, ``yesterday 21:30``, ``3 days ago``. Knows no disk.

A time names a span: ``2024`` is all of that year, ``21:30`` all of that minute. A filter that begins
there begins at the span's start, and one that ends there ends at its end. Without an offset, times
are local.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from .errors import JournalError

__all__ = ["UnreadableTimeError", "When", "parse_when"]


class UnreadableTimeError(JournalError, ValueError):
    """A text names no time."""


class When(NamedTuple):
    """What a text names: aware datetimes, first and last microsecond, and the moment for a record.

    ``moment`` is the start of what was named in ISO 8601, and the same time of day as now where only
    a distance in days or more was (``yesterday``, ``3 weeks ago``).
    """

    start: datetime
    end: datetime
    moment: datetime


def parse_when(text: str, *, now: datetime | None = None, first_weekday: int = 0) -> When:
    """Read a time.

    Taken are ISO 8601 (year, month, week, day, or a moment with or without an offset), ``now``,
    ``today``, ``yesterday``, ``tomorrow``, a day of the week (the latest, today included),
    ``N seconds .. years ago``, ``this`` or ``last`` ``week``, ``month``, ``year``; a day may be
    followed by a time (``21:30``, ``9 pm``, ``noon``), and a time alone is today's.

    Args:
        text: What was typed.
        now: An aware or local datetime to count from; the clock's if None.
        first_weekday: The day that ``this week`` begins with, 0 for Monday.

    Raises:
        UnreadableTimeError: the text names no time, or one beyond the years 1 to 9999.
    """
    words = " ".join(text.lower().split())
    moment = (now if now is not None else datetime.now()).astimezone()
    try:
        found = _relative(words, moment, first_weekday) or _absolute(words, moment)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None:
        raise UnreadableTimeError(
            f"cannot read {text[:60]!r} as a time: write 2024, 2024-05, 2024-05-31 21:30, "
            "'yesterday 21:30' or '3 days ago'"
        )
    return found


_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS: Final = {"a": 1, "an": 1, "one": 1}
_AGO: Final = re.compile(
    r"(\d{1,9}|an?|one) (second|sec|minute|min|hour|day|week|month|year)s? ago(?: (?:at )?(.+))?"
)
_CALENDAR: Final = re.compile(r"(this|last) (week|month|year)")
_DAY: Final = re.compile(rf"(today|yesterday|tomorrow|(?:last )?(?:{'|'.join(_WEEKDAYS)}))(?: (?:at )?(.+))?")
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d\d)(?::(\d\d))?)? ?(am|pm)?")
_ISO: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)"
    r"(?:[t ](\d\d:?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?) ?(z|[+-]\d\d(?::?\d\d)?)?)?)?)?"
)
_ISO_WEEK: Final = re.compile(r"(\d{4})-?w(\d\d)(?:-?([1-7]))?")
_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:t(\d{4}(?:\d\d)?)(z|[+-]\d\d:?\d\d)?)?")
_TICK: Final = timedelta(microseconds=1)


# -- counted from now ---------------------------------------------------------------------------


def _relative(words: str, now: datetime, first_weekday: int) -> When | None:
    if words == "now":
        return When(now, now, now)
    today = now.date()
    if match := _AGO.fullmatch(words):
        count = _NUMBERS.get(match[1]) or int(match[1])
        unit = match[2]
        if unit in ("second", "sec", "minute", "min", "hour"):
            if match[3]:
                return None
            seconds = {"s": 1, "m": 60, "h": 3600}[unit[0]]
            then = (now - timedelta(seconds=count * seconds)).astimezone()
            return When(then, then, then)
        return _day(_days_back(today, count, unit), match[3], now)
    if match := _DAY.fullmatch(words):
        return _day(_named_day(match[1], today), match[2], now)
    if match := _CALENDAR.fullmatch(words):
        return _calendar(match[2], match[1] == "last", today, first_weekday)
    if clock := _clock(words):
        return _local_span(datetime.combine(today, clock[0]), clock[1])
    return None


def _days_back(today: date, count: int, unit: str) -> date:
    if unit in ("day", "week"):
        return today - timedelta(days=count * (7 if unit == "week" else 1))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    # A month that is too short gives its last day.
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _named_day(name: str, today: date) -> date:
    if name in ("today", "yesterday", "tomorrow"):
        return today + timedelta(days=("yesterday", "today", "tomorrow").index(name) - 1)
    back = (today.weekday() - _WEEKDAYS.index(name.removeprefix("last "))) % 7
    return today - timedelta(days=back or (7 if name.startswith("last ") else 0))


def _calendar(unit: str, last: bool, today: date, first_weekday: int) -> When:
    if unit == "week":
        start = today - timedelta(days=(today.weekday() - first_weekday) % 7 + (7 if last else 0))
        return _local_span(datetime.combine(start, time()), timedelta(days=7))
    year, month = today.year, today.month if unit == "month" else 1
    if last:
        year, month = (
            (year, month - 1) if unit == "month" and month > 1 else (year - 1, 12 if unit == "month" else 1)
        )
    return _months(year, month, 12 if unit == "year" else 1)


def _day(day: date, clock: str | None, now: datetime) -> When | None:
    if clock:
        found = _clock(clock)
        return _local_span(datetime.combine(day, found[0]), found[1]) if found else None
    whole = _local_span(datetime.combine(day, time()), timedelta(days=1))
    return whole._replace(moment=datetime.combine(day, now.time()).astimezone())


def _clock(text: str) -> tuple[time, timedelta] | None:
    """A time of day, and how long what it names lasts."""
    if text in ("noon", "midnight"):
        return time(12 if text == "noon" else 0), timedelta(minutes=1)
    match = _CLOCK.fullmatch(text)
    if not match or not (match[2] or match[4]):
        return None
    hour = int(match[1])
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4] == "pm" else 0)
    return (
        time(hour, int(match[2] or 0), int(match[3] or 0)),
        timedelta(seconds=1) if match[3] else timedelta(minutes=1),
    )


# -- ISO 8601 -----------------------------------------------------------------------------------


def _absolute(words: str, now: datetime) -> When | None:
    if match := _ISO_WEEK.fullmatch(words):
        day = date.fromisocalendar(int(match[1]), int(match[2]), int(match[3] or 1))
        return _local_span(datetime.combine(day, time()), timedelta(days=1 if match[3] else 7))
    if (match := _COMPACT.fullmatch(words)) or (match := _ISO.fullmatch(words)):
        year, month, day_, clock, offset = match.groups()
    else:
        # A day in digits and a time in words: 2024-05-31 9 pm.
        day_text, _, clock_text = words.partition(" ")
        return _day(date.fromisoformat(day_text), clock_text.removeprefix("at "), now) if clock_text else None
    if month is None:
        return _months(int(year), 1, 12)
    if day_ is None:
        return _months(int(year), int(month), 1)
    start = datetime(int(year), int(month), int(day_))
    if clock is None:
        return _local_span(start, timedelta(days=1))
    digits = clock.replace(":", "").replace(",", ".")
    whole, _, fraction = digits.partition(".")
    start = start.replace(hour=int(whole[:2]), minute=int(whole[2:4]), second=int(whole[4:] or 0))
    if fraction:
        start = start.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    length = _TICK if fraction else timedelta(seconds=1) if len(whole) > 4 else timedelta(minutes=1)
    if offset:
        aware = datetime.fromisoformat(f"{start.isoformat()}{offset.upper()}")
        return When(aware, aware + length - _TICK, aware)
    return _local_span(start, length)


def _months(year: int, month: int, count: int) -> When:
    last = month + count - 1
    days = monthrange(year, last)[1]
    start = datetime(year, month, 1)
    return _local_span(start, datetime(year, last, days) - start + timedelta(days=1))


def _local_span(start: datetime, length: timedelta) -> When:
    """From a naive local start; an hour that the clock goes through twice is in both times."""
    first = start.astimezone()
    last = (start + (length - _TICK)).replace(fold=1).astimezone()
    return When(first, max(first, last), first)
