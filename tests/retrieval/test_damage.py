"""Bytes that changed on the disk, and a full disk: one line said, nothing lost, an index made anew."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from indexstate import assert_fresh
from mnemo.retrieval import unchanged
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import IndexDamagedError, NoIndexError

MODULE = '''def gather_{n}(first, second):
    """Add two values of module {n}."""
    total = first + second * {n}
    return total, shared_name


def scatter_{n}(total):
    """Take a total of module {n} apart."""
    return [part for part in total if part % {n}]
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for number in range(1, 31):
        (root / f"mod{number}.py").write_text(MODULE.format(n=number))
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    return root


def database(root: Path) -> Path:
    return root / ".mnemosyne" / "mnemosyne.db"


def alter(root: Path, statement: str, *values: object) -> None:
    """Change stored values in a way that leaves every page of SQLite's sound."""
    with closing(sqlite3.connect(database(root))) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def flip_postings(root: Path) -> None:
    alter(root, "UPDATE postings SET list = ? WHERE term = 'gather'", b"\1\0\1")


def lengthen_postings(root: Path) -> None:
    alter(root, "UPDATE postings SET list = ? WHERE term = 'gather'", b"\xf0\xff\x41")


def swap_content(root: Path) -> None:
    other = "(SELECT body FROM contents WHERE id = 2)"
    alter(root, f"UPDATE contents SET body = {other} WHERE id = 1")


def garble_content(root: Path) -> None:
    alter(root, "UPDATE contents SET body = X'FFFFFFFF'")


def shift_documents(root: Path) -> None:
    alter(root, "UPDATE segments SET file_ids = zeroblob(length(file_ids))")


ALL = [flip_postings, lengthen_postings, swap_content, garble_content, shift_documents]


@pytest.mark.parametrize("harm", ALL)
def test_gc_notices_what_sqlite_cannot(project: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    harm(project)
    engine = RetrievalEngine.open(project)
    with pytest.raises(IndexDamagedError, match="`mnemo ingest` makes it anew") as caught:
        engine.gc()
    assert "\n" not in str(caught.value)
    report = engine.ingest()
    assert len(report.notices) == 1
    assert "was damaged" in report.notices[0]
    assert engine.ingest().notices == []
    engine.close()
    assert_fresh(project, tmp_path / "fresh")


@pytest.mark.parametrize("harm", ALL)
def test_a_full_ingest_looks_before_it_keeps(
    project: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    harm(project)
    engine = RetrievalEngine.open(project)
    assert "was damaged" in engine.ingest(full=True).notices[0]
    engine.close()
    assert_fresh(project, tmp_path / "fresh")


@pytest.mark.parametrize("harm", [lengthen_postings, garble_content])
def test_a_query_that_meets_nonsense_says_so(
    project: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    """And the next one, which refreshes the index first, finds everything again."""
    monkeypatch.setattr(unchanged, "SETTLED", -(10**18))  # no file or folder gives a reason to scan again
    with RetrievalEngine.open(project) as engine:
        engine.ingest()
    harm(project)
    with (
        RetrievalEngine.open(project) as engine,
        pytest.raises(IndexDamagedError, match="`mnemo ingest` makes it anew"),
    ):
        engine.query("gather_3", refresh=False)
    with RetrievalEngine.open(project) as engine:
        answer = engine.query("gather_3")
        assert answer[0].file_path == "mod3.py"
        assert any("was damaged" in notice for notice in answer.notices)


def test_a_bug_is_not_taken_for_damage(project: Path) -> None:
    with RetrievalEngine.open(project) as engine:
        with pytest.raises(TypeError, match="a bug"), engine.store.reading():
            raise TypeError("a bug")
        assert not (project / ".mnemosyne" / "damaged").exists()


def test_a_name_of_the_schema_that_is_no_text(project: Path, tmp_path: Path) -> None:
    """SQLite quotes the broken bytes in what it says, and Python cannot decode them."""
    data = bytearray(database(project).read_bytes())
    place = data.index(b"CREATE TABLE files")
    data[place : place + 40] = b"\xde\xff" * 20
    database(project).write_bytes(data)
    with RetrievalEngine.open(project) as engine, pytest.raises((IndexDamagedError, NoIndexError)):
        engine.stats()
    with RetrievalEngine.open(project) as engine:
        assert "was damaged" in engine.ingest().notices[0]
    assert_fresh(project, tmp_path / "fresh")


def test_an_index_of_the_first_schema_is_migrated(project: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database(project))) as connection, connection:
        connection.execute("ALTER TABLE segments DROP COLUMN checksum")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with RetrievalEngine.open(project) as engine:
        with pytest.raises(NoIndexError, match="mnemo ingest"):
            engine.stats()
        report = engine.ingest()
        assert (report.notices, report.indexed) == ([], 0)
        engine.gc()
    assert_fresh(project, tmp_path / "fresh")


FULL_DISK = """
set -e
mount -t tmpfs -o size=850k tmpfs "$2"
cp "$1"/*.py "$2"
export MNEMO_CONFIG="$3/config"
"$0" -m mnemo --project "$2" init
set +e
"$0" -c "
import sys
from mnemo.retrieval import ingest
ingest.COMMIT_BYTES = 4000
from mnemo.cli import main
sys.argv = ['mnemo', '--project', '$2', 'ingest']
main()"
echo "ingest $?"
"$0" -m mnemo --project "$2" stats
echo "stats $?"
mount -o remount,size=64m "$2"
"$0" -m mnemo --project "$2" ingest > /dev/null
echo "again $?"
cp -r "$2" "$3/after"
"""


def test_who_writes_keeps_the_locks_of_who_reads_in_the_same_process(project: Path) -> None:
    """Else another process takes the log away beneath both, and what is written next damages the file."""
    ask = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM sqlite_master')"
    usage = project / ".mnemosyne" / "usage.db"
    with RetrievalEngine.open(project) as reader, RetrievalEngine.open(project) as writer:
        reader.query("gather")
        reader.put_down()
        (project / "mod1.py").write_text("def quite_new():\n    return 1\n")
        writer.ingest()
        writer.cache_clear()
        for path in (database(project), usage):
            log = path.with_name(f"{path.name}-wal")
            before = log.stat().st_ino
            subprocess.run([sys.executable, "-c", ask, path], check=True, timeout=60)
            assert log.stat().st_ino == before


def test_a_full_disk(tmp_path: Path) -> None:
    """A file system of 850 KB, in a mount namespace of its own."""
    tried = ["unshare", "-rm", "true"]
    if shutil.which("unshare") is None or subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("no namespace of mounts to be had here")
    source, place = tmp_path / "source", tmp_path / "place"
    source.mkdir()
    place.mkdir()
    for number in range(1, 101):
        (source / f"mod{number}.py").write_text(MODULE.format(n=number))
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", FULL_DISK, sys.executable, str(source), str(place), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stderr.splitlines()
    for line in ("ingest 1", "stats 0", "again 0"):
        assert line in done.stdout.splitlines(), done
    kept = re.search(r"Files indexed: +(\d+)", done.stdout)
    assert kept, done
    assert 0 < int(kept[1]) < 100
    assert sum("the disk is full" in line for line in said) == 1, said
    assert "Traceback" not in done.stderr
    assert_fresh(tmp_path / "after", tmp_path / "fresh")
