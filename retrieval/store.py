"""The index on disk, as it is read: one SQLite database, written by one process, read by any number.

WAL: a reader sees the last whole batch and never waits for a writer.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from .database import damaged, naming_errors, open_for_reading
from .errors import RetrievalError

__all__ = ["Known", "Store", "chunk_uid_text", "inflate"]


class Known(NamedTuple):
    """What the store knows of a file before it is looked at again."""

    id: int
    size: int
    mtime_ns: int
    ctime_ns: int
    xxh3: int
    sha256: bytes | None
    recipe: int
    note: str | None


def chunk_uid_text(uid: int) -> str:
    """A chunk's public id: twelve hexadecimal digits."""
    return f"{uid:012x}"


def inflate(body: bytes) -> str:
    """The text of a stored content."""
    return zlib.decompress(body, wbits=-12).decode()


class Store:
    """A connection to the index. A context manager; one thread at a time.

    Raises `IndexDamagedError` wherever SQLite finds the file damaged.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index for reading.

        Raises `NoIndexError` where nothing was ingested yet, `IndexDamagedError` for what is no index of
        mnemo's.
        """
        return cls(open_for_reading(path), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what is not committed is rolled back."""
        self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for several statements."""
        with naming_errors(self.path), self.judged():
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.execute("COMMIT")

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Where stored bytes make no sense, look whether the file is damaged: only then it is not a bug."""
        try:
            yield
        except RetrievalError:
            raise
        except (LookupError, TypeError, ValueError, OverflowError, zlib.error) as error:
            said = self._harm()
            if said is None:
                raise
            raise damaged(self.path, said) from error

    def check(self) -> None:
        """Look at every page, content and posting. Raises `IndexDamagedError`."""
        with naming_errors(self.path):
            said = self._harm()
        if said is not None:
            raise damaged(self.path, said)

    def _harm(self) -> str | None:
        from .detect import content_hash  # noqa: PLC0415 - only who doubts needs them
        from .segments import altered_segments  # noqa: PLC0415

        said: str = self.connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            return said.splitlines()[0]
        altered = altered_segments(self.connection)
        if altered:
            return f"the postings of segment {altered[0]} are not what was written"
        for row, digest, body in self.connection.execute("SELECT id, hash, body FROM contents"):
            try:
                sound = content_hash(inflate(body)) == digest
            except (zlib.error, UnicodeDecodeError):
                sound = False
            if not sound:
                return f"content {row} is not what was written"
        return None

    # Meta

    def get(self, key: str, default: Any = None) -> Any:
        """One value of `meta`."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else row[0]

    @property
    def generation(self) -> int:
        """Raised with every batch that changes what is indexed."""
        return int(self.get("generation", 0))

    # Files

    def known_files(self, under: list[str] | None = None) -> dict[str, Known]:
        """The files that the index knows of, by path, those left out included: all, or those at or
        below ``under``.
        """
        query = "SELECT path, id, size, mtime_ns, ctime_ns, xxh3, sha256, recipe, note FROM files"
        with naming_errors(self.path):
            if under is None or "" in under:
                rows = self.connection.execute(query).fetchall()
            else:
                rows = [
                    row
                    for path in under
                    if path.encode("utf-8", "replace").decode() == path  # a name that is none is in no index
                    for row in self.connection.execute(
                        f"{query} WHERE path = ? OR (path > ? AND path < ?)", (path, f"{path}/", f"{path}0")
                    )
                ]
        return {row[0]: Known._make(row[1:]) for row in rows}
