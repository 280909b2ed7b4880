"""The staging folder: where a file waits beside the pool until it is whole and durable.

Every name is looked up below an open descriptor, never through a link.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from ..places import private_dir
from .errors import AttachmentError
from .fsprobe import NOT_SUPPORTED, reflink

__all__ = ["Staged", "Staging", "digest", "open_folder"]

_STAGING: Final = ".staging-"


class Staged(NamedTuple):
    """A file whose hash is known: whole in the staging folder, or a twin of one that is."""

    sha256: str
    size: int
    temporary: str
    """Name in the staging folder; empty for a twin."""
    name: str


@contextmanager
def open_folder(parent: int | None, name: str, *, create: bool = False) -> Iterator[int]:
    """Open a folder by name below an open one, never through a link; yield its descriptor.

    Raises:
        AttachmentError: it is a link or no folder.
        FileNotFoundError: it does not exist and is not to be created.
    """
    descriptor = _open_folder(parent, name, create=create)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_folder(parent: int | None, name: str, *, create: bool) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if parent is not None else 0)
    try:
        return os.open(name, flags, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise AttachmentError(
                f"{name!r} in the attachments' folder is a link or a file, not a folder: "
                "mnemo does not follow it; move it away"
            ) from None
        raise
    with suppress(FileExistsError):
        if parent is None:
            private_dir(Path(name))
        else:
            os.mkdir(name, 0o700, dir_fd=parent)
    return _open_folder(parent, name, create=False)


class Staging:
    """A folder in the pool for files under way. Its lock says that its owner lives."""

    def __init__(self, root: int, pool: int) -> None:
        self.root, self.pool = root, pool
        self.name = _STAGING + secrets.token_hex(8)
        with self.locked():
            self._sweep()
            os.mkdir(self.name, 0o700, dir_fd=pool)
            self.descriptor = _open_folder(pool, self.name, create=False)
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the pool's own lock, against other threads and processes."""
        lock = os.open(
            ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self.pool
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _sweep(self) -> None:
        """Remove what killed processes left: staging folders that nobody holds."""
        for name in os.listdir(self.pool):  # noqa: PTH208 - a descriptor
            if not name.startswith(_STAGING):
                continue
            with suppress(OSError, AttachmentError), open_folder(self.pool, name) as left:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove_folder(self.pool, name, left)

    def close(self) -> None:
        """Remove the folder with what is left in it."""
        with suppress(OSError):
            _remove_folder(self.pool, self.name, self.descriptor)
        os.close(self.descriptor)

    def _create(self) -> tuple[str, int]:
        name = secrets.token_hex(8)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return name, os.open(name, flags, 0o600, dir_fd=self.descriptor)

    def write(self, blocks: Iterable[memoryview]) -> str:
        """Write a new file of blocks; gives its name here."""
        name, descriptor = self._create()
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for block in blocks:
                rest = block
                while rest:
                    rest = rest[file.write(rest) :]
            # Linux takes this as a hint to begin writing out; the sync at the end then waits less.
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return name

    def clone(self, reader: BinaryIO) -> str:
        """Share the blocks of a regular file, copied on write; "" where the file system cannot."""
        name, descriptor = self._create()
        try:
            if reflink(reader.fileno(), descriptor):
                return name
        finally:
            os.close(descriptor)
        self.drop(name)
        return ""

    def adopt(self, path: Path) -> str:
        """Give the user's own file a second name here.

        Raises:
            AttachmentError: this file system links no such file.
            OSError: the system refused otherwise.
        """
        name = secrets.token_hex(8)
        try:
            os.link(path.resolve(), name, dst_dir_fd=self.descriptor, follow_symlinks=False)
        except OSError as error:
            if error.errno in NOT_SUPPORTED or error.errno == errno.EMLINK:
                raise AttachmentError(
                    f"cannot link {str(path)!r} into the attachments' folder ({error.strerror}): "
                    "attach it without linking, as a copy"
                ) from None
            raise
        return name

    def make_durable(self, item: Staged) -> None:
        """Bring a staged file to the disk."""
        descriptor = os.open(item.temporary, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self.descriptor)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def drop(self, name: str) -> None:
        """Remove a file that the pool has already."""
        os.unlink(name, dir_fd=self.descriptor)


def digest(folder: int, name: str) -> tuple[str, int]:
    """SHA-256 hex and size of a file in an open folder, never through a link."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()


def _remove_folder(parent: int, name: str, folder: int) -> None:
    for left in os.listdir(folder):
        os.unlink(left, dir_fd=folder)
    os.rmdir(name, dir_fd=parent)
