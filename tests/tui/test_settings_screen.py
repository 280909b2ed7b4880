"""Every setting on one screen: what it is, where it comes from, changed in place and kept at once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from mnemo import settings as config
from mnemo.retrieval.config import Config, every_key
from mnemo.retrieval.project import init_project
from mnemo.settings import SCHEMA, Settings
from mnemo.tui.dialogs.choice import Choice
from mnemo.tui.dialogs.prompt import Prompt
from mnemo.tui.settings.reading import check, read_rows
from mnemo.tui.settings.screen import SettingsScreen
from mnemo.tui.theme_watch import read
from mnemo.tui.welcome.here import Here
from textual.widgets import Input, OptionList


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "harbour"
    folder.mkdir()
    init_project(folder)
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's file, with a comment of the user's."""
    folder = tmp_path / "own"
    monkeypatch.setenv("MNEMO_CONFIG", str(folder))
    folder.mkdir()
    file = folder / "config.toml"
    file.write_text('# mine\n[app]\ntime_format = "12h" # as at home\n\n[consent]\n"api.groq.com" = "yes"\n')
    return file


def shown(app) -> SettingsScreen:
    assert isinstance(app.app.screen, SettingsScreen)
    return app.app.screen


def go(app, key: str, *, project: bool = False) -> None:
    """Put the cursor on a setting."""
    options = shown(app).query_one(OptionList)
    options.highlighted = options.get_option_index(f"{'project' if project else 'own'} {key}")


# -- what is listed -----------------------------------------------------------------------------


def test_every_key_of_both_schemas_is_a_row_that_says_what_it_is(own, project):
    rows = read_rows(None, project)[1]
    mine = {row.key for row in rows if not row.project and not row.entry}
    assert mine == set(SCHEMA)
    assert {row.key for row in rows if row.project} == {key for key, *_ in every_key()}
    for row in rows:
        assert row.help, row.key
        assert row.expected, row.key


def test_where_a_value_comes_from(own, project, monkeypatch):
    monkeypatch.setenv("MNEMO_JOURNAL", "/elsewhere/j.mnheme")
    monkeypatch.setenv("NO_COLOR", "1")
    rows = {row.key: row for row in read_rows(None, project)[1] if not row.project}
    assert rows["journal.path"].value == "/elsewhere/j.mnheme"
    assert rows["journal.path"].origin == "MNEMO_JOURNAL in the environment"
    assert (rows["app.theme"].value, rows["app.theme"].origin) == ("mono", "NO_COLOR in the environment")
    assert (rows["app.time_format"].value, rows["app.time_format"].origin) == ("12h", "config.toml")
    assert rows["app.time_format"].changed
    assert rows["app.language"].origin == "the default"
    assert not rows["app.language"].changed
    assert rows["consent.api.groq.com"].value == "yes"


def test_without_an_index_there_is_nothing_of_a_project(own, tmp_path):
    assert not [row for row in read_rows(None, tmp_path)[1] if row.project]


@pytest.mark.parametrize(("key", "text", "message"), [
    ("retrieval.token_budget", "many", "write a number"),
    ("retrieval.token_budget", "0", "retrieval.token_budget is 1 or more, not 0"),
    ("retrieval.token_budget", "1.5", "retrieval.token_budget takes a whole number, not 1.5"),
    ("compression.target_ratio", "2", "compression.target_ratio is 1.0 or less, not 2"),
    ("consent.api.groq.com", "maybe", "yes or no"),
    ("consent", "api.groq.com", "write it as name = value"),
    ("journal.path", "a\0b", "journal.path must be a path, not 'a\\x00b'"),
    ("app.theme", "plaid", "there is no theme plaid"),
])  # fmt: skip
def test_what_cannot_be_is_said_while_it_is_typed(own, project, key, text, message):
    row = next(row for row in read_rows(None, project)[1] if row.key == key)
    with pytest.raises(ValueError) as refused:
        check(row, text)
    assert str(refused.value) == message


# -- changing -----------------------------------------------------------------------------------


async def test_a_flag_is_switched_at_once_and_kept(driven, journal, own):
    async with driven(journal, save_setting=config.save) as app:
        await app.press("f12")
        go(app, "app.animations")
        await app.press("enter")
        await app.until(lambda: not config.load().animations)
        await app.settle()
        assert shown(app).current.value == "false"
        assert app.app.animation_level == "none"
        await app.press("d")
        await app.until(lambda: config.load().animations)
        await app.settle()
        assert app.app.animation_level == "full"
    text = own.read_text()
    assert "# mine" in text
    assert "# as at home" in text
    assert stat.S_IMODE(own.stat().st_mode) == 0o600


async def test_a_choice_is_chosen_and_the_app_follows(driven, journal, own):
    settings = config.load()
    async with driven(journal, (120, 40), settings=settings, save_setting=config.save) as app:
        assert " PM " in app.screen_text
        await app.press("comma")
        go(app, "app.time_format")
        await app.press("space")
        assert isinstance(app.app.screen, Choice)
        await app.press("k", "enter")
        await app.until(lambda: config.load().time_format == "24h")
        go(app, "app.language")
        await app.press("enter", "j", "enter")
        await app.until(lambda: config.load().language == "it")
        await app.press("escape")
        assert app.app.settings.language == "it"
        assert app.pane.settings.language == "it"
        assert " PM " not in app.screen_text
        assert "serenità" in app.screen_text


async def test_a_text_is_checked_while_it_is_typed(driven, journal, own, project):
    here = Here(journal, project)
    async with driven(journal, here=here, project=project, save_setting=config.save) as app:
        await app.press("f12")
        go(app, "retrieval.token_budget", project=True)
        await app.press("enter")
        field = app.app.screen.query_one(Input)
        assert field.value == "8000"
        field.value = "few"
        await app.press("enter")
        assert isinstance(app.app.screen, Prompt), "what is wrong is not taken"
        assert "write a number" in app.screen_text
        field.value = "4000"
        await app.press("enter")
        await app.until(lambda: Config.load(project).retrieval.token_budget == 4000)
        await app.settle()
        row = shown(app).current
        assert (row.value, row.origin, row.changed) == ("4000", "the project's config.toml", True)
        await app.press("d")
        await app.until(lambda: Config.load(project).retrieval.token_budget == 8000)


async def test_a_table_gets_entries_and_loses_them(driven, journal, own):
    async with driven(journal, save_setting=config.save) as app:
        await app.press("f12")
        go(app, "keymap")
        await app.press("enter")
        app.app.screen.query_one(Input).value = "app.blank = f8"
        await app.press("enter")
        await app.until(lambda: config.load().keymap == {"app.blank": "f8"})
        await app.settle()
        assert app.app._keymap == {"app.blank": "f8"}
        go(app, "consent.api.groq.com")
        await app.press("delete")
        await app.until(lambda: not config.load().consent)
        await app.settle()
        assert "api.groq.com" not in app.screen_text


async def test_many_changes_one_on_another_are_all_kept(driven, journal, own):
    async with driven(journal, save_setting=config.save) as app:
        for number in range(12):
            app.app.save_setting(f"keymap.app.a{number}", f"f{number}")
        await app.until(lambda: len(config.load().keymap) == 12)


async def test_a_file_that_is_wrong_is_told_and_read_again(driven, journal, own):
    own.write_text("[app]\nanimations = 3\n")
    async with driven(journal, (80, 24), save_setting=config.save) as app:
        await app.press("f12")
        assert "animations must be true or false, not 3" in " ".join(app.screen_text.split())
        assert not shown(app).rows
        own.write_text("[app]\nanimations = false\n")
        await app.press("R")
        assert shown(app).rows
        assert app.app.animation_level == "none"


async def test_what_cannot_be_written_is_said(driven, journal, own):
    def refuse(key: str, value: object) -> None:
        raise OSError(30, "Read-only file system", str(own))

    async with driven(journal, save_setting=refuse) as app:
        await app.press("f12")
        go(app, "app.animations")
        await app.press("enter")
        await app.until(lambda: app.toasts)
        assert shown(app).current.value == "true"


async def test_the_theme_is_chosen_with_its_preview(driven, journal, own):
    async with driven(journal, save_setting=config.save) as app:
        await app.press("f12")
        go(app, "app.theme")
        await app.press("enter", "j")
        assert app.app.theme == "light"
        await app.press("enter")
        await app.until(lambda: config.load().theme == "light")
        await app.settle()
        assert shown(app).current.value == "light"


async def test_it_is_moved_through_and_clicked_and_left(driven, journal, own):
    async with driven(journal, save_setting=config.save) as app:
        await app.press("f12")
        first = shown(app).current
        await app.press("j", "j", "k")
        assert shown(app).current != first
        options = shown(app).query_one(OptionList)
        at = options.get_option_index("own app.animations")
        await app.pilot.click(options, offset=(8, at - options.scroll_offset.y))
        await app.until(lambda: not config.load().animations)
        await app.press("q")
        assert app.app.screen is app.app.screen_stack[0]


async def test_hostile_text_in_files_is_inert(driven, journal, own, tmp_path):
    bad = "\\u001b[2J[bold red]x\\u202e"
    own.write_text(
        f'[journal]\neditor = "{bad}"\n[consent]\n"{bad}" = "yes"\n[keymap]\n"{bad}" = "{bad}"\n', "utf-8"
    )
    themes = tmp_path / "themes"
    themes.mkdir()
    (themes / "a.toml").write_text(f'label = "{bad}"\n')
    (themes / "b.toml").write_text(f'"{bad}" = 1\n')
    async with driven(journal, settings=config.load(), save_setting=config.save) as app:
        app.app.take_themes(read(themes))
        await app.press("f12")
        for key in ("journal.editor", *(row.key for row in shown(app).rows if row.entry)):
            go(app, key)
            await app.settle()
            text = app.screen_text
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert "[bold red]x" in text
            await app.press("enter")
            assert isinstance(app.app.screen, Prompt)
            assert "\x1b" not in app.screen_text
            await app.press("escape")
        await app.press("escape", "f10")
        assert "␛[2J[bold red]x" in app.screen_text
        assert "\x1b" not in app.screen_text
        assert len(app.toasts) == 2, "the keys' and the themes'"
        assert not any("\x1b" in toast for toast in app.toasts)


# -- as a picture -------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "theme"), [
    ((80, 24), "dark"), ((40, 12), "dark"), ((120, 40), "light"), ((80, 24), "mono"),
])  # fmt: skip
async def test_as_a_picture(driven, journal, own, project, looks_as_before, monkeypatch, size, theme):
    monkeypatch.setattr("mnemo.settings.config_file", lambda: Path("/home/ada/.config/mnemo/config.toml"))
    settings = Settings(time_format="12h", written=frozenset({"app.time_format"}))
    monkeypatch.setattr("mnemo.settings.load", lambda _=None: settings)
    async with driven(journal, size, theme=theme, here=Here(journal, project)) as app:
        await app.press("f12")
        go(app, "app.time_format")
        await app.settle()
        await looks_as_before(app)
