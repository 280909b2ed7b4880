"""Processes killed for real: what was acknowledged is there, and what is derived is as if nothing was.

``MNEMO_KILLS`` sets how many writers are killed (25; 200 takes about half a minute).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mnemo.storage import MemoryDB

KILLS = int(os.environ.get("MNEMO_KILLS", "25"))

# Forks a writer per line of stdin, so that imports are paid for once; tells each id once acknowledged.
_WRITERS = """
import os, sys
from mnemo import MemoryDB
out = sys.stdout.fileno()
for line in sys.stdin:
    number = int(line)
    child = os.fork()
    if child:
        os.write(out, b"pid %d\\n" % child)
        os.waitpid(child, 0)
        os.write(out, b"dead\\n")
        continue
    db = MemoryDB(sys.argv[1])
    turn = 0
    while True:
        turn += 1
        if turn % 10:
            made = [db.remember("killed", "fear", f"{number}-{turn} " + "x" * (turn * 37 % 3000), tags=["t"])]
        else:
            made = db.remember_many(
                {"concept": "killed", "feeling": "joy", "content": f"{number}-{turn}-{each}"}
                for each in range(30)
            )
        os.write(out, b"".join(b"%s %s\\n" % (m.memory_id.encode(), m.checksum.encode()) for m in made))
"""


def test_every_acknowledged_memory_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    chooser = random.Random(os.environ.get("MNEMO_KILLS_SEED", "1"))
    acknowledged: dict[str, str] = {}
    with subprocess.Popen(
        [sys.executable, "-c", _WRITERS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for number in range(KILLS):
            writers.stdin.write(f"{number}\n")
            writers.stdin.flush()
            child = int(writers.stdout.readline().split()[1])
            # Killed after so many acknowledgements and then some random instant of the next write.
            left = chooser.randrange(1, 40)
            while left:
                memory_id, checksum = writers.stdout.readline().split()
                acknowledged[memory_id] = checksum
                left -= 1
            for _ in range(chooser.randrange(3000)):
                pass
            os.kill(child, signal.SIGKILL)
            while (line := writers.stdout.readline()) != "dead\n":
                memory_id, _, checksum = line.strip().partition(" ")
                acknowledged[memory_id] = checksum
            with MemoryDB(path) as db:
                found = {memory.memory_id: memory.checksum for memory in db.recall()}
            assert acknowledged.items() <= found.items()
        writers.stdin.close()
    with MemoryDB(path) as db:
        last = db.remember("survivor", "joy", "the next write works")
        assert db.get(last.memory_id) == last
        report = db.verify()
        assert report.sound, report.problems
        assert report.memories == report.chained == db.count()
        assert len(acknowledged) < db.count()
    torn = b"".join(each.read_bytes() for each in tmp_path.glob("a.torn-*"))
    assert not any(memory_id.encode() in torn for memory_id in acknowledged)


def test_a_log_cut_at_every_byte_of_its_last_three_frames(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mnheme"
    with MemoryDB(whole) as db:
        memories = [db.remember("c", "joy", f"memory {number}", tags=["t"]) for number in range(6)]
        starts = sorted(db.listing().refs)
    data = whole.read_bytes()
    path = tmp_path / "a.mnheme"
    for cut in range(starts[3], len(data)):
        kept = sum(end <= cut for end in [*starts[1:], len(data)])
        path.write_bytes(data[:cut])
        with MemoryDB(path, fsync_policy="never") as db:
            assert db.recall(oldest_first=True) == memories[:kept]
            added = db.remember("c", "joy", "after the cut")
            assert db.recall(oldest_first=True) == [*memories[:kept], added]
            assert db.problems() == ()
            if not cut % 16:
                assert db.verify().sound
        aside = [each.read_bytes() for each in tmp_path.glob("a.torn-*")]
        assert aside == ([data[starts[kept] : cut]] if cut > starts[kept] else [])
        for each in tmp_path.glob("a.torn-*"):
            each.unlink()


# Folds again and again; strace kills it at the system call that the test chooses.
_FOLDER = """
import sys
from mnemo import MemoryDB
with MemoryDB(sys.argv[1], fsync_policy="never") as db:
    indexed = db._indexed
    for turn in range(3):
        db.remember("fold", "joy", f"turn {turn}")
        with indexed._lock:
            indexed.current()
            indexed._fold_if(1)
"""


def answers(db: MemoryDB) -> tuple[object, ...]:
    return (
        db.recall(),
        db.concepts(),
        db.tags(),
        db.feeling_distribution(),
        db.problems(),
        db.verify().memories,
    )


def equal_to_a_fresh_build(path: Path, scratch: Path) -> None:
    shutil.copy(path, scratch / "fresh.mnheme")
    with MemoryDB(scratch / "fresh.mnheme") as fresh, MemoryDB(path) as db:
        assert answers(db) == answers(fresh)


@pytest.mark.parametrize("call", ["ftruncate", "fsync", "rename", "unlink"])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_killed_at_a_commit_of_the_snapshot(tmp_path: Path, call: str, time: int) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(
            {"concept": f"c{number % 5}", "feeling": "joy", "content": "x"} for number in range(2100)
        )
    assert list(path.with_name("a.mnemo").glob("*.snap"))
    strace = [
        "strace",
        "-f",
        "-o",
        "/dev/null",
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:signal=KILL:when={time}",
    ]
    try:
        done = subprocess.run(
            [*strace, sys.executable, "-c", _FOLDER, str(path)], capture_output=True, timeout=60, check=False
        )
    except FileNotFoundError:
        pytest.skip("no strace here")
    if b"PTRACE" in done.stderr:
        pytest.skip("no process can be traced here")
    assert done.returncode == -signal.SIGKILL
    equal_to_a_fresh_build(path, tmp_path)


def test_killed_at_random_while_folding(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(
            {"concept": f"c{number % 5}", "feeling": "joy", "content": "x"} for number in range(2100)
        )
    script = _FOLDER.replace("range(3)", "range(100_000)").replace(
        'db.remember("fold"', 'print(turn, flush=True); db.remember("fold"'
    )
    chooser = random.Random(7)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _ in range(chooser.randrange(1, 12)):
                child.stdout.readline()
            for _ in range(chooser.randrange(100_000)):
                pass
            child.kill()
        equal_to_a_fresh_build(path, tmp_path)
    assert len(list(path.with_name("a.mnemo").glob("*.snap"))) <= 2


def test_halves_of_dead_writers_go_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mnheme"
    derived = path.with_name("a.mnemo")
    derived.mkdir()
    old, young = derived / "index-dead.tmp", derived / "index-live.tmp"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (1, 1))
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many({"concept": "c", "feeling": "joy", "content": "x"} for _ in range(2100))
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, OSError])
@pytest.mark.parametrize("at", [0, 1, 5000, 30_000])
def test_an_error_half_way_through_many_leaves_nothing(
    tmp_path: Path, error: type[BaseException], at: int
) -> None:
    path = tmp_path / "a.mnheme"

    def records() -> object:
        for number in range(at):
            yield {"concept": "c", "feeling": "joy", "content": f"{number} " + "x" * 300}
        raise error

    with MemoryDB(path, fsync_policy="never") as db, MemoryDB(path) as other:
        first = db.remember("c", "joy", "before")
        with pytest.raises(error):
            db.remember_many(records())  # type: ignore[arg-type]
        assert db.recall() == other.recall() == [first]
        last = db.remember("c", "joy", "after")
        assert db.recall() == other.recall() == [last, first]
        assert db.verify().sound
    assert not list(tmp_path.glob("*.torn-*"))


def test_an_interrupted_catch_up_leaves_a_right_index(tmp_path: Path) -> None:
    """Ctrl-C while a large tail is read: the next read, and the snapshot written on closing, are whole."""
    path = tmp_path / "a.mnheme"
    MemoryDB(path).close()
    with MemoryDB(path, fsync_policy="never") as writer:
        reader = MemoryDB(path)
        writer.remember_many(
            {"concept": f"c{number % 9}", "feeling": "joy", "content": str(number)}
            for number in range(30_000)
        )
        chooser = random.Random(3)
        interrupted = 0
        for _ in range(20):
            left = chooser.randrange(10, 40_000)

            def trace(frame: object, event: str, argument: object) -> object:
                nonlocal left
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
                return trace

            sys.settrace(trace)  # an interrupt between any two lines
            try:
                reader.count()
            except KeyboardInterrupt:
                interrupted += 1
            finally:
                sys.settrace(None)
        assert interrupted
        assert reader.count() == 30_000
        assert reader.concepts() == writer.concepts()
        reader.close()
    with MemoryDB(path) as db:
        assert {memory.content for memory in db.recall()} == set(map(str, range(30_000)))
        assert db.verify().memories == db.count() == 30_000
