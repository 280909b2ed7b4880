"""The base of the pane's drawings: what they have in common beside how they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from ..lines import Drawing, Piece

if TYPE_CHECKING:
    from textual import events

__all__ = ["AXIS", "ArcView", "Piece"]

AXIS: int = 5
"""Cells at the left for the axis; the line and the stack beneath it share their columns."""


class ArcView(Drawing, can_focus=True):
    """One drawing."""

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

    def on_resize(self, _: events.Resize) -> None:
        """There is room for another scene."""
        self.post_message(self.RoomChanged())
