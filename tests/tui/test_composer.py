"""Writing a memory: every field, what is missing, and nothing typed is ever lost."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mnemo.storage import MemoryDB
from mnemo.tui.composer.screen import Composer
from mnemo.tui.drafts import Draft, DraftStore
from textual.events import Key


async def test_a_memory_with_every_field(driven, journal, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"not really a photo")
    async with driven(journal) as app:
        await app.press("n")
        await app.type("The fig again")
        await app.press("tab")
        await app.type("The Gar")
        await app.press("right")
        assert app.app.focused.value == "The Garden", "completed from what the journal knows"
        await app.press("tab")
        await app.type("grat")
        await app.press("right", "tab")
        await app.type("fig, #early")
        await app.press("tab")
        await app.type("beside it")
        await app.press("tab")
        await app.type("2024-12-30 09:15")
        await app.press("tab")
        app.app.focused.value = str(photo)
        await app.press("f2")
        assert not isinstance(app.app.screen, Composer)
        memory = app.pane.current
        assert (memory.content, memory.concept, memory.feeling) == (
            "The fig again",
            "The Garden",
            "gratitude",
        )
        assert (memory.tags, memory.note) == (("fig", "early"), "beside it")
        assert memory.timestamp == "2024-12-30T09:15:00+00:00"
        assert [file.name for file in memory.attachments] == ["photo.jpg"]
        assert app.pane.memories.cursor == 1, "the cursor stands on what was just written"
    with MemoryDB(journal) as db:
        assert db.count() == 278
        assert db.verify().sound
    assert not list(journal.with_name("journal_drafts").glob("*.json"))


async def test_what_is_missing_is_said_and_gone_to(driven, journal):
    async with driven(journal) as app:
        await app.press("n", "f2")
        assert "at least a word" in app.screen_text
        await app.type("Words")
        await app.press("f2")
        assert app.app.focused.id == "concept"
        await app.type("Sea")
        await app.press("f2")
        assert app.app.focused.id == "feeling"
        await app.type("hunger")
        await app.press("f2")
        assert app.app.focused.id == "feeling"
        app.app.focused.value = "gioia"
        app.app.screen.query_one("#when").value = "someday"
        await app.press("f2")
        assert app.app.focused.id == "when"
        app.app.focused.value = ""
        app.app.screen.query_one("#files").value = "/no/such/file.jpg"
        await app.press("f2")
        assert isinstance(app.app.screen, Composer)
        assert "file.jpg" in app.screen_text
        app.app.screen.query_one("#files").value = ""
        await app.press("f2")
        assert app.shown == "Words"
        assert app.pane.current.feeling == "joy"


async def test_the_fifteen_can_be_walked_through(driven, journal):
    async with driven(journal) as app:
        await app.press("n", "tab", "tab", "down")
        assert app.app.focused.value == "joy"
        await app.press("up")
        assert app.app.focused.value == "curiosity"


async def test_r_writes_a_layer_upon_the_memory(driven, journal):
    async with driven(journal) as app:
        older = app.pane.current
        await app.press("r")
        assert "Look back on" in app.screen_text
        await app.type("A year on")
        app.app.screen.query_one("#feeling").value = "joy"
        await app.press("f2")
        assert app.pane.current.revisits == older.memory_id
        assert app.pane.current.concept == older.concept
        assert app.pane.detail.detail.layers[0].relation == "revisits"


async def test_escape_keeps_the_draft_and_d_goes_on_with_it(driven, journal):
    async with driven(journal) as app:
        await app.press("n")
        await app.type("Half a sent")
        await app.press("escape")
        assert [draft.text for draft in app.pane.waiting] == ["Half a sent"]
        await app.press("d")
        assert app.app.screen.query_one("#text").text == "Half a sent"
        await app.press("f8")
        assert isinstance(app.app.screen, Composer), "asks first"
        await app.press("f8")
        assert not app.pane.waiting
        await app.press("d")
        assert not isinstance(app.app.screen, Composer)


async def test_leaving_an_empty_composer_leaves_nothing(driven, journal):
    async with driven(journal) as app:
        await app.press("n", "escape")
        assert not app.pane.waiting
    assert not list(journal.with_name("journal_drafts").glob("*"))


async def test_quitting_while_writing_keeps_the_draft(driven, journal):
    async with driven(journal) as app:
        await app.press("n")
        await app.type("Not yet do")
        await app.pilot.press("n", "e", "ctrl+q")
        await app.until(lambda: not app.app.is_running)
    (draft,) = DraftStore(journal.with_name("journal_drafts")).left_behind()
    assert draft.text == "Not yet done"


async def test_of_several_drafts_one_is_chosen(driven, journal):
    store = DraftStore(journal.with_name("journal_drafts"))
    for text in ("first", "second"):
        draft = Draft.new()
        store.keep(Draft(draft.draft_id, draft.started, text=text), 1)
        store.release(draft.draft_id)
        os.utime(store.folder / f"{draft.draft_id}.json", (1e9 + len(text), 1e9 + len(text)))
    async with driven(journal) as app:
        await app.press("d", "j", "enter")
        assert app.app.screen.query_one("#text").text == "first"


async def test_a_full_disk_says_so_and_keeps_the_text(driven, tmp_path):
    folder = tmp_path / "gone"
    async with driven(folder / "j.mnheme") as app:
        await app.press("n")
        await app.type("Where to?")
        app.app.screen.query_one("#concept").value = "Sea"
        app.app.screen.query_one("#feeling").value = "joy"
        await app.settle()
        target = folder / "j.mnheme"
        target.mkdir(parents=True)
        await app.press("f2")
        assert isinstance(app.app.screen, Composer)
        assert app.app.screen.query_one("#compose-state").has_class("-wrong")
        assert app.app.screen.query_one("#text").text == "Where to?"
        target.rmdir()
        await app.press("f2")
        assert app.shown == "Where to?"


def test_drafts_are_private_and_the_last_one_typed_wins(tmp_path):
    store = DraftStore(tmp_path / "drafts")
    draft = Draft.new()
    store.keep(Draft(draft.draft_id, draft.started, text="two"), 2)
    store.keep(Draft(draft.draft_id, draft.started, text="one"), 1)
    file = tmp_path / "drafts" / f"{draft.draft_id}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert DraftStore(tmp_path / "drafts").left_behind() == [], "somebody is writing it"
    store.release(draft.draft_id)
    assert [d.text for d in DraftStore(tmp_path / "drafts").left_behind()] == ["two"]
    store.discard(draft.draft_id)
    store.keep(Draft(draft.draft_id, draft.started, text="late"), 3)
    assert DraftStore(tmp_path / "drafts").left_behind() == []


def test_broken_drafts_are_passed_over(tmp_path):
    folder = tmp_path / "drafts"
    folder.mkdir()
    for name, text in (
        ("a", "{"),
        ("b", "[]"),
        ("c", '{"draft_id": "../x", "started": ""}'),
        ("d", '{"a": 1}'),
    ):
        (folder / f"{name}.json").write_text(text)
    assert DraftStore(folder).left_behind() == []


_TYPIST = """
import asyncio, sys
from pathlib import Path
from mnemo.storage import MemoryDB
from mnemo.tui.backend import Backend
from mnemo.tui.opening import Opening
from mnemo.tui.shell import MnemoApp

path = Path(sys.argv[1])
async def main():
    opening = Opening(lambda: MemoryDB(path))
    app = MnemoApp(Backend(opening, path.with_name("j.drafts"), path.with_name("f.toml")))
    async with app.run_test() as pilot:
        await pilot.press("n")
        for number in range(10_000):
            await pilot.press(*f"{number} ".replace(" ", "~").replace("~", "x"))
            await app.workers.wait_for_complete()
            print(number, flush=True)
asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX signals")
def test_kill_9_while_writing_loses_nothing_that_was_acknowledged(tmp_path):
    path = tmp_path / "j.mnheme"
    child = subprocess.Popen(
        [sys.executable, "-c", _TYPIST, str(path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        told = [child.stdout.readline() for _ in range(12)]
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
    assert told[-1].strip() == "11"
    (draft,) = DraftStore(tmp_path / "j.drafts").left_behind()
    assert draft.text.startswith("".join(f"{number}x" for number in range(12)))


async def test_a_draft_whose_memory_was_written_before_the_crash_is_not_offered(driven, journal):
    store = DraftStore(journal.with_name("journal_drafts"))
    draft = Draft(
        Draft.new().draft_id, "2020-01-01T00:00:00+00:00", text="Said", concept="Sea", feeling="joy"
    )
    store.keep(draft, 1)
    store.release(draft.draft_id)
    with MemoryDB(journal) as db:
        db.remember("Sea", "joy", "Said")
    async with driven(journal) as app:
        assert not app.pane.waiting
    assert store.left_behind() == []


def test_a_file_left_by_a_killed_editor_is_the_newer_text(tmp_path):
    store = DraftStore(tmp_path / "drafts")
    draft = Draft(Draft.new().draft_id, "2020-01-01T00:00:00+00:00", text="before")
    store.keep(draft, 1)
    edited: Path = store.editor_file(draft)
    edited.write_text("after")
    os.utime(edited, (time.time() + 5, time.time() + 5))
    store.release(draft.draft_id)
    assert [d.text for d in store.left_behind()] == ["after"]


async def test_concept_feeling_and_tags_are_proposed_while_writing_and_one_key_accepts(driven, journal):
    async with driven(journal) as app:
        await app.press("n")
        await app.type("My father at the piano, and I am so grateful")
        screen = app.app.screen
        assert screen.proposed["concept"] == "Father"
        assert screen.proposed["feeling"] == "gratitude"
        assert "Father?" in app.screen_text
        assert (screen.draft.concept, screen.draft.feeling) == ("", ""), "nothing is filled in unasked"
        await app.press("f3")
        assert (screen.draft.concept, screen.draft.feeling) == ("Father", "gratitude")
        await app.press("f2")
        assert app.pane.current.concept == "Father"


async def test_what_the_user_wrote_is_not_replaced(driven, journal):
    async with driven(journal) as app:
        await app.press("n")
        await app.type("My father at the piano, and I am so grateful")
        await app.press("tab")
        await app.type("Leeds")
        await app.press("f3")
        assert (app.app.screen.draft.concept, app.app.screen.draft.feeling) == ("Leeds", "gratitude")
        await app.press("f3")
        assert app.app.screen.draft.concept == "Leeds"


async def test_little_text_proposes_nothing(driven, journal):
    async with driven(journal) as app:
        await app.press("n")
        await app.type("Papa")
        assert app.app.screen.proposed == {}
        assert "Accept" not in app.screen_text
        await app.type(" came to the shop in tears")
        assert app.app.screen.proposed
        app.app.screen.query_one("#text").load_text("")
        await app.settle()
        assert app.app.screen.proposed == {}


async def test_what_is_typed_ahead_goes_to_the_field_that_tab_leads_to(driven, journal):
    async with driven(journal) as app:
        await app.press("n")
        for (
            char
        ) in "Rain\tSea\tjoy":  # in one burst, as a terminal brings what is typed while the app is busy
            named = {"\t": "tab"}.get(char, char)
            app.app.post_message(Key(named, None if named == "tab" else char))
        await app.settle()
        typed = [app.app.screen.query_one(f"#{name}") for name in ("text", "concept", "feeling")]
        assert [typed[0].text, typed[1].value, typed[2].value] == ["Rain", "Sea", "joy"]
