"""The Mind pane: with mnemo itself and with a model on localhost, its keys, and how it looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mnemo.storage import Feeling, JournalError, MemoryDB
from mnemo.tui.dialogs.choice import Choice
from mnemo.tui.mind.model import Asked, read_asked
from mnemo.tui.mind.pane import MindPane
from textual.widgets import Input

sys.path.append(str(Path(__file__).resolve().parents[1] / "llm"))
from speaking import Request, Servers, Speaker, hangs, resets, says

SIZES = [(40, 12), (80, 24), (120, 40), (200, 60)]


def sized(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def mind_of(app) -> MindPane:
    return app.app.screen_stack[0].query_one(MindPane)


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No provider of whoever runs the tests, and a config of the test's own."""
    folder = tmp_path / "settings"
    monkeypatch.setenv("MNEMO_CONFIG", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Speaker]:
    servers = Servers()
    speaker = servers.start()
    monkeypatch.setenv("TESTED_URL", speaker.origin + "/v1/chat/completions")
    monkeypatch.setenv("TESTED_MODEL", "small")
    yield speaker
    servers.close()


async def asked(app, text: str) -> None:
    mind_of(app).line.value = text
    await app.press("enter")


# -- what a line asks


def test_a_line_names_its_operation_or_takes_the_one_that_is_marked():
    assert read_asked("  how was it?", "ask") == Asked("ask", "how was it?")
    assert read_asked("/reflect The Sea", "ask") == Asked("reflect", "The Sea")
    assert read_asked("/re Sea", "dream") == Asked("reflect", "Sea")
    assert read_asked("/dream 7", "ask") == Asked("dream", "", 7)
    assert read_asked("", "dream") == Asked("dream", "", 5)
    assert read_asked("", "introspect") == Asked("introspect", "")


@pytest.mark.parametrize(
    ("line", "mode", "said"),
    [
        ("", "ask", "what you want to know"),
        ("/perceive", "ask", "to be perceived"),
        ("/reflect ", "ask", "name a concept"),
        ("/sing loud", "ask", "no /sing"),
        ("/", "ask", "no /:"),
        ("lots", "dream", "2 to 20"),
        ("21", "dream", "2 to 20"),
        ("me", "introspect", "takes no words"),
    ],
)
def test_a_line_that_asks_nothing_says_what_is_missing(line, mode, said):
    with pytest.raises(ValueError, match=said):
        read_asked(line, mode)


# -- without a model


async def test_without_a_model_memories_are_ranked_and_enter_lands_on_one(driven, journal):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        assert "mnemo answers by itself" in app.screen_text
        assert pane.line.has_focus
        await app.type("Father and the piano")
        await app.press("enter")
        turn = pane.turns[0]
        assert turn.found is not None and turn.found.provider == "local"
        assert "mnemo itself" in pane.talk.text
        await app.press("escape", "down")
        wanted = pane.talk.current
        assert wanted.memory == turn.sources[1]
        await app.press("enter")
        assert app.app.pane.id == "timeline"
        assert app.pane.current == wanted.memory


async def test_every_operation_has_a_key(driven, journal):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        await app.press("escape", "d", "i", "r")
        assert isinstance(app.app.screen, Choice)
        await app.press("enter")
        await app.press("p")
        assert (pane.mode, pane.line.has_focus) == ("perceive", True)
        await app.press("escape", "a")
        assert (pane.mode, pane.line.has_focus) == ("ask", True)
        assert [turn.asked for turn in pane.turns] == [
            Asked("dream", ""),
            Asked("introspect", ""),
            Asked("reflect", "Father"),
        ]
        assert all(turn.found is not None for turn in pane.turns)
        await app.press("escape", "slash")
        assert pane.line.value == "/"
        await app.type("reflect Mar")
        assert pane.line._suggestion == "/reflect Marta"
        await app.press("right", "enter")
        assert pane.turns[-1].asked == Asked("reflect", "Marta")


async def test_the_end_stays_in_sight_in_another_size(driven, journal):
    async with driven(journal, size=(120, 40), pane="mind") as app:

        async def resize(width: int, height: int) -> None:
            await app.pilot.resize_terminal(width, height)
            await app.until(lambda: mind_of(app).size.width == width)
            await app.settle()

        await asked(app, "/introspect")
        await asked(app, "/perceive Walked on the beach with Marta")
        for width, height in ((80, 24), (40, 12), (100, 30)):
            await resize(width, height)
            assert f"s save{' it so' if width >= 64 else ''}  c " in app.screen_text
            assert "x " in app.screen_text.split("s save")[1]
        await app.press("home")
        await resize(40, 12)
        assert "A portrait" in app.screen_text, "who read the beginning still does"


async def test_tab_goes_through_the_operations_and_up_brings_back_what_was_asked(driven, journal):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        modes = []
        for _ in range(5):
            await app.press("tab")
            modes.append(pane.mode)
        assert modes == ["perceive", "reflect", "dream", "introspect", "ask"]
        await app.press("shift+tab")
        assert pane.mode == "introspect"
        await app.press("tab")
        await asked(app, "zebra")
        await asked(app, "the sea")
        await app.type("new")
        await app.press("up", "up")
        assert pane.line.value == "zebra"
        await app.press("down", "down")
        assert pane.line.value == "new"


async def test_a_proposal_is_saved_only_when_the_user_says_so(driven, journal):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        await asked(app, "/perceive Walked on the beach with Marta, the sea was calm")
        assert pane.turns[0].proposal is not None
        assert pane.talk.has_focus
        await app.press("c")
        app.app.screen.query_one(Input).value = "The Sea"
        await app.press("enter", "f", "down", "enter")
        await app.press("x")
        assert "Not saved" in pane.talk.text
        await app.press("s")
        with MemoryDB(journal) as db:
            assert db.count() == 277
        await app.press("p")
        await app.type("Rain all day")
        await app.press("enter", "c")
        app.app.screen.query_one(Input).value = "Rain"
        await app.press("enter", "f", "end", "enter", "s", "s")
        memory = pane.turns[1].found.memory
        with MemoryDB(journal) as db:
            assert db.count() == 278
            assert db.recall("Rain") == [memory]
        assert (memory.content, memory.feeling in Feeling) == ("Rain all day", True)
        await app.press("enter")
        assert app.pane.current.memory_id == memory.memory_id


async def test_what_is_proposed_outlives_the_app_as_a_draft(driven, journal):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        await asked(app, "/perceive Walked on the beach with Marta")
        await app.press("c")
        app.app.screen.query_one(Input).value = "The Sea"
        await app.press("enter", "p")
        await asked(app, "Not worth keeping")
        await app.press("x", "p")
        await asked(app, "Saved at once")
        await app.press("s")
        assert pane.turns[2].found.memory is not None
    async with driven(journal) as app:
        (draft,) = app.pane.waiting
        assert (draft.text, draft.concept) == ("Walked on the beach with Marta", "The Sea")
        assert "a draft is waiting" in app.screen_text
    folder = journal.with_name("journal_drafts")
    assert [path.stat().st_mode & 0o777 for path in folder.glob("*.json")] == [0o600]


async def test_what_is_cleared_away_unsaved_waits_in_the_timeline(driven, journal):
    async with driven(journal) as app:
        assert not app.pane.waiting
        await app.press("5")
        await asked(app, "/perceive Rain on the roof all night")
        await app.press("C")
        assert "waits as a draft" in app.toasts[-1]
        await app.press("1")
        assert [draft.text for draft in app.pane.waiting] == ["Rain on the roof all night"]


async def test_an_empty_journal_answers_and_can_be_begun_here(driven, tmp_path):
    path = tmp_path / "new.mnheme"
    async with driven(path, pane="mind") as app:
        assert "There are no memories yet" in app.screen_text
        await app.press("escape", "d", "i", "r", "enter", "j", "k", "y", "C", "s", "x", "c", "f", "f5", "a")
        await asked(app, "anything")
        assert not path.exists(), "asking writes nothing"
        await asked(app, "/perceive The first day")
        await app.press("s")
        with MemoryDB(path) as db:
            assert [memory.content for memory in db.recall()] == ["The first day"]


# -- with a model


def plan_then(*texts: str):
    """What a server does for ask: the plan, then the answer with the first memory that it was given."""

    def behave(request: Request) -> None:
        label = request.question.split("| [", 1)[1][:8]
        says(*(text.replace("ID", label) for text in texts))(request)

    return [says('{"concepts": ["Father"], "words": []}'), behave]


async def test_an_answer_streams_names_its_memories_and_who_gave_it(driven, journal, server):
    server.script = plan_then("He **played** ", "in the evening [ID].")
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        await app.until(lambda: pane.who)
        assert "TESTED (small) answers." in app.screen_text
        await asked(app, "When did Father play?")
        turn = pane.turns[0]
        assert turn.found.provider == "TESTED"
        assert turn.found.text.startswith("He **played** in the evening [")
        assert [each.memory_id for each in turn.sources] == list(turn.found.cited)
        assert "He played in the evening" in pane.talk.text
        assert "TESTED" in pane.talk.text
        assert len(server.asked) == 2


async def test_escape_stops_an_answer_at_once_and_what_came_stays(driven, journal, server):
    server.otherwise = hangs("The garden", " was")
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        pane.line.value = "/introspect"
        await app.pilot.press("enter")
        await app.until(lambda: "The garden was" in pane.talk.text)
        assert "Esc stops it" in pane.talk.text
        await app.press("escape")
        assert pane.running is None
        assert pane.turns[0].found is None
        assert "The garden was" in pane.talk.text
        assert "Stopped" in pane.talk.text
        server.otherwise = says("The garden was mine.")
        await app.press("f5")
        assert pane.turns[0].found.text == "The garden was mine."
        assert len(pane.turns) == 1


async def test_another_question_takes_the_place_of_one_that_runs(driven, journal, server):
    server.script = [hangs("Never")]
    server.otherwise = says("Second.")
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        pane.line.value = "/introspect"
        await app.pilot.press("enter")
        await app.until(lambda: "Never" in pane.talk.text)
        await asked(app, "/dream 3")
        first, second = pane.turns
        assert (first.found, first.running) == (None, False)
        assert second.found.text == "Second."


async def test_an_answer_that_breaks_off_says_so_and_is_asked_again(driven, journal, server):
    server.script = [resets("Half of")]
    server.otherwise = says("Whole.")
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        await asked(app, "/introspect")
        assert "Half of" in pane.talk.text
        assert "broke off" in pane.turns[0].error
        await app.press("f5")
        assert pane.turns[0].found.text == "Whole."


async def test_quitting_does_not_wait_for_an_answer(driven, journal, server):
    server.otherwise = hangs("The garden")
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        pane.line.value = "/introspect"
        await app.pilot.press("enter")
        await app.until(lambda: "The garden" in pane.talk.text)
        worker = next(each for each in app.app.workers if each.group == "mind.answer")
        await app.pilot.press("ctrl+q")
        await app.until(lambda: not app.app.is_running)
    assert worker.is_finished


async def test_hostile_words_are_inert(driven, tmp_path, server):
    path = tmp_path / "h.mnheme"
    hostile = "\x1b[2J[red]boo[/red] \u202e " + "w" * 10_000
    with MemoryDB(path) as db:
        db.remember("[bold]C\u202e\x1b[31m", "fear", hostile)
        db.remember("Sea", "joy", "fine")
    server.script = plan_then("said \x1b[31m[link=x]click[/link] \u202e [ID]")
    server.otherwise = says(
        '{"concept": "[b]x\x1b", "feeling": "joy", "tags": ["[i]\x1b"], "note": "\x1b]0;t\x07"}'
    )
    async with driven(path, pane="mind", size=(80, 24)) as app:
        await asked(app, f"boo fear Sea {hostile[:50]}")
        for key in ("escape", "j", "k", "r"):
            await app.press(key)
            assert "\x1b" not in app.screen_text
            assert "\u202e" not in app.screen_text
        await app.press("escape", "a")
        await asked(app, "/perceive " + hostile)
        assert "\x1b" not in app.screen_text
        await app.press("c")
        assert "\x1b" not in app.screen_text


# -- consent


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model on another host; nothing there is ever reached."""
    monkeypatch.setenv("FAR_URL", "https://model.invalid/v1/chat/completions")
    monkeypatch.setenv("FAR_MODEL", "large")
    monkeypatch.setenv("FAR_API_KEY", "sk-none")
    monkeypatch.delenv("LLM_CONSENT", raising=False)


async def pressed_until_asked(app) -> None:
    mind_of(app).line.value = "/introspect"
    await app.pilot.press("enter")
    await app.until(lambda: "Not this time" in app.screen_text)


async def test_consent_is_asked_when_the_user_asks_and_no_is_kept(driven, journal, elsewhere, own_config):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        await app.until(lambda: pane.who)
        assert "before anything is sent to it, you are" in pane.talk.text.replace("\n ", " ")
        assert not isinstance(app.app.screen, Choice)
        await pressed_until_asked(app)
        await app.until(lambda: "model.invalid" in app.screen_text)
        await app.press("escape")
        assert pane.turns[0].found.provider == "local"
        assert "not asked this time" in pane.talk.text
        assert not (own_config / "config.toml").exists()
        await pressed_until_asked(app)
        await app.pilot.press("end")
        await app.press("enter")
        assert 'model.invalid" = "no"' in (own_config / "config.toml").read_text()
        await asked(app, "/introspect")
        assert pane.turns[2].found.provider == "local"


async def test_consent_waits_while_another_pane_is_shown(driven, journal, elsewhere, own_config):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        pane.begin(Asked("introspect", ""))
        await app.app.show_pane("timeline")
        await app.until(lambda: pane._consent is not None)
        assert not isinstance(app.app.screen, Choice)
        await app.pilot.press("5")
        await app.until(lambda: "Not this time" in app.screen_text)
        await app.press("enter")
        assert pane.turns[0].found.provider == "local"
        assert not (own_config / "config.toml").exists()


async def test_stopping_a_question_that_waits_for_consent_keeps_no_answer(
    driven, journal, elsewhere, own_config
):
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        pane.begin(Asked("introspect", ""))
        await app.app.show_pane("timeline")
        await app.until(lambda: pane._consent is not None)
        pane.action_stop()
        await app.settle()
        await app.press("5")
        assert not isinstance(app.app.screen, Choice)
        assert (pane.turns[0].found, pane.turns[0].running) == (None, False)
        assert not (own_config / "config.toml").exists()


async def test_a_wrong_setup_is_told_and_tried_again(driven, journal, monkeypatch, server):
    monkeypatch.setenv("TESTED_RPM", "many")
    async with driven(journal, pane="mind") as app:
        pane = mind_of(app)
        assert "TESTED_RPM" in app.screen_text
        await asked(app, "/introspect")
        assert "TESTED_RPM" in pane.turns[0].error
        monkeypatch.delenv("TESTED_RPM")
        await app.press("f5")
        assert pane.turns[0].found.provider == "TESTED"
        assert not pane.trouble


async def test_a_journal_that_cannot_be_opened_is_told_and_tried_again(driven, journal):
    broken = [True]

    def open_journal() -> MemoryDB:
        if broken:
            raise JournalError("cannot open it")
        return MemoryDB(journal)

    async with driven(journal, pane="mind", first=False, opener=open_journal) as app:
        assert "cannot open it" in app.screen_text
        broken.clear()
        await app.press("f5")
        assert mind_of(app).who.memories == 277


# -- pictures


async def talked(app) -> None:
    """A question, its answer and a proposal; how long each took is not part of the picture."""
    await asked(app, "When did Father play the piano?")
    turn = mind_of(app).turns[0]
    turn.found = replace(turn.found, seconds=0.2)
    mind_of(app).talk.draw()
    await app.press("escape", "down", "down")


@pytest.mark.parametrize(
    ("size", "theme"),
    [*((size, "dark") for size in SIZES), ((80, 24), "light"), ((80, 24), "mono")],
    ids=str,
)
async def test_answered(driven, journal, looks_as_before, size, theme):
    async with driven(journal, size=size, theme=theme, pane="mind") as app:
        await talked(app)
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(40, 12), (120, 40)], ids=sized)
async def test_nothing_said(driven, journal, looks_as_before, size):
    async with driven(journal, size=size, pane="mind") as app:
        await looks_as_before(app)


async def test_proposed(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24), pane="mind") as app:
        await asked(app, "/perceive Walked on the beach with Marta, the sea was calm")
        await looks_as_before(app)


async def test_streaming(driven, journal, looks_as_before, server):
    server.otherwise = hangs("A **mechanic**, and later a gardener. ", "Much is about fathers")
    async with driven(journal, size=(80, 24), pane="mind") as app:
        mind_of(app).line.value = "/introspect"
        await app.pilot.press("enter")
        await app.until(lambda: "about fathers" in app.screen_text)
        await looks_as_before(app, under_way=True)
        await app.pilot.press("escape")
        await app.until(lambda: "Stopped" in app.screen_text)


async def test_broken_off(driven, journal, looks_as_before, server):
    server.otherwise = resets("A mechanic, and later a gardener. ")
    async with driven(journal, size=(80, 24), pane="mind") as app:
        await asked(app, "/introspect")
        assert mind_of(app).turns[0].error
        await looks_as_before(app)


@pytest.mark.parametrize(
    ("size", "theme"), [((80, 24), "dark"), ((40, 12), "dark"), ((80, 24), "light")], ids=str
)
async def test_asking_for_consent(driven, journal, looks_as_before, elsewhere, size, theme):
    async with driven(journal, size=size, theme=theme, pane="mind") as app:
        mind_of(app).line.value = "/introspect"
        await app.pilot.press("enter")
        await app.until(lambda: "Not this time" in app.screen_text)
        await looks_as_before(app, under_way=True)
        await app.press("enter")
