"""Foreign text made harmless."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from mnemo.cli.inert import inert, one_line


def test_controls_are_shown() -> None:
    assert inert("\x1b[31m\x00\x7f\x9b\u202e\r") == "␛[31m␀␡⟨U+009B⟩⟨U+202E⟩␍"
    assert inert("a\r\nb\tc\n") == "a\nb\tc\n"
    assert inert("👩‍👧 שלום e\u0301") == "👩‍👧 שלום e\u0301"


def test_one_line() -> None:
    assert one_line("  a\n\n b\tc ") == "a b c"
    assert one_line("x" * 300) == "x" * 199 + "…"
    assert one_line("\x1b\x1b", 2) == "␛␛"


@given(st.text(st.characters()))
def test_nothing_that_acts_is_left(text: str) -> None:
    for shown in (inert(text), one_line(text)):
        left = set(shown) - {"\n", "\t"}
        assert not {char for char in left if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs")}
        assert not left & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "\n" not in one_line(text)
