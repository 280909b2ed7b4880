"""The disk's part in writing: bringing bytes down to it, and saying in words why it refused."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import AppendFailedError

__all__ = ["explain", "reason", "refusals", "sync", "sync_folder"]


def sync(fd: int) -> None:
    """Bring a file's bytes to the disk itself, past its own cache where the system can."""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


_ADVICE: Final = {
    errno.ENOSPC: "the disk is full: free some space and try again",
    errno.EDQUOT: "your disk quota is used up: free some space and try again",
    errno.EFBIG: "the file may not grow further here (a size limit is set): nothing was written",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EBADF: "it is open for reading only: check its permissions",
    errno.EIO: "the disk reported an I/O error: check its health before you go on",
    errno.EISDIR: "it is a folder, not a journal",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
}


def reason(error: OSError) -> str:
    """What the system refused, and what to do where that is known."""
    return _ADVICE.get(error.errno or 0, error.strerror or str(error))


def explain(error: OSError, path: Path) -> str:
    """The line to show when a file could not be written."""
    return f"cannot write {path}: {reason(error)}"


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what the system refuses into an error that says what to do.

    Raises:
        AppendFailedError: the system refused.
    """
    try:
        yield
    except OSError as error:
        raise AppendFailedError(explain(error, path), error.errno) from error
