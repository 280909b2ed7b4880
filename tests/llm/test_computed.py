"""Answers without a model, over the demo journal and small ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mnemo.llm.answers import Answer, Confidence
from mnemo.llm.brain import Brain
from mnemo.llm.computed import dream, introspect, reflect
from mnemo.storage import Feeling, MemoryDB
from mnemo.tui.demo import write_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryDB]:
    with MemoryDB(tmp_path_factory.mktemp("demo") / "demo.mnheme", fsync_policy="never") as db:
        write_demo(db)
        yield db


@pytest.fixture
def db(tmp_path: Path) -> Iterator[MemoryDB]:
    with MemoryDB(tmp_path / "j.mnheme", fsync_policy="never") as journal:
        yield journal


def fill(db: MemoryDB, concept: str, feelings: list[Feeling], start: str = "2024-01-01") -> None:
    first = datetime.fromisoformat(start).replace(tzinfo=UTC, hour=12)
    db.remember_many(
        {
            "concept": concept,
            "feeling": feeling,
            "content": f"{concept} and {feeling} {number}",
            "at": first + timedelta(days=number),
        }
        for number, feeling in enumerate(feelings)
    )


# -- ask


def ask(db: MemoryDB, question: str) -> Answer:
    return Brain(db, language="en").ask(question)


@pytest.mark.parametrize("question", ["How do I feel about money?", "Come mi sento con i soldi?"])
def test_money_reaches_debt(demo: MemoryDB, question: str) -> None:
    found = ask(demo, question)
    assert sum(memory.concept == "Debt" for memory in found.memories_used) >= len(found.memories_used) / 2
    assert "Debt" in found.text
    assert found.cited == {memory.memory_id for memory in found.memories_used}
    assert all(f"[{memory.memory_id[:8]}]" in found.text for memory in found.memories_used)


def test_money_reaches_debt_where_no_memory_has_the_word(db: MemoryDB) -> None:
    fill(db, "Debt", [Feeling.ANXIETY] * 4)
    fill(db, "Violin", [Feeling.JOY] * 4)
    found = ask(db, "How do I feel about money?")
    assert {memory.concept for memory in found.memories_used} == {"Debt"}
    assert found.confidence is Confidence.MEDIUM
    assert "come near it: Debt" in found.text


def test_a_feeling_that_is_asked_for_is_found_as_a_feeling(demo: MemoryDB) -> None:
    assert {memory.feeling for memory in ask(demo, "When was I happiest?").memories_used} == {Feeling.JOY}
    with_father = ask(demo, "What am I ashamed of with my father?").memories_used
    assert with_father[0].concept == "Father"
    assert with_father[0].feeling == Feeling.SHAME


def test_words_and_names_are_found_first(demo: MemoryDB) -> None:
    found = ask(demo, "What did Walter grow?")
    assert all("Walter" in memory.content for memory in found.memories_used[:5])
    assert found.confidence is Confidence.HIGH


def test_a_year_that_is_named_bounds_the_answer(demo: MemoryDB) -> None:
    found = ask(demo, "What happened with the garden in 2021?")
    assert {memory.local_time.year for memory in found.memories_used} == {2021}


@pytest.mark.parametrize("question", ["quantum chromodynamics", "", "?!", "the of and", '"', "* OR *"])
def test_it_says_when_nothing_is_held(demo: MemoryDB, question: str) -> None:
    found = ask(demo, question)
    assert (found.memories_used, found.confidence) == ((), Confidence.NONE)
    assert found.text == "The journal holds nothing on that."


def test_an_empty_journal_says_so(db: MemoryDB) -> None:
    assert ask(db, "How do I feel about money?").text == "The journal is empty."


# -- reflect


def test_a_turn_is_told_with_its_day(db: MemoryDB) -> None:
    fill(db, "Debt", [Feeling.ANXIETY] * 12 + [Feeling.SERENITY] * 12)
    found = reflect(db, "Debt")
    assert found.arc == "from anxiety to serenity"
    assert found.text.splitlines()[:5] == [
        "Debt: 24 memories, from 1 January 2024 to 24 January 2024.",
        "Most often anxiety (12) and serenity (12).",
        "It begins with anxiety.",
        "From 13 January 2024 it is lighter: serenity.",
        "The longest run is 12 times anxiety in a row.",
    ]
    assert [memory.feeling for memory in found.memories_used] == ["anxiety", "serenity"]
    assert found.as_json()["arc"] == found.arc


def test_there_and_back_names_what_lies_between(db: MemoryDB) -> None:
    fill(db, "Sea", [Feeling.JOY] * 15 + [Feeling.SADNESS] * 15 + [Feeling.JOY] * 15)
    assert reflect(db, "Sea").arc == "from joy through sadness to joy"


def test_reflections_are_told_in_italian_too(demo: MemoryDB) -> None:
    found = reflect(demo, "Father", language="it")
    assert found.text.startswith("Father: 43 ricordi, dal 6 gennaio 2019 al 24 novembre 2024.")
    assert found.arc.startswith("da ")


def test_what_is_unknown_is_no_arc(db: MemoryDB) -> None:
    assert reflect(db, "Debt").text == "The journal holds nothing about Debt."
    assert reflect(db, None).confidence is Confidence.NONE
    db.remember("Debt", "fear", "The letter")
    alone = reflect(db, "Debt")
    assert alone.arc == "fear, from beginning to end"
    assert alone.memories_used[0].content == "The letter"


# -- dream


def test_a_dream_is_repeatable_and_names_its_memories(demo: MemoryDB) -> None:
    one, again, other = (dream(demo, 5, seed=seed) for seed in (4, 4, 5))
    assert one.memories_used == again.memories_used != other.memories_used
    assert len(one.memories_used) == 5
    assert len(one.connections) == 4
    ids = {memory.memory_id for memory in one.memories_used}
    for link in one.connections:
        assert set(link.memory_ids) <= ids
        assert all(f"[{memory_id[:8]}]" in link.text for memory_id in link.memory_ids)


def test_a_dream_goes_far_in_time_and_feeling(demo: MemoryDB) -> None:
    found = [dream(demo, 5, seed=seed).memories_used for seed in range(10)]
    assert all((memories[-1].time - memories[0].time).days > 365 for memories in found)
    assert all(len({memory.feeling for memory in memories}) >= 3 for memories in found)


def test_a_rare_word_that_two_memories_share_is_the_link(db: MemoryDB) -> None:
    fill(db, "Sea", [Feeling.JOY] * 3)
    db.remember("Leeds", "fear", "A metronome fell", at=datetime(2020, 5, 5, tzinfo=UTC))
    db.remember("Trieste", "joy", "The metronome again", at=datetime(2025, 9, 9, tzinfo=UTC))
    links = dream(db, 5, seed=1).connections
    assert any("share metronome" in link.text for link in links)


def test_nobody_dreams_of_one_memory(db: MemoryDB) -> None:
    assert dream(db).memories_used == ()
    db.remember("Debt", "fear", "The letter")
    assert dream(db, 5, seed=1).text == "There are too few memories to dream of: two at least."


# -- introspect


def test_the_portrait_counts(demo: MemoryDB) -> None:
    found = introspect(demo)
    assert found.dominant_concepts["Father"] == 43 == max(found.dominant_concepts.values())
    assert sum(found.emotional_map.values()) == demo.count()
    assert found.patterns
    assert "Debt is pulled between shame and pride." in found.tensions
    assert any(line.startswith("Marta brings") for line in found.resources)


def test_the_last_months_are_held_against_what_was_before(db: MemoryDB) -> None:
    fill(db, "Sea", [Feeling.SADNESS] * 30)
    assert "lighter than" not in introspect(db).text
    fill(db, "Sea", [Feeling.JOY] * 30, start="2024-09-01")
    assert "The last three months are lighter than what was before." in introspect(db).text


def test_an_empty_journal_has_no_portrait(db: MemoryDB) -> None:
    assert introspect(db).as_json()["emotional_map"] == {}
