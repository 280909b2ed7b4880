"""The app: it wires panes, backend and theme together, and delegates everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Container

from ..themes import load_themes
from .backend import Backend
from .chrome import Blank, TabBar
from .ink import Ink, screen_theme
from .keys import key
from .timeline.pane import TimelinePane

if TYPE_CHECKING:
    from pathlib import Path

    from ..storage.journal import MemoryDB

__all__ = ["MnemoApp", "run"]


class MnemoApp(App[None]):
    """mnemo in a terminal."""

    TITLE = "mnemo"
    CSS_PATH: ClassVar = ["app.tcss", "timeline/timeline.tcss"]
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-tiny"), (64, "-narrow"), (104, "-wide"), (160, "-huge")]
    VERTICAL_BREAKPOINTS: ClassVar = [(0, "-short"), (18, "-medium"), (36, "-tall")]
    BINDINGS: ClassVar = [
        Binding(
            "f9",
            "blank",
            "Hide",
            show=False,
            priority=True,
            id="app.blank",
            tooltip="Hide everything from onlookers",
        ),
        key("q,ctrl+q", "quit", "Quit", "app.quit", "Leave mnemo; nothing is lost", show=True),
    ]

    def __init__(self, backend: Backend, *, theme: str = "dark", theme_folder: Path | None = None) -> None:
        super().__init__()
        self.backend = backend
        self.themes_, self._theme_faults = load_themes(theme_folder)
        for each in self.themes_.values():
            self.register_theme(screen_theme(each))
        self.ink = Ink(self.themes_[theme])
        self.theme = theme

    def compose(self) -> ComposeResult:
        """The bar and the panes; the footer comes after the first paint."""
        yield TabBar(self.ink, (("1", "Timeline", "pane('timeline')"),), id="tabs")
        yield TimelinePane(self.backend, self.ink)
        yield Container(id="foot")

    def on_mount(self) -> None:
        self.call_after_refresh(self._mount_rest)

    async def _mount_rest(self) -> None:
        from textual.widgets import Footer

        await self.query_one("#foot").mount(Footer(show_command_palette=False, compact=True))

    def on_timeline_pane_status_changed(self, message: TimelinePane.StatusChanged) -> None:
        self.query_one(TabBar).say(message.text)

    def action_blank(self) -> None:
        """Hide everything."""
        self.push_screen(Blank())


def run(db_path: Path) -> None:
    """Run the app until it is left."""

    def open_journal() -> MemoryDB:
        from ..storage.journal import MemoryDB

        return MemoryDB(db_path)

    backend = Backend(open_journal)
    MnemoApp(backend).run()
    backend.close()
