"""Ask the daemon of a project, if one runs, or listen to it. Light: nothing of the engine is loaded."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import errors
from .wire import PROTOCOL, REFUSED, frame, length_of, socket_path, version

if TYPE_CHECKING:
    import socket

__all__ = ["CacheEvents", "NoDaemonError", "call"]

TIMEOUT = 60.0  # seconds without an answer, after which the caller helps itself


class NoDaemonError(Exception):
    """No daemon answers: none runs, it speaks another protocol, or it went away. ``why`` is for a log."""


def call(project_dir: Path, method: str, params: dict[str, Any], *, timeout: float = TIMEOUT) -> Any:
    """The result of one method of the project's daemon.

    Raises `NoDaemonError` where the caller should help itself, and the `RetrievalError` that the daemon met.
    """
    with _linked(project_dir, timeout) as link:
        return _ask(link, method, {**params, "version": version()})


class CacheEvents:
    """What the caches of the daemon's engines do, from now on: iterate over it, each item is

        {"event": "hit" | "ghost hit" | "miss" | "promotion" | "eviction",
         "key": chunk id, "tier": "T1" | "T2" | "B1" | "B2", "p": target size of T1}

    as in `mnemo.storage.cache.CacheEvent`. It ends when the daemon does, when `close` is called (from any
    thread), and when this end reads so slowly that the daemon let it go: then `fell_behind` is true. A
    context manager. Raises `NoDaemonError` where no daemon runs.
    """

    def __init__(self, project_dir: Path, *, timeout: float = TIMEOUT) -> None:
        self.fell_behind = False
        self._link = _linked(project_dir, timeout)
        try:
            _ask(self._link, "cache.events", {})
        except BaseException:
            self._link.close()
            raise
        self._link.settimeout(None)

    def __enter__(self) -> CacheEvents:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with suppress(OSError, ValueError), self._link.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                size = length_of(head)
                if len(raw := stream.read(size)) < size:
                    return
                match json.loads(raw):
                    case {"method": "cache.event", "params": params}:
                        yield params
                    case {"method": "cache.fell_behind"}:
                        self.fell_behind = True

    def close(self) -> None:
        """End the iteration, wherever it waits."""
        from socket import SHUT_RDWR  # noqa: PLC0415

        with suppress(OSError):  # it ended before
            self._link.shutdown(SHUT_RDWR)
        self._link.close()


def _linked(project_dir: Path, timeout: float) -> socket.socket:
    """A connection to the project's daemon. Raises `NoDaemonError`."""
    path = socket_path(project_dir)
    if not path.exists():
        raise NoDaemonError("no socket")
    import socket  # noqa: PLC0415 - most commands find no socket to connect to

    link = None
    try:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(timeout)
        link.connect(os.fspath(path))
        _refuse_strangers(link)
    except OSError as error:
        if link is not None:
            link.close()
        raise NoDaemonError(str(error)) from error
    return link


def _ask(link: socket.socket, method: str, params: dict[str, Any]) -> Any:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "protocol": PROTOCOL}}
    try:
        link.sendall(frame(json.dumps(request).encode()))
        answer = json.loads(_receive(link, length_of(_receive(link, 4))))
    except (OSError, ValueError, RecursionError) as error:
        raise NoDaemonError(str(error)) from error
    match answer:
        case {"error": {"code": code, "message": str(text), "data": {"type": str(name)}}} if code == REFUSED:
            if name in errors.__all__:
                raise _refusal(name, text)
        case {"error": {"message": str(text)}}:
            raise NoDaemonError(text)
        case {"result": result}:
            return result
    raise NoDaemonError("what listens there speaks no protocol of mnemo")


def _refusal(name: str, text: str) -> errors.RetrievalError:
    kind: type[errors.RetrievalError] = getattr(errors, name)
    if kind is errors.IndexBusyError:
        return errors.IndexBusyError(text, "another process")
    return kind(text)


def _receive(link: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        some = link.recv(min(size - len(parts), 1 << 20))
        if not some:
            raise OSError(errno.ECONNRESET, "the daemon closed the connection")
        parts += some
    return bytes(parts)


def _refuse_strangers(link: socket.socket) -> None:
    """Whoever listens must be this user: what is asked is private. Where the system does not tell, the
    folder's mode must do.
    """
    import socket  # noqa: PLC0415

    if hasattr(socket, "SO_PEERCRED"):
        credentials = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if int.from_bytes(credentials[4:8], sys.byteorder) != os.getuid():
            raise OSError(errno.EPERM, "the daemon belongs to somebody else")
