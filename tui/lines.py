"""The base of the widgets that draw line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.strip import Strip

__all__ = ["LineView"]


class LineView(ScrollView, can_focus=True):
    """A scrolling view whose style sheet shows the scroll bar always (``overflow-y: scroll``).

    So its number of lines can change without the whole screen being laid out again, which would cost
    more than drawing it.
    """

    base: Style = Style.null()
    """The widget's own style, while it is being drawn."""
    room: int = 0
    """The cells of a line beside the scroll bar, while it is being drawn."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines; style and width are looked up once for all of them."""
        self.base = self.rich_style
        self.room = self.scrollable_content_region.width
        return super().render_lines(crop)

    def extend_to(self, lines: int) -> None:
        """Tell how many lines there are to scroll over."""
        size = Size(self.size.width, lines)
        if size != self.virtual_size:
            self.set_reactive(LineView.virtual_size, size)
            self._scroll_update(size)
            self.refresh()
