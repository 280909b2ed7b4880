"""verify says what was altered, dropped, moved, doubled or cut off, and where."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from mnemo.storage import MemoryDB, VerifyReport
from mnemo.storage.chain import NO_LINK
from mnemo.storage.codec import encode
from mnemo.storage.frames import frame
from mnemo.storage.memory import new_record

COUNT = 6


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path, fsync_policy="never") as db:
        for number in range(COUNT):
            db.remember("c", "joy", f"memory {number}", note=f"note {number}")
    return path


def frames(path: Path) -> list[bytes]:
    with MemoryDB(path) as db:
        starts = [*sorted(db.listing().refs), path.stat().st_size]
    data = path.read_bytes()
    return [data[start:end] for start, end in pairwise(starts)]


def spans(parts: list[bytes]) -> list[tuple[int, int]]:
    found, at = [], 0
    for part in parts:
        found.append((at, at + len(part)))
        at += len(part)
    return found


def verified(path: Path, expect: str | None = None) -> VerifyReport:
    with MemoryDB(path) as db:
        return db.verify(expect=expect)


def places(report: VerifyReport) -> list[tuple[str, int, int]]:
    return [(problem.kind, problem.start, problem.end) for problem in report.problems]


FOREIGN = frame(encode(new_record("c", "joy", "another writer's")))

# What is done to the frames 0..5, and which of the new ones are unsound in what way.
TAMPERING: list[tuple[str, Callable[[list[bytes]], list[bytes]], list[tuple[str, int]]]] = [
    ("nothing", lambda f: f, []),
    ("content altered", lambda f: [*f[:2], f[2].replace(b"memory 2", b"memorY 2"), *f[3:]],
     [("checksum", 2), ("chain", 2)]),
    ("note altered", lambda f: [*f[:2], f[2].replace(b"note 2", b"n0te 2"), *f[3:]], [("chain", 2)]),
    ("time altered", lambda f: [*f[:2], f[2].replace(b'"timestamp": "2', b'"timestamp": "1'), *f[3:]],
     [("chain", 2)]),
    ("first altered", lambda f: [f[0].replace(b"note 0", b"n0te 0"), *f[1:]], [("chain", 0)]),
    ("last altered", lambda f: [*f[:5], f[5].replace(b"note 5", b"n0te 5")], [("chain", 5)]),
    ("dropped", lambda f: [*f[:2], *f[3:]], [("chain", 2)]),
    ("first dropped", lambda f: f[1:], [("chain", 0)]),
    ("two dropped", lambda f: [f[0], *f[3:]], [("chain", 1)]),
    ("reordered", lambda f: [*f[:2], f[3], f[2], *f[4:]], [("chain", 2), ("chain", 3), ("chain", 4)]),
    ("doubled", lambda f: [*f[:3], f[2], *f[3:]], [("chain", 3)]),
    ("foreign inserted", lambda f: [*f[:3], FOREIGN, *f[3:]], [("chain", 4)]),
    ("foreign appended", lambda f: [*f, FOREIGN], []),
    ("garbage inserted", lambda f: [*f[:3], b"garbage", *f[3:]], [("damage", 3), ("chain", 4)]),
    ("no memory inserted", lambda f: [*f[:3], frame(b"[]"), *f[3:]], [("quarantine", 3), ("chain", 4)]),
    ("magic broken", lambda f: [*f[:2], b"XXX" + f[2][3:], *f[3:]], [("damage", 2), ("chain", 3)]),
    ("torn tail", lambda f: [*f, f[0][:20]], [("tail", 6)]),
    ("link stripped", lambda f: [*f[:2], frame(f[2][8:].rpartition(b", ")[0] + b"}"), *f[3:]],
     [("chain", 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [pytest.param(*case[1:], id=case[0]) for case in TAMPERING])
def test_what_was_tampered_with(
    journal: Path, change: Callable[[list[bytes]], list[bytes]], expected: list[tuple[str, int]]
) -> None:
    parts = change(frames(journal))
    journal.write_bytes(b"".join(parts))
    report = verified(journal)
    assert places(report) == [(kind, *spans(parts)[at]) for kind, at in expected]
    assert report.sound == (not expected)
    assert all("\n" not in problem.message for problem in report.problems)


def test_a_sound_journal(journal: Path) -> None:
    with MemoryDB(journal) as db:
        newest = db.recall(limit=1)[0]
        report = db.verify()
        assert (report.size, report.memories, report.chained, report.unchecked) == (
            journal.stat().st_size,
            6,
            6,
            0,
        )
        assert report.head == newest.chain
        assert report.since_expected is None
        assert report.sound


def test_an_empty_journal_is_sound(tmp_path: Path) -> None:
    report = verified(tmp_path / "none.mnheme")
    assert (report.size, report.memories, report.head, report.sound) == (0, 0, NO_LINK, True)


def test_a_cut_off_tail_is_noticed_by_the_expected_head(journal: Path) -> None:
    head = verified(journal).head
    parts = frames(journal)
    journal.write_bytes(b"".join(parts[:4]))
    assert verified(journal).sound
    report = verified(journal, head)
    assert places(report) == [("expect", sum(map(len, parts[:4])), sum(map(len, parts[:4])))]
    assert report.since_expected is None


def test_a_rewritten_tail_is_noticed_by_the_expected_head(journal: Path) -> None:
    head = verified(journal).head
    journal.write_bytes(b"".join(frames(journal)[:4]))
    with MemoryDB(journal) as db:
        for number in (4, 5):
            db.remember("c", "joy", f"memory {number}", note=f"note {number}")
    assert verified(journal).sound
    assert [problem.kind for problem in verified(journal, head).problems] == ["expect"]


def test_growth_after_the_expected_head_is_counted(journal: Path) -> None:
    head = verified(journal).head
    assert verified(journal, head).since_expected == 0
    with MemoryDB(journal) as db:
        db.remember_many({"concept": "c", "feeling": "joy", "content": "x"} for _ in range(3))
    report = verified(journal, head)
    assert report.sound
    assert report.since_expected == 3
    assert verified(journal, NO_LINK).since_expected == COUNT + 3


def test_foreign_frames_between_become_part_of_the_chain(journal: Path) -> None:
    with journal.open("ab") as raw:
        raw.write(FOREIGN * 2)
    with MemoryDB(journal) as db:
        db.remember("c", "joy", "after the foreign ones")
    report = verified(journal)
    assert report.sound
    assert (report.memories, report.chained) == (COUNT + 3, COUNT + 1)
    parts = frames(journal)
    journal.write_bytes(b"".join([*parts[:COUNT], *parts[COUNT + 1 :]]))
    assert [problem.kind for problem in verified(journal).problems] == ["chain"]


def test_torn_bytes_that_were_moved_aside_are_no_part_of_the_chain(journal: Path) -> None:
    with journal.open("ab") as raw:
        raw.write(frames(journal)[0][:50])
    with MemoryDB(journal) as db:
        db.remember("c", "joy", "after the crash")
        report = db.verify()
    assert report.sound
    assert report.chained == COUNT + 1


def test_records_without_a_checksum_are_unchecked_and_sound(journal: Path) -> None:
    with journal.open("ab") as raw:
        raw.write(
            frame(b'{"memory_id":"1","concept":"c","feeling":"joy","timestamp":"2020-01-01T00:00:00Z"}')
        )
    report = verified(journal)
    assert (report.sound, report.unchecked) == (True, 1)


def test_an_altered_memory_stays_readable_and_says_so(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes().replace(b"memory 2", b"memorY 2"))
    with MemoryDB(journal) as db:
        (altered,) = [memory for memory in db.recall() if not memory.intact]
        assert altered.content == "memorY 2"


def test_progress_ends_complete_and_can_cancel(journal: Path) -> None:
    told: list[tuple[int, int]] = []
    with MemoryDB(journal) as db:
        db.verify(on_progress=lambda done, total: told.append((done, total)))
        assert told[-1][0] == told[-1][1] == journal.stat().st_size
        assert [done for done, _ in told] == sorted(done for done, _ in told)

        def cancel(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            db.verify(on_progress=cancel)
        assert db.verify().sound


def test_verifying_beside_an_appender_finds_nothing_unsound(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    over = threading.Event()
    with MemoryDB(path, fsync_policy="never") as writer, MemoryDB(path) as reader:

        def write() -> None:
            while not over.is_set():
                writer.remember("c", "joy", "x" * 2000)
                with pytest.raises(RuntimeError):
                    writer.remember_many(doomed())  # type: ignore[arg-type]

        def doomed() -> object:
            for _ in range(3):
                yield {"concept": "c", "feeling": "joy", "content": "x" * (3 << 20)}
            raise RuntimeError

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(15):
                report = reader.verify()
                assert report.sound, report.problems
        finally:
            over.set()
            thread.join(30)
