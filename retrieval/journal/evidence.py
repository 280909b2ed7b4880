"""Gather what a journal knows about a question: candidate memories, and every fact that a signal reads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ...storage.analysis import Searchable, analyse
from ...storage.errors import JournalError
from ...storage.journal import MemoryDB
from ...storage.memory import Memory
from .words import JournalQuestion, inflections, plain_words, spans_of, weigh

__all__ = ["JournalCorpus", "JournalEvidence", "MemoryCandidate", "gather", "shown_content"]

BY_TEXT = 96
BY_CONCEPT = 12
BY_SPAN = 24
LINKED = 16  # of the best by text, so many are asked for the layers that belong to them
POSTINGS = 250_000  # words more common than that, together, only weigh what rarer ones found
READ_CHARACTERS = 100_000


class MemoryCandidate(NamedTuple):
    """A memory that may answer; ``doc`` is its place in the log, each is a file of its own, and ``tokens`` a
    rough guess.
    """

    doc: int
    file_id: int
    tokens: int
    memory: Memory


class JournalCorpus(NamedTuple):
    """What signals know of the whole journal."""

    memories: int
    mean_length: float
    now: datetime


@dataclass(slots=True)
class JournalEvidence:
    """All that signals read; maps are by candidate (``doc``), counts by place of a word in the question."""

    question: JournalQuestion
    corpus: JournalCorpus
    candidates: list[MemoryCandidate]
    counts: dict[int, dict[int, float]]
    """How often each word of the question occurs anywhere in the memory; a variant counts for less."""
    lengths: dict[int, int]
    norms: dict[int, float]
    """Euclidean length of 1 + ln(count) over the memory's words."""
    concepts: dict[int, frozenset[str]]
    tags: dict[int, tuple[frozenset[str], ...]]
    links: dict[int, set[int]]
    """Candidates that a candidate revisits, or that revisit it."""


def shown_content(memory: Memory) -> str:
    """The words of a memory; what is embedded as a data URL is named, not shown."""
    if memory.content.startswith("data:"):
        return memory.content.partition(";")[0].removeprefix("data:") or "data"
    return memory.content


def gather(db: MemoryDB, text: str, now: datetime, filters: dict[str, Any]) -> JournalEvidence:
    """Find candidates: the best by words, the newest of a concept or span of time that the question names,
    and the layers of the best.
    """
    wanted = plain_words(text)
    forms = {word: inflections(word) for word in wanted}
    every = {form for variants in forms.values() for form in variants}
    known = db.word_statistics(every)
    counts = known.frequencies
    if known.memories < db.count():  # of a log that is not indexed yet, any form may occur
        counts = {form: max(1, counts.get(form, 0)) for form in every}
    question = JournalQuestion(tuple(weigh(forms, db.count(), counts)), spans_of(text, now))
    corpus = JournalCorpus(db.count(), known.average_length or 1.0, now)
    refs: dict[int, None] = {}
    best: list[int] = []
    if question.words:
        asked: list[str] = []
        spent = 0
        for word in question.words:
            spent += sum(counts[form] for form in word.variants)
            if asked and spent > POSTINGS:
                break
            asked += word.variants
        best = list(db.search_refs(" OR ".join(asked), **filters, limit=BY_TEXT))
        refs.update(dict.fromkeys(best))
    if filters["concept"] is None:
        for concept in _named_concepts(db, question):
            chosen = {**filters, "concept": concept}
            refs.update(dict.fromkeys(db.listing(**chosen, limit=BY_CONCEPT).refs))
    for span in question.spans:
        since = max(filter(None, (filters["since"], span.start)))
        until = min(filter(None, (filters["until"], span.end)))
        if since <= until:
            chosen = {**filters, "since": since, "until": until}
            refs.update(dict.fromkeys(db.listing(**chosen, limit=BY_SPAN).refs))
    found: dict[str, tuple[int, Memory]] = {}
    for ref in refs:
        with suppress(JournalError):  # an append that failed was taken back meanwhile
            memory = db.read(ref)
            found.setdefault(memory.memory_id, (ref, memory))
    if all(value is None for value in filters.values()):
        _add_layers(db, found, best[:LINKED])
    return _evidence(question, corpus, found)


def _named_concepts(db: MemoryDB, question: JournalQuestion) -> list[str]:
    forms = {form for word in question.words for form in word.variants}
    if not forms:
        return []
    named = []
    for concept in db.concepts():
        words = analyse(concept).split()
        if words and all(word in forms for word in words):
            named.append(concept)
    return named[:4]


def _add_layers(db: MemoryDB, found: dict[str, tuple[int, Memory]], best: Iterable[int]) -> None:
    at = dict(found.values())
    extra = -1  # layers are known by id alone: places before the log's beginning keep them apart
    for ref in best:
        memory = at.get(ref)
        if memory is None:
            continue
        near = list(db.revisited_by(memory.memory_id))
        if memory.revisits:
            with suppress(JournalError):
                near.append(db.get(memory.revisits))
        for layer in near:
            if layer.memory_id not in found:
                found[layer.memory_id] = (extra, layer)
                extra -= 1


def _evidence(
    question: JournalQuestion, corpus: JournalCorpus, found: dict[str, tuple[int, Memory]]
) -> JournalEvidence:
    places: dict[str, list[tuple[int, float]]] = {}
    for number, word in enumerate(question.words):
        for form, worth in word.variants.items():
            places.setdefault(form, []).append((number, worth))
    evidence = JournalEvidence(question, corpus, [], {}, {}, {}, {}, {}, {})
    doc_of = {memory_id: doc for memory_id, (doc, _) in found.items()}
    for doc, memory in sorted(found.values(), key=lambda item: item[1].memory_id):
        shown = shown_content(memory)
        parts = Searchable.of(memory)._replace(content=shown[:READ_CHARACTERS]).parts()
        words = [word for part in parts for word in part.split()]
        every = Counter(words)
        counts: dict[int, float] = {}
        for form in places.keys() & every.keys():
            for number, worth in places[form]:
                counts[number] = counts.get(number, 0.0) + worth * every[form]
        evidence.candidates.append(MemoryCandidate(doc, doc, len(shown) // 4 + 1, memory))
        evidence.counts[doc] = counts
        evidence.lengths[doc] = len(words)
        evidence.norms[doc] = sum(_dampened(count) ** 2 for count in every.values()) ** 0.5
        evidence.concepts[doc] = frozenset(analyse(memory.concept).split())
        evidence.tags[doc] = tuple(frozenset(analyse(tag).split()) for tag in memory.tags)
        if memory.revisits in doc_of:
            other = doc_of[memory.revisits]
            evidence.links.setdefault(doc, set()).add(other)
            evidence.links.setdefault(other, set()).add(doc)
    return evidence


def _dampened(count: float) -> float:
    return 1 + math.log(count) if count >= 1 else count
