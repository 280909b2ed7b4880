"""Targets of the journal's side: the log, the record, the index snapshot, full text, times, importers."""

from __future__ import annotations

import atexit
import re
import shutil
import struct
import tempfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from mnemo.cli.inert import UNSAFE, inert
from mnemo.retrieval.journal.query import query_journal
from mnemo.storage import MemoryDB
from mnemo.storage.codec import decode, encode
from mnemo.storage.errors import InvalidMemoryError, JournalError, NoSuchMemoryError, QuarantinedError
from mnemo.storage.frames import frame, scan
from mnemo.storage.log import Log
from mnemo.storage.transfer import import_file
from mnemo.storage.transfer.records import Defaults
from mnemo.storage.when import UnreadableTimeError, parse_when

NOW = datetime(2024, 5, 31, 12, tzinfo=UTC)
SENTINEL = b'{"memory_id": "sentinel"}'
SNAPSHOT_PREFIX = struct.Struct("<8sII")


def scratch() -> Path:
    """A folder in memory, where the system has such a place."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="mnemo-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def text_of(data: bytes) -> str:
    """Any text; behind a zero byte with halves of characters in it."""
    return data.decode("utf-8", "surrogateescape" if data[:1] == b"\0" else "replace")


@cache
def _bench() -> Path:
    return scratch()


def log(data: bytes) -> None:
    """The walk over a damaged log: in order, without gaps, what is whole is what is read, and what is
    appended after any damage is found.
    """
    path = _bench() / "log.mnheme"
    path.write_bytes(data + frame(SENTINEL))
    log = Log(path)
    try:
        size = log.stamp()[0]
        end, last = 0, None
        for start, stop, payload in scan(log, 0, size):
            assert start == end < stop <= size, "pieces follow each other"
            end, last = stop, payload
            if payload is not None:
                assert log.bytes_at(start, stop) == frame(payload)
                assert log.read(start) == payload
        assert (end, last) == (size, SENTINEL), "the record after the damage is found"
    finally:
        log.close()


def journal(data: bytes) -> None:
    """A journal over a damaged log: it opens, an append succeeds, nothing whole is lost, twice the same."""
    folder = scratch()
    try:
        path = folder / "j.mnheme"
        path.write_bytes(data)
        with MemoryDB(path) as db:
            before = db.recall()
            db.verify()
            db.search("whole")
            new = db.remember("after", "joy", "whole again")
        with MemoryDB(path) as db:
            after = db.recall()
            assert sorted(map(repr, [*before, new])) == sorted(map(repr, after))
            assert db.get(new.memory_id) == new
            assert any(found.memory_id == new.memory_id for found in db.search("whole again"))
        kept = b"".join(file.read_bytes() for file in sorted(folder.glob("j.torn-*")))
        assert len(kept) + path.stat().st_size >= len(data), "no byte is gone"
    finally:
        shutil.rmtree(folder)


def memory(data: bytes) -> None:
    """The record's decoder: what it takes can be looked at, printed inert, written and read again."""
    try:
        found = decode(data)
    except QuarantinedError:
        return
    _ = found.time, found.local_time, found.intact
    assert not re.search(UNSAFE, inert(found.content))
    try:
        written = encode(found)
    except InvalidMemoryError:  # half a character: readers take it, writers do not
        return
    assert repr(decode(written).record()) == repr(found.record())


@cache
def _journal_with_snapshot() -> tuple[Path, bytes, list[str]]:
    path = scratch() / "j.mnheme"
    with MemoryDB(path) as db:
        db.remember_many(
            {
                "concept": f"concept {number % 3}",
                "feeling": ("joy", "fear")[number % 2],
                "content": f"a day {number}",
                "tags": ("one", "two")[: number % 3],
                "at": datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number),
            }
            for number in range(2100)  # fewer are not worth a snapshot
        )
    with MemoryDB(path) as db:
        ids = [memory.memory_id for memory in db.recall(limit=30)]
    (snapshot,) = (path.parent / "j.mnemo").glob("index-*.snap")
    return path, snapshot.read_bytes(), ids


def snapshot(data: bytes) -> None:
    """A damaged index snapshot. The first byte says whether its header's checksum is made to fit, then come
    patches: two bytes where, one what. One that does not fit its checksum never changes an answer.
    """
    path, whole, ids = _journal_with_snapshot()
    if not data:
        return
    patched = bytearray(whole)
    for at in range(1, len(data) - 2, 3):
        patched[int.from_bytes(data[at : at + 2], "big") % len(patched)] = data[at + 2]
    forged = data[0] & 1
    if forged:
        magic, length, _ = SNAPSHOT_PREFIX.unpack_from(patched)
        header = bytes(patched[SNAPSHOT_PREFIX.size : SNAPSHOT_PREFIX.size + length])
        SNAPSHOT_PREFIX.pack_into(patched, 0, magic, length, zlib.crc32(header))
    folder = path.parent / "j.mnemo"
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / f"index-{path.stat().st_size:016x}-00000000.snap").write_bytes(patched)
    with MemoryDB(path) as db:
        found = [memory.memory_id for memory in db.recall(limit=30)]
        db.recall("concept 1", feelings=["joy"], tags=["one"], since=NOW, limit=5)
        db.concepts(), db.tags(), db.feeling_distribution(), db.problems()
        with suppress(NoSuchMemoryError):
            db.get(ids[3])
        if not forged:
            assert (found, db.count()) == (ids, 2100)


@cache
def _searched() -> MemoryDB:
    db = MemoryDB(scratch() / "j.mnheme")
    db.remember_many(
        {"concept": "Café", "feeling": "joy", "content": text, "tags": ["sea"], "note": "a note"}
        for text in ("the sea was calm", "Über den Fluß", "日本語の手紙", "a wolf\na wood", "naïve résumé 42")
        for _ in range(3)
    )
    db.index_text()
    db.remember("tail", "fear", "the sea was not calm: a storm came")
    return db


def search(data: bytes) -> None:
    """What people type to search a journal, and ask of it within a budget."""
    text = text_of(data)
    db = _searched()
    for found in db.search(text):
        assert db.get(found.memory_id)
    budget = 1 + len(data) * 7
    answer = query_journal(db, text, budget=budget, now=NOW)
    assert answer.used <= budget


def when(data: bytes) -> None:
    """Times as people write them: a span with an end that is not before its start, or one error."""
    try:
        found = parse_when(data.decode("utf-8", "replace"), now=NOW)
    except UnreadableTimeError:
        return
    assert found.start <= found.end


FORMATS = (
    ("jsonl", "x.jsonl"),
    ("json", "x.json"),
    ("jrnl", "x.txt"),
    ("jrnl", "x.json"),
    ("markdown", "x.md"),
    ("dayone", "x.zip"),
    ("dayone", "x.json"),
    ("mnheme", "x.mnheme"),
    (None, "x"),
)


def importing(data: bytes) -> None:
    """Every importer; the first byte chooses. All or nothing, and a second time nothing."""
    if not data:
        return
    name, file = FORMATS[data[0] % len(FORMATS)]
    folder = scratch()
    try:
        source = folder / file
        source.write_bytes(data[1:])
        with MemoryDB(folder / "j.mnheme") as db:
            defaults = Defaults(concept="from elsewhere", feeling="joy")
            try:
                report = import_file(db, source, format=name, defaults=defaults)
            except JournalError as error:
                assert "\n" not in str(error)
                assert db.count() == 0
                return
            assert db.count() == report.added
            assert db.verify().sound
            again = import_file(db, source, format=name, defaults=defaults)
            assert (again.added, again.found) == (0, report.found)
    finally:
        shutil.rmtree(folder)
