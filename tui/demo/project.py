"""A project to look around in: a copy of two of mnemo's own packages, indexed, with a day of questions.

It lies in a folder of the demo and is made in a process of its own while the user looks at something else;
who needs it waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["DemoProject", "make_project"]

_PACKAGES: Final = ("storage", "llm")
_CACHE: Final = (40, 80)
"""Capacity and ghosts: small enough for a day of questions to fill them."""
_BUDGET: Final = 1_500
_EACH: Final = 8
_QUESTIONS: Final = (
    "how is a memory appended to the log",
    "ArcCache promotion",
    "how is a memory appended to the log",
    "what happens to a frame that was cut short by a crash",
    "ArcCache promotion",
    "verify the chain of checksums",
    "stream an answer from a provider",
    "consent before words leave the machine",
    "how is a memory appended to the log",
    "stream an answer from a provider",
    "fold accents when searching",
    "import a Day One journal",
    "retry after a rate limit",
    "verify the chain of checksums",
    "attachments by content hash",
    "valence of a feeling",
    "what happens to a frame that was cut short by a crash",
    "ArcCache promotion",
)
_USED: Final = 3
"""Every so many questions, the best piece is said to have been of use."""
_NICE: Final = 10
"""It gives way to the screen."""


class DemoProject:
    """The project in ``folder``, made from the moment that :meth:`begin` is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._future: Future[None] | None = None
        self._lock = threading.Lock()  # over both

    def begin(self) -> Future[None]:
        """Make it in a process, unless that has begun already."""
        with self._lock:
            if self._future is None:
                # -P: a module of the user's working directory must not take the place of one of ours. A group
                # of its own: Ctrl-C is for the app.
                self._process = subprocess.Popen(  # noqa: S603 - ourselves
                    [sys.executable, "-P", "-c", f"from {__name__} import main; main()", str(self._folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    process_group=0,
                )
                self._future = Future()
                threading.Thread(
                    target=_wait, args=(self._process, self._future), name="demo project", daemon=True
                ).start()
            return self._future

    def ready(self) -> Path:
        """Its folder, once it is made; begins if nobody has. Raises `RetrievalError` where that failed."""
        self.begin().result()
        return self._folder

    def close(self) -> None:
        """Nobody looks any more: give up, and let go of every file."""
        with self._lock:
            process, future = self._process, self._future
        if process is not None and future is not None:
            process.kill()
            future.exception()


def _wait(process: subprocess.Popen[bytes], future: Future[None]) -> None:
    from ...retrieval.errors import RetrievalError  # noqa: PLC0415 -- only the demo loads it here

    if process.wait() == 0:
        future.set_result(None)
    else:
        future.set_exception(RetrievalError("the project of the demo could not be made"))


def main() -> None:
    """Make the project in the folder that is named; for the process that :class:`DemoProject` starts."""
    os.nice(_NICE)
    make_project(Path(sys.argv[1]))


def make_project(folder: Path) -> None:
    """Copy the sources there, as they are installed, index them and ask the questions of a day."""
    from ...retrieval.config import set_value  # noqa: PLC0415 -- only the demo loads them here
    from ...retrieval.engine import RetrievalEngine  # noqa: PLC0415
    from ...retrieval.errors import RetrievalError  # noqa: PLC0415
    from ...retrieval.project import init_project  # noqa: PLC0415

    for name in _PACKAGES:
        _copy(resources.files(f"mnemo.{name}"), folder / "mnemo" / name)
    project, _ = init_project(folder)
    config = project.index_dir / "config.toml"
    set_value(config, "cache.capacity", _CACHE[0])
    set_value(config, "cache.ghost_capacity", _CACHE[1])
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
        for number, question in enumerate(_QUESTIONS):
            answer = engine.query(
                question, budget=_BUDGET, limit=_EACH, session="demo", fresh=True, refresh=False
            )
            if number % _USED == 0 and answer:
                with suppress(RetrievalError):
                    engine.feedback(answer[0].chunk.id, "used", session="demo")


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir() and not entry.name.startswith(("_", ".")):
            _copy(entry, target / entry.name)
        elif entry.name.endswith(".py"):
            (target / entry.name).write_bytes(entry.read_bytes())
