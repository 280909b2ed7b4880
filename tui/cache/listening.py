"""What the daemon's cache does, heard of the moment it does it."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

from textual.message import Message

from .reading import listen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.dom import DOMNode

    from ...storage.cache import CacheEvent
    from ..backend import Backend, Ticket

__all__ = ["Heard", "Listening"]


class Heard(Message):
    """The daemon's cache did something; what it was waits in :meth:`Listening.heard`."""

    def can_replace(self, message: Message) -> bool:
        """A burst is drawn once."""
        return isinstance(message, Heard)


class Listening:
    """At most one ear at the project's daemon, in the group ``cache.listen``; the pane gets :class:`Heard`,
    and in the end the answer :class:`~mnemo.tui.cache.model.Deaf`.
    """

    def __init__(self, node: DOMNode, backend: Backend) -> None:
        self._node = node
        self._backend = backend
        self._told: SimpleQueue[CacheEvent] = SimpleQueue()
        self.on = False
        """Whether the daemon, if one runs, is listened to."""

    def begin(self, folder: Path) -> None:
        """Listen to the daemon of the project in a folder, unless that is done already."""
        if self.on:
            return
        self.on = True
        told = self._told = SimpleQueue()

        def work(ticket: Ticket) -> object:
            def hear(event: CacheEvent) -> None:
                told.put(event)
                ticket.tell(Heard())

            return listen(folder, ticket, hear)

        self._backend.request(self._node, "cache.listen", "listening to the daemon", work)

    def end(self) -> None:
        """Listen no more."""
        self._backend.cancel("cache.listen")
        self.on = False

    def heard(self) -> Iterator[CacheEvent]:
        """What was heard and not taken yet, oldest first."""
        while not self._told.empty():
            yield self._told.get()
