"""The fields beside the text, and what completes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.suggester import Suggester
from textual.widgets import Input

from ...storage.errors import InvalidMemoryError
from ...storage.feelings import Feeling, fold
from ..keys import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["FeelingInput", "LastWordSuggester", "NameSuggester", "PathSuggester", "feeling_of"]

_NAMES = [*(feeling.value for feeling in Feeling), *(feeling.italian for feeling in Feeling)]


def feeling_of(text: str) -> Feeling | None:
    """The feeling that a text names, in English or Italian; None if it names none."""
    try:
        return Feeling.parse(text)
    except InvalidMemoryError:
        return None


class NameSuggester(Suggester):
    """Completes to the first name that begins so, case and accents folded; names come best first."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.names = [(fold(name), name) for name in names]

    async def get_suggestion(self, value: str) -> str | None:
        """The whole value with its completion, written as the user began it."""
        folded = fold(value)
        if not folded.strip():
            return None
        for known, name in self.names:
            if known.startswith(folded) and len(name) > len(value):
                return value + name[len(value) :]
        return None


class LastWordSuggester(NameSuggester):
    """Completes the last of several names that commas or spaces part."""

    async def get_suggestion(self, value: str) -> str | None:
        """The whole value with its last name completed."""
        start = max(value.rfind(","), value.rfind(" ")) + 1
        if value[start:].startswith("#"):
            start += 1
        found = await super().get_suggestion(value[start:])
        return None if found is None else value[:start] + found


class PathSuggester(Suggester):
    """Completes the last of several paths that commas part; ``complete`` runs in a thread."""

    def __init__(self, complete: Callable[[str], str | None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        """The whole value with its last path completed."""
        start = value.rfind(",") + 1
        start += len(value[start:]) - len(value[start:].lstrip())
        found = await asyncio.to_thread(self.complete, value[start:])
        return None if found is None else value[:start] + found


class FeelingInput(Input):
    """One of the fifteen, typed in English or Italian, or walked through with up and down."""

    HELP = "How it felt: type it in English or Italian, or walk through the fifteen with up and down."
    HELP_TITLE = "Feeling"
    BINDINGS: ClassVar = [
        key("down", "walk(1)", "Next feeling", "feeling.next", "The next of the fifteen"),
        key("up", "walk(-1)", "Feeling before", "feeling.previous", "The one before"),
    ]

    def __init__(self, value: str, *, id: str) -> None:  # noqa: A002
        super().__init__(
            value, placeholder="how it felt", suggester=NameSuggester(_NAMES), compact=True, id=id
        )

    def action_walk(self, by: int) -> None:
        """Take the next or the one before."""
        feelings = list(Feeling)
        now = feeling_of(self.value)
        if now is None:
            self.value = feelings[0 if by > 0 else -1].value
        else:
            self.value = feelings[(feelings.index(now) + by) % len(feelings)].value
        self.cursor_position = len(self.value)
