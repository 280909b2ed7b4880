"""Themes: the user's own are followed as they are saved, faults come as one message, few colours suffice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mnemo.tui import terminal
from mnemo.tui.chrome import Blank
from mnemo.tui.dialogs.help import HelpScreen
from mnemo.tui.theme_watch import read
from mnemo.tui.theming import ThemesFound


@pytest.fixture
def themes(tmp_path: Path) -> Path:
    folder = tmp_path / "themes"
    folder.mkdir()
    (folder / "sea.toml").write_text('[colours]\naccent = "#00aaff"\n')
    return folder


def save(file: Path, text: str) -> None:
    """As an editor does."""
    new = file.with_suffix(".new")
    new.write_text(text)
    os.utime(new, ns=(0, hash(text) & 0xFFFFFFFF))
    new.replace(file)


async def found(app, met) -> None:
    await app.until(met)
    await app.settle()


async def test_a_theme_that_is_saved_shows_at_once(driven, journal, themes):
    async with driven(journal, themes_dir=themes) as app:
        app.app.take_themes(read(themes))
        app.app.theme = "sea"
        await app.settle()
        assert app.app.ink.theme.colours["accent"] == "#00aaff"
        save(themes / "sea.toml", '[colours]\naccent = "#ff8800"\n')
        await found(app, lambda: app.app.ink.theme.colours["accent"] == "#ff8800")
        assert app.pane.memories.ink is app.app.ink
        assert app.app.current_theme.accent == "#ff8800"
        assert not app.toasts


async def test_a_new_folder_with_a_theme_is_found(driven, journal, tmp_path):
    folder = tmp_path / "later"
    async with driven(journal, themes_dir=folder) as app:
        folder.mkdir()
        save(folder / "late.toml", 'label = "Late"\n')
        await found(app, lambda: "late" in app.app.palettes)


async def test_one_that_breaks_keeps_the_last_that_was_sound_and_all_faults_are_one_message(
    driven, journal, themes
):
    async with driven(journal) as app:
        app.app.take_themes(read(themes))
        app.app.theme = "sea"
        await app.settle()
        save(themes / "sea.toml", '[colours]\naccent = "blueish"\n')
        save(themes / "rain.toml", "label = \n")
        save(themes / "dark.toml", "")
        app.app.post_message(ThemesFound(read(themes)))
        await app.settle()
        assert app.app.theme == "sea"
        assert app.app.ink.theme.colours["accent"] == "#00aaff"
        (message,) = app.toasts
        for part in ("sea.toml: colours.accent must be #rrggbb", "rain.toml: ", "dark.toml: has the name"):
            assert part in message
        assert "The last that was sound stays." in message
        app.app.post_message(ThemesFound(read(themes)))
        await app.settle()
        assert len(app.toasts) == 1, "said once"
        for name in ("rain", "dark"):
            (themes / f"{name}.toml").unlink()
        save(themes / "sea.toml", '[colours]\naccent = "#123456"\n')
        app.app.post_message(ThemesFound(read(themes)))
        await app.settle()
        assert app.app.ink.theme.colours["accent"] == "#123456"
        assert app.toasts[-1] == "Every theme is sound again"


async def test_a_theme_that_is_deleted_while_it_is_used_stays(driven, journal, themes):
    async with driven(journal) as app:
        app.app.take_themes(read(themes))
        app.app.theme = "sea"
        await app.settle()
        (themes / "sea.toml").unlink()
        app.app.post_message(ThemesFound(read(themes)))
        await app.settle()
        assert app.app.theme == "sea"
        app.app.theme = "dark"
        await app.settle()
        app.app.post_message(ThemesFound(read(themes)))
        await app.settle()
        assert "sea" not in app.app.palettes


@pytest.mark.parametrize(("environment", "number"), [
    ({"TERM": "xterm-256color"}, 256), ({"TERM": "linux"}, 8), ({"TERM": "vt100"}, 0),
    ({"TERM": "xterm-16color"}, 16), ({"TERM": "tmux", "COLORTERM": "truecolor"}, 1 << 24),
    ({"TERM": "nobody-knows-it"}, 8), ({"TERM": "xterm-kitty"}, 256),
])  # fmt: skip
def test_how_many_colours_there_are(environment, number):
    code = f"from mnemo.tui.terminal import colours; print(colours({environment!r}))"  # once for a process
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    assert int(said.stdout) == number


def test_the_theme_fits_the_terminal():
    assert terminal.theme_for("light", 1 << 24) == "light"
    assert terminal.theme_for("light", 16) == "sixteen"
    assert terminal.theme_for("mono", 16) == "mono"
    assert terminal.theme_for("dark", 0) == "mono"


def test_a_title_is_inert_and_left_out_where_it_would_show(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.title("a\x07\x1b]0;b") == "\x1b]2;a␇␛]0;b\x07"
    monkeypatch.setenv("TERM", "linux")
    assert terminal.title("a") == ""


async def test_hiding_works_over_dialogs_and_hides_what_is_said(driven, journal):
    async with driven(journal) as app:
        await app.press("question_mark", "f9")
        assert isinstance(app.app.screen, Blank)
        app.app.notify("a secret")
        await app.settle()
        assert not app.screen_text.strip()
        await app.press("f9")
        assert isinstance(app.app.screen, HelpScreen)
        await app.press("escape", "n", "f9")
        assert isinstance(app.app.screen, Blank)
        await app.press("x")
        assert app.app.focused.text == "", "the key that shows it again does nothing else"


@pytest.mark.parametrize("size", [(80, 24)])
async def test_sixteen_colours(driven, journal, looks_as_before, size):
    async with driven(journal, size, theme="sixteen") as app:
        await looks_as_before(app)
