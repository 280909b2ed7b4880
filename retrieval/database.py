"""The SQLite file of an index: opening and migrating it, and what SQLite says as errors that have a name."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import IndexDamagedError, IndexUnwritableError, NoIndexError
from .project import APPLICATION_ID

__all__ = [
    "DAMAGED",
    "as_named",
    "damaged",
    "is_damage",
    "make_private",
    "naming_errors",
    "open_for_reading",
    "open_for_writing",
    "statements",
]

DAMAGED = "damaged"  # a file of this name beside the database: a reader found it damaged
MIGRATIONS = ("schema.sql", "schema_2.sql")  # number n brings a database from version n to n + 1


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write.

    Raises `NoIndexError` where nothing was ingested yet, `IndexDamagedError` for what is no index of
    mnemo's.
    """
    if not path.exists():
        raise NoIndexError(f"nothing is indexed in {path.parent.parent} yet: run `mnemo ingest`")
    writable = os.access(path.parent, os.W_OK)
    # In a read-only folder SQLite cannot make its -shm file; nobody can be writing there either.
    mode = "mode=rw" if writable else "mode=ro&immutable=1"
    with naming_errors(path):
        connection = sqlite3.connect(
            f"{path.as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=5
        )
        try:
            mark, version = _marks(connection)
            if mark != APPLICATION_ID or version < len(MIGRATIONS):
                raise NoIndexError(f"{path} was not made by this mnemo: run `mnemo ingest`")
            _refuse_newer(version, path)
            connection.execute("PRAGMA query_only = ON")
            # Few pages are read twice: to read those again costs less than fresh memory for all of them.
            connection.execute("PRAGMA cache_size = -512")
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A writing connection to a database of the newest schema, made or migrated as needed."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    make_private(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        mark, version = _marks(connection)
        _refuse_newer(version, path)
        connection.execute("PRAGMA page_size = 8192")  # long posting lists then need no page of their own
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -16384")
        if version < len(MIGRATIONS) or mark != APPLICATION_ID:
            connection.execute("BEGIN IMMEDIATE")
            for number in range(version, len(MIGRATIONS)):
                script = (Path(__file__).parent / MIGRATIONS[number]).read_text(encoding="utf-8")
                for statement in statements(script):
                    connection.execute(statement)
            name = int.from_bytes(os.urandom(7), "little")
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('store', ?)", (name,))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            connection.execute("COMMIT")
        connection.execute("SELECT count(*) FROM files").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, where there is none yet.

    One that is there is not even opened: closing it would drop the locks of every other connection that this
    process has to it (fcntl(2)), and another process would take away the log that they write to.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def statements(script: str) -> Iterator[str]:
    """The statements of a script, so that all can run in one transaction (executescript would commit
    first).
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    return (
        connection.execute("PRAGMA application_id").fetchone()[0],
        connection.execute("PRAGMA user_version").fetchone()[0],
    )


def _refuse_newer(version: int, path: Path) -> None:
    if version > len(MIGRATIONS):
        raise IndexUnwritableError(
            f"{path} was made by a newer mnemo (schema {version}): update mnemo, or delete it and"
            f" run `mnemo ingest`"
        )


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that the file is damaged, or no database; or what it says is no text."""
    code = getattr(error, "sqlite_errorcode", None)
    garbled = isinstance(error, UnicodeDecodeError) or str(error).startswith("Could not decode to UTF-8")
    return garbled or (code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


def damaged(path: Path, said: object) -> IndexDamagedError:
    """The error to raise; and a mark, so that the next ingest makes the index anew."""
    with suppress(OSError):
        path.with_name(DAMAGED).touch(mode=0o600)
    return IndexDamagedError(f"{path} is damaged ({said}): `mnemo ingest` makes it anew")


def as_named(error: Exception, path: Path) -> Exception:
    """The error to raise for what SQLite raised; the same one where that is a bug."""
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if is_damage(error):
        return damaged(path, error)
    if code == sqlite3.SQLITE_FULL:
        return IndexUnwritableError(
            f"the disk is full: {path} keeps what was committed; make room and run again"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
        return IndexUnwritableError(f"cannot write {path}: {error}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return IndexUnwritableError(f"{path} is locked by another program")
    return error


@contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the disk into the few errors that have a name; bugs stay what they are."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        told = as_named(error, path)
        if told is error:
            raise
        raise told from error
