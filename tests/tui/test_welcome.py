"""A first run: four ways to begin, once; the demo beside what is real and never mixed with it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.settings import Settings
from mnemo.tui.composer.screen import Composer
from mnemo.tui.demo.project import DemoProject
from mnemo.tui.palette import Actions
from mnemo.tui.welcome.here import Here, look_around
from mnemo.tui.welcome.provider import ProviderScreen
from mnemo.tui.welcome.screen import BEGINNINGS, Welcome
from textual.widgets import Input

BARE = Here(
    Path("/home/ada/.local/share/mnemo/journal.mnheme"), Path("/home/ada/projects/harbour"), bare=True
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "harbour"
    folder.mkdir()
    (folder / "tide.py").write_text("def high_water(port):\n    return port.tide.max()\n")
    return folder


@pytest.fixture
def none_yet(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.mnheme"


def offered(app) -> set[str]:
    """What the palette has beside what has a key."""
    return {name for name, _, _ in Actions(app.app.screen, None)._actions()}


# -- when ---------------------------------------------------------------------------------------


def test_only_where_nothing_is_set_up(none_yet, project, home):
    assert look_around(Settings(), none_yet, project).bare
    assert not look_around(Settings(welcome=False), none_yet, project).bare, "asked before"


def test_not_where_there_is_a_journal(journal, project):
    assert not look_around(Settings(), journal, project).bare


def test_not_where_there_is_an_index(none_yet, project):
    (project / ".mnemosyne").mkdir()
    inside = project / "deep"
    inside.mkdir()
    assert not look_around(Settings(), none_yet, inside).bare


def test_not_where_there_is_a_model(none_yet, project, home):
    folder = home / "config" / "mnemo"
    folder.mkdir(parents=True)
    (folder / ".env").write_text("OLLAMA_MODEL=llama3.2\n")
    assert not look_around(Settings(), none_yet, project).bare
    (folder / ".env").write_text("this is no line of such a file\n")
    assert not look_around(Settings(), none_yet, project).bare, "somebody began to set one up"


# -- the screen ---------------------------------------------------------------------------------


async def test_escape_goes_in_as_it_is_and_it_is_not_offered_again(driven, none_yet):
    kept = []
    async with driven(none_yet, here=BARE, save_setting=lambda *each: kept.append(each)) as app:
        assert isinstance(app.app.screen, Welcome)
        await app.press("escape")
        assert app.app.pane.id == "timeline"
        assert not isinstance(app.app.screen, Welcome)
        assert kept == [("app.welcome", False)]
        assert "First steps" in offered(app)
    assert not none_yet.exists(), "to look is not to begin"


async def test_a_journal_begins_with_the_first_memory(driven, none_yet):
    async with driven(none_yet, here=BARE) as app:
        await app.press("n")
        assert isinstance(app.app.screen, Composer)


async def test_the_list_takes_arrows_vim_and_clicks(driven, none_yet):
    async with driven(none_yet, here=BARE) as app:
        options = app.app.screen.query_one("#welcome-list")
        await app.press("down", "j", "k")
        assert options.highlighted_option.id == BEGINNINGS[1].name
        await app.press("j", "j", "j")
        assert options.highlighted_option.id == BEGINNINGS[0].name, "round the end, over what is blank"
        await app.pilot.click(options, offset=(4, 0))
        await app.settle()
        assert isinstance(app.app.screen, Composer)


async def test_this_folder_is_indexed_where_it_is_asked(driven, none_yet, project):
    async with driven(none_yet, here=BARE, project=project) as app:
        await app.press("i")
        await app.until((project / ".mnemosyne" / "mnemosyne.db").exists)
        await app.until(lambda: app.app.pane.status == "1 file, 1 chunk")
        assert app.app.pane.id == "explore"


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
async def test_a_provider_is_set_up_by_a_key_that_is_told(driven, none_yet, size):
    async with driven(none_yet, size, here=BARE) as app:
        await app.press("p")
        assert "F2 sets it up" in app.screen_text


async def test_a_provider_is_pointed_at(driven, none_yet, home):
    async with driven(none_yet, (80, 24), here=BARE) as app:
        await app.press("p")
        assert isinstance(app.app.screen, ProviderScreen)
        await app.press("f2")
        assert "give it a name" in one_line(app)
        await app.type("ollama")
        await app.press("enter")
        await app.type("llama 'three'")
        assert "localhost:11434" in app.screen_text
        assert "nothing leaves your own network" in one_line(app)
        await app.press("enter")
        await app.type("s3cret")
        assert "s3cret" not in app.screen_text
        await app.press("enter", "enter")
        await app.until(lambda: app.app.pane.id == "mind")
        await app.until(lambda: app.app.pane.who is not None)
        assert app.app.pane.who.provider == "OLLAMA (llama 'three')"
    file = home / "config" / "mnemo" / ".env"
    assert "OLLAMA_API_KEY=s3cret\n" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_provider_keeps_what_else_the_file_says(driven, journal, home):
    folder = home / "config" / "mnemo"
    folder.mkdir(parents=True)
    (folder / ".env").write_text("# mine\nGROQ_MODEL=old\nTEMPERATURE=0.1 # low\n")
    async with driven(journal) as app:
        await choose(app, "Point at a provider")
        await app.type("groq")
        await app.press("enter")
        await app.type("new")
        assert "https://api.groq.com/openai/v1/chat/completions wants a key" in one_line(app)
        await app.press("f2")
        await app.until(lambda: app.app.pane.id == "mind")
    assert (folder / ".env").read_text() == "# mine\nTEMPERATURE=0.1 # low\nGROQ_MODEL=new\n"


async def test_what_is_no_provider_is_said_and_nothing_is_written(driven, journal, home):
    async with driven(journal) as app:
        await choose(app, "Point at a provider")
        await app.type("mine")
        await app.press("enter")
        await app.type("m")
        assert "MINE is not a known name: give its URL" in one_line(app)
        app.app.screen.query_one("#provider-url", Input).value = "ftp://x"
        await app.settle()
        await app.press("f2")
        assert isinstance(app.app.screen, ProviderScreen)
        assert "MINE_URL" in one_line(app)
        await app.press("escape")
        assert app.app.pane.id == "timeline"
    assert not (home / "config" / "mnemo").exists()


def one_line(app) -> str:
    return " ".join(app.screen_text.replace("│", " ").split())


async def choose(app, name: str) -> None:
    """By the palette."""
    await app.press("ctrl+p")
    await app.type(name)
    await app.until(lambda: app.app.screen.query_one("CommandList").option_count)
    await app.press("enter")
    await app.settle()


# -- the demo -----------------------------------------------------------------------------------


async def test_the_demo_is_a_run_of_its_own(driven, none_yet):
    async with driven(none_yet, here=BARE) as app:
        await app.press("d")
    assert app.app.return_value == "demo"


async def test_the_demo_is_left_by_the_palette(driven, journal):
    async with driven(journal, here=Here(demo=True), name="demo") as app:
        assert "Leave the demo" in offered(app)
        assert "First steps" not in offered(app)
        await choose(app, "Leave the demo")
    assert app.app.return_value == "home"


async def test_the_demo_has_code_to_ask_and_a_cache_that_adapts(driven, journal, tmp_path):
    demo = DemoProject(tmp_path / "code")
    await asyncio.to_thread(demo.ready)
    async with driven(journal, here=Here(demo=True), project=demo.ready) as app:
        await app.press("3")
        await app.until(lambda: app.app.pane.status.endswith("chunks"))
        await app.type("append a frame to the log")
        await app.until(lambda: app.explore.result is not None and app.explore.result.hits)
        assert "mnemo/storage/log.py" in {hit.path for hit in app.explore.result.hits}
        await app.press("escape", "4")
        await app.until(lambda: app.app.pane.status.endswith(" held"))
        with RetrievalEngine.open(demo.ready()) as engine:
            state = engine.cache_state()
        assert app.app.pane.status == f"{len(state.t1) + len(state.t2)} held"
        assert state.t1 and state.t2 and state.b1, "questions asked again are found again"
        assert state.ghost_hits and state.hits
    demo.close()
    assert not (Path.cwd() / ".mnemosyne").exists()


def test_a_demo_that_is_left_at_once_gives_up(tmp_path):
    demo = DemoProject(tmp_path / "code")
    demo.begin()
    demo.close()
    assert demo.begin().done()


# -- as a picture -------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "theme"), [
    ((80, 24), "dark"), ((40, 12), "dark"), ((120, 40), "light"), ((80, 24), "mono"),
])  # fmt: skip
async def test_the_first_steps(driven, none_yet, looks_as_before, size, theme):
    async with driven(none_yet, size, theme=theme, here=BARE) as app:
        for each in BEGINNINGS:
            assert each.title in app.screen_text
        await looks_as_before(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_pointing_at_a_provider(driven, none_yet, looks_as_before, size):
    async with driven(none_yet, size, here=BARE) as app:
        await app.press("p")
        await app.type("groq")
        await app.press("enter")
        await app.type("m")
        await looks_as_before(app)
