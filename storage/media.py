"""Attachments: files that memories name, kept beside the log.

Three layers, each derived from the one before: the log names a file by its full SHA-256; the pool
(:mod:`.pool`) holds each distinct content once; ``memories/<id[:8]>/<id>/<name>`` gives it back its
name, by a hard link where the file system can. ``_index.json`` is written for other programs. The
pool has a file before the log names it, and the last two can be lost without losing anything.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from .errors import AttachmentError
from .filenames import distinct_names, safe_id, safe_name
from .fsprobe import NOT_SUPPORTED, LinkStrategy, reflink
from .media_index import Entry, MediaIndex
from .memory import Attachment, MediaType, Memory
from .pool import Incoming, Pool
from .staging import digest, open_folder

__all__ = [
    "AttachedFile",
    "AttachmentDamage",
    "AttachmentReport",
    "FileSource",
    "Incoming",
    "Media",
    "as_incoming",
    "media_type_of",
]

FileSource = Incoming | str | os.PathLike[str]

_EXTENSIONS: Final = {
    MediaType.IMAGE: "jpg jpeg jpe png gif webp heic heif avif bmp tif tiff svg ico jxl dng cr2 nef arw raw",
    MediaType.VIDEO: "mp4 m4v mov avi mkv webm mpg mpeg 3gp ogv wmv flv mts",
    MediaType.AUDIO: "mp3 m4a aac wav flac ogg oga opus wma aif aiff amr caf mid midi",
}
_BY_EXTENSION: Final = {
    extension: kind for kind, extensions in _EXTENSIONS.items() for extension in extensions.split()
}


def media_type_of(name: str) -> MediaType:
    """Tell by a file's extension whether it is an image, a video, audio, or a document."""
    return _BY_EXTENSION.get(name.rpartition(".")[2].lower(), MediaType.DOC)


class AttachedFile(NamedTuple):
    """An attachment as found on this disk."""

    name: str
    sha256: str
    """As the log names it; empty for a file that only the folder names (another program's)."""
    size: int
    media_type: str
    path: Path | None
    """Where to open it; None when it is lost."""
    shared_by: int
    """How many memories share the one stored file (by its link count); 0 when it is lost."""


class AttachmentDamage(NamedTuple):
    """An attachment that is not as it was stored."""

    memory_id: str
    name: str
    reason: str


class AttachmentReport(NamedTuple):
    """What checking every attachment found."""

    files: int
    size: int
    damages: tuple[AttachmentDamage, ...]
    orphans: tuple[str, ...]
    """Files that no memory names, relative to the folder: left by a crash, harmless."""


class Media:
    """The attachments' folder of one journal. Threads and processes may use it at once.

    Args:
        root: ``<stem>_files``, made on first use (0700).
        durable: Whether a file is on the disk (fsync) before a record may name it.
    """

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root
        self.pool = Pool(root, durable=durable)
        self.index = MediaIndex(root)
        self._can_hardlink = True  # until the file system says no

    # -- in ---------------------------------------------------------------------------------------

    def add(self, sources: Iterable[FileSource], *, link: bool = False) -> tuple[Attachment, ...]:
        """Bring one memory's files into the pool and say how its record names them.

        Same names are kept apart. Everything is durable on return: write the record now, then call
        :meth:`place`. With ``link`` the user's own inodes are adopted (no copy, no space).

        Raises:
            AttachmentError: a source is missing, no file or unreadable; nothing may be written.
        """
        return self.add_groups([[as_incoming(source) for source in sources]], link=link)[0]

    def add_groups(
        self, groups: Sequence[Sequence[Incoming]], *, link: bool = False
    ) -> list[tuple[Attachment, ...]]:
        """:meth:`add` for many memories at once: one pass, one round of syncs.

        Raises:
            AttachmentError: a source is missing, no file or unreadable; nothing may be written.
        """
        flat = [source for group in groups for source in group]
        if flat:  # a folder that is no folder must be told before a record is written
            with (
                open_folder(None, str(self.root), create=True) as root,
                open_folder(root, "memories", create=True),
            ):
                pass
        stored = iter(self.pool.take(flat, adopt=link))
        return [
            tuple(
                Attachment(name, file.sha256, file.size, media_type_of(name).value)
                for name, file in zip(distinct_names(source.name for source in group), stored, strict=False)
            )
            for group in groups
        ]

    def place(self, memories: Iterable[Memory]) -> None:
        """Give the files their names under ``memories/`` and enter them in the index.

        What is there already stays. All of it is derived: where the disk refuses, the file is still
        found in the pool, and the memory, which is written by now, is not lost over it.
        """
        self._enter((memory.memory_id, memory.attachments) for memory in memories)

    def _enter(self, named: Iterable[tuple[str, Sequence[Attachment]]]) -> None:
        entries: list[Entry] = []
        with suppress(OSError, AttachmentError):
            for memory_id, attachments in named:
                if attachments:
                    entries += self._place(memory_id, attachments)
        with suppress(OSError):
            if entries:
                self.index.add(entries)

    def _place(self, memory_id: str, attachments: Iterable[Attachment]) -> list[Entry]:
        entries = []
        identity = safe_id(memory_id)
        with (
            open_folder(None, str(self.root), create=True) as root,
            open_folder(root, "memories", create=True) as top,
            open_folder(top, identity[:8], create=True) as shelf,
            open_folder(shelf, identity, create=True) as folder,
        ):
            for attachment in attachments:
                pool_path = self._in_pool(attachment)
                if pool_path is None:
                    continue  # lost, or not brought along; verify says so
                name = safe_name(attachment.name)
                strategy = self._link(root, pool_path, folder, name)
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                link_path = f"memories/{identity[:8]}/{identity}/{name}"
                entries.append(Entry.of(memory_id, attachment, pool_path, link_path, status, strategy))
        return entries

    def _link(self, root: int, pool_path: str, folder: int, name: str) -> LinkStrategy:
        """Give a pool file a second name by the best means there is; keep a name that exists."""
        with suppress(FileExistsError):
            if self._can_hardlink:
                try:
                    os.link(pool_path, name, src_dir_fd=root, dst_dir_fd=folder, follow_symlinks=False)
                except OSError as error:
                    if error.errno not in NOT_SUPPORTED and error.errno != errno.EMLINK:
                        raise
                    self._can_hardlink = error.errno == errno.EMLINK
                else:
                    return LinkStrategy.HARDLINK
            return _second_copy(root, pool_path, folder, name)
        return LinkStrategy.HARDLINK if self._can_hardlink else LinkStrategy.COPY

    # -- out --------------------------------------------------------------------------------------

    def files_of(self, memory: Memory) -> list[AttachedFile]:
        """A memory's attachments as they are on this disk, then those that only its folder names."""
        named = [self.file_of(memory, attachment) for attachment in memory.attachments]
        known = {safe_name(attachment.name) for attachment in memory.attachments}
        return named + [file for file in self._unnamed(memory) if file.name not in known]

    def file_of(self, memory: Memory, attachment: Attachment) -> AttachedFile:
        """Where one attachment is: under its own name, else in the pool; ``path`` None when lost."""
        path = self._own_folder(memory) / safe_name(attachment.name)
        status = self._regular(path)
        pool_path = self._in_pool(attachment)
        pool_status = None if pool_path is None else self._regular(self.root / pool_path)
        if status is None or status.st_size != attachment.size:
            path, status = (self.root / pool_path if pool_path else path), pool_status
        shared = pool_status or status
        return AttachedFile(
            attachment.name,
            attachment.sha256,
            attachment.size,
            attachment.media_type,
            path if status is not None else None,
            max(1, shared.st_nlink - 1) if shared is not None else 0,
        )

    def _own_folder(self, memory: Memory) -> Path:
        identity = safe_id(memory.memory_id)
        return self.root / "memories" / identity[:8] / identity

    def _unnamed(self, memory: Memory) -> Iterator[AttachedFile]:
        folder = self._own_folder(memory)
        with suppress(OSError):
            for path in sorted(folder.iterdir()):
                status = self._regular(path)
                if status is not None:
                    kind = media_type_of(path.name).value
                    yield AttachedFile(path.name, "", status.st_size, kind, path, max(1, status.st_nlink - 1))

    def _regular(self, path: Path) -> os.stat_result | None:
        """Look at a file below the root; None unless it is one, reached through no link."""
        try:
            folders = list(path.relative_to(self.root).parents)[:-1]  # the root itself may be a link
            if any((self.root / folder).is_symlink() for folder in folders):
                return None
            status = path.lstat()
        except OSError:
            return None
        return status if stat.S_ISREG(status.st_mode) else None

    def _in_pool(self, attachment: Attachment) -> str | None:
        return self.pool.find(attachment.sha256, attachment.size)

    # -- checking ---------------------------------------------------------------------------------

    def verify(
        self,
        named: Iterable[tuple[str, Attachment]],
        *,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> AttachmentReport:
        """Hash every stored file and hold it against what the log says.

        What ``_index.json`` lacks of it, because it was lost or damaged, is entered again.

        Args:
            named: Every ``(memory_id, attachment)`` of the log.
            on_progress: Called with bytes done and in all after each file; what it raises ends the check.
        """
        wanted = list(named)
        pool_files = list(self._walk("pool"))
        own_files = dict(self._walk("memories"))
        inodes = {status.st_ino for _, status in pool_files}
        apart = [(path, status) for path, status in own_files.items() if status.st_ino not in inodes]
        total = sum(status.st_size for _, status in pool_files) + sum(status.st_size for _, status in apart)
        hashes: dict[str, str] = {}
        done = 0
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - reading needs no threads

        with ThreadPoolExecutor(2) as workers:
            jobs = [(path, status, workers.submit(self._hash, path)) for path, status in pool_files + apart]
            for path, status, job in jobs:
                hashes[path] = job.result()
                done += status.st_size
                if on_progress is not None:
                    try:
                        on_progress(done, total)
                    except BaseException:
                        workers.shutdown(cancel_futures=True)
                        raise
        sound = {hashes[path] for path, _ in pool_files}
        damages = [
            AttachmentDamage(memory_id, attachment.name, reason)
            for memory_id, attachment in wanted
            if (reason := self._fault(memory_id, attachment, sound, hashes, own_files))
        ]
        self._mend_index(pair for pair in wanted if pair[1].sha256 in sound)
        wanted_names = {attachment.sha256[:16] for _, attachment in wanted}
        linked = {status.st_ino for status in own_files.values()}
        orphans = [
            path
            for path, status in pool_files
            if path.rpartition("/")[2][:16] not in wanted_names and status.st_ino not in linked
        ]
        return AttachmentReport(len(hashes), done, tuple(damages), tuple(orphans))

    def _fault(
        self,
        memory_id: str,
        attachment: Attachment,
        sound: set[str],
        hashes: dict[str, str],
        own_files: dict[str, os.stat_result],
    ) -> str:
        identity = safe_id(memory_id)
        own = f"memories/{identity[:8]}/{identity}/{safe_name(attachment.name)}"
        if attachment.sha256 not in sound:
            if hashes.get(own) == attachment.sha256:
                return ""
            prefix = f"pool/{attachment.sha256[:2]}/{attachment.sha256[:16]}_"
            if any(path.startswith(prefix) for path in hashes):
                return "the stored file no longer has the hash that the log names"
            return "the file is missing"
        if own in own_files and hashes.get(own, attachment.sha256) != attachment.sha256:
            return f"{own} is not the file that was attached; the pool still has it"
        return ""

    def _hash(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        try:
            descriptor = os.open(self.root / folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                return digest(descriptor, name)[0]
            finally:
                os.close(descriptor)
        except OSError:
            return ""

    def _walk(self, top: str) -> Iterator[tuple[str, os.stat_result]]:
        """Every regular file below a folder, never through a link: relative path and status."""
        for folder, folders, names in os.walk(self.root / top, followlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith(".staging-"))
            if Path(folder).is_symlink():
                return
            for name in sorted(names):
                path = Path(folder, name)
                with suppress(OSError):
                    status = path.lstat()
                    if stat.S_ISREG(status.st_mode) and name != ".lock":
                        yield path.relative_to(self.root).as_posix(), status

    def _mend_index(self, stored: Iterable[tuple[str, Attachment]]) -> None:
        with suppress(OSError):  # a folder that cannot be written is checked all the same
            lacking: dict[str, list[Attachment]] = {}
            entered: set[tuple[str, str]] | None = None
            for memory_id, attachment in stored:
                entered = self.index.entered() if entered is None else entered
                if (memory_id, attachment.sha256) not in entered:
                    lacking.setdefault(memory_id, []).append(attachment)
            self._enter(lacking.items())


def _second_copy(root: int, pool_path: str, folder: int, name: str) -> LinkStrategy:
    """Clone, link symbolically or copy a pool file; the name appears only when it is whole.

    Raises:
        FileExistsError: the name is taken.
    """
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        raise FileExistsError(name)
    partial = f".{os.getpid()}-{name}"
    with open(
        pool_path, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW, dir_fd=root)
    ) as source:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with open(os.open(partial, flags, 0o600, dir_fd=folder), "wb") as target:
            strategy = LinkStrategy.REFLINK
            if not reflink(source.fileno(), target.fileno()):
                try:
                    os.symlink(f"../../../{pool_path}", name, dir_fd=folder)
                    strategy = LinkStrategy.SYMLINK
                except OSError:
                    shutil.copyfileobj(source, target, 1 << 20)
                    strategy = LinkStrategy.COPY
    if strategy is LinkStrategy.SYMLINK:
        os.unlink(partial, dir_fd=folder)
    else:
        os.rename(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    return strategy


def as_incoming(source: FileSource) -> Incoming:
    """Take a path for what it names."""
    return source if isinstance(source, Incoming) else Incoming.from_path(source)
