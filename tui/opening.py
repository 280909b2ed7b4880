"""Open the journal in a thread while the screen is still being loaded. Knows no screen."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.journal import MemoryDB
    from .timeline.model import Found

__all__ = ["Opening"]


class Opening:
    """A journal that is being opened from the moment this is made.

    ``look`` reads from it, in the same thread, what the first frame will show.
    """

    def __init__(
        self, open_journal: Callable[[], MemoryDB], look: Callable[[MemoryDB], Found] | None = None
    ) -> None:
        self._open_journal = open_journal
        self._look = look
        self._lock = threading.Lock()
        self._closed = False
        self._found: Found | None = None
        self._future = self._begin()

    def _begin(self) -> Future[MemoryDB]:
        future: Future[MemoryDB] = Future()
        threading.Thread(target=self._run, args=(future,), name="open journal", daemon=True).start()
        return future

    def _run(self, future: Future[MemoryDB]) -> None:
        try:
            journal = self._open_journal()
            if self._look is not None:
                self._found = self._look(journal)
        except Exception as error:  # noqa: BLE001 -- raised again in whoever asks for the journal
            future.set_exception(error)
        else:
            future.set_result(journal)

    def first(self, patience: float) -> Found | None:
        """What ``look`` found; None if it is not there after so many seconds."""
        if self._look is not None:
            wait((self._future,), patience)
        return self._found if self._future.done() else None

    def journal(self) -> MemoryDB:
        """The journal, once it is open; after a failure each call tries anew.

        Raises:
            JournalError: it cannot be opened.
        """
        with self._lock:
            future = self._future
            if future.done() and future.exception() is not None:
                future = self._future = self._begin()
        return future.result()

    def close(self) -> None:
        """Close the journal; if it is just being opened, wait for it."""
        with self._lock:
            if not self._closed and self._future.exception() is None:
                self._future.result().close()
            self._closed = True
