"""Ask the daemon of a project, if one runs. Light: nothing of the engine is loaded."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import errors
from .wire import PROTOCOL, REFUSED, frame, length_of, socket_path

if TYPE_CHECKING:
    import socket

__all__ = ["NoDaemonError", "call"]

TIMEOUT = 60.0  # seconds without an answer, after which the caller helps itself


class NoDaemonError(Exception):
    """No daemon answers: none runs, it speaks another protocol, or it went away. ``why`` is for a log."""


def call(project_dir: Path, method: str, params: dict[str, Any], *, timeout: float = TIMEOUT) -> Any:
    """The result of one method of the project's daemon.

    Raises `NoDaemonError` where the caller should help itself, and the `RetrievalError` that the daemon met.
    """
    path = socket_path(project_dir)
    if not path.exists():
        raise NoDaemonError("no socket")
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "protocol": PROTOCOL}}
    message = json.dumps(request).encode()
    try:
        answer = json.loads(_exchange(path, frame(message), timeout))
    except (OSError, ValueError) as error:
        raise NoDaemonError(str(error)) from error
    problem = answer.get("error")
    if problem is None:
        return answer["result"]
    kind = getattr(errors, str((problem.get("data") or {}).get("type")), None)
    if problem.get("code") != REFUSED or kind is None:
        raise NoDaemonError(str(problem.get("message")))
    if kind is errors.IndexBusyError:
        raise errors.IndexBusyError(problem["message"], "another process")
    raise kind(problem["message"])


def _exchange(path: Path, message: bytes, timeout: float) -> bytes:
    import socket  # noqa: PLC0415 - most commands find no socket to connect to

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(timeout)
        link.connect(os.fspath(path))
        _refuse_strangers(link)
        link.sendall(message)
        return _receive(link, length_of(_receive(link, 4)))


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
