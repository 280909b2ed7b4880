"""The token estimate: above the truth, near it, and the same whatever was counted before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mnemo.retrieval.chunkers import LANGUAGES, chunk_file
from mnemo.retrieval.tokens import count_tokens, exact_counter, line_weights, prefix_within, tokens_of

STANDARD_LIBRARY = Path(json.__file__).parent.parent
SOURCES = Path(__file__).parent / "sources"
texts = st.text(st.characters(codec="utf-8"), max_size=200)
codelike = st.text("abzXY_09 \n\t.,;(){}[]=+-*/<>\"'#é漢🙂", max_size=200)


@pytest.fixture(scope="module")
def exact() -> object:
    counter = exact_counter()
    if counter is None:
        pytest.skip("needs the extra `tokens`")
    return counter


def test_code_that_was_not_calibrated_on_is_covered_and_near(exact: object) -> None:
    """Chunks of Python's own library: none of it is among the folders of the calibration."""
    assert callable(exact)
    pairs = []
    for package in (
        "asyncio",
        "email",
        "json",
        "http",
        "importlib",
        "unittest",
        "logging",
        "concurrent/futures",
    ):
        for path in sorted((STANDARD_LIBRARY / package).glob("*.py")):
            chunks = chunk_file(path.read_text(encoding="utf-8"), path.name).chunks
            pairs += [(chunk.tokens, exact(chunk.content)) for chunk in chunks]
    assert len(pairs) > 2000
    assert sum(estimate >= real for estimate, real in pairs) / len(pairs) >= 0.99
    assert sum(abs(estimate - real) / real for estimate, real in pairs) / len(pairs) <= 0.15


@pytest.mark.parametrize("path", sorted(SOURCES.iterdir()), ids=lambda path: path.name)
def test_each_language_is_estimated_from_above(path: Path, exact: object) -> None:
    assert callable(exact)
    text = path.read_text()
    real = exact(text)
    assert real <= count_tokens(text, chunk_file(text, path.name).language) <= real * 1.35


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "Hello, world!",
        "你好，世界。今天天气很好。",
        "Привет, мир",
        "🙂🙂🙂",
        "a" * 200,
        "0123456789" * 20,
        "=" * 80,
        "{}[]();" * 20,
    ],
)
def test_short_and_odd_texts_are_estimated_from_above(text: str, exact: object) -> None:
    assert callable(exact)
    assert count_tokens(text) >= exact(text)


def test_no_text_costs_nothing() -> None:
    assert count_tokens("") == 0
    assert count_tokens("x") >= 1


@given(first=texts | codelike, second=texts | codelike)
@example(first="f(", second=")")
def test_joining_two_texts_never_costs_more_than_both(first: str, second: str) -> None:
    assert count_tokens(f"{first}\n{second}") <= max(count_tokens(first), 1) + max(count_tokens(second), 1)


@given(text=texts | codelike, language=st.sampled_from([*LANGUAGES, "unknown"]))
def test_lines_add_up_to_the_whole(text: str, language: str) -> None:
    if text:
        assert tokens_of(sum(line_weights(text.split("\n"), language))) == count_tokens(text, language)


def test_blank_lines_cost_nothing() -> None:
    assert count_tokens("a = 1\n\n   \n\nb = 2", "python") == count_tokens("a = 1\nb = 2", "python")


def test_an_unknown_language_is_counted_as_the_dearest() -> None:
    text = (SOURCES / "account.py").read_text()
    assert count_tokens(text) == max(count_tokens(text, language) for language in LANGUAGES)


def test_what_was_counted_before_changes_nothing() -> None:
    text = (SOURCES / "account.rs").read_text()
    before = count_tokens(text, "rust")
    for at in range(70):  # more distinct words than are remembered
        count_tokens(" ".join(f"w{at}x{number:x}q" for number in range(1000)))
    assert count_tokens(text, "rust") == before


@given(text=codelike.filter(bool) | texts.filter(bool), limit=st.integers(4, 60))
@example(text="a" * 5000, limit=10)
@example(text="漢" * 500, limit=10)
@example(text=" " * 500 + "x", limit=8)
def test_a_cut_text_stays_within_the_limit(text: str, limit: int) -> None:
    end = prefix_within(text, limit)
    assert 1 <= end <= len(text)
    assert count_tokens(text[:end]) <= limit or end == 1
    if "\n" not in text and count_tokens(text) < limit - 1:
        assert end == len(text)


def test_a_cut_uses_the_room_there_is() -> None:
    line = " ".join(f"word{at}" for at in range(1000))
    assert 80 <= count_tokens(line[: prefix_within(line, 100)]) <= 100


def test_counting_loads_nothing_heavy() -> None:
    script = (
        "import sys; from mnemo.retrieval.tokens import count_tokens; count_tokens('def f(): pass');"
        "heavy = ('numpy', 'tree_sitter', 'rs_bpe', 'tantivy', 'textual');"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "[]"
