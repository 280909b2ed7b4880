"""What may happen beneath the app: files replaced, a daemon killed, a terminal closed, work that fails."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from mnemo.retrieval.daemon.client import call
from mnemo.retrieval.daemon.control import start, status, stop
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import MemoryDB
from mnemo.tui.cache.pane import CachePane

sys.path.append(str(Path(__file__).resolve().parent))
from test_terminal import Terminal


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "one.py").write_text('def first_one():\n    """Gives the first."""\n    return 1\n')
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
        engine.query("first")
    return folder


# -- the index ------------------------------------------------------------------------------------


async def test_the_index_is_deleted_while_explore_asks_and_made_again(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await app.type("first")
        assert app.explore.result.hits[0].name == "first_one"
        shutil.rmtree(project / ".mnemosyne")
        await app.type(" one")
        await app.press("down", "space", "u", "y", "v", "v")
        assert app.app.is_running
        if app.explore.folder is None:
            await app.press("i")
        else:
            assert "Nothing is indexed yet" in app.screen_text
            await app.press("i")
        await app.until(lambda: not app.explore.indexing.working and app.explore.result)
        await app.settle()
        assert app.explore.result.hits[0].name == "first_one"
        assert (project / ".mnemosyne" / "mnemosyne.db").exists()


async def test_the_index_is_made_anew_by_another_process(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await app.type("first")
        shutil.rmtree(project / ".mnemosyne")
        (project / "two.py").write_text("def second_first():\n    return 2\n")
        with RetrievalEngine.open(project) as engine:
            engine.ingest()
        await app.type(" second")
        assert {"first_one", "second_first"} <= {hit.name for hit in app.explore.result.hits}
        await app.press("down", "space", "y")
        assert "second_first" in app.app.clipboard


async def test_the_index_is_deleted_while_the_cache_is_watched(driven, journal, project, monkeypatch):
    monkeypatch.setattr("mnemo.tui.cache.pane._EVERY", 0.02)
    async with driven(journal, project=project) as app:
        await app.pilot.press("4")
        await app.until(lambda: isinstance(app.app.pane, CachePane) and app.app.pane.live.look)
        pane = app.app.pane
        shutil.rmtree(project / ".mnemosyne")
        await app.until(lambda: "index this folder" in app.screen_text)
        assert pane.live.look is None
        with RetrievalEngine.open(project) as engine:
            engine.ingest()
            engine.query("first")
        await app.pilot.press("f5")
        await app.until(lambda: pane.live.look is not None)


# -- the daemon -----------------------------------------------------------------------------------


async def test_the_daemon_is_killed_while_the_cache_listens_to_it(driven, journal, project):
    start(project, idle=60.0)
    try:
        async with driven(journal, project=project) as app:
            await app.pilot.press("4")
            await app.until(lambda: "cache" in app.app.panes and (status(project) or {}).get("subscribers"))
            pane = app.app.pane
            os.kill(status(project)["pid"], signal.SIGKILL)
            await app.until(lambda: not pane.listening.on)
            assert pane.live.look is not None
            assert not pane.trouble
            start(project, idle=60.0)
            call(project, "query", {"text": "first", "output": "plain"})
            await app.until(lambda: pane.listening.on)
    finally:
        stop(project)


# -- the journal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pane", ["timeline", "arc", "mind"])
async def test_the_journal_is_replaced(driven, journal, tmp_path, pane):
    other = tmp_path / "other.mnheme"
    with MemoryDB(other) as db:
        db.remember("Sea", "joy", "All that there is now")
    async with driven(journal, pane=pane) as app:
        other.replace(journal)
        await app.until(lambda: "1 memory" in app.screen_text or pane == "mind")
        if pane == "timeline":
            await app.until(lambda: app.pane.current and app.shown == "All that there is now")
        await app.press("escape", "question_mark", "escape")
        assert app.app.is_running
    with MemoryDB(journal) as db:
        assert db.count() == 1


# -- work that fails ------------------------------------------------------------------------------


@pytest.mark.parametrize("pane", ["timeline", "arc", "mind"])
async def test_a_worker_that_crashes_is_told_in_its_pane_and_tried_again(driven, journal, pane):
    broken = [True]

    def opener() -> MemoryDB:
        if broken:
            raise ZeroDivisionError("a secret of the memory")
        return MemoryDB(journal)

    async with driven(journal, pane=pane, opener=opener, first=False) as app:
        assert "failed (ZeroDivisionError)" in app.screen_text
        assert "secret" not in app.screen_text
        broken.clear()
        await app.press("f5")
        assert "ZeroDivisionError" not in app.screen_text
        assert not app.app.pane.trouble


@pytest.mark.parametrize("pane", ["explore", "cache"])
async def test_a_config_that_is_wrong_is_told_in_the_pane_and_read_again(driven, journal, project, pane):
    config = project / ".mnemosyne" / "config.toml"
    config.write_text("[retrieval]\ntoken_budget = 'many'\n")
    async with driven(journal, project=project, pane=pane) as app:
        assert "token_budget" in app.screen_text
        config.write_text("")
        await app.press("escape", "f5")
        assert "token_budget" not in app.screen_text
        assert not app.app.pane.trouble


# -- the terminal ---------------------------------------------------------------------------------


def wait_for_end(app: Terminal) -> int:
    end = time.monotonic() + 60
    while True:
        pid, state = os.waitpid(app.pid, os.WNOHANG)
        if pid:
            app.pid = 0
            return os.waitstatus_to_exitcode(state)
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["closed", signal.SIGHUP, signal.SIGTERM], ids=str)
def test_what_is_being_written_outlives_the_terminal(terminal_of, journal: Path, how):
    app = terminal_of("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    app.send("n")
    app.wait_for("What happened?")
    app.send("Half a thought")
    app.wait_for("draft kept")
    if how == "closed":
        os.close(app.fd)
        app.fd = os.open(os.devnull, os.O_RDONLY)
    else:
        os.kill(app.pid, how)
    assert wait_for_end(app) == (-signal.SIGHUP if how == "closed" else -how), "as whoever sent it expects"
    (draft,) = journal.with_name("journal_drafts").glob("*.json")
    assert "Half a thought" in draft.read_text()
    with MemoryDB(journal) as db:
        assert db.verify().sound
        assert db.count() == 277


def test_nothing_of_the_demo_stays_when_the_terminal_is_closed(terminal_of, home: Path, tmp_path: Path):
    app = terminal_of("tui", "--demo", TMPDIR=str(tmp_path))
    app.wait_for("277 memories")
    os.close(app.fd)
    app.fd = os.open(os.devnull, os.O_RDONLY)
    wait_for_end(app)
    assert not list(tmp_path.rglob("*.mnheme"))


@pytest.fixture
def terminal_of():
    open_ones: list[Terminal] = []

    def begin(*args: str, **env: str) -> Terminal:
        open_ones.append(Terminal(*args, env={"TERM": "xterm-256color", "COLORTERM": "truecolor", **env}))
        return open_ones[-1]

    yield begin
    for each in open_ones:
        each.close()
