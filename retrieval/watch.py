"""Keep the index true while files change: events where the system gives them, polling where it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from .errors import RetrievalError
from .ingest import IngestReport, ingest
from .locate import INDEX_DIR
from .project import Project, open_project
from .scan import Scanner

__all__ = ["Watcher"]

QUIET = 0.06  # seconds without an event after which a storm is over
PATIENCE = 0.5  # seconds after which a storm that goes on is served all the same
POLL = 2.0  # seconds between two looks where there are no events
MANY = 500  # paths changed at once, from which on a whole scan is cheaper
_RULES = (".gitignore", ".mnemoignore", "config.toml")


class Watcher:
    """Watches one project until told to stop. ``on_report`` gets what each update did, if it did anything.

    ``on_notice`` gets lines to say: what is watched and how, and every failure that watching survives.
    """

    def __init__(
        self,
        project: Project,
        *,
        on_report: Callable[[IngestReport], None],
        on_notice: Callable[[str], None],
        polling: bool = False,
    ) -> None:
        self._project = project
        self._on_report = on_report
        self._on_notice = on_notice
        self._polling = polling
        self._changed: set[str] = set()
        self._everything = False
        self._last = 0.0
        self._wake = threading.Condition()
        self._stopped = False
        self._busy = True  # until the first look is done
        self._hurried = False
        self._behind = False
        self._watched: set[str] = set()
        self._handler = _Handler(self)

    def stop(self) -> None:
        """Make `run` return soon; from any thread."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()

    @property
    def settled(self) -> bool:
        """Whether all that was noted so far is indexed."""
        with self._wake:
            waiting = self._busy or self._changed or self._everything
            return not (waiting or self._stopped or self._behind)

    def settle(self, seconds: float) -> bool:
        """Have what was noted so far indexed at once, and wait for it; from any thread.

        False where that took longer, where there are no events, and where the last update failed.
        """
        with self._wake:
            self._hurried = True
            self._wake.notify_all()
            done = self._wake.wait_for(
                lambda: self._stopped or not (self._busy or self._changed or self._everything), seconds
            )
            self._hurried = False
            return done and not self._stopped and not self._behind

    def run(self) -> None:
        """Bring the index up to date, then follow every change until `stop`.

        Raises what the first ingest raises; later failures are told and tried again with the next change.
        """
        observer = None if self._polling else self._observe()
        try:
            how = f"every {POLL:g} seconds" if observer is None else "by events"
            # Watching begins before this first look, so that nothing falls between the two.
            self._tell(self._ingest(None))
            self._on_notice(f"watching {self._project.root} {how}")
            behind = False
            while True:
                self._rest(behind=behind or observer is None)
                paths = self._next(POLL if observer is None else None)
                if self._stopped:
                    return
                if observer is not None:
                    self._watch_new(observer)
                try:
                    self._tell(self._ingest(None if behind else paths))
                    behind = False
                except RetrievalError as error:
                    self._on_notice(str(error))
                    behind = True
        finally:
            if observer is not None:
                observer.stop()
                observer.join()

    # Events

    def note(self, path: str, *, folder: bool) -> None:
        """Take one event; from the observer's threads."""
        relative = path.removeprefix(f"{self._project.root}/")
        if relative == str(self._project.root):
            return
        name = relative.rsplit("/", 1)[-1]
        inside = f"/{relative}/"
        if f"/{INDEX_DIR}/" in inside:
            if name != "config.toml":
                return
        elif "/.git/" in inside:
            return
        with self._wake:
            if name in _RULES or (folder and name == ".git"):
                self._everything = True
            else:
                self._changed.add(relative)
            self._last = time.monotonic()
            self._wake.notify_all()

    def _rest(self, *, behind: bool) -> None:
        """Tell those who wait in `settle` that there is nothing left to do."""
        with self._wake:
            self._busy, self._behind = False, behind
            self._wake.notify_all()

    def _next(self, poll: float | None) -> list[Path] | None:
        """Wait for changes, and for their storm to end; the paths, or None for a whole scan."""
        with self._wake:
            if poll is not None:
                self._wake.wait_for(lambda: self._stopped, poll)
                self._busy = True
                return None
            self._wake.wait_for(lambda: self._stopped or self._changed or self._everything)
            begun = time.monotonic()
            while not self._stopped and not self._hurried:
                now = time.monotonic()
                left = min(self._last + QUIET, begun + PATIENCE) - now
                if left <= 0:
                    break
                self._wake.wait(left)
            changed, everything = self._changed, self._everything or len(self._changed) > MANY
            self._changed, self._everything = set(), False
            self._busy = True
        return None if everything else [self._project.root / path for path in sorted(changed)]

    def _observe(self) -> BaseObserver | None:
        """Start to watch: the root alone, and each folder in it whole unless it is left out."""
        observer = Observer()
        try:
            observer.start()
            observer.schedule(self._handler, str(self._project.root), recursive=False)
            self._watch_new(observer)
            settings = self._project.index_dir
            if settings.is_dir():
                observer.schedule(self._handler, str(settings), recursive=False)
        except OSError as error:
            observer.stop()
            observer.join()
            self._on_notice(
                f"no file events here ({error.strerror or error}): looking every {POLL:g} seconds"
            )
            return None
        return observer

    def _watch_new(self, observer: BaseObserver) -> None:
        scanner = Scanner(self._project.root, self._project.config.general)
        inside = {name for name in scanner.folders() if name not in self._watched}
        self._watched &= scanner.folders() | inside
        for name in sorted(inside):
            try:
                observer.schedule(self._handler, str(self._project.root / name), recursive=True)
            except FileNotFoundError:
                continue
            self._watched.add(name)

    # Updates

    def _ingest(self, paths: list[Path] | None) -> IngestReport:
        if paths is None:
            self._project = open_project(self._project.dir)  # the config may be another one
        return ingest(self._project, paths, purpose="watch", cancelled=lambda: self._stopped, quiet=True)

    def _tell(self, report: IngestReport) -> None:
        for notice in report.notices:
            self._on_notice(notice)
        if report.changed or report.removed or report.failed:
            self._on_report(report)


class _Handler(FileSystemEventHandler):
    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Pass on what may change a file's content or name; reading a file is no change."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        if event.is_directory and event.event_type == "modified":
            return  # its entries have events of their own
        for path in (event.src_path, event.dest_path):
            if path:
                self._watcher.note(
                    path if isinstance(path, str) else path.decode(), folder=event.is_directory
                )
