"""Theme files and the feelings' palette: data that every face draws from. Knows no screen.

A theme is a TOML file: ``label``, ``dark``, ``plain`` (no colour at all), a table ``[colours]`` and a
table ``[feelings]``. A user's own lies in the config folder's ``themes/`` and may name only what
differs from the theme that it ``extends`` (``dark`` or ``light`` by its own ``dark`` unless given).
A feeling is always a glyph and a word beside its colour, never a colour alone.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BUILTIN_THEMES",
    "FEELING_GLYPHS",
    "Glyph",
    "Look",
    "Theme",
    "ThemeError",
    "load_theme",
    "load_themes",
    "theme_names",
]

BUILTIN_THEMES: Final = ("dark", "light", "contrast", "sixteen", "mono")
COLOUR_NAMES: Final = (
    "background",
    "surface",
    "panel",
    "foreground",
    "muted",
    "primary",
    "secondary",
    "accent",
    "success",
    "warning",
    "error",
    "cursor",
)


class Glyph(NamedTuple):
    """One terminal cell that stands for a feeling, and its stand-in where only ASCII shows."""

    text: str
    ascii: str


FEELING_GLYPHS: Final[Mapping[str, Glyph]] = MappingProxyType(
    {
        "joy": Glyph("☼", "*"),
        "sadness": Glyph("▼", "v"),
        "anger": Glyph("▲", "^"),
        "fear": Glyph("◉", "@"),
        "nostalgia": Glyph("◄", "<"),
        "love": Glyph("♥", "&"),
        "melancholy": Glyph("♪", "~"),
        "serenity": Glyph("≈", "="),
        "surprise": Glyph("!", "!"),
        "anxiety": Glyph("§", "s"),
        "gratitude": Glyph("♦", "+"),
        "shame": Glyph("∩", "n"),
        "pride": Glyph("★", "#"),
        "boredom": Glyph("…", "."),
        "curiosity": Glyph("?", "?"),
    }
)
_UNKNOWN: Final = Glyph("·", ":")


class Look(NamedTuple):
    """How a feeling is drawn: one cell, its word, and a colour (``#rrggbb`` or ``default``)."""

    glyph: str
    word: str
    colour: str


class ThemeError(ValueError):
    """Theme files have faults; the message names each file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: its colours by :data:`COLOUR_NAMES`, and one colour for each of the fifteen feelings.

    ``plain`` themes have no colour: faces leave every colour out and tell things apart by bold,
    reverse and glyphs.
    """

    name: str
    label: str
    dark: bool
    plain: bool
    colours: Mapping[str, str]
    feelings: Mapping[str, str]

    def look(self, feeling: str, kin: str | None = None, *, ascii_only: bool = False) -> Look:
        """How to draw a feeling; ``kin`` lends glyph and colour to one that is not of the fifteen."""
        key = feeling if feeling in FEELING_GLYPHS else (kin or "")
        glyph = FEELING_GLYPHS.get(key, _UNKNOWN)
        colour = self.feelings.get(key, self.colours["muted"])
        return Look(glyph.ascii if ascii_only else glyph.text, str(feeling), colour)


def theme_names(folder: Path | None = None) -> list[str]:
    """The names of every theme that loads: the built-in ones, then the user's in ``folder``."""
    return list(load_themes(folder)[0])


def load_themes(folder: Path | None = None) -> tuple[dict[str, Theme], ThemeError | None]:
    """Load the built-in themes and those in ``folder``, which may be missing.

    Returns:
        The sound themes by name, and one error that names every fault found, or None.
    """
    themes = {name: _builtin(name) for name in BUILTIN_THEMES}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else ():
        try:
            themes[path.stem] = _user_theme(path)
        except (OSError, ValueError, RecursionError) as error:
            faults.append(f"{path.name}: {error}")
    return themes, ThemeError("; ".join(faults)) if faults else None


def load_theme(name: str, folder: Path | None = None) -> Theme | None:
    """Load one theme alone, the user's or a built-in one; None where there is no sound theme of that name."""
    if name in BUILTIN_THEMES:
        return _builtin(name)
    path = None if folder is None else folder / f"{name}.toml"
    try:
        return _user_theme(path) if path is not None and path.parent == folder else None
    except (OSError, ValueError, RecursionError):  # ValueError: no theme, or a name that no file can have
        return None


@cache
def _builtin(name: str) -> Theme:
    return _theme(name, tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")))


def _user_theme(path: Path) -> Theme:
    if path.stem in BUILTIN_THEMES:
        raise ThemeError("has the name of a built-in theme; rename the file")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    dark = data.get("dark", True)
    base = data.pop("extends", "dark" if dark is True else "light")
    if base not in BUILTIN_THEMES:
        raise ThemeError(f"extends {base!r}, which is none of {', '.join(BUILTIN_THEMES)}")
    return _theme(path.stem, data, _builtin(base))


def _theme(name: str, data: dict[str, Any], base: Theme | None = None) -> Theme:
    faults = [
        f"unknown key {key!r}" for key in data.keys() - {"label", "dark", "plain", "colours", "feelings"}
    ]
    dark = data.get("dark", base.dark if base else True)
    plain = data.get("plain", base.plain if base else False)
    label = data.get("label", name)
    faults += [
        f"{key} must be true or false"
        for key in ("dark", "plain")
        if not isinstance(data.get(key, True), bool)
    ]
    if not isinstance(label, str):
        faults.append("label must be text")
    colours = _colours("colours", data.get("colours", {}), base.colours if base else {}, COLOUR_NAMES, faults)
    feelings = _colours(
        "feelings", data.get("feelings", {}), base.feelings if base else {}, tuple(FEELING_GLYPHS), faults
    )
    if faults:
        raise ThemeError(", ".join(sorted(faults)))
    return Theme(name, label, dark, plain, colours, feelings)


_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}|default")


def _colours(
    table: str, given: object, base: Mapping[str, str], names: tuple[str, ...], faults: list[str]
) -> Mapping[str, str]:
    if not isinstance(given, dict):
        faults.append(f"{table} must be a table")
        return base
    faults += [f"unknown name {table}.{key}" for key in given if key not in names]
    faults += [
        f"{table}.{key} must be #rrggbb or default, not {value!r}"
        for key, value in given.items()
        if not (isinstance(value, str) and _COLOUR.fullmatch(value))
    ]
    merged = {**base, **given}
    faults += [f"{table}.{key} is missing" for key in names if key not in merged]
    return MappingProxyType(merged)
