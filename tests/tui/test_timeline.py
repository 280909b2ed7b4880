"""How the Timeline looks, each picture looked at by a person before it was accepted."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from mnemo.storage import JournalError, MemoryDB
from mnemo.storage.memory import new_record
from mnemo.tui.timeline.model import Query

SIZES = [(40, 12), (80, 24), (120, 40), (200, 60)]


def sized(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=sized)
@pytest.mark.parametrize("theme", ["dark", "light", "mono"])
async def test_full(driven, journal, looks_as_before, size, theme):
    async with driven(journal, size=size, theme=theme) as app:
        await app.press("j", "j")
        await looks_as_before(app)


@pytest.mark.parametrize("size", SIZES, ids=sized)
async def test_empty(driven, tmp_path, looks_as_before, size):
    async with driven(tmp_path / "new.mnheme", size=size) as app:
        await looks_as_before(app)


async def test_high_contrast(driven, journal, looks_as_before):
    async with driven(journal, size=(120, 40), theme="contrast") as app:
        await app.press("enter", "right_square_bracket")
        await looks_as_before(app)


async def test_ascii(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24), theme="mono", ascii_only=True) as app:
        await app.press("F", "down", "space")
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=sized)
async def test_filtered(driven, journal, looks_as_before, size):
    async with driven(journal, size=size) as app:
        app.pane.ask(Query(feelings=frozenset({"joy", "love"}), concepts=frozenset({"Piano", "Father"})))
        await app.settle()
        await app.press("F", "down", "down")
        await looks_as_before(app)


async def test_filters_on_a_small_terminal(driven, journal, looks_as_before):
    async with driven(journal, size=(40, 12)) as app:
        await app.press("F", "down")
        await looks_as_before(app)


async def test_reading_on_a_small_terminal(driven, journal, looks_as_before):
    async with driven(journal, size=(40, 12)) as app:
        await app.press("enter")
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)], ids=sized)
async def test_searching(driven, journal, looks_as_before, size):
    async with driven(journal, size=size) as app:
        await app.press("slash")
        await app.type("the fig")
        await looks_as_before(app)


async def test_nothing_found(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24)) as app:
        await app.press("slash")
        await app.type("zebra")
        await looks_as_before(app)


@pytest.mark.parametrize(("size", "theme"), [
    ((40, 12), "dark"), ((80, 24), "dark"), ((120, 40), "light"), ((200, 60), "dark"), ((80, 24), "mono"),
], ids=str)  # fmt: skip
async def test_composing(driven, journal, looks_as_before, size, theme):
    async with driven(journal, size=size, theme=theme) as app:
        await app.press("n")
        await app.type("Swifts again, before the heat. Seven of them over the pier.")
        await app.press("tab")
        await app.type("The Gar")
        await app.press("tab")
        await app.type("seren")
        await looks_as_before(app)


async def test_looking_back(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24)) as app:
        await app.press("end", "r", "f2")
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=sized)
async def test_error(driven, tmp_path, looks_as_before, size):
    def fail() -> MemoryDB:
        raise JournalError("cannot open /home/nora/journal.mnheme: it is a folder, not a journal")

    async with driven(tmp_path / "j.mnheme", size=size, opener=fail) as app:
        await looks_as_before(app)


@pytest.mark.parametrize(("size", "theme"), [((80, 24), "dark"), ((120, 40), "light")], ids=str)
async def test_help(driven, journal, looks_as_before, size, theme):
    async with driven(journal, size=size, theme=theme) as app:
        await app.press("question_mark")
        await looks_as_before(app)


async def test_themes(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24)) as app:
        await app.press("ctrl+t", "j", "j")
        await looks_as_before(app)


async def test_jumping(driven, journal, looks_as_before):
    async with driven(journal, size=(80, 24)) as app:
        await app.press("t")
        await app.type("2022-05")
        await looks_as_before(app)


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14"])
async def test_the_first_and_the_last_moment_there_are(driven, tmp_path, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    path = tmp_path / "ends.mnheme"
    with MemoryDB(path) as db:
        db.remember("Sea", "joy", "the first", at=datetime.min.replace(tzinfo=UTC))
        db.remember("Sea", "love", "half a day on", at=datetime.min.replace(hour=13, tzinfo=UTC))
        db.remember("Sea", "fear", "the last", at=datetime.max.replace(tzinfo=UTC))
    async with driven(path, size=(120, 40)) as app:
        for wanted in ("the last", "half a day on", "the first"):
            assert wanted in app.screen_text
            await app.press("enter", "escape", "j")
        assert "January 1" in app.screen_text


async def test_hostile_text(driven, tmp_path, looks_as_before):
    path = tmp_path / "j.mnheme"
    texts = [
        "\x1b[31mred\x1b[0m \x1b]0;title\x07 and \x9b2J",
        "[bold]no markup[/bold] [@click=app.quit]quit[/]",
        "Right \u202eto left\u202c and \u2066isolated\u2069 and zero\u200bwidth",
        "漢字かな交じり文は二倍の幅で描かれるのでセルの境目で切られなければならない。" * 3,
        "👩‍👩‍👧‍👦 family ❤️ heart 🏳️‍🌈 flag e\u0301\u0301\u0301\u0301\u0301\u0301 zalgo",
        "x" * 10_000,
        "tab\there\nnew\r\nlines\rof all\u2028kinds",
    ]
    with MemoryDB(path, fsync_policy="never") as db:
        db.append_memories(
            new_record(
                "A\x1b[7mB[red]", "joy", text, tags=["[u]tag", "\u202egat"], note="\x1b[5mnote",
                at=app_time(number),
                memory_id=f"{number:08d}-0000-4000-8000-000000000000",
            )
            for number, text in enumerate(texts)
        )  # fmt: skip
    async with driven(path, size=(120, 30)) as app:
        await app.press("end")
        await looks_as_before(app)


def app_time(number: int):
    from datetime import UTC, datetime

    return datetime(2024, 5, 1, 12, number, tzinfo=UTC)


async def test_damage_and_files(driven, journal, tmp_path, looks_as_before):
    from PIL import Image

    Image.linear_gradient("L").resize((48, 24)).convert("RGB").save(tmp_path / "sky.png")
    (tmp_path / "lost.txt").write_text("gone")
    path = tmp_path / "j.mnheme"
    with MemoryDB(path) as db:
        memory = new_record(
            "Sea", "serenity", "A sky, and a file that is lost.", at=app_time(1),
            memory_id="00000000-0000-4000-8000-000000000001",
        )  # fmt: skip
        db.append_memories([memory])
        db.remember(
            "Sea",
            "joy",
            "With files.",
            at=app_time(2),
            attachments=[tmp_path / "sky.png", tmp_path / "lost.txt"],
        )
        written = db.recall(limit=1)[0]
        for file in db.files_of(written):
            if file.name == "lost.txt":
                file.path.unlink()
                for pooled in (db.files_dir / "pool").rglob("*lost.txt"):
                    pooled.unlink()
    async with driven(path, size=(120, 40)) as app:
        app.pane.detail.detail = None
        await app.press("j", "k")
        text = app.screen_text
        assert "lost.txt" in text
        assert "missing" in text
        assert "sky.png" in text
        assert "✓" in text
        assert "▀" in text
