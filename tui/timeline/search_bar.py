"""The line to search in; mounted when a search begins, so that nobody else pays for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from ..asking import AskingLine
from ..keys import key

if TYPE_CHECKING:
    from ..lines import LineView

__all__ = ["SearchBar"]


class SearchBar(AskingLine):
    """Searches while it is typed in; enter and down go to what was found, escape ends the search."""

    HELP = 'Words are AND; write OR between them, "a phrase" in quotes, a prefix* with a star.'
    HELP_TITLE = "Search"
    BINDINGS: ClassVar = [
        key("escape", "end_search", "End search", "search.end", "Show everything again", show=True),
        key(
            "down,enter",
            "results",
            "To the results",
            "search.results",
            "Go to what was found",
            show=True,
            first=True,
        ),
    ]

    class Ended(Message):
        """The search is over."""

    def __init__(self, results: LineView) -> None:
        super().__init__(results, placeholder='words, "a phrase", prefix*', id="search")

    def action_end_search(self) -> None:
        """End the search."""
        self.post_message(self.Ended())
