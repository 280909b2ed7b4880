"""The bases of the widgets that draw line by line."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.events import Key
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from .inert import cut

if TYPE_CHECKING:
    from textual import events
    from textual.geometry import Region

    from .ink import Ink

__all__ = ["Drawing", "LineView", "Piece"]

Piece = tuple[str, Style]


class LineView(ScrollView, can_focus=True):
    """A scrolling view whose style sheet shows the scroll bar always (``overflow-y: scroll``).

    So its number of lines can change without the whole screen being laid out again, which would cost
    more than drawing it.
    """

    _held: list[events.Key] | None = None
    """Keys that wait for what is to be shown; None where they do not."""

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

    # -- keys typed ahead -----------------------------------------------------------------------

    def hold_keys(self) -> None:
        """Let keys wait: they were meant for what is not shown yet."""
        if self._held is None:
            self._held = []

    @property
    def holds_keys(self) -> bool:
        """Whether keys wait."""
        return self._held is not None

    def release_keys(self, *, forget: bool = False) -> None:
        """Do what the keys that waited say, or forget them."""
        held, self._held = self._held, None
        for each in () if forget or held is None else held:
            # Sent by nobody, as those of the keyboard are: whoever sends a message stops it on its way up.
            self.app.post_message(Context().run(Key, each.key, each.character))

    def on_key(self, event: events.Key) -> None:
        """Let it wait, if keys do; those of the app are for wherever one is."""
        active = self.screen.active_bindings.get(event.key)
        if self._held is not None and (active is None or active.node is not self.app):
            self._held.append(event)
            event.stop()
            event.prevent_default()


class Drawing(Widget):
    """A widget that draws all its lines at once and keeps them until told.

    ``draw`` gives its lines as pieces of text with their styles.
    """

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self._lines: list[list[Piece]] | None = None

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """The lines, each of at most ``width`` cells."""
        raise NotImplementedError

    def again(self) -> None:
        """Draw anew."""
        self._lines = None
        self.refresh()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.again()

    def on_resize(self, _: events.Resize) -> None:
        """Everything has another place."""
        self.again()

    def on_focus(self) -> None:
        """The heading says where the keys go."""
        self.again()

    def on_blur(self) -> None:
        """The heading says where the keys go."""
        self.again()

    def heading(self, text: str, width: int) -> list[Piece]:
        """The drawing's name, marked while it has the keys."""
        return [(cut(text, width), self.ink.heading if self.has_focus else self.ink.muted)]

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width, height = self.size
        if self._lines is None:
            self._lines = self.draw(width, height) if width and height else []
        base = self.rich_style
        pieces = self._lines[y] if y < len(self._lines) else []
        segments = Segment.apply_style([Segment(text, style) for text, style in pieces], base)
        return Strip(segments).adjust_cell_length(width, base)
