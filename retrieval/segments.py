"""Writing the full-text index: segments, what dies in them, and their merging. See `fulltext`."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from zlib import crc32

from .fulltext import unpack
from .inversion import MAX_DOCS, Combiner

__all__ = ["altered_segments", "drop_chunks", "merge_segments", "write_segment"]

FAN_OUT = 16  # segments of one size before they become one


def _pack(kind: str, values: Iterable[int] | Iterable[float]) -> bytes:
    packed = array(kind, values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _encode(values: list[int]) -> bytes:
    if len(values) == 1:
        value = values[0]
        return (value >> 8).to_bytes(2, "little") + bytes((value & 0xFF,))
    return _pack("H", [value >> 8 for value in values]) + bytes([value & 0xFF for value in values])


def write_segment(
    connection: sqlite3.Connection, chunks: list[int], files: list[int], inverted: Combiner, dead: list[int]
) -> None:
    """Write a segment, inside the caller's transaction. ``chunks`` are ids by place, ascending.

    The places in ``dead`` hold chunks that need no postings; each repeats the id before it.
    """
    segment, columns = _write_documents(connection, chunks, files, inverted.lengths, inverted.norms, dead)
    _write_postings(connection, segment, columns, inverted.rows())
    connection.executemany("INSERT OR IGNORE INTO vocabulary VALUES (?, ?)", inverted.stems)


def _write_documents(
    connection: sqlite3.Connection,
    chunks: list[int],
    files: list[int],
    lengths: list[int],
    norms: list[float],
    dead: list[int],
) -> tuple[int, tuple[bytes, ...]]:
    """Write a segment's row; give its id and its columns that never change."""
    columns = (_pack("I", chunks), _pack("I", files), _pack("H", lengths), _pack("f", norms))
    cursor = connection.execute(
        "INSERT INTO segments (first, last, docs, gone, chunk_ids, file_ids, lengths, norms, total, dead)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            chunks[0],
            chunks[-1],
            len(chunks),
            len(dead),
            *columns,
            sum(lengths) - sum(lengths[place] for place in dead),
            _pack("H", dead),
        ),
    )
    return cursor.lastrowid or 0, columns


def _write_postings(
    connection: sqlite3.Connection,
    segment: int,
    columns: tuple[bytes, ...],
    rows: Iterator[tuple[str, bytes]],
) -> None:
    """Write the posting lists of a segment, terms in order, and its checksum."""
    checksum = crc32(b"".join(columns))
    while some := list(islice(rows, 5000)):  # rows may be read from the very table
        for term, blob in some:
            checksum = crc32(blob, crc32(term.encode(), checksum))
        connection.executemany(
            "INSERT INTO postings VALUES (?, ?, ?)", [(segment, term, blob) for term, blob in some]
        )
    connection.execute("UPDATE segments SET checksum = ? WHERE id = ?", (checksum, segment))


def altered_segments(connection: sqlite3.Connection) -> list[int]:
    """The segments that are no more what was written; every posting is read."""
    found: list[int] = []
    for segment, checksum, *columns in connection.execute(
        "SELECT id, checksum, chunk_ids, file_ids, lengths, norms FROM segments WHERE checksum IS NOT NULL"
    ).fetchall():
        told = crc32(b"".join(columns))
        for term, blob in connection.execute(
            "SELECT term, list FROM postings WHERE segment = ? ORDER BY term", (segment,)
        ):
            told = crc32(blob, crc32(term.encode(), told))
        if told != checksum:
            found.append(segment)
    return found


def drop_chunks(connection: sqlite3.Connection, chunk_ids: Iterable[int]) -> None:
    """Mark chunks dead in the segments that hold them, inside the caller's transaction."""
    wanted = sorted(chunk_ids)
    if not wanted:
        return
    rows = connection.execute(
        "SELECT id, first, last FROM segments WHERE last >= ? AND first <= ?", (wanted[0], wanted[-1])
    ).fetchall()
    for segment, first, last in rows:
        inside = wanted[bisect_left(wanted, first) : bisect_left(wanted, last + 1)]
        if not inside:
            continue
        docs, gone, total, chunk_blob, length_blob, dead_blob = connection.execute(
            "SELECT docs, gone, total, chunk_ids, lengths, dead FROM segments WHERE id = ?", (segment,)
        ).fetchone()
        chunks, lengths, dead = (
            unpack("I", chunk_blob),
            unpack("H", length_blob),
            set(unpack("H", dead_blob)),
        )
        for chunk in inside:
            place = bisect_left(chunks, chunk)  # places after it may repeat its id: they are dead already
            if place < docs and chunks[place] == chunk and place not in dead:
                dead.add(place)
                total -= lengths[place]
        if len(dead) == docs:
            connection.execute("DELETE FROM postings WHERE segment = ?", (segment,))
            connection.execute("DELETE FROM segments WHERE id = ?", (segment,))
        elif len(dead) != gone:
            connection.execute(
                "UPDATE segments SET gone = ?, total = ?, dead = ? WHERE id = ?",
                (len(dead), total, _pack("H", sorted(dead)), segment),
            )


def merge_segments(connection: sqlite3.Connection, *, everything: bool = False) -> int:
    """Merge what is due, one transaction for each merge; return how many segments went into others.

    Due are `FAN_OUT` segments of one size class, and a segment of which more than a quarter is dead. With
    ``everything`` all dead postings go, and segments are as few as can be.
    """
    merged = 0
    while True:
        group = _due(connection, everything)
        if not group:
            return merged
        connection.execute("BEGIN IMMEDIATE")
        try:
            _merge(connection, group)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        merged += len(group)


def _due(connection: sqlite3.Connection, everything: bool) -> list[int]:
    rows = connection.execute("SELECT id, docs, gone FROM segments ORDER BY docs - gone, id").fetchall()
    for segment, docs, gone in rows:
        if gone and (everything or (gone * 4 > docs and gone > 64)):
            return [segment]
    group: list[int] = []
    living = 0
    size_class = -1
    for segment, docs, _ in rows:
        of_class = 0 if everything else docs.bit_length() // 3
        if of_class != size_class:
            if len(group) >= FAN_OUT:
                return group
            size_class, group, living = of_class, [], 0
        if living + docs <= MAX_DOCS:
            group.append(segment)
            living += docs
        elif len(group) > 1:
            return group
    return group if len(group) >= (2 if everything else FAN_OUT) else []


def _merge(connection: sqlite3.Connection, group: list[int]) -> None:
    documents: list[tuple[int, int, int, float, int, int]] = []
    for segment in group:
        chunk_blob, file_blob, length_blob, norm_blob, dead_blob = connection.execute(
            "SELECT chunk_ids, file_ids, lengths, norms, dead FROM segments WHERE id = ?", (segment,)
        ).fetchone()
        dead = set(unpack("H", dead_blob))
        columns = zip(
            unpack("I", chunk_blob),
            unpack("I", file_blob),
            unpack("H", length_blob),
            unpack("f", norm_blob),
            strict=True,
        )
        documents.extend((*row, segment, place) for place, row in enumerate(columns) if place not in dead)
    documents.sort()
    target, written = _write_documents(
        connection,
        [row[0] for row in documents],
        [row[1] for row in documents],
        [row[2] for row in documents],
        [row[3] for row in documents],
        [],
    )
    moved: dict[int, dict[int, int]] = {segment: {} for segment in group}
    for place, row in enumerate(documents):
        moved[row[4]][row[5]] = place << 8
    sources = [
        connection.execute(
            "SELECT term, segment, list FROM postings WHERE segment = ? ORDER BY term", (segment,)
        )
        for segment in group
    ]

    def rows() -> Iterator[tuple[str, bytes]]:
        # SQLite orders text by its UTF-8 bytes, Python by code points: the same order.
        for term, lists in groupby(merge(*sources, key=itemgetter(0)), key=itemgetter(0)):
            values: list[int] = []
            for _, segment, blob in lists:
                half = len(blob) // 3 * 2
                places = moved[segment]
                values.extend(
                    places[place] | byte
                    for place, byte in zip(unpack("H", blob[:half]), blob[half:], strict=True)
                    if place in places
                )
            if values:
                values.sort()
                yield term, _encode(values)

    _write_postings(connection, target, written, rows())
    marks = ",".join("?" * len(group))
    connection.execute(f"DELETE FROM postings WHERE segment IN ({marks})", group)  # noqa: S608 - only marks
    connection.execute(f"DELETE FROM segments WHERE id IN ({marks})", group)  # noqa: S608
