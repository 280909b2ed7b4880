"""The base of the pane's drawings: a widget that draws all its lines at once and keeps them until told."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..inert import cut

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events

    from ..ink import Ink

__all__ = ["AXIS", "ArcView", "Piece"]

AXIS: int = 5
"""Cells at the left for the axis; the line and the stack beneath it share their columns."""

Piece = tuple[str, "Style"]


class ArcView(Widget, can_focus=True):
    """One drawing; ``draw`` gives its lines as pieces of text with their styles."""

    HELP_TITLE: ClassVar[str]

    class DayPicked(Message):
        """A day was clicked, as an ordinal; ``valence`` is how high, where that means something."""

        def __init__(self, ordinal: float, valence: float | None = None) -> None:
            self.ordinal = ordinal
            self.valence = valence
            super().__init__()

    class Zoomed(Message):
        """The wheel was turned; ``share`` of the width lies left of the pointer."""

        def __init__(self, closer: bool, share: float) -> None:
            self.closer = closer
            self.share = share
            super().__init__()

    class Panned(Message):
        """The drawing was dragged by a share of its width."""

        def __init__(self, share: float) -> None:
            self.share = share
            super().__init__()

    class RoomChanged(Message):
        """The drawing has another size."""

        def can_replace(self, message: Message) -> bool:
            """Only the last of a burst counts."""
            return isinstance(message, ArcView.RoomChanged)

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
        self.post_message(self.RoomChanged())

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
