"""The line to search in; mounted when a search begins, so that nobody else pays for it."""

from __future__ import annotations

from typing import ClassVar

from textual.message import Message
from textual.widgets import Input

from ..keys import key

__all__ = ["SearchBar"]


class SearchBar(Input):
    """Searches while it is typed in; enter and down go to what was found, escape ends the search."""

    HELP = 'Words are AND; write OR between them, "a phrase" in quotes, a prefix* with a star.'
    HELP_TITLE = "Search"
    BINDINGS: ClassVar = [
        key("escape", "end_search", "End search", "search.end", "Show everything again", show=True),
        key("down,enter", "results", "To the results", "search.results", "Go to what was found", show=True),
    ]

    class Ended(Message):
        """The search is over."""

    class ResultsWanted(Message):
        """The results are to have the keys."""

    def __init__(self) -> None:
        super().__init__(
            placeholder='words, "a phrase", prefix*', compact=True, id="search", select_on_focus=False
        )

    def action_end_search(self) -> None:
        """End the search."""
        self.post_message(self.Ended())

    def action_results(self) -> None:
        """Leave the search as it is and go to its results."""
        self.post_message(self.ResultsWanted())
