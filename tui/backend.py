"""The app's only way to storage: every read and write runs in a worker, and answers by message.

Each request belongs to a group. A new request of a group makes the older ones stale: their tickets
say so while they run, and what they find is dropped. A request that fails comes back as a
:class:`Failed` with the way to try again; nothing that happens here ends the app.
"""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message

from ..llm.errors import ModelError
from ..retrieval.errors import RetrievalError
from ..settings import SettingsError
from ..storage.errors import JournalError
from .inert import one_line
from .moments import Dates
from .threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.dom import DOMNode
    from textual.worker import Worker

    from ..retrieval.engine import RetrievalEngine
    from ..storage.journal import MemoryDB
    from ..storage.watch import Change
    from .composer.requests import WritingRequests
    from .opening import Opening
    from .timeline.model import Found

__all__ = ["Answer", "Backend", "Failed", "JournalChanged", "Ticket", "Working"]

_FINISHED_ALWAYS: Final = {"save", "draft", "mind.save", "mind.draft", "settings.keep"}
_log: Final = logging.getLogger(__name__)


class Ticket:
    """One request: the work looks at :attr:`stale` between steps and gives up when it is."""

    __slots__ = ("_current", "_node", "generation", "group")

    def __init__(self, node: DOMNode, group: str, generation: int, current: dict[str, int]) -> None:
        self._node = node
        self.group = group
        self.generation = generation
        self._current = current

    @property
    def stale(self) -> bool:
        """Whether a newer request of the group has taken this one's place."""
        return self._current.get(self.group) != self.generation

    def tell(self, message: Message) -> None:
        """Send a message to whoever asked, while it is waited for: how far the work is, or a part of it."""
        if not self.stale:
            self._node.post_message(message)


class Answer(Message):
    """What a request found; ``value`` is frozen data."""

    def __init__(self, ticket: Ticket, value: object) -> None:
        self.ticket = ticket
        self.value = value
        super().__init__()


class Failed(Message):
    """A request failed: one line fit for a reader, and the way to try it again."""

    def __init__(self, ticket: Ticket, error: str, retry: Callable[[], None]) -> None:
        self.ticket = ticket
        self.error = error
        self.retry = retry
        super().__init__()


class JournalChanged(Message):
    """Memories were added, by whomever; a burst of changes arrives as one."""

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts: its reader looks at the journal as it is then."""
        return isinstance(message, JournalChanged)


class Working(Message):
    """How far something long has come, in a few words."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts."""
        return isinstance(message, Working)


class Backend:
    """All that the panes may ask of one journal, what belongs to it, and the code of one project.

    Args:
        opening: The journal, which may still be opening.
        drafts_dir: Where what is being written is kept.
        filters_file: Where the filters with a name are.
        dates: How the user writes dates.
        language: The language that proposals are made in.
        project_dir: Where to look for the code's project, or what tells it in a request; the working
            directory if None.
    """

    def __init__(
        self,
        opening: Opening,
        drafts_dir: Path,
        filters_file: Path,
        dates: Dates | None = None,
        *,
        language: str = "en",
        project_dir: Path | Callable[[], Path] | None = None,
    ) -> None:
        self._opening = opening
        self.drafts_dir = drafts_dir
        self.filters_file = filters_file
        self.dates = Dates() if dates is None else dates
        self.language = language
        self._project_dir = project_dir
        self._engine: RetrievalEngine | None = None
        self._engine_place: tuple[int, int] | None = None
        self._code_changed = False
        self._engine_lock = threading.Lock()  # over _engine: one thread at a time may use it
        self._finished = False
        self._generations: dict[str, int] = {}
        self._threads = Threads()

    @cached_property
    def writing(self) -> WritingRequests:
        """The requests of whoever writes."""
        from .composer.requests import WritingRequests  # noqa: PLC0415 -- nobody writes before the first frame

        return WritingRequests(self)

    def journal(self) -> MemoryDB:
        """The journal; blocks while it opens, so call it in a request.

        Raises:
            JournalError: it cannot be opened.
        """
        return self._opening.journal()

    def head(self) -> Found | None:
        """The newest memories, for the first frame; None if they take longer than nobody would notice."""
        return self._opening.first(0.05)

    # -- requests -------------------------------------------------------------------------------

    def request(
        self, node: DOMNode, group: str, description: str, work: Callable[[Ticket], object]
    ) -> Ticket:
        """Run ``work`` in a thread; ``node`` gets an :class:`Answer` or :class:`Failed`, if still current."""
        generation = self._generations.get(group, 0) + 1
        self._generations[group] = generation
        ticket = Ticket(node, group, generation, self._generations)

        def run() -> None:
            if ticket.stale:
                return
            try:
                value = work(ticket)
            except (JournalError, ModelError, RetrievalError, SettingsError) as error:
                message: Message = Failed(ticket, one_line(str(error)), again)
            except OSError as error:  # a full disk, a folder that is not ours
                message = Failed(ticket, one_line(f"{description} failed: {error.strerror or error}"), again)
            except Exception as error:  # noqa: BLE001 -- a bug, told in the pane that asked
                # The class and the place go to the log; the message might quote a memory.
                _log.error(
                    "%s failed: %s", description, type(error).__name__, exc_info=_without_message(error)
                )
                message = Failed(ticket, f"{description} failed ({type(error).__name__})", again)
            else:
                message = Answer(ticket, value)
            ticket.tell(message)

        def again() -> None:
            self.request(node, group, description, work)

        # It runs from now on, whatever becomes of the worker: a quit at once loses nothing.
        ended = self._threads.start(run, name=description, kept=group in _FINISHED_ALWAYS)

        async def until_ended() -> None:
            await ended

        _: Worker[None] = node.run_worker(
            until_ended, exclusive=True, exit_on_error=False, group=group, description=description
        )
        return ticket

    def read_journal(
        self, node: DOMNode, group: str, description: str, work: Callable[[MemoryDB, Ticket], object]
    ) -> Ticket:
        """Run ``work`` on the journal in a thread, as :meth:`request` does."""
        return self.request(node, group, description, lambda ticket: work(self.journal(), ticket))

    def read_code(
        self, node: DOMNode, group: str, description: str, work: Callable[[RetrievalEngine, Ticket], object]
    ) -> Ticket:
        """Run ``work`` on the project's index in a thread, one after the other, a stale one not at all."""

        def in_turn(ticket: Ticket) -> object:
            try:
                with self._engine_lock:
                    return None if ticket.stale else work(self._engine_now(), ticket)
            finally:
                if self._finished:
                    self._close_engine()

        return self.request(node, group, description, in_turn)

    def write_code(
        self, node: DOMNode, group: str, description: str, work: Callable[[RetrievalEngine, Ticket], object]
    ) -> Ticket:
        """Run ``work`` on an engine of its own, so that reading goes on beside it."""

        def beside(ticket: Ticket) -> object:
            with self._open_engine() as engine:
                value = work(engine, ticket)
            self.code_changed()
            return value

        return self.request(node, group, description, beside)

    def code_changed(self) -> None:
        """The index may be another one now: open it anew for the next question."""
        self._code_changed = True

    def _engine_now(self) -> RetrievalEngine:
        """The engine over the index as it is now; the caller holds the lock."""
        engine = self._engine
        if engine is not None and (self._code_changed or _place_of(engine) != self._engine_place):
            engine.close()
            engine = self._engine = None
        self._code_changed = False
        if engine is None:
            engine = self._engine = self._open_engine()
            self._engine_place = _place_of(engine)
        return engine

    def _open_engine(self) -> RetrievalEngine:
        from ..retrieval.engine import RetrievalEngine  # noqa: PLC0415 -- not needed for the first frame

        folder = self._project_dir
        return RetrievalEngine.open((folder() if callable(folder) else folder) or Path())

    def leave(self) -> None:
        """The app ends: whatever runs gives up at its next step, but for what keeps what was written."""
        for group in self._generations.keys() - _FINISHED_ALWAYS:
            self.cancel(group)

    def finish(self) -> bool:
        """After the app ended: wait for what keeps what was written; whether anything else still runs."""
        running = self._threads.finish()
        self._finished = True
        self._close_engine()
        return running

    def _close_engine(self) -> None:
        if self._engine_lock.acquire(blocking=False):  # else whoever has the engine closes it afterwards
            try:
                if self._engine is not None:
                    self._engine.close()
                    self._engine = None
            finally:
                self._engine_lock.release()

    def cancel(self, group: str) -> None:
        """Make whatever runs in a group stale."""
        self._generations[group] = self._generations.get(group, 0) + 1

    def watch(self, node: DOMNode) -> None:
        """Send ``node`` a :class:`JournalChanged` whenever any process adds to the journal."""

        def work(ticket: Ticket) -> object:
            def changed(_: Change) -> None:
                node.post_message(JournalChanged())

            self.journal().subscribe(changed)
            return None

        self.request(node, f"watch {node.id}", "watching the journal", work)


def _place_of(engine: RetrievalEngine) -> tuple[int, int] | None:
    """Which file holds the index now: deleted or made anew beneath the app, it is another one."""
    try:
        found = engine.project.database.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _without_message(error: Exception) -> tuple[type[Exception], Exception, Any]:
    return type(error), type(error)(), error.__traceback__
