"""The themes of the app: what Textual asks about them, choosing one, and following the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from .inert import inert, one_line
from .ink import Ink, screen_theme
from .moments import Dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.theme import Theme as ScreenTheme

    from ..settings import Settings
    from ..themes import Theme
    from .theme_watch import Found, ThemeWatch

__all__ = ["Themed", "ThemesFound"]


class ThemesFound(Message):
    """The user's themes are others now."""

    def __init__(self, found: Found) -> None:
        self.found = found
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts."""
        return isinstance(message, ThemesFound)


class Themed(App[str]):
    """An app that draws in one of ``palettes``."""

    settings: Settings
    ascii_only: bool
    ink: Ink
    palettes: Mapping[str, Theme]
    """The themes that are loaded, by name."""
    _screen_themes: dict[str, ScreenTheme]
    _faults = ""
    _theme_watch: ThemeWatch | None = None

    def begin_themed(self, theme: Theme) -> None:
        """Draw in one theme, before the app is made: set afterwards, every style sheet is read twice."""
        self.palettes = {theme.name: theme}
        self._screen_themes = {}
        self.set_reactive(App.theme, theme.name)

    def make_ink(self, theme: str) -> Ink:
        """What the widgets draw with, in a theme and as the settings say."""
        settings = self.settings
        return Ink(
            self.palettes[theme],
            ascii_only=self.ascii_only,
            language=settings.language,
            dates=Dates(settings.time_format == "12h", settings.week_begins),
        )

    @property
    def available_themes(self) -> dict[str, ScreenTheme]:
        """The themes that are loaded, as Textual knows them."""
        for name, theme in self.palettes.items():
            if name not in self._screen_themes:
                self._screen_themes[name] = screen_theme(theme)
        return self._screen_themes

    def get_theme(self, theme_name: str) -> ScreenTheme | None:
        """One of them; None where there is none of that name."""
        if theme_name not in self._screen_themes and theme_name in self.palettes:
            self._screen_themes[theme_name] = screen_theme(self.palettes[theme_name])
        return self._screen_themes.get(theme_name)

    def use_ink(self, name: str) -> None:
        """Draw in another theme, if it is another."""
        if name in self.palettes and self.palettes[name] is not self.ink.theme:
            self.restyle_all()

    def restyle_all(self) -> None:
        """Have everything drawn anew."""
        self.ink = self.make_ink(self.theme)
        for screen in self.screen_stack:
            for node in screen.walk_children(with_self=True):
                restyle = getattr(node, "restyle", None)
                if restyle is not None:
                    restyle(self.ink)

    # -- the user's own -------------------------------------------------------------------------

    def take_themes(self, found: Found) -> None:
        """Use the themes that were found; of one that is broken now, the last that was sound."""
        kept = {name: self.palettes[name] for name in found.broken if name in self.palettes}
        gone = {} if self.theme in found.themes else {self.theme: self.palettes[self.theme]}
        self.palettes = {**gone, **found.themes, **kept}
        self._screen_themes.clear()
        if self.palettes[self.theme] != self.ink.theme:
            self.mutate_reactive(App.theme)
        if found.faults and found.faults != self._faults:
            words = f"{found.faults}\nThe last that was sound stays." if kept else found.faults
            self.notify(inert(words), title="Themes", severity="warning", timeout=15, markup=False)
        elif self._faults and not found.faults:
            self.notify("Every theme is sound again", title="Themes")
        self._faults = found.faults

    def watch_themes(self, folder: Path) -> None:
        """Follow the themes in a folder from now on."""
        from .theme_watch import ThemeWatch  # noqa: PLC0415 -- after the first frame

        self._theme_watch = ThemeWatch(folder, lambda found: self.post_message(ThemesFound(found)))

    def on_themes_found(self, message: ThemesFound) -> None:
        """Use them."""
        self.take_themes(message.found)

    def leave_themes(self) -> None:
        """Follow them no more."""
        if self._theme_watch is not None:
            self._theme_watch.stop()

    # -- choosing -------------------------------------------------------------------------------

    def save_setting(self, key: str, value: bool | str) -> None:
        """Keep a setting for good."""
        raise NotImplementedError

    def action_themes(self) -> None:
        """Choose a theme; each shows itself while the cursor is on it."""
        from .dialogs.choice import Choice  # noqa: PLC0415

        before = self.theme

        def preview(name: str) -> None:
            self.theme = name

        def done(name: str | None) -> None:
            self.theme = name or before
            if name is not None:
                self.save_setting("app.theme", name)

        options = [(each.name, one_line(each.label, 60)) for each in self.palettes.values()]
        self.push_screen(Choice("Theme", options, chosen=before, on_move=preview), done)
