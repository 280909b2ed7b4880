"""Choose one of a few: themes, drafts, attachments. Moving can preview; escape takes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ..keys import key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

__all__ = ["Choice"]


class Choice(ModalScreen[str | None]):
    """A list of (value, label); dismissed with a value or None.

    ``on_move`` is called with the value under the cursor whenever it moves.
    """

    CSS_PATH = "dialogs.tcss"
    HELP = "Enter takes the line under the cursor; escape leaves everything as it was."
    BINDINGS: ClassVar = [
        key("escape,q", "cancel", "Cancel", "choice.cancel", "Leave it", show=True),
        key("j", "move('down')", "Down", "choice.down", "The next"),
        key("k", "move('up')", "Up", "choice.up", "The one before"),
    ]

    def __init__(
        self,
        title: str,
        options: Sequence[tuple[str, str]],
        *,
        chosen: str = "",
        on_move: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self.choice_title = title
        self.options = options
        self.chosen = chosen
        self.on_move = on_move

    def compose(self) -> ComposeResult:
        """A title and the list."""
        with Vertical(classes="dialog") as box:
            box.border_subtitle = "enter takes it · esc leaves it"
            yield Static(self.choice_title, classes="dialog-title", markup=False)
            yield OptionList(
                *(Option(Content(label), id=value) for value, label in self.options), compact=True
            )

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        values = [value for value, _ in self.options]
        options = self.query_one(OptionList)
        options.highlighted = values.index(self.chosen) if self.chosen in values else 0
        options.focus()

    def action_move(self, direction: str) -> None:
        """Move as the arrows do."""
        options = self.query_one(OptionList)
        if direction == "down":
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if self.on_move is not None and event.option_id is not None:
            self.on_move(event.option_id)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_cancel(self) -> None:
        """Take nothing."""
        self.dismiss(None)
