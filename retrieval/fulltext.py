"""The full-text index: an inverted index in segments, kept in the same SQLite transaction as what it indexes.

Every committed batch adds one segment; segments of like size are merged now and then (the log-structured
merge of O'Neil et al., 1996), so an update costs what the update holds. Postings are never edited: a chunk
that leaves is marked dead in its segment and dropped by the next merge, and whoever reads counts only the
living, so that document frequencies and lengths are exact at every moment.

Reading is here, writing in `segments`.
"""

import sqlite3
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from .analysis import REFERENCE

__all__ = ["FullText", "Matches", "Segment", "unpack"]


def unpack(kind: str, blob: bytes) -> "array[int]":
    """A stored column: values of an array's ``kind``, little-endian."""
    values: array[int] = array(kind)
    values.frombytes(blob)
    if sys.byteorder == "big":
        values.byteswap()
    return values


class Segment(NamedTuple):
    """The documents of one segment, by place; ``base`` is where they begin among those of the index. Check
    ``dead`` (a set of places) before counting one; ``alive`` tells the same by a byte for each place, and is
    None where none is dead.
    """

    id: int
    base: int
    chunk_ids: Sequence[int]
    file_ids: Sequence[int]
    lengths: Sequence[int]
    dead: frozenset[int]
    alive: bytes | None


class Matches(NamedTuple):
    """The living chunks of one segment that hold a term: places, ascending, and the packed byte of each."""

    segment: Segment
    places: "array[int]"
    packed: bytes


class FullText:
    """The index as one read transaction sees it: make it inside one, and drop it with it.

    ``documents`` is how many chunks there are, ``mean_length`` the mean number of parts in one. The columns
    are of all segments, those that are dead included.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.segments: list[Segment] = []
        self.chunk_ids: array[int] = array("I")
        self.file_ids: array[int] = array("I")
        self.lengths: array[int] = array("H")
        found: list[tuple[int, int, frozenset[int]]] = []
        documents = total = 0
        for segment, docs, gone, chunks, files, lengths, sum_of_lengths, dead in connection.execute(
            "SELECT id, docs, gone, chunk_ids, file_ids, lengths, total, dead FROM segments ORDER BY id"
        ):
            self.chunk_ids.frombytes(chunks)
            self.file_ids.frombytes(files)
            self.lengths.frombytes(lengths)
            found.append((segment, docs, frozenset(unpack("H", dead))))
            documents += docs - gone
            total += sum_of_lengths
        if sys.byteorder == "big":
            for column in (self.chunk_ids, self.file_ids, self.lengths):
                column.byteswap()
        base = 0
        for segment, docs, gone_places in found:
            cut = slice(base, base + docs)
            self.segments.append(
                Segment(
                    segment,
                    base,
                    memoryview(self.chunk_ids)[cut],
                    memoryview(self.file_ids)[cut],
                    memoryview(self.lengths)[cut],
                    gone_places,
                    bytes(place not in gone_places for place in range(docs)) if gone_places else None,
                )
            )
            base += docs
        self.documents: int = documents
        self.mean_length: float = total / documents if documents else 0.0

    def norms(self) -> "array[float]":
        """The norm of every document (`analysis.Terms`), those that are dead included."""
        norms = array("f")
        for (column,) in self._connection.execute("SELECT norms FROM segments ORDER BY id"):
            norms.frombytes(column)
        if sys.byteorder == "big":
            norms.byteswap()
        return norms

    def matches(self, term: str) -> list[Matches]:
        """Where ``term`` (a part, ``=whole`` or ``>Reference``) occurs, segment by segment."""
        return [
            Matches(self.segments[number], places, packed) for number, _, places, packed in self.lists([term])
        ]

    def lists(self, terms: Iterable[str]) -> "Iterator[tuple[int, str, array[int], bytes]]":
        """Where ``terms`` occur: a segment's number among ``segments``, the term, the places of living
        chunks, ascending, and the packed byte of each; each term's segments in order.
        """
        numbers = {segment.id: number for number, segment in enumerate(self.segments)}
        wanted = sorted(set(terms))
        for start in range(0, len(wanted), 400):
            some = wanted[start : start + 400]
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(
                "SELECT segment, term, list FROM segments CROSS JOIN postings ON segment = segments.id"  # noqa: S608
                f" WHERE term IN ({marks}) ORDER BY segment",
                some,
            )
            for segment_id, term, blob in rows:
                number = numbers[segment_id]
                alive = self.segments[number].alive
                half = len(blob) // 3 * 2
                places, packed = unpack("H", blob[:half]), blob[half:]
                if alive is not None and not all(living := bytes(map(alive.__getitem__, places))):
                    places, packed = array("H", compress(places, living)), bytes(compress(packed, living))
                    if not places:
                        continue
                yield number, term, places, packed

    def references(self) -> Iterator[tuple[str, set[int]]]:
        """Every name that is referred to, with the files that do, segment by segment."""
        low, high = REFERENCE, chr(ord(REFERENCE) + 1)
        for segment in self.segments:
            files, dead = segment.file_ids, segment.dead
            for term, blob in self._connection.execute(
                "SELECT term, list FROM postings WHERE segment = ? AND term >= ? AND term < ?",
                (segment.id, low, high),
            ):
                places = unpack("H", blob[: len(blob) // 3 * 2])
                found = {files[place] for place in places if place not in dead}
                if found:
                    yield term[1:], found

    def frequencies(self) -> Counter[str]:
        """How many postings every part and whole identifier has, those of dead chunks included."""
        counts: Counter[str] = Counter()
        for term, size in self._connection.execute(
            "SELECT term, length(list) FROM postings WHERE term NOT LIKE '>%'"
        ):
            counts[term] += size // 3
        return counts

    def parts_with_stems(self, roots: Iterable[str]) -> dict[str, list[str]]:
        """The parts of the vocabulary with these Porter stems, in order; not those that are their own."""
        wanted = sorted(set(roots))
        found: dict[str, list[str]] = {}
        for start in range(0, len(wanted), 500):
            some = wanted[start : start + 500]
            for root, part in self._connection.execute(
                f"SELECT stem, part FROM vocabulary WHERE stem IN ({','.join('?' * len(some))})"  # noqa: S608
                " ORDER BY stem, part",
                some,
            ):
                found.setdefault(root, []).append(part)
        return found
