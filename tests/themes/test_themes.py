"""Themes: every one is whole, readable, and a bad one of the user's is named, not hidden."""

import subprocess
import sys

import pytest
from mnemo.storage.feelings import LATER_FEELINGS, Feeling, kin_of
from mnemo.themes import BUILTIN_THEMES, FEELING_GLYPHS, load_theme, load_themes, theme_names


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio, 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("contrast", 7.0)])
def test_every_text_colour_reads_on_every_ground(name, least):
    theme = load_themes()[0][name]
    grounds = [theme.colours[key] for key in ("background", "surface", "cursor")]
    texts = {
        **{k: theme.colours[k] for k in ("foreground", "muted", "primary", "secondary", "accent", "error")},
        **theme.feelings,
    }
    weak = {
        (text, ground): round(contrast(colour, ground), 2)
        for text, colour in texts.items()
        for ground in grounds
        if contrast(colour, ground) < (least if ground != theme.colours["cursor"] else min(least, 4.5))
    }
    assert not weak


def test_mono_holds_no_colour():
    mono = load_themes()[0]["mono"]
    assert mono.plain
    assert set(mono.colours.values()) | set(mono.feelings.values()) == {"default"}


def test_each_feeling_has_a_glyph_of_its_own_in_both_alphabets():
    assert set(FEELING_GLYPHS) == set(Feeling)
    assert len({g.text for g in FEELING_GLYPHS.values()}) == len(Feeling)
    assert len({g.ascii for g in FEELING_GLYPHS.values()}) == len(Feeling)
    assert all(len(g.text) == len(g.ascii) == 1 and g.ascii.isascii() for g in FEELING_GLYPHS.values())


def test_each_feeling_has_a_colour_of_its_own():
    for name in ("dark", "light", "contrast"):
        assert len(set(load_themes()[0][name].feelings.values())) == len(Feeling)


def test_a_later_feeling_is_drawn_as_its_kin_under_its_own_word():
    dark = load_themes()[0]["dark"]
    for later in LATER_FEELINGS.values():
        look = dark.look(later.name, kin_of(later.name))
        assert look.word == later.name
        assert look[::2] == dark.look(later.kin)[::2]
    assert dark.look("allegrezza", kin_of("allegrezza")).word == "allegrezza"


def test_user_themes_extend_a_builtin_one(tmp_path):
    (tmp_path / "sea.toml").write_text('label = "Sea"\n[colours]\naccent = "#00ffcc"\n')
    themes, fault = load_themes(tmp_path)
    assert fault is None
    assert themes["sea"].colours["accent"] == "#00ffcc"
    assert themes["sea"].colours["background"] == themes["dark"].colours["background"]
    assert theme_names(tmp_path) == [*BUILTIN_THEMES, "sea"]


def test_all_faults_of_all_user_themes_are_told_at_once_and_good_ones_still_load(tmp_path):
    (tmp_path / "bad1.toml").write_text("label = ")
    (tmp_path / "bad2.toml").write_text('surprise = 1\n[colours]\naccent = "red"\nnope = "#000000"\n')
    (tmp_path / "dark.toml").write_text("")
    (tmp_path / "good.toml").write_text("dark = false\n")
    themes, fault = load_themes(tmp_path)
    assert set(themes) == {*BUILTIN_THEMES, "good"}
    message = str(fault)
    for part in ("bad1.toml", "bad2.toml", "colours.accent", "colours.nope", "'surprise'", "dark.toml"):
        assert part in message
    assert "\n" not in message


def test_a_name_that_no_file_can_have_is_no_theme(tmp_path):
    assert load_theme("a\0b", tmp_path) is None
    assert load_theme("../dark", tmp_path) is None
    (tmp_path / "deep.toml").write_text("a = " + "[" * 20_000)
    assert load_theme("deep", tmp_path) is None
    assert "deep.toml: " in str(load_themes(tmp_path)[1])


def test_themes_load_no_screen():
    code = "import sys, mnemo.themes; sys.exit('textual' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
