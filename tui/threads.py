"""A thread for each piece of work, as many as there are at once, none of which a quit waits for.

asyncio's own pool has six threads on two processors: a watch, an answer that streams and a server that is
silent would take them all, and keys would wait; and its threads are waited for when the app ends.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Threads"]


class Threads:
    """Runs work in threads of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[threading.Thread] = set()
        self._kept: set[threading.Thread] = set()

    def start(self, work: Callable[[], None], *, name: str, kept: bool = False) -> asyncio.Future[None]:
        """Run ``work`` in a thread; the future is done when it is. :meth:`finish` waits for what is ``kept``.

        Cancelling the future stops nothing: the work has to look for itself.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not ended.done():
                ended.set_result(None)

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._running.discard(thread)
                    self._kept.discard(thread)
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(tell)

        thread = threading.Thread(target=run, name=name, daemon=True)
        with self._lock:
            self._running.add(thread)
            if kept:
                self._kept.add(thread)
        thread.start()
        return ended

    def finish(self) -> bool:
        """Wait for what is kept; whether anything else still runs."""
        with self._lock:
            kept = tuple(self._kept)
        for thread in kept:
            thread.join()
        with self._lock:
            return bool(self._running)
