"""Linux's file events, to be taken at once: what was saved before is among them.

The kernel queues an event before the call that changed the file returns (inotify(7)), so that reading the
queue empty tells of every change up to then. A library that reads it in a thread of its own cannot say what
is still under way.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import select
import struct
import termios
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["Inotify", "kind_of_mount"]

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_OVERFLOW, _IGNORED, _ISDIR = 0x4000, 0x8000, 0x40000000
_ONLYDIR, _DONT_FOLLOW = 0x1000000, 0x2000000
_MASK = (
    _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _ONLYDIR | _DONT_FOLLOW
)
_HEAD = struct.Struct("iIII")  # watch, what happened, cookie, length of the name that follows

_REMOTE = ("9p", "afs", "ceph", "cifs", "fuse.sshfs", "nfs", "nfs4", "prl_fs", "smb3", "vboxsf", "virtiofs")
"""File systems that others write to, of which this kernel hears nothing."""


class Inotify:
    """The events of folders, each watched by itself. ``ready`` is called, from a thread, when there are some.

    Raises `OSError` where there are none: too many instances, or a file system that others write to.
    """

    def __init__(self, root: Path, ready: Callable[[], object]) -> None:
        kind = kind_of_mount(root, Path("/proc/self/mountinfo"))
        if kind in _REMOTE:
            raise OSError(errno.EOPNOTSUPP, f"others write to {kind}")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle: int = self._libc.inotify_init1(os.O_CLOEXEC)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self._lock = threading.Lock()
        self._folders: dict[int, str] = {}
        self._ready = ready
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._wait, name="inotify", daemon=True)
        self._thread.start()

    def watch(self, folder: str) -> None:
        """Watch what lies right in a folder, from now on; one that cannot be entered is left alone.

        Raises `OSError` when the system has no watches left.
        """
        with self._lock:
            number = self._libc.inotify_add_watch(self._handle, os.fsencode(folder), _MASK)
            if number >= 0:
                self._folders[number] = folder
            elif ctypes.get_errno() not in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def take(self) -> list[str] | None:
        """The paths that changed until now and were not taken yet; None where the system lost count."""
        with self._lock:
            pending = bytearray(4)
            fcntl.ioctl(self._handle, termios.FIONREAD, pending)
            size = int.from_bytes(pending, "little")
            return self._paths(os.read(self._handle, size)) if size else []

    def _paths(self, queue: bytes) -> list[str] | None:
        found: list[str] = []
        lost = False
        at = 0
        while at < len(queue):
            number, what, _, length = _HEAD.unpack_from(queue, at)
            name = queue[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
            at += _HEAD.size + length
            lost = lost or bool(what & _OVERFLOW)
            if what & _IGNORED:
                self._folders.pop(number, None)
            folder = self._folders.get(number)
            if folder is None or not name:
                continue
            path = f"{folder}/{os.fsdecode(name)}"
            if what & _ISDIR and what & _MOVED_FROM:
                self._forget(path)
            found.append(path)
        return None if lost else found

    def _forget(self, folder: str) -> None:
        """A folder went: those below it do not have these names any more."""
        for number, path in list(self._folders.items()):
            if path == folder or path.startswith(f"{folder}/"):
                self._libc.inotify_rm_watch(self._handle, number)
                del self._folders[number]

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        poll.register(self._end, select.POLLIN)
        while all(handle != self._end for handle, _ in poll.poll()):
            self._ready()

    def close(self) -> None:
        """Watch no more."""
        os.eventfd_write(self._end, 1)
        self._thread.join()
        os.close(self._handle)
        os.close(self._end)


def kind_of_mount(path: Path, mounts: Path) -> str:
    """The type of the file system that ``path`` lies on, by a table as in proc_pid_mountinfo(5)."""
    kinds: dict[str, str] = {}
    for line in mounts.read_bytes().splitlines():
        place, _, rest = os.fsdecode(line).partition(" - ")
        where = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), place.split(" ")[4])
        kinds[where] = rest.partition(" ")[0]
    return next((kinds[str(each)] for each in (path, *path.parents) if str(each) in kinds), "")
