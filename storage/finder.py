"""Full text over a log on disk, and the thread that commits it while nobody waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from .analysis import Searchable
from .codec import decode
from .errors import JournalError, QuarantinedError
from .frames import scan
from .index import Selection
from .log import Log
from .memory import to_microseconds
from .search import Document, FullText
from .tail import Corpus

__all__ = ["Finder"]

_logger = logging.getLogger(__name__)
# After the disk refused, so that a full one is not tried again with every search.
_RETRY_SECONDS: Final = 60.0
_BULK: Final = 2 << 20


class Finder:
    """Searches a log; any number of threads may share it.

    Once a search had to look at many memories one by one, a thread indexes them. It ends with
    :meth:`close` or the main thread, keeping what it has done.

    Args:
        log: Whose memories are searched.
        folder: Where everything derived from the log is kept.
    """

    def __init__(self, log: Log, folder: Path) -> None:
        self._log = log
        self._folder = folder
        self._lock = threading.Lock()
        self._text: FullText | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failed_at = -_RETRY_SECONDS

    def search(self, text: str, wanted: Selection, limit: int | None, size: int) -> list[int]:
        """Give the offsets of the frames that :meth:`FullText.search` finds, in its order."""
        if not size:
            return []
        full_text = self._full_text()
        if full_text.worth_catching_up(size):
            self._catch_up_behind(full_text)
        hits = full_text.search(text, filters=wanted, limit=limit, size=size)
        return [hit.ref for hit in hits]

    def statistics(self, words: Iterable[str], size: int) -> Corpus:
        """Tell how many memories have each word, see :meth:`FullText.statistics`."""
        return self._full_text().statistics(words, size=size) if size else Corpus(0, 0.0, {})

    def uncovered(self, size: int) -> int:
        """How many bytes of a log that ends at ``size`` the index does not cover."""
        return self._full_text().uncovered(size) if size else 0

    def catch_up(self, *, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Index every memory now, see :meth:`FullText.catch_up`; progress is bytes done and in all.

        Raises:
            JournalError: the index cannot be written.
        """
        size = self._log.stamp()[0]
        if not size:
            return
        report = None if on_progress is None else lambda done: on_progress(done, size)
        self._full_text().catch_up(on_progress=report)

    def forget(self) -> None:
        """The log was cut back, or is another one: start from what is on the disk."""
        with self._lock:
            self._text = None

    def close(self) -> None:
        """End the thread, which commits what it has, and let go of the index."""
        self._stopping.set()
        with self._lock:
            thread, self._text = self._thread, None
        if thread is not None:
            thread.join()

    def _full_text(self) -> FullText:
        with self._lock:
            if self._text is None:
                self._text = FullText(self._folder, self._identity(), self._documents)
            return self._text

    def _identity(self) -> str:
        frames = scan(self._log, 0, self._log.stamp()[0])
        first = next((payload for _, _, payload in frames if payload is not None), b"")
        return sha256(first).hexdigest()

    def _documents(self, start: int) -> Iterator[Document]:
        size = self._log.stamp()[0]
        read = _bulk_reader() if size - start >= _BULK else _read
        for ref, end, payload in scan(self._log, start, size):
            if payload is None:
                continue
            try:
                memory, us = read(payload)
            except QuarantinedError:
                continue
            yield Document(ref, end, memory, us)

    def _catch_up_behind(self, full_text: FullText) -> None:
        with self._lock:
            busy = self._thread is not None and self._thread.is_alive()
            if busy or self._stopping.is_set() or time.monotonic() - self._failed_at < _RETRY_SECONDS:
                return
            # No daemon: the interpreter would end it in the middle of native code.
            self._thread = threading.Thread(target=self._work, args=(full_text,), name="mnemo-full-text")
            self._thread.start()

    def _work(self, full_text: FullText) -> None:
        try:
            full_text.catch_up(cancelled=self._is_over, wait=False)
        except JournalError as error:
            self._failed_at = time.monotonic()
            _logger.warning("%s", error)

    def _is_over(self) -> bool:
        return self._stopping.is_set() or not threading.main_thread().is_alive()


def _read(payload: bytes) -> tuple[Searchable, int]:
    memory = decode(payload)
    return Searchable.of(memory), to_microseconds(memory.timestamp)


def _bulk_reader() -> Callable[[bytes], tuple[Searchable, int]]:
    """A reader equal to :func:`_read`, several times faster once its library is imported."""
    import msgspec  # noqa: PLC0415 - its import costs more than a small tail

    class Record(msgspec.Struct):
        memory_id: str
        concept: str
        feeling: str
        timestamp: str
        media_type: str = ""
        content: str = ""
        note: str = ""
        checksum: str = ""
        tags: list[str] = []
        reading: Any = None

    load = msgspec.json.Decoder(Record).decode
    errors = (msgspec.MsgspecError, UnicodeDecodeError, QuarantinedError, RecursionError)

    def read(payload: bytes) -> tuple[Searchable, int]:
        try:
            record = load(payload)
            us = to_microseconds(record.timestamp)
        except errors:
            # Either it is no memory, or it is one in a way that only the tolerant reader takes.
            return _read(payload)
        text = record.reading.get("text") if type(record.reading) is dict else ""
        return (
            Searchable(
                record.concept,
                record.feeling,
                record.tags,
                record.content,
                record.note,
                text if type(text) is str else "",
            ),
            us,
        )

    return read
