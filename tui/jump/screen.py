"""The letters over whatever screen is shown."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from ..chrome import TabBar
from ..keys import key

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.screen import Screen

    from ..ink import Ink

__all__ = ["Jump", "Target", "targets"]

_LETTERS: Final = "asdfghjklqwertyuiopzxcvbnm"


class Target(NamedTuple):
    """Somewhere to go: the keys that lead there, where they are shown, and the widget or the pane's name.

    A tab shows its key already, so it has no place.
    """

    label: str
    at: Offset | None
    place: Widget | str


def targets(screen: Screen[object]) -> list[Target]:
    """All that can be gone to: what can have the keys, in reading order, and the tabs by their own keys."""
    seen = [
        widget
        for widget in screen.focus_chain
        if widget.region and widget.visible and screen.region.overlaps(widget.region)
    ]
    seen.sort(key=lambda widget: (widget.region.y, widget.region.x))
    places: list[Target] = []
    taken: set[Offset] = set()
    for label, widget in zip(_labels(len(seen)), seen, strict=True):
        at = widget.content_region.offset
        while at in taken:
            at += Offset(0, 1)
        taken.add(at)
        places.append(Target(label, at, widget))
    for bar in screen.query(TabBar):
        places += [Target(tab_key, None, name) for tab_key, _, name in bar.tabs]
    return places


def _labels(number: int) -> list[str]:
    """So many labels, all of one length, those of the home row first."""
    length = 1
    while len(_LETTERS) ** length < number:
        length += 1
    return ["".join(each) for each, _ in zip(product(_LETTERS, repeat=length), range(number), strict=False)]


class _Label(Widget):
    """A label, as plain as a line can be drawn."""

    def __init__(self, text: str, style: Style) -> None:
        super().__init__()
        self._strip = Strip([Segment(text, style)])

    def render_line(self, y: int) -> Strip:
        """Draw it."""
        return self._strip


class Jump(ModalScreen["Target | None"]):
    """Dismissed with where to go, or None."""

    CSS_PATH = "jump.tcss"
    BINDINGS: ClassVar = [key("escape", "leave", "Stay", "jump.leave", "Stay where you are")]

    def __init__(self, places: list[Target], ink: Ink) -> None:
        super().__init__()
        self.places = places
        self.ink = ink
        self._typed = ""
        self._size = self.app.size

    def compose(self) -> ComposeResult:
        """A label on each."""
        style = self.ink.heading + Style(reverse=True)
        for target in self.places:
            if target.at is not None:
                label = _Label(target.label, style)
                label.styles.offset = target.at
                label.styles.width = len(target.label)
                yield label

    def on_mount(self) -> None:
        """Without colour nothing can be dimmed, only seen through."""
        if self.ink.theme.plain:
            self.styles.background = "transparent"

    def on_key(self, event: events.Key) -> None:
        """Go where the letters lead to; a key that leads nowhere leaves."""
        if event.key == "escape":
            return
        event.stop()
        event.prevent_default()
        self._typed += event.character or "\0"
        found = next((target for target in self.places if target.label == self._typed), None)
        if found is not None:
            self.dismiss(found)
        elif not any(target.label.startswith(self._typed) for target in self.places):
            self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """Leave, or go where the label that was clicked is."""
        spot = Offset(event.screen_x, event.screen_y)
        self.dismiss(next((target for target in self.places if target.at == spot), None))

    def on_resize(self) -> None:
        """All stands elsewhere now."""
        if self.app.size != self._size:
            self.dismiss(None)

    def action_leave(self) -> None:
        """Stay."""
        self.dismiss(None)
