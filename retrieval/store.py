"""The index on disk: one SQLite database, written by one process at a time, read by any number.

WAL: a reader sees the last whole batch and never waits for a writer. Everything here can be made again from
the project's files, so a database that cannot be read is set aside and made anew.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from . import fulltext, graph
from .analysis import parts_of
from .bloom import BloomFilter
from .errors import IndexDamagedError, IndexUnwritableError, NoIndexError, RetrievalError
from .inversion import MAX_DOCS, Combiner, Inverted, Inverter
from .project import APPLICATION_ID, is_foreign, set_aside
from .records import ChunkRecord, FileRecord

__all__ = ["Known", "Store", "chunk_uid_text", "inflate", "is_damage", "statements"]

DAMAGED = "damaged"  # a file of this name beside the database: a reader found it damaged
MIGRATIONS = ("schema.sql", "schema_2.sql")  # number n brings a database from version n to n + 1


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


class Written(NamedTuple):
    """What one file's rewriting did: chunks added, of those with a content already stored, kept, and
    removed.
    """

    added: int
    deduped: int
    kept: int
    removed: int


def chunk_uid_text(uid: int) -> str:
    """A chunk's public id: twelve hexadecimal digits."""
    return f"{uid:012x}"


def inflate(body: bytes) -> str:
    """The text of a stored content."""
    return zlib.decompress(body, wbits=-12).decode()


class Store:
    """A connection to the index. A context manager; one thread at a time.

    Raises `IndexDamagedError` wherever SQLite finds the file damaged, `IndexUnwritableError` where it cannot
    write.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self._bloom: BloomFilter | None = None
        self._clear()

    def _clear(self) -> None:
        """Forget what a batch gathers before its rows are written."""
        self._graph = graph.Pending()
        self._contents: list[tuple[int, bytes, bytes]] = []
        self._pending: dict[bytes, int] = {}
        self._chunks: list[tuple[object, ...]] = []
        self._symbols: list[tuple[int, str, str, str]] = []
        self._removed: list[tuple[int, int]] = []
        self._inverter = Inverter()
        self._combiner = Combiner()
        self._places: list[tuple[int, int]] = []
        self._kept: list[int] = []
        self._next_chunk = self._next_content = 0

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open an index for reading.

        Raises `NoIndexError` where nothing was ingested yet, `IndexDamagedError` for what is no index of
        mnemo's.
        """
        if not path.exists():
            raise NoIndexError(f"nothing is indexed in {path.parent.parent} yet: run `mnemo ingest`")
        writable = os.access(path.parent, os.W_OK)
        # In a read-only folder SQLite cannot make its -shm file; nobody can be writing there either.
        mode = "mode=rw" if writable else "mode=ro&immutable=1"
        with _named(path):
            connection = sqlite3.connect(
                f"{path.as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=5
            )
            try:
                mark, version = _marks(connection)
                if mark != APPLICATION_ID or version < len(MIGRATIONS):
                    raise NoIndexError(f"{path} was not made by this mnemo: run `mnemo ingest`")
                _refuse_newer(version, path)
                connection.execute("PRAGMA query_only = ON")
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    @classmethod
    def open_for_writing(cls, path: Path) -> tuple[Store, list[str]]:
        """Open, make or migrate an index, under the writer's lock; with lines to say to the user.

        A database of another program, or one that is damaged, is set aside under another name and made anew.
        """
        notices: list[str] = []
        mark = path.with_name(DAMAGED)
        try:
            if is_foreign(path):
                kept = set_aside(path, "foreign")
                notices.append(
                    f"{path.name} was made by another program: kept as {kept.name}, and a new index is made"
                )
            connection = None if mark.exists() and path.exists() else _connect(path)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not is_damage(error):
                raise _as_named(error, path) from error
            connection = None
        if connection is None:
            kept = set_aside(path, "damaged")
            notices.append(
                f"{path.name} was damaged: kept as {kept.name}, and the index is made anew from the files"
            )
            with _named(path):
                connection = _connect(path)
        with suppress(OSError):
            mark.unlink(missing_ok=True)
        return cls(connection, path), notices

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what is not committed is rolled back."""
        self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for several statements."""
        with _named(self.path), self.judged():
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.execute("COMMIT")

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction: what is written inside is there whole, or not at all."""
        with _named(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                self._next_chunk = self.get("next_chunk", 1)
                self._next_content = self.get("next_content", 1)
                yield
                self._end_segment()
                self._write_rows()
                self._graph.apply(self.connection)
                self.connection.execute("COMMIT")
            except BaseException:
                self._bloom = None
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                self._clear()

    def add_inverted(self, inverted: Inverted) -> None:
        """Take the full text of the files written since the last call, where a worker inverted it."""
        places = self._places
        if len(self._combiner.lengths) + len(inverted.lengths) > MAX_DOCS:
            before = len(self._combiner.lengths)
            kept = self._kept
            self._places, self._kept = places[:before], [place for place in kept if place < before]
            self._end_segment()
            self._places, self._kept = places[before:], [place - before for place in kept if place >= before]
        self._combiner.add(inverted)

    def _end_segment(self) -> None:
        """Write the full text of the chunks stored since the last segment."""
        if not self._combiner.lengths:
            self._combiner.add(self._inverter.take())
        if len(self._kept) < len(self._places):
            fulltext.write_segment(
                self.connection,
                [chunk for chunk, _ in self._places],
                [file_id for _, file_id in self._places],
                self._combiner,
                self._kept,
            )
        self._places, self._kept, self._combiner = [], [], Combiner()

    def _write_rows(self) -> None:
        """Write the rows that the batch gathered: all of a table at once is far cheaper than one by one."""
        many = self.connection.executemany
        many("INSERT INTO contents VALUES (?, ?, ?)", self._contents)
        many("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._chunks)
        many("INSERT INTO symbols VALUES (?, ?, ?, ?)", self._symbols)
        self._remove_chunks(self._removed)
        self.put("next_chunk", self._next_chunk)
        self.put("next_content", self._next_content)

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
            raise _damaged(self.path, said) from error

    def check(self) -> None:
        """Look at every page, content and posting. Raises `IndexDamagedError`."""
        with _named(self.path):
            said = self._harm()
        if said is not None:
            raise _damaged(self.path, said)

    def _harm(self) -> str | None:
        from .detect import content_hash  # noqa: PLC0415 - only who doubts needs it

        said: str = self.connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            return said.splitlines()[0]
        altered = fulltext.altered_segments(self.connection)
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

    def compact(self) -> None:
        """Give unused room back to the disk, and make the Bloom filter anew from what is left."""
        with _named(self.path):
            self._bloom = self.load_bloom(afresh=True)
            self.save_bloom()
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Meta

    def get(self, key: str, default: Any = None) -> Any:
        """One value of `meta`."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else row[0]

    def put(self, key: str, value: Any) -> None:
        """Set one value of `meta`, inside a batch."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def generation(self) -> int:
        """Raised with every batch that changes what is indexed."""
        return int(self.get("generation", 0))

    def next_generation(self) -> int:
        """Raise the generation, inside a batch; return it."""
        generation = self.generation + 1
        self.put("generation", generation)
        return generation

    # Files

    def known_files(self, under: list[str] | None = None) -> dict[str, Known]:
        """The files that the index knows of, by path, those left out included: all, or those at or
        below ``under``.
        """
        query = "SELECT path, id, size, mtime_ns, ctime_ns, xxh3, sha256, recipe, note FROM files"
        with _named(self.path):
            if under is None or "" in under:
                rows = self.connection.execute(query).fetchall()
            else:
                rows = [
                    row
                    for path in under
                    for row in self.connection.execute(
                        f"{query} WHERE path = ? OR (path > ? AND path < ?)", (path, f"{path}/", f"{path}0")
                    )
                ]
        return {row[0]: Known._make(row[1:]) for row in rows}

    def touch(self, file_id: int, record: FileRecord) -> None:
        """Note new times (and bytes) of a file whose text is the same."""
        self.connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ?, xxh3 = ? WHERE id = ?",
            (record.size, record.mtime_ns, record.ctime_ns, record.xxh3, file_id),
        )

    def write_file(self, record: FileRecord, known: Known | None, *, recipe: int, generation: int) -> Written:
        """Make the rows of one file those of ``record``, inside a batch. Equal chunks keep their row."""
        values = (
            record.size,
            record.mtime_ns,
            record.ctime_ns,
            record.xxh3,
            record.sha256,
            record.language,
            record.lines,
            record.note,
            recipe,
            generation,
        )
        if known is None:
            cursor = self.connection.execute(
                "INSERT INTO files (path, stem, folder, size, mtime_ns, ctime_ns, xxh3, sha256,"
                " language, lines, note,"
                " recipe, generation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (record.path, *graph.file_keys(record.path), *values),
            )
            file_id = cursor.lastrowid or 0
        else:
            file_id = known.id
            self.connection.execute(
                "UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ?, xxh3 = ?, sha256 = ?,"
                " language = ?, lines = ?,"
                " note = ?, recipe = ?, generation = ? WHERE id = ?",
                (*values, file_id),
            )
        indexed_before = known is not None and known.sha256 is not None
        if record.sha256 is not None and not indexed_before:
            self._add_path(file_id, record.path)
        elif record.sha256 is None and indexed_before:
            self._remove_path(file_id, record.path)
        return self._write_chunks(file_id, record, fresh=known is None)

    def remove_file(self, file_id: int, path: str) -> int:
        """Forget a file and what only it holds, inside a batch; return how many chunks went."""
        rows = self.connection.execute(
            "SELECT id, content_id FROM chunks WHERE file_id = ?", (file_id,)
        ).fetchall()
        self._graph.file_gone(self.connection, file_id)
        self._removed += rows
        self._remove_path(file_id, path)
        graph.write_imports(self.connection, file_id, path, ())
        self.connection.execute("DELETE FROM files WHERE id = ?", (file_id,))
        return len(rows)

    def _add_path(self, file_id: int, path: str) -> None:
        self.connection.executemany(
            "INSERT OR IGNORE INTO path_terms VALUES (?, ?, ?)", _path_terms(path, file_id)
        )
        self._graph.path_changed(path)

    def _remove_path(self, file_id: int, path: str) -> None:
        self.connection.execute("DELETE FROM path_terms WHERE file_id = ?", (file_id,))
        self._graph.path_changed(path)

    def _write_chunks(self, file_id: int, record: FileRecord, *, fresh: bool) -> Written:
        execute = self.connection.execute
        old: dict[int, list[tuple[int, int, int, int, int]]] = {}
        if not fresh:
            self._graph.names_before(self.connection, file_id)
            for stamp, *rest in execute(
                "SELECT stamp, id, content_id, uid, line_start, line_end FROM chunks WHERE file_id = ?"
                " ORDER BY line_start DESC, id DESC",
                (file_id,),
            ):
                old.setdefault(stamp, []).append(tuple(rest))
        added = deduped = kept = 0
        for chunk in record.chunks:
            same = old.get(chunk.stamp)
            if same:
                row, _, uid, start, end = same.pop()
                kept += 1
                if (uid, start, end) != (chunk.uid, chunk.line_start, chunk.line_end):
                    execute(
                        "UPDATE chunks SET uid = ?, line_start = ?, line_end = ? WHERE id = ?",
                        (chunk.uid, chunk.line_start, chunk.line_end, row),
                    )
                if chunk.terms is None:  # a worker has given it a place, which stays empty
                    self._kept.append(len(self._places))
                    self._places.append((self._next_chunk - 1, file_id))
                continue
            content, known = self._content(chunk)
            deduped += known
            added += 1
            row = self._next_chunk
            self._next_chunk += 1
            self._chunks.append(
                (
                    row,
                    file_id,
                    content,
                    chunk.uid,
                    chunk.stamp,
                    chunk.line_start,
                    chunk.line_end,
                    chunk.tokens,
                    chunk.type,
                    chunk.symbol,
                    chunk.signature,
                )
            )
            for folded, name, kind in chunk.symbols:
                self._symbols.append((row, folded, name, kind))
            self._places.append((row, file_id))
            if chunk.terms is not None:
                self._inverter.add(chunk.terms)
                if len(self._inverter) == MAX_DOCS:
                    self._end_segment()
        removed = [(row[0], row[1]) for rows in old.values() for row in rows]
        self._removed += removed
        graph.write_imports(self.connection, file_id, record.path, record.imports)
        self._graph.file_changed(file_id, record.chunks)
        return Written(added, deduped, kept, len(removed))

    def _content(self, chunk: ChunkRecord) -> tuple[int, bool]:
        """The row of a chunk's content, stored with this batch unless it is there already (True)."""
        bloom = self._bloom
        if bloom is None:
            bloom = self._bloom = self.load_bloom()
        if bloom.add(chunk.hash):
            found = self._pending.get(chunk.hash)
            if found is None:
                row = self.connection.execute(
                    "SELECT id FROM contents WHERE hash = ?", (chunk.hash,)
                ).fetchone()
                found = None if row is None else row[0]
            if found is not None:
                return found, True
        row_id = self._next_content
        self._next_content += 1
        self._contents.append((row_id, chunk.hash, chunk.body))
        self._pending[chunk.hash] = row_id
        bloom.covers = row_id
        return row_id, False

    def _remove_chunks(self, rows: Iterable[tuple[int, int]]) -> None:
        rows = list(rows)
        if not rows:
            return
        fulltext.drop_chunks(self.connection, [row for row, _ in rows])
        for row, content in rows:
            self.connection.execute("DELETE FROM symbols WHERE chunk_id = ?", (row,))
            self.connection.execute("DELETE FROM chunks WHERE id = ?", (row,))
            self.connection.execute(
                "DELETE FROM contents WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM chunks WHERE"
                " content_id = ?1)",
                (content,),
            )

    # The Bloom filter

    @property
    def bloom_path(self) -> Path:
        """Where the Bloom filter is saved."""
        return self.path.with_name("bloom.bin")

    def load_bloom(self, *, afresh: bool = False) -> BloomFilter:
        """The saved filter brought up to date; made anew when missing, damaged, full, or of another store."""
        last = self.get("next_content", 1) - 1
        saved = None if afresh else BloomFilter.load(self.bloom_path)
        if (
            saved is not None
            and saved.covers <= last
            and saved.store == self.get("store")
            and saved.count < saved.capacity
        ):
            for row, digest in self.connection.execute(
                "SELECT id, hash FROM contents WHERE id > ?", (saved.covers,)
            ):
                saved.add(digest)
                saved.covers = row
            return saved
        expected = self.connection.execute("SELECT count(*) FROM contents").fetchone()[0]
        hashes = (digest for (digest,) in self.connection.execute("SELECT hash FROM contents"))
        return BloomFilter.of(hashes, store=self.get("store"), covers=last, expected=expected)

    def save_bloom(self) -> None:
        """Save the filter if this connection used it. A disk that refuses costs only the next run's time."""
        if self._bloom is not None:
            try:
                self._bloom.save(self.bloom_path)
            except OSError:
                self.bloom_path.with_name(self.bloom_path.name + ".new").unlink(missing_ok=True)


def _path_terms(path: str, file_id: int) -> Iterator[tuple[str, int, int]]:
    for place, name in enumerate(reversed(path.split("/"))):
        bare = name.rsplit(".", 1)[0] if place == 0 and not name.startswith(".") else name
        for term in parts_of(bare):
            yield term, file_id, place


def _connect(path: Path) -> sqlite3.Connection:
    """A writing connection to a database of the newest schema, made or migrated as needed."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
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


def _damaged(path: Path, said: object) -> IndexDamagedError:
    """The error to raise; and a mark, so that the next ingest makes the index anew."""
    with suppress(OSError):
        path.with_name(DAMAGED).touch(mode=0o600)
    return IndexDamagedError(f"{path} is damaged ({said}): `mnemo ingest` makes it anew")


def _as_named(error: Exception, path: Path) -> Exception:
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if is_damage(error):
        return _damaged(path, error)
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
def _named(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the disk into the few errors that have a name; bugs stay what they are."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        named = _as_named(error, path)
        if named is error:
            raise
        raise named from error
