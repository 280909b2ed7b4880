"""The watcher: what was saved is indexed when it has settled, whatever was done to the tree."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mnemo.retrieval import watch
from mnemo.retrieval.detect import content_hash, normalise
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.ingest import IngestReport
from mnemo.retrieval.inotify import Inotify, kind_of_mount
from mnemo.retrieval.project import Project, open_project
from mnemo.retrieval.scan import Scanner
from mnemo.retrieval.store import Store
from mnemo.retrieval.watch import Watcher

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere events come late")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".git/info").mkdir(parents=True)
    root = tmp_path / "project"
    (root / "a").mkdir(parents=True)
    (root / "a/one.py").write_text("x = 1\n")
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    return open_project(root)


@contextmanager
def watching(project: Project) -> Iterator[Watcher]:
    told: list[str] = []
    ready = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        ready.set()

    watcher = Watcher(project, on_report=lambda _: None, on_notice=tell)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert ready.wait(30)
        yield watcher
    finally:
        watcher.stop()
        thread.join(30)
    assert not thread.is_alive()
    assert told == [f"watching {project.root} by events"]


def indexed(project: Project) -> dict[str, bytes]:
    with Store.open(project.database) as store:
        return {path: file.sha256 for path, file in store.known_files().items() if file.sha256}


def held(project: Project) -> dict[str, bytes]:
    """What an index of the tree as it is would hold."""
    return {
        entry.path: content_hash(normalise((project.root / entry.path).read_text()))
        for entry in Scanner(project.root, project.config.general).walk()
    }


def disturb(root: Path, chance: random.Random, number: int) -> str:
    """Do something that editors, shells or version control do, somewhere in the tree."""
    folders = [root, *(each for each in root.rglob("*") if each.is_dir() and ".mnemosyne" not in each.parts)]
    files = [each for each in root.rglob("*.py") if ".mnemosyne" not in each.parts]
    folder, file = chance.choice(folders), chance.choice(files) if files else root / "first.py"
    text = f"x = {number:06}\n"
    match what := chance.choice(
        ("write", "in place", "replace", "new", "deep", "rename", "move", "remove", "move folder", "swap",
         "remove folder", "out and in", "rules", "rules above")
    ):  # fmt: skip
        case "write":
            file.write_text(text)
        case "in place":  # as long as before, within the same tick of the clock
            with file.open("r+" if file.exists() else "w") as open_file:
                open_file.write(text)
        case "replace":
            (swap := file.with_name(f".{file.name}.tmp")).write_text(text)
            swap.replace(file)
        case "new":
            (folder / f"new{number}.py").write_text(text)
        case "deep":
            (deep := folder / f"d{number}/e/f").mkdir(parents=True)
            (deep / "late.py").write_text(text)
        case "rename" if files:
            file.rename(file.with_name(f"r{number}.py"))
        case "move" if files:
            file.rename(folder / f"m{number}.py")
        case "remove" if files:
            file.unlink()
        case "move folder" if folder != root:
            to = chance.choice([each for each in folders if not each.is_relative_to(folder)])
            folder.rename(to / f"f{number}")
        case "swap" if folder != root:  # another folder takes its name at once
            folder.rename(root / f"s{number}")
            folder.mkdir()
            (folder / "instead.py").write_text(text)
        case "remove folder" if folder != root:
            shutil.rmtree(folder)
        case "rules":
            (folder / ".gitignore").write_text(chance.choice(("", "m*.py\n", "e/\n", "d*\n")))
        case "rules above":
            file = root.parent / chance.choice((".gitignore", ".git/info/exclude"))
            file.write_text(chance.choice(("", "n*.py\n", "f/\n")))
        case "out and in" if folder != root:
            outside = root.with_name(f"{root.name}-outside{number}")
            folder.rename(outside)
            (outside / "changed.py").write_text(text)
            outside.rename(folder)
    return what


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_to_a_tree_is_indexed_when_it_has_settled(project: Project, seed: int) -> None:
    chance = random.Random(seed)
    done: list[str] = []
    with watching(project) as watcher:
        for number in range(100):
            done += [disturb(project.root, chance, 3 * number + more) for more in range(chance.randint(1, 3))]
            assert watcher.settled or watcher.settle(30)
            assert indexed(project) == held(project), done[-3:]
        assert watcher.settled


def test_a_file_that_is_still_open_is_read_as_it_is(project: Project) -> None:
    with watching(project) as watcher, (project.root / "a/one.py").open("r+") as file:
        for number in range(2, 100):
            file.seek(0)
            file.write(f"x = {number:02}\n")
            file.flush()
            assert watcher.settled or watcher.settle(30)
            assert indexed(project) == {"a/one.py": content_hash(f"x = {number:02}\n")}


def test_a_name_that_is_no_utf8_stops_nothing(project: Project) -> None:
    with watching(project) as watcher:
        Path(os.fsdecode(bytes(project.root) + b"/a/\xff.py")).write_text("x = 1\n")
        Path(os.fsdecode(bytes(project.root) + b"/\xfe")).mkdir()
        (project.root / "a/two.py").write_text("x = 2\n")
        assert watcher.settled or watcher.settle(30)
        assert set(indexed(project)) == {"a/one.py", "a/two.py"}


def test_what_the_system_lost_count_of_is_told(tmp_path: Path) -> None:
    held_back = threading.Event()
    events = Inotify(tmp_path, held_back.wait)
    try:
        events.watch(str(tmp_path))
        assert events.take() == []
        files = [tmp_path / "one", tmp_path / "two"]
        for file in files:
            file.touch()
        assert set(events.take() or ()) == {str(file) for file in files}
        for _ in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())):
            for file in files:  # in turn: two of a kind in a row are one
                os.utime(file)
        assert events.take() is None
        assert events.take() == []
        files[0].unlink()
        assert events.take() == [str(files[0])]
    finally:
        held_back.set()
        events.close()


class Few(Inotify):
    """As where the user's watches are used up after the first two."""

    def __init__(self, root: Path, ready: Callable[[], None]) -> None:
        super().__init__(root, ready)
        self.left = 2

    def watch(self, folder: str) -> None:
        if not self.left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.left -= 1
        super().watch(folder)


def test_without_watches_enough_it_looks_regularly(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "listen", Few)
    monkeypatch.setattr(watch, "POLL", 0.01)
    reports: list[IngestReport] = []
    told: list[str] = []
    found = threading.Event()

    def report(done: IngestReport) -> None:
        reports.append(done)
        found.set()

    watcher = Watcher(project, on_report=report, on_notice=told.append)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        (project.root / "two.py").write_text("x = 2\n")
        assert found.wait(30)
        assert [each.changed for each in reports] == [["two.py"]]
        assert not watcher.settled
        assert not watcher.settle(30)
    finally:
        watcher.stop()
        thread.join(30)
    assert told == [
        "no file events here (No space left on device): looking every 0.01 seconds",
        f"watching {project.root} every 0.01 seconds",
    ]


def test_a_mount_is_told_by_the_longest_place(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 27 0:21 / / rw,relatime - ext4 /dev/vda rw\n"
        "23 22 0:22 / /mnt/c rw shared:1 - 9p drvfs rw,aname=drvfs\n"
        "24 22 0:23 / /mnt/my\\040disk rw - nfs4 host:/disk rw\n"
    )
    asked = ("/", "/mnt/c/work", "/mnt/cellar", "/mnt/my disk/a")
    assert [kind_of_mount(Path(each), table) for each in asked] == ["ext4", "9p", "ext4", "nfs4"]
