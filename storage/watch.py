"""Telling who asks that a journal changed, whoever changed it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from .errors import JournalError

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

__all__ = ["Change", "Subscriber", "Unsubscribe", "Watcher"]

# Where the system tells of changes this only catches what it missed; else it is all there is.
_SLOW_LOOK: Final = 2.0
_LOOK: Final = 0.25


class Change(NamedTuple):
    """What happened to a journal since the last change that was told.

    ``total`` is how many memories there are, ``added`` how many more than before; ``cut_back`` tells
    that some are gone because a failed append was taken back or another log took its place.
    """

    total: int
    added: int
    cut_back: bool


Subscriber = Callable[[Change], None]
Unsubscribe = Callable[[], None]


class Watched(Protocol):
    """What a watcher looks at."""

    path: Path

    def state(self) -> tuple[int, int]:
        """Count of memories, and a number that changes when some that were there may be gone."""


class Watcher:
    """A thread that calls subscribers after a journal changed; many changes may come as one."""

    def __init__(self, journal: Watched) -> None:
        self._journal = journal
        self._path = os.path.realpath(journal.path)
        self._subscribers: list[Subscriber] = []
        self._wake = threading.Event()
        self._stopped = False
        self._observer: BaseObserver | None = None
        self._observable = True
        self._known = journal.state()
        self._thread = threading.Thread(target=self._run, name="mnemo-journal-watcher", daemon=True)
        self._thread.start()

    def add(self, subscriber: Subscriber) -> Unsubscribe:
        """Call ``subscriber`` from this thread after each change, until the returned function is called."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._subscribers.remove(subscriber)

        return unsubscribe

    def wake(self) -> None:
        """Look now: this process has just appended."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped:
                if self._observable and Path(self._path).parent.is_dir():
                    self._observer = self._observe()
                    # Asked for once: an observer that could not start leaves descriptors behind.
                    self._observable = False
                self._tell()
                self._wake.wait(_LOOK if self._observer is None else _SLOW_LOOK)
                self._wake.clear()
        finally:
            if self._observer is not None:
                self._observer.stop()
                self._observer.join()

    def _observe(self) -> BaseObserver | None:
        from watchdog.events import FileSystemEventHandler  # noqa: PLC0415 - only who subscribes pays for it
        from watchdog.observers import Observer  # noqa: PLC0415

        watcher = self

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if watcher._path in (event.src_path, event.dest_path):
                    watcher._wake.set()

        observer = Observer()
        try:
            observer.schedule(Handler(), str(Path(self._path).parent))
            observer.start()
        except OSError:  # no watches left
            return None
        return observer

    def _tell(self) -> None:
        try:
            state = self._journal.state()
        except JournalError:
            return
        if state == self._known:
            return
        (before, generation), (total, new_generation) = self._known, state
        self._known = state
        change = Change(total, max(0, total - before), generation != new_generation or total < before)
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(change)
            except Exception:
                logging.getLogger(__name__).exception("a subscriber failed")
