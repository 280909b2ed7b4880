"""The first screen of a first run: four ways to begin, each a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual import on
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ..chrome import KeyBar
from ..inert import inert, tail
from ..keys import key

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from ..ink import Ink

__all__ = ["BEGINNINGS", "Welcome"]


class Beginning(NamedTuple):
    """A way to begin: what it is called, what it does in few words, and in two lines."""

    name: str
    key: str
    title: str
    short: str
    words: str
    more: str


BEGINNINGS: Final = (
    Beginning(
        "journal",
        "n",
        "Start a journal",
        "write the first memory",
        "Write the first memory. What you write is kept for good, in",
        "{journal}",
    ),
    Beginning(
        "index",
        "i",
        "Index this folder",
        "ask its code within a budget",
        "Ask its code within a budget of tokens. Nothing leaves this machine.",
        "{folder}",
    ),
    Beginning(
        "provider",
        "p",
        "Point at a provider",
        "a model to talk with",
        "A model, here or elsewhere, to talk with about your memories.",
        "Without one mnemo answers by itself.",
    ),
    Beginning(
        "demo",
        "d",
        "Look around in a demo",
        "nothing of it is kept",
        "Six years of a made-up life, and an index of mnemo's own code.",
        "Nothing of it is kept, and nothing of yours is touched.",
    ),
)
_LEAD: Final = "Two kinds of memory in one terminal: what you live, and what you code."


class Welcome(Screen[str | None]):
    """Dismissed with the name of the beginning that was chosen, or None."""

    CSS_PATH = "welcome.tcss"
    HELP = (
        "Nothing is set up yet. Choose what to begin with, or go in as it is; the palette brings this back."
    )
    HELP_TITLE = "First steps"
    BINDINGS: ClassVar = [
        *(
            key(
                each.key,
                f"begin('{each.name}')",
                each.title,
                f"welcome.{each.name}",
                f"{each.title}: {each.short}",
            )
            for each in BEGINNINGS
        ),
        key("j", "move('down')", "Down", "welcome.down", "The next"),
        key("k", "move('up')", "Up", "welcome.up", "The one before"),
        key("escape", "begin('')", "Go in as it is", "welcome.skip", "Begin with none of it", show=True),
    ]

    def __init__(self, ink: Ink, journal: Path, folder: Path) -> None:
        super().__init__()
        self.ink = ink
        self.places = {"journal": str(journal), "folder": str(folder)}

    def compose(self) -> ComposeResult:
        """A word, the four, and what stands beneath every screen."""
        yield Static("mnemo", id="welcome-name")
        yield Static(_LEAD, id="welcome-lead")
        yield OptionList(id="welcome-list")
        yield KeyBar(self.ink)

    def on_mount(self) -> None:
        """Begin at the first."""
        options = self.query_one(OptionList)
        options.focus()

    def on_resize(self) -> None:
        """Say as much as there is room for."""
        options = self.query_one(OptionList)
        at = options.highlighted_option
        drawn: list[Option] = []
        for each in BEGINNINGS:
            if drawn and self._tall:
                drawn.append(Option("", disabled=True))
            drawn.append(Option(self._row(each), id=each.name))
        options.set_options(drawn)
        options.highlighted = options.get_option_index(at.id) if at is not None and at.id else 0

    @property
    def _tall(self) -> bool:
        return self.size.height >= 22

    def _row(self, each: Beginning) -> Content:
        lines = [each.words if self.size.width >= 64 else each.short]
        if self._tall:
            more = each.more.format_map(self.places)
            lines.append(tail(inert(more), min(len(more), self.size.width * 9 // 10 - 6)))
        shown = self.app.get_key_display(self._bindings.get_bindings_for_key(each.key)[0])
        return Content.assemble(
            (f" {shown} ", "$accent bold"),
            (f" {each.title}\n", "bold"),
            ("\n".join(f"    {line}" for line in lines), "$text-muted"),
        )

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_move(self, direction: str) -> None:
        """Move as the arrows do."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if direction == "down" else options.action_cursor_up)()

    def action_begin(self, name: str) -> None:
        """Begin with one of them, or with none."""
        self.dismiss(name or None)
