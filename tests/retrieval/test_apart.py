"""An ingest and a watch in a process of their own: same reports, stopped and killed for real."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from mnemo.retrieval import apart
from mnemo.retrieval.apart import ingest_apart, watch_apart
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import IndexBusyError, IndexUnwritableError, NoIndexError
from mnemo.retrieval.ingest import IngestReport, Progress
from mnemo.retrieval.lock import WriterLock
from mnemo.retrieval.project import init_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of three files, one of them with a letter beyond ASCII in its name."""
    path = tmp_path / "project"
    path.mkdir()
    for name in ("one.py", "two.py"):
        (path / name).write_text(f"def {name[:-3]}():\n    return 1\n")
    (path / "smør.py").write_text("def butter():\n    return 2\n")
    return path


def test_it_reports_what_an_ingest_here_would(folder):
    told: list[Progress] = []
    report = ingest_apart(folder, on_progress=told.append)
    assert sorted(report.changed) == sorted(["one.py", "two.py", "smør.py"])
    assert report.chunks_added == 3
    assert (3, 3) in {(now.done, now.total) for now in told}
    with RetrievalEngine.open(folder) as engine:
        assert engine.ingest().unchanged == 3


def test_what_it_raises_comes_back(folder, tmp_path, monkeypatch):
    with pytest.raises(NoIndexError, match="no such folder"):
        ingest_apart(tmp_path / "nowhere", on_progress=lambda _: None)
    project, _ = init_project(folder)
    with (
        WriterLock(project.index_dir / "ingest.lock", "test", wait=None),
        pytest.raises(IndexBusyError) as raised,
    ):
        ingest_apart(folder, on_progress=lambda _: None)
    assert str(os.getpid()) in raised.value.holder


def test_it_stops_when_told_and_keeps_what_is_done(folder):
    for number in range(400):
        (folder / f"more{number}.py").write_text(f"def more{number}():\n    return {number}\n" * 20)
    seen: list[Progress] = []
    report = ingest_apart(folder, on_progress=seen.append, cancelled=lambda: bool(seen))
    assert report.interrupted
    rest = ingest_apart(folder, on_progress=lambda _: None)
    assert len(report.changed) + len(rest.changed) == 403


def test_a_process_that_is_killed_is_told(folder, monkeypatch):
    started = apart.subprocess.Popen

    def start_and_kill(*args, **options):
        process = started(*args, **options)
        os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(apart.subprocess, "Popen", start_and_kill)
    with pytest.raises(IndexUnwritableError, match="died"):
        ingest_apart(folder, on_progress=lambda _: None)


def test_watching_follows_a_change_and_ends_when_told(folder):
    init_project(folder)
    reports: list[IngestReport] = []
    notices: list[str] = []
    ended = threading.Event()
    watching = threading.Thread(
        target=watch_apart,
        args=(folder,),
        kwargs={"on_report": reports.append, "on_notice": notices.append, "cancelled": ended.is_set},
    )
    watching.start()
    try:
        _until(lambda: notices)
        (folder / "one.py").write_text("def uno():\n    return 1\n")
        _until(lambda: any(report.changed == ["one.py"] for report in reports))
    finally:
        ended.set()
        watching.join(30)
    assert not watching.is_alive()


def _until(met) -> None:
    end = time.monotonic() + 30
    while not met():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
