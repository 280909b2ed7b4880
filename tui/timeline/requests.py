"""What the Timeline asks the backend for, each in a group of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...storage.errors import JournalError
from ..backend import Answer, Working
from .model import Detail, Found, Listing, Page, Pages, Query
from .reading import (
    all_refs,
    count_facets,
    find,
    head,
    layer_of,
    look_at,
    read_detail,
    read_page,
    search,
)

if TYPE_CHECKING:
    from pathlib import Path

    from textual.dom import DOMNode

    from ...storage.journal import MemoryDB
    from ..backend import Backend, Ticket

__all__ = ["Exported", "Filters", "TimelineRequests"]


class Exported(NamedTuple):
    """A finished export: where to, how many memories and files, how many files were lost before."""

    output: Path
    memories: int
    files: int
    missing: int


class Filters(NamedTuple):
    """The saved filters, by name."""

    saved: Mapping[str, Query]


class TimelineRequests:
    """The requests of one pane; it gets what they find as :class:`~mnemo.tui.backend.Answer`."""

    def __init__(self, backend: Backend, node: DOMNode) -> None:
        self._backend = backend
        self._node = node
        self._everything: tuple[tuple[int, int], Found] | None = None

    def list_memories(self, query: Query, *, whole: bool = False) -> None:
        """Ask for the :class:`Found` of a query, in the group ``list``.

        Under filters it is ``partial`` where there are many, unless it is to be ``whole``; the best few of
        a search come before the others.
        """

        def work(ticket: Ticket) -> object:
            db = self._backend.journal()
            if query.text:
                return search(db, query, ticket, lambda found: ticket.tell(Answer(ticket, found)))
            if query != Query():
                return find(db, query) if whole else head(db, query)
            # Everything is listed most often and takes longest: it is kept until the journal changes.
            state, known = db.state(), self._everything
            if known is not None and known[0] == state:
                return known[1]
            stands = known[1].listing if known is not None and known[0][1] == state[1] else None
            found = find(db, query, stands)
            self._everything = state, found
            return found

        self._backend.request(self._node, "list", "listing the memories", work)

    def warm_search(self) -> None:
        """Open the full-text index before the first letter is typed, in the group ``warm``."""
        self._backend.read_journal(self._node, "warm", "opening the search", lambda db, _: db.text_behind())

    def read_pages(self, listing: Listing, pages: tuple[int, ...]) -> None:
        """Ask for the :class:`Page` of each number, newest wish first, in the group ``pages``."""

        def work(ticket: Ticket) -> object:
            db = self._backend.journal()
            done: list[Page] = []
            for number in reversed(pages):
                if ticket.stale and done:
                    break
                done.append(read_page(db, listing, number))
            return Pages(listing, tuple(done))

        self._backend.request(self._node, "pages", "reading memories", work)

    def read_detail(self, ref: int) -> None:
        """Ask for the :class:`Detail` of a memory, in the group ``detail``."""
        self._backend.request(
            self._node,
            "detail",
            "reading the memory",
            lambda ticket: read_detail(self._backend.journal(), ref, ticket),
        )

    def locate(self, memory: str | int) -> None:
        """Ask for the :class:`Layer` that stands for a memory, by its id or ref, in the group ``locate``."""

        def work(db: MemoryDB, ticket: Ticket) -> object:
            found = db.get(memory) if isinstance(memory, str) else db.read(memory)
            return next(iter(layer_of(db, "concept", found)), None)

        self._backend.read_journal(self._node, "locate", "looking for the memory", work)

    def look_at_files(self, detail: Detail, columns: int, rows: int) -> None:
        """Ask for the :class:`Look` at a memory's files, in the group ``files``; no columns, no picture."""
        self._backend.request(
            self._node, "files", "reading the files", lambda ticket: look_at(detail, columns, rows, ticket)
        )

    def open_file(self, path: Path) -> None:
        """Open a file with what the desktop has for it, in the group ``open``."""

        def work(ticket: Ticket) -> object:
            import shutil  # noqa: PLC0415
            import subprocess  # noqa: PLC0415

            opener = next((name for name in ("xdg-open", "open") if shutil.which(name)), None)
            if opener is None:
                raise JournalError(f"nothing here opens files; it is at {path}")
            null = subprocess.DEVNULL
            subprocess.Popen(  # noqa: S603 -- the desktop's own opener, and a path of the journal's folder
                [opener, str(path)], stdin=null, stdout=null, stderr=null, start_new_session=True
            )
            return None

        self._backend.request(self._node, "open", "opening the file", work)

    def count_facets(self, query: Query) -> None:
        """Ask for the :class:`Facets` of a query, in the group ``facets``."""
        self._backend.request(
            self._node, "facets", "counting", lambda _: count_facets(self._backend.journal(), query)
        )

    # -- saved filters ---------------------------------------------------------------------------

    def load_filters(self) -> None:
        """Ask for the saved :class:`Filters`, in the group ``filters``."""
        self._filters("reading the saved filters", "load_filters")

    def save_filter(self, name: str, query: Query) -> None:
        """Keep a filter under a name; answers with all :class:`Filters`."""
        self._filters("saving the filter", "save_filter", name, query)

    def forget_filter(self, name: str) -> None:
        """Delete a saved filter; answers with the :class:`Filters` left."""
        self._filters("forgetting the filter", "forget_filter", name)

    def _filters(self, description: str, change: str, *values: Any) -> None:
        def work(ticket: Ticket) -> object:
            from .. import saved_filters  # noqa: PLC0415 -- not needed for the first frame

            return Filters(
                getattr(saved_filters, change)(self._backend.filters_file, self._backend.dates, *values)
            )

        self._backend.request(self._node, "filters", description, work)

    # -- taking out ------------------------------------------------------------------------------

    def export(self, query: Query, format: str, output: Path) -> None:  # noqa: A002
        """Write what a query chooses to a file, files along; :class:`Working`, then :class:`Exported`.

        In the group ``export``; ``backend.cancel`` ends it, and nothing of it is left.
        """

        def work(ticket: Ticket) -> object:
            from ...storage.transfer import export_memories  # noqa: PLC0415

            shown = -1

            def progress(done: int, total: int) -> None:
                nonlocal shown
                if ticket.stale:
                    raise JournalError("the export was stopped")
                if total and (percent := done * 100 // total) != shown:
                    shown = percent
                    ticket.tell(Working(f"exporting, {percent} %"))

            db = self._backend.journal()
            report = export_memories(
                db, format, output, with_files=True, refs=all_refs(db, query), on_progress=progress
            )
            return Exported(output, report.memories, report.files, len(report.missing))

        self._backend.request(self._node, "export", "exporting", work)
