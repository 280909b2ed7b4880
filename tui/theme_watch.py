"""Look whether the user's themes change on the disk, and read them when they do. Knows no screen."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from ..themes import load_themes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ..themes import Theme

__all__ = ["Found", "ThemeWatch", "read"]

_EVERY: Final = 0.4
_Seen = tuple[tuple[str, int, int], ...]


class Found(NamedTuple):
    """The sound themes by name, the names of those that are not, and what is wrong with them."""

    themes: Mapping[str, Theme]
    broken: frozenset[str] = frozenset()
    faults: str = ""


def read(folder: Path | None) -> Found:
    """The themes that there are."""
    themes, faults = load_themes(folder)
    names = {path.stem for path in folder.glob("*.toml")} if folder is not None and folder.is_dir() else set()
    return Found(themes, frozenset(names - themes.keys()), str(faults or ""))


class ThemeWatch:
    """A thread that calls ``told`` after the themes in ``folder`` changed, once nobody writes there.

    It looks at names, times and sizes alone: there are few, and a folder that is not there yet may come.
    """

    def __init__(self, folder: Path, told: Callable[[Found], object]) -> None:
        self._folder = folder
        self._told = told
        self._stop = threading.Event()
        self._known = self._look()
        threading.Thread(target=self._run, name="themes", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _run(self) -> None:
        before = self._known
        while not self._stop.wait(_EVERY):
            now = self._look()
            if now != self._known and now == before:  # whole: it stands since the last look
                self._known = now
                self._told(read(self._folder))
            before = now

    def _look(self) -> _Seen:
        try:
            with os.scandir(self._folder) as entries:
                stats = [(each.name, each.stat()) for each in entries if each.name.endswith(".toml")]
        except OSError:
            return ()
        return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))
