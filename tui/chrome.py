"""What frames the panes: the tabs above, the keys beneath, lines that say things, and the blank."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from .inert import cut, cut_parts

if TYPE_CHECKING:
    from textual import events

    from .ink import Ink

__all__ = ["Blank", "HeaderLine", "KeyBar", "TabBar"]


class TabBar(Widget):
    """One line: the panes with their keys, and at the right what the shown one has to say."""

    def __init__(
        self,
        ink: Ink,
        tabs: tuple[tuple[str, str, str], ...],
        active: str,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.ink = ink
        self.tabs = tabs
        """Key, title and name of each pane."""
        self.active = active
        self.status = ""
        self.name_shown = ""
        """What stands before the status where there is room: the journal's name."""
        self._spans: list[tuple[int, int, str]] = []

    def activate(self, name: str) -> None:
        """Mark another pane as the one that is shown."""
        self.active = name
        self.refresh()

    def say(self, status: str, name: str = "") -> None:
        """Show a text at the right end, and a name before it where there is room."""
        self.status, self.name_shown = status, name
        self.refresh()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the bar; where the titles do not fit, only that of the shown pane is written out."""
        ink, width = self.ink, self.size.width
        name = " mnemo "
        fits = len(name) + sum(len(key) + len(title) + 3 for key, title, _ in self.tabs) <= width
        if not fits:
            name = ""  # the room is the status's
        segments = [Segment(name, ink.heading)]
        at = len(name)
        self._spans = []
        for key, title, pane in self.tabs:
            active = pane == self.active
            label = f"{title} " if fits or active else ""
            segments += [
                Segment(f" {key} ", ink.muted),
                Segment(label, ink.strong if active else ink.muted),
            ]
            end = at + len(key) + 2 + len(label)
            self._spans.append((at, end, pane))
            at = end
        room = width - at
        status = " · ".join(part for part in (self.name_shown, self.status) if part)
        if cell_len(status) > room - 2:
            status = self.status
        while cell_len(status) > room - 2 and ", " in status:
            status = status.rpartition(", ")[0]
        status = cut(status, min(cell_len(status), max(0, room - 2)))
        segments += [
            Segment(" " * max(0, room - cell_len(status) - 1), ink.text),
            Segment(f"{status} ", ink.muted),
        ]
        return Strip(Segment.apply_style(segments, self.rich_style)).adjust_cell_length(
            width, self.rich_style
        )

    async def on_click(self, event: events.Click) -> None:
        """Go to the pane whose tab was clicked."""
        for start, end, pane in self._spans:
            if start <= event.x < end:
                await self.app.run_action(f"pane('{pane}')")


class KeyBar(Widget):
    """One line with the keys that matter where the focus is; a click is the key.

    Textual's own footer makes a widget of each key anew whenever one changes, which costs more than all
    else that a key press sets going. Where the keys do not fit they first move together; then the last go,
    but for the very last one (help).
    """

    ALLOW_SELECT = False

    def __init__(self, ink: Ink) -> None:
        super().__init__(id="keys")
        self.ink = ink
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Follow the focus, and what can be done there."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    def _keys(self) -> list[tuple[Binding, bool]]:
        """The bindings to show with whether they can act now, the first key of each action."""
        found: dict[str, tuple[Binding, bool]] = {}
        focused = self.screen.focused
        for key, (_, binding, enabled, _) in self.screen.active_bindings.items():
            if not binding.show or binding.action in found:
                continue
            shown = self.app.get_key_display(binding)
            letter = shown if len(shown) == 1 and shown.isascii() else None
            if focused is None or not focused.check_consume_key(key, letter):  # else it is typed
                found[binding.action] = (binding, enabled)
        return list(found.values())

    def render_line(self, y: int) -> Strip:
        """Draw the keys."""
        ink, width = self.ink, self.size.width
        keys = [(self.app.get_key_display(each), each, enabled) for each, enabled in self._keys()]
        wide = [cell_len(shown) + cell_len(each.description) + 1 for shown, each, _ in keys]
        while len(keys) > 1 and sum(wide) + len(wide) > width:
            del keys[-2], wide[-2]
        gap = "  " if sum(wide) + 2 * len(wide) <= width + 1 else " "
        segments = [Segment(" ")]
        self._spans = []
        at = 1
        faint = Style(dim=True)
        for (shown, each, enabled), room in zip(keys, wide, strict=True):
            self._spans.append((at, at + room, each.key if enabled else ""))
            at += room + len(gap)
            key_style, style = ink.heading, ink.muted
            if not enabled:
                key_style, style = key_style + faint, style + faint
            segments += [Segment(shown, key_style), Segment(f" {each.description}{gap}", style)]
        base = self.rich_style
        return Strip(Segment.apply_style(segments, base)).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, end, pressed in self._spans:
            if start <= event.x < end:
                if pressed:
                    self.app.simulate_key(pressed)
                else:
                    self.app.bell()


class HeaderLine(Widget):
    """A line that says something at either end, and warns."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.left = ""
        self.right = ""
        self.warning = ""

    def say(self, left: str, right: str, warning: str = "") -> None:
        """Show a text at either end; a warning takes the left one's place."""
        if (left, right, warning) != (self.left, self.right, self.warning):
            self.left, self.right, self.warning = left, right, warning
            self.refresh()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.size.width
        right = f" {self.right} " if self.right else ""
        style = self.ink.warning if self.warning else self.ink.strong
        left = Segment(cut_parts(f" {self.warning or self.left}", max(0, width - len(right))), style)
        return Strip(
            Segment.apply_style([left, Segment(right[:width], self.ink.muted)], self.rich_style), width
        )


class Blank(ModalScreen[None]):
    """Nothing at all, until a key is pressed."""

    BINDINGS: ClassVar = [
        Binding(
            "escape", "dismiss", "Show again", show=False, id="blank.show", tooltip="Show everything again"
        )
    ]

    def on_key(self, event: events.Key) -> None:
        """Show everything again, whatever the key was, and let it do nothing else."""
        event.stop()
        event.prevent_default()
        self.dismiss()

    def on_click(self) -> None:
        """Show everything again."""
        self.dismiss()
