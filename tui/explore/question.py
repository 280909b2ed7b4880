"""The line that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from ..asking import AskingLine
from ..keys import key

if TYPE_CHECKING:
    from ..lines import LineView

__all__ = ["QuestionLine"]


class QuestionLine(AskingLine):
    """Asks while it is typed in; enter and down go to the results."""

    HELP = "Words, a symbol, a path, an error message or code. The answer comes while you type."
    HELP_TITLE = "Question"
    BINDINGS: ClassVar = [
        key(
            "down,enter",
            "results",
            "To the results",
            "question.results",
            "Go to what was found",
            show=True,
            first=True,
        ),
        key("escape", "leave", "Leave", "question.leave", "Leave the line, for the keys of the pane"),
        key("up", "past", "Past questions", "question.past", "Ask again what you asked before", show=True),
    ]

    class Left(Message):
        """The pane's keys are wanted."""

    class PastWanted(Message):
        """A question of before is to be asked again."""

    def __init__(self, results: LineView, *, id: str) -> None:  # noqa: A002
        super().__init__(results, placeholder="Ask: words, a symbol, a path, an error", id=id)

    def action_leave(self) -> None:
        """Leave the line."""
        self.post_message(self.Left())

    def action_past(self) -> None:
        """Choose a question of before."""
        self.post_message(self.PastWanted())
