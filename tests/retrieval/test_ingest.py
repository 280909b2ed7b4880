"""An ingest that is killed, doubled, starved or fooled leaves an index that equals a fresh one."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from indexstate import assert_fresh, index_state
from mnemo.retrieval import ingest as ingest_module
from mnemo.retrieval.bloom import BloomFilter
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexUnwritableError,
    NoIndexError,
    OutsideProjectError,
)
from mnemo.retrieval.lock import WriterLock
from mnemo.retrieval.project import init_project

RUN = """
import sys
from mnemo.retrieval import ingest
ingest.ALONE_BYTES, ingest.BATCH_BYTES, ingest.MOST_BYTES, ingest.COMMIT_BYTES = {alone}, 2000, 4000, {commit}
from mnemo.retrieval.engine import RetrievalEngine
def tell(progress):
    print(progress.phase, progress.done, flush=True)
report = RetrievalEngine.open(sys.argv[1]).ingest(on_progress=tell, full={full})
print("done", report.indexed, flush=True)
"""


def make_project(root: Path, files: int = 120) -> Path:
    """A project of small modules that import and call each other."""
    dice = random.Random(4)
    for number in range(files):
        folder = root / f"pkg{number % 6}"
        folder.mkdir(parents=True, exist_ok=True)
        other = dice.randrange(files)
        lines = [f"from pkg{other % 6}.mod{other} import make_{other}", "", ""]
        for item in range(dice.randrange(1, 5)):
            lines += [f"def make_{number}_{item}(value):", f"    '''Makes part {item}.'''"]
            lines += [f"    total = make_{other}(value) + {dice.randrange(9)}", "    return total", "", ""]
        lines += [f"def make_{number}(value):", "    return value", ""]
        (folder / f"mod{number}.py").write_text("\n".join(lines))
    (root / "pkg0" / "copy.py").write_text((root / "pkg0" / "mod0.py").read_text())
    (root / "README.md").write_text("# Title\n\nWords about make_1.\n")
    return root


def database(root: Path) -> Path:
    return root / ".mnemosyne" / "mnemosyne.db"


def start(root: Path, *, alone: int = 0, commit: int = 5000, full: bool = False) -> subprocess.Popen[str]:
    code = RUN.format(alone=alone, commit=commit, full=full)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in (
        ("ALONE_BYTES", 0),
        ("BATCH_BYTES", 2000),
        ("MOST_BYTES", 4000),
        ("COMMIT_BYTES", 9000),
    ):
        monkeypatch.setattr(ingest_module, name, value)
    yield


@pytest.mark.usefixtures("small_batches")
def test_worker_processes_make_the_same_index(project: Path, tmp_path: Path) -> None:
    engine = RetrievalEngine.open(project)
    report = engine.ingest()
    assert report.indexed == 122
    assert report.chunks_deduped > 0
    state = index_state(database(project))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_module, "ALONE_BYTES", 1 << 40)
        assert_fresh(project, tmp_path / "fresh")
    # cut again, all chunks keep their rows
    rows = engine.store.connection.execute("SELECT id FROM chunks ORDER BY id").fetchall()
    again = engine.ingest(full=True)
    assert (again.indexed, again.chunks_added, again.chunks_removed) == (122, 0, 0)
    assert engine.store.connection.execute("SELECT id FROM chunks ORDER BY id").fetchall() == rows
    assert index_state(database(project)) == state
    # half of the files change: some chunks of a batch are kept, others are new
    for number in range(0, 120, 2):
        with (project / f"pkg{number % 6}/mod{number}.py").open("a") as file:
            file.write(f"\n\ndef added_{number}():\n    return make_{number}(1)\n")
    changed = engine.ingest()
    assert (changed.indexed, changed.chunks_kept > 0) == (60, True)
    assert_fresh(project, tmp_path / "fresh")


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("alone", [0, 1 << 40])
def test_killed_at_any_moment_it_goes_on(
    project: Path, tmp_path: Path, signal_number: signal.Signals, alone: int
) -> None:
    """Killed again and again at random places: each run goes on from the last whole batch."""
    dice = random.Random(signal_number * 31 + alone % 7)
    init_project(project)
    stored = 0
    for _ in range(4):
        process = start(project, alone=alone)
        assert process.stdout is not None
        for _ in range(dice.randrange(1, 6)):
            process.stdout.readline()
        time.sleep(dice.random() * 0.05)
        process.send_signal(signal_number)
        process.communicate(timeout=60)
        if database(project).exists():
            with closing(sqlite3.connect(database(project))) as connection, connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                try:
                    now = connection.execute("SELECT count(*) FROM files").fetchone()[0]
                except sqlite3.OperationalError:
                    now = 0  # killed before the first table was there
            connection.close()
            assert now >= stored
            stored = now
    RetrievalEngine.open(project).ingest()
    assert_fresh(project, tmp_path / "fresh")


def test_workers_end_with_their_parent(project: Path) -> None:
    process = start(project)
    assert process.stdout is not None
    process.stdout.readline()
    children = [
        int(item.name)
        for item in Path("/proc").iterdir()
        if item.name.isdigit() and _parent(item) == process.pid
    ]
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() and _state(child) != "Z" for child in children):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.02)


def _stat(item: Path) -> list[str]:
    try:
        return (item / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ["Z", "0"]


def _parent(item: Path) -> int:
    return int(_stat(item)[1])


def _state(process: int) -> str:
    return _stat(Path(f"/proc/{process}"))[0]


def test_three_at_once(project: Path, tmp_path: Path) -> None:
    init_project(project)
    processes = [start(project) for _ in range(3)]
    ends = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert sum(int(out.split("done ")[1]) for out, _ in ends) == 122
    assert_fresh(project, tmp_path / "fresh")


def test_a_reader_never_waits_and_sees_whole_batches(project: Path) -> None:
    init_project(project)
    engine = RetrievalEngine.open(project)
    engine.ingest([project / "README.md"])
    process = start(project, commit=3000)
    seen = set()
    while process.poll() is None:
        with engine.store.reading() as connection:
            orphans = connection.execute(
                "SELECT count(*) FROM chunks WHERE content_id NOT IN (SELECT id FROM contents)"
            ).fetchone()[0]
            unsearchable = connection.execute(
                "SELECT (SELECT count(*) FROM chunks) - (SELECT coalesce(sum(docs - gone), 0) FROM segments)"
            ).fetchone()[0]
            seen.add(connection.execute("SELECT count(*) FROM files").fetchone()[0])
        assert (orphans, unsearchable) == (0, 0)
    process.communicate()
    assert len(seen) > 1


def test_a_busy_index_says_who_holds_it(project: Path) -> None:
    init_project(project)
    engine = RetrievalEngine.open(project)
    told: list[str] = []
    with WriterLock(project / ".mnemosyne" / "ingest.lock", "watch"):
        with pytest.raises(IndexBusyError, match=rf"mnemo watch \(process {os.getpid()}"):
            engine.ingest(wait=0, on_wait=told.append)
        with pytest.raises(IndexBusyError):
            engine.ingest(wait=0.05, on_wait=told.append)
    assert told == [told[0]]
    assert "mnemo watch" in told[0]
    engine.ingest(wait=0)


def test_cancelled_it_keeps_what_is_whole(project: Path, tmp_path: Path) -> None:
    engine = RetrievalEngine.open(project)
    calls = iter(range(10_000))
    report = engine.ingest(cancelled=lambda: next(calls) > 40)
    assert report.interrupted
    assert engine.ingest().unchanged + 0 == report.indexed
    assert_fresh(project, tmp_path / "fresh")


def test_progress_ends_where_it_should(project: Path) -> None:
    seen: list[Any] = []
    RetrievalEngine.open(project).ingest(on_progress=seen.append)
    last = [item for item in seen if item.phase == "reading"][-1]
    assert (last.done, last.total) == (122, 122)
    assert last.files_per_second > 0
    assert last.path.endswith(".py")


# The disk


def test_disk_full_keeps_what_was_committed(project: Path, tmp_path: Path) -> None:
    """A limit on file size stands in for the full disk: SQLite meets the same failing writes."""
    init_project(project)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n"
    code = limit + RUN.format(alone=1 << 40, commit=5000, full=False)
    done = subprocess.run(
        [sys.executable, "-c", code, str(project)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "IndexUnwritableError" in done.stderr
    RetrievalEngine.open(project).ingest()
    assert_fresh(project, tmp_path / "fresh")


READ_ONLY = """
import os, sys
import mnemo.retrieval.chunkers, mnemo.retrieval.gc, mnemo.retrieval.ingest, mnemo.retrieval.views
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import RetrievalError
from mnemo.retrieval.project import init_project
from mnemo.retrieval.config import default_text
default_text()
with RetrievalEngine.open(sys.argv[1]) as warm:  # what is imported late must be there already
    warm.stats(), warm.delta()
if os.getuid() == 0:  # root may write anywhere
    os.setresuid(65534, 65534, 65534)
engine = RetrievalEngine.open(sys.argv[1])
print(engine.stats().files, len(engine.delta()))
for change in (engine.ingest, engine.gc, lambda: init_project(sys.argv[2])):
    try:
        change()
    except RetrievalError as error:
        print(type(error).__name__, str(error).count(chr(10)))
"""


def test_read_only_project(tmp_path: Path) -> None:
    root = make_project(tmp_path / "ro", 12)
    RetrievalEngine.open(root).ingest()
    index = root / ".mnemosyne"
    for file in index.iterdir():
        file.chmod(0o444)
    for folder in (index, root, tmp_path):
        folder.chmod(0o555)
    for folder in tmp_path.parents:
        if folder.name.startswith(("pytest-", "popen-")):  # pytest's own, and a worker's of it
            folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(root), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for folder in (index, root, tmp_path):
        folder.chmod(0o755)
    assert done.stdout.splitlines() == ["14 0", *["IndexUnwritableError 0"] * 3], done.stderr


# Damage


def damage_middle(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for place in range(4096, len(data), 4096):
        data[place : place + 64] = os.urandom(64)
    file.write_bytes(data)


@pytest.mark.parametrize(
    "harm",
    [
        damage_middle,
        lambda file: file.write_bytes(b"not a database at all" * 100),
        lambda file: os.truncate(file, 40_000),
        lambda file: os.truncate(file, 0),
        lambda file: file.unlink(),
    ],
    ids=["pages", "garbage", "cut", "empty", "missing"],
)
def test_a_damaged_database_is_made_anew(project: Path, tmp_path: Path, harm: Any) -> None:
    with RetrievalEngine.open(project) as engine:
        engine.ingest()
    harm(database(project))
    size = database(project).stat().st_size if database(project).exists() else 0
    engine = RetrievalEngine.open(project)
    if size:
        with pytest.raises((IndexDamagedError, NoIndexError)):
            engine.stats()
            engine.store.check()
            engine.store.known_files()
    else:
        with pytest.raises(NoIndexError, match="mnemo ingest"):
            engine.stats()
    engine.close()
    with (project / "pkg0/mod0.py").open("a") as file:
        file.write("\n# changed\n")
    report = engine.ingest([project / "pkg0"])
    assert len(report.notices) == (1 if size else 0), report.notices
    if size:
        assert "damaged" in report.notices[0]
        assert list((project / ".mnemosyne").glob("mnemosyne.db.damaged-*"))
    else:
        engine.ingest()
    assert_fresh(project, tmp_path / "fresh")


def test_a_foreign_database_is_set_aside(project: Path, tmp_path: Path) -> None:
    folder = project / ".mnemosyne"
    folder.mkdir()
    (folder / "config.toml").write_text("[general]\nmax_file_size_kb = 100\n[prefetch]\nmin_hits = 2\n")
    with closing(sqlite3.connect(folder / "mnemosyne.db")) as connection, connection:
        connection.execute("CREATE TABLE files (path TEXT)")
        connection.execute("INSERT INTO files VALUES ('theirs.py')")
    connection.close()
    (folder / "bloom.bin").write_bytes(b"\0" * 1000)
    with pytest.raises(NoIndexError, match="mnemo ingest"):
        RetrievalEngine.open(project).stats()
    engine = RetrievalEngine.open(project)
    assert engine.project.config.general.max_file_size_kb == 100
    report = engine.ingest()
    assert sum("another program" in notice for notice in report.notices) == 1
    kept = list(folder.glob("mnemosyne.db.foreign-*"))
    with closing(sqlite3.connect(kept[0])) as connection, connection:
        assert connection.execute("SELECT path FROM files").fetchall() == [("theirs.py",)]
    connection.close()
    assert engine.ingest().notices == ["config.toml: mnemo knows no key prefetch, and ignores it"]
    assert_fresh(project, tmp_path / "fresh")


def test_a_newer_database_is_left_alone(project: Path) -> None:
    engine = RetrievalEngine.open(project)
    engine.ingest()
    engine.close()
    with closing(sqlite3.connect(database(project))) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = database(project).read_bytes()
    with pytest.raises(IndexUnwritableError, match="newer mnemo"):
        engine.ingest()
    assert database(project).read_bytes() == before


@pytest.mark.parametrize("harm", [lambda f: f.unlink(), lambda f: f.write_bytes(b"junk"), "flip", "old"])
def test_a_damaged_bloom_filter_costs_nothing_but_time(project: Path, tmp_path: Path, harm: Any) -> None:
    engine = RetrievalEngine.open(project)
    engine.ingest([project / "pkg1"])
    bloom = project / ".mnemosyne" / "bloom.bin"
    saved = bloom.read_bytes()
    engine.ingest([project / "pkg2"])
    if harm == "flip":
        data = bytearray(bloom.read_bytes())
        data[5000] ^= 0xFF
        bloom.write_bytes(data)
        assert BloomFilter.load(bloom) is None
    elif harm == "old":  # as after a crash between the commit and the saving
        bloom.write_bytes(saved)
    else:
        harm(bloom)
    (project / "pkg1" / "copy2.py").write_text((project / "pkg2" / "mod2.py").read_text())
    assert engine.ingest().chunks_deduped > 0
    assert BloomFilter.load(bloom) is not None
    assert_fresh(project, tmp_path / "fresh")


def test_a_lost_graph_is_made_again(project: Path, tmp_path: Path) -> None:
    engine = RetrievalEngine.open(project)
    engine.ingest()
    engine.close()
    with closing(sqlite3.connect(database(project))) as connection, connection:
        connection.execute("DELETE FROM edges")
        connection.execute("DELETE FROM meta WHERE key = 'graph'")
    connection.close()
    engine.ingest()
    assert_fresh(project, tmp_path / "fresh")


# What counts as changed


def test_a_touched_file_is_not_a_changed_file(project: Path) -> None:
    engine = RetrievalEngine.open(project)
    engine.ingest()
    generation = engine.store.generation
    file = project / "pkg1" / "mod1.py"
    os.utime(file, (5, 5))
    report = engine.ingest()
    assert (report.indexed, report.unchanged) == (0, 122)
    file.write_bytes(file.read_bytes().replace(b"\n", b"  \r\n"))
    report = engine.ingest()
    assert (report.indexed, report.unchanged) == (0, 122)
    assert engine.store.generation == generation
    file.write_text("def other(): pass\n")
    assert engine.ingest().changed == ["pkg1/mod1.py"]
    assert engine.store.generation == generation + 1


def test_the_same_size_at_the_same_time_is_noticed(tmp_path: Path) -> None:
    """A write within a clock tick of the last one, which stat alone would miss."""
    root = tmp_path / "p"
    root.mkdir()
    engine = RetrievalEngine.open(root)
    for number in range(10):
        (root / "a.py").write_text(f"value = {number}\n")
        assert engine.ingest().changed == ["a.py"]


def test_one_edit_touches_one_chunk(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    body = "    first = argument + 1\n    second = first * argument\n    print(first, second)\n    return first, second\n"  # noqa: E501
    (root / "a.py").write_text("\n\n".join(f"def function_{n}(argument):\n{body}" for n in range(8)))
    engine = RetrievalEngine.open(root)
    engine.ingest()
    rows = dict(engine.store.connection.execute("SELECT id, uid FROM chunks").fetchall())
    (root / "a.py").write_text(
        "\n" + (root / "a.py").read_text().replace("function_3(argument)", "function_3(other)")
    )
    report = engine.ingest()
    assert (report.chunks_added, report.chunks_removed, report.chunks_kept) == (1, 1, 7)
    after = dict(engine.store.connection.execute("SELECT id, uid FROM chunks").fetchall())
    assert len(after.keys() & rows.keys()) == 7
    assert set(after.values()) == set(rows.values())  # its public id stays, its number is new
    assert max(after) == max(rows) + 1


def test_paths_by_hand(project: Path, tmp_path: Path) -> None:
    engine = RetrievalEngine.open(project)
    assert engine.ingest([]).scanned == 0
    assert engine.ingest([project / "pkg1"]).indexed == 20
    assert engine.ingest([project / "README.md", project / "README.md"]).indexed == 1
    shutil.rmtree(project / "pkg1")
    report = engine.ingest([project / "pkg1", project / "never.py"])
    assert (report.indexed, len(report.removed), report.unknown) == (0, 20, ["never.py"])
    with pytest.raises(OutsideProjectError):
        engine.ingest([tmp_path / "elsewhere.py"])
    engine.ingest()
    assert_fresh(project, tmp_path / "fresh")


def test_what_becomes_ignored_leaves(project: Path, tmp_path: Path) -> None:
    engine = RetrievalEngine.open(project)
    engine.ingest()
    (project / ".gitignore").write_text("pkg3/\n")
    report = engine.ingest()
    assert len(report.removed) == 20
    assert_fresh(project, tmp_path / "fresh")
    (project / ".gitignore").unlink()
    assert engine.ingest().indexed == 20


def test_dry_run_writes_nothing(project: Path) -> None:
    engine = RetrievalEngine.open(project)
    report = engine.ingest(dry_run=True)
    assert (report.indexed, report.dry_run) == (122, True)
    assert not (project / ".mnemosyne").exists()
    engine.ingest()
    (project / "README.md").unlink()
    (project / "new.py").write_text("x = 1\n")
    before = database(project).read_bytes()
    report = engine.ingest(dry_run=True)
    assert (report.changed, report.removed) == (["new.py"], ["README.md"])
    assert database(project).read_bytes() == before


def test_odd_contents_are_read_or_named(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "nul.py").write_bytes(b"x = 1\0\n")
    (root / "latin.py").write_bytes("# caf\xe9\nx = 1\n".encode("latin-1"))
    (root / "wide.py").write_bytes("x = 'wide'\n".encode("utf-16"))
    (root / "bom.py").write_bytes(b"\xef\xbb\xbfdef bom(): pass\n")
    (root / "mini.js").write_text("var a=1;" * 2000)
    (root / "made.go").write_text("// Code generated by protoc. DO NOT EDIT.\npackage a\n")
    (root / "noise.py").write_bytes(bytes(range(1, 256)) * 20)
    (root / "empty.py").write_bytes(b"")
    engine = RetrievalEngine.open(root)
    report = engine.ingest()
    assert report.skipped == {"nul.py": "binary", "mini.js": "minified", "noise.py": "binary"}
    notes = {path: file.note for path, file in engine.store.known_files().items() if file.note}
    assert notes == {
        "nul.py": "binary",
        "mini.js": "minified",
        "noise.py": "binary",
        "latin.py": "not valid UTF-8, read as Latin-1",
        "wide.py": "read as UTF-16",
        "made.go": "generated",
    }
    assert engine.outline(root / "bom.py")[0].symbol == "bom"
    # what was left out is not read again until it changes
    time.sleep(0.11)  # past the clock tick within which times are not trusted
    engine.ingest()
    again = engine.ingest()
    assert (again.indexed, again.unchanged, len(again.skipped)) == (0, 5, 3)
    (root / "nul.py").write_text("x = 1\n")
    assert engine.ingest().changed == ["nul.py"]


def test_a_file_that_breaks_the_chunker_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mnemo.retrieval import chunkers

    root = make_project(tmp_path / "p", 3)
    real = chunkers.chunk_file

    def chunk(text: str, path: str, **options: Any) -> Any:
        if path.endswith("mod1.py"):
            raise RecursionError("too deep")
        return real(text, path, **options)

    monkeypatch.setattr(chunkers, "chunk_file", chunk)
    report = RetrievalEngine.open(root).ingest()
    assert report.failed == {"pkg1/mod1.py": "failed: RecursionError: too deep"}
    assert report.indexed == 4


def test_the_audit_log_tells(project: Path) -> None:
    engine = RetrievalEngine.open(project)
    engine.ingest()
    (entry,) = map(json.loads, (project / ".mnemosyne" / "audit.log").read_text().splitlines())
    assert (entry["op"], entry["files_indexed"]) == ("ingest_complete", 122)
    for file in (project / ".mnemosyne").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    assert (project / ".mnemosyne").stat().st_mode & 0o777 == 0o700
