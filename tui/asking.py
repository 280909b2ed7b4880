"""The base of the lines that search while they are typed in, over a list of what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.widgets import Input

if TYPE_CHECKING:
    from .lines import LineView

__all__ = ["AskingLine"]


class AskingLine(Input):
    """Leads to ``results``, where keys typed ahead wait until what was typed before has been answered.

    Its binding of the action ``results`` has to come ``first``.
    """

    class ResultsWanted(Message):
        """The results have the keys, which wait; all that was typed before has been told of."""

    class _Typed(Message, bubble=False):
        """Behind the keys that were typed before."""

    def __init__(self, results: LineView, *, placeholder: str, id: str) -> None:  # noqa: A002
        self.results = results
        super().__init__(placeholder=placeholder, compact=True, id=id, select_on_focus=False)

    def action_results(self) -> None:
        """Go to the results."""
        self.results.hold_keys()
        self.screen.set_focus(self.results)
        self.post_message(self._Typed())

    def on_asking_line__typed(self) -> None:
        """Their changes are on their way now: come behind them."""
        self.post_message(self.ResultsWanted())
