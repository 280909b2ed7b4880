"""What is known of a log without reading it: columns and posting lists by concept, feeling, tag and time.

An index is a mapped snapshot over the log's beginning and a tail in memory over the rest. Rows of
the snapshot are *ranks*, ordered by (time, offset); rows of the tail are numbered as they were
appended. An index is no lock and no reader of files: :class:`~mnemo.storage.journal.MemoryDB` feeds
it frames in log order and guards it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from heapq import merge
from itertools import chain as chained
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

from . import chain
from .heads import Head, id_key
from .postings import NO_ROWS, Postings, folded_postings, intersect, within
from .snapshot import EMPTY, Cover, Damage, Snapshot, sample, store
from .views import Joined

__all__ = ["Hit", "Index", "Selection"]

_Label = TypeVar("_Label")


class Hit(NamedTuple):
    """Where a memory stands: microseconds since 1970 UTC, and its frame's offset in the log."""

    us: int
    ref: int


class Selection(NamedTuple):
    """What to select: values of one kind are OR, kinds are AND, None is any; names as stored."""

    concepts: frozenset[str] | None = None
    feelings: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    since: int | None = None
    until: int | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is filtered."""
        return self == _EVERYTHING


_EVERYTHING: Final = Selection()
_PART: Final = 1 << 15  # how much of a column one call may copy


class Index:
    """Columns and posting lists over a log; see the module."""

    def __init__(self, base: Snapshot = EMPTY) -> None:
        self.base = base
        self.base_count = base.count
        self._end, self._last, _, self._chained_end = base.cover
        self.last_payload = b""  # of the frame that was taken in or passed last, if it is in the tail
        self._sealed = b""  # the last payload with a link, if it is in the tail
        self.damage: list[Damage] = list(base.damage)
        self.concepts = Postings(base.concepts, base.concept_start, base.concept_rank)
        self.feelings = Postings(base.feelings, base.feeling_start, base.feeling_rank)
        self.tags = Postings(base.tags, base.tag_start, base.tag_rank)
        # The tail, one entry a row.
        self._time = array("q")
        self._offset = array("Q")
        self._concept = array("I")
        self._feeling = array("I")
        self._key = array("I")
        self._revisits: list[tuple[int, int]] = []  # (key of the older memory, row)
        self._rows_by_key: dict[int, list[int]] = {}
        self._keyed = 0
        # Whether no row of the tail is older than the row before it.
        self._ordered = True

    # -- feeding --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.base_count + len(self._time)

    @property
    def tail_count(self) -> int:
        """How many memories the snapshot does not hold yet."""
        return len(self._time)

    def take(self, memories: Iterable[tuple[int, int, bytes, Head]]) -> None:
        """Take in the next memories of the log: start and end of the frame, payload, head."""
        times, offsets, keys = self._time, self._offset, self._key
        add_concept, add_feeling, add_tag = self.concepts.add, self.feelings.add, self.tags.add
        row = len(times)
        before = times[-1] if row else None
        for start, end, payload, (memory_id, concept, feeling, us, tags, revisits) in memories:
            self.pass_frame(start, end, payload)
            if before is not None and us < before:
                self._ordered = False
            before = us
            times.append(us)
            offsets.append(start)
            self._concept.append(add_concept(concept, row))
            self._feeling.append(add_feeling(feeling, row))
            keys.append(id_key(memory_id))
            for tag in tags:
                add_tag(tag, row)
            if revisits:
                self._revisits.append((id_key(revisits), row))
            row += 1

    def pass_frame(self, start: int, end: int, payload: bytes) -> None:
        """Go past a whole frame, following the chain."""
        self._last = start
        self._end = end
        self.last_payload = payload
        if chain.is_sealed(payload):
            self._sealed = payload
            self._chained_end = end

    @property
    def end(self) -> int:
        """Where the last whole frame ends that was taken in or passed."""
        return self._end

    @property
    def cover(self) -> Cover:
        """How far the log was read."""
        sealed = chain.split(self._sealed)
        return Cover(self._end, self._last, sealed[1] if sealed else self.base.cover.link, self._chained_end)

    def skip(self, start: int, end: int, reason: str) -> None:
        """Note a range without a readable memory."""
        self.damage.append(Damage(start, end, reason))

    # -- asking ---------------------------------------------------------------------------------

    def select(self, wanted: Selection, *, oldest_first: bool = False) -> Iterator[Hit]:
        """Find memories in order of time, newest first unless told otherwise, as lazily as can be."""
        old = self._base_hits(wanted, oldest_first=oldest_first)
        new = self._tail_hits(wanted, oldest_first=oldest_first)
        if not self.tail_count:
            return old
        return merge(old, new, reverse=not oldest_first)

    def count(self, wanted: Selection) -> int:
        """How many memories :meth:`select` finds."""
        filled = [kind for kind in wanted if kind is not None]
        if not filled:
            return len(self)
        if len(filled) == 1:
            for postings, names in ((self.concepts, wanted.concepts), (self.feelings, wanted.feelings)):
                if names is not None:
                    return sum(postings.size(number) for number in postings.numbers(names))
        return sum(1 for _ in self.select(wanted))

    def feeling_counts(self, wanted: Selection) -> dict[str, int]:
        """Stored feelings with how many memories of a selection have them, in one pass over the column."""
        if wanted.everything:
            return self.feelings.counts()
        numbers = Counter(map(self.base.feeling.__getitem__, self._base_ranks(wanted)))
        numbers.update(map(self._feeling.__getitem__, self._tail_rows(wanted)))
        return {self.feelings.names[number]: size for number, size in numbers.items()}

    def listing(self, wanted: Selection) -> tuple[Sequence[int], Sequence[int]]:
        """Times and offsets of all that is selected, newest first, of equal length.

        They are views of the snapshot, with the tail before, where nothing is filtered.
        """
        base = self.base
        if wanted.everything and not self._time:
            return base.time[::-1], base.offset[::-1]
        if wanted.everything and self._appends_only:
            return (
                Joined(self._time[::-1], base.time[::-1]),
                Joined(self._offset[::-1], base.offset[::-1]),
            )
        if not self._time:
            ranks = self._base_ranks(wanted)[::-1]
            return _picked("q", base.time, ranks), _picked("Q", base.offset, ranks)
        hits = list(self.select(wanted))
        return array("q", [hit.us for hit in hits]), array("Q", [hit.ref for hit in hits])

    def points(self, wanted: Selection, labels: Sequence[_Label]) -> Iterator[tuple[int, _Label, int]]:
        """Time, the label of the stored feeling and offset of all that is selected, oldest first.

        ``labels`` go by the position of the stored feeling in ``feelings.names``.
        """
        base, ranks = self.base, self._base_ranks(wanted)
        old = zip(
            map(base.time.__getitem__, ranks),
            map(labels.__getitem__, map(base.feeling.__getitem__, ranks)),
            map(base.offset.__getitem__, ranks),
            strict=True,
        )
        rows = self._tail_rows(wanted)
        if not rows:
            return old
        new = [(self._time[row], labels[self._feeling[row]], self._offset[row]) for row in rows]
        return merge(old, new, key=lambda point: (point[0], point[2]))

    def columns(self, wanted: Selection) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """Times, numbers of feelings and offsets of all that is selected, oldest first, of equal length.

        They are views of the snapshot, with the tail behind, where nothing is filtered.
        """
        base = self.base
        if wanted.everything and not self._time:
            return base.time, base.feeling, base.offset
        if wanted.everything and self._appends_only:
            return (
                Joined(base.time, self._time[:]),
                Joined(base.feeling, self._feeling[:]),
                Joined(base.offset, self._offset[:]),
            )
        if self._appends_only:
            ranks, rows = self._base_ranks(wanted), self._tail_rows(wanted)
            return (
                _picked("q", base.time, ranks, self._time, rows),
                _picked("I", base.feeling, ranks, self._feeling, rows),
                _picked("Q", base.offset, ranks, self._offset, rows),
            )
        points = list(self.points(wanted, range(len(self.feelings.names))))
        return (
            array("q", [point[0] for point in points]),
            array("I", [point[1] for point in points]),
            array("Q", [point[2] for point in points]),
        )

    def refs_of_id(self, memory_id: str) -> list[int]:
        """Offsets where a memory of that id may stand (a 30-bit key decides), in log order."""
        key = id_key(memory_id)
        base = self.base
        first = bisect_left(base.id_key, key)
        last = bisect_right(base.id_key, key)
        found = sorted(base.offset[rank] for rank in base.id_rank[first:last])
        for row in range(self._keyed, len(self._key)):
            self._rows_by_key.setdefault(self._key[row], []).append(row)
        self._keyed = len(self._key)
        return found + [self._offset[row] for row in self._rows_by_key.get(key, ())]

    def refs_of_prefix(self, digits: str, limit: int) -> list[int]:
        """Offsets of at most ``limit`` memories whose UUID4 may begin with the hex digits (1 to 8)."""
        low = int(digits.ljust(8, "0"), 16) >> 2
        high = int(digits.ljust(8, "f"), 16) >> 2
        base = self.base
        first = bisect_left(base.id_key, low)
        last = bisect_right(base.id_key, high)
        found = [base.offset[rank] for rank in base.id_rank[first : min(last, first + limit)]]
        found += [self._offset[row] for row, key in enumerate(self._key) if low <= key <= high]
        return found[:limit]

    def refs_of_layers(self, memory_id: str) -> list[int]:
        """Offsets of memories that may refer to that id, oldest first."""
        key = id_key(memory_id)
        base = self.base
        first = bisect_left(base.revisit_key, key)
        last = bisect_right(base.revisit_key, key)
        found = [Hit(base.time[rank], base.offset[rank]) for rank in base.revisit_rank[first:last]]
        found += [Hit(self._time[row], self._offset[row]) for older, row in self._revisits if older == key]
        return [hit.ref for hit in sorted(found)]

    # -- within ---------------------------------------------------------------------------------

    @property
    def _appends_only(self) -> bool:
        """Whether the tail, in the order of the log, continues the snapshot's order of time."""
        if not self._time or not self._ordered:
            return not self._time
        return not self.base_count or self._time[0] >= self.base.time[-1]

    def _base_hits(self, wanted: Selection, *, oldest_first: bool) -> Iterator[Hit]:
        ranks = self._base_ranks(wanted)
        time, offset = self.base.time, self.base.offset
        return (Hit(time[rank], offset[rank]) for rank in (ranks if oldest_first else reversed(ranks)))

    def _tail_hits(self, wanted: Selection, *, oldest_first: bool) -> Iterator[Hit]:
        rows = self._tail_rows(wanted)
        time, offset = self._time, self._offset
        return (Hit(time[row], offset[row]) for row in (rows if oldest_first else reversed(rows)))

    def _base_ranks(self, wanted: Selection) -> Sequence[int]:
        base = self.base
        first = 0 if wanted.since is None else bisect_left(base.time, wanted.since)
        last = base.count if wanted.until is None else bisect_right(base.time, wanted.until)
        kinds = [
            ([within(postings.ranks(number), first, last) for number in numbers], column, numbers)
            for postings, numbers, column in self._kinds(wanted, base.concept, base.feeling)
        ]
        return intersect(kinds) if kinds else range(first, max(first, last))

    def _tail_rows(self, wanted: Selection) -> Sequence[int]:
        if not self._time:
            return NO_ROWS
        kinds = [
            ([postings.rows(number) for number in numbers], column, numbers)
            for postings, numbers, column in self._kinds(wanted, self._concept, self._feeling)
        ]
        rows = intersect(kinds) if kinds else range(len(self._time))
        time = self._time
        if not self._ordered:
            rows = sorted(rows, key=time.__getitem__)
        first = 0 if wanted.since is None else bisect_left(rows, wanted.since, key=time.__getitem__)
        last = len(rows) if wanted.until is None else bisect_right(rows, wanted.until, key=time.__getitem__)
        return rows[first:last]

    def _kinds(
        self, wanted: Selection, concept: Sequence[int], feeling: Sequence[int]
    ) -> list[tuple[Postings, list[int], Sequence[int] | None]]:
        """The kinds that are filtered: posting lists, numbers of the names, the column if there is one."""
        kinds = (
            (self.concepts, wanted.concepts, concept),
            (self.feelings, wanted.feelings, feeling),
            (self.tags, wanted.tags, None),
        )
        return [
            (postings, postings.numbers(names), column)
            for postings, names, column in kinds
            if names is not None
        ]

    # -- the snapshot ---------------------------------------------------------------------------

    def folded(
        self, folder: Path | None, size: int, last_digest: bytes, bytes_at: Callable[[int, int], bytes]
    ) -> Index:
        """Write a snapshot of everything and give the index over it, with an empty tail.

        Args:
            folder: Where to write; in memory where it is None or cannot be written.
            size: The log's size in bytes.
            last_digest: SHA-256 of the last frame as it was taken in; the log may have changed since.
            bytes_at: Reads a range of the log.
        """
        base = self.base
        count = len(self)
        times = _joined("q", base.time, self._time)
        offsets = _joined("Q", base.offset, self._offset)
        columns = {
            "concept": _joined("I", base.concept, self._concept),
            "feeling": _joined("I", base.feeling, self._feeling),
        }
        # ranks[i] is the new rank of row i: snapshot rows first, then the tail's.
        ranks: Sequence[int] = range(count)
        if not self._appends_only:
            order = sorted(range(count), key=times.__getitem__)
            ranks = array("I", bytes(4 * count))
            for rank, row in enumerate(order):
                ranks[row] = rank
            times = array("q", map(times.__getitem__, order))
            offsets = array("Q", map(offsets.__getitem__, order))
            columns = {name: array("I", map(column.__getitem__, order)) for name, column in columns.items()}
            del order
        columns |= {"time": times, "offset": offsets}

        keys = _joined("I", base.id_key, self._key)
        rows = chained(base.id_rank, range(self.base_count, count))
        columns["id_key"], columns["id_rank"] = _sorted_pairs(keys, map(ranks.__getitem__, rows))
        keys = _joined("I", base.revisit_key, array("I", [key for key, _ in self._revisits]))
        rows = chained(base.revisit_rank, [self.base_count + row for _, row in self._revisits])
        columns["revisit_key"], columns["revisit_rank"] = _sorted_pairs(keys, map(ranks.__getitem__, rows))

        for name, postings in (("concept", self.concepts), ("feeling", self.feelings), ("tag", self.tags)):
            columns[f"{name}_start"], columns[f"{name}_rank"] = folded_postings(
                postings, ranks, self.base_count
            )

        snapshot = store(
            folder,
            size,
            cover=self.cover,
            names={
                "concepts": self.concepts.names,
                "feelings": self.feelings.names,
                "tags": self.tags.names,
            },
            damage=self.damage,
            samples=[
                (start, end, sha256(bytes_at(start, end)).hexdigest())
                for start, end in sample(offsets, lambda start: _frame_end(start, bytes_at))
            ]
            + [(self.cover.last, self.cover.end, last_digest.hex())],
            columns=columns,
        )
        return Index(snapshot)


def _frame_end(start: int, bytes_at: Callable[[int, int], bytes]) -> int:
    return start + 8 + int.from_bytes(bytes_at(start + 4, start + 8), "big")


# Each of these is done in parts: one call over a million would hold up every other thread, a screen's too.


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, start + _PART) for start in range(0, count, _PART))


def _joined(code: Literal["I", "Q", "q"], old: memoryview[int], new: array[int]) -> array[int]:
    joined = array(code)
    for part in _parts(len(old)):
        joined.frombytes(old[part].cast("B"))
    joined.extend(new)
    return joined


def _picked(
    code: Literal["I", "Q", "q"],
    column: memoryview[int],
    ranks: Sequence[int],
    tail: Sequence[int] = NO_ROWS,
    rows: Sequence[int] = NO_ROWS,
) -> array[int]:
    picked = array(code)
    for old in _parts(len(ranks)):
        picked.extend(map(column.__getitem__, ranks[old]))
    for new in _parts(len(rows)):
        picked.extend(map(tail.__getitem__, rows[new]))
    return picked


def _sorted_pairs(keys: array[int], ranks: Iterable[int]) -> tuple[array[int], array[int]]:
    ranks = array("I", ranks)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return array("I", map(keys.__getitem__, order)), array("I", map(ranks.__getitem__, order))
