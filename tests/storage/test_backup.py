"""A backup holds every whole record, replaces only an earlier one of itself, and never the journal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from mnemo.storage import JournalError, MemoryDB


def filled(path: Path, count: int = 5) -> MemoryDB:
    db = MemoryDB(path, fsync_policy="never")
    for number in range(count):
        db.remember("c", "joy", f"memory {number}")
    return db


def test_a_backup_is_the_journal(tmp_path: Path) -> None:
    with filled(tmp_path / "a.mnheme") as db:
        report = db.backup(tmp_path / "away" / "copy.mnheme")
        assert report.path.read_bytes() == db.path.read_bytes()
        assert report.size == db.path.stat().st_size
        assert report.path.stat().st_mode & 0o777 == 0o600
        with MemoryDB(report.path) as copy:
            assert copy.recall() == db.recall()
            assert copy.verify().head == db.verify().head


def test_into_a_folder_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    with filled(tmp_path / "a.mnheme") as db:
        assert db.backup(tmp_path / "disk").path == tmp_path / "disk" / "a.mnheme"
        assert db.backup(tmp_path / "new").path == tmp_path / "new" / "a.mnheme"


def test_an_earlier_backup_is_replaced(tmp_path: Path) -> None:
    with filled(tmp_path / "a.mnheme") as db:
        db.backup(tmp_path / "copy.mnheme")
        db.remember("c", "joy", "later")
        db.backup(tmp_path / "copy.mnheme")
        assert (tmp_path / "copy.mnheme").read_bytes() == db.path.read_bytes()


@pytest.mark.parametrize("content", [b"something else", b""], ids=["other", "longer"])
def test_anything_else_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    with filled(tmp_path / "a.mnheme") as db:
        content = content or db.path.read_bytes() + b"more"
        target = tmp_path / "copy.mnheme"
        target.write_bytes(content)
        with pytest.raises(JournalError, match="no earlier backup"):
            db.backup(target)
        assert target.read_bytes() == content
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("way", ["itself", "dots", "symlinked folder", "symlink", "hard link"])
def test_the_journal_itself_is_never_replaced(tmp_path: Path, way: str) -> None:
    (tmp_path / "real").mkdir()
    with filled(tmp_path / "real" / "a.mnheme") as db:
        target = db.path
        if way == "dots":
            target = tmp_path / "real" / ".." / "real" / "a.mnheme"
        elif way == "symlinked folder":
            (tmp_path / "link").symlink_to(tmp_path / "real")
            target = tmp_path / "link"
        elif way == "symlink":
            target = tmp_path / "b.mnheme"
            target.symlink_to(db.path)
        elif way == "hard link":
            target = tmp_path / "b.mnheme"
            target.hardlink_to(db.path)
        inode = db.path.stat().st_ino
        with pytest.raises(JournalError, match="the journal itself"):
            db.backup(target)
        assert db.path.stat().st_ino == inode


def test_torn_bytes_are_left_out(tmp_path: Path) -> None:
    with filled(tmp_path / "a.mnheme") as db:
        size = db.path.stat().st_size
        with db.path.open("ab") as raw:
            raw.write(b"MNE\xe0\x00\x00\x01\x00half")
        assert db.backup(tmp_path / "copy.mnheme").size == size
    with MemoryDB(tmp_path / "copy.mnheme") as copy:
        assert copy.verify().sound


def test_backing_up_beside_appends_that_fail(tmp_path: Path) -> None:
    over = threading.Event()
    with filled(tmp_path / "a.mnheme") as db, MemoryDB(db.path) as other:

        def doomed() -> object:
            for _ in range(3):
                yield {"concept": "doomed", "feeling": "fear", "content": "x" * (3 << 20)}
            raise RuntimeError

        def write() -> None:
            while not over.is_set():
                with pytest.raises(RuntimeError):
                    other.remember_many(doomed())  # type: ignore[arg-type]
                other.remember("c", "joy", "kept")

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(10):
                report = db.backup(tmp_path / "copy.mnheme")
                with MemoryDB(report.path) as copy:
                    assert copy.count("doomed") == 0
                    assert copy.verify().sound
        finally:
            over.set()
            thread.join(30)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with filled(tmp_path / "a.mnheme") as db, pytest.raises(JournalError) as refused:
        db.backup(tmp_path / "file" / "copy.mnheme")
    assert "\n" not in str(refused.value)
