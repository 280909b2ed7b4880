"""The daemon: takes requests from any number of clients and hands each to a worker with a warm engine.

This process parses no more of a request than it needs to route it. A client that hangs, floods or sends
rubbish holds nothing but its own connection; a worker that dies costs its one request an error.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import stat
import struct
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ...places import private_dir
from ..errors import IndexUnwritableError, RetrievalError
from ..locate import INDEX_DIR
from ..project import open_project
from ..reply import METHODS
from ..watch import Watcher
from .wire import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    LARGEST_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    PROTOCOL,
    frame,
    length_of,
    socket_path,
    version,
)
from .workers import Workers

__all__ = ["AlreadyRunningError", "Server"]

CLIENTS: Final = 256
MOST_WORKERS: Final = 8
PATIENCE: Final = 30.0  # seconds for a client to send the rest of a request, or to take its answer
SETTLE: Final = 10.0  # seconds that a query waits for changed files to be indexed by the watcher
BACKLOG: Final = 1 << 20  # bytes of events that a subscriber may be behind
FELL_BEHIND: Final = frame(b'{"jsonrpc":"2.0","method":"cache.fell_behind","params":{}}')


class AlreadyRunningError(RetrievalError):
    """Another daemon serves this project."""


class Server:
    """The daemon of one project. ``idle`` is after how many seconds without a request it ends (0: never)."""

    def __init__(self, project_dir: Path, *, idle: float) -> None:
        self._dir = project_dir
        self._idle = idle
        self._workers: Workers
        self._watcher: Watcher | None = None
        self._started = time.time()
        self._used = time.monotonic()
        self._requests = 0
        self._clients = 0
        self._subscribers: set[asyncio.StreamWriter] = set()
        self._stop = asyncio.Event()
        self._places: dict[Path, int | None] = {}

    async def run(self) -> None:
        """Serve until told to stop. Raises `AlreadyRunningError`, and `IndexUnwritableError` where no socket
        can be made.
        """
        lock = self._lock()
        try:
            path = socket_path(self._dir)
            listening = _listen(path)
            self._places = {each: _inode(each) for each in (path, self._dir / INDEX_DIR / "daemon.lock")}
            try:
                await self._serve(listening)
            finally:
                if not self._displaced():
                    path.unlink(missing_ok=True)
        finally:
            os.close(lock)

    def _lock(self) -> int:
        """Hold the project's daemon lock; the system frees it however this process ends."""
        path = self._dir / INDEX_DIR / "daemon.lock"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise IndexUnwritableError(f"cannot write {path}: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise AlreadyRunningError(f"a daemon serves {self._dir} already (process {pid})") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return handle

    def _displaced(self) -> bool:
        """Whether what leads here is gone, or another's: the project was deleted, or its index folder."""
        return any(_inode(path) != number for path, number in self._places.items())

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        self._workers = Workers(self._dir, min(os.cpu_count() or 1, MOST_WORKERS))
        threading.Thread(target=self._watch, name="watcher", daemon=True).start()
        server = await asyncio.start_unix_server(self._client, sock=listening, limit=1 << 20)
        try:
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 1.0)
                if self._idle and time.monotonic() - self._used > self._idle and not self._workers.busy:
                    break
                if self._displaced():
                    _log("the socket or the lock was taken away: nobody can ask here any more")
                    break
                self._workers.shrink()
        finally:
            server.close()
            if self._watcher is not None:
                self._watcher.stop()
            self._workers.close()

    def _watch(self) -> None:
        """Keep the index true, in a thread; where that fails, queries look for changes themselves."""
        try:
            self._watcher = Watcher(open_project(self._dir), on_report=lambda _: None, on_notice=_log)
            self._watcher.run()
        except RetrievalError as error:
            _log(str(error))
        finally:
            self._watcher = None

    # Clients

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            if self._clients > CLIENTS or _is_stranger(writer):
                return
            while not self._stop.is_set():
                head = await reader.readexactly(4)
                size = length_of(head)
                if size > LARGEST_REQUEST:
                    text = f"a request has {LARGEST_REQUEST} bytes at most, not {size}"
                    await _send(writer, _error(None, INVALID_REQUEST, text))
                    return
                raw = await asyncio.wait_for(reader.readexactly(size), PATIENCE)
                self._used = time.monotonic()
                self._requests += 1
                answer = await self._handle(raw, writer)
                if answer is not None:
                    await _send(writer, answer)
                self._used = time.monotonic()
        except (asyncio.IncompleteReadError, TimeoutError, OSError, asyncio.CancelledError):
            pass  # the client went away, or sleeps, or this is the end
        finally:
            self._clients -= 1
            self._subscribers.discard(writer)
            writer.close()

    async def _handle(self, raw: bytes, writer: asyncio.StreamWriter) -> bytes | None:
        """The answer to one request; None for a notification. ``writer`` leads to who sent it."""
        try:
            request = json.loads(raw)
        except ValueError as error:
            return _error(None, PARSE_ERROR, f"not JSON in UTF-8: {error}")
        except RecursionError:
            return _error(None, PARSE_ERROR, "nested too deep")
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _error(None, INVALID_REQUEST, "a request is one object with a method")
        number, params = request.get("id"), request.get("params", {})
        if not isinstance(params, dict):
            return _error(number, INVALID_REQUEST, "params are given by name")
        if params.pop("protocol", PROTOCOL) != PROTOCOL:
            return _error(number, INVALID_REQUEST, f"this daemon speaks protocol {PROTOCOL}")
        if params.pop("version", version()) != version() and request["method"] in METHODS:
            return _error(number, INVALID_REQUEST, f"this daemon is of mnemo {version()}")
        if request["method"] == "cache.events":
            self._subscribers.add(writer)
            answer = _result(number, {"pid": os.getpid()})
        else:
            answer = await self._dispatch(request["method"], number, params)
        return answer if "id" in request else None

    async def _dispatch(self, method: str, number: Any, params: dict[str, Any]) -> bytes:
        if method == "status":
            return _result(number, self._status())
        if method == "shutdown":
            self._stop.set()
            return _result(number, {"pid": os.getpid()})
        if method not in METHODS:
            return _error(number, METHOD_NOT_FOUND, f"there is no method {method!r}")
        if params.get("refresh") and await self._settled():
            params["refresh"] = False
        if method != "query":
            await self._workers.settle()
        watched = bool(self._subscribers)
        request = {"id": number, "method": method, "params": params, "watched": watched}
        try:
            return await self._workers.ask(
                json.dumps(request).encode(), params.get("session"), self._publish if watched else None
            )
        except (OSError, asyncio.IncompleteReadError):
            return _error(number, INTERNAL_ERROR, "the engine died over this request")

    def _publish(self, events: bytes) -> None:
        """Hand notifications, framed already, to every subscriber; one that does not read is let go."""
        for writer in tuple(self._subscribers):
            link = writer.transport
            if link.is_closing():
                self._subscribers.discard(writer)
            elif link.get_write_buffer_size() <= BACKLOG:
                writer.write(events)
            else:
                self._subscribers.discard(writer)
                writer.write(FELL_BEHIND)
                writer.close()  # once it has read the rest, for which it has a while
                asyncio.get_running_loop().call_later(PATIENCE, link.abort)

    async def _settled(self) -> bool:
        """Whether every change that was noted is in the index."""
        watcher = self._watcher
        if watcher is None or watcher.settled:
            return watcher is not None
        return await asyncio.to_thread(watcher.settle, SETTLE)

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "project": str(self._dir),
            "socket": str(socket_path(self._dir)),
            "protocol": PROTOCOL,
            "version": version(),
            "seconds": round(time.time() - self._started, 1),
            "requests": self._requests,
            "clients": self._clients,
            "subscribers": len(self._subscribers),
            "workers": len(self._workers),
            "watching": self._watcher is not None,
        }


def _listen(path: Path) -> socket.socket:
    """Bind the socket, private; the lock is held, so that one that lies there is stale."""
    try:
        if path.parent.name != INDEX_DIR:
            private_dir(path.parent)
            found = path.parent.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
                raise IndexUnwritableError(f"{path.parent} is not a private folder of yours: no socket there")
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(os.fspath(path))
        finally:
            os.umask(before)
        listening.listen(128)
    except OSError as error:
        raise IndexUnwritableError(f"cannot listen on {path}: {error.strerror or error}") from error
    return listening


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _is_stranger(writer: asyncio.StreamWriter) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    link = writer.get_extra_info("socket")
    _, user, _ = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(user != os.getuid())


async def _send(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(frame(answer))
    await asyncio.wait_for(writer.drain(), PATIENCE)


def _result(number: Any, result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()


def _error(number: Any, code: int, text: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}).encode()


def _log(line: str) -> None:
    sys.stderr.write(f"mnemo: {line}\n")
    sys.stderr.flush()
