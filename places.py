"""Where things live: the platform's folders, what the environment names, and mnemo's own log.

Imports only light things; knows files and folders, and no setting but those that name one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import logging

__all__ = [
    "Places",
    "config_dir",
    "config_file",
    "log_file",
    "open_log",
    "places",
    "places_beside",
    "private_dir",
    "replace_file",
    "themes_dir",
    "write_private",
]


class Places(NamedTuple):
    """The journal's files: the log, its attachments, and drafts of what is not remembered yet."""

    journal: Path
    files_dir: Path
    drafts_dir: Path


class Named(Protocol):
    """The settings that name a place."""

    @property
    def journal_path(self) -> Path | None:
        """The journal."""

    @property
    def files_dir(self) -> Path | None:
        """Where attachments are kept."""


def places(settings: Named, journal: Path | None = None) -> Places:
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


# -- writing ------------------------------------------------------------------------------------


def replace_file(file: Path, data: bytes) -> None:
    """Put ``data`` at ``file`` (0600, its folder 0700) whole or not at all, whatever happens meanwhile.

    A file that is a link is replaced where it points.

    Raises:
        OSError: it cannot be written; the old file stands.
    """
    file = file.resolve()
    private_dir(file.parent)
    import tempfile  # noqa: PLC0415 - most runs write no settings

    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    except OSError as error:  # what could not be written is the file, whatever name it had for the moment
        raise OSError(error.errno, error.strerror, str(file)) from error
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
    """Make a folder that only its owner can look into, and each that is missing above it.

    One that exists is left as it is.
    """
    if not folder.is_dir():
        private_dir(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a text file that only its owner can read; one that exists keeps its mode.

    Raises:
        OSError: it cannot be written.
    """
    with open(file, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        out.write(text)


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
                def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
                    """Say nothing: the library would print a traceback where the disk is full."""

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
