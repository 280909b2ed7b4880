"""Many processes and threads over one journal: everyone sees everything, and nobody sees a wrong byte."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mnemo.storage import JournalError, MemoryDB

APPENDERS = READERS = 4
EACH = 2000

_APPENDER = """
import sys
from mnemo import MemoryDB
path, name, each = sys.argv[1], sys.argv[2], int(sys.argv[3])
with MemoryDB(path, fsync_policy="never") as db:
    number = 0
    while number < each:
        content = f"{name}-{number} " + name * (number * 7919 % 900)
        if number % 100 == 50:
            db.remember_many(
                {"concept": name, "feeling": "joy", "content": f"{name}-{number + more} ", "tags": ["t"]}
                for more in range(20)
            )
            number += 20
        else:
            db.remember(name, "joy", content, tags=[f"t{number}"])
            number += 1
    assert db.count(name) == each
    sys.stdout.write("written\\n"); sys.stdout.flush()
    sys.stdin.readline()
    print(db.count())
"""

# Reads all the while, and checks each memory against its checksum, its writer's pattern and its place.
_READER = """
import re, sys
from mnemo import MemoryDB
path, total = sys.argv[1], int(sys.argv[2])
pattern = re.compile(r"([a-z])-(\\d+) (\\1*)$")
reads = seen = 0
with MemoryDB(path) as db:
    while seen < total:
        now = db.count()
        assert now >= seen, (now, seen)
        seen = now
        for memory in db.recall(limit=20):
            found = pattern.match(memory.content)
            assert memory.intact and found and found[1] == memory.concept, memory
            assert memory.feeling == "joy" and memory.chain and len(memory.tags) == 1, memory
            reads += 1
        for name in "abcd":
            of_name = db.recall(name, limit=5)
            assert all(memory.concept == name for memory in of_name), of_name
            numbers = [int(memory.content.split()[0][2:]) for memory in of_name]
            assert numbers == sorted(numbers, reverse=True), numbers
            assert not of_name or db.get(of_name[0].memory_id) == of_name[0]
    assert db.problems() == ()
    print(db.count(), reads)
"""


def test_four_appenders_beside_four_readers(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    total = APPENDERS * EACH

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, str(path), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    readers = [start(_READER, total) for _ in range(READERS)]
    appenders = [start(_APPENDER, name, EACH) for name in "abcd"]
    try:
        for each in appenders:
            assert each.stdout is not None
            assert each.stdout.readline() == "written\n"
        for each in appenders:
            assert each.communicate("\n", timeout=60)[0].split() == [str(total)]
        for each in readers:
            count, reads = each.communicate(timeout=60)[0].split()
            assert int(count) == total
            assert int(reads) > 0
        assert all(each.returncode == 0 for each in (*readers, *appenders))
    finally:
        for each in (*readers, *appenders):
            each.kill()
            each.wait()
    with MemoryDB(path) as db:
        assert db.count() == total
        assert db.concepts() == dict.fromkeys("abcd", EACH)
        for name in "abcd":
            numbers = [
                int(memory.content.split()[0][2:]) for memory in db.read_many(sorted(db.listing(name).refs))
            ]
            assert numbers == list(range(EACH))
        report = db.verify()
        assert report.sound, report.problems[:5]
        assert report.chained == report.memories == total


def test_threads_share_one_object(tmp_path: Path) -> None:
    failed: list[BaseException] = []
    over = threading.Event()
    with MemoryDB(tmp_path / "a.mnheme", fsync_policy="never") as db:

        def write(name: str) -> None:
            try:
                for number in range(300):
                    memory = db.remember(name, "joy", f"{name} {number}", tags=[name])
                    assert db.get(memory.memory_id) == memory
                    assert db.recall(name, limit=1) == [memory]
            except BaseException as error:
                failed.append(error)

        def read() -> None:
            try:
                before = 0
                while not over.is_set():
                    count = db.count()
                    assert count >= before
                    before = count
                    times, refs = db.listing()
                    assert len(times) == len(refs) >= before
                    assert list(times) == sorted(times, reverse=True)
                    for name in ("a", "b", "c"):
                        assert all(memory.concept == name for memory in db.recall(name, limit=3))
                        assert len(db.concept_timeline(name)) <= db.count(name)
                    assert sum(db.feeling_distribution().values()) >= before
            except BaseException as error:
                failed.append(error)

        writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
        readers = [threading.Thread(target=read) for _ in range(3)]
        for thread in (*writers, *readers):
            thread.start()
        for thread in writers:
            thread.join(60)
        over.set()
        for thread in readers:
            thread.join(60)
        assert failed == []
        assert db.count() == 900
        assert db.verify().sound


def test_readers_follow_appends_that_are_taken_back(tmp_path: Path) -> None:
    """What a failed batch had written may be seen while it is there, never after."""
    path = tmp_path / "a.mnheme"
    failed: list[BaseException] = []
    over = threading.Event()
    with MemoryDB(path, fsync_policy="never") as writer, MemoryDB(path) as reader:
        kept = [writer.remember("kept", "joy", "0")]

        def read() -> None:
            try:
                while not over.is_set():
                    assert all(memory.intact for memory in reader.recall(limit=30))
                    assert all(memory.concept == "kept" for memory in reader.recall("kept"))
            except BaseException as error:
                failed.append(error)

        def doomed(size: int) -> object:
            for number in range(3):
                yield {"concept": "doomed", "feeling": "fear", "content": f"{number}" + "x" * size}
            raise RuntimeError

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for turn in range(1, 16):
            with pytest.raises(RuntimeError):
                writer.remember_many(doomed(3 << 20))  # type: ignore[arg-type]
            kept.append(writer.remember("kept", "joy", str(turn)))
            assert reader.recall(oldest_first=True) == kept
            assert reader.count() == writer.count() == len(kept)
            assert reader.count("doomed") == 0
        over.set()
        for thread in threads:
            thread.join(60)
        assert failed == []
        assert writer.verify().sound


def test_a_batch_that_writes_to_its_own_journal_is_refused(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:

        def records() -> object:
            yield {"concept": "c", "feeling": "joy", "content": "outer"}
            db.remember("c", "joy", "inner")

        with pytest.raises(JournalError, match="cannot write to the same journal"):
            db.remember_many(records())  # type: ignore[arg-type]
        assert db.count() == 0
        db.remember("c", "joy", "after")
        assert db.verify().sound


def test_a_batch_may_read_its_own_journal(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        first = db.remember("c", "joy", "first")
        made = db.remember_many(
            {"concept": "c", "feeling": "joy", "content": db.get(first.memory_id).content + str(db.count())}
            for _ in range(3)
        )
        assert [memory.content for memory in made] == ["first1"] * 3
        assert db.verify().sound


def test_checksums_are_of_what_was_given(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        memory = db.remember("c", "joy", "serenità")
        assert memory.checksum == hashlib.sha256("serenità".encode()).hexdigest()
