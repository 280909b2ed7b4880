"""The Arc pane: what its keys and the mouse do, and how it looks."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mnemo.storage import Feeling, JournalError, MemoryDB
from mnemo.storage.affect import by_day
from mnemo.tui.arc.model import Arc, Window
from mnemo.tui.arc.pane import ArcPane
from mnemo.tui.arc.reading import means_of, read_arc, scene_of
from textual.widgets import Input

sys.path.append(str(Path(__file__).parents[1] / "llm"))
from speaking import Request, Servers, says

SIZES = [(40, 12), (80, 24), (120, 40), (200, 60)]


def sized(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def arc_of(app) -> ArcPane:
    return app.app.screen_stack[0].query_one(ArcPane)


def shown(app) -> str:
    pane = arc_of(app)
    assert pane.shown is not None
    return pane.shown.text


# -- what is drawn


def made(tmp_path: Path, days: int, feeling: str = "joy") -> Arc:
    with MemoryDB(tmp_path / "s.mnheme", fsync_policy="never") as db:
        start = datetime(2024, 1, 1, 12, tzinfo=UTC)
        db.remember_many(
            {"concept": "Sea", "feeling": feeling, "content": "x", "at": start + timedelta(days=day)}
            for day in range(days)
        )
        columns = db.columns()
        found = by_day(columns.times, columns.feelings, columns.names)
        return Arc("", columns, found, means_of(found), "", {}, {})


def test_a_scene_puts_every_memory_in_its_column(tmp_path: Path) -> None:
    arc = made(tmp_path, 10)
    scene = scene_of(arc, arc.whole, 20)
    assert [(mark.column, mark.feeling, mark.size) for mark in scene.marks] == [
        (2 * day + 1, Feeling.JOY, 1) for day in range(10)
    ]
    assert scene.line == pytest.approx([0.8025] * 20)
    assert (scene.span, scene.size) == ("day", 10)
    assert [(band.start, band.end) for band in scene.bands] == [(2 * day, 2 * day + 2) for day in range(10)]


def test_a_scene_of_a_window_leaves_the_rest_out(tmp_path: Path) -> None:
    arc = made(tmp_path, 100)
    first = arc.whole.first
    scene = scene_of(arc, Window(first + 10, first + 19), 10, "week")
    assert scene.size == 10
    assert [mark.column for mark in scene.marks] == list(range(10))
    assert sum(n for band in scene.bands for n in band.feelings.values()) == 10
    for weekday in (0, 5, 6):
        starts = [band.first for band in scene_of(arc, arc.whole, 300, "week", weekday).bands]
        assert {day.weekday() for day in starts} == {weekday}, "as the settings say"
    beyond = scene_of(arc, Window(first + 500, first + 509), 10)
    assert (beyond.size, beyond.line, list(beyond.bands)) == (0, [None] * 10, [])


def test_many_memories_are_drawn_by_day(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "m.mnheme", fsync_policy="never") as db:
        start = datetime(2024, 1, 1, tzinfo=UTC)
        db.remember_many(
            {
                "concept": "Sea",
                "feeling": ["joy", "fear"][n % 2],
                "content": "x",
                "at": start + timedelta(minutes=7 * n),
            }
            for n in range(6000)
        )
        columns = db.columns()
        days = by_day(columns.times, columns.feelings, columns.names)
        arc = Arc("", columns, days, means_of(days), "", {}, {})
    scene = scene_of(arc, arc.whole, 60)
    assert scene.size == sum(mark.size for mark in scene.marks) == 6000
    assert len(scene.marks) == 60


class Waiting:
    """Somebody waits for it."""

    stale = False


def test_an_arc_that_goes_on_is_the_arc_read_whole(tmp_path: Path) -> None:
    start = datetime(2024, 1, 1, 12, tzinfo=UTC)
    with MemoryDB(tmp_path / "j.mnheme", fsync_policy="never") as db:
        arcs: dict[str, Arc | None] = {"": None, "Sea": None}
        steps = [
            *((day, "Sea", "joy") for day in range(40)),
            (40, "Debt", "fear"),
            (40, "Sea", "fear"),  # the day of the last
            (41, "Sea", "joy"),
            (41, "Sea", "sadness"),
            (3, "Sea", "anger"),  # between what is there
            (3, "Debt", "anger"),
            (90, "Debt", "joy"),
        ]
        for day, concept, feeling in steps:
            db.remember(concept, feeling, "x", at=start + timedelta(days=day))
            for name, before in arcs.items():
                arc = read_arc(db, name, "en", Waiting(), before)
                whole = read_arc(db, name, "en", Waiting())
                assert arc._replace(columns=()) == whole._replace(columns=())
                assert list(arc.transitions.items()) == list(whole.transitions.items())
                assert [list(column) for column in arc.columns] == [list(column) for column in whole.columns]
                arcs[name] = arc


def test_only_what_goes_on_is_counted_on(tmp_path: Path) -> None:
    path = tmp_path / "j.mnheme"
    with MemoryDB(path, fsync_policy="never") as db:
        for _ in range(3):
            db.remember("Sea", "joy", "x")
        arc = read_arc(db, "", "en", Waiting())
        wrong = arc._replace(transitions={("joy", "joy"): 1000})
        db.remember("Sea", "joy", "x")

        def counted(before: Arc) -> int:
            return read_arc(db, "", "en", Waiting(), before).transitions["joy", "joy"]

        assert counted(wrong) == 1001, "what was counted is not counted again"
        assert counted(wrong._replace(generation=arc.generation - 1)) == 3
        assert counted(wrong._replace(concept="Debt")) == 3
        db.remember("Sea", "joy", "x", at=datetime(2020, 1, 1, tzinfo=UTC))
        assert counted(wrong) == 4


# -- keys


async def test_the_arc_opens_on_the_latest_memory(driven, journal):
    async with driven(journal) as app:
        await app.press("2")
        pane = arc_of(app)
        assert pane.arc is not None
        assert pane.viewport.cursor == 276
        assert "277 memories" in pane.status
        assert "All memories · 2019-01-01 to 2024-12-31" in app.screen_text
        assert "The Bookshop" in app.screen_text


async def test_arrows_go_along_and_enter_lands_in_the_timeline(driven, journal):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        await app.press("home")
        assert pane.viewport.cursor == 0
        first = shown(app)
        await app.press("right")
        assert pane.viewport.cursor > 0
        await app.press("down", "up", "left", "left")
        assert shown(app) == first
        await app.press("end", "k")
        ref = pane.arc.columns.refs[275]
        assert pane.viewport.cursor == 275
        await app.press("enter")
        assert app.app.pane.id == "timeline"
        assert app.pane.memories.current_ref == ref
        await app.press("2")
        assert pane.viewport.cursor == 275


async def test_zoom_goes_closer_around_the_cursor_and_back(driven, journal):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        await app.press("home", *["right"] * 20)
        moment = pane.viewport.moment
        days = [pane.arc.whole.days]
        for _ in range(3):
            await app.press("plus")
            assert pane.viewport.window.first <= moment < pane.viewport.window.last + 1
            days.append(pane.viewport.window.days)
        assert days == sorted(days, reverse=True)
        assert pane.line.scene.window == pane.viewport.window
        before = pane.viewport.window
        await app.press("L")
        assert pane.viewport.window.first > before.first
        await app.press("H")
        assert pane.viewport.window == before
        await app.press("minus", "minus", "minus", "minus")
        assert pane.viewport.chosen is None
        await app.press(*["plus"] * 20)
        assert pane.viewport.window.days == 7
        await app.press("end")
        assert pane.viewport.window.last == pane.arc.whole.last
        await app.press("0")
        assert pane.viewport.chosen is None


async def test_views_take_turns_and_the_year_goes_by_days(driven, journal):
    async with driven(journal, size=(80, 24), pane="arc") as app:
        pane = arc_of(app)
        views = []
        for _ in range(4):
            await app.press("v")
            views.append(pane.view)
            assert pane.query_one(f"#arc-{pane.view}").has_focus
        assert views == ["stack", "year", "following", "line"]
        await app.press("v", "v")
        assert "2024 · 57 on 54 days" in app.screen_text
        day = int(pane.viewport.moment)
        await app.press("h")
        assert int(pane.viewport.moment) <= day - 7
        day = int(pane.viewport.moment)
        await app.press("down")
        assert int(pane.viewport.moment) > day


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
async def test_the_stack_alone_has_the_columns_and_the_dates_of_the_line(driven, journal, size):
    async with driven(journal, size=size, pane="arc") as app:
        pane = arc_of(app)
        dates = pane.line.draw(*pane.line.size)[-1]
        columns = pane.line.scene.columns
        await app.press("v")
        assert not pane.line.display
        assert pane.stack.scene.columns == columns == 2 * (size[0] - 6)
        assert "2022" in dates[0][0]
        assert pane.stack.draw(*pane.stack.size)[-1] == dates


async def test_one_day_is_named_once_and_shows_its_hours(driven, tmp_path):
    path = tmp_path / "day.mnheme"
    with MemoryDB(path) as db:
        for hour in (9, 15):
            db.remember("Sea", "joy", "x", at=datetime(2024, 5, 14, hour).astimezone())
    async with driven(path, size=(80, 24), pane="arc") as app:
        assert app.screen_text.count("2024-05-14") == 1
        assert "06:00    09:00" in app.screen_text


async def test_the_memory_is_told_on_one_narrow_line_too(driven, journal):
    async with driven(journal, size=(40, 12), pane="arc") as app:
        assert "31 Dec 2024 · ≈ serenity · The Book" in app.screen_text


async def test_one_memory_alone_is_no_wall(driven, tmp_path):
    path = tmp_path / "one.mnheme"
    with MemoryDB(path) as db:
        db.remember("Sea", "joy", "x")
    async with driven(path, size=(80, 24), pane="arc") as app:
        stack = arc_of(app).stack
        filled = [row for row in stack.draw(*stack.size)[1:] if "☼" in "".join(text for text, _ in row)]
        assert len(filled) == 2
        await app.press("c")
        assert "  Sea                1" in app.screen_text, "counts stand in a column"


async def test_the_period_can_be_chosen(driven, journal):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        spans = []
        for _ in range(5):
            await app.press("b")
            spans.append(pane.stack.scene.span)
        assert spans == ["day", "week", "month", "year", "month"]
        assert "by month" in app.screen_text


async def test_a_concepts_arc_is_chosen_and_told_in_words(driven, journal):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        await app.press("c", "down", "enter")
        assert pane.arc.concept == "Father"
        assert "Father · 2019-01-06 to 2024-11-24" in app.screen_text
        await app.press("R")
        assert "From 31 December 2022 it is lighter" in app.screen_text
        await app.press("escape")
        assert "it is lighter" not in app.screen_text
        await app.press("c", "escape")
        assert pane.arc.concept == "Father"


async def test_a_model_that_is_set_up_tells_the_arc_as_it_comes(driven, journal, monkeypatch):
    servers = Servers()
    try:
        server = servers.start()
        monkeypatch.setenv("NEARBY_URL", f"{server.origin}/v1")
        monkeypatch.setenv("NEARBY_MODEL", "m")
        hold = threading.Event()

        def slowly(request: Request) -> None:
            request.head()
            request.write(request.delta("A house of "))
            hold.wait(20)
            request.write(request.delta("\x1b[31mpianos."))
            request.write(request.end())

        server.script = [slowly]
        async with driven(journal, pane="arc") as app:
            await app.press("c", "down", "enter")
            await app.pilot.press("R")
            await app.until(lambda: "A house of" in app.screen_text)
            hold.set()
            await app.until(lambda: "pianos." in app.screen_text)
            await app.settle()
            assert "nearby" in app.screen_text.lower()
            assert "\x1b" not in app.screen_text
            assert "Father" in server.asked[0].prompt
            # Whoever closes the words stops the telling.
            hold.clear()
            server.script = [slowly]
            await app.pilot.press("R")
            await app.until(lambda: len(server.asked) == 2)
            await app.press("escape")
            assert not arc_of(app).has_class("-words")
    finally:
        servers.close()


async def test_a_model_tells_the_arc_of_all_memories_from_all_along_it(driven, journal, monkeypatch):
    servers = Servers()
    try:
        server = servers.start()
        monkeypatch.setenv("NEARBY_URL", f"{server.origin}/v1")
        monkeypatch.setenv("NEARBY_MODEL", "m")
        server.script = [says("Six years, from a garage to a bookshop.")]
        async with driven(journal, pane="arc") as app:
            await app.press("R")
            assert "from a garage to a bookshop" in app.screen_text
            prompt = server.asked[0].prompt
            assert "everything in the journal" in prompt
            assert all(str(year) in prompt for year in range(2019, 2025))
    finally:
        servers.close()


async def test_a_model_far_away_is_not_asked_unasked(driven, journal, monkeypatch):
    monkeypatch.setenv("FAR_URL", "https://far.invalid/v1")
    monkeypatch.setenv("FAR_MODEL", "m")
    monkeypatch.setenv("FAR_API_KEY", "k")
    async with driven(journal, pane="arc") as app:
        await app.press("c", "down", "enter", "R")
        assert "From 31 December 2022 it is lighter" in app.screen_text
        assert "far" in app.screen_text.lower()


async def test_the_picture_is_written(driven, journal, tmp_path):
    async with driven(journal, pane="arc") as app:
        await app.press("e")
        output = tmp_path / "new folder" / "arc.svg"
        app.app.screen.query_one(Input).value = str(output)
        await app.press("enter")
        assert str(output) in app.toasts
    root = ElementTree.fromstring(output.read_bytes())
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 277 + 15


async def test_a_picture_that_cannot_be_written_is_told(driven, journal, tmp_path):
    async with driven(journal, pane="arc") as app:
        (tmp_path / "file").write_text("x")
        await app.press("e")
        app.app.screen.query_one(Input).value = str(tmp_path / "file" / "arc.svg")
        await app.press("enter")
        assert any("cannot write" in toast for toast in app.toasts)


async def test_the_mouse_chooses_zooms_and_drags(driven, journal):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        await app.pilot.click("#arc-line", offset=(6, 1))
        await app.settle()
        assert pane.viewport.cursor < 10
        assert shown(app)
        assert pane.viewport.moment < pane.arc.whole.first + 60
        pane.line.post_message(pane.line.Zoomed(True, 0.5))
        await app.settle()
        assert pane.viewport.window.days < pane.arc.whole.days
        before = pane.viewport.window
        await app.pilot.mouse_down("#arc-line", offset=(60, 3))
        await app.pilot.hover("#arc-line", offset=(50, 3))
        await app.pilot.mouse_up("#arc-line", offset=(50, 3))
        await app.settle()
        assert pane.viewport.window.first > before.first
        await app.pilot.click("#arc-stack", offset=(30, 4))
        await app.pilot.click("#arc-year", offset=(20, 8))
        await app.settle()
        assert pane.shown is not None


async def test_what_comes_while_the_arc_is_read_is_read_once_more_at_most(driven, journal, monkeypatch):
    async with driven(journal, pane="arc") as app:
        await app.settle()
        pane = arc_of(app)
        await app.until(lambda: pane._resting is None)
        asked = []
        ask = pane.ask
        monkeypatch.setattr(pane, "ask", lambda concept: (asked.append(concept), ask(concept)))
        for _ in range(5):
            pane.on_journal_changed()
        assert asked == [""]
        await app.until(lambda: len(asked) == 2)
        await app.settle()
        await app.until(lambda: pane._resting is None)
        assert asked == ["", ""]
        monkeypatch.setattr("mnemo.tui.arc.pane._REST", 3600.0)
        pane.on_journal_changed()
        assert len(asked) == 3
        await app.settle()
        pane.on_journal_changed()
        assert len(asked) == 3, "what comes soon after what was drawn waits"
        pane.ask("")
        assert len(asked) == 4, "what is asked for does not"


async def test_what_is_added_is_drawn_and_the_cursor_follows_the_end(driven, journal):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        with MemoryDB(journal) as db:
            db.remember("Sea", "surprise", "A whale")
        await app.until(lambda: pane.arc is not None and len(pane.arc.columns.times) == 278)
        await app.until(lambda: pane.shown is not None and pane.shown.text == "A whale")
        assert pane.viewport.cursor == 277
        await app.press("home")
        with MemoryDB(journal) as db:
            db.remember("Sea", "joy", "Another")
        await app.until(lambda: len(pane.arc.columns.times) == 279)
        assert pane.viewport.cursor == 0


async def test_after_many_arrivals_the_canvas_is_that_of_an_arc_read_whole(driven, journal, monkeypatch):
    async with driven(journal, pane="arc") as app:
        pane = arc_of(app)
        await app.press("end", *["plus"] * 3)
        window = pane.viewport.window
        scenes = []
        request = pane.backend.request
        monkeypatch.setattr(
            pane.backend, "request", lambda *args: (scenes.append(args[1]), request(*args))[1]
        )
        last = datetime.fromtimestamp(pane.arc.columns.times[-1] / 1e6, UTC)
        with MemoryDB(journal) as db:
            for number in range(12):
                db.remember("Sea", list(Feeling)[number], "x", at=last + timedelta(hours=number))
        await app.until(lambda: pane.arc is not None and len(pane.arc.columns.times) == 289)
        await app.settle()
        assert "arc.read" in scenes
        assert "arc.scene" not in scenes, "what comes is drawn in one frame"
        with MemoryDB(journal) as db:
            whole = read_arc(db, "", "en", Waiting())
        assert pane.arc._replace(columns=(), generation=0) == whole._replace(columns=(), generation=0)
        assert pane.viewport.window == window
        assert pane.line.scene == pane.stack.scene == scene_of(whole, window, pane.line.dots(pane.size.width))
        await app.press("0")
        assert pane.line.scene == scene_of(whole, whole.whole, pane.line.dots(pane.size.width))
        assert pane.year.days == {day.day: day for day in whole.days}
        assert sum(pane.following.transitions.values()) == 288


async def test_one_memory_and_hostile_words(driven, tmp_path):
    path = tmp_path / "h.mnheme"
    with MemoryDB(path) as db:
        db.remember("[bold]C\x1b[31m\u202e", "fear", "\x1b[2J[/red] " + "w" * 10_000)
    async with driven(path, pane="arc") as app:
        await app.press(
            "R", "plus", "minus", "left", "right", "H", "L", "v", "v", "left", "up", "v", "v", "c"
        )
        assert "\x1b" not in app.screen_text
        assert "[bold]C" in app.screen_text
        await app.press("escape")
        assert arc_of(app).viewport.cursor == 0


async def test_an_empty_journal_says_what_the_pane_is_for_and_no_key_fails(driven, tmp_path):
    async with driven(tmp_path / "new.mnheme", pane="arc") as app:
        assert "No memories yet" in app.screen_text
        assert arc_of(app).query_one("#arc-empty").has_focus
        await app.press("enter", "plus", "minus", "v", "R", "e", "left", "down", "home", "end", "L", "0", "b")
        with MemoryDB(tmp_path / "new.mnheme") as db:
            db.remember("Sea", "joy", "A whale")
        await app.until(lambda: "A whale" in app.screen_text and arc_of(app).line.has_focus)


async def test_a_failure_is_told_and_tried_again(driven, journal):
    broken = [True]

    def open_journal() -> MemoryDB:
        if broken:
            raise JournalError("cannot open it")
        return MemoryDB(journal)

    async with driven(journal, pane="arc", first=False, opener=open_journal) as app:
        assert "cannot open it" in app.screen_text
        await app.press("f5")
        assert "cannot open it" in app.screen_text
        broken.clear()
        await app.press("f5")
        assert arc_of(app).arc is not None
        assert "277" in app.screen_text


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14"])
async def test_the_first_and_the_last_moment_there_are(driven, tmp_path, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    path = tmp_path / "ends.mnheme"
    with MemoryDB(path) as db:
        db.remember("Sea", "joy", "first", at=datetime.min.replace(tzinfo=UTC))
        db.remember("Sea", "fear", "last", at=datetime.max.replace(tzinfo=UTC))
    async with driven(path, pane="arc", first=False) as app:
        await app.press("home", "plus", "v", "v", "left", "up", "end", "right", "v", "v", *["b"] * 5, "R")
        assert shown(app) == "last"


# -- pictures


@pytest.mark.parametrize("size", SIZES, ids=sized)
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_full(driven, journal, looks_as_before, size, theme):
    async with driven(journal, size=size, theme=theme, pane="arc") as app:
        await looks_as_before(app)


@pytest.mark.parametrize("size", SIZES, ids=sized)
async def test_empty(driven, tmp_path, looks_as_before, size):
    async with driven(tmp_path / "new.mnheme", size=size, pane="arc") as app:
        await looks_as_before(app)


@pytest.mark.parametrize(
    ("size", "presses"), [((80, 24), 1), ((80, 24), 2), ((80, 24), 3), ((40, 12), 2)], ids=str
)
async def test_views(driven, journal, looks_as_before, size, presses):
    async with driven(journal, size=size, pane="arc") as app:
        await app.press(*["v"] * presses)
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=sized)
async def test_reflected(driven, journal, looks_as_before, size):
    async with driven(journal, size=size, pane="arc") as app:
        await app.press("c", "down", "enter", "R")
        await looks_as_before(app)


async def test_zoomed_in_without_colour(driven, journal, looks_as_before):
    async with driven(journal, size=(120, 40), theme="mono", pane="arc") as app:
        await app.press("plus", "plus", "plus", "left", "left")
        await looks_as_before(app)


async def test_ascii(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24), theme="mono", ascii_only=True, pane="arc") as app:
        await looks_as_before(app)


async def test_error(driven, tmp_path, looks_as_before):
    def fail() -> MemoryDB:
        raise JournalError("cannot open /home/nora/journal.mnheme: it is a folder, not a journal")

    async with driven(tmp_path / "j.mnheme", size=(80, 24), opener=fail, pane="arc") as app:
        await looks_as_before(app)


async def test_n_writes_the_first_memory_from_an_empty_arc(driven, tmp_path):
    async with driven(tmp_path / "new.mnheme", pane="arc") as app:
        await app.press("n")
        assert type(app.app.screen).__name__ == "Composer"
        assert app.app.pane.id == "timeline"
