"""What the file system under a folder can do, found out by trying it there.

A file system's name promises nothing: overlays, network mounts and containers differ from what
they call themselves. So each kind of link is made for real, checked, and removed again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Capabilities", "FsProbe", "LinkStrategy", "reflink"]

# From linux/fs.h: _IOW(0x94, 9, int). Shares a file's blocks, copied on write.
_FICLONE: Final = 0x40049409

NOT_SUPPORTED: Final = frozenset(
    (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS, errno.EPERM, errno.EBADF)
)
"""What a file system answers to a link or clone that it cannot make."""


class LinkStrategy(StrEnum):
    """How one stored file gets a second name without (where possible) a second copy."""

    HARDLINK = "hardlink"
    REFLINK = "reflink"
    SYMLINK = "symlink"
    COPY = "copy"


class Capabilities(NamedTuple):
    """What worked when it was tried."""

    can_hardlink: bool
    can_reflink: bool
    can_symlink: bool

    @property
    def strategy(self) -> LinkStrategy:
        """How a memory's folder names a file of the pool.

        Hard links first, because their count tells how many memories share one file.
        """
        if self.can_hardlink:
            return LinkStrategy.HARDLINK
        if self.can_reflink:
            return LinkStrategy.REFLINK
        return LinkStrategy.SYMLINK if self.can_symlink else LinkStrategy.COPY

    @property
    def intake(self) -> LinkStrategy:
        """How a file of the same file system enters the pool: never by a shared inode."""
        return LinkStrategy.REFLINK if self.can_reflink else LinkStrategy.COPY


class FsProbe:
    """Tries what links a folder's file system can make.

    Args:
        folder: Where to try; where it does not exist yet, its nearest existing parent is used.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def detect(self) -> Capabilities:
        """Try a hard link, a reflink and a symbolic link for real, and clean up.

        Raises:
            OSError: nothing can be written there.
        """
        place = self.folder.absolute()
        while not place.is_dir() and place != place.parent:
            place = place.parent
        trial = place / f".mnemo-probe-{secrets.token_hex(8)}"
        trial.mkdir(mode=0o700)
        try:
            source = trial / "source"
            source.write_bytes(b"probe")
            return Capabilities(
                can_hardlink=_try_hardlink(source, trial / "hard"),
                can_reflink=_try_reflink(source, trial / "clone"),
                can_symlink=_try_symlink(source, trial / "soft"),
            )
        finally:
            for left in trial.iterdir():
                left.unlink()
            trial.rmdir()


def _try_hardlink(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
        return target.stat().st_ino == source.stat().st_ino and source.stat().st_nlink == 2
    except OSError:
        return False


def _try_reflink(source: Path, target: Path) -> bool:
    with source.open("rb") as from_file, target.open("w+b") as to_file:
        return reflink(from_file.fileno(), to_file.fileno()) and to_file.read() == b"probe"


def _try_symlink(source: Path, target: Path) -> bool:
    try:
        target.symlink_to(source.name)
        return target.read_bytes() == b"probe"
    except OSError:
        return False


def reflink(source: int, target: int) -> bool:
    """Make the open file ``target`` share all blocks of ``source``; False where that is not to be had.

    Raises:
        OSError: the disk failed in the attempt (full, unreadable).
    """
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in NOT_SUPPORTED:
            return False
        raise
    return True
