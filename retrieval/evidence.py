"""Gather what the index knows about a question: the candidate chunks, and every fact that a signal reads.

One pass over the posting lists of the question's terms scores all chunks; the best of them, the chunks of
files whose paths answer, and those that define a name of the question become candidates. Signals are then
pure functions over an `Evidence`.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .analysis import COMMENT_SHIFT, DEFINED, SIGNATURE, TF_MASK, WHOLE, parts_of, stem
from .fulltext import FullText
from .query_text import Query
from .usage.experience import Experience

__all__ = ["K1", "B", "Candidate", "Corpus", "Evidence", "FileFacts", "Group", "gather"]

K1 = 1.2
B = 0.5
CHUNKS_BY_TEXT = 400
FILES_BY_PATH = 40
CHUNKS_BY_FILE = 6
CHUNKS_BY_NAME = 120
MAX_GROUPS = 48  # a pasted text is asked for by its rarest terms
POSTINGS = 80_000  # from which on a common term only adds to chunks that a rarer one has found
VARIANTS = 12


class Candidate(NamedTuple):
    """A chunk that may answer. ``doc`` is its place in the `Corpus`."""

    doc: int
    chunk_id: int
    file_id: int
    uid: int
    content_id: int
    line_start: int
    line_end: int
    tokens: int
    type: str
    symbol: str | None
    signature: str | None


class FileFacts(NamedTuple):
    """What a signal reads of a file: ``stem`` and ``folders`` (nearest first) as words, uses of it by
    others."""

    path: str
    language: str | None
    lines: int
    note: str | None
    stem: tuple[str, ...]
    folders: tuple[tuple[str, ...], ...]
    references: int
    importers: int


class Group(NamedTuple):
    """One term of the question with the terms of the index that share its stem.

    ``exact`` and ``united`` map documents to packed bytes (`analysis`); ``united`` has the summed term
    frequencies. ``idf`` is that of the united group (Robertson and Sparck Jones 1976, as in BM25).
    """

    term: str
    idf: float
    weight: float
    exact: dict[int, int]
    united: dict[int, int]


class Corpus:
    """The documents of a `FullText` in one row of columns, and the posting lists already read."""

    def __init__(self, text: FullText) -> None:
        self.text = text
        self.chunk_ids: array[int] = array("I")
        self.file_ids: array[int] = array("I")
        self.lengths: array[int] = array("H")
        self.norms: array[float] = array("f")
        self._bases: dict[int, int] = {}
        for segment in text.segments:
            self._bases[segment.id] = len(self.chunk_ids)
            self.chunk_ids += segment.chunk_ids
            self.file_ids += segment.file_ids
            self.lengths += segment.lengths
            self.norms += segment.norms  # type: ignore[arg-type]
        self.documents = text.documents
        self.mean_length = text.mean_length or 1.0

    def doc_of(self, chunk_id: int) -> int:
        """The document of a chunk, -1 for none. Within a segment ids ascend."""
        from bisect import bisect_left  # noqa: PLC0415

        for segment in self.text.segments:
            place = bisect_left(segment.chunk_ids, chunk_id)
            if place < len(segment.chunk_ids) and segment.chunk_ids[place] == chunk_id:
                if place in segment.dead:
                    continue
                return self._bases[segment.id] + place
        return -1

    def postings(self, term: str) -> dict[int, int]:
        """Documents that hold ``term``, with the packed byte of each."""
        found: dict[int, int] = {}
        for match in self.text.matches(term):
            base = self._bases[match.segment.id]
            places: Iterable[int] = match.places
            if base:
                places = [base + place for place in match.places]
            if found:
                found.update(zip(places, match.packed, strict=True))
            else:
                found = dict(zip(places, match.packed, strict=True))
        return found


@dataclass(slots=True)
class Evidence:
    """All that signals read. Maps are by document (chunks) or by file id."""

    query: Query
    corpus: Corpus
    groups: list[Group]
    candidates: list[Candidate]
    files: dict[int, FileFacts]
    text_scores: dict[int, float]
    """BM25 of every chunk that holds a term, not of the candidates alone."""
    stem_hits: dict[int, dict[int, float]]
    """By file and group: how well a word of the file's stem matches (1, or 0.8 for a shared beginning)."""
    folder_hits: dict[int, dict[int, tuple[float, int]]]
    """By file and group: how well a word of a folder matches, and how far up the nearest one is."""
    definitions: dict[int, list[tuple[str, str, str]]]
    """By chunk id: the names of the question that it defines, as (folded, as written, kind)."""
    definers: dict[str, int]
    """How many files define each name of the question."""
    connected: dict[int, dict[int, int]] = field(default_factory=dict)
    """By file: candidate files that it uses or imports, with how often."""
    experience: Experience = field(default_factory=Experience)
    """What was learned from use."""

    @property
    def total_idf(self) -> float:
        """The weight of the whole question."""
        return sum(group.idf for group in self.groups) or 1.0


def gather(
    connection: sqlite3.Connection,
    corpus: Corpus,
    query: Query,
    allowed: set[int] | None,
    experience: Experience | None = None,
    joining: Iterable[int] = (),
) -> Evidence:
    """Find candidates and what is known of them, inside the caller's read transaction.

    ``allowed`` narrows to these files (``--path``, ``--lang``); None is all. ``joining`` are the public ids
    of chunks that are candidates whatever their words.
    """
    groups = _groups(corpus, query)
    scores = _score_all(corpus, groups)
    stem_hits, folder_hits = _path_hits(connection, groups)
    definitions, definers = _definitions(connection, query)
    file_of = corpus.file_ids
    if allowed is not None:
        scores = {doc: score for doc, score in scores.items() if file_of[doc] in allowed}
        stem_hits = {file: hits for file, hits in stem_hits.items() if file in allowed}
        folder_hits = {file: hits for file, hits in folder_hits.items() if file in allowed}
    wanted = heapq.nlargest(CHUNKS_BY_TEXT, scores.items(), key=lambda item: (item[1], -item[0]))
    chunk_ids = {corpus.chunk_ids[doc] for doc, _ in wanted}
    chunk_ids.update(sorted(definitions)[:CHUNKS_BY_NAME])
    chunk_ids.update(
        _of_files(connection, corpus, scores, _files_by_path(groups, stem_hits, folder_hits, query))
    )
    chunk_ids.update(_of_places(connection, query))
    for uid in joining:
        chunk_ids.update(row[0] for row in connection.execute("SELECT id FROM chunks WHERE uid = ?", (uid,)))
    candidates = _load(connection, corpus, chunk_ids, allowed)
    files = _files(connection, {candidate.file_id for candidate in candidates})
    return Evidence(
        query,
        corpus,
        groups,
        candidates,
        files,
        scores,
        stem_hits,
        folder_hits,
        definitions,
        definers,
        _edges(connection, files),
        experience or Experience(),
    )


def _groups(corpus: Corpus, query: Query) -> list[Group]:
    documents = corpus.documents
    found: dict[str, Group] = {}
    for term in query.terms:
        root = term if term[0] == WHOLE else stem(term)
        if root in found:
            continue
        exact = corpus.postings(term)
        united = exact
        if term[0] != WHOLE:
            variants = corpus.text.parts_with_stem(root)[: VARIANTS + 1]
            more = [corpus.postings(variant) for variant in variants if variant != term]
            if any(more):
                united = dict(exact)
                for variant in more:
                    for doc, byte in variant.items():
                        old = united.get(doc)
                        united[doc] = byte if old is None else _merged(old, byte)
        frequency = len(united)
        idf = math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))
        weight = 1 + math.log(query.counts.get(term, 1))
        found[root] = Group(term, idf, weight, exact, united)
    groups = sorted(found.values(), key=lambda group: (-group.idf, group.term))
    return groups[:MAX_GROUPS] if len(groups) > MAX_GROUPS else groups


def _merged(first: int, second: int) -> int:
    times = (first & TF_MASK) + (second & TF_MASK)
    comments = (first >> COMMENT_SHIFT & 3) + (second >> COMMENT_SHIFT & 3)
    flags = (first | second) & (DEFINED | SIGNATURE)
    return min(times, TF_MASK) | min(comments, 3) << COMMENT_SHIFT | flags


def _score_all(corpus: Corpus, groups: list[Group]) -> dict[int, float]:
    """BM25 of every chunk; common terms of a long question only add to what rarer ones found ("continue",
    Moffat and Zobel 1996).
    """
    scores: dict[int, float] = {}
    lengths = corpus.lengths
    base, slope = K1 * (1 - B), K1 * B / corpus.mean_length
    spent = 0
    for group in groups:
        idf = group.idf * (K1 + 1) * group.weight
        full = spent > POSTINGS
        spent += len(group.united)
        get = scores.get
        if full:
            united = group.united
            for doc in scores.keys() & united.keys():
                times = united[doc] & TF_MASK
                scores[doc] += idf * times / (times + base + slope * lengths[doc])
        else:
            for doc, byte in group.united.items():
                times = byte & TF_MASK
                scores[doc] = get(doc, 0.0) + idf * times / (times + base + slope * lengths[doc])
    return scores


def _path_hits(
    connection: sqlite3.Connection, groups: list[Group]
) -> tuple[dict[int, dict[int, float]], dict[int, dict[int, tuple[float, int]]]]:
    stems: dict[int, dict[int, float]] = {}
    folders: dict[int, dict[int, tuple[float, int]]] = {}
    for number, group in enumerate(groups):
        term = group.term
        if term[0] == WHOLE:
            continue
        if len(term) < 3:
            rows = connection.execute(
                "SELECT term, file_id, place FROM path_terms WHERE term = ? AND place <= 4", (term,)
            )
        else:
            start = term[:3]
            rows = connection.execute(
                "SELECT term, file_id, place FROM path_terms WHERE term >= ? AND term < ? AND place <= 4",
                (start, start[:2] + chr(ord(start[2]) + 1)),
            )
        known: dict[str, float] = {}
        for word, file_id, place in rows:
            match = known.get(word)
            if match is None:
                match = known[word] = word_match(term, word)
            if not match:
                continue
            if place == 0:
                hits = stems.setdefault(file_id, {})
                if match > hits.get(number, 0.0):
                    hits[number] = match
            else:
                near = folders.setdefault(file_id, {})
                if (match, -place) > (near[number][0], -near[number][1]) if number in near else True:
                    near[number] = (match, place)
    return stems, folders


def word_match(term: str, word: str) -> float:
    """1 for one word or one stem, 0.8 for words that share a beginning long enough to mean the same, else
    0."""
    if term == word or stem(term) == stem(word):
        return 1.0
    short, long = (term, word) if len(term) <= len(word) else (word, term)
    if len(short) >= 3 and long.startswith(short):
        return 0.8
    shared = 0
    for one, other in zip(short, long, strict=False):
        if one != other:
            break
        shared += 1
    return 0.8 if shared >= 4 and shared * 3 >= len(short) * 2 else 0.0


def _definitions(
    connection: sqlite3.Connection, query: Query
) -> tuple[dict[int, list[tuple[str, str, str]]], dict[str, int]]:
    found: dict[int, list[tuple[str, str, str]]] = {}
    files: dict[str, set[int]] = {}
    names = sorted(query.names, key=lambda name: (-query.names[name], name))[:64]
    for name in names:
        rows = connection.execute(
            "SELECT chunk_id, name, kind, file_id FROM symbols JOIN chunks ON chunks.id = chunk_id"
            " WHERE folded = ? LIMIT 400",
            (name,),
        )
        for chunk_id, written, kind, file_id in rows:
            found.setdefault(chunk_id, []).append((name, written, kind))
            files.setdefault(name, set()).add(file_id)
    return found, {name: len(ids) for name, ids in files.items()}


def _files_by_path(
    groups: list[Group],
    stem_hits: dict[int, dict[int, float]],
    folder_hits: dict[int, dict[int, tuple[float, int]]],
    query: Query,
) -> list[int]:
    shares: dict[int, float] = {}
    for file_id, hits in stem_hits.items():
        shares[file_id] = sum(groups[number].idf * match for number, match in hits.items())
    for file_id, near in folder_hits.items():
        extra = sum(groups[number].idf * match / (1 + place) for number, (match, place) in near.items())
        shares[file_id] = shares.get(file_id, 0.0) + extra
    best = heapq.nlargest(FILES_BY_PATH, shares.items(), key=lambda item: (item[1], -item[0]))
    return [file_id for file_id, _ in best]


def _of_files(
    connection: sqlite3.Connection, corpus: Corpus, scores: dict[int, float], files: list[int]
) -> set[int]:
    found: set[int] = set()
    for file_id in files:
        ids = [row[0] for row in connection.execute("SELECT id FROM chunks WHERE file_id = ?", (file_id,))]
        ranked = sorted(ids, key=lambda chunk_id: (-scores.get(corpus.doc_of(chunk_id), 0.0), chunk_id))
        found.update(ranked[:CHUNKS_BY_FILE])
    return found


def _of_places(connection: sqlite3.Connection, query: Query) -> set[int]:
    """Chunks at the places that the question names: around the line, or the beginning of the file."""
    found: set[int] = set()
    for place in query.places:
        name = place.path.rpartition("/")[2]
        rows = connection.execute(
            "SELECT id, path FROM files WHERE path = ?1 OR path LIKE '%/' || ?2 OR path = ?2 LIMIT 200",
            (place.path, name.replace("%", "").replace("_", "_")),
        ).fetchall()
        for file_id, path in rows:
            if not same_place(place.path, path):
                continue
            found.update(
                row[0]
                for row in connection.execute(
                    "SELECT id FROM chunks WHERE file_id = ?1 AND (?2 = 0 OR line_end >= ?2)"
                    " ORDER BY line_start LIMIT 3",
                    (file_id, place.line),
                )
            )
    return found


def same_place(written: str, path: str) -> bool:
    """Whether a path as written in a question may mean an indexed one: either ends with the other."""
    return path == written or path.endswith("/" + written) or written.endswith("/" + path)


_CHUNK_COLUMNS = "id, file_id, uid, content_id, line_start, line_end, tokens, type, symbol, signature"


def _load(
    connection: sqlite3.Connection, corpus: Corpus, chunk_ids: set[int], allowed: set[int] | None
) -> list[Candidate]:
    candidates = []
    for some in _slices(sorted(chunk_ids)):
        marks = ",".join("?" * len(some))
        for row in connection.execute(
            f"SELECT {_CHUNK_COLUMNS} FROM chunks WHERE id IN ({marks}) ORDER BY id",  # noqa: S608 - only marks
            some,
        ):
            doc = corpus.doc_of(row[0])
            if doc >= 0 and (allowed is None or row[1] in allowed):
                candidates.append(Candidate(doc, *row))
    return candidates


def _files(connection: sqlite3.Connection, ids: set[int]) -> dict[int, FileFacts]:
    found: dict[int, FileFacts] = {}
    uses: dict[int, list[int]] = {}
    for some in _slices(sorted(ids)):
        marks = ",".join("?" * len(some))
        for target, kind, count in connection.execute(
            f"SELECT target, kind, count(*) FROM edges WHERE target IN ({marks}) GROUP BY target, kind",  # noqa: S608
            some,
        ):
            uses.setdefault(target, [0, 0])[kind] = count
        for file_id, path, language, lines, note in connection.execute(
            f"SELECT id, path, language, lines, note FROM files WHERE id IN ({marks})",  # noqa: S608
            some,
        ):
            *folders, name = path.split("/")
            bare = name.rsplit(".", 1)[0] if not name.startswith(".") else name
            references, importers = uses.get(file_id, (0, 0))
            found[file_id] = FileFacts(
                path,
                language,
                lines,
                note,
                tuple(parts_of(bare)),
                tuple(tuple(parts_of(folder)) for folder in reversed(folders[-3:])),
                references,
                importers,
            )
    return found


def _edges(connection: sqlite3.Connection, files: dict[int, FileFacts]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for some in _slices(sorted(files)):
        marks = ",".join("?" * len(some))
        for source, target, weight in connection.execute(
            f"SELECT source, target, sum(weight) FROM edges WHERE source IN ({marks})"  # noqa: S608
            " GROUP BY source, target",
            some,
        ):
            if target in files:
                found.setdefault(source, {})[target] = weight
    return found


def _slices(ids: list[int], size: int = 500) -> Iterable[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
