"""What an engine keeps of an index from one question to the next: columns, posting lists, facts of files.

Everything here is read from the index when it is first asked for, and holds for one state of it: the engine
makes a new `Corpus` when the state is another. The number of a document is its place in the columns.
"""

import math
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from .analysis import WHOLE, parts_of, stem
from .fulltext import FullText
from .kinds import kinds_of
from .postings import K1, Postings, Saturation, Scores, moved, united

__all__ = ["Candidate", "Corpus", "FileFacts", "Known", "PathWords", "word_match"]

VARIANTS = 12  # terms of the index that share a stem with a term of the question
ROOM = 48 << 20  # bytes of posting lists that are kept
ROWS = 60_000  # chunks that are kept, and as many facts of each other kind


class Candidate(NamedTuple):
    """A chunk that may answer. ``doc`` is its place in the `Corpus`; ``spelled`` is its symbol in lower case,
    in which every part of it is found; ``imports`` is 1 for a chunk of imports, else 0, and ``size`` the
    logarithm of its tokens.
    """

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
    spelled: str
    imports: float
    size: float


class FileFacts(NamedTuple):
    """What a signal reads of a file: ``stem`` and ``folders`` (nearest first) as words, and what kinds it is
    of (`kinds_of`).
    """

    path: str
    language: str | None
    lines: int
    note: str | None
    stem: tuple[str, ...]
    folders: tuple[tuple[str, ...], ...]
    kinds: frozenset[str]


class Known(NamedTuple):
    """A term of the index with those that share its stem: where they occur, and the scores that this gives.

    ``exact`` has the term alone. ``idf`` is that of the united terms (Robertson and Sparck Jones 1976, as in
    BM25).
    """

    exact: Postings
    united: Postings
    scores: Scores
    idf: float

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        united = self.united.size if self.united is not self.exact else 0
        return self.exact.size + united + self.scores.size


class PathWords(NamedTuple):
    """How well a term matches words of paths, by file: of the stem, of folders (and how far up the nearest
    such one is, from 1), and both together.
    """

    stems: dict[int, float]
    folders: dict[int, tuple[float, int]]
    shares: dict[int, float]


class Corpus:
    """One state of an index. Make it, and ask it, inside a read transaction that sees this state."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._text = FullText(connection)
        self.chunk_ids, self.file_ids = self._text.chunk_ids, self._text.file_ids
        self.lengths = self._text.lengths
        self.size = len(self.chunk_ids)
        """Documents, those that are dead included."""
        self.documents = self._text.documents
        self.saturation = Saturation(self._text.mean_length or 1.0)
        self._runs: dict[int, list[slice]] = {}
        self._terms: dict[tuple[str, str], Known] = {}
        self._room = ROOM
        self._candidates: dict[int, Candidate] = {}
        self._facts: dict[int, FileFacts] = {}
        self._uses: dict[int, dict[int, int]] = {}
        self._definitions: dict[str, list[tuple[int, str, str]]] = {}
        self._path_words: dict[str, PathWords] = {}
        self._vocabularies: dict[tuple[int, int], frozenset[str]] = {}

    def vocabulary(self, most: int, least: int) -> frozenset[str]:
        """The ``most`` terms that are in the most chunks, of those in ``least`` or more of them; references
        apart. Chunks that are gone count until their segment is merged.
        """
        if (most, least) not in self._vocabularies:
            found = [(-count, term) for term, count in self._text.frequencies().items() if count >= least]
            self._vocabularies[most, least] = frozenset(term for _, term in sorted(found)[:most])
        return self._vocabularies[most, least]

    @cached_property
    def norms(self) -> "array[float]":
        """Of every document, the norm that its vector is divided by."""
        return self._text.norms()

    def doc_of(self, chunk_id: int) -> int:
        """The document of a chunk, -1 for none. Within a segment ids ascend."""
        for segment in self._text.segments:
            place = bisect_left(segment.chunk_ids, chunk_id)
            if place < len(segment.chunk_ids) and segment.chunk_ids[place] == chunk_id:
                if place in segment.dead:
                    continue
                return segment.base + place
        return -1

    def runs(self, files: Iterable[int]) -> dict[int, list[slice]]:
        """The living documents of files, as ranges."""
        wanted = list(files)
        kept = self._runs
        missing = [file_id for file_id in wanted if file_id not in kept]
        if missing:
            _keep(kept, ROWS)
            missing = sorted(file_id for file_id in wanted if file_id not in kept)
            for file_id in missing:
                kept[file_id] = []
            ids = self.chunk_ids
            scattered: dict[int, list[int]] = {}
            for file_id, low, high, count in self._rows(_SPANS, missing):
                start = self.doc_of(low)
                end = start + count
                if high - low == count - 1 and 0 <= start < end <= self.size and ids[end - 1] == high:
                    kept[file_id].append(slice(start, end))
                else:  # the file changed, and what is new stands in a later segment
                    scattered[file_id] = []
            for file_id, chunk in self._rows(_CHUNKS, list(scattered)):
                scattered[file_id].append(self.doc_of(chunk))
            for file_id, docs in scattered.items():
                docs.sort()
                for _, run in groupby(enumerate(docs), key=lambda item: item[1] - item[0]):
                    places = [doc for _, doc in run]
                    kept[file_id].append(slice(places[0], places[-1] + 1))
        return {file_id: kept[file_id] for file_id in wanted}

    # Terms

    def known(self, roots: dict[str, str]) -> dict[str, Known]:
        """What the index knows of terms, by their stems (``roots`` maps stems to terms as asked)."""
        found = {root: self._terms.pop((root, term), None) for root, term in roots.items()}
        missing = {root: roots[root] for root, known in found.items() if known is None}
        found.update(self._read_terms(missing) if missing else {})
        taken = {root: known for root, known in found.items() if known is not None}
        for root, known in taken.items():
            self._terms[root, roots[root]] = known  # the last used comes last
        while self._room < 0 and len(self._terms) > len(taken):
            self._room += self._terms.pop(next(iter(self._terms))).size
        return taken

    def _read_terms(self, roots: dict[str, str]) -> dict[str, Known]:
        read: dict[str, Known] = {}
        stems = [root for root in roots if root[0] != WHOLE]
        variants = {root: [term] for root, term in roots.items()}
        parts = self._text.parts_with_stems(stems)
        for root in stems:
            some = [root, *parts.get(root, ())][: VARIANTS + 1]
            variants[root] += [part for part in some if part != roots[root]]
        lists = self._lists({term for terms in variants.values() for term in terms})
        nothing = Postings(array("I"), b"", self.size)
        for root, terms in variants.items():
            exact = lists.get(terms[0], nothing)
            found = [exact, *(lists[term] for term in terms[1:] if term in lists)]
            both = exact if len(found) == 1 else united(found, self.size)
            idf = math.log(1 + (self.documents - both.count + 0.5) / (both.count + 0.5))
            rows = map(self.saturation.__getitem__, map(self.lengths.__getitem__, both.docs))
            scores = Scores(both, idf * (K1 + 1), rows, self.size)
            known = Known(exact, both, scores, idf)
            self._room -= known.size
            read[root] = known
        return read

    def _lists(self, terms: set[str]) -> dict[str, Postings]:
        places: dict[str, array[int]] = {}
        packed: dict[str, list[bytes]] = {}
        for number, term, here, some in self._text.lists(terms):
            docs = places.setdefault(term, array("I"))
            base = self._text.segments[number].base
            docs.extend(moved(here, base))
            packed.setdefault(term, []).append(some)
        return {term: Postings(docs, b"".join(packed[term]), self.size) for term, docs in places.items()}

    def path_words(self, term: str) -> PathWords:
        """The files with a word in their path that matches ``term`` (`word_match`)."""
        found = self._path_words.get(term)
        if found is None:
            if len(term) < 3:
                rows = self._connection.execute(
                    "SELECT term, file_id, place FROM path_terms WHERE term = ? AND place <= 4", (term,)
                )
            else:
                start = term[:3]
                rows = self._connection.execute(
                    "SELECT term, file_id, place FROM path_terms WHERE term >= ? AND term < ? AND place <= 4",
                    (start, start[:2] + chr(ord(start[2]) + 1)),
                )
            matches: dict[str, float] = {}
            found = PathWords({}, {}, {})
            for word, file_id, place in rows:
                match = matches.get(word)
                if match is None:
                    match = matches[word] = word_match(term, word)
                if not match:
                    continue
                if place == 0:
                    found.stems[file_id] = max(match, found.stems.get(file_id, 0.0))
                else:
                    old = found.folders.get(file_id)
                    if old is None or (match, -place) > (old[0], -old[1]):
                        found.folders[file_id] = (match, place)
            found.shares.update(found.stems)
            for file_id, (match, place) in found.folders.items():
                found.shares[file_id] = found.shares.get(file_id, 0.0) + match / (1 + place)
            _keep(self._path_words, ROWS // 16)
            self._path_words[term] = found
        return found

    def definitions(self, name: str) -> list[tuple[int, str, str]]:
        """The chunks that define a folded name: document, the name as written, its kind; 400 at most."""
        found = self._definitions.get(name)
        if found is None:
            rows = self._connection.execute(
                "SELECT chunk_id, name, kind FROM symbols WHERE folded = ? LIMIT 400", (name,)
            )
            found = [
                (doc, written, kind) for chunk, written, kind in rows if (doc := self.doc_of(chunk)) >= 0
            ]
            _keep(self._definitions, ROWS // 16)
            self._definitions[name] = found
        return found

    # Chunks and files

    def candidates(self, docs: Iterable[int]) -> list[Candidate]:
        """These living documents, by file and then by document."""
        docs = sorted(docs)
        kept = self._candidates
        missing = [doc for doc in docs if doc not in kept]
        if missing:
            _keep(kept, ROWS)
            missing = [doc for doc in docs if doc not in kept]
            by_chunk = {self.chunk_ids[doc]: doc for doc in missing}
            for row in self._rows(_CANDIDATES, sorted(by_chunk)):
                tokens, kind, symbol = row[6:9]
                spelled = symbol or ""
                spelled = spelled.lower() if spelled.isascii() else " ".join(parts_of(spelled))
                doc = by_chunk[row[0]]
                size = math.log(max(tokens, 1)) / 6
                kept[doc] = Candidate._make((doc, *row, spelled, float(kind == "imports"), size))
        found = [kept[doc] for doc in docs if doc in kept]
        found.sort(key=_FILE_OF)
        return found

    def facts(self, files: Iterable[int]) -> dict[int, FileFacts]:
        """The facts of these files, in ascending order."""
        wanted = sorted(files)
        kept = self._facts
        if any(file_id not in kept for file_id in wanted):
            _keep(kept, ROWS)
            missing = [file_id for file_id in wanted if file_id not in kept]
            for file_id, path, language, lines, note in self._rows(_FACTS, missing):
                *folders, name = path.split("/")
                bare = name.rsplit(".", 1)[0] if not name.startswith(".") else name
                kept[file_id] = FileFacts(
                    path,
                    language,
                    lines,
                    note,
                    tuple(parts_of(bare)),
                    tuple(tuple(parts_of(folder)) for folder in reversed(folders[-3:])),
                    kinds_of(path, language, note),
                )
        return {file_id: kept[file_id] for file_id in wanted}

    def uses(self, files: Iterable[int]) -> dict[int, dict[int, int]]:
        """Of these files, which files each uses or imports, with how often."""
        wanted = list(files)
        kept = self._uses
        if any(file_id not in kept for file_id in wanted):
            _keep(kept, ROWS)
            missing = sorted(file_id for file_id in wanted if file_id not in kept)
            for file_id in missing:
                kept[file_id] = {}
            for source, target, weight in self._rows(_USES, missing):
                kept[source][target] = weight
        return {file_id: kept[file_id] for file_id in wanted}

    def _rows(self, statement: str, ids: list[int]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            yield from self._connection.execute(statement.replace("?", ",".join("?" * len(some))), some)


_FILE_OF = attrgetter("file_id")
_CANDIDATES = (
    "SELECT id, file_id, uid, content_id, line_start, line_end, tokens, type, symbol, signature"
    " FROM chunks WHERE id IN (?)"
)
_SPANS = "SELECT file_id, min(id), max(id), count(*) FROM chunks WHERE file_id IN (?) GROUP BY file_id"
_CHUNKS = "SELECT file_id, id FROM chunks WHERE file_id IN (?)"
_FACTS = "SELECT id, path, language, lines, note FROM files WHERE id IN (?)"
_USES = "SELECT source, target, sum(weight) FROM edges WHERE source IN (?) GROUP BY source, target"


def _keep(kept: dict[Any, Any], most: int) -> None:
    """Empty a cache that has grown past ``most`` entries."""
    if len(kept) > most:
        kept.clear()


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
