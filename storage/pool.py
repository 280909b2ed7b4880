"""The content-addressed pool: each distinct file once, named by its SHA-256, whole or not there.

Layout: ``pool/<sha256[:2]>/<sha256[:16]>_<name>``. The sixteen characters are only a name: two
files are one when their full SHA-256 is the same. A file enters in three steps (staged beside the
pool while its hash is taken, made durable, renamed), so a name in the pool always stands for whole,
durable content, and a killed process leaves at most a staging folder that the next one removes.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from itertools import islice
from pathlib import Path
from threading import Lock, local
from typing import BinaryIO, Final, NamedTuple

from .errors import AttachmentError
from .filenames import safe_name
from .staging import Staged, Staging, digest, open_folder

__all__ = ["Incoming", "Pool", "Stored"]

_BLOCK: Final = 1 << 20
_IN_MEMORY: Final = 8 * _BLOCK  # smaller files are hashed before a byte is written
_BATCH: Final = 1024  # files made durable and published together
_WORKERS: Final = 4  # hashing, copying and syncing release the GIL, and half of it waits for the disk
_POOL_NAME_CHARS: Final = 80
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Incoming(NamedTuple):
    """A file on its way into the pool: its name, how to open it, and its path if it has one."""

    name: str
    open: Callable[[], BinaryIO]
    path: Path | None = None

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], name: str | None = None) -> Incoming:
        """Name a regular file of the user's; links are followed, pipes and devices refused."""
        path = Path(path)
        return cls(name or path.name, lambda: _open_regular(path), path)

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Incoming:
        """Take bytes that are in memory."""
        return cls(name, lambda: BytesIO(data))


class Stored(NamedTuple):
    """A file that is safely in the pool."""

    sha256: str
    size: int
    pool_path: str
    """Relative to the attachments' folder, with ``/``."""


def _open_regular(path: Path) -> BinaryIO:
    # Look before opening: opening a pipe would wait, opening a device may act on it.
    if not stat.S_ISREG(path.stat().st_mode):
        raise AttachmentError(f"cannot attach {str(path)!r}: it is {_kind(path)}, not a file")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AttachmentError(f"cannot attach {str(path)!r}: it is no longer a file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "a pipe" if path.is_fifo() else "a device or socket"


class Pool:
    """The pool below an attachments' folder. Threads and processes may use it at once.

    Args:
        root: The attachments' folder (``<stem>_files``); made on first use, 0700.
        durable: Whether files are on the disk (fsync) before :meth:`take` returns.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root
        self._durable = durable
        self._can_clone = True  # until the file system says no
        self._verified: dict[str, tuple[str, int, int, int]] = {}  # sha256: name, inode, size, mtime

    def take(self, sources: Iterable[Incoming], *, adopt: bool = False) -> list[Stored]:
        """Bring files in, each byte read once; twins and files that are there already cost no space.

        When it returns, every file is durable in the pool. When it raises, none of the current
        batch (of 1,024 files) is; earlier ones stay, harmless, and are found again.

        Args:
            sources: What to take, in order.
            adopt: Share the inode of the user's own file (a hard link): no space, no copy; later
                edits of the original then change the memory's file too.

        Raises:
            AttachmentError: a source is missing, unreadable, no file, or cannot be linked; the disk is full.
        """
        remaining = iter(sources)
        stored: list[Stored] = []
        with ExitStack() as stack:
            staging: Staging | None = None
            while batch := list(islice(remaining, _BATCH)):
                if staging is None:
                    staging = stack.enter_context(self._staging())
                stored += self._take_batch(staging, batch, adopt=adopt)
        return stored

    def find(self, sha256: str, size: int) -> str | None:
        """Name the pool's file for a full SHA-256 (path relative to the attachments' folder), or None.

        A lone file of that name and size is taken at its word; :meth:`Media.verify` hashes it. A folder
        that is none, or a link, holds nothing.
        """
        if not _SHA256.fullmatch(sha256):
            return None
        with (
            suppress(OSError, AttachmentError),
            open_folder(None, str(self.root)) as root,
            open_folder(root, "pool") as pool,
            open_folder(pool, sha256[:2]) as bucket,
        ):
            candidates = _candidates(bucket, sha256, size)
            name = candidates[0] if len(candidates) == 1 else self._find(bucket, sha256, size)
            return None if name is None else f"pool/{sha256[:2]}/{name}"
        return None

    # -- one batch --------------------------------------------------------------------------------

    def _take_batch(self, staging: Staging, batch: Sequence[Incoming], *, adopt: bool) -> list[Stored]:
        claims = _Claims()

        def stage(source: Incoming) -> Staged:
            try:
                return self._stage(staging, source, claims, adopt=adopt)
            except FileNotFoundError:
                raise AttachmentError(
                    f"cannot attach {str(source.path or source.name)!r}: no such file"
                ) from None
            except OSError as error:
                raise AttachmentError(
                    f"cannot attach {str(source.path or source.name)!r}: {error.strerror or error}"
                ) from error

        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - reading needs no threads

        with ThreadPoolExecutor(_WORKERS) as workers:
            staged = list(workers.map(stage, batch)) if len(batch) > 1 else [stage(batch[0])]
            fresh = [item for item in staged if item.temporary]
            if self._durable:
                list(workers.map(staging.make_durable, fresh))
        return self._publish(staging, staged)

    def _stage(self, staging: Staging, source: Incoming, claims: _Claims, *, adopt: bool) -> Staged:
        name = safe_name(source.name, _POOL_NAME_CHARS)
        with source.open() as reader:
            if adopt and source.path is not None:
                temporary = staging.adopt(source.path)
            elif source.path is not None and self._can_clone:
                temporary = staging.clone(reader)
                self._can_clone = bool(temporary)
            else:
                temporary = ""
            if temporary:
                sha256, size = digest(staging.descriptor, temporary)
                if self._is_new(staging, sha256, size, claims):
                    return Staged(sha256, size, temporary, name)
                staging.drop(temporary)
                return Staged(sha256, size, "", name)
            return self._copy(staging, reader, name, claims)

    def _copy(self, staging: Staging, reader: BinaryIO, name: str, claims: _Claims) -> Staged:
        buffer = claims.buffer()
        filled = _fill(reader, buffer)
        if filled < len(buffer):
            content = buffer[:filled]
            sha256, temporary = hashlib.sha256(content).hexdigest(), ""
            if self._is_new(staging, sha256, filled, claims):
                temporary = staging.write((content,))
            return Staged(sha256, filled, temporary, name)
        blocks = _HashedBlocks(buffer, reader)
        temporary = staging.write(blocks)
        sha256 = blocks.sha256.hexdigest()
        if not self._is_new(staging, sha256, blocks.size, claims):
            staging.drop(temporary)
            temporary = ""
        return Staged(sha256, blocks.size, temporary, name)

    def _is_new(self, staging: Staging, sha256: str, size: int, claims: _Claims) -> bool:
        if not claims.claim(sha256):
            return False
        try:
            with open_folder(staging.pool, sha256[:2]) as bucket:
                return self._find(bucket, sha256, size) is None
        except FileNotFoundError:
            return True

    def _publish(self, staging: Staging, staged: Sequence[Staged]) -> list[Stored]:
        names: dict[str, str] = {}
        touched: set[str] = set()
        with staging.locked():
            # Those that bring their content first, their twins after.
            for item in sorted(staged, key=lambda item: not item.temporary):
                if item.sha256 in names:
                    continue
                prefix = item.sha256[:2]
                with open_folder(staging.pool, prefix, create=True) as bucket:
                    name = self._find(bucket, item.sha256, item.size)
                    if name is None:
                        if not item.temporary:
                            raise AttachmentError(f"{item.name!r} left the pool meanwhile: attach it again")
                        name = _free_name(bucket, f"{item.sha256[:16]}_", item.name)
                        os.rename(item.temporary, name, src_dir_fd=staging.descriptor, dst_dir_fd=bucket)
                        self._remember(bucket, item.sha256, name)
                        touched.add(prefix)
                names[item.sha256] = f"pool/{prefix}/{name}"
            if self._durable and touched:
                for prefix in sorted(touched):
                    with open_folder(staging.pool, prefix) as bucket:
                        os.fsync(bucket)
                os.fsync(staging.pool)
                os.fsync(staging.root)
        return [Stored(item.sha256, item.size, names[item.sha256]) for item in staged]

    # -- what is there ----------------------------------------------------------------------------

    def _find(self, bucket: int, sha256: str, size: int) -> str | None:
        known = self._verified.get(sha256)
        if known is not None:
            with suppress(OSError):
                if known == (known[0], *_identity(bucket, known[0])):
                    return known[0]
        for name in _candidates(bucket, sha256, size):
            with suppress(OSError):
                if digest(bucket, name)[0] == sha256:
                    self._remember(bucket, sha256, name)
                    return name
        return None

    def _remember(self, bucket: int, sha256: str, name: str) -> None:
        self._verified[sha256] = (name, *_identity(bucket, name))

    @contextmanager
    def _staging(self) -> Iterator[Staging]:
        try:
            with (
                open_folder(None, str(self.root), create=True) as root,
                open_folder(root, "pool", create=True) as pool,
            ):
                staging = Staging(root, pool)
                try:
                    yield staging
                finally:
                    staging.close()
        except OSError as error:
            raise AttachmentError(
                f"the attachments' folder {str(self.root)!r} cannot be used: {error.strerror or error}"
            ) from error


class _Claims:
    """What the workers of one batch share: the contents that one of them is already bringing in."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._claimed: set[str] = set()
        self._local = local()

    def claim(self, sha256: str) -> bool:
        with self._lock:
            if sha256 in self._claimed:
                return False
            self._claimed.add(sha256)
            return True

    def buffer(self) -> memoryview:
        """This thread's own; a fresh one for each file would cost as much as the copy in page faults."""
        if not hasattr(self._local, "buffer"):
            self._local.buffer = memoryview(bytearray(_IN_MEMORY))
        view: memoryview = self._local.buffer
        return view


class _HashedBlocks:
    """The blocks of a stream, hashed as they pass; the first already fills the buffer."""

    def __init__(self, buffer: memoryview, reader: BinaryIO) -> None:
        self.sha256, self.size = hashlib.sha256(), 0
        self._buffer, self._reader = buffer, reader

    def __iter__(self) -> Iterator[memoryview]:
        filled = len(self._buffer)
        while filled:
            block = self._buffer[:filled]
            self.sha256.update(block)
            self.size += filled
            yield block
            filled = _fill(self._reader, self._buffer[:_BLOCK])


def _fill(reader: BinaryIO, buffer: memoryview) -> int:
    """Read until the buffer is full or the stream ends; return how many bytes."""
    filled = 0
    while filled < len(buffer):
        count = reader.readinto(buffer[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
    return filled


def _candidates(bucket: int, sha256: str, size: int) -> list[str]:
    """The regular files of a bucket whose name and size fit."""
    prefix, found = f"{sha256[:16]}_", []
    for name in os.listdir(bucket):
        if name.startswith(prefix):
            with suppress(OSError):
                status = os.stat(name, dir_fd=bucket, follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_size == size:
                    found.append(name)
    return sorted(found)


def _identity(folder: int, name: str) -> tuple[int, int, int]:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _free_name(bucket: int, prefix: str, name: str) -> str:
    """A name that nothing in the bucket has: the same sixteen characters can stand for other content."""
    taken = set(os.listdir(bucket))
    candidate, number = prefix + name, 1
    while candidate in taken:
        number += 1
        candidate = f"{prefix}{number}_{name}"
    return candidate
