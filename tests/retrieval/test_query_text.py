"""Reading questions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.retrieval.query_text import MAX_TERMS, Place, read_query

TRACE = """Traceback (most recent call last):
  File "/app/src/shop/cart.py", line 41, in total
    return sum(item.price for item in self.items)
AttributeError: 'NoneType' object has no attribute 'price'"""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("HttpResponse", "symbol"),
        ("get_user_by_id", "symbol"),
        ("AuthManager.authenticate", "symbol"),
        ("std::vector::push_back", "symbol"),
        ("how are redirects followed", "natural"),
        ("connection pool", "natural"),
        ("src/auth/login.py", "path"),
        ("src/auth", "path"),
        ("login.py", "path"),
        (TRACE, "error"),
        ("TypeError: cannot read properties of undefined", "error"),
        ("thread 'main' panicked at src/main.rs:4:5", "error"),
        ("def total(self):\n    return sum(self.items)\n", "code"),
        ("for (let i = 0; i < n; i++) {\n  total += prices[i];\n}", "code"),
        ("Fix scrolling in response headers and cookies tables", "change"),
        ("Yaml export. * feat: write errors", "change"),
        ("how do I add a handler", "natural"),
        ("", "symbol"),
    ],
)
def test_types(text: str, kind: str) -> None:
    assert read_query(text).type == kind


def test_stop_words_leave_unless_nothing_else_is_there() -> None:
    assert read_query("how is the cache used").terms == ("cache",)
    assert read_query("what is this").terms == ("what", "is", "this")
    assert "or" in read_query("get_or_none").terms  # a part of a name stays


def test_places_with_lines() -> None:
    assert read_query(TRACE).places == (Place("/app/src/shop/cart.py", 41),)
    assert read_query("see ./src/app.ts:12:5 and main.go").places == (
        Place("src/app.ts", 12),
        Place("main.go"),
    )


def test_names_are_folded_and_neighbours_joined() -> None:
    names = read_query("the connection pool of HttpClient").names
    assert names["httpclient"] == 1.0
    assert names["connectionpool"] > 0
    assert names["pool"] < 1.0


def test_what_is_asked_for() -> None:
    assert "tests" in read_query("which tests cover login").wanted
    assert "docs" in read_query("documentation of settings").wanted
    assert not read_query("login form").wanted


def test_a_task_asks_for_kinds_of_file_with_its_first_sentence() -> None:
    assert not read_query("Fix the crash at start. Add a test, update the docs").wanted
    assert not read_query("add runtime overrides\n\n* add tests\n* update the changelog").wanted
    assert not read_query("Drop v1.2 of the format * adjust tests").wanted
    assert read_query("Fix the flaky test of the scanner. The docs are right.").wanted == {"tests"}
    assert read_query("How are settings read? Where is their documentation?").wanted == {"docs"}


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    query = read_query(text)
    assert query.text == text
    assert len(query.terms) == len(set(query.terms))


@pytest.mark.parametrize(
    "text",
    [
        "ошибка подключения",
        "データベース接続",
        "خطأ",
        "🎉🎉",
        "'\"`(((",
        "a" * 5000,
        "x/" * 3000,
        "word " * 10_000,
    ],
)
def test_odd_texts_are_read(text: str) -> None:
    assert len(read_query(text).terms) <= MAX_TERMS + 5


def test_neighbours_are_also_read_as_one_identifier() -> None:
    query = read_query("where is the commit message of a Diff")
    assert query.compounds == ("=commitmessage",)
    assert read_query("commit_message").compounds == ()


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("get pip install", "getpipinstall"),
        ("is auto width", "isautowidth"),
        ("HttpClient", "httpclient"),
        ("how does the cart know what it holds", ""),
        ("src/app.py", ""),
        ("...", ""),
    ],
)
def test_the_words_of_a_short_question_are_also_one_name(text: str, whole: str) -> None:
    query = read_query(text)
    assert query.whole == whole
    assert query.names.get(whole, 0.0) == bool(whole)
