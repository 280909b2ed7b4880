"""Imports that are killed, meet a full disk, or run beside each other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from mnemo import MemoryDB
from mnemo.storage.codec import encode
from mnemo.storage.media import Incoming
from mnemo.storage.memory import new_record
from mnemo.storage.transfer import export_memories, import_file

IMPORT = """
import os, signal, sys
from pathlib import Path
from mnemo import MemoryDB
from mnemo.storage.transfer import import_file
def tell(stage, done, total):
    if f"{stage} {done}" in sys.argv[3:]:
        os.kill(os.getpid(), signal.SIGKILL)
with MemoryDB(sys.argv[1]) as db:
    print(import_file(db, Path(sys.argv[2]), on_progress=tell), flush=True)
"""


def make_source(path: Path, memories: int) -> None:
    with open(path, "wb") as out:
        for number in range(memories):
            out.write(encode(new_record(f"concept {number % 9}", "joy", f"words {number} " * 120)) + b"\n")


def killed_at(moment: str, journal: Path, source: Path) -> None:
    """Import in a process of its own, which is killed at that moment."""
    command = [sys.executable, "-c", IMPORT, str(journal), str(source), moment]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL


def test_killed_while_importing_then_run_again(tmp_path: Path) -> None:
    source, journal = tmp_path / "source.jsonl", tmp_path / "j.mnheme"
    make_source(source, 9_000)
    left = []
    for moment in ("reading 4096", "writing 4096", "writing 4096"):
        killed_at(moment, journal, source)
        with MemoryDB(journal) as db:
            left.append(db.count())
            # Whole records only.
            assert not db.problems()
    assert 0 == left[0] < left[1] < left[2] < 9_000
    with MemoryDB(journal) as db:
        report = import_file(db, source)
        assert report.added == 9_000 - left[-1]
        assert report.skipped == left[-1]
        assert db.count() == len({memory.memory_id for memory in db.recall()}) == 9_000
        assert db.verify().sound
        assert import_file(db, source).added == 0


def test_killed_while_files_come_in_then_run_again(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "old.mnheme") as old:
        old.remember_many(
            {
                "concept": "c",
                "feeling": "joy",
                "content": str(number),
                "attachments": [Incoming.from_bytes(b"%d" % number * 50_000, f"{number}.bin")],
            }
            for number in range(60)
        )
        export_memories(old, "dayone", tmp_path / "out.zip")
        journal = tmp_path / "new.mnheme"
        for moment in ("reading 60", "writing 60"):
            killed_at(moment, journal, tmp_path / "out.zip")
        with MemoryDB(journal) as new:
            import_file(new, tmp_path / "out.zip")
            assert sorted(memory.content for memory in new.recall()) == sorted(
                memory.content for memory in old.recall()
            )
            report = new.verify()
            assert report.sound
            assert report.orphans == ()
            assert all(found.path for memory in new.recall() for found in new.files_of(memory))
        files = [path for path in (tmp_path / "new_files" / "pool").glob("*/*") if path.is_file()]
        assert len(files) == 60
        assert not list((tmp_path / "new_files" / "pool").glob(".staging-*"))


def test_a_full_disk_imports_nothing(tmp_path: Path) -> None:
    source, journal = tmp_path / "source.jsonl", tmp_path / "j.mnheme"
    make_source(source, 2000)
    with MemoryDB(journal) as db:
        db.remember("c", "joy", "before")
    before = journal.read_bytes()
    script = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n" + IMPORT
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(journal), str(source)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "AppendFailedError" in done.stderr
    assert journal.read_bytes() == before
    with MemoryDB(journal) as db:
        assert import_file(db, source).added == 2000


def test_two_imports_of_one_source_at_once(tmp_path: Path) -> None:
    source, journal = tmp_path / "source.jsonl", tmp_path / "j.mnheme"
    make_source(source, 5000)
    command = [sys.executable, "-c", IMPORT, str(journal), str(source)]
    workers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0] * 3
    with MemoryDB(journal) as db:
        ids = [json.loads(line)["memory_id"] for line in source.read_bytes().splitlines()]
        assert sorted(memory.memory_id for memory in db.recall()) == sorted(ids)
        assert db.verify().sound
