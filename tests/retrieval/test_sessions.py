"""Sessions: what was given before comes as a reference or a diff, in every format, within the budget."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemo.cli.app import run
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.formats import document
from mnemo.retrieval.results import Answer
from mnemo.retrieval.tokens import count_tokens, exact_counter

NOW = 1_800_000_000.0
LONG = (
    "def reconcile(ledger, statement):\n"
    + "".join(
        f"    entry_{number} = ledger.match(statement.line({number}), tolerance=0.0{number})\n"
        for number in range(1, 12)
    )
    + "    return [entry_1, entry_11]\n"
)
FIRST = "def opening(books):\n" + "".join(
    f"    books.page({number}).balance = books.carry({number})\n" for number in range(9)
)
SHORT = "def closing(ledger):\n    return ledger.balance\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "ledger.py").write_text(f"{FIRST}\n\n{LONG}\n\n{SHORT}")
    (tmp_path / "notes.md").write_text(
        "# Reconcile\n\nHow a ledger and a statement are matched line by line.\n"
    )
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
    return tmp_path


@pytest.fixture
def engine(root: Path) -> Iterator[RetrievalEngine]:
    with RetrievalEngine.open(root) as found:
        yield found


def ask(engine: RetrievalEngine, **options: object) -> Answer:
    return engine.query("reconcile ledger statement", **{"session": "s", "now": NOW, **options})  # type: ignore[arg-type]


def change(root: Path, old: str, new: str) -> None:
    path = root / "ledger.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_first_answer_is_whole(engine: RetrievalEngine) -> None:
    plain = engine.query("reconcile ledger statement", now=NOW, learn=False)
    assert list(ask(engine)) == list(plain)


def test_what_did_not_change_comes_as_one_line(engine: RetrievalEngine) -> None:
    first = ask(engine)
    again = ask(engine)
    assert [result.chunk.id for result in again] == [result.chunk.id for result in first]
    best = again[0]
    assert (best.is_delta, best.chunk.content) == (True, "")
    assert best.delta_text == "unchanged since query 1 of this session"
    assert best.chunk.tokens < best.chunk.original_tokens == first[0].chunk.tokens
    assert best.chunk.hash == first[0].chunk.hash
    assert again.used < first.used / 2


def test_what_changed_comes_as_a_diff_that_applies(engine: RetrievalEngine, root: Path) -> None:
    ask(engine)
    change(root, "def opening(books):\n", "def opening(books):\n    books.lock()\n    books.sort()\n")
    change(root, "tolerance=0.07", "tolerance=0.7")
    best = ask(engine)[0]
    assert best.is_delta
    assert best.chunk.content == ""
    assert best.delta_text == (
        "--- a/ledger.py\n+++ b/ledger.py\n@@ -19,3 +21,3 @@\n"
        "     entry_6 = ledger.match(statement.line(6), tolerance=0.06)\n"
        "-    entry_7 = ledger.match(statement.line(7), tolerance=0.07)\n"
        "+    entry_7 = ledger.match(statement.line(7), tolerance=0.7)\n"
        "     entry_8 = ledger.match(statement.line(8), tolerance=0.08)"
    )
    after = ask(engine)[0]
    assert after.delta_text == "unchanged since query 2 of this session"


def test_a_chunk_that_only_moved_is_unchanged(engine: RetrievalEngine, root: Path) -> None:
    ask(engine)
    change(root, "def opening(books):\n", "def opening(books):\n    books.lock()\n")
    best = ask(engine)[0]
    assert best.delta_text == "unchanged since query 1 of this session"
    assert best.chunk.line_start == 14


def test_a_diff_larger_than_the_chunk_is_not_sent(engine: RetrievalEngine, root: Path) -> None:
    ask(engine)
    lines = "".join(f"    total_{number} = ledger.sum({number})\n" for number in range(9))
    change(root, LONG, f"def reconcile(ledger, statement):\n{lines}    return total_0\n")
    best = ask(engine)[0]
    assert not best.is_delta
    assert "total_8" in best.chunk.content


def test_sessions_are_apart_and_fresh_starts_over(engine: RetrievalEngine) -> None:
    ask(engine)
    assert not any(result.is_delta for result in ask(engine, session="other"))
    assert not any(result.is_delta for result in ask(engine, session=None))
    assert not any(result.is_delta for result in ask(engine, fresh=True))
    again = ask(engine)
    assert again[0].delta_text == "unchanged since query 2 of this session"


def test_what_is_not_put_down_was_not_given(engine: RetrievalEngine) -> None:
    ask(engine, learn=False)
    assert not any(result.is_delta for result in ask(engine))


@pytest.mark.parametrize("output", ["plain", "markdown", "xml", "json"])
def test_every_format_tells_and_stays_within_the_budget(
    engine: RetrievalEngine, root: Path, output: str
) -> None:
    count = exact_counter() or count_tokens
    for number, budget in enumerate((20, 60, 120, 300, 1000), 1):
        name = f"s{budget}"
        for turn in range(3):
            if turn == 2:
                change(root, f"tolerance=0.0{number})", f"tolerance={budget}.5)")
            answer = ask(engine, session=name, budget=budget, output=output)
            if output == "json":
                assert sum(count(each.delta_text or each.chunk.content) for each in answer) <= budget
                continue
            text = document(output, answer.query, budget, answer, session=name)  # type: ignore[arg-type]
            assert not answer or count(text) <= budget
            if output == "xml":
                assert len(ET.fromstring(text).findall("chunk")) == len(answer)
            if turn == 1 and answer and answer[0].is_delta:
                assert "unchanged since query 1 of this session" in text
                assert "entry_3" not in text


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--project", str(root), "--session", "s 1"]
    assert run(["query", "reconcile ledger statement", *where]) == 0
    assert "Budget: 8000 tokens | Session: s 1\n" in capsys.readouterr().out
    assert run(["query", "reconcile ledger statement", *where, "--json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)
    assert first["is_delta"] is True
    assert first["chunk"]["content"] == ""
    change(root, "tolerance=0.03", "tolerance=3")
    assert run(["query", "reconcile ledger statement", *where, "--format", "markdown"]) == 0
    assert "```diff\n--- a/ledger.py" in capsys.readouterr().out
    assert run(["query", "reconcile ledger statement", *where, "--fresh"]) == 0
    assert "entry_3" in capsys.readouterr().out
    assert run(["query", "x", "--project", str(root), "--fresh"]) == 2
