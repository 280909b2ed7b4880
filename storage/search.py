"""Full text over a journal: ranked, found at once after the write, derived and disposable.

What a search sees is always the whole log: the inverted index on disk answers for the log's
beginning, and what was appended since is kept in memory, analysed alike and scored by the same
statistics. Nothing is committed on the way of a write or a search: :meth:`FullText.catch_up` does
that in batches, whenever it suits, in one process at a time.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from .analysis import Query, parse
from .disk import reason
from .errors import JournalError
from .index import Selection
from .inverted import BrokenIndexError, Committed, View
from .inverted_files import InvertedIndex
from .tail import Corpus, Document, Entry, Scored, Tail, entry_of

__all__ = ["Document", "FullText", "Hit", "Source"]

Source = Callable[[int], Iterator[Document]]
"""Gives every good memory at or after an offset of the log, in log order, up to its present end."""

_KEPT_MEMORIES: Final = 4_096
_KEPT_BYTES: Final = 16 << 20
_WORTH_MEMORIES: Final = 1_024
_WORTH_BYTES: Final = 4 << 20
_PORTION: Final = 1_024
_PORTION_BYTES: Final = 4 << 20
_COMMIT_EVERY: Final = 100_000


class Hit(NamedTuple):
    """A memory that was found: its frame's offset in the log, and its BM25 score."""

    ref: int
    score: float


class FullText:
    """Full-text search over one log; any number of threads may share it.

    Args:
        folder: Where everything derived from the log is kept.
        identity: Hex that names the log; an index of another log is never searched.
        source: Reads the log.
        writable: Whether an index may be written; without one, searches read the log.
    """

    def __init__(self, folder: Path, identity: str, source: Source, *, writable: bool = True) -> None:
        self._store = InvertedIndex(folder, identity)
        self._source = source
        self._writable = writable
        self._lock = threading.RLock()
        self._view: View | None = None
        self._stamp: tuple[int, int] | None = None
        self._broken: tuple[int, int] | None = None
        self._entries: list[Entry] = []
        self._read_to = 0
        self._seen_size = 0
        self._left_over = False

    # -- searching ------------------------------------------------------------------------------

    def search(self, text: str, *, filters: Selection, limit: int | None, size: int) -> list[Hit]:
        """Find memories, best first; equally good ones are newest first.

        Args:
            text: See :func:`~mnemo.storage.analysis.parse`; one without a word finds nothing.
            filters: Applied before the limit.
            limit: How many at most; all if None.
            size: Where the log ends for the caller: every frame up to there is searched, none after.
        """
        query = parse(text)
        if not query or (limit is not None and limit <= 0):
            return []
        try:
            found = self._find(query, filters, limit, size)
        except BrokenIndexError:
            with self._lock:
                self._give_up()
            found = self._find(query, filters, limit, size)
        best = sorted(found, reverse=True) if limit is None else heapq.nlargest(limit, found)
        return [Hit(each.ref, each.score) for each in best]

    def statistics(self, words: Iterable[str], *, size: int) -> Corpus:
        """What BM25 knows of the whole log up to ``size``: memories, their average length, and how many
        have each word (as analysed). Memories that no index holds and that are too many to keep are left out.
        """
        view, entries, _ = self._state(size)
        counts = dict.fromkeys(words, 0)
        memories, length = len(entries), sum([entry.length for entry in entries])
        for word in counts:
            counts[word] = sum([f" {word} " in entry.text for entry in entries])
        if view is not None and view.committed.memories:
            try:
                for word, count in view.frequencies(counts).items():
                    counts[word] += count
            except BrokenIndexError:
                with self._lock:
                    self._give_up()
            else:
                length += round(view.average_length * view.committed.memories)
                memories += view.committed.memories
        return Corpus(memories, length / max(1, memories), counts)

    def _find(self, query: Query, wanted: Selection, limit: int | None, size: int) -> Iterator[Scored]:
        view, entries, resume = self._state(size)
        tail = Tail(query, wanted)
        tail.take(entries)
        if resume is not None:
            for portion in _portions(self._read(resume, size)):
                tail.take([entry_of(document) for document in portion])
        committed, average, frequencies = Committed(), 0.0, dict.fromkeys(tail.frequencies, 0)
        if view is not None:
            committed, average = view.committed, view.average_length
            frequencies = view.frequencies(tail.frequencies)
        corpus = Corpus(
            committed.memories + tail.memories,
            # As tantivy weighs what is committed: by the average of what is committed.
            average if committed.memories else tail.words / max(1, tail.memories),
            {word: count + frequencies[word] for word, count in tail.frequencies.items()},
        )
        found = tail.scored(corpus)
        if view is not None and committed.memories:
            return chain(view.best(query, wanted, corpus, size=size, limit=limit), found)
        return found

    def _state(self, size: int) -> tuple[View | None, list[Entry], int | None]:
        """What to search: the index, entries beyond it, and the offset to read on from, if any is left."""
        with self._lock:
            self._refresh()
            if size != self._seen_size and not self._left_over:
                for document in self._read(self._read_to, size):
                    if len(self._entries) >= _KEPT_MEMORIES or self._kept_bytes() >= _KEPT_BYTES:
                        self._left_over = True
                        break
                    self._entries.append(entry_of(document))
                    self._read_to = document.end
                self._seen_size = size
            entries = self._entries
            if entries and entries[-1].end > size:
                entries = [entry for entry in entries if entry.end <= size]
            else:
                entries = entries.copy()
            return self._view, entries, self._read_to if self._left_over else None

    def _read(self, start: int, size: int) -> Iterator[Document]:
        for document in self._source(start):
            if document.end > size:
                return
            yield document

    def _refresh(self) -> None:
        """Take in what any process has committed since."""
        stamp = self._store.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._view = None
        if stamp is not None and stamp != self._broken:
            try:
                view = self._store.open()
            except BrokenIndexError:
                self._broken = stamp
            else:
                if self._still_stands(view.committed):
                    self._view = view
                else:
                    self._broken = stamp
        self._forget_before(self._covered)

    @property
    def _covered(self) -> int:
        return self._view.committed.end if self._view is not None else 0

    def _still_stands(self, committed: Committed) -> bool:
        """Whether the newest memory of the index is in the log, where the index has it."""
        if not committed.memories:
            return True
        newest = next(self._source(committed.ref), None)
        return newest is not None and (newest.ref, newest.end, newest.us) == committed[1:]

    def _forget_before(self, covered: int) -> None:
        first = self._entries[0].ref if self._entries else self._read_to
        if covered < first:
            self._entries = []
            self._read_to = covered
        else:
            self._entries = [entry for entry in self._entries if entry.ref >= covered]
            self._read_to = max(self._read_to, covered)
        self._left_over = False
        self._seen_size = -1

    def _give_up(self) -> None:
        """The index is not to be trusted: until it is made anew, the log itself is searched."""
        self._broken = self._stamp
        self._view = None
        self._forget_before(0)

    def worth_catching_up(self, size: int) -> bool:
        """Whether so much of a log of ``size`` bytes is not committed that searches feel it."""
        with self._lock:
            self._state(size)
            return (
                self._left_over or len(self._entries) >= _WORTH_MEMORIES or self._kept_bytes() >= _WORTH_BYTES
            )

    def _kept_bytes(self) -> int:
        return self._entries[-1].end - self._entries[0].ref if self._entries else 0

    def uncovered(self, size: int) -> int:
        """How many bytes of a log that ends at ``size`` the index does not cover."""
        with self._lock:
            self._refresh()
            return max(0, size - self._covered)

    # -- indexing -------------------------------------------------------------------------------

    def catch_up(
        self,
        *,
        on_progress: Callable[[int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        wait: bool = True,
    ) -> None:
        """Index and commit every memory of the log.

        Args:
            on_progress: Called now and then with the offset that has been reached in the log; what
                it raises ends the work; what was committed before is kept.
            cancelled: Asked now and then; the work ends when it says True, and what is done is kept.
            wait: Whether to wait while another process is at it; else that process goes on alone.

        Raises:
            JournalError: the index cannot be written. Searches go on without it.
        """
        if not self._writable:
            return
        try:
            with self._store.locked(wait=wait, cancelled=cancelled) as held:
                if held:
                    self._extend(on_progress, cancelled)
        except (OSError, BrokenIndexError) as error:
            why = reason(error) if isinstance(error, OSError) else error
            raise JournalError(f"cannot write the full-text index in {self._store.path}: {why}") from error

    def _extend(
        self, on_progress: Callable[[int], None] | None, cancelled: Callable[[], bool] | None
    ) -> None:
        sound = self._store.sound()
        with self._lock:
            self._refresh()
            if self._view is not None and not sound:
                self._give_up()
            if self._view is None:
                self._store.delete()
            start = self._covered
        portions = _portions(self._source(start))
        first = next(portions, None)
        if first is None:
            return
        with self._store.adding() as adder:
            added = 0
            for portion in chain((first,), portions):
                adder.add(portion)
                if cancelled is not None and cancelled():
                    adder.leave_merges()
                    break
                added += len(portion)
                if added >= _COMMIT_EVERY:
                    adder.commit()
                    added = 0
                if on_progress is not None:
                    on_progress(portion[-1].end)
        with self._lock:
            self._refresh()

    def close(self) -> None:
        """Let go of the index; nothing is written."""
        with self._lock:
            self._view = None
            self._stamp = None
            self._entries = []
            self._read_to = 0
            self._seen_size = -1


def _portions(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """Take documents by the thousand, or fewer where they are large."""
    portion: list[Document] = []
    for document in documents:
        portion.append(document)
        if len(portion) >= _PORTION or document.end - portion[0].ref >= _PORTION_BYTES:
            yield portion
            portion = []
    if portion:
        yield portion
