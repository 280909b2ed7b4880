"""Writing the index: batches, each one transaction, under the writer's lock.

Everything here can be made again from the project's files, so a database that cannot be read is set aside
and made anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from . import database, graph, segments
from .analysis import parts_of
from .bloom import BloomFilter, filter_of, filter_path
from .database import DAMAGED, naming_errors
from .inversion import MAX_DOCS, Combiner, Inverted, Inverter
from .project import is_foreign, set_aside
from .records import ChunkRecord, FileRecord
from .store import Known, Store

__all__ = ["StoreWriter"]


class Written(NamedTuple):
    """What one file's rewriting did: chunks added, of those with a content already stored, kept, and
    removed.
    """

    added: int
    deduped: int
    kept: int
    removed: int


class StoreWriter(Store):
    """An index open for writing; raises `IndexUnwritableError` where it cannot write."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection, path)
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
    def open_for_writing(cls, path: Path) -> tuple[StoreWriter, list[str]]:
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
            connection = None if mark.exists() and path.exists() else database.open_for_writing(path)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not database.is_damage(error):
                raise database.as_named(error, path) from error
            connection = None
        if connection is None:
            kept = set_aside(path, "damaged")
            notices.append(
                f"{path.name} was damaged: kept as {kept.name}, and the index is made anew from the files"
            )
            with naming_errors(path):
                connection = database.open_for_writing(path)
        with suppress(OSError):
            mark.unlink(missing_ok=True)
        return cls(connection, path), notices

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction: what is written inside is there whole, or not at all."""
        with naming_errors(self.path):
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
            segments.write_segment(
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

    def compact(self) -> None:
        """Give unused room back to the disk, and make the Bloom filter anew from what is left."""
        with naming_errors(self.path):
            self._bloom = filter_of(self, afresh=True)
            self.save_bloom()
            self.connection.execute("VACUUM")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def put(self, key: str, value: Any) -> None:
        """Set one value of `meta`, inside a batch."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def next_generation(self) -> int:
        """Raise the generation, inside a batch; return it."""
        generation = self.generation + 1
        self.put("generation", generation)
        return generation

    # Files

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
            bloom = self._bloom = filter_of(self)
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
        segments.drop_chunks(self.connection, [row for row, _ in rows])
        for row, content in rows:
            self.connection.execute("DELETE FROM symbols WHERE chunk_id = ?", (row,))
            self.connection.execute("DELETE FROM chunks WHERE id = ?", (row,))
            self.connection.execute(
                "DELETE FROM contents WHERE id = ? AND NOT EXISTS (SELECT 1 FROM chunks WHERE"
                " content_id = contents.id)",
                (content,),
            )

    def save_bloom(self) -> None:
        """Save the filter if this connection used it. A disk that refuses costs only the next run's time."""
        if self._bloom is not None:
            path = filter_path(self)
            try:
                self._bloom.save(path)
            except OSError:
                path.with_name(path.name + ".new").unlink(missing_ok=True)


def _path_terms(path: str, file_id: int) -> Iterator[tuple[str, int, int]]:
    for place, name in enumerate(reversed(path.split("/"))):
        bare = name.rsplit(".", 1)[0] if place == 0 and not name.startswith(".") else name
        for term in parts_of(bare):
            yield term, file_id, place
