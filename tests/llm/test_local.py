"""The perceiver without a model: what shifts a feeling, and what a journal teaches it."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

import pytest
from mnemo.llm.local import Perceiver
from mnemo.storage import Feeling, MemoryDB

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def bare() -> Perceiver:
    return Perceiver()


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("I am happy", Feeling.JOY),
        ("Sono felicissima", Feeling.JOY),
        ("She was furious with me", Feeling.ANGER),
        ("I'm not worried any more", Feeling.SERENITY),
        ("Non sono preoccupato", Feeling.SERENITY),
        ("I'm not proud of it", Feeling.SHAME),
        ("It was a happy day, but I am terrified", Feeling.FEAR),
        ("Era una bella festa, però mi sono annoiato", Feeling.BOREDOM),
        ("Although I was scared, I laughed", Feeling.JOY),
        ("Over the moon", Feeling.JOY),
        ("Sono caduto dalle nuvole", Feeling.SURPRISE),
        ("Tuesday 🥱", Feeling.BOREDOM),
        ("I opened the letter from the bank. My hands were shaking.", Feeling.FEAR),
    ],
)
def test_what_the_words_say(bare: Perceiver, text: str, feeling: Feeling) -> None:
    assert bare.perceive(text).extracted_feeling is feeling


def test_an_intensifier_makes_surer_and_a_diminisher_less_sure(bare: Perceiver) -> None:
    slightly, plainly, very = (
        bare.perceive(text).score for text in ("I am a bit sad", "I am sad", "I am very sad")
    )
    assert slightly < plainly < very


def test_all_fifteen_are_ranked_and_make_one(bare: Perceiver) -> None:
    found = bare.perceive("Grazie di tutto, davvero")
    scores = [found.score, *(other.score for other in found.alternatives)]
    assert {found.extracted_feeling, *(other.feeling for other in found.alternatives)} == set(Feeling)
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1)


@pytest.mark.parametrize(
    "text", ["", "   ", "12345", "\x1b[2J\x00", "字" * 50_000, "a" * 100_000, "?!" * 5_000]
)
def test_any_text_has_an_answer_and_keeps_its_words(bare: Perceiver, text: str) -> None:
    found = bare.perceive(text)
    assert found.content == text
    assert found.extracted_concept
    assert found.provider == "local"


def test_without_a_journal_the_topic_is_the_concept_in_the_texts_language(bare: Perceiver) -> None:
    found = bare.perceive("The bank wrote about the overdraft again")
    assert (found.extracted_concept, found.extracted_tags) == ("Money", ("bank", "overdraft"))
    assert bare.perceive("La banca ha scritto ancora del mutuo che ho con loro").extracted_concept == "Soldi"


def test_the_journals_own_concepts_and_tags_are_reused(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme", fsync_policy="never") as db:
        for number in range(8):
            db.remember("Debt", "anxiety", f"The overdraft again, number {number}", tags=["bank", "sums"])
            db.remember("Zia Pina", "joy", f"Zia Pina sang in the yard {number}", tags=["yard"])
        perceiver = Perceiver(db)
        by_topic = perceiver.perceive("I cannot pay the mortgage")
        assert by_topic.extracted_concept == "Debt"
        by_name = perceiver.perceive("Phoned zia Pina about Sunday")
        assert by_name.extracted_concept == "Zia Pina"
        by_words = perceiver.perceive("The overdraft, again")
        assert by_words.extracted_tags[:2] == ("bank", "sums")
        assert perceiver.perceive("The violin needs new strings").extracted_concept == "Music"


def test_the_journal_teaches_which_feeling_goes_with_its_words(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme", fsync_policy="never") as db:
        perceiver = Perceiver(db)
        before = perceiver.perceive("Conegliano rang")
        for number in range(40):
            db.remember("Debt", "shame", f"Conegliano rang, the {number}th time")
            db.remember("Garden", "serenity", f"Hoed row {number}")
        after = perceiver.perceive("Conegliano rang")
        assert after.extracted_feeling is Feeling.SHAME
        assert after.score > 2 * next(
            score for feeling, score in ((before.extracted_feeling, before.score), *before.alternatives)
            if feeling is Feeling.SHAME
        )  # fmt: skip


def test_a_long_text_has_its_most_telling_sentence_as_note(bare: Perceiver) -> None:
    filler = "We took the train at nine and the other one at ten. " * 6
    found = bare.perceive(f"{filler}I have never been so ashamed. {filler}")
    assert found.note == "I have never been so ashamed."
    assert bare.perceive("I have never been so ashamed.").note == ""


def test_the_development_sentences_are_mostly_understood(bare: Perceiver) -> None:
    lines = (DATA / "development.tsv").read_text(encoding="utf-8").splitlines()[1:]
    right = sum(
        bare.perceive(text).extracted_feeling == feeling
        for feeling, _, text in (line.split("\t") for line in lines)
    )
    assert right / len(lines) >= 0.85


def test_the_sets_are_balanced_and_apart() -> None:
    parts = []
    for name, each in (("development", 8), ("kept_aside", 4)):
        lines = [line.split("\t") for line in (DATA / f"{name}.tsv").read_text("utf-8").splitlines()[1:]]
        for feeling in Feeling:
            for language in ("en", "it"):
                assert sum(line[:2] == [feeling, language] for line in lines) == each
        parts.append({line[2] for line in lines})
    assert not parts[0] & parts[1]


def test_perceiving_loads_nothing_heavy() -> None:
    code = (
        "import sys; from mnemo.llm.local import Perceiver\n"
        "Perceiver().perceive('hello'); print(*sys.modules)"
    )
    loaded = run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert not {"textual", "rich", "typer", "httpx", "msgspec", "tantivy"} & set(loaded.stdout.split())
