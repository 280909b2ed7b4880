"""The app's only way to storage: every read and write runs in a worker, and answers by message.

Each request belongs to a group. A new request of a group makes the older ones stale: their tickets
say so while they run, and what they find is dropped. A request that fails comes back as a
:class:`Failed` with the way to try again; nothing that happens here ends the app.
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import neg
from typing import TYPE_CHECKING, Any, Final, TypeVar

from textual.message import Message

from ..storage.errors import JournalError, NoSuchMemoryError
from ..storage.memory import to_microseconds
from .inert import one_line
from .timeline.layout import DayLayout
from .timeline.model import ROWS_PER_PAGE, Detail, Facets, Layer, Listing, Query, Row, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.dom import DOMNode

    from ..storage.journal import Listing as JournalListing
    from ..storage.journal import MemoryDB
    from ..storage.memory import Memory

__all__ = ["Answer", "Backend", "Failed", "Page", "Ticket"]

_log: Final = logging.getLogger(__name__)
_SEARCH_LIMIT: Final = 200
_LAYERS_EACH_SIDE: Final = 3

T = TypeVar("T")


class Ticket:
    """One request: the work looks at :attr:`stale` between steps and gives up when it is."""

    __slots__ = ("_current", "generation", "group")

    def __init__(self, group: str, generation: int, current: dict[str, int]) -> None:
        self.group = group
        self.generation = generation
        self._current = current

    @property
    def stale(self) -> bool:
        """Whether a newer request of the group has taken this one's place."""
        return self._current.get(self.group) != self.generation


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


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page of a listing; ``listing`` tells which."""

    listing: Listing
    number: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Found:
    """A listing and the page its reader will see first."""

    listing: Listing
    page: Page | None


class Backend:
    """One journal, opened in the background as soon as this is made.

    ``open_journal`` runs in a thread of its own: what it raises comes back from every request, and a
    retry opens anew.
    """

    def __init__(self, open_journal: Callable[[], MemoryDB]) -> None:
        self._open_journal = open_journal
        self._generations: dict[str, int] = {}
        self._lock = threading.Lock()
        self._journal: Future[MemoryDB] = Future()
        self._open()

    def _open(self) -> None:
        threading.Thread(
            target=self._opening, args=(self._journal,), name="open journal", daemon=True
        ).start()

    def _opening(self, future: Future[MemoryDB]) -> None:
        try:
            journal = self._open_journal()
        except Exception as error:  # noqa: BLE001 -- whatever it was is told by each request
            future.set_exception(error)
        else:
            future.set_result(journal)

    def _db(self) -> MemoryDB:
        with self._lock:
            if self._journal.done() and self._journal.exception() is not None:
                self._journal = Future()
                self._open()
        return self._journal.result()

    def close(self) -> None:
        """Close the journal; what is still running finds it closed and says so to nobody."""
        self._generations.clear()
        if self._journal.done() and self._journal.exception() is None:
            self._journal.result().close()

    # -- requests -------------------------------------------------------------------------------

    def request(
        self, node: DOMNode, group: str, description: str, work: Callable[[Ticket], object]
    ) -> Ticket:
        """Run ``work`` in a thread; ``node`` gets an :class:`Answer` or :class:`Failed`, if still current."""
        generation = self._generations.get(group, 0) + 1
        self._generations[group] = generation
        ticket = Ticket(group, generation, self._generations)

        def run() -> None:
            if ticket.stale:
                return
            try:
                value = work(ticket)
            except JournalError as error:
                message: Message = Failed(ticket, one_line(str(error)), again)
            except Exception as error:  # noqa: BLE001 -- a bug, told in the pane that asked
                # The class and the place go to the log; the message might quote a memory.
                _log.error(
                    "%s failed: %s", description, type(error).__name__, exc_info=_without_message(error)
                )
                message = Failed(ticket, f"{description} failed ({type(error).__name__})", again)
            else:
                message = Answer(ticket, value)
            if not ticket.stale:
                node.post_message(message)

        def again() -> None:
            self.request(node, group, description, work)

        node.run_worker(
            run, thread=True, exclusive=True, exit_on_error=False, group=group, description=description
        )
        return ticket

    def cancel(self, group: str) -> None:
        """Make whatever runs in a group stale."""
        self._generations[group] = self._generations.get(group, 0) + 1

    # -- the timeline ---------------------------------------------------------------------------

    def list_memories(self, node: DOMNode, query: Query) -> None:
        """Ask for the :class:`Found` of a query, in the group ``list``."""
        self.request(node, "list", "listing the memories", lambda ticket: self._found(query))

    def _found(self, query: Query) -> Found:
        db = self._db()
        listed = _listed(db, query)
        listing = Listing(query, listed.refs, listed.times, DayLayout(listed.times))
        return Found(listing, _page(db, listing, 0) if listed.refs else None)

    def read_pages(self, node: DOMNode, listing: Listing, pages: tuple[int, ...]) -> None:
        """Ask for the :class:`Page` of each number, newest wish first, in the group ``pages``."""

        def work(ticket: Ticket) -> object:
            db = self._db()
            done = []
            for number in reversed(pages):
                if ticket.stale and done:
                    break
                done.append(_page(db, listing, number))
            return tuple(done)

        self.request(node, "pages", "reading memories", work)

    def read_detail(self, node: DOMNode, ref: int) -> None:
        """Ask for the :class:`Detail` of a memory, in the group ``detail``."""
        self.request(node, "detail", "reading the memory", lambda ticket: _detail(self._db(), ref, ticket))

    def count_facets(self, node: DOMNode, query: Query) -> None:
        """Ask for the :class:`Facets` of a query, in the group ``facets``."""
        self.request(node, "facets", "counting", lambda ticket: _facets(self._db(), query, ticket))


def _without_message(error: Exception) -> tuple[type[Exception], Exception, Any]:
    return type(error), type(error)(), error.__traceback__


def _page(db: MemoryDB, listing: Listing, number: int) -> Page:
    start = number * ROWS_PER_PAGE
    refs = listing.refs[start : start + ROWS_PER_PAGE]
    times = listing.times[start : start + ROWS_PER_PAGE]
    return Page(listing, number, tuple(_row(db, ref, us) for ref, us in zip(refs, times, strict=True)))


def _row(db: MemoryDB, ref: int, us: int) -> Row:
    try:
        return row_of(ref, us, db.read(ref))
    except JournalError as error:
        return Row(ref, us, "", "", "", 0, False, one_line(str(error)))


def _detail(db: MemoryDB, ref: int, ticket: Ticket) -> Detail:
    try:
        memory = db.read(ref)
    except JournalError as error:
        return Detail(ref, None, one_line(str(error)))
    layers: list[Layer] = []
    if memory.revisits:
        with suppress(NoSuchMemoryError):
            layers += _layer(db, "revisits", db.get(memory.revisits))
    for later in db.revisited_by(memory.memory_id):
        layers += _layer(db, "revisited by", later)
    if ticket.stale:
        return Detail(ref, memory)
    named = {layer.ref for layer in layers}
    same = db.listing(memory.concept)
    place = _place_of(same.times, same.refs, to_microseconds(memory.timestamp), ref)
    near = range(max(0, place - _LAYERS_EACH_SIDE), min(len(same.refs), place + _LAYERS_EACH_SIDE + 1))
    for index in near:
        if same.refs[index] != ref and same.refs[index] not in named:
            row = _row(db, same.refs[index], same.times[index])
            layers.append(Layer(row.ref, row.us, row.feeling, row.excerpt or row.trouble, "concept"))
    return Detail(ref, memory, layers=tuple(layers), concept_total=len(same.refs))


def _layer(db: MemoryDB, relation: str, memory: Memory) -> list[Layer]:
    """The layer that stands for a memory, found again by its moment; none if the log moved on."""
    at = db.listing(memory.concept, since=memory.time, until=memory.time)
    for ref, us in zip(at.refs, at.times, strict=True):
        with suppress(JournalError):
            if db.read(ref).memory_id == memory.memory_id:
                return [Layer(ref, us, str(memory.feeling), one_line(memory.content), relation)]
    return []


def _place_of(times: Sequence[int], refs: Sequence[int], us: int, ref: int) -> int:
    place = bisect_left(times, -us, key=neg)
    while place < len(refs) and times[place] == us:
        if refs[place] == ref:
            return place
        place += 1
    return place


def _facets(db: MemoryDB, query: Query, ticket: Ticket) -> Facets:
    distribution = db.feeling_distribution()
    others = replace(query, feelings=frozenset(), text="")
    shown: dict[str, int] | None = None
    if others.filtered:
        shown = {}
        for feeling in distribution:
            if ticket.stale:
                break
            shown[feeling] = len(_listed(db, replace(others, feelings=frozenset((feeling,)))).refs)
    return Facets(db.count(), distribution, db.concepts(), db.tags(), shown)


def _listed(db: MemoryDB, query: Query) -> JournalListing:
    return db.listing(
        query.concepts or None,
        feelings=query.feelings or None,
        tags=query.tags or None,
        since=query.since,
        until=query.until,
    )
