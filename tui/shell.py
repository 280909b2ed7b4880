"""The app: it wires panes, backend and themes together, and delegates everything else."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.filter import NoColor

from ..settings import Settings
from ..themes import load_theme
from . import terminal
from .chrome import Blank, KeyBar, TabBar
from .closed import Closed
from .guard import Guard
from .inert import inert
from .keys import key
from .panes import PANES, MemoryWanted, Pane, entry_of
from .settings import KEEPING
from .theming import Themed
from .welcome.here import Here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.command import Provider
    from textual.notifications import SeverityLevel
    from textual.widget import Widget

    from ..themes import Theme
    from .backend import Answer, Backend, Failed
    from .settings.keeping import Keeper
    from .settings.reading import Row
    from .theme_watch import Found

__all__ = ["MnemoApp"]

_STYLES: Final = "shell.tcss"
_KEYS: Final = "keymap"
_FAULTS: Final = 5
_ROOMY: Final = 104
"""The cells from which on a notice has a corner of its own; narrower it is one line over the keys."""
_WRITTEN_BY: Final = ("language", "time_format", "first_weekday")
"""The settings that say how feelings and times are written."""


def actions_provider() -> type[Provider]:
    """What the palette asks; imported when it opens."""
    from .palette import Actions  # noqa: PLC0415

    return Actions


class Checked(NamedTuple):
    """What of the user's keymap can be used, and what is wrong with the rest."""

    sound: dict[str, str]
    faults: list[str]


class MnemoApp(Themed):
    """mnemo in a terminal. It ends with ``demo`` or ``home`` where the one or the other is to be shown next.

    Args:
        backend: All reading and writing.
        settings: The user's settings.
        theme: The theme to begin with; ``dark`` if None.
        pane: The name of the pane to begin with.
        ascii_only: Draw nothing outside ASCII of our own.
        save_setting: Called with key and value of a setting that was chosen for good.
        after_first_frame: Called once the app is there; gives every theme.
        themes_dir: Where the user's own themes are; they are followed as they change.
        name: What the tab bar calls the journal.
        here: Where the app runs.
    """

    TITLE = "mnemo"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (64, "-narrow"), (_ROOMY, "-wide"), (160, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-medium"), (36, "-tall")]  # noqa: RUF012
    COMMANDS = {actions_provider}  # noqa: RUF012
    NOTIFICATION_TIMEOUT = 4
    HELP = "mnemo keeps what you write, for good."
    HELP_TITLE = "Everywhere"
    BINDINGS: ClassVar = [
        key("question_mark,f1", "help", "Help", "app.help", "The keys of where you are", show=True),
        *(
            key(each.key, f"pane('{each.name}')", each.title, f"app.{each.name}", each.tooltip)
            for each in PANES
        ),
        key("ctrl+pagedown", "next_pane(1)", "Next pane", "app.next_pane", "To the pane on the right"),
        key("ctrl+pageup", "next_pane(-1)", "Pane before", "app.pane_before", "To the pane on the left"),
        key("ctrl+p", "command_palette", "Palette", "app.palette", "Every action, by name"),
        key(
            "f9,ctrl+l",
            "blank",
            "Hide",
            "app.blank",
            "Hide everything from onlookers; any key shows it again",
            first=True,
        ),
        key("f10,ctrl+t", "themes", "Theme", "app.themes", "Choose a theme, and see it while you choose"),
        key("f6,ctrl+o", "jump", "Jump", "app.jump", "A letter on each place; press it to go there"),
        key("f12,comma", "settings", "Settings", "app.settings", "Every setting, and where it comes from"),
        key("ctrl+z", "suspend_process", "Suspend", "app.suspend", "To the shell; fg comes back"),
        key("q,ctrl+q", "quit", "Quit", "app.quit", "Leave mnemo; nothing is lost"),
    ]

    def __init__(
        self,
        backend: Backend,
        settings: Settings | None = None,
        *,
        theme: Theme | None = None,
        pane: str = "timeline",
        ascii_only: bool = False,
        save_setting: Callable[[str, bool | str | None], None] | None = None,
        after_first_frame: Callable[[], Found] | None = None,
        themes_dir: Path | None = None,
        name: str = "",
        here: Here | None = None,
    ) -> None:
        first = entry_of(pane).load()
        self.settings = settings = Settings() if settings is None else settings
        no_color = bool(os.environ.get("NO_COLOR"))
        theme = load_theme("mono") if no_color else theme or load_theme("dark")
        assert theme is not None
        self.begin_themed(theme)
        super().__init__(css_path=[_STYLES, first.style_path()])
        self.backend = backend
        self.journal_name = name
        self.ascii_only = ascii_only
        self.here = Here() if here is None else here
        self._save_setting = save_setting
        self._after_first_frame = after_first_frame
        self._themes_dir = themes_dir
        self._filters.append(Guard())
        if no_color:
            self._filters.append(NoColor())
        self.ink = self.make_ink(theme.name)
        self.panes: dict[str, Pane] = {pane: first(backend, self.ink, settings, id=pane)}
        """The panes that were shown already, by name."""
        self.pane = self.panes[pane]
        """The one that is shown."""
        self._left_at: dict[str, Widget] = {}
        """Where the focus was when a pane was left."""
        self.set_keymap(settings.keymap)

    def compose(self) -> ComposeResult:
        """The bars and the first pane between them."""
        keys = self.settings.keymap
        tabs = tuple(
            (keys.get(f"app.{each.name}", each.key).partition(",")[0], each.title, each.name)
            for each in PANES
        )
        yield TabBar(self.ink, tabs, str(self.pane.id), id="tabs")
        yield self.pane
        yield KeyBar(self.ink)

    def on_mount(self) -> None:
        """Paint, then load the rest."""
        self.theme_changed_signal.subscribe(self, lambda theme: self.use_ink(theme.name))
        self.screen_change_signal.subscribe(self, Closed(self).changed)
        if self.here.bare:
            from .welcome.steps import offer  # noqa: PLC0415 -- only once

            offer(self)
        self.app_suspend_signal.subscribe(self, lambda _: self._leave_title(), immediate=True)
        self.app_resume_signal.subscribe(self, lambda _: self._come_back())
        self._entitle()
        self.call_after_refresh(self._load_rest)

    def on_unmount(self) -> None:
        """Nobody waits any more for what is still being read."""
        self.backend.leave()
        self.leave_themes()

    def _load_rest(self) -> None:
        base = self.screen_stack[0]
        if not base.is_running:
            return  # left before the first frame
        self.pane.load_rest()
        if self._after_first_frame is not None:
            self.take_themes(self._after_first_frame())
        self._check_keymap()
        if self._themes_dir is not None:
            self.watch_themes(self._themes_dir)

    # -- panes ----------------------------------------------------------------------------------

    async def show_pane(self, name: str) -> Pane:
        """Show a pane, which is made when it is shown for the first time, and give it the keys."""
        base = self.screen_stack[0]
        before = self.pane
        if before.id == name:
            return before
        if base.focused is not None and before in base.focused.ancestors:
            self._left_at[str(before.id)] = base.focused
        pane = self.panes.get(name)
        self.query_one(TabBar).activate(name)
        if pane is not None:
            self.pane = pane
            before.display, pane.display = False, True
            there = self._left_at.get(name)
            if there is not None and there.is_attached and there.display:
                base.set_focus(there)
            else:
                pane.focus_first()
        else:
            kind = entry_of(name).load()
            pane = self.panes[name] = self.pane = kind(self.backend, self.ink, self.settings, id=name)
            path = kind.style_path()
            if not self.stylesheet.has_source(str(path), ""):
                self.stylesheet.read(path)
                self.stylesheet.parse()
            before.display = False
            await base.mount(pane, before="#keys")
            pane.after_frame(pane.load_rest)
        self._leave_notices()
        self._say()
        return pane

    def _leave_notices(self) -> None:
        """What the pane before had to tell is not for this one; what went wrong stays its time."""
        for told in list(self._notifications):
            if told.severity == "information":
                self._unnotify(told, refresh=False)
        self._refresh_notifications()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Tell something; where there is little room, in one line, over the keys and not what is read."""
        if title and "\n" not in message and self.size.width < _ROOMY:
            title, message = "", f"{title}: {message}"
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def on_pane_status_changed(self, message: Pane.StatusChanged) -> None:
        """Show what the pane has to say, if it is the one that is shown."""
        if message.pane is self.pane:
            self._say()

    def _say(self) -> None:
        self._entitle()
        for screen in self.screen_stack[:1]:  # none, or without bars, when the app is being closed
            for bar in screen.query(TabBar):
                bar.say(self.pane.status, self.journal_name)

    def _entitle(self) -> None:
        """Tell the terminal's window what is shown, unless it is hidden."""
        if self._driver is None or self.is_headless:
            return
        text = "mnemo"
        if not (self.screen_stack and isinstance(self.screen, Blank)):
            code = self.pane.id in ("explore", "cache")
            where = self.here.folder.absolute().name if code else self.here.journal.stem
            text += f" · {entry_of(str(self.pane.id)).title} · {'demo' if self.here.demo else where}"
        self._driver.write(terminal.title(text))

    def _leave_title(self) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(terminal.RESTORE_TITLE + terminal.SAVE_TITLE)

    def _come_back(self) -> None:
        """The terminal is ours again, and empty."""
        self._entitle()
        self.refresh(layout=True)

    async def on_memory_wanted(self, message: MemoryWanted) -> None:
        """Go to a memory in the Timeline, whatever pane asked for it."""
        from .timeline.pane import TimelinePane  # noqa: PLC0415 -- whoever asks has been shown before

        pane = await self.show_pane("timeline")
        assert isinstance(pane, TimelinePane)
        pane.land_on(message.memory)

    async def on_writing_wanted(self) -> None:
        """Write a memory in the Timeline, whatever pane asked for it."""
        await self.run_action("compose", await self.show_pane("timeline"))

    # -- settings -------------------------------------------------------------------------------

    @cached_property
    def _keeper(self) -> Keeper | None:
        from .settings.keeping import Keeper  # noqa: PLC0415 -- nobody sets anything before the first frame

        return (
            Keeper(self, self.backend, self._save_setting, self.here.folder) if self._save_setting else None
        )

    def save_setting(self, key: str, value: bool | str) -> None:
        """Keep a setting for good."""
        if self._keeper is not None:
            self._keeper.keep(key, value)

    def change_setting(self, row: Row, text: str | None) -> None:
        """Keep what was typed for a setting; None for its default."""
        if self._keeper is not None:
            self._keeper.change(row, text)

    def _check_keymap(self) -> None:
        """Look, in a worker, whether the user's keys can be what they are meant to be."""
        keymap = self.settings.keymap
        if not keymap:
            return

        def check() -> Checked:
            from .keymap import faults, sound  # noqa: PLC0415 -- loads every place of the app

            return Checked(sound(keymap), faults(keymap))

        self.backend.request(self, _KEYS, "checking the keys", lambda _: check())

    def on_answer(self, message: Answer) -> None:
        """The keys were looked at; or a setting was kept: follow it, and let whoever shows settings know."""
        if isinstance(message.value, Checked):
            self.set_keymap(message.value.sound)
            if faults := message.value.faults:
                more = [f"and {len(faults) - _FAULTS} more: mnemo doctor"] if len(faults) > _FAULTS else []
                words = "\n".join(faults[:_FAULTS] + more)
                self.notify(inert(words), title="Keys", severity="warning", timeout=15, markup=False)
        if message.ticket.group != KEEPING:
            return
        from .settings.reading import Changed  # noqa: PLC0415 -- it is what was kept, so it is loaded

        if isinstance(changed := message.value, Changed):
            self.use_settings(changed.settings)
            if changed.row is not None and changed.row.project:
                self.backend.code_changed()
            for screen in self.screen_stack:
                told = getattr(screen, "settings_changed", None)
                if told is not None:
                    told(changed)

    def on_failed(self, message: Failed) -> None:
        """A setting could not be kept."""
        if message.ticket.group == KEEPING:
            self.notify(inert(message.error), title="Settings", severity="error", markup=False)

    def use_settings(self, settings: Settings) -> None:
        """Follow the user's settings from now on, all but what is read when the app starts."""
        before, self.settings = self.settings, settings
        for pane in self.panes.values():
            pane.settings = settings
        if settings.keymap != before.keymap:
            self.set_keymap(settings.keymap)
            self._check_keymap()
        if settings.animations != before.animations:
            self.animation_level = "full" if settings.animations else "none"
        if settings.theme not in (before.theme, self.theme) and settings.theme in self.palettes:
            self.theme = settings.theme
        elif any(getattr(settings, name) != getattr(before, name) for name in _WRITTEN_BY):
            self.restyle_all()

    def action_settings(self) -> None:
        """Show every setting."""
        from .settings.screen import SettingsScreen  # noqa: PLC0415

        self.push_screen(SettingsScreen(self.ink))

    def palette_entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """What the palette offers everywhere, beside what has a key."""
        from .welcome.steps import entries  # noqa: PLC0415

        yield from entries(self)

    # -- actions --------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys of where the focus is."""
        from .dialogs.help import HelpScreen  # noqa: PLC0415

        self.push_screen(HelpScreen(self.screen, self.ink))

    def action_jump(self) -> None:
        """Put a letter on all that can have the keys, and go where one leads."""
        from .jump.screen import Jump, Target, targets  # noqa: PLC0415

        async def go(target: Target | None) -> None:
            place = target.place if target is not None else None
            if isinstance(place, str):
                await self.show_pane(place)
            elif place is not None:
                place.focus()

        if not self.screen.is_modal:
            self.push_screen(Jump(targets(self.screen), self.ink), go)

    def action_blank(self) -> None:
        """Hide everything."""
        if isinstance(self.screen, Blank):
            self.screen.dismiss()
        else:
            self.push_screen(Blank(), lambda _: self._entitle())
            self._entitle()

    async def action_pane(self, name: str) -> None:
        """Go to a pane."""
        await self.show_pane(name)

    async def action_next_pane(self, by: int) -> None:
        """Go to a neighbour of the pane that is shown; the last and the first are neighbours too."""
        names = [each.name for each in PANES]
        await self.show_pane(names[(names.index(str(self.pane.id)) + by) % len(names)])
