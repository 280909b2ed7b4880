"""The settings as rows: what each is, what it may be, and where it comes from. Knows no screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from ... import settings as config
from ...settings import SCHEMA, Settings, SettingsError
from ..inert import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Changed", "Row", "change", "check", "config_of", "read_rows"]

Kind = Literal["text", "path", "flag", "choice", "table", "number", "list"]
_EXPECTED: Final = {"number": "a number", "list": "texts with commas between"}
_LONGEST: Final = 2_000
_TITLES: Final = {"mcp": "MCP"}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting; of a table one entry, or the table itself where another can be added.

    ``value`` is what holds now, as one would type it; ``written`` what the file says, None where it says
    nothing. ``origin`` tells in words where the value comes from.
    """

    key: str
    section: str
    label: str
    kind: Kind
    value: str
    default: str
    origin: str
    help: str
    expected: str
    choices: tuple[str, ...] = ()
    written: str | None = None
    project: bool = False
    entry: bool = False
    """Whether it is one entry of a table."""
    late: bool = False
    """Whether the app follows only when it starts again."""

    @property
    def changed(self) -> bool:
        """Whether the file says something else than the default."""
        return self.written is not None and (self.entry or self.written != self.default)


@dataclass(frozen=True, slots=True)
class Changed:
    """A setting was written: which, and all of them as they are now."""

    row: Row | None
    settings: Settings
    rows: tuple[Row, ...]


def read_rows(file: Path | None, project: Path | None) -> tuple[Settings, tuple[Row, ...]]:
    """All rows: those of the user's file, then those of the project that ``project`` is in, if it has any.

    Raises:
        SettingsError: the user's file cannot be read.
        RetrievalError: the project's cannot.
    """
    settings = config.load(file)
    return settings, (*_own(settings), *_of_project(project))


def _own(settings: Settings) -> Iterator[Row]:
    for key, setting in SCHEMA.items():
        value = settings.get(key)
        section, _, name = key.partition(".")
        if setting.kind == "table":
            yield _row(
                key, _TITLES.get(section, section.title()), "add one", "table", "", setting, settings, None
            )
            for entry, text in value.items():
                row = _row(
                    f"{key}.{entry}",
                    _TITLES.get(section, section.title()),
                    entry,
                    "text",
                    text,
                    setting,
                    settings,
                    text,
                )
                yield replace(row, entry=True, default="", expected=_entry(section))
        else:
            text = _shown(value)
            written = text if key in settings.written else None
            yield _row(
                key,
                _TITLES.get(section, section.title()),
                name,
                setting.kind,
                text,
                setting,
                settings,
                written,
            )


def _entry(table: str) -> str:
    return {"consent": "yes or no", "keymap": "keys with commas between, as in f8,ctrl+g"}.get(table, "text")


def _row(
    key: str,
    section: str,
    label: str,
    kind: Kind,
    value: str,
    setting: config.Setting,
    settings: Settings,
    written: str | None,
) -> Row:
    origin = "the default" if written is None else "config.toml"
    if kind == "table":
        origin = ""
    for variable in setting.variables:
        if os.environ.get(variable):
            value = os.environ[variable] if variable != "NO_COLOR" else "mono"
            origin = f"{variable} in the environment"
            break
    words = setting.help.replace("`", "")
    return Row(
        key,
        section,
        label,
        kind,
        one_line(value, _LONGEST),
        "" if setting.kind == "table" else _shown(setting.default),
        origin,
        words,
        setting.expected,
        setting.choices,
        written,
        late=setting.late,
    )


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case tuple():
            return ", ".join(value)
        case float():
            return f"{value:g}"
        case Mapping():
            return ", ".join(f"{name} = {each}" for name, each in value.items())
    return str(value)


# -- the project's ------------------------------------------------------------------------------


def config_of(project: Path | None) -> Path | None:
    """The config of the project that ``project`` is in; None where nothing is indexed."""
    from ...retrieval.errors import NoIndexError  # noqa: PLC0415 -- not needed for the first frame
    from ...retrieval.locate import INDEX_DIR, find_project_dir  # noqa: PLC0415

    try:
        return find_project_dir(project) / INDEX_DIR / "config.toml"
    except NoIndexError:
        return None


def _of_project(project: Path | None) -> Iterator[Row]:
    file = config_of(project)
    if file is None:
        return
    from ...retrieval.config import Config, every_key  # noqa: PLC0415

    found = Config.read(file)
    for key, kind, default, meaning in every_key():
        section, _, name = key.partition(".")
        value = getattr(getattr(found, section), name)
        kinds: dict[type, Kind] = {bool: "flag", tuple: "list", int: "number", float: "number"}
        shape: Kind = "choice" if meaning.choices else kinds.get(kind, "text")
        changed = value != default
        yield Row(
            key,
            f"This project: {section}",
            name,
            shape,
            one_line(_shown(value), _LONGEST),
            one_line(_shown(default), _LONGEST),
            "the project's config.toml" if changed else "the default",
            meaning.doc,
            f"one of {', '.join(meaning.choices)}" if meaning.choices else _EXPECTED.get(shape, shape),
            meaning.choices,
            _shown(value) if changed else None,
            project=True,
        )


# -- changing -----------------------------------------------------------------------------------


def check(row: Row, text: str) -> str:
    """What a text that is typed for a row would make it, in words.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    if row.project:
        _project_value(row, text)
        return "the default" if text.strip() == row.default else "for this project"
    if row.kind == "table":
        name, value = _pair(text)
        return f"{name} = {_checked_entry(row.key, name, value)}"
    if row.entry:
        table, _, name = row.key.partition(".")
        return f"{name} = {_checked_entry(table, name, text)}"
    setting = config.find(row.key)
    config.parse(setting, text)
    if row.key == "app.theme":
        from ...themes import load_theme  # noqa: PLC0415

        if load_theme(text, config.themes_dir()) is None:
            raise ValueError(f"there is no theme {text}")
    return "the default" if text == row.default else ""


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name, value = name.strip().strip('"'), value.strip().strip('"')
    if not (name and equals and value):
        raise ValueError("write it as name = value")
    return name, value


def _checked_entry(table: str, name: str, value: str) -> str:
    """The value in words, with what it gets in the way of."""
    value = value.strip()
    if table == "consent" and value not in ("yes", "no"):
        raise ValueError("yes or no")
    if not value:
        raise ValueError("give it a value; d takes it out")
    if table == "keymap":
        from ..keymap import clashes, unusable  # noqa: PLC0415 -- loads every place of the app

        for fault in unusable({name: value}):
            raise ValueError(fault)
        return "; ".join([value, *clashes({name: value})])
    return value


def _project_value(row: Row, text: str) -> Any:
    from ...retrieval.config import Config  # noqa: PLC0415
    from ...retrieval.errors import ConfigError  # noqa: PLC0415

    text = text.strip()
    section, _, name = row.key.partition(".")
    value: Any = text
    if row.kind == "list":
        value = [each.strip() for each in text.split(",") if each.strip()]
    elif row.kind == "flag":
        value = text == "true"
    elif row.kind == "number":
        try:
            value = float(text) if "." in text else int(text)
        except ValueError:
            raise ValueError("write a number") from None
    try:
        Config.from_dict({section: {name: value}})
    except ConfigError as error:
        raise ValueError(str(error).partition(": ")[2]) from None
    return value


def change(
    row: Row,
    text: str | None,
    project: Path | None,
    save: Callable[[str, bool | str | None], None],
) -> Changed:
    """Write a setting, or with None take it out of the file; gives all as they are then.

    Raises:
        SettingsError: it cannot be what the text says, or the file cannot be read.
        RetrievalError: the project's file cannot be.
        OSError: it cannot be written; the old file stands.
    """
    if row.project:
        from ...retrieval.config import set_value  # noqa: PLC0415

        file = config_of(project)
        if file is None:
            raise SettingsError("this folder has no index any more")
        set_value(file, row.key, _project_value(row, row.default if text is None else text))
    elif text is None:
        save(row.key, None)
    elif row.kind == "table":
        name, value = _pair(text)
        _checked_entry(row.key, name, value)
        save(f"{row.key}.{name}", value)
    elif row.entry:
        table, _, name = row.key.partition(".")
        _checked_entry(table, name, text)
        save(row.key, text.strip())
    else:
        save(row.key, config.parse(config.find(row.key), text))
    settings, rows = read_rows(None, project)
    return Changed(row, settings, rows)
