"""The line that is written in, and what completes it."""

from __future__ import annotations

from typing import ClassVar

from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from ..inert import inert
from ..keys import key
from .model import OPERATIONS

__all__ = ["MindLine"]


class _Completion(Suggester):
    """Completes ``/operation`` and, where a concept is wanted, its name."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.mode = ""
        self.concepts: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """The first that begins with what is written."""
        if value.startswith("/") and " " not in value:
            return next((f"/{name}" for name in OPERATIONS if name.startswith(value[1:])), None)
        lead, start = "", value
        if value.startswith("/reflect "):
            lead, start = "/reflect ", value[9:]
        elif self.mode != "reflect":
            return None
        folded = start.casefold()
        found = (name for name in self.concepts if folded and name.casefold().startswith(folded))
        # A name of other length when folded, or of several lines, is none that typing goes on with.
        return next(
            (
                lead + start + name[len(start) :]
                for name in found
                if name.isprintable() and inert(name) == name
            ),
            None,
        )


class MindLine(Input):
    """Where one writes; Tab goes through the operations."""

    HELP = "Plain words are taken as the operation that is marked; /reflect Sea names another for once."
    HELP_TITLE = "Line"
    BINDINGS: ClassVar = [
        key("tab", "mode(1)", "Operation", "mind_line.next", "Ask, perceive, reflect, dream…", show=True),
        key("shift+tab", "mode(-1)", "Operation before", "mind_line.before", "The operation before"),
        key("up", "past(-1)", "Asked before", "mind_line.past", "Write what you wrote before again"),
        key("down", "past(1)", "Asked after", "mind_line.later", "Back towards what you write now"),
        key("pageup", "scroll(-1)", "Page up", "mind_line.page_up", "A page of the conversation back"),
        key("pagedown", "scroll(1)", "Page down", "mind_line.page_down", "A page of the conversation on"),
    ]

    class ModeWanted(Message):
        """Another operation, so many places on."""

        def __init__(self, by: int) -> None:
            self.by = by
            super().__init__()

    class PageWanted(Message):
        """Another page of the conversation."""

        def __init__(self, by: int) -> None:
            self.by = by
            super().__init__()

    def __init__(self, *, id: str) -> None:  # noqa: A002
        self.completion = _Completion()
        super().__init__(compact=True, id=id, select_on_focus=False, suggester=self.completion)
        self._past: list[str] = []
        self._place = 0
        self._unsent = ""

    def keep(self, text: str) -> None:
        """Remember a line that was sent, and begin another."""
        if text and text not in self._past[-1:]:
            self._past.append(text)
        self._place = len(self._past)
        self.value = self._unsent = ""

    def action_past(self, by: int) -> None:
        """Show a line that was sent before, or at the end what is not sent yet."""
        if self._place == len(self._past):
            self._unsent = self.value
        self._place = max(0, min(self._place + by, len(self._past)))
        self.value = self._past[self._place] if self._place < len(self._past) else self._unsent
        self.cursor_position = len(self.value)

    def action_mode(self, by: int) -> None:
        """Go to another operation."""
        self.post_message(self.ModeWanted(by))

    def action_scroll(self, by: int) -> None:
        """Page through the conversation while the line keeps the keys."""
        self.post_message(self.PageWanted(by))
