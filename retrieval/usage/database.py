"""``usage.db`` itself: opening, migrating, and what happens where it cannot be read or written.

Whatever SQLite says against reading means that nothing was learned, and against writing that nothing more
is: only who has to write, as ``feedback`` does, is told.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..database import is_damage, make_private, statements
from ..errors import IndexUnwritableError
from ..project import APPLICATION_ID, set_aside

__all__ = ["UsageDatabase"]

MIGRATIONS = ("usage.sql", "cache.sql")  # number n brings a database from version n to n + 1
_BUSY = 2.0  # seconds to wait for another process: a slow disk's sync may take one of them
T = TypeVar("T")


class UsageDatabase:
    """One project's ``usage.db``. One thread at a time; ``notices`` are lines to say to the user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []
        self._connection: sqlite3.Connection | None = None
        self._refused = False
        self._opened: int | None = None

    def close(self) -> None:
        """Close the connection. The store can still be used: it opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._refused = False

    def read(self, work: Callable[[sqlite3.Connection], T], default: T) -> T:
        """Do ``work`` in one consistent view; ``default`` where nothing was learned, or none can be read."""
        try:
            connection = self._open(create=False)
            if connection is None:
                return default
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._stand_down(error)
            return default

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work`` in one transaction. Raises `IndexUnwritableError`."""
        try:
            connection = self._open(create=True)
            if connection is None:
                raise IndexUnwritableError(f"cannot write {self.path}: nothing was noted")
            connection.execute("BEGIN IMMEDIATE")
            try:
                done = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return done
        except sqlite3.DatabaseError as error:
            self._stand_down(error)
            raise IndexUnwritableError(f"cannot write {self.path}: {error}") from error

    def _stand_down(self, error: sqlite3.DatabaseError) -> None:
        """Go on without: a damaged or foreign file is set aside, and the next time there is a new one."""
        self.close()
        damaged = is_damage(error)
        if damaged or _is_foreign(error):
            try:
                kept = set_aside(self.path, "damaged" if damaged else "foreign")
            except OSError:
                self._refused = True
                return
            what = "was damaged" if damaged else "has tables that are not mnemo's"
            self.notices.append(f"{self.path.name} {what}: kept as {kept.name}, and learning begins anew")

    def _open(self, *, create: bool) -> sqlite3.Connection | None:
        if self._connection is not None and self._number() != self._opened:
            self.close()  # deleted, or set aside by another process
        if self._connection is not None or self._refused:
            return self._connection
        if not create and not self.path.exists():
            return None
        try:
            if create:
                make_private(self.path)
        except OSError:
            return None
        writable = os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)
        if create and not writable:
            return None
        mode = "mode=rw" if writable else "mode=ro&immutable=1"
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY,
        )
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                self.notices.append(f"{self.path.name} was made by a newer mnemo: nothing is learned here")
                self._refused = True
            elif version < len(MIGRATIONS):
                if writable:
                    _migrate(connection)
                else:
                    self._refused = True
            if self._refused:
                connection.close()
                return None
            if writable:
                connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._opened = self._number()
        return connection

    def _number(self) -> int | None:
        try:
            return self.path.stat().st_ino
        except OSError:
            return None


def _is_foreign(error: sqlite3.DatabaseError) -> bool:
    """Whether a table or a column is missing: another program's file, or older than the first release."""
    return "no such table" in str(error) or "no such column" in str(error) or "has no column" in str(error)


def _migrate(connection: sqlite3.Connection) -> None:
    _begin_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]  # another process may have been first
    for number in range(version, len(MIGRATIONS)):
        script = (Path(__file__).parent / MIGRATIONS[number]).read_text(encoding="utf-8")
        for statement in statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _begin_wal(connection: sqlite3.Connection) -> None:
    """Turn to write-ahead logging. Of two processes that do so at once SQLite refuses one without waiting."""
    deadline = time.monotonic() + _BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return
