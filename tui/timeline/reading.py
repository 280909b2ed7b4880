"""What the Timeline reads from a journal: plain functions, called in threads. Knows no screen."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ...storage.errors import JournalError, NoSuchMemoryError
from ...storage.memory import to_microseconds
from ..inert import one_line
from .layout import DayLayout
from .model import ROWS_PER_PAGE, Detail, Facets, Found, Layer, Listing, Look, Page, Query, Row, gist, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.text import Text

    from ...storage.journal import Listing as JournalListing
    from ...storage.journal import MemoryDB
    from ...storage.media import AttachedFile
    from ...storage.memory import Memory
    from ..stale import Staleness

__all__ = [
    "all_refs",
    "as_typed",
    "count_facets",
    "find",
    "head",
    "layer_of",
    "look_at",
    "read_detail",
    "read_page",
    "search",
]

_HEAD: Final = 200
_SEARCH_LIMIT: Final = 200
_SCREENFUL: Final = 50
_LAYERS_EACH_SIDE: Final = 3
_READ_AT_MOST: Final = 256 << 20


def head(db: MemoryDB, query: Query) -> Found:
    """The newest few that answer a query without a text; ``partial`` tells that there are more."""
    listed = db.listing(**_filters(query), limit=_HEAD)
    partial = len(listed.refs) == _HEAD
    listing = Listing(query, listed.refs, listed.times, DayLayout(listed.times), partial=partial)
    return Found(listing, read_page(db, listing, 0) if listed.refs else None)


def find(db: MemoryDB, query: Query, before: Listing | None = None) -> Found:
    """Everything that answers a query without a text, with the first page; ``before`` is what did, and
    still does.
    """
    times, refs = _listed(db, query)
    layout = None
    if before is not None and before.refs:
        added = len(refs) - len(before.refs)
        if added >= 0 and refs[added] == before.refs[0]:  # all that came is newer
            layout = before.layout.with_newer(times)
    listing = Listing(query, refs, times, layout or DayLayout(times))
    return Found(listing, read_page(db, listing, 0) if refs else None)


def as_typed(text: str) -> str:
    """A search as it stands while it is typed: the word being typed may go on."""
    last = text.rpartition(" ")[2]
    unfinished = len(last) > 2 and last.isalnum() and last != "OR" and text.count('"') % 2 == 0
    return f"{text}*" if unfinished else text


def read_page(db: MemoryDB, listing: Listing, number: int) -> Page:
    """One page of rows; a memory that cannot be read is a row that says so."""
    start = number * ROWS_PER_PAGE
    refs = listing.refs[start : start + ROWS_PER_PAGE]
    times = listing.times[start : start + ROWS_PER_PAGE]
    return Page(number, tuple(_row(db, ref, us) for ref, us in zip(refs, times, strict=True)))


def _row(db: MemoryDB, ref: int, us: int) -> Row:
    try:
        return row_of(ref, us, db.read(ref))
    except JournalError as error:
        return Row(ref, us, "", "", "", 0, False, one_line(str(error)))


def search(db: MemoryDB, query: Query, ticket: Staleness, tell: Callable[[Found], None]) -> Found | None:
    """The best answers to a query with a text, best first, with their rows; None if nobody waits any more.

    ``tell`` gets a screenful of them before, for reading them takes longer than finding them. ``more``
    says that there are others.
    """
    refs = db.search_refs(as_typed(query.text), **_filters(query), limit=_SEARCH_LIMIT + 1)
    rows: list[Row] = []
    for number, ref in enumerate(refs[:_SEARCH_LIMIT]):
        if number == _SCREENFUL:
            tell(_best(query, rows, more=True))
        if ticket.stale:
            return None
        with suppress(JournalError):
            memory = db.read(ref)
            rows.append(row_of(ref, to_microseconds(memory.timestamp), memory))
    return _best(query, rows, more=len(refs) > _SEARCH_LIMIT)


def _best(query: Query, rows: Sequence[Row], *, more: bool) -> Found:
    times = [row.us for row in rows]
    layout = DayLayout(times, flat=True)
    return Found(Listing(query, [row.ref for row in rows], times, layout, best=tuple(rows), more=more), None)


def read_detail(db: MemoryDB, ref: int, ticket: Staleness) -> Detail:
    """A memory with its files, the layers upon it, and its neighbours of the same concept."""
    try:
        memory = db.read(ref)
    except JournalError as error:
        return Detail(ref, None, one_line(str(error)))
    layers: list[Layer] = []
    if memory.revisits:
        with suppress(NoSuchMemoryError):
            layers += layer_of(db, "revisits", db.get(memory.revisits))
    for later in db.revisited_by(memory.memory_id):
        layers += layer_of(db, "revisited by", later)
    if ticket.stale:
        return Detail(ref, memory)
    named = {layer.ref for layer in layers}
    for us, near in _around(db, memory, ref):
        if near not in named:
            row = _row(db, near, us)
            layers.append(Layer(row.ref, row.us, row.feeling, row.excerpt or row.trouble, "concept"))
    files = tuple(db.files_of(memory))
    return Detail(ref, memory, layers=tuple(layers), concept_total=db.count(memory.concept), files=files)


def _around(db: MemoryDB, memory: Memory, ref: int) -> list[tuple[int, int]]:
    """Time and ref of the nearest few of the same concept on either side, newest first."""
    each = _LAYERS_EACH_SIDE + 1  # the memory itself is on both sides
    older = db.listing(memory.concept, until=memory.time, limit=each)
    newer = db.listing(memory.concept, since=memory.time, limit=each, oldest_first=True)
    found = {*zip(older.times, older.refs, strict=True), *zip(newer.times, newer.refs, strict=True)}
    found.discard((to_microseconds(memory.timestamp), ref))
    return sorted(found, reverse=True)


def look_at(detail: Detail, columns: int, rows: int, ticket: Staleness) -> Look:
    """Check the hashes of a memory's files and draw its first picture; without columns, none."""
    from ..pictures import half_blocks  # noqa: PLC0415 -- only for memories with files

    sound = tuple(_sound(file, ticket) for file in detail.files)
    picture: tuple[Text, ...] = ()
    for file in detail.files:
        if columns and file.media_type == "image" and file.path is not None and not picture:
            picture = half_blocks(file.path, columns, rows)
    return Look(detail.ref, sound, picture)


def _sound(file: AttachedFile, ticket: Staleness) -> bool | None:
    """Whether a file still has its hash; None where there is none, or no time to read it all."""
    if file.path is None or not file.sha256 or file.size > _READ_AT_MOST:
        return None
    digest = sha256()
    try:
        with file.path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                if ticket.stale:
                    return None
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest() == file.sha256


def layer_of(db: MemoryDB, relation: str, memory: Memory) -> list[Layer]:
    """The layer that stands for a memory, found again by its moment; none if the log moved on."""
    at = db.listing(memory.concept, since=memory.time, until=memory.time)
    for ref, us in zip(at.refs, at.times, strict=True):
        with suppress(JournalError):
            if db.read(ref).memory_id == memory.memory_id:
                return [Layer(ref, us, str(memory.feeling), gist(memory.content), relation)]
    return []


def count_facets(db: MemoryDB, query: Query) -> Facets:
    """What can be filtered by; feelings also as counted under the query's other filters."""
    others = _filters(replace(query, feelings=frozenset(), text=""))
    del others["feelings"]
    distribution = db.feeling_distribution()
    shown = None
    if any(others.values()):
        counted = db.feeling_distribution(**others)
        shown = {feeling: counted.get(feeling, 0) for feeling in distribution}
    return Facets(db.count(), distribution, db.concepts(), db.tags(), shown)


def all_refs(db: MemoryDB, query: Query) -> Sequence[int]:
    """The refs of everything that answers a query, without the limit of what a search shows."""
    if query.text:
        return db.search_refs(as_typed(query.text), **_filters(query))
    return _listed(db, query).refs


def _listed(db: MemoryDB, query: Query) -> JournalListing:
    return db.listing(**_filters(query))


def _filters(query: Query) -> dict[str, Any]:
    return {
        "concept": query.concepts or None,
        "feelings": query.feelings or None,
        "tags": query.tags or None,
        "since": query.since,
        "until": query.until,
    }
