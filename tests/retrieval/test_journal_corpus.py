"""Questions to a real journal, by the stages that answer from code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mnemo.cli.app import run
from mnemo.retrieval.journal import query_journal
from mnemo.retrieval.journal.formats import document
from mnemo.retrieval.journal.query import excerpt
from mnemo.retrieval.journal.words import inflections, spans_of
from mnemo.retrieval.tokens import count_tokens, exact_counter
from mnemo.storage.journal import MemoryDB

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
MEMORIES = [
    ("Sea", "joy", "Swam out to the buoy with my brother before breakfast.", ["summer"], 700),
    ("Sea", "serenity", "The harbour was grey and nobody walked there.", [], 30),
    ("Garden", "pride", "Nonna planted three fig trees and told me to wait.", ["nonna", "figs"], 400),
    ("Garden", "joy", "The first fig is ripe; I ate it standing up.", ["figs"], 10),
    ("Work", "anxiety", "The deadline moved again. I could not sleep.", ["deadline"], 90),
    ("Work", "pride", "Shipped the release. Everyone was walking on air.", [], 5),
    ("Libri", "curiosity", "Ho letto due libri in treno.", [], 200),
    ("日記", "serenity", "今日は雨、京都の庭。", [], 50),
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[MemoryDB]:
    with MemoryDB(tmp_path / "j.mnheme", fsync_policy="never") as db:
        for concept, feeling, content, tags, days in MEMORIES:
            db.remember(concept, feeling, content, tags=tags, at=NOW - timedelta(days=days))
        yield db


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("when did I swim with my brother?", "Swam out"),
        ("figs ripening", "The first fig is ripe"),
        ("who walks by the harbour?", "The harbour"),
        ("un libro letto in treno", "Ho letto"),
        ("京都", "今日は雨"),
        ("deadlines at work", "The deadline"),
    ],
)
def test_the_best_memory_comes_first(journal: MemoryDB, question: str, begins: str) -> None:
    answer = query_journal(journal, question, budget=500, now=NOW)
    assert answer[0].chunk.content.startswith(begins)
    assert answer[0].scores["final"] == 1.0


def test_equal_words_are_settled_by_age_and_a_named_time_outweighs_it(journal: MemoryDB) -> None:
    for year in (2012, 2020, 2024):
        journal.remember("Lake", "joy", "We skated on the lake.", at=datetime(year, 1, 5, tzinfo=UTC))
    plain = query_journal(journal, "skated on the lake", budget=500, now=NOW)
    assert [result.memory.time.year for result in plain] == [2024]  # equal words come once
    named = query_journal(journal, "skated on the lake in January 2012", budget=500, now=NOW)
    assert named[0].memory.time.year == 2012


def test_a_named_time_alone_finds_what_was_written_then(journal: MemoryDB) -> None:
    answer = query_journal(journal, "yesterday?", budget=500, now=NOW - timedelta(days=4))
    assert [result.chunk.content[:7] for result in answer] == ["Shipped"]


def test_layers_come_with_what_they_revisit(journal: MemoryDB) -> None:
    older = journal.recall("Garden", oldest_first=True)[0]
    layer = journal.remember("Later", "nostalgia", "She was right to wait.", revisits=older.memory_id, at=NOW)
    answer = query_journal(journal, "planted three trees", budget=500, now=NOW)
    found = {result.memory.memory_id: result for result in answer}
    assert found[layer.memory_id].scores["links"] == 1.0
    assert answer[0].memory.memory_id == older.memory_id


def test_filters_narrow(journal: MemoryDB) -> None:
    answer = query_journal(journal, "walking figs deadline", budget=500, now=NOW, feelings=["pride"])
    assert {str(result.memory.feeling) for result in answer} == {"pride"}
    assert not query_journal(journal, "figs", budget=500, now=NOW, concept="Sea")
    assert len(query_journal(journal, "figs", budget=500, now=NOW, limit=1)) == 1


@pytest.mark.parametrize("output", ["json", "plain", "markdown", "xml"])
def test_the_budget_is_never_passed(journal: MemoryDB, output: str) -> None:
    journal.remember("Essay", "curiosity", "The sea is far. I walk to it. " * 400, at=NOW)
    count = exact_counter() or count_tokens
    for budget in (5, 40, 90, 200, 1000):
        for question in ("sea", "walk to the harbour, brother", "figs " * 500):
            answer = query_journal(journal, question, budget=budget, now=NOW, output=output)  # type: ignore[arg-type]
            if output == "json":
                assert sum(count(result.chunk.content) for result in answer) <= budget
            elif answer:
                assert count(document(output, question, budget, answer)) == answer.used <= budget  # type: ignore[arg-type]


def test_a_large_memory_comes_as_what_answers_in_it(journal: MemoryDB) -> None:
    filler = "Nothing of note happened in the afternoon. "
    journal.remember("Essay", "curiosity", filler * 90 + "The kite broke its string. " + filler * 90, at=NOW)
    (best, *_) = query_journal(journal, "kite string", budget=300, now=NOW)
    assert best.chunk.compressed
    assert "The kite broke its string." in best.chunk.content
    assert best.tokens <= 120 < best.chunk.original_tokens
    assert best.chunk.content.startswith("[…]")
    assert best.chunk.content.endswith("[…]")


def test_an_excerpt_of_one_endless_sentence_is_cut() -> None:
    text = excerpt("word " * 5000, {"word": 1.0}, 50)
    assert text.endswith(" […]")
    assert count_tokens(text, "unknown") <= 50


def test_embedded_data_is_named_and_not_shown(journal: MemoryDB) -> None:
    journal.remember("Cat", "joy", "data:image/png;base64," + "A" * 9000, note="The cat asleep.", at=NOW)
    (best, *_) = query_journal(journal, "sleeping cat", budget=500, now=NOW)
    assert best.chunk.content == "image/png"


def test_what_asks_for_nothing_finds_nothing(journal: MemoryDB) -> None:
    for question in ("???", "xylophone", "x" * 5000):
        assert not query_journal(journal, question, budget=500, now=NOW)


def test_equal_questions_have_equal_answers(journal: MemoryDB) -> None:
    once = query_journal(journal, "walking figs at sea", budget=500, now=NOW)
    assert list(once) == list(query_journal(journal, "walking figs at sea", budget=500, now=NOW))


def test_inflections_share_a_stem_a_verb_or_a_last_vowel() -> None:
    assert {"walk", "walks", "walked", "walking"} <= inflections("walked").keys()
    assert "running" in inflections("run") or "running" in inflections("runs")
    assert "libri" in inflections("libro")
    assert "left" in inflections("leave")
    assert "swim" in inflections("swam")
    assert inflections("sea") == {"sea": 1.0}


def test_spans_of_time_are_read_from_a_question() -> None:
    days = [
        (span.start.date().isoformat(), span.end.date().isoformat())
        for span in spans_of("in May 2019, on 2020-02-03 and 3 days ago", NOW)
    ]
    assert days[0] == ("2019-05-01", "2019-05-31")
    assert days[1] == ("2020-02-03", "2020-02-03")
    assert days[2] == ("2025-05-29", "2025-05-29")
    assert not spans_of("the 400 steps at 5", NOW)


def test_the_command_needs_no_project_and_writes_into_none(
    journal: MemoryDB, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    where = ["--journal", str(journal.path)]
    assert run(["query", "ripe figs", "--corpus", "journal", "--json", *where]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)
    assert first["memory"]["concept"] == "Garden"
    assert set(first["chunk"]) == {"id", "content", "tokens", "compressed", "original_tokens", "hash"}
    assert {"bm25", "concept", "rrf", "density", "final"} <= first["scores"].keys()
    assert (first["is_delta"], first["delta_text"], first["is_stale"]) == (False, None, False)
    assert "file_path" not in first
    assert run(["query", "ripe figs", "--corpus", "journal", "--format", "xml", "--explain", *where]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("<context ")
    assert "gather" in shown.err
    assert run(["query", "xylophone", "--corpus", "journal", "--fail-empty", *where]) == 3
    assert run(["query", "figs", "--corpus", "journal", "--lang", "python", *where]) == 2
    assert run(["query", "figs", "--concept", "Sea", *where]) == 2
    assert not list(empty.iterdir())


def test_statistics_and_answers_are_the_same_indexed_or_not(journal: MemoryDB) -> None:
    before = journal.word_statistics(["fig", "figs", "harbour", "nobody", "xylophone"])
    assert before.memories == len(MEMORIES)
    assert before.frequencies == {"fig": 2, "figs": 2, "harbour": 1, "nobody": 1, "xylophone": 0}
    answer = query_journal(journal, "walking figs at the harbour", budget=500, now=NOW)
    journal.index_text()
    after = journal.word_statistics(["fig", "figs", "harbour", "nobody", "xylophone"])
    assert (after.memories, after.frequencies) == (before.memories, before.frequencies)
    assert after.average_length == pytest.approx(before.average_length, abs=0.1)
    again = query_journal(journal, "walking figs at the harbour", budget=500, now=NOW)
    assert [each.memory for each in again] == [each.memory for each in answer]
    journal.remember("Harbour", "joy", "Figs sold at the harbour.", at=NOW)
    both = journal.word_statistics(["harbour"])
    assert (both.memories, both.frequencies) == (len(MEMORIES) + 1, {"harbour": 2})
    newest = query_journal(journal, "figs at the harbour", budget=500, now=NOW)
    assert newest[0].memory.concept == "Harbour"


def test_a_long_log_that_is_not_indexed_answers_as_well(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "long.mnheme", fsync_policy="never") as db:
        db.remember_many(
            {"concept": "Days", "feeling": "boredom", "content": f"Nothing on day {number}.", "at": NOW}
            for number in range(5000)
        )
        db.remember("Kites", "joy", "The kites were planted in the sky.", at=NOW)
        (best, *_) = query_journal(db, "planting a kite", budget=300, now=NOW)
        assert best.memory.concept == "Kites"
