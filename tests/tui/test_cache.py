"""The Cache pane over a real index and its usage.db: live, replayed, warmed, cleared, and how it looks."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import OrderedDict
from contextlib import closing
from pathlib import Path

import pytest
from mnemo.retrieval.daemon.client import call
from mnemo.retrieval.daemon.control import start, status, stop
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage.cache import ArcCache, ArcState, CacheEvent
from mnemo.tui.cache.model import Workload, happened
from mnemo.tui.cache.pane import CachePane
from mnemo.tui.cache.policies import Lfu, Lru
from mnemo.tui.cache.replay import POLICIES, Replay
from mnemo.tui.cache.workloads import SYNTHETIC, synthetic
from mnemo.tui.dialogs.choice import Choice

FILES = {
    "shop/cart.py": "".join(
        f'def {name}(cart):\n    """{name.replace("_", " ")} of the cart."""\n    return cart.{name}\n\n\n'
        for name in ("add_line", "drop_line", "total_price", "discount")
    ),
    "shop/mail.py": 'def send_receipt(order):\n    """Mail the receipt."""\n    return order.mail\n',
}


@pytest.fixture(scope="session")
def asked_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an index, of which some things were asked; made once."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "shop").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
    ask(folder, "total price", "send receipt")
    return folder


@pytest.fixture
def project(asked_shop: Path, tmp_path: Path) -> Path:
    """A copy of the project for each test."""
    return Path(shutil.copytree(asked_shop, tmp_path / "shop"))


def ask(folder: Path, *questions: str) -> None:
    """Ask as another process would."""
    with RetrievalEngine.open(folder) as engine:
        for question in questions:
            engine.query(question, refresh=False)


def shared(folder: Path) -> ArcState[str]:
    with RetrievalEngine.open(folder) as engine:
        return engine.cache_state()


def cache(app) -> CachePane:
    return app.app.screen_stack[0].query_one(CachePane)


# -- what is computed -----------------------------------------------------------------------------


def test_what_happened_is_told_by_two_states():
    before = ArcState(("a", "b"), ("c", "d"), ("e",), ("f",), 1.0, 10, 10, 0)
    after = ArcState(("n",), ("d", "c", "b", "e"), ("a",), ("f",), 2.0, 12, 12, 1)
    told = [(event.kind, event.key, event.tier) for event in happened(before, after)]
    assert told == [
        ("hit", "c", "T2"),
        ("hit", "b", "T1"),
        ("promotion", "b", "T2"),
        ("ghost hit", "e", "B1"),
        ("promotion", "e", "T2"),
        ("miss", "n", "T1"),
        ("eviction", "a", "T1"),
    ]
    assert happened(after, after) == []
    assert happened(after, ArcState()) == [], "begun anew"


def test_one_request_is_told_as_the_cache_tells_it():
    random_ = random.Random(7)
    arc: ArcCache[str, None] = ArcCache(8)
    events: list[CacheEvent] = []
    arc.subscribe(events.append)
    for _ in range(3000):
        before = arc.state
        events.clear()
        arc.touch(f"{int(random_.paretovariate(0.6)) % 40}")
        seen = sorted(happened(before, arc.state))
        expected = sorted(events)
        if before.t2 == arc.state.t2 and seen == [] and events[0].kind == "hit":
            continue  # the last key of T2 once more leaves no trace
        dropped = [event for event in expected if event not in seen]
        assert [event for event in seen if event not in expected] == []
        # What falls out of T1 with a full T1 becomes no ghost.
        assert all(event.kind == "eviction" and event.key not in arc.state.b1 for event in dropped)


def test_lru_and_lfu_do_what_their_names_say():
    random_ = random.Random(3)
    requests = [f"{int(random_.paretovariate(0.7)) % 60}" for _ in range(4000)]
    lru, lfu = Lru(10), Lfu(10)
    recent: OrderedDict[str, None] = OrderedDict()
    counts: dict[str, tuple[int, int]] = {}
    for moment, key in enumerate(requests):
        assert lru.touch(key) == (key in recent)
        recent.pop(key, None)
        recent[key] = None
        if len(recent) > 10:
            recent.popitem(last=False)
        assert lfu.touch(key) == (key in counts)
        if key not in counts and len(counts) == 10:
            del counts[min(counts, key=lambda each: counts[each])]
        counts[key] = (counts.get(key, (0, 0))[0] + 1, moment)


def test_a_replay_counts_every_request_once():
    workload = Workload("w", "", list("abcabdabe" * 50), {}, 3)
    replay = Replay(workload, 3)
    for step in (1, 7, 200, 10_000):
        replay.advance(step)
    assert replay.done
    assert replay.place == 450
    for name in POLICIES:
        assert 0 < replay.rate(name) < 1
        assert all(0 <= rate <= 1 for rate in replay.rates(name))
    state = replay.cache.state
    assert (state.hits + state.misses, state.hit_rate) == (450, replay.rate("ARC"))
    assert replay.events[-1].p == state.p


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_workloads_are_the_same_each_time_and_tell_policies_apart(name):
    workload = synthetic(name)
    assert workload.requests == synthetic(name).requests
    assert set(workload.requests) == workload.places.keys()
    replay = Replay(workload, workload.capacity)
    replay.advance(len(workload.requests))
    rates = {policy: replay.rate(policy) for policy in POLICIES}
    assert rates["ARC"] > max(rates.values()) - 0.03, "ARC follows the better one, whichever that is"
    weak = {"mixed": "LFU", "scans": "LRU", "shifts": "LFU", "steady": "LRU"}[name]
    assert rates[weak] < rates["ARC"] - 0.05


# -- live -----------------------------------------------------------------------------------------


async def test_tiers_and_their_keys_are_shown_by_name(driven, journal, project):
    async with driven(journal, project=project) as app:
        await app.press("4")
        pane = cache(app)
        assert pane.live.look.state == shared(project)
        names = pane.board.keys.names
        assert "shop/mail.py:send_receipt" in names["T1"] + names["T2"]
        assert "shop/mail.py:send_receipt" in app.screen_text
        assert "T1 asked once" in app.screen_text
        assert "500 entries at most" in app.screen_text
        assert pane.status.endswith("held")


async def test_what_another_process_asks_appears_by_itself(driven, journal, project, monkeypatch):
    monkeypatch.setattr("mnemo.tui.cache.pane._EVERY", 0.02)
    async with driven(journal, project=project) as app:
        await app.pilot.press("4")
        await app.until(lambda: isinstance(app.app.pane, CachePane) and app.app.pane.live.look)
        pane = cache(app)
        before = pane.live.look.state
        ask(project, "total price")
        await app.until(lambda: pane.live.look.state != before)
        assert pane.live.look.state == shared(project)
        assert {event.kind for event in pane.live.events} >= {"hit", "promotion"}
        assert len(pane.live.rates) == 1
        assert pane.live.rates[0] > 0
        assert "promotion" in app.screen_text
        # It looks no more while another pane is shown.
        await app.pilot.press("1")
        await app.settle()
        seen = pane.live.look
        ask(project, "discount")
        await app.settle()
        assert pane.live.look is seen
        await app.pilot.press("4")
        await app.until(lambda: pane.live.look.state == shared(project))


async def test_what_the_daemon_does_is_heard_at_once(driven, journal, project, monkeypatch):
    monkeypatch.setattr("mnemo.tui.cache.pane._EVERY", 3600.0)  # so that nothing is seen by looking
    start(project, idle=60.0)
    try:
        async with driven(journal, project=project) as app:
            await app.pilot.press("4")
            await app.until(lambda: "cache" in app.app.panes and (status(project) or {}).get("subscribers"))
            pane = cache(app)
            before = shared(project)
            call(project, "query", {"text": "total price", "output": "plain"})
            await app.until(lambda: pane.live.events)
            assert not pane.live.rates
            await app.until(lambda: shared(project) != before)
            told = {event.key for event in pane.live.events}
            count = len(pane.live.events)
            await app.pilot.press("f5")
            await app.until(lambda: pane.live.rates)
            seen = [event.key for event in list(pane.live.events)[count:]]
            assert not told & set(seen), "told once, though heard and seen"
            await app.pilot.press("1")
            await app.until(lambda: status(project)["subscribers"] == 0)
    finally:
        stop(project)


async def test_warming_takes_in_what_was_delivered(driven, journal, project):
    with RetrievalEngine.open(project) as engine:
        engine.cache_clear()
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        assert pane.live.look.state == ArcState()
        assert "No queries yet" in app.screen_text
        await app.press("w")
        held = len(pane.live.look.state.t1)
        assert held > 0
        assert app.toasts == [f"{held} chunks taken in"]
        assert shared(project) == pane.live.look.state


@pytest.mark.parametrize("key", ["c", "x"])
async def test_clearing_asks_first(driven, journal, project, key):
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        before = pane.live.look.state
        await app.press(key)
        assert isinstance(app.app.screen, Choice)
        await app.press("enter")
        assert shared(project) == before
        await app.press(key, "down", "enter")
        assert shared(project) == ArcState() == pane.live.look.state
        assert not pane.live.events


async def test_the_source_can_be_this_apps_engine(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await app.type("receipt")
        await app.press("escape", "4")
        pane = cache(app)
        all_of_them = pane.live.look.state
        await app.press("s")
        assert pane.live.own
        assert pane.live.look.state != all_of_them
        assert pane.live.look.state.misses > 0
        assert "This app's cache" in app.screen_text
        await app.press("c", "w")
        assert app.app.screen is app.app.screen_stack[0], "only the shared one is warmed and cleared"
        assert not app.toasts
        await app.press("s")
        assert pane.live.look.state == all_of_them


async def test_the_cursor_goes_along_the_keys(driven, journal, project):
    async with driven(journal, project=project, pane="cache") as app:
        keys = cache(app).board.keys
        first = keys.current
        assert first is not None
        await app.press("j")
        second = keys.current
        assert second != first
        await app.press("k")
        assert keys.current == first
        await app.press("end")
        last = keys.cursor
        await app.press("down", "pagedown")
        assert keys.cursor == last
        await app.press("g")
        assert keys.current == first
        await app.press("t", "t")
        assert keys.current is not None


async def test_enter_opens_the_editor_where_the_key_is(driven, journal, project, monkeypatch):
    opened = []
    monkeypatch.setattr("mnemo.tui.cache.pane.open_at", lambda *given: opened.append(given[1:3]))
    async with driven(journal, project=project, pane="cache") as app:
        keys = cache(app).board.keys
        names = [name for tier in keys.names.values() for name in tier]
        at = names.index("shop/mail.py:send_receipt")
        await app.press("g", *["down"] * at, "enter")
        assert opened == [(project / "shop/mail.py", 1)]


async def test_a_key_that_is_not_indexed_any_more_keeps_its_id(driven, journal, project):
    (project / "shop" / "mail.py").unlink()
    with RetrievalEngine.open(project) as engine:
        engine.ingest()
    async with driven(journal, project=project, pane="cache") as app:
        assert "(no longer indexed)" in app.screen_text


# -- replay ---------------------------------------------------------------------------------------


async def test_what_queries_delivered_is_replayed(driven, journal, project):
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        await app.press("r")
        with closing(sqlite3.connect(project / ".mnemosyne" / "usage.db")) as connection, connection:
            rows = connection.execute("SELECT chunk FROM retrieved ORDER BY query, place").fetchall()
        connection.close()
        assert list(pane.replay.workload.requests) == [f"{chunk:012x}" for (chunk,) in rows]
        assert "recorded" in app.screen_text
        await app.press("n")
        assert pane.replay.place == 1
        assert [event.kind for event in pane.replay.events] == ["miss"]
        await app.press("N")
        assert pane.replay.done
        await app.press("escape")
        assert pane.replay is None
        assert pane.board.tiers.state == pane.live.look.state


async def test_a_replay_is_played_stepped_and_begun_again(driven, journal, project):
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        await app.press("r", "o")
        assert pane.replay.workload.name == "mixed"
        assert pane.replay.capacity == 100
        await app.press("full_stop", "N")
        assert pane.replay.place == 101
        assert pane.board.tiers.state == pane.replay.cache.state
        await app.press("right_square_bracket")
        assert (pane.replay.capacity, pane.replay.place) == (200, 0)
        await app.press("left_square_bracket", "left_square_bracket")
        assert pane.replay.capacity == 50
        await app.press(*["plus"] * 9)
        assert pane.player.speed == 10_000
        await app.pilot.press("space")
        await app.until(lambda: pane.player.playing and pane.replay.place > 1000)
        await app.press("space")
        assert not pane.player.playing
        at = pane.replay.place
        await app.settle()
        assert pane.replay.place == at
        await app.pilot.press("space")
        await app.until(lambda: pane.replay.done)
        await app.settle()
        assert not pane.player.playing
        rates = [pane.replay.rate(name) for name in POLICIES]
        assert f"{rates[0]:.1%}" in app.screen_text
        assert f"{rates[2]:.1%}" in app.screen_text
        await app.press("0")
        assert pane.replay.place == 0
        await app.press(*["minus"] * 9)
        assert pane.player.speed == 1
        await app.press("r")
        assert pane.replay is None


async def test_nothing_is_played_behind_another_pane(driven, journal, project):
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        await app.press("r", "o", "plus", "plus")
        await app.pilot.press("space")
        await app.until(lambda: pane.replay.place)
        await app.press("1")
        at = pane.replay.place
        await app.settle()
        assert pane.replay.place == at
        await app.pilot.press("4")
        await app.until(lambda: pane.replay.place > at)


async def test_every_workload_has_its_turn(driven, journal, project):
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        await app.press("r")
        names = []
        for _ in range(len(SYNTHETIC) + 1):
            names.append(pane.replay.workload.name)
            await app.press("o")
        assert names == ["recorded", *SYNTHETIC]
        assert pane.replay.workload.name == "recorded"
        assert [name for name, _, _ in pane.palette_entries()] == [f"Replay {name}" for name in names]


# -- nothing there, and trouble -------------------------------------------------------------------


async def test_without_an_index_one_key_makes_it(driven, journal, tmp_path):
    folder = tmp_path / "new"
    (folder / "shop").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    async with driven(journal, project=folder, pane="cache") as app:
        pane = cache(app)
        await app.until(lambda: "Nothing is indexed yet" in app.screen_text)
        assert str(folder) in app.screen_text
        await app.press("r")
        assert pane.replay.workload.name == "mixed"
        await app.press("escape")
        assert "Nothing is indexed yet" in app.screen_text
        await app.press("i")
        assert app.toasts == ["2 files indexed"]
        assert "No queries yet" in app.screen_text
        assert pane.board.keys.has_focus


async def test_a_damaged_index_is_told_and_retried(driven, journal, project):
    index = project / ".mnemosyne" / "mnemosyne.db"
    good = index.read_bytes()
    index.write_bytes(b"no database at all, " * 500)
    async with driven(journal, project=project, pane="cache") as app:
        assert "try again" in app.screen_text
        index.write_bytes(good)
        await app.press("R")
        assert "shop/mail.py:send_receipt" in app.screen_text
        assert "try again" not in app.screen_text


async def test_names_from_files_are_inert(driven, journal, tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "a\x1b[31mred\u202e[bold].py").write_text("def evil():\n    return 'evil thing'\n")
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
    ask(folder, "evil thing")
    async with driven(journal, project=folder, pane="cache", size=(120, 40)) as app:
        assert "␛[31mred[bold].py" in app.screen_text
        assert not set("\x1b\u202e") & set(app.screen_text)


async def test_every_binding_has_an_id_and_a_tooltip(driven, journal, project):
    async with driven(journal, project=project, pane="cache") as app:
        pane = cache(app)
        for widget in (pane, pane.board.keys):
            for binding in type(widget).BINDINGS:
                assert binding.id
                assert binding.tooltip
        await app.press("question_mark")
        assert "Empty it, after asking" in app.screen_text


# -- pictures -------------------------------------------------------------------------------------

SIZES = [((40, 12), "dark"), ((80, 24), "dark"), ((120, 40), "dark"), ((200, 60), "dark"),
         ((120, 40), "light"), ((80, 24), "mono")]  # fmt: skip


@pytest.mark.parametrize(("size", "theme"), SIZES, ids=str)
async def test_replayed(driven, journal, project, looks_as_before, size, theme):
    async with driven(journal, project=project, pane="cache", size=size, theme=theme) as app:
        cache(app).play("mixed")
        await app.settle()
        cache(app).action_step(7_950)
        await looks_as_before(app)


@pytest.mark.parametrize(("size", "theme"), SIZES[:3], ids=str)
async def test_live(driven, journal, project, looks_as_before, size, theme):
    async with driven(journal, project=project, pane="cache", size=size, theme=theme) as app:
        ask(project, "total price", "discount")
        await app.press("f5")
        ask(project, "drop line")
        await app.press("f5")
        await looks_as_before(app)


@pytest.mark.parametrize("presses", [1, 2, 3])
async def test_views_of_a_small_terminal(driven, journal, project, looks_as_before, presses):
    async with driven(journal, project=project, pane="cache", size=(40, 12)) as app:
        cache(app).play("scans")
        await app.settle()
        cache(app).action_step(5_000)
        await app.press(*["v"] * presses)
        assert cache(app).board.keys.has_focus == (presses == 3)
        await looks_as_before(app)


async def test_ascii(driven, journal, project, looks_as_before):
    async with driven(
        journal, project=project, pane="cache", size=(80, 24), theme="mono", ascii_only=True
    ) as app:
        cache(app).play("shifts")
        await app.settle()
        cache(app).action_step(9_000)
        await looks_as_before(app)


async def test_empty(driven, journal, project, looks_as_before):
    with RetrievalEngine.open(project) as engine:
        engine.cache_clear()
    async with driven(journal, project=project, pane="cache", size=(80, 24)) as app:
        await looks_as_before(app)
