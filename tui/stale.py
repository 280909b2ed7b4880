"""Long work that gives up when nobody waits for it any more. Knows no screen."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Staleness", "stopped_when_stale"]

_EVERY: Final = 0.2
"""Seconds from one look to the next."""


class Staleness(Protocol):
    """Tells long work whether anybody still waits for it."""

    @property
    def stale(self) -> bool:
        """Whether nobody does."""


@contextmanager
def stopped_when_stale(ticket: Staleness, stop: Callable[[], object]) -> Iterator[None]:
    """Call ``stop`` from a thread of its own once nobody waits for what runs within."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(_EVERY):
            if ticket.stale:
                stop()
                return

    looking = threading.Thread(target=look, name="looking whether anybody waits", daemon=True)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()
