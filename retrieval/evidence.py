"""Gather what the index knows about a question: the candidate chunks, and every fact that a signal reads.

BM25 of all chunks at once gives the best by text; with the chunks of files whose paths answer, and those that
define a name of the question, they become candidates. Signals are then pure functions over an `Evidence`.
"""

import heapq
import math
import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby, repeat
from operator import mul
from typing import NamedTuple

from .analysis import WHOLE, stem
from .corpus import Candidate, Corpus, FileFacts, PathWords, word_match
from .irregular import BASES
from .postings import Postings, Scores, add_up, best
from .query_text import Query
from .usage.experience import Experience

__all__ = ["Candidate", "Corpus", "Evidence", "FileFacts", "Group", "gather", "same_place", "word_match"]

CHUNKS_BY_TEXT = 150
FILES_BY_PATH = 24
CHUNKS_BY_FILE = 4
BEST_FILES = 6
CHUNKS_OF_BEST = 40
COMMON = 400  # files that have a term in their path, from which on it only adds to what others found
CHUNKS_BY_NAME = 40
MAX_GROUPS = 48  # a pasted text is asked for by its rarest terms


class Group(NamedTuple):
    """One term of the question with the terms of the index that share its stem.

    ``exact`` and ``united`` hold documents with packed bytes (`analysis`); ``united`` has the summed term
    frequencies. ``idf`` is that of the united group (Robertson and Sparck Jones 1976, as in BM25); ``weight``
    is more than 1 where the question repeats it.
    """

    term: str
    idf: float
    weight: float
    exact: Postings
    united: Postings
    scores: Scores


class Evidence(NamedTuple):
    """All that signals read. A candidate's row is its place in ``candidates``, which go by file; a file's
    row its place in ``files``.
    """

    query: Query
    corpus: Corpus
    groups: list[Group]
    candidates: list[Candidate]
    docs: list[int]
    """By row, the candidate's document in the `Corpus`."""
    united: list[bytes]
    """By group and row: the packed byte of the candidate, of the terms that share the group's stem."""
    exact: list[bytes]
    """The same of the group's term alone."""
    files: dict[int, FileFacts]
    spans: list[tuple[int, int]]
    """By file row, its candidates' rows, from start to end."""
    owners: list[int]
    """By row, the file row of a candidate."""
    totals: "array[int]"
    """BM25 of every document, in ``unit``."""
    unit: float
    stem_hits: dict[int, dict[int, float]]
    """By file and group: how well a word of the file's stem matches (1, or 0.8 for a shared beginning)."""
    folder_hits: dict[int, dict[int, tuple[float, int]]]
    """By file and group: how well a word of a folder matches, and how far up the nearest one is."""
    definitions: dict[int, list[tuple[str, str, str]]]
    """By document: the names of the question that it defines, as (folded, as written, kind)."""
    definers: dict[str, int]
    """How many files define each name of the question."""
    uses: dict[int, dict[int, int]]
    """By file: the files that it uses or imports, with how often; empty where nobody looks at scores."""
    norms: list[float]
    """By row: the norm of the candidate's vector; empty where nobody looks at scores."""
    experience: Experience
    """What was learned from use."""
    vocabulary: frozenset[str] | None = None
    """The terms that the vector signal knows; None for all."""

    @property
    def total_idf(self) -> float:
        """The weight of the whole question."""
        return sum(group.idf for group in self.groups) or 1.0

    def join(self, file_id: int) -> int | None:
        """Make the first chunk of a file that has no candidates one, and give its row; None if it has no
        chunk.
        """
        for run in self.corpus.runs([file_id])[file_id]:
            for candidate in self.corpus.candidates([run.start]):
                row = len(self.candidates)
                self.candidates.append(candidate)
                self.docs.append(candidate.doc)
                self.owners.append(len(self.files))
                self.spans.append((row, row + 1))
                self.files.update(self.corpus.facts([file_id]))
                return row
        return None


def gather(
    connection: sqlite3.Connection,
    corpus: Corpus,
    query: Query,
    allowed: set[int] | None,
    joining: Iterable[int] = (),
    *,
    scores: bool = True,
) -> Evidence:
    """Find candidates and what is known of them, inside the caller's read transaction.

    ``allowed`` narrows to these files (``--path``, ``--lang``); None is all. ``joining`` are the public ids
    of chunks that are candidates whatever their words. Without ``scores`` nothing is read that only shown
    scores need.
    """
    groups = _groups(corpus, query)
    totals, unit = add_up([(group.scores, group.weight) for group in groups], corpus.size)
    path_words = {
        number: corpus.path_words(group.term) for number, group in enumerate(groups) if group.term[0] != WHOLE
    }
    definitions, definers = _definitions(corpus, query)
    if allowed is not None:
        totals = _only(corpus, totals, allowed)
    chosen = set(best(totals, CHUNKS_BY_TEXT))
    chosen.update(sorted(definitions, key=lambda doc: (-totals[doc], doc))[:CHUNKS_BY_NAME])
    chosen.update(_of_files(corpus, totals, _files_by_path(groups, path_words, allowed), CHUNKS_BY_FILE))
    best_files = _best_files(groups, corpus, totals, unit, chosen, path_words)
    chosen.update(_of_files(corpus, totals, best_files, CHUNKS_OF_BEST))
    chosen.update(_of_places(connection, corpus, query))
    for uid in joining:
        rows = connection.execute("SELECT id FROM chunks WHERE uid = ?", (uid,))
        chosen.update(doc for (chunk,) in rows if (doc := corpus.doc_of(chunk)) >= 0)
    candidates = corpus.candidates(chosen)
    if allowed is not None:
        candidates = [candidate for candidate in candidates if candidate.file_id in allowed]
    spans: list[tuple[int, int]] = []
    owners: list[int] = []
    for row, (_, some) in enumerate(groupby(candidate.file_id for candidate in candidates)):
        start = len(owners)
        owners.extend(repeat(row, sum(1 for _ in some)))
        spans.append((start, len(owners)))
    files = corpus.facts({candidate.file_id for candidate in candidates})
    stem_hits: dict[int, dict[int, float]] = {}
    folder_hits: dict[int, dict[int, tuple[float, int]]] = {}
    for number, words in path_words.items():
        for file_id in words.stems.keys() & files:
            stem_hits.setdefault(file_id, {})[number] = words.stems[file_id]
        for file_id in words.folders.keys() & files:
            folder_hits.setdefault(file_id, {})[number] = words.folders[file_id]
    docs = [candidate.doc for candidate in candidates]
    united = [group.united.at(docs) for group in groups]
    return Evidence(
        query,
        corpus,
        groups,
        candidates,
        docs,
        united,
        [
            here if group.exact is group.united else group.exact.at(docs)
            for group, here in zip(groups, united, strict=True)
        ],
        files,
        spans,
        owners,
        totals,
        unit,
        stem_hits,
        folder_hits,
        definitions,
        definers,
        corpus.uses(files) if scores else {},
        list(map(corpus.norms.__getitem__, docs)) if scores else [],
        Experience(),
    )


def _groups(corpus: Corpus, query: Query) -> list[Group]:
    roots: dict[str, str] = {}
    for term in query.terms:
        roots.setdefault(term if term[0] == WHOLE else stem(BASES.get(term, term)), term)
    for term in query.compounds:
        roots.setdefault(term, term)
    groups = [
        Group(
            roots[root],
            known.idf,
            1 + math.log(query.counts.get(roots[root], 1)),
            known.exact,
            known.united,
            known.scores,
        )
        for root, known in corpus.known(roots).items()
        if known.united.count or root not in query.compounds
    ]
    groups.sort(key=lambda group: (-group.idf, group.term))
    return groups[:MAX_GROUPS]


def _only(corpus: Corpus, totals: "array[int]", allowed: set[int]) -> "array[int]":
    """The scores of these files' chunks, 0 for all others."""
    return array("H", map(mul, totals, map(allowed.__contains__, corpus.file_ids)))


def _definitions(
    corpus: Corpus, query: Query
) -> tuple[dict[int, list[tuple[str, str, str]]], dict[str, int]]:
    found: dict[int, list[tuple[str, str, str]]] = {}
    definers: dict[str, int] = {}
    file_of = corpus.file_ids
    for name in sorted(query.names, key=lambda name: (-query.names[name], name))[:64]:
        rows = corpus.definitions(name)
        for doc, written, kind in rows:
            found.setdefault(doc, []).append((name, written, kind))
        if rows:
            definers[name] = len({file_of[doc] for doc, _, _ in rows})
    return found, definers


def _files_by_path(
    groups: list[Group], path_words: dict[int, PathWords], allowed: set[int] | None
) -> list[int]:
    """The files whose paths answer best, the terms that fewest paths hold taken first."""
    found: dict[int, float] = {}
    for number in sorted(path_words, key=lambda number: (len(path_words[number].shares), number)):
        shares, idf = path_words[number].shares, groups[number].idf
        if found and len(shares) > COMMON:
            for file_id in found.keys() & shares:
                found[file_id] += idf * shares[file_id]
        else:
            for file_id, share in shares.items():
                found[file_id] = found.get(file_id, 0.0) + idf * share
    if allowed is not None:
        found = {file_id: share for file_id, share in found.items() if file_id in allowed}
    best_first = heapq.nlargest(FILES_BY_PATH, found.items(), key=lambda item: (item[1], -item[0]))
    return [file_id for file_id, _ in best_first]


def _best_files(
    groups: list[Group],
    corpus: Corpus,
    totals: "array[int]",
    unit: float,
    docs: Iterable[int],
    path_words: dict[int, PathWords],
) -> list[int]:
    """The files that most likely answer, by their best chunk's text and the words of their names; of these
    more chunks are candidates, for what has to change often says nothing of the question itself.
    """
    found: dict[int, float] = {}
    for doc in docs:
        owner = corpus.file_ids[doc]
        found[owner] = max(totals[doc], found.get(owner, 0))
    top = max(found.values(), default=0) or 1
    total = sum(group.idf for group in groups) or 1.0
    named: dict[int, float] = dict.fromkeys(found, 0.0)
    for number, words in path_words.items():
        for file_id in named.keys() & words.stems.keys():
            named[file_id] += groups[number].idf * words.stems[file_id]
    for file_id, score in found.items():
        found[file_id] = score / top + named[file_id] / total
    return heapq.nlargest(BEST_FILES, found, key=lambda file_id: (found[file_id], -file_id))


def _of_files(corpus: Corpus, totals: "array[int]", files: list[int], most: int) -> Iterator[int]:
    """The chunks of each file that score best by text, and its first ones where few score."""
    for runs in corpus.runs(files).values():
        docs = [doc for run in runs for doc in range(run.start, run.stop)]
        docs.sort(key=totals.__getitem__, reverse=True)
        yield from docs[:most]


def _of_places(connection: sqlite3.Connection, corpus: Corpus, query: Query) -> set[int]:
    """Chunks at the places that the question names: around the line, or the beginning of the file."""
    found: set[int] = set()
    for place in query.places:
        name = place.path.rpartition("/")[2]
        rows = connection.execute(
            "SELECT id, path FROM files WHERE path IN (?, ?) OR path LIKE '%/' || ? LIMIT 200",
            (place.path, plain := name.replace("%", ""), plain),
        ).fetchall()
        for file_id, path in rows:
            if not same_place(place.path, path):
                continue
            found.update(
                corpus.doc_of(row[0])
                for row in connection.execute(
                    "SELECT id FROM chunks WHERE file_id = ? AND (? = 0 OR line_end >= ?)"
                    " ORDER BY line_start LIMIT 3",
                    (file_id, place.line, place.line),
                )
            )
    return found - {-1}


def same_place(written: str, path: str) -> bool:
    """Whether a path as written in a question may mean an indexed one: either ends with the other."""
    return path == written or path.endswith("/" + written) or written.endswith("/" + path)
