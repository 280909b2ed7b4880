"""Tokens, patterns and stems, by hand."""

from __future__ import annotations

import pytest
from mnemo.llm.words import Patterns, guess_language, keywords, stem, tokens


def find(patterns: dict[str, str], text: str) -> list[tuple[str, str]]:
    words = tokens(text)
    return [(" ".join(words[at] for at in m.at), m.value) for m in Patterns(patterns.items()).find(words)]


def test_tokens_fold_and_part_at_apostrophes() -> None:
    assert tokens("L’amore, non c'è più!! ❤️ :)") == [
        "l", "amore", ",", "non", "c", "e", "piu", "!!", "❤", ":)",
    ]  # fmt: skip


def test_a_longer_pattern_takes_the_place_of_those_within_it() -> None:
    found = find({"can't stop smiling": "joy", "smil*": "small"}, "I can't stop smiling, a smile")
    assert found == [("can t stop smiling", "joy"), ("smile", "small")]


def test_a_word_written_out_beats_one_that_is_only_begun() -> None:
    assert find({"strange*": "odd", "strangers": "people"}, "strangers, strangely") == [
        ("strangers", "people"),
        ("strangely", "odd"),
    ]


def test_a_gap_stays_within_its_clause() -> None:
    patterns = {"heart .. pound*": "fear"}
    assert find(patterns, "my heart was really pounding") == [("heart pounding", "fear")]
    assert find(patterns, "my heart. Pounding at the door") == []
    assert find(patterns, "heart one two three four five pounding") == []


@pytest.mark.parametrize(
    ("text", "language"),
    [("I was there with my friends", "en"), ("Ero là con i miei amici", "it"), ("Marta 2024", "")],
)
def test_small_words_tell_the_language(text: str, language: str) -> None:
    assert guess_language(tokens(text)) == language


@pytest.mark.parametrize(
    ("one", "other"),
    [("debt", "debts"), ("banca", "banche"), ("walked", "walking"), ("amico", "amici"), ("run", "running")],
)
def test_inflections_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_keywords_are_what_carries_meaning() -> None:
    assert keywords(tokens("I was in the garden with Walter, e c'era anche il fico")) == [
        "garden",
        "walter",
        "fico",
    ]
