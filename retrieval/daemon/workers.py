"""The daemon's worker processes: started when they are wanted, asked in turn, ended when they are spare."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from .wire import frame, length_of

__all__ = ["Workers"]

SESSIONS: Final = 4096  # whose worker is remembered
SPARE: Final = 60.0  # seconds without work after which a worker beyond the first goes


class _Worker:
    """A worker process and this end of its socket pair."""

    def __init__(self, process: asyncio.subprocess.Process, link: socket.socket) -> None:
        self.process = process
        self.link = link
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.used = time.monotonic()
        self.dead = False
        self._following: asyncio.Task[None] | None = None

    async def ask(self, message: bytes, publish: Callable[[bytes], None] | None) -> bytes:
        """Send one request and wait for its answer. With ``publish`` the request is a watched one: what
        its events are comes after the answer, which does not wait for it.
        """
        loop = asyncio.get_running_loop()
        await self.turn.acquire()
        try:
            await loop.sock_sendall(self.link, frame(message))
            answer = await self._receive()
        except BaseException:
            self.dead = True  # whoever was asked may still answer: nobody else may read that
            self.turn.release()
            raise
        self.used = time.monotonic()
        if publish is None:
            self.turn.release()
        else:
            self._following = asyncio.create_task(self._follow(publish))
        return answer

    async def _follow(self, publish: Callable[[bytes], None]) -> None:
        """Publish the events of a watched request; its turn ends with that."""
        try:
            if events := await self._receive():
                publish(events)
        except OSError:
            pass  # it died: the next request will find out
        finally:
            self.turn.release()

    async def _receive(self) -> bytes:
        return await self._read(length_of(await self._read(4)))

    async def _read(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        found = bytearray()
        while len(found) < size:
            some = await loop.sock_recv(self.link, min(size - len(found), 1 << 20))
            if not some:
                raise ConnectionResetError
            found += some
        return bytes(found)

    def close(self) -> None:
        """End the process: it stops when its socket closes; one that is stuck is killed."""
        self.link.close()
        if self.dead and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()


class Workers:
    """The workers of one project, as many as are kept busy, and the sessions that each serves: what a session
    was given must be put down before its next question.

    ``most`` is how many there may be.
    """

    def __init__(self, project_dir: Path, most: int) -> None:
        self._dir = project_dir
        self._most = most
        self._workers: list[_Worker] = []
        self._sessions: OrderedDict[str, _Worker] = OrderedDict()
        self._starting = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def busy(self) -> bool:
        """Whether any request is waiting or being answered."""
        return any(worker.waiting for worker in self._workers)

    async def ask(self, message: bytes, session: object, publish: Callable[[bytes], None] | None) -> bytes:
        """The answer of the least busy worker, or of the session's own."""
        worker = await self._worker(session if isinstance(session, str) else None)
        return await self._ask(worker, message, publish)

    async def settle(self) -> None:
        """Wait until every worker has put down what it answered."""
        asked = [self._ask(worker, b"", None) for worker in self._workers]
        await asyncio.gather(*asked, return_exceptions=True)  # a dead one is dropped by that

    async def _ask(self, worker: _Worker, message: bytes, publish: Callable[[bytes], None] | None) -> bytes:
        worker.waiting += 1
        try:
            return await worker.ask(message, publish)
        finally:
            worker.waiting -= 1
            if worker.dead:
                self._drop(worker)

    async def _worker(self, session: str | None) -> _Worker:
        worker = self._sessions.get(session) if session else None
        if worker is None:
            async with self._starting:
                least = min(self._workers, key=lambda each: each.waiting, default=None)
                if least is None or (least.waiting and len(self._workers) < self._most):
                    least = await self._start()
            worker = least
        if session:
            self._sessions[session] = worker
            self._sessions.move_to_end(session)
            if len(self._sessions) > SESSIONS:
                self._sessions.popitem(last=False)
        return worker

    async def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "mnemo.retrieval.daemon.worker", str(theirs.fileno()), str(self._dir)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def shrink(self) -> None:
        """End the workers beyond the first that have had nothing to do for a while."""
        for worker in self._workers[1:]:
            if not worker.waiting and time.monotonic() - worker.used > SPARE:
                self._drop(worker)

    def close(self) -> None:
        """End all."""
        for worker in self._workers[:]:
            self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            worker.close()
        for session in [name for name, each in self._sessions.items() if each is worker]:
            del self._sessions[session]
