"""Feelings by period, stacked: each cell shows its feeling's glyph in its colour."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...drawing.canvas import spread
from ...storage.feelings import Feeling
from ..inert import one_line
from .views import AXIS, ArcView, Piece, dates, plot_of

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events

    from ..ink import Ink
    from .line import LineChart
    from .model import Band, Scene

__all__ = ["StackChart"]

_LEAST = 3
"""Memories that the highest column stands for at least: one alone is no wall."""
_ORDER = {str(feeling): place for place, feeling in enumerate(Feeling)}


class StackChart(ArcView):
    """Columns under the line's own, as high as they have memories."""

    HELP = "How many memories of which feeling, by day, week, month or year; b changes that."
    HELP_TITLE = "Feelings by period"

    def __init__(self, ink: Ink, line: LineChart, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.line = line
        """The dates beneath it are the stack's too, where it is shown."""
        self.scene: Scene | None = None

    def show(self, scene: Scene | None) -> None:
        """Draw another scene."""
        self.scene = scene
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """A heading that is the legend too, the columns, and where the line is not shown the dates."""
        scene, ink = self.scene, self.ink
        if scene is None:
            return []
        dated = not self.line.display
        plot, rows = plot_of(width), max(1, height - 1 - dated)
        most = max(_LEAST, *(sum(band.feelings.values()) for band in scene.bands), 0)
        cells: dict[tuple[int, int], tuple[str, Style]] = {}
        taken = 0
        for band in scene.bands:
            start = max(taken, band.start * plot // scene.columns)
            end = max(start + 1, band.end * plot // scene.columns)
            # A gap between periods where there is room for one.
            taken = end
            shown_end = end - 1 if end - start > 2 else end
            column = self._column(band, rows, most)
            for row, cell in enumerate(column):
                for x in range(start, min(shown_end, plot)):
                    cells[x, rows - 1 - row] = cell
        lines = [self._legend(width)]
        for row in range(rows):
            axis = f"{most:>{AXIS - 1},} " if not row and most < 10_000 else " " * AXIS
            pieces: list[Piece] = [(axis, ink.muted)]
            for x in range(plot):
                text, style = cells.get((x, row), (" ", ink.text))
                if len(pieces) > 1 and pieces[-1][1] == style:
                    pieces[-1] = (pieces[-1][0] + text, style)
                else:
                    pieces.append((text, style))
            lines.append(pieces)
        if dated:
            below = dates(scene.window, plot, ink.dates.first_weekday)
            lines.append([(" " * AXIS + below, ink.muted)])
        return lines

    def _column(self, band: Band, rows: int, most: int) -> list[tuple[str, Style]]:
        """The cells of a period from the bottom up."""
        named = sorted(band.feelings.items(), key=lambda item: _ORDER.get(str(item[0]), len(_ORDER)))
        height = max(1, round(sum(band.feelings.values()) * rows / most))
        column: list[tuple[str, Style]] = []
        for (feeling, _), cells in zip(named, spread([n for _, n in named], height), strict=True):
            look, style = self.ink.feeling(feeling)
            column += [(look.glyph, style)] * cells
        return column

    def _legend(self, width: int) -> list[Piece]:
        assert self.scene is not None
        counted: Counter[str] = Counter()
        for band in self.scene.bands:
            counted.update({str(name): n for name, n in band.feelings.items()})
        pieces = self.heading(title := f" by {self.scene.span} ", min(width, len(title)))
        room = width - len(title)
        for feeling, n in counted.most_common():
            look, style = self.ink.feeling(feeling)
            text = f" {look.glyph} {one_line(look.word, 20)} {n:,} "
            if len(text) > room:
                break
            room -= len(text)
            pieces.append((text, style))
        return pieces

    def on_click(self, event: events.Click) -> None:
        """Choose the memory nearest to the day."""
        if self.scene is not None and event.x >= AXIS:
            window = self.scene.window
            self.post_message(self.DayPicked(window.first + self.share_at(event.x) * window.days))
