"""The real app without a terminal, for the benchmarks of the screen: what drives it and what times it."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mnemo.storage import MemoryDB
from mnemo.tui.app import COLLECTED
from mnemo.tui.backend import Backend
from mnemo.tui.opening import Opening
from mnemo.tui.shell import MnemoApp
from mnemo.tui.timeline.model import Query
from mnemo.tui.timeline.reading import head
from textual import events

__all__ = ["Beat", "Driver", "Heart", "Spent", "driven", "p95"]

_LIMIT = 600.0


class Beat(NamedTuple):
    """One turn of the event loop that came late: milliseconds late, of which the loop's thread spent on a
    processor and waited for one; what is left it waited for the interpreter or a lock.
    """

    late: float
    busy: float
    queued: float


class Heart:
    """A task that wants its turn every millisecond, and notes how late each comes."""

    def __init__(self) -> None:
        self.beats: list[Beat] = []
        self._on = True
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._on:
            wall, busy, queued = time.perf_counter(), time.thread_time(), _queued()
            await asyncio.sleep(0.001)
            late = (time.perf_counter() - wall - 0.001) * 1000
            if late > 5:
                self.beats.append(Beat(late, (time.thread_time() - busy) * 1000, (_queued() - queued) * 1000))

    async def stop(self) -> list[Beat]:
        """End it; the late turns, the latest first."""
        self._on = False
        await self._task
        return sorted(self.beats, reverse=True)


def _queued() -> float:
    """Seconds that this thread was ready to run and had no processor (Linux; 0 elsewhere)."""
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text()
    except OSError:
        return 0.0
    return int(text.split()[1]) / 1e9


class Spent(NamedTuple):
    """What came between a key and its frame: milliseconds on the clock, and of CPU in all threads."""

    wall: float
    cpu: float


class Driver:
    """The app as it runs, and what is waited for."""

    def __init__(self, app: MnemoApp, pilot: Any) -> None:
        self.app = app
        self.pilot = pilot
        self.frames = 0
        """How many updates of the screen were written."""
        self._watched: list[tuple[Callable[[], object], asyncio.Event]] = []
        show = app.screen._compositor_refresh

        def count() -> None:
            show()
            self.frames += 1

        app.screen._compositor_refresh = count

    async def until(self, met: Callable[[], object]) -> None:
        """Wait for something; a turn that spins would count as work. Raises TimeoutError after minutes."""
        end = time.monotonic() + _LIMIT
        while not met():
            if time.monotonic() > end:
                raise TimeoutError("what was waited for never came")
            await asyncio.sleep(0.001)

    async def quiet(self) -> None:
        """Wait until no worker runs and no message waits."""
        for _ in range(3):
            await self.pilot._wait_for_screen()
            await self.until(lambda: all(worker.is_finished for worker in self.app.workers if _ends(worker)))

    async def frame(self, act: Callable[[], object], met: Callable[[], object] = lambda: True) -> Spent:
        """From ``act`` to the first frame that was begun when ``met`` held."""
        app, show = self.app, self.app.screen._compositor_refresh
        ended = cpu = 0.0

        def look() -> None:
            nonlocal ended, cpu
            there = not ended and met()
            show()
            if there:
                ended, cpu = time.perf_counter(), time.process_time()

        app.screen._compositor_refresh = look
        try:
            begun, spent = time.perf_counter(), time.process_time()
            result = act()
            if asyncio.iscoroutine(result):
                await result
            await self.until(lambda: ended)
        finally:
            app.screen._compositor_refresh = show
        await self.quiet()
        return Spent((ended - begun) * 1000, (cpu - spent) * 1000)

    async def key(self, key: str, met: Callable[[], object] = lambda: True) -> Spent:
        """Press a key as the terminal sends it; to the first frame begun when ``met`` held."""
        char = key if len(key) == 1 else None
        event = events.Key(key, char)
        event.set_sender(self.app)
        return await self.frame(lambda: self.app._driver.send_message(event), met)


def _ends(worker: Any) -> bool:
    """Whether a worker ends by itself: one that watches or listens does not."""
    return not worker.description.startswith(("watching", "listening"))


@asynccontextmanager
async def driven(
    journal: Path,
    scratch: Path,
    *,
    project: Path | None = None,
    pane: str = "timeline",
    size: tuple[int, int] = (120, 40),
) -> AsyncIterator[Driver]:
    """Run the app with collector and switch interval as `mnemo` itself sets them."""
    opening = Opening(lambda: MemoryDB(journal), lambda db: head(db, Query()))
    backend = Backend(opening, scratch / "drafts", scratch / "filters.toml", project_dir=project or scratch)
    app = MnemoApp(backend, pane=pane)
    app.animation_level = "none"
    before = gc.get_threshold(), sys.getswitchinterval()
    try:
        async with app.run_test(size=size) as pilot:
            gc.freeze()
            gc.set_threshold(*COLLECTED)
            sys.setswitchinterval(0.001)
            driver = Driver(app, pilot)
            await driver.quiet()
            yield driver
    finally:
        gc.set_threshold(*before[0])
        sys.setswitchinterval(before[1])
        backend.finish()
        opening.close()


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, int(len(values) * 0.95) - 1)]
