"""File events by watchdog, for systems without inotify: they come a little after the change."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

__all__ = ["Observed"]


class Observed(FileSystemEventHandler):
    """The events of folders, each watched by itself. ``ready`` is called, from a thread, when there are some.

    Raises `OSError` where there are none.
    """

    def __init__(self, root: Path, ready: Callable[[], None]) -> None:
        self._root = str(root)
        self._ready = ready
        self._lock = threading.Lock()
        self._folders: set[str] = set()
        self._paths: list[str] = []
        self._observer = Observer()
        self._observer.schedule(self, self._root, recursive=True)
        self._observer.start()

    def watch(self, folder: str) -> None:
        """Watch what lies right in a folder, from now on; one that cannot be entered is left alone."""
        with self._lock:
            self._folders.add(folder)
        if not f"{folder}/".startswith(f"{self._root}/"):
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                self._observer.schedule(self, folder)

    def take(self) -> list[str] | None:
        """The paths that are known to have changed and were not taken yet."""
        with self._lock:
            paths, self._paths = self._paths, []
        return paths

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Keep what may change a file's content or name; reading a file is no change."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        if event.is_directory and event.event_type == "modified":
            return  # its entries have events of their own
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        with self._lock:
            self._paths += [path for path in paths if path.rpartition("/")[0] in self._folders]
        self._ready()

    def close(self) -> None:
        """Watch no more."""
        self._observer.stop()
        self._observer.join()
