"""What the user can set. Imports only light things.

One schema, the fields of :class:`Settings`, gives defaults, validation, the settings screen and the
documentation. The file is ``config.toml`` in the config folder: read with the standard library,
written with comments kept, replaced whole and only after it is on the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from .places import (
    Places,
    config_dir,
    config_file,
    log_file,
    open_log,
    places,
    places_beside,
    private_dir,
    replace_file,
    themes_dir,
)

__all__ = [
    "SCHEMA",
    "Places",
    "Setting",
    "Settings",
    "SettingsError",
    "config_dir",
    "config_file",
    "edited",
    "load",
    "log_file",
    "open_log",
    "parse",
    "places",
    "places_beside",
    "private_dir",
    "replace_file",
    "save",
    "themes_dir",
]

Kind = Literal["text", "path", "flag", "choice", "table"]
_EXPECTED: Final[Mapping[Kind, str]] = {
    "text": "text",
    "path": "a path",
    "flag": "true or false",
    "table": "a table of texts",
}
_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


class SettingsError(ValueError):
    """A setting or its file is wrong; the message names file, key and what is expected."""


class Setting(NamedTuple):
    """One row of the schema: ``key`` is ``section.name`` in the file (a section alone for a table)."""

    key: str
    field: str
    kind: Kind
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    """Environment variables that say otherwise, the first that is set."""
    late: bool = False
    """Whether the app follows only when it starts again."""

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return f"one of {', '.join(self.choices)}" if self.choices else _EXPECTED[self.kind]


def _setting(
    key: str,
    kind: Kind,
    default: Any,
    help_: str,
    choices: tuple[str, ...] = (),
    *,
    variables: tuple[str, ...] = (),
    late: bool = False,
) -> Any:
    metadata = {"key": key, "kind": kind, "default": default, "help": help_, "choices": choices}
    metadata |= {"variables": variables, "late": late}
    # dataclasses take a mapping for a mutable default, even one that is read-only.
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """The user's settings, each with its default until the file says otherwise."""

    journal_path: Path | None = _setting(
        "journal.path",
        "path",
        None,
        "The journal; unset, it lives in the platform's data folder.",
        variables=("MNEMO_JOURNAL",),
        late=True,
    )
    files_dir: Path | None = _setting(
        "journal.files_dir",
        "path",
        None,
        "Where attachments are kept; unset, beside the journal.",
        variables=("MNEMO_FILES_DIR",),
        late=True,
    )
    fsync: Literal["always", "batch", "never"] = _setting(
        "journal.fsync",
        "choice",
        "always",
        "When a memory reaches the disk: before it is acknowledged, in batches, or when the system likes.",
        ("always", "batch", "never"),
        late=True,
    )
    editor: str = _setting(
        "journal.editor", "text", "", "The editor for composing; unset, $VISUAL or $EDITOR."
    )
    theme: str = _setting(
        "app.theme", "text", "dark", "The theme; `mnemo themes` lists them.", variables=("NO_COLOR",)
    )
    animations: bool = _setting("app.animations", "flag", True, "Whether the app animates.")
    welcome: bool = _setting(
        "app.welcome", "flag", True, "Whether the app offers what to begin with, where nothing is set up yet."
    )
    first_weekday: Literal["monday", "saturday", "sunday"] = _setting(
        "app.first_weekday",
        "choice",
        "monday",
        "The day that a week begins with.",
        ("monday", "saturday", "sunday"),
    )
    time_format: Literal["24h", "12h"] = _setting(
        "app.time_format", "choice", "24h", "How the time of day is shown.", ("24h", "12h")
    )
    language: Literal["en", "it"] = _setting(
        "app.language", "choice", "en", "The language that feelings are named in.", ("en", "it")
    )
    provider: str = _setting(
        "mind.provider",
        "text",
        "",
        "The provider that is asked where ACTIVE_PROVIDER names none.",
        variables=("ACTIVE_PROVIDER",),
    )
    mind_language: Literal["auto", "en", "it"] = _setting(
        "mind.language",
        "choice",
        "auto",
        "The language that models answer in; auto is the journal's own.",
        ("auto", "en", "it"),
    )
    mcp_journal: bool = _setting(
        "mcp.journal", "flag", False, "Whether agents may search the journal through `mnemo mcp`."
    )
    consent: Mapping[str, str] = _setting(
        "consent", "table", _EMPTY, 'Hosts that memories may be sent to, as in `"api.groq.com" = "yes"`.'
    )
    keymap: Mapping[str, str] = _setting(
        "keymap", "table", _EMPTY, 'Keys of the app by action, as in `"app.blank" = "f9"`.'
    )
    unknown: tuple[str, ...] = ()
    """Keys of the file that mnemo does not know, in its order."""
    written: frozenset[str] = frozenset()
    """Keys of the schema that the file sets."""

    @property
    def week_begins(self) -> int:
        """The day that a week begins with, 0 for Monday."""
        return {"monday": 0, "saturday": 5, "sunday": 6}[self.first_weekday]

    def get(self, key: str) -> Any:
        """The value of a key of the schema.

        Raises:
            SettingsError: the key is unknown.
        """
        return getattr(self, find(key).field)


SCHEMA: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        each.metadata["key"]: Setting(field=each.name, **each.metadata)
        for each in fields(Settings)
        if each.metadata
    }
)
_TABLES: Final = frozenset(key for key, setting in SCHEMA.items() if setting.kind == "table")


def find(key: str) -> Setting:
    """The schema's row of a key.

    Raises:
        SettingsError: there is none; the message names the nearest.
    """
    if key in SCHEMA:
        return SCHEMA[key]
    from difflib import get_close_matches  # noqa: PLC0415

    near = get_close_matches(key, SCHEMA, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(SCHEMA)}"
    raise SettingsError(f"there is no setting {key!r}: {hint}")


# -- reading ------------------------------------------------------------------------------------


def load(file: Path | None = None) -> Settings:
    """Read the settings from ``file``, or the user's own; a missing file is all defaults.

    Raises:
        SettingsError: the file cannot be read, is not TOML, or a value is not what its key expects.
    """
    file = config_file() if file is None else file
    data = _read(file)
    if not data:
        return Settings()
    values: dict[str, Any] = {}
    unknown: list[str] = []
    for key, value in _flat(data):
        if key in SCHEMA:
            try:
                values[SCHEMA[key].field] = _checked(SCHEMA[key], value)
            except SettingsError as error:
                raise SettingsError(f"{file}: {error}") from None
        else:
            unknown.append(key)
    written = frozenset(key for key, setting in SCHEMA.items() if setting.field in values)
    return Settings(**values, unknown=tuple(unknown), written=written)


def _read(file: Path) -> dict[str, Any]:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from None
    import tomllib  # noqa: PLC0415 - most people have no file

    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: it is not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{file}: it is nested too deeply") from None


def _flat(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """A file's values by ``section.name``; a table of the schema stays whole."""
    found: list[tuple[str, Any]] = []
    for section, value in data.items():
        if section in _TABLES or not isinstance(value, dict):
            found.append((section, value))
        else:
            found += [(f"{section}.{name}", each) for name, each in value.items()]
    return found


def _checked(setting: Setting, value: object) -> Any:
    """A TOML value as the setting holds it."""
    match setting.kind:
        case "flag" if isinstance(value, bool):
            return value
        case "choice" if isinstance(value, str) and value in setting.choices:
            return value
        case "text" if isinstance(value, str):
            return value
        case "path" if isinstance(value, str) and "\0" not in value:
            with suppress(RuntimeError):  # ~ of somebody that this machine does not know
                return Path(value).expanduser() if value else None
        case "table" if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
            return MappingProxyType(value)
    raise SettingsError(f"{setting.key} must be {setting.expected}, not {value!r}")


# -- writing ------------------------------------------------------------------------------------


def parse(setting: Setting, text: str) -> bool | str:
    """Read a value as a person types it, to what the file holds.

    Raises:
        SettingsError: it is not what the setting expects, or the setting is a table.
    """
    if setting.kind == "flag":
        folded = text.strip().lower()
        if folded in ("true", "yes", "on", "1"):
            return True
        if folded in ("false", "no", "off", "0"):
            return False
    elif setting.kind == "table":
        raise SettingsError(f"{setting.key} is a table: name one of its keys, as in {setting.key}.NAME")
    _checked(setting, text)
    return text


def save(key: str, value: bool | str | None, file: Path | None = None) -> None:
    """Write one setting into the file, comments and order kept; None takes it out.

    ``key`` is a key of the schema, or ``table.name`` for a name in one of its tables.

    Raises:
        SettingsError: the key is unknown, the value is wrong, or the file is not TOML.
        OSError: the file cannot be written; the old one stands.
    """
    file = config_file() if file is None else file
    section, _, name = key.partition(".")
    if section in _TABLES and name:
        if value is not None:
            _checked(SCHEMA[section], {name: value})
    elif value is not None:
        _checked(find(key), value)
    else:
        find(key)
    _read(file)
    text = file.read_bytes().decode() if file.exists() else ""
    try:
        text = edited(text, section, name, value)
    except ValueError:
        raise SettingsError(
            f"{file}: {key} cannot be changed in a file written like this: edit it by hand"
        ) from None
    replace_file(file, text.encode())


def edited(text: str, section: str, name: str, value: Any) -> str:
    """TOML with ``section.name`` set, or taken out by None; comments and order stay, and every other value.

    Raises:
        ValueError: it is not TOML, or it is written in a way that cannot be edited so.
    """
    import tomllib  # noqa: PLC0415

    import tomlkit  # noqa: PLC0415 - slow to import

    wanted = tomllib.loads(text)
    if not isinstance(wanted.get(section, {}), dict):
        raise ValueError(f"{section} is no table")
    if value is not None:
        wanted.setdefault(section, {})[name] = value
    elif section in wanted:
        wanted[section].pop(name, None)
    try:
        document = tomlkit.parse(text)
        table: Any = document.get(section)
        if value is None:
            if table is not None:
                table.pop(name, None)
        else:
            if table is None:
                document[section] = table = tomlkit.table()
            table[name] = value
        made = tomlkit.dumps(document)
    # Dotted keys and tables in parts are beyond the library at times, and it fails in many ways.
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(str(error)) from error
    if tomllib.loads(made) != wanted:
        raise ValueError("the rest would have changed")
    return made
