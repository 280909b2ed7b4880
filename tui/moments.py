"""Dates as people type and read them: the grammar is storage's, the words are the screen's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ..storage.clock import on_local_clock

if TYPE_CHECKING:
    from datetime import datetime

    from ..storage.when import When

__all__ = ["Dates", "Span"]

_RANGE: Final = re.compile(r"(.*?)\s*(?:\.\.|\bto\b|\buntil\b|–|—)\s*(.*)", re.IGNORECASE)


class Span(NamedTuple):
    """A range of time, both ends included, either open; aware datetimes."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Dates:
    """How this user writes time: a clock of 12 or 24 hours, and the day a week begins with (0: Monday)."""

    twelve_hours: bool = False
    first_weekday: int = 0

    def clock(self, moment: datetime) -> str:
        """The time of day of a moment, on the clock that it names."""
        return f"{moment:%I:%M %p}" if self.twelve_hours else f"{moment:%H:%M}"

    def written(self, moment: datetime) -> str:
        """A moment on this machine's clock, in words."""
        here = on_local_clock(moment)
        return f"{here:%a} {here.day} {here:%B %Y}, {self.clock(here)}"

    def read(self, text: str) -> When:
        """The time that a text names.

        Raises:
            ValueError: it names none.
        """
        from ..storage.when import parse_when  # noqa: PLC0415 -- nobody has typed a date before the first frame

        return parse_when(text, first_weekday=self.first_weekday)

    def span_of(self, text: str) -> Span:
        """The range that a text names: ``2024``, ``2024-01 to 2024-05``, ``since 2023``, ``until yesterday``.

        Raises:
            ValueError: it names none.
        """
        text = text.strip()
        if text.lower().startswith("since "):
            return Span(self.read(text[6:]).start, None)
        found = _RANGE.fullmatch(text)
        if found is None:
            whole = self.read(text)
            return Span(whole.start, whole.end)
        since = self.read(found[1]).start if found[1] else None
        until = self.read(found[2]).end if found[2] else None
        if since is None and until is None:
            raise ValueError("write a date, or two with .. between")
        if since is not None and until is not None and until < since:
            raise ValueError("the second date is before the first")
        return Span(since, until)
