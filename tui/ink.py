"""What the line widgets draw with: a theme turned into ready Rich styles, and into Textual's own theme;
and the user's way of writing feelings and times."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from rich.style import Style
from textual.theme import Theme as ScreenTheme

from ..storage.feelings import Feeling, kin_of
from .moments import Dates

if TYPE_CHECKING:
    from ..themes import Look, Theme

__all__ = ["Ink", "screen_theme"]

_ON_SCREEN: Final = ("background", "surface", "panel", "foreground", "primary", "secondary", "accent")
_FEELINGS: Final = frozenset(Feeling)
_SIGNALS: Final = ("success", "warning", "error")


class Ink:
    """The styles of one theme; ``serial`` differs between any two, so that strip caches can key on it."""

    _serial = 0

    def __init__(
        self, theme: Theme, *, ascii_only: bool = False, language: str = "en", dates: Dates | None = None
    ) -> None:
        Ink._serial += 1
        self.serial = Ink._serial
        self.theme = theme
        self.ascii_only = ascii_only
        self.italian = language == "it"
        self.dates = Dates() if dates is None else dates
        self._looks: dict[str, tuple[Look, Style]] = {}

    def style(self, colour: str, attributes: str = "") -> Style:
        """A style with a theme colour by name, and attributes as in ``bold italic``."""
        return Style.parse(attributes) + _colour(self.theme.colours[colour])

    @cached_property
    def text(self) -> Style:
        """Plain text."""
        return self.style("foreground")

    @cached_property
    def strong(self) -> Style:
        """Names and titles."""
        return self.style("foreground", "bold")

    @cached_property
    def muted(self) -> Style:
        """What stands back: times, counts, rules."""
        return self.style("muted", "dim" if self.theme.plain else "")

    @cached_property
    def heading(self) -> Style:
        """Month headings and section titles."""
        return self.style("accent", "bold")

    @cached_property
    def link(self) -> Style:
        """What a key or click acts on."""
        return self.style("primary", "underline" if self.theme.plain else "")

    @cached_property
    def warning(self) -> Style:
        """Damage and trouble."""
        return self.style("error", "bold")

    @cached_property
    def good(self) -> Style:
        """All is well."""
        return self.style("success")

    @cached_property
    def cursor(self) -> Style:
        """Laid over the row under the cursor while its list has the keys."""
        if self.theme.plain:
            return Style(reverse=True)
        return Style(bgcolor=self.theme.colours["cursor"])

    @cached_property
    def cursor_away(self) -> Style:
        """Laid over the row under the cursor while the keys are elsewhere."""
        if self.theme.plain:
            return Style(underline=True)
        return Style(bgcolor=self.theme.colours["panel"])

    def feeling(self, name: str) -> tuple[Look, Style]:
        """How a feeling is drawn, its word in the user's language, and its colour as a style."""
        found = self._looks.get(name)
        if found is None:
            look = self.theme.look(str(name), kin_of(name), ascii_only=self.ascii_only)
            if self.italian and name in _FEELINGS:
                look = look._replace(word=Feeling(name).italian)
            found = self._looks[name] = (look, _colour(look.colour))
        return found


def _colour(colour: str) -> Style:
    return Style(color=colour)


def screen_theme(theme: Theme) -> ScreenTheme:
    """Textual's counterpart of a theme, for everything that is drawn through style sheets."""
    colours = {
        name: "ansi_default" if colour == "default" else colour for name, colour in theme.colours.items()
    }
    variables = {
        "text-muted": colours["muted"],
        "mnemo-cursor": colours["cursor"],
        "border": colours["muted"],
        "border-blurred": colours["panel"],
        "block-cursor-background": colours["cursor"],
        "block-cursor-foreground": colours["foreground"],
        # Textual 8.2 leaves "reverse" out of what a list draws.
        "block-cursor-text-style": "bold underline" if theme.plain else "bold",
        "block-cursor-blurred-text-style": "underline" if theme.plain else "none",
        "input-selection-background": colours["panel"],
        "input-cursor-text-style": "reverse",
        "input-cursor-background": colours["background"] if theme.plain else colours["foreground"],
        "input-cursor-foreground": colours["foreground"] if theme.plain else colours["background"],
        "scrollbar": colours["panel"],
        "scrollbar-hover": colours["muted"],
        "scrollbar-active": colours["accent"],
        "scrollbar-background": colours["background"],
        "scrollbar-background-hover": colours["background"],
        "scrollbar-background-active": colours["background"],
        "scrollbar-corner-color": colours["background"],
    }
    if theme.plain:
        variables |= {"ansi-background": "ansi_default", "ansi-foreground": "ansi_default"}
    else:
        variables["input-cursor-text-style"] = "none"
    return ScreenTheme(
        name=theme.name,
        dark=theme.dark,
        ansi=theme.plain,
        variables=variables,
        **{name: colours[name] for name in (*_ON_SCREEN, *_SIGNALS)},  # type: ignore[arg-type]
    )
