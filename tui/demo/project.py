"""A project to look around in: a copy of two of mnemo's own packages, indexed, with a day of questions.

It lies in a folder of the demo and is made in a thread while the user looks at something else; who needs
it waits.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from ...retrieval.engine import RetrievalEngine

__all__ = ["DemoProject", "write_project"]

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


class DemoProject:
    """The project in ``folder``, made from the moment that :meth:`begin` is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left = threading.Event()
        self._future: Future[None] | None = None
        self._lock = threading.Lock()  # over _future

    def begin(self) -> Future[None]:
        """Make it in a thread, unless that has begun already."""
        with self._lock:
            if self._future is None:
                future: Future[None] = Future()
                self._future = future
                threading.Thread(target=self._make, args=(future,), name="demo project", daemon=True).start()
            return self._future

    def ready(self) -> Path:
        """Its folder, once it is made; begins if nobody has."""
        self.begin().result()
        return self._folder

    def close(self) -> None:
        """Nobody looks any more: give up, and let go of every file."""
        self._left.set()
        with self._lock:
            future = self._future
        if future is not None:
            future.exception()

    def _make(self, future: Future[None]) -> None:
        try:
            write_project(self._folder)
            self._index()
        except Exception as error:  # noqa: BLE001 -- raised again in whoever needs the project
            future.set_exception(error)
        else:
            future.set_result(None)

    def _index(self) -> None:
        from ...retrieval.config import set_value  # noqa: PLC0415 -- only the demo loads them here
        from ...retrieval.engine import RetrievalEngine  # noqa: PLC0415
        from ...retrieval.project import init_project  # noqa: PLC0415

        project, _ = init_project(self._folder)
        config = project.index_dir / "config.toml"
        set_value(config, "cache.capacity", _CACHE[0])
        set_value(config, "cache.ghost_capacity", _CACHE[1])
        with RetrievalEngine.open(self._folder) as engine:
            engine.ingest(cancelled=self._left.is_set)
            self._ask(engine)

    def _ask(self, engine: RetrievalEngine) -> None:
        from ...retrieval.errors import RetrievalError  # noqa: PLC0415

        for number, question in enumerate(_QUESTIONS):
            if self._left.is_set():
                return
            answer = engine.query(
                question, budget=_BUDGET, limit=_EACH, session="demo", fresh=True, refresh=False
            )
            if number % _USED == 0 and answer:
                with suppress(RetrievalError):
                    engine.feedback(answer[0].chunk.id, "used", session="demo")


def write_project(folder: Path) -> None:
    """Copy the sources there; as they are installed, from wherever that is."""
    for name in _PACKAGES:
        _copy(resources.files(f"mnemo.{name}"), folder / "mnemo" / name)


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir() and not entry.name.startswith(("_", ".")):
            _copy(entry, target / entry.name)
        elif entry.name.endswith(".py"):
            (target / entry.name).write_bytes(entry.read_bytes())
