"""The app's only way to storage: every read and write runs in a worker, and answers by message.

Each request belongs to a group. A new request of a group makes the older ones stale: their tickets
say so while they run, and what they find is dropped. A request that fails comes back as a
:class:`Failed` with the way to try again; nothing that happens here ends the app.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textual.message import Message

from ..llm.errors import ModelError
from ..retrieval.errors import RetrievalError
from ..settings import SettingsError
from ..storage.errors import JournalError
from ..storage.memory import MediaType
from .inert import one_line
from .moments import Dates
from .timeline.model import Detail, Found, Listing, Page, Pages, Query
from .timeline.reading import (
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
    from textual.dom import DOMNode

    from ..llm.local import Perceiver
    from ..retrieval.engine import RetrievalEngine
    from ..storage.journal import MemoryDB
    from ..storage.memory import Memory
    from ..storage.watch import Change
    from .drafts import Draft, DraftStore
    from .opening import Opening

__all__ = [
    "Answer",
    "Backend",
    "Drafts",
    "Exported",
    "Failed",
    "Filters",
    "JournalChanged",
    "Saved",
    "Ticket",
    "Working",
    "paths_of",
]

_FINISHED_ALWAYS: Final = {"save", "draft", "mind.save"}
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


class Exported(NamedTuple):
    """A finished export: where to, how many memories and files, how many files were lost before."""

    output: Path
    memories: int
    files: int
    missing: int


class Saved(NamedTuple):
    """A memory that is on the disk now, and where."""

    memory: Memory
    us: int
    ref: int


class Drafts(NamedTuple):
    """Drafts that wait to be gone on with, the last touched first."""

    drafts: tuple[Draft, ...]


class Filters(NamedTuple):
    """The saved filters, by name."""

    saved: Mapping[str, Query]


class Backend:
    """All that the panes may ask of one journal, its drafts and its saved filters."""

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
        self._language = language
        self._opening = opening
        self._drafts_dir = drafts_dir
        self._filters_file = filters_file
        self._dates = Dates() if dates is None else dates
        self._project_dir = project_dir
        self._engine: RetrievalEngine | None = None
        self._code_changed = False
        self._engine_lock = threading.Lock()  # over _engine: one thread at a time may use it
        self._generations: dict[str, int] = {}
        self._everything: tuple[tuple[int, int], Found] | None = None

    @cached_property
    def drafts(self) -> DraftStore:
        """What is being written."""
        from .drafts import DraftStore  # noqa: PLC0415 -- nobody writes before the first frame

        return DraftStore(self._drafts_dir)

    @cached_property
    def _perceiver(self) -> Perceiver:
        """What proposes while one writes; it learns from the journal when it is first asked."""
        from ..llm.local import Perceiver  # noqa: PLC0415 -- nobody writes before the first frame

        return Perceiver(self._db(), self._language)

    def _db(self) -> MemoryDB:
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

        node.run_worker(
            run, thread=True, exclusive=True, exit_on_error=False, group=group, description=description
        )
        return ticket

    def read_journal(
        self, node: DOMNode, group: str, description: str, work: Callable[[MemoryDB, Ticket], object]
    ) -> Ticket:
        """Run ``work`` on the journal in a thread, as :meth:`request` does."""
        return self.request(node, group, description, lambda ticket: work(self._db(), ticket))

    def read_code(
        self, node: DOMNode, group: str, description: str, work: Callable[[RetrievalEngine, Ticket], object]
    ) -> Ticket:
        """Run ``work`` on the project's index in a thread, one after the other, a stale one not at all."""

        def in_turn(ticket: Ticket) -> object:
            with self._engine_lock:
                if ticket.stale:
                    return None
                if self._engine is not None and self._code_changed:
                    self._engine.close()
                    self._engine = None
                self._code_changed = False
                if self._engine is None:
                    self._engine = self._open_engine()
                return work(self._engine, ticket)

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

    def _open_engine(self) -> RetrievalEngine:
        from ..retrieval.engine import RetrievalEngine  # noqa: PLC0415 -- not needed for the first frame

        folder = self._project_dir
        return RetrievalEngine.open((folder() if callable(folder) else folder) or Path())

    def leave(self) -> None:
        """The app ends: whatever runs gives up at its next step, but for what keeps what was written."""
        for group in self._generations.keys() - _FINISHED_ALWAYS:
            self.cancel(group)

    def cancel(self, group: str) -> None:
        """Make whatever runs in a group stale."""
        self._generations[group] = self._generations.get(group, 0) + 1

    # -- the timeline ---------------------------------------------------------------------------

    def list_memories(self, node: DOMNode, query: Query, *, whole: bool = False) -> None:
        """Ask for the :class:`Found` of a query, in the group ``list``.

        Under filters it is ``partial`` where there are many, unless it is to be ``whole``; the best few of
        a search come before the others.
        """

        def work(ticket: Ticket) -> object:
            db = self._db()
            if query.text:
                return search(db, query, ticket, lambda found: ticket.tell(Answer(ticket, found)))
            if query != Query():
                return find(db, query) if whole else head(db, query)
            # Everything is listed most often and takes longest: it is kept until the journal changes.
            state = db.state()
            if self._everything is None or self._everything[0] != state:
                self._everything = (state, find(db, query))
            return self._everything[1]

        self.request(node, "list", "listing the memories", work)

    def warm_search(self, node: DOMNode) -> None:
        """Open the full-text index before the first letter is typed, in the group ``warm``."""
        self.read_journal(node, "warm", "opening the search", lambda db, _: db.text_behind())

    def read_pages(self, node: DOMNode, listing: Listing, pages: tuple[int, ...]) -> None:
        """Ask for the :class:`Page` of each number, newest wish first, in the group ``pages``."""

        def work(ticket: Ticket) -> object:
            db = self._db()
            done: list[Page] = []
            for number in reversed(pages):
                if ticket.stale and done:
                    break
                done.append(read_page(db, listing, number))
            return Pages(listing, tuple(done))

        self.request(node, "pages", "reading memories", work)

    def read_detail(self, node: DOMNode, ref: int) -> None:
        """Ask for the :class:`Detail` of a memory, in the group ``detail``."""
        self.request(
            node, "detail", "reading the memory", lambda ticket: read_detail(self._db(), ref, ticket)
        )

    def locate(self, node: DOMNode, memory: str | int) -> None:
        """Ask for the :class:`Layer` that stands for a memory, by its id or ref, in the group ``locate``."""

        def work(db: MemoryDB, ticket: Ticket) -> object:
            found = db.get(memory) if isinstance(memory, str) else db.read(memory)
            return next(iter(layer_of(db, "concept", found)), None)

        self.read_journal(node, "locate", "looking for the memory", work)

    def look_at_files(self, node: DOMNode, detail: Detail, columns: int, rows: int) -> None:
        """Ask for the :class:`Look` at a memory's files, in the group ``files``; no columns, no picture."""
        self.request(
            node, "files", "reading the files", lambda ticket: look_at(detail, columns, rows, ticket)
        )

    def open_file(self, node: DOMNode, path: Path) -> None:
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

        self.request(node, "open", "opening the file", work)

    def count_facets(self, node: DOMNode, query: Query) -> None:
        """Ask for the :class:`Facets` of a query, in the group ``facets``."""
        self.request(node, "facets", "counting", lambda _: count_facets(self._db(), query))

    def watch(self, node: DOMNode) -> None:
        """Send ``node`` a :class:`JournalChanged` whenever any process adds to the journal."""

        def work(ticket: Ticket) -> object:
            def changed(_: Change) -> None:
                node.post_message(JournalChanged())

            self._db().subscribe(changed)
            return None

        self.request(node, "watch", "watching the journal", work)

    # -- saved filters --------------------------------------------------------------------------

    def load_filters(self, node: DOMNode) -> None:
        """Ask for the saved :class:`Filters`, in the group ``filters``."""
        self._filters(node, "reading the saved filters", "load_filters")

    def save_filter(self, node: DOMNode, name: str, query: Query) -> None:
        """Keep a filter under a name; answers with all :class:`Filters`."""
        self._filters(node, "saving the filter", "save_filter", name, query)

    def forget_filter(self, node: DOMNode, name: str) -> None:
        """Delete a saved filter; answers with the :class:`Filters` left."""
        self._filters(node, "forgetting the filter", "forget_filter", name)

    def _filters(self, node: DOMNode, description: str, change: str, *values: Any) -> None:
        def work(ticket: Ticket) -> object:
            from . import saved_filters  # noqa: PLC0415 -- not needed for the first frame

            return Filters(getattr(saved_filters, change)(self._filters_file, self._dates, *values))

        self.request(node, "filters", description, work)

    # -- taking out -----------------------------------------------------------------------------

    def export(self, node: DOMNode, query: Query, format: str, output: Path) -> None:  # noqa: A002
        """Write what a query chooses to a file, files along; :class:`Working`, then :class:`Exported`.

        In the group ``export``; :meth:`cancel` ends it, and nothing of it is left.
        """

        def work(ticket: Ticket) -> object:
            from ..storage.transfer import export_memories  # noqa: PLC0415

            shown = -1

            def progress(done: int, total: int) -> None:
                nonlocal shown
                if ticket.stale:
                    raise JournalError("the export was stopped")
                if total and (percent := done * 100 // total) != shown:
                    shown = percent
                    ticket.tell(Working(f"exporting, {percent} %"))

            db = self._db()
            report = export_memories(
                db, format, output, with_files=True, refs=all_refs(db, query), on_progress=progress
            )
            return Exported(output, report.memories, report.files, len(report.missing))

        self.request(node, "export", "exporting", work)

    # -- writing --------------------------------------------------------------------------------

    def propose(self, node: DOMNode, text: str) -> None:
        """Ask for the :class:`Perception` of a text, by mnemo itself, in the group ``propose``."""
        self.request(node, "propose", "proposing", lambda _: self._perceiver.perceive(text))

    def save(self, node: DOMNode, draft: Draft, at: datetime | None) -> None:
        """Make a draft a memory, and only then forget it; ask for :class:`Saved` in the group ``save``."""
        from ..storage.media import media_type_of  # noqa: PLC0415 -- nobody saves before the first frame

        def work(ticket: Ticket) -> object:
            db = self._db()
            files = paths_of(draft.files)
            content = draft.text.rstrip()
            memory = db.remember(
                draft.concept,
                draft.feeling,
                content or files[0].name,
                media_type=MediaType.TEXT if content else media_type_of(files[0].name),
                attachments=files,
                note=draft.note.strip(),
                tags=tags_of(draft.tags),
                at=at,
                revisits=draft.revisits or None,
            )
            self.drafts.discard(draft.draft_id)
            found = layer_of(db, "concept", memory)
            return Saved(memory, found[0].us, found[0].ref) if found else Saved(memory, 0, -1)

        self.request(node, "save", "saving the memory", work)

    def keep_draft(self, node: DOMNode, draft: Draft, serial: int) -> None:
        """Write a draft as it stands; later ones overtake it. Answers in the group ``draft``."""
        self.request(node, "draft", "keeping the draft", lambda ticket: self.drafts.keep(draft, serial))

    def find_drafts(self, node: DOMNode) -> None:
        """Ask for the :class:`Drafts` left behind, in the group ``drafts``."""

        def work(ticket: Ticket) -> object:
            waiting = []
            for draft in self.drafts.left_behind():
                if self._was_saved(draft):
                    self.drafts.discard(draft.draft_id)
                else:
                    waiting.append(draft)
            return Drafts(tuple(waiting))

        self.request(node, "drafts", "looking for drafts", work)

    def _was_saved(self, draft: Draft) -> bool:
        """Whether the app was killed between writing the memory and forgetting its draft."""
        since = datetime.fromisoformat(draft.started)
        return any(
            memory.content == draft.text.rstrip() and memory.concept == draft.concept.strip()
            for memory in self._db().recall(draft.concept, since=since, limit=50)
        )

    def complete_path(self, text: str) -> str | None:
        """The first path that begins so, folders with a slash; blocks, so call it in a thread."""
        if not text:
            return None
        path = Path(text).expanduser()
        folder, start = (path, "") if text.endswith("/") else (path.parent, path.name)
        with suppress(OSError):
            names = sorted(each.name + "/" * each.is_dir() for each in folder.iterdir())
            for name in names:
                if name.startswith(start) and len(name) > len(start) and (start or not name.startswith(".")):
                    return text + name[len(start) :]
        return None


def tags_of(text: str) -> list[str]:
    """Tags as typed: parted by commas, or by spaces where each begins with ``#``."""
    parts = text.replace("#", ",").split(",") if "#" in text else text.split(",")
    return [tag for part in parts if (tag := part.strip())]


def paths_of(text: str) -> list[Path]:
    """Paths as typed, parted by commas; one that exists as a whole is one."""
    whole = Path(text.strip()).expanduser()
    if not text.strip() or whole.exists():
        return [whole] if text.strip() else []
    return [Path(part.strip()).expanduser() for part in text.split(",") if part.strip()]


def _without_message(error: Exception) -> tuple[type[Exception], Exception, Any]:
    return type(error), type(error)(), error.__traceback__
