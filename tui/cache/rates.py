"""Hit rates over time, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.style import Style

from ...drawing.canvas import Canvas
from ..lines import Drawing, Piece
from .tiers import policy_style

if TYPE_CHECKING:
    from ..ink import Ink

__all__ = ["Line", "Rates"]

_AXIS = 6


class Line(NamedTuple):
    """A policy's name and its hit rates, oldest first."""

    name: str
    values: Sequence[float]


class Rates(Drawing, can_focus=False):
    """Each line from 0 to 100 %; the lines are told apart by colour, and by the gaps between their dots."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.lines: tuple[Line, ...] = ()
        self._slots = 0
        self._words = ""

    def show(self, lines: tuple[Line, ...], *, slots: int = 0, words: str = "") -> None:
        """Draw other lines; over ``slots`` values where it is known how many there will be, else the last
        ones there is room for. ``words`` stand where there is nothing yet.
        """
        self.lines, self._slots, self._words = lines, slots, words
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """A heading that is the legend too, and the field of dots."""
        ink = self.ink
        heading: list[Piece] = [(" Hit rate over time ", ink.heading)]
        if len(self.lines) > 1:
            heading += [(f" {line.name} ", policy_style(ink, line.name)) for line in self.lines]
        drawn = [line for line in self.lines if line.values]
        if not drawn or height < 2:
            return [heading, [(f" {self._words}", ink.muted)]]
        rows, plot = height - 1, max(1, width - _AXIS - 1)
        canvas: Canvas[Style] = Canvas(plot, rows, ascii_only=ink.ascii_only)
        for x in range(0, canvas.across, 3 if ink.ascii_only else 6):
            canvas.dot(x, canvas.down - 1, ink.muted)
        # The first line goes on top.
        for number, line in reversed(list(enumerate(drawn))):
            upper: Canvas[Style] = Canvas(plot, rows, ascii_only=ink.ascii_only)
            self._draw_line(upper, line, number)
            canvas.cover(upper)
        labels = {0: " 100% ", rows - 1: "   0% "} if rows > 1 else {}
        lines = [heading]
        for row, runs in enumerate(canvas.rows()):
            axis = (labels.get(row, " " * _AXIS), ink.muted)
            lines.append([axis, *((run.text, run.style or ink.text) for run in runs)])
        return lines

    def _draw_line(self, canvas: Canvas[Style], line: Line, number: int) -> None:
        style = policy_style(self.ink, line.name)
        values = line.values if self._slots else line.values[-canvas.across :]
        slots = self._slots or canvas.across
        lowest = canvas.down - 1
        before: tuple[int, int] | None = None
        for place, value in enumerate(values):
            start = place * canvas.across // slots
            here = (start, round(lowest * (1 - value)))
            if number == 0 or before is None:
                canvas.line(*(before or here), *here, style)
            else:
                # Dots, and between them gaps: two for the second line, three for the third.
                for x in range(before[0], here[0] + 1):
                    if x % (number + 1) == 0:
                        share = (x - before[0]) / max(1, here[0] - before[0])
                        canvas.dot(x, round(before[1] + (here[1] - before[1]) * share), style)
            before = here
