"""Explore over a real index: asking, the knobs, taking along, the index, and how it looks."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Iterator
from contextvars import Context
from pathlib import Path
from types import SimpleNamespace

import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.evidence import Evidence
from mnemo.retrieval.tokens import count_tokens
from mnemo.tui.dialogs.choice import Choice
from mnemo.tui.dialogs.prompt import Prompt
from mnemo.tui.editor import at_line
from mnemo.tui.explore.model import FORMATS, Asked
from mnemo.tui.explore.question import QuestionLine
from mnemo.tui.explore.results import bars
from mnemo.tui.timeline.list import MemoryList
from textual.events import Key
from textual.widgets import Input

FILES = {
    "shop/cart.py": '''"""The cart: what a customer means to buy."""

DISCOUNT_FROM = 100


class Cart:
    """Keeps lines and adds them up."""

    def __init__(self, customer):
        self.customer = customer
        self.lines = []

    def add_line(self, product, count=1):
        """Add a product to the cart, or more of one that is there."""
        for line in self.lines:
            if line.product == product:
                line.count += count
                return line
        self.lines.append(Line(product, count))
        return self.lines[-1]

    def total_price(self, discount=0):
        """The price of all lines, less the discount in percent."""
        total = sum(line.product.price * line.count for line in self.lines)
        if total >= DISCOUNT_FROM:
            total -= total * discount / 100
        return round(total, 2)
''',
    "shop/checkout.py": '''"""Checkout: from a cart to an order that is paid."""

from shop.cart import Cart


def check_out(cart: Cart, payment):
    """Take the payment for a cart and make it an order; an empty cart is refused."""
    if not cart.lines:
        raise ValueError("the cart is empty")
    receipt = payment.charge(cart.total_price(cart.customer.discount))
    return {"receipt": receipt, "lines": list(cart.lines)}


def refund_order(order, payment):
    """Give the money of an order back."""
    return payment.refund(order["receipt"])
''',
    "shop/mail.py": '''"""Mail that the shop sends."""


def send_receipt(customer, order):
    """Mail the receipt of an order to its customer."""
    return f"To {customer.mail}: your order {order['receipt']}"
''',
    "README.md": "# Shop\n\nA small shop: cart, checkout, mail.\n\n## Refunds\n\nAn order can be refunded.\n",
}


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an index, made once."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
    return folder


@pytest.fixture
def project(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the project, index and all, for each test."""
    return Path(shutil.copytree(indexed, tmp_path / "shop"))


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stages that take no time, for pictures that are always the same."""
    monkeypatch.setattr("mnemo.retrieval.trace.time", SimpleNamespace(perf_counter=lambda: 0.0))
    return


def names(app) -> list[str]:
    return [hit.name for hit in app.explore.result.hits]


async def ask(app, text: str) -> None:
    await app.type(text)
    assert app.explore.result.asked.text == text


async def test_the_answer_comes_while_typing_and_records_nothing(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        assert isinstance(app.app.focused, QuestionLine)
        assert "4 files" in app.screen_text
        await ask(app, "refund order")
        assert names(app)[0] == "refund_order"
        assert "Give the money of an order back" in app.screen_text, "the preview"
        assert "shop/checkout.py:" in app.screen_text
        await app.press("down", "down")
        assert app.explore.results.cursor == 1
        assert app.explore.reader.preview.id == app.explore.result.hits[1].id
        assert {step.name for step in app.explore.result.steps} >= {"gather", "fusion", "budget"}
        await app.press("slash")
        assert isinstance(app.app.focused, QuestionLine)
    assert not (project / ".mnemosyne" / "usage.db").exists()


async def test_only_the_last_question_is_answered(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        for text in ("cart", "checkout", "mail", "send receipt"):
            app.explore.question.value = text
        await app.settle()
        assert app.explore.result.asked.text == "send receipt"
        assert names(app)[0] == "send_receipt"


async def test_what_is_pinned_and_left_out_keeps_no_answer_but_its_own_piece(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        for question in ("cart", "receipt", "refund", "discount"):
            await app.press("slash", "end", "ctrl+u", *question, "enter", "down", "space", "down", "x")
        assert app.explore.asked.pinned
        assert app.explore.asked.excluded
        await app.press("slash", "end", "ctrl+u", *"order")
        gc.collect()
        assert sum(type(each) is Evidence for each in gc.get_objects()) <= 1, "that of the answer shown"
        kept = app.explore.asked.excluded[0]
        assert kept.scores["final"] > 0
        assert kept.source.as_dict()["scores"] == dict(kept.scores)


async def test_pinned_stays_and_excluded_goes_whatever_is_asked(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "refund order")
        await app.press("down", "space")
        await app.press("slash", *["backspace"] * len("refund order"))
        await ask(app, "cart total price")
        assert names(app)[0] == "refund_order"
        assert "◆ refund_order" in app.screen_text
        assert "1 pinned" in app.screen_text
        await app.press("down", "down")
        out = app.explore.results.current.name
        await app.press("x")
        assert out not in names(app)
        assert app.explore.results.current.name != out, "the next takes its place"
        assert "Excluded" in app.screen_text
        await app.press("end")
        assert app.explore.results.current.name == out
        await app.press("x")
        assert out in names(app), "and comes back"
        await app.press("home", "space")
        assert not app.explore.asked.pinned


async def test_the_budget_holds_with_pins_and_what_does_not_fit_is_told(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cart order receipt")
        everything = len(app.explore.result.hits)
        await app.press("down", "b")
        assert isinstance(app.app.screen, Prompt)
        app.app.screen.query_one(Input).value = "soon"
        await app.press("enter")
        assert "write a number" in app.screen_text
        app.app.screen.query_one(Input).value = "0.2k"
        await app.press("enter")
        assert isinstance(app.app.screen, Prompt)
        app.app.screen.query_one(Input).value = "300"
        await app.press("enter")
        result = app.explore.result
        assert 0 < len(result.hits) < everything
        assert result.used <= 300
        assert result.missed
        assert "Did not fit" in app.screen_text
        last = result.missed[-1]
        await app.press("end")
        assert f"it costs {last.cost:,} tokens" in app.screen_text
        await app.press("home", "down", "space")
        assert app.explore.result.used <= 300
        await app.press("plus")
        assert app.explore.asked.budget == 800
        await app.press("minus", "minus")
        assert app.explore.asked.budget == 100, "the least"


async def test_knobs_turn_by_key_and_rank_anew(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cart")
        before = [hit.scores["final"] for hit in app.explore.result.hits]
        await app.press("tab", "down", "space")
        assert app.explore.asked.scales == (("bm25", 0.0),)
        assert "off" in app.screen_text
        assert [hit.scores["final"] for hit in app.explore.result.hits] != before
        await app.press("down", "right", "right", "left", "up", "space", "left")
        assert app.explore.asked.scales == (("bm25", 0.9), ("symbol", 1.1)), "vector weighs nothing here"
        await app.press("backspace")
        assert app.explore.asked.scales == ()
        assert [hit.scores["final"] for hit in app.explore.result.hits] == before
        await app.press("up", "right")
        assert app.explore.asked.budget == 8500
        await app.press("tab")
        assert app.app.focused is app.explore.results


async def test_a_signal_without_weight_has_no_knob_and_says_so(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cart")
        tuning = app.explore.tuning
        await app.press("tab")
        assert "vector    no weight here" in app.screen_text
        row = next(place for place, line in enumerate(tuning._lines) if line.name == "vector")
        await app.pilot.mouse_down(tuning, offset=(11, row))
        await app.pilot.mouse_up(tuning, offset=(11, row))
        await app.settle()
        assert app.explore.asked.scales == ()
        (project / ".mnemosyne" / "config.toml").write_text('[retrieval]\nfusion = "rrf"\n')
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cart")
        await app.press("tab")
        lines = app.screen_text.splitlines()
        assert [line.split()[0] for line in lines if "no weight here" in line] == ["path", "graph"]


async def test_knobs_are_dragged(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cart")
        tuning = app.explore.tuning
        await app.pilot.mouse_down(tuning, offset=(1, 1))
        await app.pilot.hover(tuning, offset=(12, 1))
        await app.pilot.mouse_up(tuning, offset=(12, 1))
        await app.settle()
        middle = app.explore.asked.budget
        assert 1000 < middle < 10_000
        row = next(place for place, line in enumerate(tuning._lines) if line.name == "symbol")
        await app.pilot.mouse_down(tuning, offset=(11, row))
        await app.pilot.mouse_up(tuning, offset=(11, row))
        await app.settle()
        assert app.explore.asked.weight("symbol") == 0.0
        assert app.explore.result.asked == app.explore.asked


async def test_copying_teaches_and_stays_within_the_budget(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "refund order")
        await app.press("down", "m", "y")
        assert app.app.clipboard.startswith("# refund order")
        assert count_tokens(app.app.clipboard) <= app.explore.asked.budget
        assert "refund_order" in app.app.clipboard
        await app.press("u")
        assert app.toasts[-1] == "Noted: it was of use"
    with RetrievalEngine.open(project) as engine:
        learned = engine.analytics()
        assert learned.queries >= 1


async def test_every_format_is_written(driven, journal, project, tmp_path):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "checkout")
        await app.press("down")
        for name in FORMATS:
            assert app.explore.asked.output == name
            await app.press("w")
            app.app.screen.query_one(Input).value = str(tmp_path / name)
            await app.press("enter")
            await app.press("m")
        assert json.loads((tmp_path / "json").read_text())[0]["file_path"].startswith("shop/")
        assert (tmp_path / "xml").read_text().startswith("<context")
        await app.press("w")
        app.app.screen.query_one(Input).value = str(tmp_path / "no" / "such")
        await app.press("enter")
        assert "there is no folder" in app.screen_text


async def test_a_question_comes_back_with_its_pins(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await app.press("up")
        assert "kept here" in app.toasts[-1]
        await ask(app, "refund order")
        await app.press("down", "space", "slash", *["backspace"] * len("refund order"))
        await ask(app, "mail")
        await app.press("down", "home", "space", "H")
        assert isinstance(app.app.screen, Choice)
        await app.press("down", "enter")
        assert app.explore.question.value == "refund order"
        assert app.explore.result.asked.text == "refund order"
        assert [hit.name for hit in app.explore.asked.pinned] == ["refund_order"]
        await app.press("y")
        copied = app.app.clipboard
    kept = project / ".mnemosyne" / "explorer.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    async with driven(journal, project=project, pane="explore") as app:
        await app.press("up", "enter")
        assert app.explore.asked.text == "refund order"
        assert [hit.name for hit in app.explore.asked.pinned] == ["refund_order"], "after a restart, too"
        await app.press("down", "y")
        assert app.app.clipboard == copied
    kept.write_text(kept.read_text().replace('"pinned": [{', '"pinned": [{"odd": 1, ', 1))
    async with driven(journal, project=project, pane="explore") as app:
        assert [asked.text for asked in app.explore.past] == ["mail"], "a faulty one is left out"


async def test_the_journal_answers_too_and_enter_lands_on_a_memory(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "the fig tree")
        await app.press("escape", "c")
        assert app.explore.result.kind == "journal"
        wanted = app.explore.result.hits[0]
        await app.press("home", "enter")
        assert app.app.pane is app.pane
        assert app.pane.current.memory_id == wanted.id
        assert isinstance(app.app.focused, MemoryList)
        await app.press("3")
        assert app.app.pane is app.explore
        assert app.app.focused is app.explore.results, "back where the keys were"
        await app.press("ctrl+pagedown")
        assert app.app.pane.id == "cache"
        await app.press("ctrl+pageup")
        assert app.app.pane is app.explore


async def test_keys_typed_ahead_act_on_the_answer_to_what_was_typed(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "mail")
        await app.press(*["backspace"] * 4)

        async def at_once(*keys: str) -> None:
            for key in keys:
                app.app.post_message(Context().run(Key, key, " " if key == "space" else None))
            await app.until(lambda: app.explore.question.value)
            await app.settle()

        await at_once(*"refund", "space", *"order", "down", "down", "space", "up")
        assert app.explore.asked.text == "refund order"
        assert app.explore.asked.pinned == (app.explore.result.hits[0],)
        assert app.app.focused is app.explore.results
        await app.press("home", "space", "slash", *["backspace"] * 12)
        await at_once(*"zzyzx", "enter", "x")
        assert app.explore.asked.text == "zzyzx"
        assert not app.explore.asked.excluded, "there was nothing to leave out"
        assert app.app.focused is app.explore.question, "so that another question can be asked"


async def test_questions_to_the_journal_are_kept_with_their_pins_and_copied_as_json(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await app.press("escape", "c", "slash")
        await ask(app, "garden")
        await app.press("down", "down", "space", "m", "m", "m", "y")
        copied = json.loads(app.app.clipboard)
        pinned = app.explore.asked.pinned[0].id
        assert copied[0]["memory"]["memory_id"] == pinned
        assert set(copied[0]) >= {"memory", "chunk", "scores", "ranks", "is_delta"}
    kept = journal.with_name("journal_drafts") / "questions.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    (entry,) = json.loads(kept.read_text())
    assert entry["pinned"] == [pinned], "an id, nothing of the memory"
    entry["pinned"].append("no such memory")
    kept.write_text(json.dumps([entry]))
    async with driven(journal, project=project, pane="explore") as app:
        await app.press("up")
        assert "journal" in app.screen_text
        await app.press("enter")
        assert app.explore.result.kind == "journal"
        assert [hit.id for hit in app.explore.asked.pinned] == [pinned]
        assert app.explore.result.hits[0].id == pinned


async def test_every_stage_says_why(driven, journal, project):
    async with driven(journal, project=project, pane="explore", size=(120, 50)) as app:
        await ask(app, "refund order")
        steps = app.explore.result.steps
        assert all(step.why for step in steps)
        for step in steps:
            assert " ".join(step.why.split()[:2]) in app.screen_text
        await app.press("tab", "end")
        assert app.explore.tuning.cursor > 0


async def test_preview_shows_what_compressing_takes_away(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cart")
        await app.press("down", "down", "down", "v")
        assert app.explore.reader.preview.mode == "compressed"
        await app.press("v")
        assert app.explore.reader.preview.mode == "difference"
        shown = app.explore.results.current
        assert f" {shown.tokens} tokens, compressed " in app.screen_text
        await app.press("v", "right", "j", "escape")
        assert app.explore.reader.preview.mode == "original"
        assert app.app.focused is app.explore.results


async def test_what_compressing_makes_no_smaller_is_shown_as_it_is(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "send receipt")
        await app.press("down")
        shown = app.explore.reader.preview
        for _ in range(2):
            await app.press("v")
            same = app.explore.reader.preview
            assert (same.mode, same.first, same.lines) == ("original", shown.first, shown.lines)
            tokens = app.explore.results.current.tokens
            assert f"{tokens} tokens; compressing takes none of them away" in app.screen_text


async def test_indexing_from_the_pane(driven, journal, tmp_path):
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "one.py").write_text("def only_one():\n    return 1\n")
    async with driven(journal, project=folder, pane="explore") as app:
        assert "Nothing is indexed yet" in app.screen_text
        assert str(folder) in app.screen_text
        await app.press("i")
        await app.until(lambda: app.explore.folder is None and not app.explore.indexing.working)
        await app.settle()
        assert app.toasts[-1].startswith("1 file in ")
        assert app.app.focused is app.explore.question
        await ask(app, "only one")
        assert names(app) == ["only_one"]
        await app.press("down", "i", "i")
        await app.settle()
        assert not app.explore.indexing.working
        await app.press("i")
        await app.until(lambda: app.toasts[-1] == "nothing had changed")


async def test_a_line_of_code_that_is_cut_says_so(driven, journal, project):
    async with driven(journal, project=project, pane="explore", size=(80, 24)) as app:
        await ask(app, "check out")
        (line,) = (line for line in app.screen_text.split("\n") if "Take the payment" in line)
        assert "an empty cart is" in line
        assert "…" in line[-4:]


async def test_what_changed_since_is_marked_and_indexed_again(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        path = project / "shop" / "checkout.py"
        path.write_text(path.read_text() + "\n\ndef cancel_order(order):\n    return order\n")
        await ask(app, "refund order")
        assert "! refund_order" in app.screen_text
        assert "changed since it was indexed" in app.screen_text
        await app.press("down", "i")
        await app.until(lambda: not app.explore.indexing.working)
        await app.settle()
        assert not any(hit.stale for hit in app.explore.result.hits)
        assert any("cancel_order" in hit.content for hit in app.explore.result.hits)


async def test_watching_follows_a_change(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        await ask(app, "cancel order")
        await app.press("down")
        await app.pilot.press("W")
        await app.until(lambda: any("watching" in toast for toast in app.toasts))
        (project / "shop" / "cancel.py").write_text("def cancel_order(order):\n    return order\n")
        await app.until(lambda: "cancel_order" in names(app))
        await app.pilot.press("W")
        await app.until(lambda: all(worker.is_finished for worker in app.app.workers))
        assert not app.explore.indexing.watching


async def test_a_damaged_index_is_told_and_retried(driven, journal, project):
    database = project / ".mnemosyne" / "mnemosyne.db"
    sound = database.read_bytes()
    database.write_bytes(b"not an index" * 1000)
    async with driven(journal, project=project, pane="explore") as app:
        await app.type("cart")
        assert "try again" in app.screen_text
        await app.press("escape")
        for leftover in database.parent.glob("mnemosyne.db-*"):
            leftover.unlink()
        database.write_bytes(sound)
        await app.press("R")
        assert names(app)
        assert "try again" not in app.screen_text


async def test_hostile_code_is_inert(driven, journal, tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    words = "[bold red]markup\x1b[2J\x1b]0;title\x07 \u202eright\u202c [/nothing]"
    (folder / "bad.py").write_text(f'def b():\n    """{words}"""\n    return 1\n')
    (folder / "long.md").write_text(f"# Long\n\nmarkup {'x' * 10_000} after\n")
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
    async with driven(journal, project=folder, pane="explore") as app:
        await ask(app, "markup title b")
        await app.press("down", "v", "v")
        text = app.screen_text
        assert len(names(app)) >= 2
        assert "[bold red]markup" in text
        assert not {"\x1b", "\x07", "\u202e"} & set(text)


async def test_every_binding_has_an_id_and_a_tooltip(driven, journal, project):
    async with driven(journal, project=project, pane="explore") as app:
        pane = app.explore
        nodes = [pane, pane.results, pane.reader, pane.tuning]
        bindings = [b for node in nodes for _, b in node._bindings if b.id]
        assert len({b.id for b in bindings}) >= 35
        assert all(b.tooltip for b in bindings)
        await ask(app, "cart")
        await app.press("down", "question_mark")
        assert "Say that this was of use" in app.screen_text
        await app.press("escape", "F1")


def test_editors_are_told_the_line_in_their_own_way():
    path = Path("/p/a.py")
    assert at_line(["vim"], path, 7) == ["vim", "+7", "/p/a.py"]
    assert at_line(["/usr/bin/nano", "-w"], path, 7) == ["/usr/bin/nano", "-w", "+7", "/p/a.py"]
    assert at_line(["code", "--wait"], path, 7) == ["code", "--wait", "--goto", "/p/a.py:7"]
    assert at_line(["hx"], path, 7) == ["hx", "/p/a.py:7"]


def test_bars_and_knobs_keep_within_their_bounds():
    assert bars({"a": 0.0, "b": 0.001, "c": 1.0, "d": 7.0}, "abcd", ascii_only=False) == "·▁██"
    assert bars({"b": 0.5, "c": 1.0}, "abc", ascii_only=True) == ".59"
    asked = Asked().weighed("bm25", 9).weighed("path", -1)
    assert asked.scales == (("bm25", 2.0), ("path", 0.0))
    assert asked.weighed("bm25", 1).scales == (("path", 0.0),)
    assert Asked().budgeted(1).budget == 100


# -- pictures -------------------------------------------------------------------------------------

SIZES = [((40, 12), "dark"), ((80, 24), "dark"), ((120, 40), "dark"), ((200, 60), "dark"),
         ((120, 40), "light"), ((80, 24), "mono")]  # fmt: skip


@pytest.mark.parametrize(("size", "theme"), SIZES, ids=str)
async def test_full(driven, journal, project, no_clock, looks_as_before, size, theme):
    async with driven(journal, project=project, pane="explore", size=size, theme=theme) as app:
        await app.type("refund order receipt")
        await app.press("down", "down", "space", "down")
        await looks_as_before(app)


async def test_tight(driven, journal, project, no_clock, looks_as_before):
    async with driven(journal, project=project, pane="explore", size=(120, 40)) as app:
        await app.type("cart total price")
        await app.press("down", "u", "b")
        app.app.screen.query_one(Input).value = "400"
        await app.press("enter", "down", "x", "tab", "down", "left", "left")
        app.app.clear_notifications()
        await looks_as_before(app)


async def test_difference(driven, journal, project, no_clock, looks_as_before):
    async with driven(journal, project=project, pane="explore", size=(80, 24)) as app:
        await app.type("cart")
        await app.press("down", "down", "down", "v", "v")
        await looks_as_before(app)


async def test_of_the_journal(driven, journal, project, no_clock, looks_as_before):
    async with driven(journal, project=project, pane="explore", size=(120, 40), ascii_only=True) as app:
        await app.press("escape", "c", "slash")
        await app.type("swifts")
        await app.press("down")
        recency = [hit.scores.get("recency") for hit in app.explore.result.hits]
        assert recency
        app.explore.tuning.result = None
        await looks_as_before(app)


async def test_knobs_on_a_small_terminal(driven, journal, project, no_clock, looks_as_before):
    async with driven(journal, project=project, pane="explore", size=(40, 12)) as app:
        await app.type("cart")
        await app.press("down", "tab", "down")
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(40, 12), (80, 24)], ids=str)
async def test_nothing_found(driven, journal, project, no_clock, looks_as_before, size):
    async with driven(journal, project=project, pane="explore", size=size) as app:
        await app.type("zebra")
        await looks_as_before(app)


async def test_before_asking(driven, journal, project, looks_as_before):
    async with driven(journal, project=project, pane="explore", size=(80, 24)) as app:
        await looks_as_before(app)
