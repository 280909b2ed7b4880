"""Subscribers hear of what this and other processes append."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mnemo.storage import Change, JournalError, MemoryDB

WAIT = 20.0


class Ear:
    """Collects changes; waits for a total."""

    def __init__(self) -> None:
        self.changes: queue.Queue[Change] = queue.Queue()

    def __call__(self, change: Change) -> None:
        self.changes.put(change)

    def until(self, total: int) -> list[Change]:
        heard = []
        while not heard or heard[-1].total != total:
            heard.append(self.changes.get(timeout=WAIT))
        return heard


def append_elsewhere(path: Path, count: int) -> None:
    script = f"""
from mnemo import MemoryDB
with MemoryDB({str(path)!r}, fsync_policy="never") as db:
    for number in range({count}):
        db.remember("elsewhere", "joy", str(number))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def watchers() -> int:
    return sum(thread.name == "mnemo-journal-watcher" for thread in threading.enumerate())


def test_what_another_process_appends_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path) as db:
        db.remember("here", "joy", "first")
        ear = Ear()
        db.subscribe(ear)
        append_elsewhere(path, 3)
        heard = ear.until(4)
        assert sum(change.added for change in heard) == 3
        assert not any(change.cut_back for change in heard)
        assert db.count("elsewhere") == 3


def test_what_this_object_appends_is_told(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        ear = Ear()
        db.subscribe(ear)
        db.remember("here", "joy", "first")
        ear.until(1)
        db.remember_many({"concept": "here", "feeling": "joy", "content": "x"} for _ in range(5))
        ear.until(6)


def test_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    path = tmp_path / "later" / "still" / "a.mnheme"
    with MemoryDB(path) as db:
        ear = Ear()
        db.subscribe(ear)
        append_elsewhere(path, 2)
        ear.until(2)


def test_a_folder_that_never_comes_costs_no_descriptors(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "never" / "a.mnheme") as db:
        looked = threading.Semaphore(0)
        watched = db.state

        def state() -> tuple[int, int]:
            looked.release()
            return watched()

        db.state = state  # type: ignore[method-assign]
        db.subscribe(lambda change: None)
        for _ in range(3):
            assert looked.acquire(timeout=WAIT)
        before = len(list(Path("/dev/fd").iterdir())), threading.active_count()
        for _ in range(4):
            assert looked.acquire(timeout=WAIT)
        assert len(list(Path("/dev/fd").iterdir())) <= before[0]
        assert threading.active_count() <= before[1]


def test_a_log_that_was_cut_back_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path) as db:
        db.remember("here", "joy", "first")
        size = path.stat().st_size
        db.remember("here", "joy", "second")
        ear = Ear()
        db.subscribe(ear)
        os.truncate(path, size)
        assert ear.until(1)[-1].cut_back


def test_a_symlinked_journal_is_watched_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "a.mnheme").symlink_to(tmp_path / "real" / "a.mnheme")
    MemoryDB(tmp_path / "real" / "a.mnheme").close()
    append_elsewhere(tmp_path / "real" / "a.mnheme", 1)
    with MemoryDB(tmp_path / "a.mnheme") as db:
        ear = Ear()
        db.subscribe(ear)
        append_elsewhere(tmp_path / "real" / "a.mnheme", 1)
        ear.until(2)


def test_unsubscribing_ends_it_for_one(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        first, second = Ear(), Ear()
        unsubscribe = db.subscribe(first)
        db.subscribe(second)
        unsubscribe()
        unsubscribe()
        db.remember("here", "joy", "first")
        second.until(1)
        assert first.changes.empty()


def test_a_subscriber_that_fails_silences_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails(change: Change) -> None:
        raise RuntimeError("a subscriber's own mistake")

    with MemoryDB(tmp_path / "a.mnheme") as db:
        ear = Ear()
        db.subscribe(fails)
        db.subscribe(ear)
        db.remember("here", "joy", "first")
        ear.until(1)
        db.remember("here", "joy", "second")
        ear.until(2)
    assert "a subscriber failed" in caplog.text
    assert "first" not in caplog.text


def test_closing_ends_the_threads(tmp_path: Path) -> None:
    before = threading.active_count()
    db = MemoryDB(tmp_path / "a.mnheme")
    db.subscribe(Ear())
    assert watchers() == 1
    db.close()
    assert watchers() == 0
    assert threading.active_count() == before
    with pytest.raises(JournalError, match="closed"):
        db.subscribe(Ear())
    assert watchers() == 0


def test_closing_from_a_subscriber_does_not_hang(tmp_path: Path) -> None:
    db = MemoryDB(tmp_path / "a.mnheme")
    closed = threading.Event()

    def close(change: Change) -> None:
        db.close()
        closed.set()

    db.subscribe(close)
    db.remember("here", "joy", "first")
    assert closed.wait(WAIT)
    for thread in threading.enumerate():
        if thread.name == "mnemo-journal-watcher":
            thread.join(WAIT)
    assert watchers() == 0
