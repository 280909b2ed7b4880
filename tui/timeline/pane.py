"""The Timeline: filters at the left, the memories in the middle, the one under the cursor at the right."""

from __future__ import annotations

from bisect import bisect_left
from operator import neg
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ...storage.feelings import Feeling
from ..backend import Answer, Backend, Failed, Found, Page
from ..inert import cut
from ..keys import key
from .detail import DetailView
from .filters import FilterPanel
from .list import MemoryList, local_time
from .model import Detail, Facets, Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ink import Ink

__all__ = ["TimelinePane"]

_EMPTY_JOURNAL = """This is where your memories will stand, newest first.

Press n to write the first one.

Nothing you write here is ever changed or deleted. Press ? for the keys."""


class ListHeader(Widget):
    """One line above the list: where it stands in time, what narrows it, and the place of the cursor."""

    def __init__(self, ink: Ink) -> None:
        super().__init__(id="list-header")
        self.ink = ink
        self.left = ""
        self.right = ""
        self.warning = ""

    def say(self, left: str, right: str, warning: str = "") -> None:
        """Show a text at either end; a warning takes the left one's place."""
        if (left, right, warning) != (self.left, self.right, self.warning):
            self.left, self.right, self.warning = left, right, warning
            self.refresh()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.size.width
        right = f"{self.right} "
        room = max(0, width - len(right))
        left = Segment(
            cut(f" {self.warning or self.left}", room), self.ink.warning if self.warning else self.ink.strong
        )
        return Strip(
            Segment.apply_style([left, Segment(right[:width], self.ink.muted)], self.rich_style), width
        )


class TimelinePane(Container):
    """The journal by time."""

    HELP = "Your memories by time. Everything you wrote is here, and nothing here is ever changed or deleted."
    BINDINGS: ClassVar = [
        key("n", "compose", "Write", "timeline.compose", "Write a memory", show=True),
        key("slash", "search", "Search", "timeline.search", "Search as you type", show=True),
        key("f", "cycle_feeling", "Feeling", "timeline.feeling", "Show one feeling after another", show=True),
        key("F", "filters", "Filters", "timeline.filters", "Go to the filters"),
        key("t", "jump", "Date", "timeline.jump", "Jump to a date", show=True),
        key("r", "revisit", "Revisit", "timeline.revisit", "Write a new layer upon this memory", show=True),
        key("y", "copy", "Copy", "timeline.copy", "Copy this memory's text", show=True),
        key("c", "clear", "Clear filters", "timeline.clear", "Show everything again"),
        key("R,f5", "retry", "Retry", "timeline.retry", "Try again what failed"),
    ]

    class StatusChanged(Message):
        """What the tab bar should say."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    def __init__(self, backend: Backend, ink: Ink) -> None:
        super().__init__(id="timeline")
        self.backend = backend
        self.ink = ink
        self.asked = Query()
        """The query last asked for; what is shown may still be the one before."""
        self.facets = Facets()
        self._keep = False
        self._retry: Callable[[], None] | None = None
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """Lay out the three parts."""
        yield FilterPanel(self.ink, id="filters")
        with Container(id="reading"):
            with Container(id="middle"):
                yield ListHeader(self.ink)
                yield MemoryList(self.ink, id="list")
            yield DetailView(self.ink, id="detail")

    def on_mount(self) -> None:
        """Ask for everything; the first frame does not wait."""
        self.memories = self.query_one(MemoryList)
        self.detail = self.query_one(DetailView)
        self.panel = self.query_one(FilterPanel)
        self.header = self.query_one(ListHeader)
        self.memories.focus()
        self.ask(Query())

    def ask(self, query: Query, *, keep: bool = False) -> None:
        """Ask the backend for a query; with ``keep`` the cursor stays on its memory if it can."""
        self.asked = query
        self._keep = keep
        self.backend.list_memories(self, query)

    # -- answers --------------------------------------------------------------------------------

    def on_answer(self, message: Answer) -> None:
        """Show what the backend found."""
        if message.ticket.stale:
            return
        if self._trouble:
            self._trouble, self._retry = "", None
        match message.value:
            case Found() as found:
                self._show(found)
            case tuple() as pages:
                for page in pages:
                    if isinstance(page, Page) and page.listing is self.memories.listing:
                        self.memories.add_page(page.number, page.rows)
            case Detail() as detail:
                self.detail.show(detail)
            case Facets() as facets:
                self.facets = facets
                self.panel.show(facets, self.asked, ())
                self.post_message(self.StatusChanged(f"{facets.total:,} memories"))
            case _:
                pass

    def on_failed(self, message: Failed) -> None:
        """Say in the pane what went wrong and how to try again."""
        self._trouble, self._retry = message.error, message.retry
        self._say_where()
        if not self.memories.listing.refs:
            self.detail.show(None, empty=f"{message.error}\n\nPress R to try again.")

    def _show(self, found: Found) -> None:
        listing = found.listing
        self.memories.show(
            listing, {found.page.number: found.page.rows} if found.page else {}, keep=self._keep
        )
        self.set_class(not listing.refs, "-empty")
        if not listing.refs:
            narrowed = listing.query.filtered or listing.query.text
            self.detail.show(
                None,
                empty="Nothing answers these filters.\n\nPress c to show everything again."
                if narrowed
                else _EMPTY_JOURNAL,
            )
        self.panel.show(self.facets, listing.query, ())
        self.backend.count_facets(self, listing.query)
        self._say_where()

    def _say_where(self) -> None:
        memories = self.memories
        top = memories.hidden_heading()
        count = len(memories.listing.refs)
        left = memories.listing.query.describe() or ("Everything" if count else "")
        if top is not None:
            when = local_time(top)
            left = (
                f"{when:%a} {when.day} {when:%B %Y} · {left}"
                if left != "Everything"
                else f"{when:%a} {when.day} {when:%B %Y}"
            )
        right = f"{memories.cursor + 1:,} / {count:,}" if count else ""
        self.header.say(left, right, f"{self._trouble} · R tries again" if self._trouble else "")

    @on(MemoryList.Moved)
    def _moved(self) -> None:
        self._say_where()

    @on(MemoryList.Highlighted)
    def _highlighted(self, message: MemoryList.Highlighted) -> None:
        if message.ref is not None:
            self.backend.read_detail(self, message.ref)

    @on(MemoryList.PagesWanted)
    def _pages_wanted(self, message: MemoryList.PagesWanted) -> None:
        self.backend.read_pages(self, self.memories.listing, message.pages)

    @on(MemoryList.Opened)
    def _opened(self) -> None:
        self.add_class("-reading")
        self.detail.focus()

    @on(DetailView.Left)
    def _left(self) -> None:
        self.remove_class("-reading")
        self.memories.focus()

    @on(DetailView.LayerChosen)
    def _layer_chosen(self, message: DetailView.LayerChosen) -> None:
        listing = self.memories.listing
        place = bisect_left(listing.times, -message.layer.us, key=neg) if listing.best is None else 0
        while place < len(listing.refs) and listing.times[place] == message.layer.us:
            if listing.refs[place] == message.layer.ref:
                self.memories.go_to(place)
                return
            place += 1
        self.backend.read_detail(self, message.layer.ref)

    @on(FilterPanel.Toggled)
    def _toggled(self, message: FilterPanel.Toggled) -> None:
        self.ask(self.asked.toggled(message.kind, message.value), keep=True)

    # -- actions --------------------------------------------------------------------------------

    def action_cycle_feeling(self) -> None:
        """Show the next feeling alone; after the last, all."""
        names = [*(str(f) for f in Feeling if f in self.facets.feelings)]
        names += [name for name in self.facets.feelings if name not in names]
        chosen = next(iter(self.asked.feelings), None) if len(self.asked.feelings) == 1 else None
        place = names.index(chosen) + 1 if chosen in names else 0
        feelings = frozenset(names[place : place + 1])
        self.ask(
            Query(
                self.asked.text,
                feelings,
                self.asked.concepts,
                self.asked.tags,
                self.asked.since,
                self.asked.until,
                self.asked.dates,
            )
        )

    def action_filters(self) -> None:
        """Go to the filters, or back to the list."""
        if self.panel.has_focus:
            self.remove_class("-filtering")
            self.memories.focus()
        else:
            self.add_class("-filtering")
            self.panel.focus()

    def action_clear(self) -> None:
        """Show everything again."""
        self.ask(Query(), keep=True)

    def action_retry(self) -> None:
        """Try again what failed."""
        if self._retry is not None:
            retry, self._retry, self._trouble = self._retry, None, ""
            retry()

    def action_copy(self) -> None:
        """Copy the memory's text to the terminal's clipboard."""
        detail = self.detail.detail
        if detail is not None and detail.memory is not None:
            self.app.copy_to_clipboard(detail.memory.content)
            self.notify("Copied the memory's text")

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        for widget in (self.panel, self.header, self.memories, self.detail):
            widget.restyle(ink)
