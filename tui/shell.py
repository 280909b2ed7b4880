"""The app: it wires panes, backend and themes together, and delegates everything else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.containers import Container
from textual.filter import NoColor

from .chrome import Blank, TabBar
from .ink import Ink, screen_theme
from .keys import key
from .timeline.pane import TimelinePane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult
    from textual.binding import Binding
    from textual.command import Provider
    from textual.dom import DOMNode

    from ..themes import Theme
    from .backend import Backend

__all__ = ["MnemoApp"]


def actions_provider() -> type[Provider]:
    """What the palette asks; imported when it opens."""
    from .palette import Actions  # noqa: PLC0415

    return Actions


class MnemoApp(App[None]):
    """mnemo in a terminal.

    Args:
        backend: All reading and writing.
        themes: Every theme that there is, by name.
        theme: The name of the theme to begin with; one that is not there gives way to ``dark``.
        keymap: Keys by binding id, for those that the user changed.
        ascii_only: Draw nothing outside ASCII of our own.
        save_theme: Called with the name of a theme that was chosen for good.
        editor: The command that edits a text; ``$VISUAL`` or ``$EDITOR`` if empty.
        warning: What the user should be told once the app is there.
        name: What the tab bar calls the journal.
    """

    TITLE = "mnemo"
    CSS_PATH = ["shell.tcss", "timeline/timeline.tcss"]  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (64, "-narrow"), (104, "-wide"), (160, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-medium"), (36, "-tall")]  # noqa: RUF012
    COMMANDS = {actions_provider}  # noqa: RUF012
    HELP = "mnemo keeps what you write, for good."
    HELP_TITLE = "Everywhere"
    BINDINGS: ClassVar = [
        key("question_mark", "help", "Help", "app.help", "The keys of where you are", show=True),
        key("ctrl+p", "command_palette", "Palette", "app.palette", "Every action, by name"),
        key(
            "f9,ctrl+l",
            "blank",
            "Hide",
            "app.blank",
            "Hide everything from onlookers; any key shows it again",
        ),
        key("f10,ctrl+t", "themes", "Theme", "app.themes", "Choose a theme, and see it while you choose"),
        key("q,ctrl+q", "quit", "Quit", "app.quit", "Leave mnemo; nothing is lost"),
    ]

    def __init__(
        self,
        backend: Backend,
        *,
        themes: Mapping[str, Theme],
        theme: str = "dark",
        keymap: Mapping[str, str] | None = None,
        ascii_only: bool = False,
        save_theme: Callable[[str], None] | None = None,
        editor: str = "",
        warning: str = "",
        name: str = "",
    ) -> None:
        super().__init__()
        self.backend = backend
        self.journal_name = name
        self.ascii_only = ascii_only
        self.save_theme = save_theme
        self.editor = editor
        self._warning = warning
        self.palettes = themes
        for each in self.palettes.values():
            self.register_theme(screen_theme(each))
        if os.environ.get("NO_COLOR"):
            theme = "mono"
            self._filters.append(NoColor())
        self.ink = Ink(self.palettes.get(theme, self.palettes["dark"]), ascii_only=ascii_only)
        self.theme = self.ink.theme.name
        if keymap:
            self.set_keymap(keymap)

    def compose(self) -> ComposeResult:
        """The bar and the panes; the footer comes after the first frame."""
        yield TabBar(self.ink, (("1", "Timeline", "app.pane('timeline')"),), id="tabs")
        yield TimelinePane(self.backend, self.ink, editor=self.editor)
        yield Container(id="foot")

    def on_mount(self) -> None:
        """Paint, then load the rest."""
        self.theme_changed_signal.subscribe(self, lambda theme: self._use_ink(theme.name))
        self.call_after_refresh(self._mount_rest)

    async def _mount_rest(self) -> None:
        from textual.widgets import Footer  # noqa: PLC0415 -- after the first frame

        base = self.screen_stack[0]
        if not base.is_running:
            return  # left before the first frame
        base.query_one(TimelinePane).load_rest()
        await base.query_one("#foot").mount(Footer(show_command_palette=False, compact=True))
        if self._warning:
            self.notify(self._warning, severity="warning", timeout=15, markup=False)

    def on_timeline_pane_status_changed(self, message: TimelinePane.StatusChanged) -> None:
        """Show what the pane says of the journal."""
        text = f"{self.journal_name} · {message.text}" if self.journal_name else message.text
        self.query_one(TabBar).say(text)

    # -- themes ---------------------------------------------------------------------------------

    def _use_ink(self, name: str) -> None:
        if name in self.palettes and name != self.ink.theme.name:
            self.ink = Ink(self.palettes[name], ascii_only=self.ascii_only)
            for screen in self.screen_stack:
                for node in screen.walk_children():
                    restyle = getattr(node, "restyle", None)
                    if restyle is not None:
                        restyle(self.ink)

    def _preview(self, name: str) -> None:
        self.theme = name

    def action_themes(self) -> None:
        """Choose a theme; each shows itself while the cursor is on it."""
        from .dialogs.choice import Choice  # noqa: PLC0415

        before = self.theme

        def done(name: str | None) -> None:
            self.theme = name or before
            if name is not None and self.save_theme is not None:
                self.save_theme(name)

        options = [(each.name, each.label) for each in self.palettes.values()]
        self.push_screen(Choice("Theme", options, chosen=before, on_move=self._preview), done)

    # -- actions --------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys of where the focus is."""
        from .dialogs.help import HelpScreen  # noqa: PLC0415

        self.push_screen(HelpScreen(self.screen, self.ink))

    def action_blank(self) -> None:
        """Hide everything."""
        if not isinstance(self.screen, Blank):
            self.push_screen(Blank())

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self.query_one(f"#{name}").focus_first()  # type: ignore[attr-defined]

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say which of the user's keys stand for two things."""
        names = ", ".join(sorted({binding.id or binding.action for binding in clashed_bindings}))
        self.notify(f"One key for several actions: {names}", title="Keys", severity="warning")
