"""Trouble behind the screen: it is told in the pane that asked, can be tried again, and ends nothing."""

from __future__ import annotations

import threading
from pathlib import Path

from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import JournalError, MemoryDB
from mnemo.tui.backend import Backend
from mnemo.tui.opening import Opening
from mnemo.tui.shell import MnemoApp
from mnemo.tui.timeline.model import Query


async def test_a_journal_that_cannot_be_opened_is_told_and_opens_on_retry(driven, tmp_path, demo_bytes):
    path = tmp_path / "j.mnheme"
    path.mkdir()
    async with driven(path) as app:
        assert "try again" in app.screen_text
        assert "retry" in {b.binding.action for b in app.app.screen.active_bindings.values()}
        path.rmdir()
        path.write_bytes(demo_bytes)
        await app.press("R")
        assert app.shown.startswith("Counting")
        assert "try again" not in app.screen_text


async def test_a_memory_that_cannot_be_read_is_a_row_that_says_so(driven, journal):
    with MemoryDB(journal) as db:
        ref = db.listing().refs[0]
        db.recall(limit=1)
    data = bytearray(journal.read_bytes())
    data[ref + 20 : ref + 40] = b"\xff" * 20
    journal.write_bytes(bytes(data))
    async with driven(journal) as app:
        await app.press("j", "k")
        assert app.app.is_running
        assert len(app.pane.memories.listing.refs) >= 276


async def test_a_bug_in_a_request_is_told_without_the_memory_s_words(driven, journal, caplog):
    words = "secret " * 2

    def broken(ticket: object) -> object:
        raise ValueError(words)

    async with driven(journal) as app:
        app.pane.backend.request(app.pane, "facets", "counting", broken)
        await app.settle()
        assert "counting failed (ValueError)" in app.screen_text
        assert "secret" not in app.screen_text
        await app.press("j")
        assert app.pane.memories.cursor == 1
    assert "secret" not in caplog.text
    assert "counting failed: ValueError" in caplog.text


async def test_a_late_answer_is_dropped(driven, journal):
    release, begun = threading.Event(), threading.Event()

    def slow(ticket: object) -> object:
        begun.set()
        release.wait(30)
        return "late"

    async with driven(journal) as app:
        seen = []
        app.pane.on_answer = lambda message: seen.append(message.value)
        ticket = app.pane.backend.request(app.pane, "list", "listing", slow)
        await app.until(begun.is_set)
        app.pane.ask(Query(feelings=frozenset({"joy"})))
        assert ticket.stale
        release.set()
        await app.settle()
        assert "late" not in seen


async def test_a_slow_journal_blocks_neither_keys_nor_quitting(tmp_path):
    release = threading.Event()

    def open_slowly() -> MemoryDB:
        release.wait(30)
        raise JournalError("never")

    opening = Opening(open_slowly)
    app = MnemoApp(Backend(opening, tmp_path / "d", tmp_path / "f.toml"))
    async with app.run_test() as pilot:
        await pilot.press("j", "question_mark")
        for _ in range(200):
            await pilot.pause(0.005)
        assert type(app.screen).__name__ == "HelpScreen"
        await pilot.press("escape")
        release.set()
    opening.close()


async def test_an_engine_that_is_read_when_the_app_ends_is_closed_by_whoever_reads(driven, journal, tmp_path):
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
    begun, release = threading.Event(), threading.Event()
    ended: list[threading.Thread] = []
    used: list[RetrievalEngine] = []

    def slow(engine: RetrievalEngine, _: object) -> None:
        assert engine.store
        used.append(engine)
        ended.append(threading.current_thread())
        begun.set()
        release.wait(60)

    async with driven(journal, project=tmp_path) as app:
        app.pane.backend.read_code(app.pane, "slow", "reading", slow)
        await app.until(begun.is_set)
    assert used[0]._store is not None, "nobody takes it away from who reads"
    release.set()
    ended[0].join(60)
    assert used[0]._store is None


def test_the_app_module_loads_no_screen(tmp_path: Path):
    import subprocess
    import sys

    code = "import sys, mnemo.tui.app, mnemo.tui.timeline.reading; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
