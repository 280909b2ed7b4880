"""One writer at a time, and its name for whoever has to wait."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from .errors import IndexBusyError, IndexUnwritableError

__all__ = ["WriterLock"]


class WriterLock:
    """An advisory lock on ``path``, freed by the system however its holder ends. A context manager.

    ``wait`` is how many seconds to wait for another writer (None: as long as it takes); ``on_wait`` is told
    once who holds it. Raises `IndexBusyError` when the wait is over, `IndexUnwritableError` where no lock
    can be made.
    """

    def __init__(
        self,
        path: Path,
        purpose: str,
        *,
        wait: float | None = None,
        on_wait: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._path = path
        self._purpose = purpose
        self._wait = wait
        self._on_wait = on_wait
        self._cancelled = cancelled
        self._handle = -1

    def __enter__(self) -> WriterLock:
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise IndexUnwritableError(
                f"cannot write the index at {self._path.parent}: {error.strerror}"
            ) from error
        deadline = None if self._wait is None else time.monotonic() + self._wait
        told = False
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = self._holder()
                late = deadline is not None and time.monotonic() >= deadline
                if late or self._cancelled():
                    os.close(self._handle)
                    raise IndexBusyError(f"the index is being written by {holder}", holder) from None
                if not told and self._on_wait is not None:
                    self._on_wait(holder)
                    told = True
                time.sleep(0.02)
        note = json.dumps({"pid": os.getpid(), "purpose": self._purpose, "since": time.strftime("%H:%M:%S")})
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, note.encode(), 0)
        except OSError:  # a full disk: the lock holds all the same, only its note is missing
            pass
        return self

    def _holder(self) -> str:
        try:
            note = json.loads(os.pread(self._handle, 4096, 0))
            return f"mnemo {note['purpose']} (process {note['pid']}, since {note['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            os.ftruncate(self._handle, 0)
        finally:
            os.close(self._handle)
