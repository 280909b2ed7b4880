"""Whatever mnemo makes is its owner's alone, whatever the umask: real commands, and every file they leave."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemo.retrieval.daemon import control
from mnemo.storage import MemoryDB
from mnemo.tui.drafts import Draft, DraftStore

COMMAND = str(Path(sys.executable).parent / "mnemo")


@pytest.fixture(params=[0o000, 0o022], ids=["umask000", "umask022"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """What is private under 000 is so under any; 022 is what most people have."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def project(home: Path) -> Iterator[Path]:
    root = home / "project"
    root.mkdir()
    (root / ".git").mkdir()
    (root / "a.py").write_text("def alpha():\n    return 1\n")
    (root / "note.txt").write_text("attached")
    (root / "in.jsonl").write_text('{"content": "old", "timestamp": "2024-01-01", "concept": "c"}\n')
    yield root
    control.stop(root)


def mnemo(root: Path, *args: str) -> None:
    done = subprocess.run(
        [COMMAND, *args], cwd=root, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    assert done.returncode == 0, (args, done.stderr)


def open_to_others(root: Path) -> list[str]:
    """What below ``root`` anybody but its owner may touch; links have no mode of their own."""
    found = []
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                found.append(f"{stat.filemode(mode)} {path.relative_to(root)}")
    return found


@pytest.mark.parametrize("first", ["remember", "attach", "import", "backup"])
def test_the_journal_and_all_beside_it_are_private(umask: int, home: Path, project: Path, first: str) -> None:
    """Whichever command comes first makes the folders; all of them are made private, up to the home."""
    deep = home / "deep" / "er"
    journal = deep / "j.mnheme"
    words = ("remember", "a day", "-c", "sea", "-f", "joy", "--journal", str(journal))
    if first == "attach":
        mnemo(project, *words, "--attach", "note.txt")
    elif first == "import":
        mnemo(project, "import", "in.jsonl", "-f", "joy", "--journal", str(journal))
    else:
        mnemo(project, *words)
        if first == "backup":
            mnemo(project, "backup", str(home / "deep" / "backups" / "one"), "--journal", str(journal))
    assert open_to_others(home / "deep") == []


@pytest.mark.parametrize("umask", [0o000], indirect=True, ids=["umask000"])
def test_what_every_other_command_makes_is_private(umask: int, home: Path, project: Path) -> None:
    out = home / "out"
    out.mkdir(mode=0o700)
    mnemo(project, "remember", "a day", "-c", "sea", "-f", "joy", "--attach", "note.txt")
    mnemo(project, "remember", "linked", "-c", "sea", "-f", "joy", "--attach", "note.txt", "--link")
    for name in ("mnheme", "json", "jsonl", "markdown", "csv", "dayone"):
        mnemo(project, "export", "--format", name, "--output", str(out / name), "--with-files")
    mnemo(project, "arc", "--svg", str(out / "arc.svg"))
    mnemo(project, "config", "set", "app.theme", "light")
    mnemo(project, "providers")
    mnemo(project, "--verbose", "verify")
    mnemo(project, "init")
    mnemo(project, "ingest")
    mnemo(project, "query", "alpha", "--session", "s")
    mnemo(project, "daemon", "start")
    mnemo(project, "query", "alpha", "--session", "s")
    mnemo(project, "daemon", "stop")
    mnemo(project, "gc")
    made = [home / name for name in ("config", "data", "state", "cache", "run", "out")]
    made.append(project / ".mnemosyne")
    assert [line for folder in made for line in open_to_others(folder)] == []
    assert (home / "data" / "mnemo").stat().st_mode & 0o777 == 0o700
    assert len(list((project / ".mnemosyne").iterdir())) > 5


def test_a_large_journals_index_and_a_draft_are_private(umask: int, home: Path) -> None:
    path = home / "large" / "j.mnheme"
    with MemoryDB(path) as db:
        db.remember_many({"concept": "c", "feeling": "joy", "content": f"day {n}"} for n in range(2100))
        db.index_text()
    store = DraftStore(home / "large" / "drafts" / "j")
    store.keep(Draft.new(concept="c"), 1)
    assert len(list((home / "large" / "j.mnemo").iterdir())) > 1
    assert open_to_others(home / "large") == []
