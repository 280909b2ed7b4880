"""Posting lists as a warm engine holds them, and BM25 over all chunks at once.

A rare term is a column of documents. A common one is a plane as well, one packed byte for every document of
the corpus, and its scores are one long integer of 16-bit lanes, a lane for each document: adding two such
integers adds up all documents in one step of C, so that a common term costs hardly more than a rare one.
Lanes hold BM25 in units of `UNIT`, half a unit at most from the truth for each term; what candidates are
shown and judged by is computed again in floating point, for them alone.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import repeat
from operator import getitem

from .analysis import COMMENT_SHIFT, DEFINED, SIGNATURE, TF_MASK

__all__ = [
    "K1",
    "TF_OF",
    "UNIT",
    "B",
    "Postings",
    "Saturation",
    "Scores",
    "add_up",
    "best",
    "is_common",
    "moved",
    "united",
]

K1 = 1.2
B = 0.5
UNIT = 1 / 1024
SPARSE = 512  # documents up to which a column is smaller and faster, in a corpus of up to 64 times as many
TF_OF = bytes(byte & TF_MASK for byte in range(256))
"""For ``bytes.translate``: of packed bytes the term frequencies."""
_HIGH = 1 if sys.byteorder == "little" else 0
_MOST = 0xFFFF
_BYTES = bytes(range(256))


class Saturation(dict[int, tuple[float, ...]]):
    """By a chunk's length, tf / (tf + k1 (1 - b + b length / mean)) for every term frequency from 0 on.

    The term frequency part of BM25 (Robertson and Zaragoza 2009), without its constant factor k1 + 1. A few
    frequencies more than `TF_MASK` leave room for what the words of a path add.
    """

    def __init__(self, mean_length: float) -> None:
        super().__init__()
        self._slope = K1 * B / mean_length

    def __missing__(self, length: int) -> tuple[float, ...]:
        room = K1 * (1 - B) + self._slope * length
        row = self[length] = tuple([times / (times + room) for times in range(TF_MASK + 3)])
        return row


class Postings:
    """The documents that hold a term, or one of several terms, with the packed byte of each (`analysis`).

    ``docs`` ascend unless the term is common.
    """

    __slots__ = ("_plane", "docs", "packed")

    def __init__(
        self, docs: array[int], packed: bytes, documents: int, plane: bytes | bytearray | None = None
    ) -> None:
        """``plane`` is the byte of every document, where that is known already."""
        self.docs = docs
        self.packed = packed
        if plane is None and is_common(len(docs), documents):
            plane = bytearray(documents)
            for doc, byte in zip(docs, packed, strict=True):
                plane[doc] = byte
        self._plane = None if plane is None else bytes(plane)

    @property
    def count(self) -> int:
        """In how many documents the term occurs."""
        return len(self.docs)

    @property
    def plane(self) -> bytes | None:
        """The byte of every document; None for a rare term."""
        return self._plane

    def at(self, docs: Sequence[int]) -> bytes:
        """The packed bytes of these documents, 0 where the term does not occur."""
        if self._plane is not None:
            return bytes(map(self._plane.__getitem__, docs))
        if len(self.docs) <= 4 * len(docs):
            return bytes(map(dict(zip(self.docs, self.packed, strict=True)).get, docs, repeat(0)))
        count = len(self.docs)
        places = map(bisect_left, repeat(self.docs), docs)
        return bytes(
            self.packed[place] if place < count and self.docs[place] == doc else 0
            for place, doc in zip(places, docs, strict=True)
        )

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return (0 if self._plane is None else len(self._plane)) + 5 * len(self.docs)


def is_common(count: int, documents: int) -> bool:
    """Whether a term of so many documents is given a plane."""
    return count > max(SPARSE, documents >> 6)


def united(parts: list[Postings], documents: int) -> Postings:
    """Several terms as one: frequencies summed, fields united."""
    if is_common(sum(part.count for part in parts), documents):
        first = parts[0]
        plane = bytearray(first.plane or documents)
        if first.plane is None:
            for doc, byte in zip(first.docs, first.packed, strict=True):
                plane[doc] = byte
        docs = first.docs[:]
        for part in parts[1:]:
            fresh = []
            for doc, byte in zip(part.docs, part.packed, strict=True):
                if old := plane[doc]:
                    plane[doc] = _merged(old, byte)
                else:
                    plane[doc] = byte
                    fresh.append(doc)
            docs.extend(fresh)
        if is_common(len(docs), documents):
            return Postings(docs, bytes(map(plane.__getitem__, docs)), documents, plane)
        docs = array("I", sorted(docs))
        return Postings(docs, bytes(map(plane.__getitem__, docs)), documents)
    found = dict(zip(parts[0].docs, parts[0].packed, strict=True))
    for part in parts[1:]:
        for doc, byte in zip(part.docs, part.packed, strict=True):
            old = found.get(doc, 0)
            found[doc] = _merged(old, byte) if old else byte
    docs = array("I", sorted(found))
    return Postings(docs, bytes(map(found.__getitem__, docs)), documents)


@cache
def _merged(first: int, second: int) -> int:
    times = (first & TF_MASK) + (second & TF_MASK)
    comments = (first >> COMMENT_SHIFT & 3) + (second >> COMMENT_SHIFT & 3)
    flags = (first | second) & (DEFINED | SIGNATURE)
    return min(times, TF_MASK) | min(comments, 3) << COMMENT_SHIFT | flags


class Scores:
    """The BM25 that one term gives to every document, in units: a long integer, or a score for each of the
    documents of a rare term.
    """

    __slots__ = ("docs", "long", "most", "scores")

    def __init__(
        self, postings: Postings, factor: float, rows: Iterable[Sequence[float]], documents: int
    ) -> None:
        """``rows`` are the saturations of the lengths of the term's documents, in order."""
        shares = map(getitem, rows, postings.packed.translate(TF_OF))
        scale = factor / UNIT
        scores = [int(share * scale + 0.5) for share in shares]
        self.most = max(scores, default=0)
        if self.most > _MOST:
            scores, self.most = [min(score, _MOST) for score in scores], _MOST
        self.long = 0
        self.docs = self.scores = array("H")
        if postings.plane is not None:
            lanes = array("H", [0]) * documents
            for doc, score in zip(postings.docs, scores, strict=True):
                lanes[doc] = score
            self.long = int.from_bytes(lanes.tobytes(), sys.byteorder)
        else:
            self.docs, self.scores = postings.docs, array("H", scores)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return self.long.bit_length() // 7 + 2 * len(self.scores)


def add_up(terms: Sequence[tuple[Scores, float]], documents: int) -> tuple[array[int], float]:
    """The scores of all documents, each term's times its weight (1 or more), and their unit.

    Weights count in quarters. Where the sum could overflow a lane, the unit is doubled until it cannot.
    """
    quarters = any(weight != 1.0 for _, weight in terms)
    times = [round(4 * weight) if quarters else 1 for _, weight in terms]
    shift = 0
    while sum((scores.most >> shift) * each for (scores, _), each in zip(terms, times, strict=True)) > _MOST:
        shift += 1
    mask = 0
    if shift:
        mask = int.from_bytes(array("H", [_MOST >> shift]).tobytes() * documents, sys.byteorder)
    total = 0
    for (scores, _), each in zip(terms, times, strict=True):
        if scores.long:
            part = scores.long >> shift & mask if shift else scores.long
            total += part if each == 1 else part * each
    found = array("H")
    found.frombytes(total.to_bytes(2 * documents, sys.byteorder))
    for (scores, _), each in zip(terms, times, strict=True):
        for doc, score in zip(scores.docs, scores.scores, strict=True):
            found[doc] += (score >> shift) * each
    return found, UNIT * (1 << shift) / (4 if quarters else 1)


def moved(places: array[int], by: int) -> array[int]:
    """A column of places, each ``by`` further on: as one long integer of 32-bit lanes, in one addition."""
    found = array("I", bytes(4 * len(places)))
    memoryview(found).cast("B").cast("H")[1 - _HIGH :: 2] = places  # in one step of C, as below
    if by:
        steps = int.from_bytes(array("I", [by]).tobytes() * len(found), sys.byteorder)
        raw = (int.from_bytes(found.tobytes(), sys.byteorder) + steps).to_bytes(4 * len(found), sys.byteorder)
        found = array("I", raw)
    return found


def best(totals: array[int], count: int) -> list[int]:
    """The ``count`` documents with the highest scores above 0, best first, ties by document.

    The high byte that they reach is found by bisection, so that no more than those that share it are looked
    at one by one.
    """
    raw = totals.tobytes()
    high = raw[_HIGH::2]
    some = high.translate(None, b"\0")
    level, above = 0, 256
    while above - level > 1:
        middle = (level + above) // 2
        if len(some.translate(None, _BYTES[:middle])) >= count:
            level = middle
        else:
            above = middle
    if level:
        mask = high.translate(bytes(level) + b"\1" * (256 - level))
    else:
        either = int.from_bytes(high, "little") | int.from_bytes(raw[1 - _HIGH :: 2], "little")
        mask = either.to_bytes(len(high), "little").translate(b"\0" + b"\1" * 255)
    docs = []
    at = mask.find(1)
    while at >= 0:
        docs.append(at)
        at = mask.find(1, at + 1)
    docs.sort(key=totals.__getitem__, reverse=True)
    return docs[:count]
