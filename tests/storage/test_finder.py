"""Full text over real journals: found at once, by every process, whatever happened before."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mnemo.storage import InvalidMemoryError, MemoryDB


def contents(db: MemoryDB, text: str, **filters: object) -> list[str]:
    return [memory.content for memory in db.search(text, **filters)]  # type: ignore[arg-type]


def records(count: int, first: int = 0) -> list[dict[str, str]]:
    return [
        {"concept": f"c{number % 7}", "feeling": "joy", "content": f"word{number % 97} common n{number}"}
        for number in range(first, first + count)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.mnheme"


def text_folders(path: Path) -> list[Path]:
    return list(path.with_name("journal.mnemo").glob("text-*-*"))


def test_an_empty_journal_finds_nothing_and_makes_nothing(path: Path) -> None:
    with MemoryDB(path) as db:
        assert db.search("anything") == []
        db.index_text()
    assert list(path.parent.iterdir()) == []


def test_search_takes_the_filters_of_recall(path: Path) -> None:
    old = datetime(1999, 5, 1, tzinfo=UTC)
    with MemoryDB(path) as db:
        db.remember("Città", "joy", "il mare di notte", tags=["Estate"])
        db.remember("Lavoro", "anger", "mare di carte", at=old)
        db.remember("Città", "fear", "niente", note="il mare")
        for _ in ("in memory", "committed"):
            assert set(contents(db, "mare")) == {"il mare di notte", "mare di carte", "niente"}
            assert set(contents(db, "mare", concept="citta")) == {"il mare di notte", "niente"}
            assert contents(db, "mare", concept="citta", feelings="gioia") == ["il mare di notte"]
            assert contents(db, "mare", tags="estate") == ["il mare di notte"]
            assert contents(db, "mare", until=old) == ["mare di carte"]
            assert (
                contents(db, "mare", since=old + timedelta(seconds=1), limit=1)
                == contents(db, "mare", since=old + timedelta(seconds=1))[:1]
            )
            assert contents(db, "mare", concept="unknown") == []
            assert contents(db, "mare", limit=0) == []
            with pytest.raises(InvalidMemoryError):
                db.search("mare", feelings="no feeling")
            db.index_text()


def test_many_are_committed_while_nobody_waits(path: Path) -> None:
    count = 1_500
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(records(count))
        assert text_folders(path) == []
        assert len(db.search("common")) == count
    # Closing waited for it.
    assert text_folders(path) != []
    with MemoryDB(path) as db:
        db.remember("late", "joy", "common and fresh")
        assert len(db.search("common")) == count + 1
        assert contents(db, "fresh") == ["common and fresh"]


def test_progress_counts_the_log_in_bytes(path: Path) -> None:
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(records(3_000))
        seen: list[tuple[int, int]] = []
        db.index_text(on_progress=lambda done, total: seen.append((done, total)))
        size = path.stat().st_size
        assert seen[-1] == (size, size)
        assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_another_log_in_the_same_place_is_another_journal(path: Path, tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "other.mnheme") as other:
        other.remember("c", "joy", "theirs")
    with MemoryDB(path) as db:
        db.remember("c", "joy", "mine")
        db.index_text()
        assert contents(db, "mine") == ["mine"]
        (tmp_path / "other.mnheme").replace(path)
        assert contents(db, "mine") == []
        assert contents(db, "theirs") == ["theirs"]


def test_a_log_cut_back_takes_its_words_along(path: Path) -> None:
    with MemoryDB(path) as db:
        db.remember("c", "joy", "first")
        end = path.stat().st_size
        db.remember("c", "joy", "doomed")
        db.index_text()
        assert contents(db, "doomed") == ["doomed"]
        os.truncate(path, end)
        assert contents(db, "doomed") == []
        db.remember("c", "joy", "second")
        for _ in ("read", "indexed"):
            assert contents(db, "doomed") == []
            assert set(contents(db, "first OR second")) == {"first", "second"}
            db.index_text()


def test_damage_in_the_log_hides_only_what_is_damaged(path: Path) -> None:
    with MemoryDB(path) as db:
        for number in range(5):
            db.remember("c", "joy", f"word number{number}")
    data = bytearray(path.read_bytes())
    middle = data.index(b"number2")
    start = data.rindex(b"MNE\xe0", 0, middle)
    data[start : start + 4] = b"junk"
    path.write_bytes(data)
    with MemoryDB(path) as db:
        for _ in ("read", "indexed"):
            assert set(contents(db, "word")) == {f"word number{number}" for number in (0, 1, 3, 4)}
            db.index_text()


def test_memories_of_every_writer_are_found(path: Path) -> None:
    writer = """
import sys
from mnemo.storage import MemoryDB
with MemoryDB(sys.argv[1]) as db:
    for number in range(40):
        db.remember("c", "joy", f"w{sys.argv[2]} n{number}")
        assert len(db.search(f"w{sys.argv[2]}")) == number + 1
        if number % 10 == 9:
            db.index_text()
"""
    processes = [subprocess.Popen([sys.executable, "-c", writer, str(path), str(n)]) for n in range(3)]
    with MemoryDB(path) as db:
        seen = 0
        while any(process.poll() is None for process in processes):
            found = len(db.search("w0 OR w1 OR w2"))
            assert found >= seen
            seen = found
        assert [process.wait(60) for process in processes] == [0, 0, 0]
        assert len(db.search("w0 OR w1 OR w2")) == 120


def test_killed_while_indexing_it_ends_equal_to_a_fresh_build(path: Path, tmp_path: Path) -> None:
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(records(4_000))
    indexer = """
import sys
import mnemo.storage.search as search
from mnemo.storage import MemoryDB
search._PORTION = search._COMMIT_EVERY = 100
with MemoryDB(sys.argv[1]) as db:
    db.index_text(on_progress=lambda done, total: print(done, flush=True))
"""
    chooser = random.Random(7)
    queries = ["common", "word5", "n12*", '"word3 common"', "word1 OR n77"]
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", indexer, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _, line in zip(range(chooser.randrange(1, 5)), process.stdout, strict=False):
                assert line.strip().isdigit()
            process.stdout.read(chooser.randrange(1, 8))
            os.kill(process.pid, signal.SIGKILL)
        with MemoryDB(path) as db:
            assert len(db.search("common")) == 4_000
    copy = tmp_path / "fresh.mnheme"
    copy.write_bytes(path.read_bytes())
    with MemoryDB(path) as killed, MemoryDB(copy) as fresh:
        killed.index_text()
        fresh.index_text()
        for query in queries:
            assert contents(killed, query) == contents(fresh, query) != []


def test_threads_search_one_journal_while_it_grows(path: Path) -> None:
    failures: list[BaseException] = []
    with MemoryDB(path, fsync_policy="never") as db:
        stop = threading.Event()

        def keep_searching() -> None:
            seen = 0
            try:
                while not stop.is_set():
                    found = len(db.search("common"))
                    assert found >= seen
                    seen = found
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=keep_searching) for _ in range(3)]
        for thread in threads:
            thread.start()
        for first in range(0, 3_000, 100):
            db.remember_many(records(100, first))
            assert contents(db, f"n{first + 99}") == [f"word{(first + 99) % 97} common n{first + 99}"]
        stop.set()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert len(db.search("common")) == 3_000


def test_a_program_that_forgets_to_close_ends_by_itself(path: Path) -> None:
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(records(30_000))
    program = """
import sys
from mnemo.storage import MemoryDB
db = MemoryDB(sys.argv[1])
print(len(db.search("n29999")))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
