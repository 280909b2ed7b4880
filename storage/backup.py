"""A second copy of a journal: its whole records and its attachments."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ..places import private_dir
from .disk import sync_folder
from .errors import JournalError

__all__ = ["BackupReport", "back_up"]

_CHUNK: Final = 1 << 20


class BackupReport(NamedTuple):
    """What a backup holds: the log's copy, its bytes, and how many attachment files were new to it."""

    path: Path
    size: int
    files: int


def back_up(log: Path, end: int, files_dir: Path, destination: Path) -> BackupReport:
    """Copy the first ``end`` bytes of a log, and its files, to a folder or a file name.

    The copy is written beside its final name, synced, read back and compared, then put in place. An
    older backup of the same journal is replaced; anything else of that name is refused.

    Raises:
        JournalError: the place holds something else, or the disk refused; what was there stays.
    """
    target = destination / log.name if destination.is_dir() or destination.suffix == "" else destination
    if target.exists() and log.exists() and target.samefile(log):
        raise JournalError(f"{target} is the journal itself: back up to another place")
    try:
        private_dir(target.parent)
        if target.exists() and not _is_beginning(target, log, end):
            raise JournalError(
                f"{target} exists and is no earlier backup of this journal: choose another place"
            )
        _copy_log(log, end, target)
        files = _copy_tree(files_dir, target.with_name(f"{target.stem}_files"))
    except OSError as error:
        raise JournalError(f"cannot back up to {target}: {error.strerror or error}") from error
    return BackupReport(target, end, files)


def _is_beginning(old: Path, log: Path, end: int) -> bool:
    size = old.stat().st_size
    return size <= end and _digest(old, size) == _digest(log, size)


def _digest(path: Path, size: int) -> str:
    digest = sha256()
    with open(path, "rb") as file:
        while size and (part := file.read(min(_CHUNK, size))):
            digest.update(part)
            size -= len(part)
    return digest.hexdigest()


def _copy_log(log: Path, end: int, target: Path) -> None:
    made = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        digest = sha256()
        with (
            open(log, "rb") as source,
            open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
        ):
            left = end
            while left and (part := source.read(min(_CHUNK, left))):
                out.write(part)
                digest.update(part)
                left -= len(part)
            out.flush()
            os.fsync(out.fileno())
        if left or _digest(made, end) != digest.hexdigest():
            raise JournalError(f"the copy at {target} does not read back as it was written: check that disk")
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)
    sync_folder(target.parent)


def _copy_tree(source: Path, target: Path) -> int:
    """Copy files that are not there yet; names that share an inode share one in the copy as well."""
    copied = 0
    by_inode: dict[tuple[int, int], Path] = {}
    for folder, _, names in os.walk(source):
        into = target / Path(folder).relative_to(source)
        private_dir(into)
        for name in names:
            old, new = Path(folder) / name, into / name
            status = old.lstat()
            inode = (status.st_dev, status.st_ino)
            if new.exists() and new.lstat().st_size == status.st_size:
                by_inode.setdefault(inode, new)
                continue
            new.unlink(missing_ok=True)
            if inode in by_inode:
                with suppress(OSError):
                    os.link(by_inode[inode], new)
                    continue
            part = new.with_name(f".{name}.part")
            shutil.copy2(old, part, follow_symlinks=False)
            if not part.is_symlink():
                with open(part, "rb") as file:
                    os.fsync(file.fileno())
            part.replace(new)
            by_inode[inode] = new
            copied += 1
        sync_folder(into)
    return copied
