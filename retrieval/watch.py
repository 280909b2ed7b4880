"""Keep the index true while files change: events where the system gives them, polling where it does not."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

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
_RULES = (".gitignore", ".mnemoignore", ".git")


class Events(Protocol):
    """What tells of changes in folders."""

    def watch(self, folder: str) -> None:
        """Watch a folder (absolute) from now on. Raises `OSError` where that cannot be."""

    def take(self) -> list[str] | None:
        """The paths (absolute) that changed since they were last taken; None where some were lost."""

    def close(self) -> None:
        """Watch no more."""


def listen(root: Path, ready: Callable[[], None]) -> Events:
    """The system's own events; ``ready`` is called, from a thread, when there are some to take.

    Raises `OSError` where there are none.
    """
    if sys.platform == "linux":
        from .inotify import Inotify as Own  # noqa: PLC0415 - of each system only its own
    else:
        from .observed import Observed as Own  # noqa: PLC0415
    return Own(root, ready)


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
        self._events: Events | None = None
        self._changed: set[str] = set()
        self._everything = False
        self._last = 0.0
        self._wake = threading.Condition()
        self._stopped = False
        self._begun = 1  # how many updates have begun, the first look among them
        self._done = 0
        self._waiting = 0
        self._behind = False

    def stop(self) -> None:
        """Make `run` return soon; from any thread."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()

    @property
    def settled(self) -> bool:
        """Whether all is indexed that was saved until now, or, where events come late, was told until now."""
        with self._wake:
            self._look()
            return self._done == self._wanted() and not (self._stopped or self._behind)

    def settle(self, seconds: float) -> bool:
        """Have what changed until now indexed at once, and wait for it; from any thread.

        False where that took longer, where there are no events, and where the last update failed.
        """
        with self._wake:
            self._look()
            wanted = self._wanted()
            self._waiting += 1
            self._wake.notify_all()
            done = self._wake.wait_for(
                lambda: self._stopped or self._events is None or self._done >= wanted, seconds
            )
            self._waiting -= 1
            return done and not (self._stopped or self._events is None or self._behind)

    def _wanted(self) -> int:
        """The update after which all is indexed that was noted until now."""
        return self._begun + bool(self._changed or self._everything)

    def run(self) -> None:
        """Bring the index up to date, then follow every change until `stop`.

        Raises what the first ingest raises; later failures are told and tried again with the next change.
        """
        try:
            if not self._polling:
                self._listen()
            # A folder is watched right before it is looked into, so that nothing falls between the two.
            self._tell(self._ingest(None))
            how = f"every {POLL:g} seconds" if self._events is None else "by events"
            self._on_notice(f"watching {self._project.root} {how}")
            behind = False
            while True:
                self._rest(behind=behind)
                paths = self._next()
                if self._stopped:
                    return
                try:
                    self._tell(self._ingest(None if behind else paths))
                    behind = False
                except RetrievalError as error:
                    self._on_notice(str(error))
                    behind = True
        finally:
            self._deafen()

    # Events

    def _listen(self) -> None:
        try:
            events = listen(self._project.root, self._look)
        except OSError as error:
            self._miss(error)
            return
        with self._wake:
            self._events = events

    def _enter(self, folder: str) -> None:
        if self._events is None:
            return
        try:
            self._events.watch(folder)
        except OSError as error:
            self._deafen()
            self._miss(error)

    def _miss(self, error: OSError) -> None:
        self._on_notice(f"no file events here ({error.strerror or error}): looking every {POLL:g} seconds")

    def _deafen(self) -> None:
        with self._wake:
            events, self._events = self._events, None
            self._wake.notify_all()
        if events is not None:
            events.close()

    def _look(self) -> None:
        """Note what the events tell."""
        with self._wake:
            found = [] if self._events is None else self._events.take()
            if found is None:
                self._everything, self._last = True, time.monotonic()
            for path in found or ():
                self._note(path)
            if self._changed or self._everything:
                self._wake.notify_all()

    def _note(self, path: str) -> None:
        relative = path.removeprefix(f"{self._project.root}/")
        name = relative.rpartition("/")[2]
        inside = f"/{relative}/"
        if name in _RULES or inside.endswith((f"/{INDEX_DIR}/config.toml/", "/.git/info/exclude/")):
            self._everything = True
        elif f"/{INDEX_DIR}/" in inside or "/.git/" in inside or relative == path:
            return
        else:
            self._changed.add(relative)
        self._last = time.monotonic()

    def _rest(self, *, behind: bool) -> None:
        """Tell those who wait in `settle` that there is nothing left to do."""
        with self._wake:
            self._done, self._behind = self._begun, behind or self._events is None
            self._wake.notify_all()

    def _next(self) -> list[Path] | None:
        """Wait for changes, and for their storm to end; the paths, or None for a whole scan."""
        with self._wake:
            if self._events is None:
                self._wake.wait_for(lambda: self._stopped, POLL)
            else:
                self._wake.wait_for(lambda: self._stopped or self._changed or self._everything)
            begun = time.monotonic()
            while not (self._stopped or self._waiting or self._events is None):
                left = min(self._last + QUIET, begun + PATIENCE) - time.monotonic()
                if left <= 0:
                    break
                self._wake.wait(left)
            changed = self._changed
            everything = self._everything or self._events is None or len(changed) > MANY
            self._changed, self._everything = set(), False
            self._begun += 1
        return None if everything else [self._project.root / path for path in sorted(changed)]

    # Updates

    def _ingest(self, paths: list[Path] | None) -> IngestReport:
        if paths is None:
            self._project = open_project(self._project.dir)  # the config may be another one
            for folder in self._beside():
                self._enter(folder)
        return ingest(
            self._project,
            paths,
            purpose="watch",
            cancelled=lambda: self._stopped,
            quiet=True,
            entering=self._enter,
        )

    def _beside(self) -> set[str]:
        """The folders, not entered by a scan, of files that it depends on: the config, and rules above."""
        beyond = Scanner(self._project.root, self._project.config.general).beyond
        rules = {str(Path(path).parent) for path, state in beyond.items() if not isinstance(state, bool)}
        return {str(self._project.index_dir), *rules}

    def _tell(self, report: IngestReport) -> None:
        for notice in report.notices:
            self._on_notice(notice)
        if report.changed or report.removed or report.failed:
            self._on_report(report)
