"""Write settings one after the other, in a worker; none is lost where two come close together."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from . import KEEPING
from .reading import Changed, change, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.dom import DOMNode

    from ..backend import Backend, Ticket
    from .reading import Row

    Save = Callable[[str, bool | str | None], None]

__all__ = ["Keeper"]


class Keeper:
    """Keeps what the user sets, with ``save``; each time ``node`` gets a :class:`Changed`."""

    def __init__(self, node: DOMNode, backend: Backend, save: Save, project: Path) -> None:
        self._node = node
        self._backend = backend
        self._save = save
        self._project = project
        self._jobs: deque[Callable[[], Changed]] = deque()
        self._lock = threading.Lock()  # one writer at a time

    def keep(self, key: str, value: bool | str | None) -> None:
        """Write a setting by its key."""

        def job() -> Changed:
            self._save(key, value)
            return Changed(None, *read_rows(None, self._project))

        self._put(job)

    def change(self, row: Row, text: str | None) -> None:
        """Write what was typed for a row, or take it out."""
        self._put(lambda: change(row, text, self._project, self._save))

    def _put(self, job: Callable[[], Changed]) -> None:
        self._jobs.append(job)
        self._backend.request(self._node, KEEPING, "keeping the setting", self._work)

    def _work(self, _: Ticket) -> Changed | None:
        done: Changed | None = None
        with self._lock:
            while self._jobs:
                done = self._jobs.popleft()()
        return done
