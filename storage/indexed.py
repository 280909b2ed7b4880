"""A log and the index that follows it: what is appended, by whomever, is found from then on."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from . import chain
from .codec import decode, encode
from .errors import CutBackError, JournalError, QuarantinedError
from .frames import HEADER_SIZE, frame, scan
from .heads import Head, bulk_reader, head_of, read_head
from .index import Hit, Index, Selection
from .log import Log, Stamp
from .memory import Memory, to_microseconds
from .snapshot import EMPTY, Snapshot, newest

if TYPE_CHECKING:
    from .verify import Progress

__all__ = ["Appended", "IndexedLog"]

_PART: Final = 4 << 20
# A snapshot is rewritten when its tail is worth it: sooner on opening and closing, which come
# rarely, than between writes, which would pay for it each time.
_FOLD_AT_REST: Final = 2048
_FOLD_AT_WORK: Final = 1 << 19
_BULK: Final = 2 << 20
_UNKNOWN: Final[Stamp] = (-1, -1)

_Answer = TypeVar("_Answer")


class Appended(NamedTuple):
    """What an append did: the offsets of the frames, and the chain's head after it."""

    refs: array[int]
    link: str


class IndexedLog:
    """A log with its index; any number of threads may share it.

    Two locks: the log's own lets one batch at a time be appended, this one guards the index and is
    never held while the disk is waited for in an append.

    Args:
        log: The log.
        derived_dir: Where snapshots of the index are kept.
        on_restart: Called, with the lock held, when what was indexed may no longer stand.
        on_progress: Called with bytes done and in all during the first indexing.
    """

    def __init__(
        self,
        log: Log,
        derived_dir: Path,
        *,
        on_restart: Callable[[], None],
        on_progress: Progress | None = None,
    ) -> None:
        self.log = log
        self.derived_dir = derived_dir
        self._on_restart = on_restart
        self._on_progress = on_progress
        self._lock = threading.RLock()
        self._index = Index()
        self._stamp = _UNKNOWN
        self._last_digest = b""
        self._generation = 0
        self._trusted = EMPTY
        with self._lock:
            self._reopen(log.stamp())
            self._catch_up()
            self._on_progress = None
            self._fold_if(_FOLD_AT_REST)

    # -- asking ---------------------------------------------------------------------------------

    def current(self) -> Index:
        """The index, with all that was appended before this call.

        Raises:
            JournalError: the log is closed, or cannot be read.
        """
        if self.log.stamp() != self._stamp:
            with self._lock:
                self._catch_up()
        return self._index

    def answer(self, ask: Callable[[Index], _Answer]) -> _Answer:
        """Ask the index; a damaged snapshot that points outside of itself is rebuilt first."""
        with self._lock:
            try:
                return ask(self.current())
            except (IndexError, OverflowError):
                self.rebuild()
                return ask(self._index)

    def find(self, find: Callable[[Index], tuple[Selection, list[Hit]]]) -> list[Memory]:
        """Find and read; an index that turns out not to fit the log is rebuilt, once.

        Raises:
            JournalError: it does not fit even then.
        """
        rebuilt = False
        while True:
            with self._lock:
                wanted, hits = self.answer(find)
                generation = self._generation
            with suppress(JournalError):
                memories = [self.read(hit.ref) for hit in hits]
                if all(_fits(memory, hit, wanted) for hit, memory in zip(hits, memories, strict=True)):
                    return memories
            with self._lock:
                self.current()
                if self._generation != generation:
                    continue  # a failed append was taken back meanwhile
                if rebuilt:
                    raise JournalError(
                        f"the index does not fit the journal: delete {self.derived_dir} and try again"
                    )
                self.rebuild()
                rebuilt = True

    def find_by_key(self, find: Callable[[Index], list[int]], fits: Callable[[Memory], bool]) -> list[Memory]:
        """Find by a key that others may share, and read those that fit."""
        found = []
        for ref in self.answer(find):
            with suppress(JournalError):
                memory = self.read(ref)
                if fits(memory):
                    found.append(memory)
        return found

    def read(self, ref: int) -> Memory:
        """The memory whose frame starts at an offset.

        Raises:
            JournalError: nothing readable stands there (any more).
        """
        return decode(self.log.read(ref))

    def state(self) -> tuple[int, int]:
        """How many memories there are, and a number that changes when some of them may be gone."""
        with self._lock:
            return len(self.current()), self._generation

    # -- appending ------------------------------------------------------------------------------

    def append(self, memories: Iterable[Memory]) -> Appended:
        """Append records as they stand: all or none, in bounded memory, one sync.

        Raises:
            InvalidMemoryError: one of them cannot be stored; nothing was written.
            AppendFailedError: the disk refused; nothing was written.
        """
        refs = array("Q")
        with self.log.appending() as appender:
            with self._lock:
                self._catch_up()
                if self._index.end < appender.size:
                    # Torn bytes are about to be moved: look again, whatever the file's stamp says.
                    self._stamp = _UNKNOWN
                    self._catch_up()
                cover = self._index.cover
            appender.set_aside(cover.end)
            link, position = cover.link, cover.end
            between = sha256()
            self.log.hash_into(between, cover.chained_end, cover.end)
            gap = between.hexdigest()
            part: list[tuple[int, bytes, Head]] = []
            frames: list[bytes] = []
            part_start = position
            for memory in memories:
                payload, link = chain.seal(encode(memory), link, gap)
                gap = chain.EMPTY_GAP
                data = frame(payload)
                refs.append(position)
                part.append((position, payload, head_of(memory)))
                frames.append(data)
                position += len(data)
                if position - part_start >= _PART:
                    appender.write(b"".join(frames))
                    self._take_in(part_start, part)
                    part, frames, part_start = [], [], position
            if frames:
                appender.write(b"".join(frames))
        if part:
            self._take_in(part_start, part)
        with self._lock:
            self._fold_if(max(_FOLD_AT_WORK, self._index.base_count))
        return Appended(refs, link)

    def _take_in(self, start: int, part: list[tuple[int, bytes, Head]]) -> None:
        """Index frames that were just written, unless a reader of this process was faster."""
        with self._lock:
            index = self._index
            if index.end != start:
                return
            with self._whole_or_dropped():
                index.take(
                    (position, position + HEADER_SIZE + len(payload), payload, head)
                    for position, payload, head in part
                )
                self._last_digest = sha256(frame(index.last_payload)).digest()
            stamp = self.log.stamp()
            if stamp[0] == index.end:
                self._stamp = stamp

    # -- following the log ----------------------------------------------------------------------

    def _catch_up(self) -> None:
        while (stamp := self.log.stamp()) != self._stamp:
            if not self._still_stands(stamp[0]):
                self._reopen(stamp)
            try:
                with self._whole_or_dropped():
                    self._read_on(stamp[0])
            except CutBackError:
                continue
            self._stamp = stamp
            return

    def _read_on(self, size: int) -> None:
        """Index what follows in the log, up to its size in bytes."""
        index = self._index
        read = bulk_reader() if size - index.end >= _BULK else read_head
        before = index.end
        index.take(self._good(index, read, size))
        if index.end != before:
            # Of what was read, not of what stands there now: the log may be cut back meanwhile.
            self._last_digest = sha256(frame(index.last_payload)).digest()

    def _good(
        self, index: Index, read: Callable[[bytes], Head], size: int
    ) -> Iterator[tuple[int, int, bytes, Head]]:
        """The readable memories that follow; what is not readable is noted as damage on the way."""
        skipped: list[tuple[int, int]] = []
        for count, (start, end, payload) in enumerate(scan(self.log, index.end, size)):
            if self._on_progress is not None and not count % 8192:
                self._on_progress(start, size)
            if payload is None:
                # Known as damage only once a whole frame follows: until then it is the log's end.
                skipped.append((start, end))
                continue
            if skipped:
                for range_start, range_end in skipped:
                    index.skip(range_start, range_end, "no whole record")
                skipped.clear()
            try:
                head = read(payload)
            except QuarantinedError as error:
                index.pass_frame(start, end, payload)
                index.skip(start, end, str(error))
            else:
                yield start, end, payload, head

    def _still_stands(self, size: int) -> bool:
        """Whether the last frame that was indexed is still in the log."""
        cover = self._index.cover
        if not cover.end:
            return True
        return (
            size >= cover.end
            and sha256(self.log.bytes_at(cover.last, cover.end)).digest() == self._last_digest
        )

    def _reopen(self, stamp: Stamp) -> None:
        """Start again from the best snapshot that agrees with the log."""
        self._start_from(newest(self.derived_dir, stamp[0], self.log.bytes_at))

    def _start_from(self, base: Snapshot) -> None:
        self._index = Index(base)
        self._generation += 1
        self._on_restart()
        self._last_digest = bytes.fromhex(base.samples[-1][2]) if base.samples else b""
        self._stamp = _UNKNOWN

    @contextmanager
    def _whole_or_dropped(self) -> Iterator[None]:
        """Let no half-fed tail live on, after an interrupt above all: it is read again instead."""
        try:
            yield
        except BaseException:
            self._start_from(self._index.base)
            raise

    def _fold_if(self, tail: int) -> None:
        if self._index.tail_count >= tail:
            self._index = self._index.folded(
                self.derived_dir, self._stamp[0], self._last_digest, self.log.bytes_at
            )

    def rebuild(self) -> None:
        """Forget every snapshot: one was damaged in a way that only reading through it showed."""
        with self._lock:
            for path in self.derived_dir.glob("index-*.snap"):
                with suppress(OSError):
                    path.unlink()
            self._reopen(self.log.stamp())
            self._catch_up()

    def repaired(self) -> bool:
        """Read the snapshot through, once; rebuild it and say so if it is not what was written."""
        with self._lock:
            base = self._index.base
            if base is self._trusted or base.intact():
                self._trusted = base
                return False
            self.rebuild()
            return True

    def after_fork(self) -> None:
        """Part from the process that this one was forked from; called in every child by itself."""
        self.log.after_fork()
        busy = not self._lock.acquire(blocking=False)
        self._lock = threading.RLock()
        if busy:  # another thread of the parent may have been half-way through a change
            self._start_from(self._index.base)

    def close(self) -> None:
        """Keep what was indexed, sync and close the log."""
        with self._lock, suppress(JournalError):
            self._catch_up()
            self._fold_if(_FOLD_AT_REST)
        self.log.close()


def _fits(memory: Memory, hit: Hit, wanted: Selection) -> bool:
    """Whether a memory is what the index took it for."""
    return (
        to_microseconds(memory.timestamp) == hit.us
        and (wanted.concepts is None or memory.concept in wanted.concepts)
        and (wanted.feelings is None or memory.feeling_token in wanted.feelings)
        and (wanted.tags is None or not wanted.tags.isdisjoint(memory.tags))
        and (wanted.since is None or wanted.since <= hit.us)
        and (wanted.until is None or hit.us <= wanted.until)
    )
