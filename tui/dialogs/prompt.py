"""Ask for one line, and show while it is typed what it will be taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ..inert import inert
from ..keys import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.suggester import Suggester

__all__ = ["Prompt"]


class Prompt(ModalScreen[str | None]):
    """One line of text; dismissed with it, or with None.

    ``check`` gives a word on what the text stands for, or raises ValueError with what is wrong.
    """

    CSS_PATH = "dialogs.tcss"
    HELP = "Enter takes what you typed; escape leaves everything as it was."
    BINDINGS: ClassVar = [key("escape", "cancel", "Cancel", "prompt.cancel", "Leave it", show=True)]

    def __init__(
        self,
        title: str,
        check: Callable[[str], str],
        *,
        value: str = "",
        placeholder: str = "",
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__()
        self.prompt_title = title
        self.check = check
        self.value = value
        self.placeholder = placeholder
        self.suggester = suggester

    def compose(self) -> ComposeResult:
        """A title, the line, and what it stands for."""
        with Vertical(classes="dialog") as box:
            box.border_subtitle = "enter takes it · esc leaves it"
            yield Static(self.prompt_title, classes="dialog-title", markup=False)
            yield Input(self.value, placeholder=self.placeholder, suggester=self.suggester, compact=True)
            yield Static(" ", classes="dialog-hint", markup=False)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        hint = self.query_one(".dialog-hint", Static)
        try:
            text, wrong = self.check(event.value), False
        except ValueError as error:
            text, wrong = str(error), bool(event.value.strip())
        hint.update(inert(text) or " ")
        hint.set_class(wrong, "-wrong")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            self.check(event.value)
        except ValueError as error:
            hint = self.query_one(".dialog-hint", Static)
            hint.update(inert(str(error)))
            hint.add_class("-wrong")
        else:
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Leave without a text."""
        self.dismiss(None)
