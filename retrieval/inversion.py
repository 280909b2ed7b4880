"""From the terms of chunks to posting lists: inverted by worker processes, put together by the writer.

The work is done a run at a time in C (`map`, `array`, slices), not a posting at a time: a project has
millions of them.
"""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from .analysis import REFERENCE, WHOLE, Terms, stem

__all__ = ["MAX_DOCS", "Combiner", "Inverted", "Inverter"]

MAX_DOCS = 65_535  # places are 16 bits wide


class Inverted(NamedTuple):
    """The terms of a run of chunks turned inside out: by place, and by term.

    ``terms`` are in order; the postings of the first are the first ``counts[0]`` of ``places`` (16 bits each,
    the low byte first) and of ``packed`` (a byte each), those of the second follow, and so on.
    """

    lengths: list[int]
    norms: list[float]
    terms: list[str]
    counts: array[int]
    places: bytes
    packed: bytes
    stems: list[tuple[str, str]]


class Inverter:
    """Gathers the terms of chunks, `MAX_DOCS` at most; a chunk's place is its number."""

    __slots__ = ("_known", "_lengths", "_lists", "_norms")

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._lengths: list[int] = []
        self._norms: list[float] = []
        self._lists: defaultdict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, terms: Terms) -> None:
        """Take the next chunk."""
        place = len(self._lengths) << 8
        self._lengths.append(min(terms.length, 0xFFFF))
        self._norms.append(terms.norm)
        lists = map(self._lists.__getitem__, terms.terms)
        deque(map(list.append, lists, map(place.__or__, terms.packed)), maxlen=0)

    def take(self) -> Inverted:
        """Give what was gathered and start anew. Stems come with a part's first appearance only."""
        lists = self._lists
        known = self._known
        fresh = [term for term in lists if term not in known and term[0] != WHOLE and term[0] != REFERENCE]
        known.update(fresh)
        terms = sorted(lists)
        in_order = [lists[term] for term in terms]
        postings = array("I", chain.from_iterable(in_order))
        if sys.byteorder == "big":
            postings.byteswap()
        data = postings.tobytes()  # four bytes each: packed, place, 0
        places = array("H", (data + b"\0")[1:])[::2].tobytes()
        counts = array("H", map(len, in_order))
        stems = [(root, term) for term in fresh if (root := stem(term)) != term]
        done = Inverted(self._lengths, self._norms, terms, counts, places, data[::4], stems)
        self._lengths, self._norms, self._lists = [], [], defaultdict(list)
        return done


class Combiner:
    """Puts runs of chunks that were inverted apart one behind the other."""

    __slots__ = ("_lists", "lengths", "norms", "stems")

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.norms: list[float] = []
        self.stems: list[tuple[str, str]] = []
        self._lists: defaultdict[str, list[bytes]] = defaultdict(list)

    def add(self, inverted: Inverted) -> None:
        """Take the next run: its places follow those taken before, `MAX_DOCS` at most in all."""
        base = len(self.lengths)
        self.lengths += inverted.lengths
        self.norms += inverted.norms
        self.stems += inverted.stems
        places, packed = _shifted(inverted.places, base), inverted.packed
        lists = self._lists
        start = 0
        for term, count in zip(inverted.terms, inverted.counts, strict=True):
            end = start + count
            lists[term] += (places[2 * start : 2 * end], packed[start:end])
            start = end

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Every term, in order, with its posting list: all places, then all packed bytes."""
        lists = self._lists
        for term in sorted(lists):
            parts = lists[term]
            yield term, b"".join(parts if len(parts) == 2 else parts[::2] + parts[1::2])


def _shifted(places: bytes, base: int) -> bytes:
    """Places with ``base`` added to all of them at once, as one long number; none overflows."""
    if not base:
        return places
    total = int.from_bytes(places, "little") + base * int.from_bytes(b"\1\0" * (len(places) // 2), "little")
    return total.to_bytes(len(places), "little")
