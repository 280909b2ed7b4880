"""Where a project and its index are."""

import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

from .config import Config, default_text
from .errors import ConfigError, IndexUnwritableError, NoIndexError
from .locate import INDEX_DIR, find_project_dir

__all__ = [
    "APPLICATION_ID",
    "Project",
    "init_project",
    "open_project",
    "set_aside",
]

APPLICATION_ID = 0x6D6E6D6F  # "mnmo", in the header of every database mnemo makes


class Project(NamedTuple):
    """A project with an index. ``dir`` holds ``.mnemosyne/``; ``root`` is what is scanned and what paths are
    relative to: ``dir`` itself unless ``general.project_root`` narrows it. ``notices`` are lines to say once.
    """

    dir: Path
    root: Path
    config: Config
    notices: tuple[str, ...] = ()

    @property
    def index_dir(self) -> Path:
        """The folder of the index."""
        return self.dir / INDEX_DIR

    @property
    def database(self) -> Path:
        """The SQLite file that holds the index."""
        return self.dir / INDEX_DIR / "mnemosyne.db"


def open_project(start: str | Path | None = None, config: Config | None = None) -> Project:
    """Find the project and read its config. Raises `NoIndexError`, `ConfigError`."""
    folder = find_project_dir(start)
    if config is None:
        config = Config.read(folder / INDEX_DIR / "config.toml")
    root = (folder / config.general.project_root).resolve()
    if not root.is_relative_to(folder):
        raise ConfigError(f"general.project_root points outside {folder}: {config.general.project_root!r}")
    if not root.is_dir():
        raise ConfigError(f"general.project_root is no folder: {root}")
    notices = tuple(f"config.toml: mnemo knows no key {name}, and ignores it" for name in config.unknown)
    return Project(folder, root, config, notices)


def init_project(folder: str | Path) -> tuple[Project, bool]:
    """Make ``.mnemosyne/`` in ``folder``: config, private, ignoring itself in git. True when it was made now.

    Run again it changes nothing that is there. Raises `IndexUnwritableError`, `NoIndexError`, `ConfigError`.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise NoIndexError(f"no such folder: {folder}")
    index_dir = folder / INDEX_DIR
    try:
        made = not index_dir.is_dir()
        index_dir.mkdir(mode=0o700, exist_ok=True)
        for name, text in ((".gitignore", "*\n"), ("config.toml", None)):
            path = index_dir / name
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(default_text() if text is None else text, encoding="utf-8")
    except OSError as error:
        raise IndexUnwritableError(f"cannot make {index_dir}: {error.strerror or error}") from error
    return open_project(folder), made


def is_foreign(database: Path) -> bool:
    """Whether a SQLite file was made by another program: it holds tables and not mnemo's mark.

    Raises sqlite3.DatabaseError for a file that is no SQLite database.
    """
    if not database.exists() or not database.stat().st_size:
        return False
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    finally:
        connection.close()
    return bool(tables and mark != APPLICATION_ID)


def set_aside(database: Path, why: str) -> Path:
    """Rename a database, with its journal files, to ``<name>.<why>-<time>``; return the new name."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = database.with_name(f"{database.name}.{why}-{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = database.with_name(f"{database.name}.{why}-{stamp}-{number}")
    for suffix in ("-wal", "-shm"):
        side = database.with_name(database.name + suffix)
        if side.exists():
            side.replace(kept.with_name(kept.name + suffix))
    database.replace(kept)
    return kept
