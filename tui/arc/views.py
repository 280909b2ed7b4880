"""The base of the pane's drawings: what they have in common beside how they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from ...drawing.ticks import ticks
from ..lines import Drawing, Piece

if TYPE_CHECKING:
    from textual import events

    from .model import Window

__all__ = ["AXIS", "ArcView", "Piece", "dates", "plot_of"]

AXIS: int = 5
"""Cells at the left for the axis; the line and the stack beneath it share their columns."""


def plot_of(width: int) -> int:
    """The cells of the line and the stack: from the axis to one before the edge."""
    return max(1, width - AXIS - 1)


def dates(window: Window, plot: int, first_weekday: int) -> str:
    """The line of dates beneath a plot of so many cells."""
    text = ""
    for at, label in ticks(window.first, window.last, plot, first_weekday):
        cell = int((at - window.first) * plot / window.days)
        if cell + len(label) <= plot:
            text = text.ljust(cell) + label
    return text


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

    def share_at(self, x: int) -> float:
        """The share of the plot that lies left of a cell's middle."""
        return min(1.0, max(0.0, (x - AXIS + 0.5) / plot_of(self.size.width)))

    def on_resize(self, _: events.Resize) -> None:
        """There is room for another scene."""
        self.post_message(self.RoomChanged())
