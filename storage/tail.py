"""Full text over memories that no index on disk holds yet: matched word by word, scored by BM25.

Knows the analysed form of :mod:`~mnemo.storage.analysis` and nothing of disks. BM25 is that of
Robertson and Zaragoza, *The Probabilistic Relevance Framework* (2009), with the constants and the
coarse document lengths of Lucene and tantivy, so that a memory has the same score in the tail
and, later, in the index.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .analysis import Clause, Query, Searchable
    from .index import Selection

__all__ = [
    "OPEN_ENDED_SCORE",
    "Corpus",
    "Document",
    "Entry",
    "Scored",
    "Tail",
    "entry_of",
    "idf",
    "rank_of",
    "unranked",
    "words_of",
]

OPEN_ENDED_SCORE: Final = 1.0
"""What a clause with a prefix adds to a score; the words that it stands for are not weighed."""

_K1: Final = 1.2
_B: Final = 0.75


class Document(NamedTuple):
    """A memory and where it stands.

    ``ref`` is its frame's first byte in the log and ``end`` the one after its last; ``us`` is its
    time in microseconds since 1970 UTC.
    """

    ref: int
    end: int
    memory: Searchable
    us: int


class Entry(NamedTuple):
    """What a search needs to know of one memory; ``text`` has one space around every word."""

    ref: int
    end: int
    us: int
    concept: str
    feeling: str
    tags: Sequence[str]
    text: str
    length: int


class Scored(NamedTuple):
    """A memory that matches; greater is better, and of equally good ones newer is greater."""

    rank: float
    us: int
    ref: int
    score: float


class Corpus(NamedTuple):
    """What BM25 knows of the whole: memories, average length in words, memories that have each word."""

    memories: int
    average_length: float
    frequencies: dict[str, int]


def rank_of(score: float) -> float:
    """A score as ranks compare it: the last bits of a sum depend on where it was computed."""
    return round(score, 4)


def entry_of(document: Document) -> Entry:
    """Analyse a memory."""
    memory = document.memory
    parts = [part.split() for part in memory.parts()]
    return Entry(
        document.ref,
        document.end,
        document.us,
        memory.concept,
        memory.feeling,
        memory.tags,
        " " + " \n ".join([" ".join(words) for words in parts]) + " ",
        sum(map(len, parts)),
    )


def words_of(query: Query) -> set[str]:
    """The words of a query whose frequencies its scores depend on."""
    return {word for clauses in query for clause in clauses if not clause.open_ended for word in clause.words}


def unranked(query: Query) -> bool:
    """Whether a query has prefixes only: all that matches is equally good, and so newest first."""
    return all(clause.open_ended for clauses in query for clause in clauses)


def idf(frequency: int, memories: int) -> float:
    """Inverse document frequency: what a word that ``frequency`` of ``memories`` have is worth."""
    return math.log(1 + (memories - frequency + 0.5) / (frequency + 0.5))


class Tail:
    """What a query matches in a run of memories, before it is known how common its words are.

    Feed it entries by :meth:`take`, in any portions; then :meth:`scored` weighs what matched.
    """

    def __init__(self, query: Query, wanted: Selection) -> None:
        self.memories = 0
        self.words = 0
        self.frequencies = dict.fromkeys(words_of(query), 0)
        self._wanted = wanted
        self._unranked = unranked(query)
        self._clauses = list(dict.fromkeys(clause for clauses in query for clause in clauses))
        places = {clause: place for place, clause in enumerate(self._clauses)}
        self._groups = [[places[clause] for clause in clauses] for clauses in query]
        # In columns: where nothing is indexed yet, a common word matches most of a million memories.
        self._times, self._refs, self._lengths = array("q"), array("q"), array("q")
        self._counts = [array("q") for _ in self._clauses]

    def take(self, entries: Sequence[Entry]) -> None:
        """Look through some more memories."""
        self.memories += len(entries)
        self.words += sum([entry.length for entry in entries])
        having: dict[str, list[Entry]] = {}
        needles = [_needle(clause) for clause in self._clauses]
        for needle in {*needles, *(f" {word} " for word in self.frequencies)}:
            having[needle] = [entry for entry in entries if needle in entry.text]
        for word in self.frequencies:
            self.frequencies[word] += len(having[f" {word} "])
        found: dict[int, Entry] = {}
        for first, *others in self._groups:
            rest = having[needles[first]]
            for place in others:
                rest = [entry for entry in rest if needles[place] in entry.text]
            found.update([(entry.ref, entry) for entry in rest])
        for entry in found.values():
            if _passes(entry, self._wanted):
                self._times.append(entry.us)
                self._refs.append(entry.ref)
                self._lengths.append(entry.length)
                for counts, needle in zip(self._counts, needles, strict=True):
                    counts.append(_occurrences(entry.text, needle))

    def scored(self, corpus: Corpus) -> Iterator[Scored]:
        """Give every match with its score among all memories, in no order."""
        if self._unranked:
            flat = repeat(OPEN_ENDED_SCORE)
            return map(Scored, flat, self._times, self._refs, flat)
        average = corpus.average_length or 1
        norms = {length: _K1 * (1 - _B + _B * _coarse(length) / average) for length in set(self._lengths)}
        weights = [_weight(clause, corpus) for clause in self._clauses]
        worth = [
            [
                weight if clause.open_ended else weight * count / (count + norms[length])
                for count, length in zip(counts, self._lengths, strict=True)
            ]
            for clause, weight, counts in zip(self._clauses, weights, self._counts, strict=True)
        ]
        scores = list(self._sums(worth))
        return map(Scored, map(rank_of, scores), self._times, self._refs, scores)

    def _sums(self, worth: list[list[float]]) -> Iterator[float]:
        """Add up what the clauses are worth, for each match over the alternatives that it has."""
        if len(self._groups) == 1:
            return map(sum, zip(*worth, strict=True))
        return (
            sum(
                [
                    worth[place][match]
                    for group in self._groups
                    if all(self._counts[place][match] for place in group)
                    for place in group
                ]
            )
            for match in range(len(self._refs))
        )


def _weight(clause: Clause, corpus: Corpus) -> float:
    if clause.open_ended:
        return OPEN_ENDED_SCORE
    return (_K1 + 1) * sum(idf(corpus.frequencies[word], corpus.memories) for word in clause.words)


def _needle(clause: Clause) -> str:
    return f" {' '.join(clause.words)}{'' if clause.open_ended else ' '}"


def _occurrences(text: str, needle: str) -> int:
    count, at = 0, text.find(needle)
    # Two that overlap are two: the search goes on behind the first word.
    step = needle.find(" ", 1)
    while at >= 0:
        count += 1
        if step < 0:
            break
        at = text.find(needle, at + step)
    return count


def _passes(entry: Entry, wanted: Selection) -> bool:
    return (
        (wanted.concepts is None or entry.concept in wanted.concepts)
        and (wanted.feelings is None or entry.feeling in wanted.feelings)
        and (wanted.tags is None or not wanted.tags.isdisjoint(entry.tags))
        and (wanted.since is None or entry.us >= wanted.since)
        and (wanted.until is None or entry.us <= wanted.until)
    )


def _lengths() -> list[int]:
    """The lengths that fit in a byte: exact to 40, then in steps of an eighth of the power of two."""
    lengths = list(range(24))
    for code in range(256 - 24):
        shift, low = (code >> 3) - 1, code & 7
        lengths.append(24 + (low if shift < 0 else (low | 8) << shift))
    return lengths


_LENGTHS: Final = _lengths()


def _coarse(length: int) -> int:
    return _LENGTHS[bisect_right(_LENGTHS, length) - 1]
