"""What the user can set, and where things live. Imports only light things.

One schema, the fields of :class:`Settings`, gives defaults, validation, the settings screen and the
documentation. The file is ``config.toml`` in the config folder: read with the standard library,
written with comments kept, replaced whole and only after it is on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    import logging

__all__ = [
    "SCHEMA",
    "Places",
    "Setting",
    "Settings",
    "SettingsError",
    "config_dir",
    "config_file",
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

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return f"one of {', '.join(self.choices)}" if self.choices else _EXPECTED[self.kind]


def _setting(key: str, kind: Kind, default: Any, help_: str, choices: tuple[str, ...] = ()) -> Any:
    metadata = {"key": key, "kind": kind, "default": default, "help": help_, "choices": choices}
    # dataclasses take a mapping for a mutable default, even one that is read-only.
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Settings:
    """The user's settings, each with its default until the file says otherwise."""

    journal_path: Path | None = _setting(
        "journal.path", "path", None, "The journal; unset, it lives in the platform's data folder."
    )
    files_dir: Path | None = _setting(
        "journal.files_dir", "path", None, "Where attachments are kept; unset, beside the journal."
    )
    fsync: Literal["always", "batch", "never"] = _setting(
        "journal.fsync",
        "choice",
        "always",
        "When a memory reaches the disk: before it is acknowledged, in batches, or when the system likes.",
        ("always", "batch", "never"),
    )
    editor: str = _setting(
        "journal.editor", "text", "", "The editor for composing; unset, $VISUAL or $EDITOR."
    )
    theme: str = _setting("app.theme", "text", "dark", "The theme; `mnemo themes` lists them.")
    animations: bool = _setting("app.animations", "flag", True, "Whether the app animates.")
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
        "mind.provider", "text", "", "The provider that is asked where ACTIVE_PROVIDER names none."
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
    return Settings(**values, unknown=tuple(unknown))


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

    import tomlkit  # noqa: PLC0415 - slow to import
    from tomlkit.items import Table  # noqa: PLC0415

    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    table = document.get(section)
    if value is not None:
        if not isinstance(table, Table):
            document[section] = table = tomlkit.table()
        table[name] = value
    elif isinstance(table, Table):
        table.pop(name, None)
    replace_file(file, tomlkit.dumps(document).encode())


def replace_file(file: Path, data: bytes) -> None:
    """Put ``data`` at ``file`` (0600, its folder 0700) whole or not at all, whatever happens meanwhile.

    A file that is a link is replaced where it points.

    Raises:
        OSError: it cannot be written; the old file stands.
    """
    file = file.resolve()
    private_dir(file.parent)
    import tempfile  # noqa: PLC0415 - most runs write no settings

    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def private_dir(folder: Path) -> Path:
    """Make a folder that only its owner can look into; one that exists is left as it is."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


# -- where things live --------------------------------------------------------------------------


class Places(NamedTuple):
    """The journal's files: the log, its attachments, and drafts of what is not remembered yet."""

    journal: Path
    files_dir: Path
    drafts_dir: Path


def places(settings: Settings, journal: Path | None = None) -> Places:
    """Where the journal and what belongs to it are.

    The journal is ``journal`` if given, else ``MNEMO_JOURNAL``, else the setting, else
    ``mnemo/journal.mnheme`` in the platform's data folder; the attachments likewise, and a journal
    that was named for this run has its own beside it.
    """
    named = journal or _from_env("MNEMO_JOURNAL")
    if named is not None:
        log, files = named.expanduser(), _from_env("MNEMO_FILES_DIR")
    else:
        log = settings.journal_path or _platform("data") / "journal.mnheme"
        files = _from_env("MNEMO_FILES_DIR") or settings.files_dir
    beside = places_beside(log.absolute())
    return beside if files is None else beside._replace(files_dir=files.expanduser().absolute())


def places_beside(log: Path) -> Places:
    """The files of a journal that lives by itself, whatever the settings and the environment say."""
    return Places(log, log.with_name(f"{log.stem}_files"), log.with_name(f"{log.stem}_drafts"))


def config_dir() -> Path:
    """The folder of settings and themes; ``MNEMO_CONFIG`` names another."""
    named = _from_env("MNEMO_CONFIG")
    return named.expanduser().absolute() if named else _platform("config")


def config_file() -> Path:
    """The settings' file."""
    return config_dir() / "config.toml"


def themes_dir() -> Path:
    """Where the user's own themes are."""
    return config_dir() / "themes"


def log_file() -> Path:
    """mnemo's own log of what went wrong."""
    return _platform("log") / "mnemo.log"


def _from_env(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None


def _platform(kind: Literal["config", "data", "log"]) -> Path:
    import platformdirs  # noqa: PLC0415 - not needed where the environment names everything

    dirs = platformdirs.PlatformDirs("mnemo", appauthor=False)
    return {"config": dirs.user_config_path, "data": dirs.user_data_path, "log": dirs.user_log_path}[kind]


# -- the log ------------------------------------------------------------------------------------


def open_log(*, verbose: bool = False) -> logging.Logger:
    """Send what mnemo's modules log to the rotating file (0600), from warnings up or all of it.

    What is logged never holds a memory's text, a prompt or a key. Where the file cannot be written,
    nothing is logged: that must never stand in the way.
    """
    import logging.handlers  # noqa: PLC0415 - slow to import

    logger = logging.getLogger("mnemo")
    if not logger.handlers:
        handler: logging.Handler = logging.NullHandler()
        with suppress(OSError):
            file = log_file()
            private_dir(file.parent)

            class Private(logging.handlers.RotatingFileHandler):
                def _open(self) -> Any:
                    return open(
                        self.baseFilename,
                        self.mode,
                        encoding="utf-8",
                        opener=lambda path, flags: os.open(path, flags, 0o600),
                    )

            handler = Private(file, maxBytes=1 << 20, backupCount=3, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    return logger
