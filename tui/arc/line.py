"""Valence over time: a smooth line, and the memories as points."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style

from ...drawing.canvas import Canvas
from ...storage.affect import affect_of
from .reading import column_of
from .views import AXIS, ArcView, Piece, dates, plot_of

if TYPE_CHECKING:
    from textual import events

    from ..ink import Ink
    from .model import Scene

__all__ = ["LineChart"]


class LineChart(ArcView):
    """The line, the points, and the cursor on one of them."""

    HELP = "Pleasant is above, unpleasant below. Left and right go along the memories, + and - zoom."
    HELP_TITLE = "The line"
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.scene: Scene | None = None
        self.at: tuple[float, str] | None = None
        """Where the cursor is: the day as an ordinal with its fraction, and the feeling."""
        self._dragged: int | None = None
        self._field: tuple[tuple[int, int, int], Canvas[Style]] | None = None

    def dots(self, width: int) -> int:
        """How many columns of dots there are room for in so many cells."""
        return plot_of(width) * (1 if self.ink.ascii_only else 2)

    def show(self, scene: Scene | None) -> None:
        """Draw another scene."""
        self.scene = scene
        self._field = None
        self.again()

    def point_at(self, at: tuple[float, str] | None) -> None:
        """Put the cursor on another memory."""
        self.at = at
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """The axis, the field of dots, and the dates beneath."""
        ink, scene = self.ink, self.scene
        plot = plot_of(width)
        rows = max(1, height - 1)
        # The cursor moves often, what it moves over seldom changes.
        key = (plot, rows, ink.serial)
        if self._field is None or self._field[0] != key:
            self._field = (key, self._draw_field(plot, rows))
        canvas = self._field[1].copy()
        if scene is not None and self.at is not None:
            self._draw_cursor(canvas, scene, self.at)
        labels = {0: "  +1 ", rows // 2: "   0 ", rows - 1: "  -1 "} if rows > 2 else {}
        lines: list[list[Piece]] = [
            [(labels.get(row, " " * AXIS), ink.muted), *((run.text, run.style or ink.text) for run in runs)]
            for row, runs in enumerate(canvas.rows())
        ]
        if scene is not None:
            below = dates(scene.window, plot, ink.dates.first_weekday)
            lines.append([(" " * AXIS + below, ink.muted)])
        return lines

    def _draw_field(self, plot: int, rows: int) -> Canvas[Style]:
        """Everything but the cursor."""
        ink, scene = self.ink, self.scene
        canvas: Canvas[Style] = Canvas(plot, rows, ascii_only=ink.ascii_only)
        middle = (canvas.down - 1) / 2
        for x in range(0, canvas.across, 3 if ink.ascii_only else 6):
            canvas.dot(x, round(middle), ink.muted)
        if scene is None:
            return canvas
        scale = canvas.across / scene.columns
        # A few memories are glyphs; many are dots of their colour.
        glyphs = len(scene.marks) <= canvas.width
        if not glyphs:
            self._draw_marks(canvas, scene, scale, middle, glyphs=False)
        upper: Canvas[Style] = Canvas(canvas.width, canvas.height, ascii_only=ink.ascii_only)
        before: tuple[int, int] | None = None
        style = ink.style("primary", "bold")
        for number, value in enumerate(scene.line):
            here = None if value is None else (int(number * scale), round(middle * (1 - value)))
            if here is not None:
                upper.line(*(before or here), *here, style)
            before = here
        canvas.cover(upper)
        if glyphs:
            self._draw_marks(canvas, scene, scale, middle, glyphs=True)
        return canvas

    def _draw_cursor(self, canvas: Canvas[Style], scene: Scene, at: tuple[float, str]) -> None:
        """A dotted line down, and the memory's glyph."""
        column = int(column_of(at[0], scene.window, scene.columns) * canvas.across / scene.columns)
        for y in range(0, canvas.down, 2):
            canvas.under(column, y, self.ink.muted)
        place = affect_of(at[1])
        look, colour = self.ink.feeling(at[1])
        height = round((canvas.down - 1) / 2 * (1 - (place.valence if place else 0.0)))
        canvas.mark(column, height, look.glyph, colour + Style(reverse=True, bold=True))

    def _draw_marks(
        self, canvas: Canvas[Style], scene: Scene, scale: float, middle: float, *, glyphs: bool
    ) -> None:
        for mark in scene.marks:
            place = affect_of(mark.feeling)
            if place is None:
                continue
            look, style = self.ink.feeling(mark.feeling)
            x, y = int(mark.column * scale), round(middle * (1 - place.valence))
            if glyphs:
                canvas.mark(x, y, look.glyph, style)
            else:
                canvas.dot(x, y, style)

    # -- the mouse ------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        self._dragged = event.x
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the window along."""
        if self._dragged is not None and abs(event.x - self._dragged) >= 2:
            self.post_message(self.Panned((self._dragged - event.x) / plot_of(self.size.width)))
            self._dragged = event.x

    def on_mouse_up(self, _: events.MouseUp) -> None:
        """Let go."""
        self._dragged = None
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """Choose the memory that is nearest."""
        if self.scene is not None:
            window = self.scene.window
            rows = max(1, self.size.height - 1)
            valence = 1 - 2 * event.y / max(1, rows - 1)
            self.post_message(self.DayPicked(window.first + self.share_at(event.x) * window.days, valence))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Closer."""
        event.stop()
        self.post_message(self.Zoomed(True, self.share_at(event.x)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Farther."""
        event.stop()
        self.post_message(self.Zoomed(False, self.share_at(event.x)))
