"""What frames the panes: the bar of tabs above them, and the blank that hides everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from .inert import cut

if TYPE_CHECKING:
    from textual import events

    from .ink import Ink

__all__ = ["Blank", "TabBar"]


class TabBar(Widget):
    """One line: the panes with their keys, and at the right what the app has to say of itself."""

    def __init__(self, ink: Ink, tabs: tuple[tuple[str, str, str], ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.tabs = tabs
        """Key, name and action of each pane."""
        self.active = tabs[0][1]
        self.status = ""
        self._spans: list[tuple[int, int, str]] = []

    def say(self, status: str) -> None:
        """Show a text at the right end."""
        self.status = status
        self.refresh()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the bar."""
        ink, width = self.ink, self.size.width
        segments = [Segment(" mnemo ", ink.heading)]
        at = 7
        self._spans = []
        for key, name, action in self.tabs:
            style = ink.strong if name == self.active else ink.muted
            segments += [Segment(f" {key} ", ink.muted), Segment(f"{name} ", style)]
            self._spans.append((at, at + len(key) + len(name) + 3, action))
            at += len(key) + len(name) + 3
        room = width - at
        status = cut(self.status, min(len(self.status), max(0, room - 2)))
        segments += [
            Segment(" " * max(0, room - len(status) - 1), ink.text),
            Segment(f"{status} ", ink.muted),
        ]
        return Strip(Segment.apply_style(segments, self.rich_style)).adjust_cell_length(
            width, self.rich_style
        )

    async def on_click(self, event: events.Click) -> None:
        """Go to the pane whose tab was clicked."""
        for start, end, action in self._spans:
            if start <= event.x < end:
                await self.app.run_action(action)


class Blank(ModalScreen[None]):
    """Nothing at all, until a key is pressed."""

    BINDINGS: ClassVar = [Binding("escape", "dismiss", "Show again", show=False, id="blank.show")]

    def on_key(self, event: events.Key) -> None:
        """Show everything again, whatever the key was, and let it do nothing else."""
        event.stop()
        event.prevent_default()
        self.dismiss()

    def on_click(self) -> None:
        """Show everything again."""
        self.dismiss()
