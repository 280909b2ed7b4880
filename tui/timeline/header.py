"""The line above the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from ..inert import cut

if TYPE_CHECKING:
    from ..ink import Ink

__all__ = ["ListHeader"]


class ListHeader(Widget):
    """Where the list stands in time, what narrows it, and the place of the cursor."""

    def __init__(self, ink: Ink) -> None:
        super().__init__(id="list-header")
        self.ink = ink
        self.left = ""
        self.right = ""
        self.warning = ""

    def say(self, left: str, right: str, warning: str = "") -> None:
        """Show a text at either end; a warning takes the left one's place."""
        if (left, right, warning) != (self.left, self.right, self.warning):
            self.left, self.right, self.warning = left, right, warning
            self.refresh()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.size.width
        right = f"{self.right} " if self.right else ""
        style = self.ink.warning if self.warning else self.ink.strong
        left = Segment(cut(f" {self.warning or self.left}", max(0, width - len(right))), style)
        return Strip(
            Segment.apply_style([left, Segment(right[:width], self.ink.muted)], self.rich_style), width
        )
