"""The base of the lists with a cursor: one line a row, and rows that the cursor passes over."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip

from .lines import LineView

if TYPE_CHECKING:
    from .ink import Ink

__all__ = ["RowList"]


class RowList(LineView):
    """Rows, and a cursor that stands on one of them; titles are passed over, and come along into view.

    A list says how many rows there are with :meth:`~mnemo.tui.lines.LineView.extend_to`, which of them can be
    stood on in :meth:`stands_on`, and draws one in :meth:`draw_row`.
    """

    MARKED_AWAY: ClassVar[bool] = True
    """Whether the row under the cursor stands out while the keys are elsewhere."""

    cursor: reactive[int] = reactive(0, init=False)

    def __init__(self, ink: Ink, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink

    @property
    def row_count(self) -> int:
        """How many rows there are, titles included."""
        return self.virtual_size.height

    def stands_on(self, place: int) -> bool:
        """Whether the cursor may stand on a row."""
        raise NotImplementedError

    def draw_row(self, place: int, width: int) -> list[Segment]:
        """One row, in at most ``width`` cells."""
        raise NotImplementedError

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row it may stand on, the next one in its direction; 0 where there is none."""
        count = self.row_count
        cursor = max(0, min(cursor, count - 1))
        for step in (1, -1) if cursor >= self.cursor else (-1, 1):
            place = cursor
            while 0 <= place < count:
                if self.stands_on(place):
                    return place
                place += step
        return 0

    def watch_cursor(self) -> None:
        """Follow the cursor."""
        self.follow()
        self.refresh()

    def stand_on(self, place: int) -> None:
        """Put the cursor on a row without telling: what is shown there is shown already."""
        self.set_reactive(RowList.cursor, self.validate_cursor(place))
        self.follow()

    def follow(self) -> None:
        """Bring the cursor into view, and a title right above it."""
        height = self.scrollable_content_region.height
        top = self.cursor
        if top and top < self.row_count and not self.stands_on(top - 1):
            top -= 1
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)
        elif height and self.cursor >= self.scroll_offset.y + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True, immediate=True)

    def action_move(self, by: int) -> None:
        """Move the cursor by some rows."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by some screens."""
        self.cursor += by * max(1, self.size.height - 2)

    def action_edge(self, last: int) -> None:
        """Go to the first or the last row."""
        self.cursor = self.row_count - 1 if last else 0

    # -- drawing --------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        place = self.scroll_offset.y + y
        width, base = self.room, self.base
        if place >= self.row_count:
            return Strip.blank(width, base)
        segments = self.draw_row(place, width)
        if place == self.cursor and (self.has_focus or self.MARKED_AWAY) and self.stands_on(place):
            over = self.ink.cursor if self.has_focus else self.ink.cursor_away
            segments = [Segment(s.text, (s.style or Style()) + over) for s in segments]
        return Strip(Segment.apply_style(segments, base)).adjust_cell_length(width, base)
