"""A year as a calendar: a cell a day, darker with more memories, in the colour of what prevailed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from rich.style import Style

from ..counting import counted
from .views import ArcView, Piece

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events

    from ...storage.affect import Day
    from ..ink import Ink

__all__ = ["YearView"]

_LEVELS, _ASCII_LEVELS = "░▒▓█", ".:+#"
_AXIS = 4
_WEEKS = 54


class YearView(ArcView):
    """The year that the cursor is in; where it does not fit, the weeks around the cursor."""

    HELP = "Each cell is a day. Arrows go by days and weeks."
    HELP_TITLE = "The year"

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.days: Mapping[date, Day] = {}
        self.at: date | None = None
        self._first: list[int] = []
        """The ordinal at the top left of each year that is drawn."""
        self._wide = 1
        self._months_shown = True

    def show(self, days: Mapping[date, Day]) -> None:
        """Draw other days."""
        self.days = days
        self.again()

    def point_at(self, at: date | None) -> None:
        """Put the cursor on a day."""
        self.at = at
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """The cursor's year, and those before it while there is room."""
        if self.at is None:
            return []
        self._wide = 2 if width >= _AXIS + 2 * _WEEKS else 1
        room = max(1, (width - _AXIS) // self._wide)
        self._months_shown = height >= 9
        self._first = []
        lines: list[list[Piece]] = []
        rows = 9 if self._months_shown else 8
        for year in range(self.at.year, max(0, self.at.year - 1 - (height - rows) // (rows + 1)), -1):
            if lines and not any(day.year == year for day in self.days):
                break
            lines += [[], *self._year(year, width, room)] if lines else self._year(year, width, room)
        return lines

    def _year(self, year: int, width: int, room: int) -> list[list[Piece]]:
        """A heading, the months where there is room, and seven rows."""
        ink, at = self.ink, self.at
        assert at is not None
        begins = ink.dates.first_weekday
        start = date(year, 1, 1)
        start -= timedelta(days=min((start.weekday() - begins) % 7, start.toordinal() - 1))
        week_of_at = (at - start).days // 7 if at.year == year else _WEEKS
        skipped = max(0, min(week_of_at - room // 2, _WEEKS - room)) if room < _WEEKS else 0
        first = start + timedelta(weeks=skipped)
        self._first.append(first.toordinal())
        weeks = min(room, _WEEKS - skipped)
        days = [day for day in self.days.values() if day.day.year == year]
        most = max((day.size for day in days), default=1)
        memories = sum(day.size for day in days)
        lines = [self.heading(f" {year} · {memories:,} on {counted(len(days), 'day')}", width)]
        if self._months_shown:
            lines.append([(" " * _AXIS + self._months(first, weeks), ink.muted)])
        for weekday in range(7):
            name = f"{date(2001, 1, 1 + (weekday + begins) % 7):%a}"[:2]
            pieces: list[Piece] = [(f" {name} ", ink.muted)]
            corner = first.toordinal() + weekday
            pieces += [self._cell(corner + 7 * week, year, most) for week in range(weeks)]
            lines.append(pieces)
        return lines

    def _cell(self, ordinal: int, year: int, most: int) -> Piece:
        ink = self.ink
        if ordinal > date.max.toordinal() or (day := date.fromordinal(ordinal)).year != year:
            return " " * self._wide, ink.text
        found = self.days.get(day)
        if found is None:
            return ("." if ink.ascii_only else "·").ljust(self._wide), ink.muted
        look, style = ink.feeling(max(found.feelings, key=lambda name: (found.feelings[name], name)))
        if day == self.at:
            return look.glyph.ljust(self._wide), style + Style(reverse=True, bold=True)
        levels = _ASCII_LEVELS if ink.ascii_only else _LEVELS
        level = (found.size - 1) * 4 // most if most > 3 else found.size + 1
        return levels[min(3, level)] * self._wide, style

    def _months(self, first: date, weeks: int) -> str:
        text = ""
        for week in range(weeks):
            day = date.fromordinal(min(first.toordinal() + 7 * week + 6, date.max.toordinal()))
            if day.day <= 7 and len(text) <= week * self._wide and week + 3 <= weeks:
                text = text.ljust(week * self._wide) + f"{day:%b}"
        return text

    def on_click(self, event: events.Click) -> None:
        """Choose the day's memory."""
        top = 2 if self._months_shown else 1
        block, row = divmod(event.y, top + 8)
        if event.x >= _AXIS and 0 <= row - top < 7 and block < len(self._first):
            ordinal = self._first[block] + 7 * ((event.x - _AXIS) // self._wide) + row - top
            self.post_message(self.DayPicked(ordinal + 0.5))
