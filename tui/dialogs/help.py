"""What can be done here: the keys of where the focus is, of its pane, and of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ...storage.feelings import Feeling
from ..keys import key

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

    from ..ink import Ink

__all__ = ["HelpScreen"]


class HelpScreen(ModalScreen[None]):
    """Help about the screen it was called from."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar = [
        key(
            "escape,q,question_mark,enter",
            "close",
            "Close",
            "help.close",
            "Back to where you were",
            show=True,
        ),
        key("j,down", "scroll(1)", "Down", "help.down", "A line down"),
        key("k,up", "scroll(-1)", "Up", "help.up", "A line up"),
    ]

    def __init__(self, about: Screen[object], ink: Ink) -> None:
        super().__init__()
        self.ink = ink
        self.parts = _parts(about)

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll(classes="dialog wide") as box:
            box.border_subtitle = "j and k scroll · esc closes"
            for title, text, keys in self.parts:
                yield Static(Text(title, self.ink.heading))
                if text:
                    yield Static(Text(text, self.ink.text))
                yield Static(self._table(keys), classes="help-keys")
            yield Static(Text("Feelings", self.ink.heading))
            yield Static(self._legend())

    def _table(self, keys: list[tuple[str, str]]) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=12, style=self.ink.style("primary", "bold"))
        table.add_column(style=self.ink.text)
        for names, what in keys:
            table.add_row(Text(names), Text(what))
        return table

    def _legend(self) -> Text:
        text = Text()
        for feeling in Feeling:
            look, colour = self.ink.feeling(feeling)
            text.append(f"{look.glyph} {look.word:<12}", colour)
        return text

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        """Back to where the help was called from."""
        self.dismiss()


def _parts(screen: Screen[object]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Title, help text and keys of each place from the focus outwards, as they are bound now."""
    by_node: dict[int, dict[str, tuple[list[str], str]]] = {}
    order = []
    for active in screen.active_bindings.values():
        node = active.node
        if not active.enabled or active.binding.system or active.binding.id is None:
            continue
        if id(node) not in by_node:
            order.append(node)
            by_node[id(node)] = {}
        names, _ = by_node[id(node)].setdefault(
            active.binding.action, ([], active.binding.tooltip or active.binding.description)
        )
        names.append(screen.app.get_key_display(active.binding))
    parts = []
    for node in order:
        title = getattr(node, "HELP_TITLE", type(node).__name__)
        keys = [(" ".join(names), what) for names, what in by_node[id(node)].values()]
        parts.append((title, getattr(node, "HELP", ""), keys))
    return parts
