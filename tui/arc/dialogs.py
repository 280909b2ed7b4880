"""What the Arc asks in a line: whose arc, and the file for its picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from ..dialogs.choice import Choice
from ..dialogs.prompt import Prompt
from ..inert import cut, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from .model import Arc

__all__ = ["ask_output", "choose_concept"]

_MOST: Final = 500
_ALL: Final = "All memories"


def choose_concept(app: App[None], arc: Arc, then: Callable[[str], None]) -> None:
    """Ask whose arc it is to be; empty for that of all memories."""
    names = ["", *list(arc.concepts)[:_MOST]]
    # A concept may hold anything, an option's id may not: the place stands for the name.
    wide = max(len(_ALL), *(cell_len(_shown(name)) for name in names))
    options = [
        (f"c{place}", f"{cut(_shown(name), wide)} {arc.concepts[name]:>7,}" if name else _ALL)
        for place, name in enumerate(names)
    ]
    chosen = f"c{names.index(arc.concept)}" if arc.concept in names else ""

    def done(place: str | None) -> None:
        if place is not None and names[int(place[1:])] != arc.concept:
            then(names[int(place[1:])])

    app.push_screen(Choice("Whose arc", options, chosen=chosen), done)


def _shown(concept: str) -> str:
    return one_line(concept, 40)


def ask_output(app: App[None], arc: Arc, then: Callable[[Path], None]) -> None:
    """Ask for the file to write the picture to."""
    name = "".join(char if char.isalnum() else "-" for char in arc.concept.lower()) or "all"

    def check(text: str) -> str:
        if not text.strip():
            raise ValueError("give it a name")
        path = Path(text.strip()).expanduser().absolute()
        return f"{'replaces' if path.exists() else 'writes'} {one_line(str(path), 200)}"

    def done(text: str | None) -> None:
        if text is not None:
            then(Path(text.strip()).expanduser().absolute())

    app.push_screen(Prompt("Write the picture to", check, value=f"~/mnemo-arc-{name}.svg"), done)
