"""What a word is, and how a query is read."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo.storage import fold
from mnemo.storage.analysis import LONGEST_WORD, Clause, analyse, parse


def words(text: str) -> list[str]:
    return analyse(text).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oggi, al MARE!", "oggi al mare"),
        ("perché È già città", "perche e gia citta"),
        ("l’amore “e” l'odio…", "l amore e l odio"),
        ("Straße groß", "strasse gross"),
        ("Łódź Ørsted Đorđe cœur Æon ħ ı", "lodz orsted dorde coeur aeon h i"),
        ("İstanbul", "istanbul"),
        ("ΑΘΉΝΑ Σίσυφος", "αθηνα σισυφοσ"),
        ("ЁЛКА йод", "елка иод"),
        ("ﬁne ｆｕｌｌ ㎏ Ⅳ ½", "fine full kg iv 1 2"),
        ("e-mail snake_case 3.14", "e mail snake case 3 14"),
        ("co\u00adoperate zero\u200dwidth", "cooperate zerowidth"),
        ("שָׁלוֹם", "שלום"),
        ("日本語です", "日本 本語 語で です す"),
        ("東京2024年", "東京 京 2024 年"),
        ("私", "私"),
        ("한국어 서울", "한국 국어 어 서울 울"),
        (unicodedata.normalize("NFD", "한국어 がぎ é"), "한국 국어 어 がぎ ぎ e"),
        ("ｶﾞｷﾞ", "ガギ ギ"),
        ("がか", "がか か"),
        ("สวัสดี", "สว วั ัส สด ดี ี"),
        ("日・本、。", "日 本"),
        ("ok🎉🎊fine", "ok 🎉 🎊 fine"),
        ("👍🏽 ❤️ 👨‍👩‍👧", "👍 ❤ 👨 👩 👧"),
        ("1️⃣ 🇮🇹 葛󠄀城 a＾b c^d", "1 🇮 🇹 葛城 城 a b c d"),
        ("a\x00b\x1b[31mc", "a b 31mc"),
        ("\ud800 lone", "lone"),
        ("... !!! -- \u202e", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected.split()


@given(st.text(alphabet=st.characters(codec="cp1252"), max_size=60))
def test_the_quick_way_through_a_european_text_gives_what_the_long_way_gives(text: str) -> None:
    # One character of another script sends the whole text the long way.
    assert words(text + " ж") == [*words(text), "ж"]


@given(st.text(max_size=60))
def test_analysing_again_changes_nothing(text: str) -> None:
    once = [word for word in words(text) if len(word) > 2]
    assert words(" ".join(once)) == once or any(ord(char) > 0x0E00 for char in text)


@given(st.text(alphabet=string.ascii_letters + "àèìòùéçñüßöäÅ", min_size=1, max_size=30))
def test_a_word_folds_as_names_do(text: str) -> None:
    assert words(text) == [fold(text)]


def test_case_and_composition_make_no_difference() -> None:
    assert words("CAFFÈ") == words("caffè") == words(unicodedata.normalize("NFD", "Caffè"))


def test_a_monstrous_word_is_cut_the_same_everywhere() -> None:
    assert words("x" * 200_000 + " end") == ["x" * LONGEST_WORD, "end"]
    assert words("è" * 200_000) == ["e" * LONGEST_WORD]


def clause(text: str, *, open_ended: bool = False) -> Clause:
    return Clause(tuple(text.split()), open_ended)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mare sole", [[clause("mare"), clause("sole")]]),
        ("mare OR sole", [[clause("mare")], [clause("sole")]]),
        ("a b OR c", [[clause("a"), clause("b")], [clause("c")]]),
        ("a AND b", [[clause("a"), clause("b")]]),
        ("mare or sole", [[clause("mare"), clause("or"), clause("sole")]]),
        ('"OR"', [[clause("or")]]),
        ('"New York" city', [[clause("new york"), clause("city")]]),
        ("“New York”", [[clause("new york")]]),
        ("qui*", [[clause("qui", open_ended=True)]]),
        ("CAFÉ*", [[clause("cafe", open_ended=True)]]),
        ('"new yo*"', [[clause("new yo", open_ended=True)]]),
        ('"new yo"*', [[clause("new yo", open_ended=True)]]),
        ("e-mail", [[clause("e mail")]]),
        ("e-mai*", [[clause("e mai", open_ended=True)]]),
        ("mare mare", [[clause("mare")]]),
        ("日", [[clause("日", open_ended=True)]]),
        ("日本語", [[clause("日本 本語")]]),
        ("日本*", [[clause("日本")]]),
        ("👍🏽", [[clause("👍")]]),
        ("OR a OR OR b OR", [[clause("a")], [clause("b")]]),
        ('"unbalanced words', [[clause("unbalanced"), clause("words")]]),
        ('a"b c"d', [[clause("a"), clause("b c"), clause("d")]]),
        ('a ""', [[clause("a")]]),
        ("(a) -b +c c++ [d] {e}:f^2~", None),
        ("", []),
        ("OR", []),
        ("AND OR", []),
        ("* \" ' ? !", []),
        ('"***"', []),
    ],
)
def test_queries(text: str, expected: list[list[Clause]] | None) -> None:
    query = parse(text)
    if expected is not None:
        assert [list(clauses) for clauses in query] == expected


@given(st.text(alphabet=st.sampled_from('ab"*OR AND-()\\日🎉é\ud800'), max_size=40) | st.text(max_size=40))
def test_no_query_is_an_error(text: str) -> None:
    for clauses in parse(text):
        assert clauses
        assert all(part.words for part in clauses)
