"""The log on disk: append, read at an offset, follow, recover. Knows bytes and locks, no JSON.

Nothing here changes or removes a whole frame that was acknowledged.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..places import private_dir
from .disk import explain, reason, refusals, sync, sync_folder
from .errors import AppendFailedError, JournalError
from .frames import HEADER_SIZE, MAGIC, MAX_PAYLOAD

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Appender", "FsyncPolicy", "Log", "Stamp"]

FsyncPolicy = Literal["always", "batch", "never"]

_CHUNK: Final = 1 << 20
_READ_GUESS: Final = 1024
# One write for up to this much; a larger batch goes in several writes and still one fsync.
_BATCH_COUNT: Final = 64
_BATCH_SECONDS: Final = 0.1
# Longer than one tick of the clock that stamps files, see Appender.take_back.
_CLOCK_TICK: Final = 0.02
# How often a reader looks whether another file stands at the path while its own still has a name.
_FOLLOW_SECONDS: Final = 1.0


Stamp: TypeAlias = tuple[int, int]
"""What one look at the file tells: size in bytes and time of change in ns; equal stamps, equal content."""

_NOTHING: Final[Stamp] = (0, 0)


class Log:
    """One ``.mnheme`` file, opened for as long as this object lives.

    Reading needs no lock and may run in any number of threads and processes beside one appender.

    Args:
        path: The log; it and its folder are made on the first append (0600 in 0700).
        fsync_policy: ``always`` syncs before an append returns; ``batch`` after 64 appends or a
            tenth of a second, whichever is first; ``never`` leaves it to the system.

    Raises:
        ValueError: there is no such policy.
        JournalError: the file cannot be opened.
    """

    def __init__(self, path: Path, *, fsync_policy: FsyncPolicy = "always") -> None:
        if fsync_policy not in ("always", "batch", "never"):
            raise ValueError(f"fsync_policy is {fsync_policy!r}: use always, batch or never")
        self.path = path
        self._policy = fsync_policy
        self._fd: int | None = None
        self._retired: list[int] = []
        self._inode = (0, 0)
        self._closed = False
        self._look_at = 0.0
        self._sync_error: OSError | None = None
        self._start_threads()
        self._follow()

    def _start_threads(self) -> None:
        self._file_lock = threading.Lock()  # over _fd, _inode and _retired
        self._append_lock = threading.RLock()
        self._appending = False
        self._unsynced = 0
        self._timer: threading.Timer | None = None

    def after_fork(self) -> None:
        """Part from the process that this one was forked from: a lock taken there would count here."""
        self._start_threads()
        self._retire()

    # -- reading --------------------------------------------------------------------------------

    def stamp(self) -> Stamp:
        """Look at the file: its size in bytes and its time of change.

        A log that was replaced by another file (a restored backup) is followed: at once where the
        old file is gone, within a second where it lives on under another name.

        Raises:
            JournalError: the log is closed, or what stands there now cannot be opened.
        """
        fd = self._fd
        if fd is None or time.monotonic() >= self._look_at:
            fd = self._follow()
        while fd is not None:
            status = os.fstat(fd)
            if status.st_nlink:
                return status.st_size, status.st_mtime_ns
            fd = self._follow()
        return _NOTHING

    def read(self, start: int) -> bytes:
        """Read the payload of the frame at a byte offset.

        Raises:
            JournalError: no whole frame stands there.
        """
        data = self._pread(start, _READ_GUESS)
        if len(data) >= HEADER_SIZE and data.startswith(MAGIC):
            (length,) = struct.unpack_from(">I", data, 4)
            missing = HEADER_SIZE + length - len(data)
            if length <= MAX_PAYLOAD:
                if missing > 0:
                    data += self._pread(start + len(data), missing)
                if len(data) >= HEADER_SIZE + length:
                    return data[HEADER_SIZE : HEADER_SIZE + length]
        raise JournalError(f"no whole frame at byte {start} of {self.path}: run mnemo verify")

    def bytes_at(self, start: int, end: int) -> bytes:
        """Raw bytes of a range, fewer where the log ends before.

        Raises:
            JournalError: the disk cannot read them.
        """
        parts = []
        while start < end:
            part = self._pread(start, min(end - start, _CHUNK))
            if not part:
                break
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def hash_into(self, digest: _Hash, start: int, end: int) -> None:
        """Update a digest with a range of any length, in bounded memory.

        Raises:
            JournalError: the disk cannot read them.
        """
        for position in range(start, end, _CHUNK):
            digest.update(self.bytes_at(position, min(end, position + _CHUNK)))

    def _pread(self, start: int, length: int) -> bytes:
        fd = self._fd
        if fd is None:
            if self._closed:
                raise JournalError(f"the journal {self.path} is closed")
            return b""
        try:
            return os.pread(fd, length, start)
        except OverflowError:
            return b""
        except OSError as error:
            raise JournalError(f"cannot read {self.path}: {reason(error)}") from error

    # -- appending ------------------------------------------------------------------------------

    @contextmanager
    def appending(self) -> Iterator[Appender]:
        """Hold the log against every other appender, in threads and processes, to append one batch.

        What was written is synced by the policy on leaving; after any error in between the log ends
        where it did before.

        Raises:
            AppendFailedError: the disk refused; nothing was appended.
            JournalError: this very thread is appending already.
        """
        with self._append_lock:
            if self._appending:
                raise JournalError(
                    "records that are being written cannot write to the same journal themselves"
                )
            self._raise_late_sync_error()
            fd = None
            self._appending = True
            try:
                fd = self._lock()
                appender = Appender(self.path, fd, os.fstat(fd).st_size)
                try:
                    yield appender
                    if appender.began:
                        with refusals(self.path):
                            self._sync_by_policy(fd)
                except BaseException:
                    appender.take_back()
                    raise
            finally:
                self._appending = False
                if fd is not None:
                    fcntl.flock(fd, fcntl.LOCK_UN)

    @contextmanager
    def settled(self) -> Iterator[int]:
        """Hold the log still: the size in bytes while nobody appends. What is whole now stays for ever.

        Raises:
            AppendFailedError: the system does not lock it.
            JournalError: the log is closed, or what stands there now cannot be opened.
        """
        with self._append_lock:
            fd = self._follow()
            if fd is None or self._appending:
                yield 0 if fd is None else os.fstat(fd).st_size
                return
            try:
                with refusals(self.path):
                    fcntl.flock(fd, fcntl.LOCK_SH)
                yield os.fstat(fd).st_size
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)

    def _lock(self) -> int:
        fd = self._fd if self._fd is not None else self._follow()
        while True:
            if fd is None:
                fd = self._create()
            with refusals(self.path):
                fcntl.flock(fd, fcntl.LOCK_EX)
                # The file may have been replaced or removed since it was opened, or while waiting.
                if _identity(self.path) == self._inode and fd == self._fd:
                    return fd
                fcntl.flock(fd, fcntl.LOCK_UN)
            fd = self._follow()

    def _sync_by_policy(self, fd: int) -> None:
        if self._policy == "always":
            sync(fd)
        elif self._policy == "batch":
            self._unsynced += 1
            if self._unsynced >= _BATCH_COUNT:
                self._sync_batch(fd)
            elif self._timer is None:
                # No daemon: a process that ends waits for it.
                self._timer = threading.Timer(_BATCH_SECONDS, self._sync_late)
                self._timer.start()

    def _sync_batch(self, fd: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._unsynced:
            self._unsynced = 0
            sync(fd)

    def _sync_late(self) -> None:
        with self._append_lock:
            self._timer = None
            fd = self._fd
            if fd is not None and not self._closed:
                try:
                    self._sync_batch(fd)
                except OSError as error:
                    self._sync_error = error

    def _raise_late_sync_error(self) -> None:
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise AppendFailedError(
                f"the last batch may not have reached the disk: {explain(error, self.path)}", error.errno
            )

    def sync(self) -> None:
        """Bring what the ``batch`` policy still holds back to the disk now.

        Raises:
            AppendFailedError: the disk refused.
        """
        with self._append_lock:
            self._raise_late_sync_error()
            fd = self._fd
            if fd is not None:
                with refusals(self.path):
                    self._sync_batch(fd)

    def close(self) -> None:
        """Sync what is due and close. A closed log must not be used."""
        with self._append_lock:
            if self._closed:
                return
            try:
                self.sync()
            finally:
                self._closed = True
                self._retire()
                for fd in self._retired:
                    os.close(fd)
                self._retired.clear()

    # -- the file -------------------------------------------------------------------------------

    def _follow(self) -> int | None:
        """The descriptor of the file that stands at the path now, None where none does."""
        with self._file_lock:
            if self._closed:
                raise JournalError(f"the journal {self.path} is closed")
            try:
                standing = _identity(self.path)
                if self._fd is not None and standing != self._inode:
                    self._retired.append(self._fd)  # another thread may be reading through it
                    self._fd = None
                if self._fd is None and standing is not None:
                    self._take(_open(self.path))
            except FileNotFoundError:
                pass
            except OSError as error:
                raise JournalError(f"cannot open {self.path}: {reason(error)}") from error
            self._look_at = time.monotonic() + _FOLLOW_SECONDS
            return self._fd

    def _create(self) -> int:
        with self._file_lock, refusals(self.path):
            private_dir(self.path.parent)
            try:
                fd = os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                fd = _open(self.path)
            self._take(fd)
            sync_folder(self.path.parent)
            return fd

    def _take(self, fd: int) -> None:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            raise JournalError(f"cannot open {self.path}: it is no ordinary file")
        self._inode = (status.st_dev, status.st_ino)
        self._fd = fd

    def _retire(self) -> None:
        with self._file_lock:
            if self._fd is not None:
                self._retired.append(self._fd)
                self._fd = None


class Appender:
    """The end of a log that is held for one batch; made by :meth:`Log.appending`.

    Attributes:
        size: The log's size in bytes when it was taken, torn bytes included.
        began: Whether this batch has written, or may have.
    """

    def __init__(self, path: Path, fd: int, size: int) -> None:
        self._path = path
        self._fd = fd
        self.size = size
        self.began = False

    def set_aside(self, start: int) -> Path | None:
        """Move what follows the last whole frame to ``<stem>.torn-<time>``, before the first write.

        Raises:
            AppendFailedError: the disk refused; it is where it was.
        """
        if start >= self.size:
            return None
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = self._path.with_name(f"{self._path.stem}.torn-{moment}")
        with refusals(self._path):
            fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with open(fd, "wb") as out:
                    for position in range(start, self.size, _CHUNK):
                        out.write(os.pread(self._fd, min(_CHUNK, self.size - position), position))
                    out.flush()
                    os.fsync(fd)
                sync_folder(self._path.parent)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
            os.ftruncate(self._fd, start)
            os.fsync(self._fd)
        self.size = start
        return aside

    def write(self, frames: bytes) -> None:
        """Append whole frames: one write, unless the system cuts it short.

        Raises:
            AppendFailedError: the disk refused.
        """
        view = memoryview(frames)
        # Before it is true: an interrupt may come between the write and the next line.
        self.began = True
        with refusals(self._path):
            while view:
                view = view[os.write(self._fd, view) :]

    def take_back(self) -> None:
        """Let the log end where it did before this batch."""
        if not self.began:
            return
        # Where even this fails, the next append moves the torn bytes aside.
        with suppress(OSError):
            os.ftruncate(self._fd, self.size)
            os.fsync(self._fd)
        # A reader tells a changed log by size and time of change. The next append may bring the
        # same size, so it must not fall into the same tick of the file system's clock.
        time.sleep(_CLOCK_TICK)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


# Without O_NONBLOCK a pipe in the log's place would be waited for.
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK


def _open(path: Path) -> int:
    try:
        return os.open(path, _FLAGS)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
