"""What stands in a pane in place of all else: what the pane is for, or what went wrong."""

from __future__ import annotations

from textual.widgets import Static

from .inert import inert

__all__ = ["Note"]


class Note(Static, can_focus=True):
    """A text; it takes the keys meanwhile."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__("", id=id, markup=False)

    def say(self, text: str) -> None:
        """Show a text, whoever wrote it."""
        self.update(inert(text))
