"""Worker processes for an ingest: started when needed, replaced when they die, gone with their parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from .inversion import Inverter
from .records import FileRecord
from .worker import Batch, Job, Outcome, Settings, receive, send

__all__ = ["WorkerPool", "worker_count"]


def worker_count() -> int:
    """One worker for each processor that this process may use, eight at most."""
    return max(
        1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
    )


class WorkerPool:
    """A context manager.

    Threads only carry messages; the work is done in processes, syntax trees hold the GIL.
    """

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="mnemo-ingest")
        self._mine = threading.local()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for process in list(self._processes):
            process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in list(self._processes):
            self._end(process)

    def map(self, batches: Iterable[list[Job]]) -> Iterator[list[Batch]]:
        """What became of each batch, in order; a few ahead of whoever takes them, never more."""
        waiting: deque[Future[list[Batch]]] = deque()
        for batch in batches:
            waiting.append(self._threads.submit(self._run, batch))
            if len(waiting) > self._count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _run(self, jobs: list[Job]) -> list[Batch]:
        try:
            return self._ask(jobs)
        except (EOFError, OSError):
            if self._ended():
                return []
        # Something in the batch killed the worker: find out what, and go on with the rest.
        batches: list[Batch] = []
        for job in jobs:
            try:
                batches += self._ask([job])
            except (EOFError, OSError):
                if self._ended():
                    return []
                note = "failed: the process that read it died"
                record = FileRecord(job.path, 0, 0, 0, 0, None, None, 0, note, [], [])
                batches.append(Batch([Outcome("failed", record)], Inverter().take()))
        return batches

    def _ended(self) -> bool:
        return self._closed

    def _ask(self, jobs: list[Job]) -> list[Batch]:
        process: subprocess.Popen[bytes] | None = getattr(self._mine, "process", None)
        if process is None:
            process = self._mine.process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            send(process.stdin, jobs)  # type: ignore[arg-type]
            return receive(process.stdout)  # type: ignore[arg-type, return-value]
        except (EOFError, OSError):
            self._mine.process = None
            process.kill()
            self._end(process)
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: a module of the user's working directory must not take the place of one of ours. A group of its
        # own: Ctrl-C is for the parent, which then ends its workers.
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-c", f"from {__package__}.worker import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self._processes.add(process)
        send(process.stdin, self._settings)  # type: ignore[arg-type]
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._processes.discard(process)
        for stream in (process.stdin, process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:  # a half-sent message to a process that is gone
                pass
        process.wait()
