"""Telling by stat alone that nothing changed: whatever a scan would notice must be noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.unchanged import is_unchanged


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[RetrievalEngine]:
    root = tmp_path / "outer" / "project"
    (root / "inner").mkdir(parents=True)
    (root.parent / ".git" / "info").mkdir(parents=True)
    (root.parent / ".gitignore").write_text("*.log\n")
    (root / ".gitignore").write_text("build/\n")
    (root / "one.py").write_text("def one():\n    return 1\n")
    (root / "inner" / "two.py").write_text("def two():\n    return 2\n")
    (root / "large.py").write_text("x = 1\n" * 200_000)
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
        age(root.parent)
        engine.query("one")  # sees the times that were set, and that all has settled
        yield engine


def age(root: Path) -> None:
    """Let no file or folder be so new that its time cannot be trusted."""
    newest = max(path.lstat().st_ctime_ns for path in (root, *root.rglob("*")))
    while time.time_ns() - newest < 150_000_000:
        time.sleep(0.01)


def unchanged(engine: RetrievalEngine) -> bool:
    with engine.store.reading() as connection:
        return is_unchanged(engine.project, connection)


def _same_size_and_time(root: Path) -> None:
    before = (root / "one.py").stat()
    (root / "one.py").write_text("def one():\n    return 9\n")
    os.utime(root / "one.py", ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file's text": lambda root: (root / "inner/two.py").write_text("def two():\n    return 22\n"),
    "a text of the same size and time": _same_size_and_time,
    "a new file": lambda root: (root / "inner/three.py").write_text("x = 3\n"),
    "a new folder": lambda root: (root / "inner/deeper").mkdir(),
    "a lost file": lambda root: (root / "one.py").unlink(),
    "a file with another name": lambda root: (root / "one.py").rename(root / "won.py"),
    "a rule file": lambda root: (root / ".gitignore").write_text("build/\none.py\n"),
    "a new rule file": lambda root: (root / "inner/.gitignore").write_text("two.py\n"),
    "a rule file above": lambda root: (root.parent / ".gitignore").write_text("one.py\n"),
    "the repository's own rules": lambda root: (root.parent / ".git/info/exclude").write_text("one.py\n"),
    "a repository begun here": lambda root: (root / ".git").mkdir(),
    "a file that is no longer too large": lambda root: (root / "large.py").write_text("x = 1\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_noticed_and_told_of_once(engine: RetrievalEngine, what: str) -> None:
    assert unchanged(engine)
    CHANGES[what](engine.project.root)
    assert not unchanged(engine)
    age(engine.project.root.parent)
    engine.query("one")
    assert unchanged(engine)


def test_another_config_and_another_folder_are_another_scan(engine: RetrievalEngine) -> None:
    root = engine.project.root
    (root / ".mnemosyne/config.toml").write_text("[general]\nmax_file_size_kb = 64\n")
    with RetrievalEngine.open(root) as other:
        assert not unchanged(other)
        other.query("one")
        assert unchanged(other)
    moved = root.rename(root.with_name("moved"))
    age(moved.parent)
    with RetrievalEngine.open(moved) as other:
        other.query("one")
        assert unchanged(other)


def test_another_process_knows_it_too(engine: RetrievalEngine) -> None:
    look = (
        "import sys; from mnemo.retrieval.engine import RetrievalEngine as E;"
        "from mnemo.retrieval.unchanged import is_unchanged;"
        "engine = E.open(sys.argv[1]); reading = engine.store.reading();"
        "print(is_unchanged(engine.project, reading.__enter__()))"
    )
    command = [sys.executable, "-P", "-c", look, str(engine.project.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"


def test_a_folder_that_changed_a_moment_ago_is_not_trusted(engine: RetrievalEngine) -> None:
    inner = engine.project.root / "inner"
    (inner / "three.py").write_text("def three():\n    return 3\n")
    ahead = time.time_ns() + 3_600_000_000_000  # still a moment ago when a slow machine gets to the scan
    os.utime(inner, ns=(ahead, ahead))
    engine.query("three")
    assert not unchanged(engine)


def test_an_ingest_of_some_paths_does_not_vouch_for_the_others(engine: RetrievalEngine) -> None:
    (engine.project.root / "inner/three.py").write_text("def three():\n    return 3\n")
    engine.ingest([engine.project.root / "one.py"])
    assert not unchanged(engine)
    assert engine.query("three")[0].file_path == "inner/three.py"
