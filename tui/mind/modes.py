"""The five operations in a row: the one that plain words are taken as stands out; a click chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.message import Message
from textual.widgets import Static

from .model import OPERATIONS

if TYPE_CHECKING:
    from textual import events

    from ..ink import Ink

__all__ = ["Modes"]


class Modes(Static):
    """The row of operations."""

    class Picked(Message):
        """An operation was clicked."""

        def __init__(self, operation: str) -> None:
            self.operation = operation
            super().__init__()

    def __init__(self, ink: Ink, chosen: str, *, id: str) -> None:  # noqa: A002
        self.ink = ink
        self.chosen = chosen
        super().__init__(self._row(), id=id, markup=False)

    def choose(self, operation: str) -> None:
        """Mark another."""
        self.chosen = operation
        self.update(self._row())

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.update(self._row())

    def _row(self) -> Text:
        row = Text(" ")
        for name in OPERATIONS:
            marked = name == self.chosen
            row.append(f"[{name}]" if marked else f" {name} ", self.ink.heading if marked else self.ink.muted)
            row.append(" ")
        return row

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        at = 1
        for name in OPERATIONS:
            if at <= event.x < at + len(name) + 2:
                self.post_message(self.Picked(name))
            at += len(name) + 3
