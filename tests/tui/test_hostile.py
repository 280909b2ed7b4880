"""Text that others wrote, wherever the app shows text: nothing of it takes effect.

What is planted holds escape sequences, the markup of Rich and of Textual, marks that turn a line around,
marks of no width, a word of ten thousand characters and a NUL. After every key the whole screen is looked at.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import JournalError, MemoryDB
from mnemo.tui.timeline.model import Query
from textual.widgets import Input

sys.path.append(str(Path(__file__).resolve().parents[1] / "llm"))
from speaking import Servers, says

ESCAPES = "\x1b[2J\x1b[5m\x1b]0;owned\x07\x9b31m\x00\x7f"
MARKUP = "[blink strike]STYLED[/] [@click=app.quit]quit[/] [link=http://x]link[/link] [/nothing] [$error]"
TURNED = "\u202eturned\u202c \u2066apart\u2069 \u200fmark"
WIDTHLESS = "no\u200bwidth\u200d\ufeff\u2060\u00ad\U000e0041"
HOSTILE = f"evil {MARKUP} {ESCAPES} {TURNED} {WIDTHLESS}"
CODE = HOSTILE.replace("\0", "")  # a file with a NUL is no text, and is not indexed
LONG = "w" * 10_000
FORBIDDEN = {
    *map(chr, {*range(0x20), *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x202A, 0x202F)}),
    *map(chr, {*range(0x2060, 0x2070), 0xFEFF, 0xAD, *range(0xE0000, 0xE0080), *range(0xD800, 0xE000)}),
}


def look(app) -> None:
    """Nothing on the screen acts, and every line is as wide as the screen."""
    width = app.app.size.width
    for line, strip in enumerate(app.app.screen._compositor.render_strips()):
        text = "".join(segment.text for segment in strip)
        assert not FORBIDDEN & set(text), (line, text)
        assert strip.cell_length == width, (line, text)
        for segment in strip:
            style = segment.style
            if style is None:
                continue
            assert not (style.blink or style.strike or style.link), (line, segment)
            assert "app.quit" not in str(style.meta), (line, segment)
    assert not FORBIDDEN & set(app.app.title + app.app.sub_title)


async def use(app, *keys: str) -> None:
    for key in keys:
        await app.press(key)
        assert app.app.is_running, key
        look(app)


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNEMO_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def evil_journal(tmp_path: Path) -> Path:
    """Hostile words in every field, and a file whose name and text are."""
    path = tmp_path / "evil.mnheme"
    file = tmp_path / os.fsdecode(b"a\xff" + "\x1b[31m[blink]\u202e.txt".encode())
    file.write_text(HOSTILE)
    with MemoryDB(path, fsync_policy="never") as db:
        first = db.remember(HOSTILE, "fear", HOSTILE, tags=[HOSTILE, "t" * 300], note=HOSTILE)
        db.remember(HOSTILE, "joy", f"{LONG} {HOSTILE}", revisits=first.memory_id)
        db.remember("Sea", "joy", f"evil # {HOSTILE}\n\n`{ESCAPES}`\n\n- {MARKUP}\n\n> {TURNED}")
        db.attach(first.memory_id, file.read_bytes(), name="a\x1b[31m[blink]\u202e.txt")
    return path


@pytest.fixture
def evil_project(tmp_path: Path) -> Path:
    """Hostile code in files whose names and symbols are, one of them no UTF-8."""
    folder = tmp_path / "proj[blink]\u202e"
    folder.mkdir()
    (folder / "a\x1b[31m[blink]\u202eb.py").write_text(
        f'def evil():\n    """{CODE}"""\n    return "{LONG}"\n'
    )
    (folder / "notes.md").write_text(f"# evil {CODE}\n\nevil {LONG} {CODE}\n")
    Path(os.fsdecode(os.fsencode(folder) + b"/evil\xff\xfe.py")).write_text("def evil_bytes():\n    pass\n")
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
        engine.query("evil")
        engine.query("evil")
    return folder


SIZES = [(120, 40), (40, 12)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_timeline_and_what_it_asks(driven, evil_journal, size):
    async with driven(evil_journal, size=size) as app:
        look(app)
        assert "evil" in app.screen_text
        await use(
            app, "j", "j", "enter", "G", "right_square_bracket", "escape", "F", "down", "down", "G", "space"
        )
        await use(app, "F", "S")
        app.app.screen.query_one(Input).value = HOSTILE
        await app.settle()
        await use(
            app,
            "enter",
            "escape",
            "F",
            "g",
            "down",
            "space",
            "delete",
            "escape",
            "c",
            "question_mark",
            "escape",
        )
        await use(app, "o", "escape", "E", "escape", "y", "r", "escape", "d")
        await app.press("escape", "slash")
        await app.type("evil")
        await use(app, "enter", "escape", "ctrl+p")
        await app.type("evil")
        await use(app, "down", "down", "escape")
        app.pane.ask(Query(text='"\x1b[31m'))
        await app.settle()
        look(app)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_drafts_and_the_composer(driven, evil_journal, size):
    from mnemo.tui.drafts import Draft, DraftStore

    store = DraftStore(evil_journal.with_name("evil_drafts"))
    for number in range(2):
        draft = dataclasses.replace(
            Draft.new(), text=f"{number} {HOSTILE}", concept=HOSTILE, feeling="joy", tags=HOSTILE,
            note=HOSTILE, when="\x1b[31m", files=HOSTILE,
        )  # fmt: skip
        store.keep(draft, 1)
        store.release(draft.draft_id)
    async with driven(evil_journal, size=size) as app:
        assert len(app.pane.waiting) == 2
        await use(app, "d", "down", "enter", "tab", "tab", "tab", "tab", "tab", "tab", "f2", "escape")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_arc(driven, evil_journal, size):
    async with driven(evil_journal, pane="arc", size=size) as app:
        look(app)
        await use(app, "R", "left", "v", "v", "v", "v", "c", "down", "enter", "e", "escape", "plus", "b", "0")
        assert app.app.pane.concept == HOSTILE


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_explore_over_code_and_journal(driven, evil_journal, evil_project, size):
    async with driven(evil_journal, project=evil_project, pane="explore", size=size) as app:
        look(app)
        await app.type("evil STYLED")
        await use(
            app, "down", "right", "j", "G", "left", "v", "v", "v", "space", "x", "u", "G", "tab", "G", "tab"
        )
        assert app.explore.result.hits
        await use(app, "y", "w", "escape", "m", "m", "m", "H", "escape", "b")
        app.app.screen.query_one(Input).value = "150"
        await use(app, "enter", "G", "g", "c", "down", "right", "left", "space", "y", "H", "escape", "R")
        app.explore.question.value = HOSTILE
        await app.settle()
        look(app)
        await use(app, "slash", "escape", "y", "H", "escape")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_cache(driven, evil_journal, evil_project, size):
    async with driven(evil_journal, project=evil_project, pane="cache", size=size) as app:
        look(app)
        assert app.app.pane.live.look.places
        await use(app, "v", "v", "v", "j", "t", "G", "r", "n", "N", "o", "escape", "c", "escape", "w", "s")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_model_and_its_name(driven, evil_journal, size, monkeypatch):
    servers = Servers()
    speaker = servers.start()
    try:
        monkeypatch.setenv("TESTED_URL", speaker.origin + "/v1/chat/completions")
        monkeypatch.setenv("TESTED_MODEL", "small[blink]\x1b[31m\u202e")
        speaker.script = [says('{"concepts": ["Sea"], "words": ["evil"]}')]
        speaker.otherwise = says(f"said {MARKUP} \x1b[31m {TURNED} {WIDTHLESS} ")
        async with driven(evil_journal, pane="mind", size=size) as app:
            look(app)
            for line in (f"evil {HOSTILE}", "/reflect Sea", "/dream", "/introspect", f"/perceive {HOSTILE}"):
                app.app.pane.line.value = line
                await use(app, "enter")
                app.app.pane.line.focus()
                await app.settle()
            await use(app, "escape", "g", "j", "j", "G", "k", "r", "escape", "f", "escape", "c", "escape")
            await use(app, "s", "y", "question_mark", "escape")
        speaker.otherwise = says(
            f'{{"concept": "[blink]x\\u001b[31m\\u202e", "feeling": "joy", "tags": ["[strike]\\u001b"],'
            f' "note": "\\u001b]0;t\\u0007 {TURNED}"}}'
        )
        async with driven(evil_journal, pane="mind", size=size) as app:
            app.app.pane.line.value = f"/perceive {HOSTILE}"
            await use(app, "enter", "c", "escape", "f", "escape", "s")
    finally:
        servers.close()


@pytest.mark.parametrize("pane", ["timeline", "arc", "explore", "cache", "mind"])
async def test_an_error_and_a_notification(driven, tmp_path, pane):
    def broken() -> MemoryDB:
        raise JournalError(f"cannot open {HOSTILE} {LONG}")

    folder = tmp_path / "p[blink]\x1b[31m\u202e"
    folder.mkdir()
    async with driven(tmp_path / "j.mnheme", pane=pane, opener=broken, project=folder, size=(80, 24)) as app:
        look(app)
        if pane in ("timeline", "arc", "mind"):
            assert "cannot open" in app.screen_text
        app.app.notify(HOSTILE, title="x", markup=False)
        await use(app, "escape", "f5", "question_mark", "escape")


async def test_names_of_themes(driven, evil_journal):
    from tests.tui.conftest import THEMES

    evil = (
        dataclasses.replace(THEMES["dark"], name="evil", label=HOSTILE)
        if dataclasses.is_dataclass(THEMES["dark"])
        else THEMES["dark"]._replace(name="evil", label=HOSTILE)
    )
    async with driven(evil_journal) as app:
        app.app.palettes = {**app.app.palettes, "evil": evil}
        await use(app, "f10", "end", "enter", "ctrl+p")
        await app.type("evil")
        look(app)
