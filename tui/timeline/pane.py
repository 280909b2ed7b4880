"""The Timeline: filters at the left, the memories in the middle, the one under the cursor at the right."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from operator import neg
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.actions import SkipAction
from textual.containers import Container

from ...storage.clock import local_moment
from ...storage.feelings import Feeling
from ..backend import Answer, Failed, Working
from ..chrome import HeaderLine
from ..counting import counted
from ..keys import key
from ..note import Blurb
from ..panes import Pane
from .detail import DetailView
from .filters import FilterPanel, filter_entries
from .list import MemoryList
from .model import Detail, Drafts, Facets, Found, Layer, Look, Pages, Query
from .requests import Exported, Filters, TimelineRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult
    from textual.widgets import Input

    from ...settings import Settings
    from ...storage.memory import Memory
    from ..backend import Backend
    from ..drafts import Draft
    from ..ink import Ink

__all__ = ["TimelinePane"]

_EMPTY: Final = """This is where your memories stand, the newest first. Nothing you write here is ever \
changed or deleted. mnemo import brings in what other journals hold."""


class TimelinePane(Pane):
    """The journal by time."""

    STYLES = "timeline.tcss"
    HELP = "Everything you wrote, by time. n writes, / searches, space in the filters narrows."
    HELP_TITLE = "Timeline"
    BINDINGS: ClassVar = [
        key("f5,R", "retry", "Retry", "timeline.retry", "Try again what failed", show=True),
        key("n", "compose", "Write", "timeline.compose", "Write a memory", show=True),
        key("d", "drafts", "Draft", "timeline.drafts", "Go on with a draft that was kept", show=True),
        key("slash", "search", "Search", "timeline.search", "Search as you type", show=True, first=True),
        key("f", "cycle_feeling", "Feeling", "timeline.feeling", "Show one feeling after another", show=True),
        key("F,tab", "filters", "Filters", "timeline.filters", "Go to the filters and back"),
        key("t", "jump", "Date", "timeline.jump", "Jump to a date", show=True),
        key("D", "dates", "Date range", "timeline.dates", "Show only what is between two dates"),
        key("r", "revisit", "Revisit", "timeline.revisit", "Write a new layer upon this memory", show=True),
        key("o", "open_file", "Open", "timeline.open", "Open a file attached to this memory", show=True),
        key("y", "copy", "Copy", "timeline.copy", "Copy this memory's text"),
        key("E", "export", "Export", "timeline.export", "Export what the list shows"),
        key("S", "save_filter", "Save filter", "timeline.save_filter", "Keep these filters under a name"),
        key("escape,c", "clear", "Show all", "timeline.clear", "Show everything again", show=True),
    ]

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str = "timeline") -> None:  # noqa: A002
        super().__init__(backend, ink, settings, id=id)
        self.requests = TimelineRequests(backend, self)
        self.asked = Query()
        """The query last asked for; what is shown may still be the one before."""
        self.facets = Facets()
        self.saved: dict[str, Query] = {}
        self.waiting: tuple[Draft, ...] = ()
        """Drafts to go on with."""
        self._counted: Query | None = None
        """What the facets were last counted under; None when they have to be counted anew."""
        self._keep = False
        self._outdated = False
        """Whether memories came while another pane was shown."""
        self._land_on: tuple[int, int] | None = None
        self._working = ""

    def compose(self) -> ComposeResult:
        """Lay out the three parts."""
        self.panel = FilterPanel(self.ink, id="filters")
        self.header = HeaderLine(self.ink, id="list-header")
        self.memories = MemoryList(self.ink, id="list")
        self.detail = DetailView(self.ink, id="detail")
        yield self.panel
        with Container(id="reading"):
            with Container(id="middle"):
                yield self.header
                yield self.memories
            yield self.detail

    def on_mount(self) -> None:
        """Show what has been read already; all the rest comes after the first frame."""
        self.memories.focus()
        head = self.backend.head()
        if head is not None:
            self._show_list(head)

    def load_rest(self) -> None:
        """Everything that can come after the first frame."""
        self.ask(Query(), keep=True)
        self.backend.writing.find_drafts(self)
        self.requests.load_filters()
        self.backend.watch(self)

    def focus_first(self) -> None:
        """Take the keys."""
        self.memories.focus()

    def land_on(self, memory: str | int) -> None:
        """Go to a memory, by its id or ref; where the filters hide it they give way."""
        self.requests.locate(memory)

    def ask(self, query: Query, *, keep: bool = False) -> None:
        """Ask the backend for a query; with ``keep`` the cursor stays on its memory if it can."""
        self.asked = query
        self._keep = keep
        self.requests.list_memories(query)

    # -- answers --------------------------------------------------------------------------------

    def show_answer(self, message: Answer) -> None:
        """Show what the backend found."""
        match message.value:
            case Found() as found:
                partial = found.listing.partial
                if not (partial and self._keep) or self.memories.knows_place(found.listing):
                    self._show(found)
                if partial:
                    # What there is is painted first: listing all beside it would take its time.
                    self.after_frame(self._list_whole, found.listing.query)
            case Pages(listing, pages) if listing is self.memories.listing:
                for page in pages:
                    self.memories.add_page(page.number, page.rows)
            case Detail() as detail:
                self.detail.show(detail)
                if detail.files:
                    self.requests.look_at_files(detail, *self.detail.picture_room)
            case Look() as look:
                self.detail.show_look(look)
            case Layer() as layer:
                if not self._go_to(layer.us, layer.ref):
                    self._land_on = (layer.us, layer.ref)
                    self.ask(Query())
            case Facets() as facets:
                self.facets = facets
                self._show_panel()
                self.say(counted(facets.total, "memory", "memories"))
            case Drafts(drafts):
                self.waiting = drafts
            case Exported() as done:
                self._working = ""
                files = f" and {counted(done.files, 'file')}" if done.files else ""
                lost = f"; {counted(done.missing, 'file')} lost before" if done.missing else ""
                self.notify(
                    f"{counted(done.memories, 'memory', 'memories')}{files} to {done.output}{lost}",
                    title="Exported",
                    markup=False,
                )
            case Filters(saved):
                self.saved = dict(saved)
                self._show_panel()
            case _:
                pass

    def show_failure(self, message: Failed) -> None:
        """Say in the pane what went wrong and how to try again."""
        self._working = ""
        self.memories.pages_failed()
        self.memories.release_keys(forget=True)
        if not self.memories.listing.refs:
            self.add_class("-empty")
            self.detail.show(None, blurb=self.failed_words(message.error))

    def on_journal_changed(self) -> None:
        """Memories came from here or elsewhere: show them, and keep what is being read in place."""
        self._counted = None
        if self.display:
            self.ask(self.asked, keep=True)
        else:
            self._outdated = True

    def on_show(self) -> None:
        """Catch up with what was added meanwhile, and with drafts that were left elsewhere."""
        if self._outdated or self._counted is not None:
            self.backend.writing.find_drafts(self)
        if self._outdated:
            self._outdated = False
            self.ask(self.asked, keep=True)

    def _list_whole(self, query: Query) -> None:
        if query == self.asked:
            self.requests.list_memories(query, whole=True)

    def _show_list(self, found: Found) -> None:
        pages = {found.page.number: found.page.rows} if found.page else {}
        self.memories.show(found.listing, pages, keep=self._keep)
        self._keep = True
        self.set_class(not found.listing.refs, "-empty")
        self.say_where()

    def _show(self, found: Found) -> None:
        listing = found.listing
        self._show_list(found)
        if listing.query.text == self.asked.text:
            self.memories.release_keys()
        if not listing.refs:
            narrowed = listing.query != Query()
            self.detail.show(None, blurb=self._nothing_words(narrowed=narrowed))
        wanted, self._land_on = self._land_on, None
        if wanted is not None:
            self._go_to(*wanted)
        self._show_panel()
        narrowed_by = replace(listing.query, text="")
        if self._counted != narrowed_by and not listing.partial:
            self._counted = narrowed_by
            # The list is painted first: counting beside it would take its time.
            self.after_frame(self.requests.count_facets, narrowed_by)

    def _nothing_words(self, *, narrowed: bool) -> Blurb:
        if narrowed:
            shown = (self.key_of("timeline.clear", "escape"), "show everything again")
            return Blurb("Nothing answers this", "Fewer words or filters find more.", (shown,))
        keys = (
            (self.key_of("timeline.compose", "n"), "write the first one"),
            (self.key_of("app.help", "question_mark"), "see every key of this place"),
        )
        return Blurb("No memories yet", _EMPTY, keys)

    def _show_panel(self) -> None:
        self.panel.show(self.facets, self.asked, self.saved)

    def say_where(self) -> None:
        """Say which memories these are, and where the cursor is."""
        memories = self.memories
        query = memories.listing.query
        count = len(memories.listing.refs)
        parts = [query.describe()]
        top = memories.hidden_heading()
        if top is not None:
            when = local_moment(top)
            parts.insert(0, f"{when:%a} {when.day} {when:%B %Y}")
        if self.waiting and not query.describe():
            parts.append("a draft is waiting: d goes on with it")
        left = " · ".join(part for part in parts if part) or "All memories"
        total = f"{count:,}{'+' if memories.listing.more else ''}"
        right = f"{memories.cursor + 1:,} / {total}" if count and not memories.listing.partial else ""
        if self._working:
            right = f"{self._working}, E stops"
        told = self.trouble and not self.has_class("-empty")
        self.header.say(left, right, f"{self.trouble} · F5 tries again" if told else "")

    # -- messages of the parts ------------------------------------------------------------------

    @on(MemoryList.Moved)
    def _moved(self) -> None:
        self.say_where()

    @on(MemoryList.Highlighted)
    def _highlighted(self, message: MemoryList.Highlighted) -> None:
        # After the frame that shows the cursor there: one read for all the moves within a frame.
        self.after_frame(self._read_current, message.ref)

    def _read_current(self, ref: int | None) -> None:
        if ref is not None and ref == self.memories.current_ref:
            self.requests.read_detail(ref)

    @on(MemoryList.PagesWanted)
    def _pages_wanted(self, message: MemoryList.PagesWanted) -> None:
        self.requests.read_pages(self.memories.listing, message.pages)

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
        if not self._go_to(message.layer.us, message.layer.ref):
            # What the list leaves out is shown all the same; the list stays where it is.
            self.requests.read_detail(message.layer.ref)

    def _go_to(self, us: int, ref: int) -> bool:
        """Put the cursor on a memory if the list holds it."""
        place = self.memories.place_of(us, ref)
        if place is not None:
            self.memories.cursor = place
        return place is not None

    @on(FilterPanel.Toggled)
    def _toggled(self, message: FilterPanel.Toggled) -> None:
        self.ask(self.asked.toggled(message.kind, message.value), keep=True)

    @on(FilterPanel.DatesWanted)
    def _dates_wanted(self) -> None:
        self.action_dates()

    @on(FilterPanel.SavedChosen)
    def _saved_chosen(self, message: FilterPanel.SavedChosen) -> None:
        if message.forget:
            self.requests.forget_filter(message.name)
        elif message.name in self.saved:
            self.ask(self.saved[message.name])

    # -- finding --------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Open the line to search in, or go back to it."""
        from .search_bar import SearchBar  # noqa: PLC0415 -- an Input is not in the first frame

        if isinstance(self.screen.focused, SearchBar):
            raise SkipAction  # it is typed
        bars = self.query(SearchBar)
        if bars:
            self.screen.set_focus(bars.first())
        else:
            self.requests.warm_search()
            bar = SearchBar(self.memories)
            self.query_one("#middle").mount(bar, before=self.memories)
            self.screen.set_focus(bar)  # now: what is typed ahead belongs there
            self.add_class("-searching")
        self.remove_class("-reading", "-filtering")

    def on_input_changed(self, message: Input.Changed) -> None:
        """Search for what is typed now; what an older keystroke finds is dropped."""
        message.stop()
        text = message.value.strip()
        if text != self.asked.text:
            self.ask(replace(self.asked, text=text))

    def on_search_bar_ended(self) -> None:
        """Close the search and show what the filters alone leave."""
        from .search_bar import SearchBar  # noqa: PLC0415

        self.query(SearchBar).remove()
        self.remove_class("-searching")
        self.memories.focus()
        if self.asked.text:
            self.ask(replace(self.asked, text=""), keep=True)

    def on_asking_line_results_wanted(self) -> None:
        """What was typed ahead acts on what was found: at once, or as soon as that is shown."""
        if self.memories.listing.query.text == self.asked.text:
            self.memories.release_keys()

    def action_cycle_feeling(self) -> None:
        """Show the next feeling alone; after the last, all."""
        names = [str(feeling) for feeling in Feeling if feeling in self.facets.feelings]
        names += [name for name in self.facets.feelings if name not in names]
        chosen = next(iter(self.asked.feelings), "") if len(self.asked.feelings) == 1 else ""
        place = names.index(chosen) + 1 if chosen in names else 0
        self.ask(replace(self.asked, feelings=frozenset(names[place : place + 1])))

    @on(FilterPanel.Left)
    def _filters_left(self) -> None:
        self.remove_class("-filtering")
        self.memories.focus()

    def action_filters(self) -> None:
        """Go to the filters, or back to the list."""
        if self.panel.has_focus:
            self._filters_left()
        else:
            self.remove_class("-reading")
            self.add_class("-filtering")
            self.panel.focus()

    def action_clear(self) -> None:
        """Show everything again."""
        self.on_search_bar_ended()
        self.ask(Query(), keep=True)

    def action_jump(self) -> None:
        """Ask for a date and go to the last memory of it."""
        from .dialogs import ask_date  # noqa: PLC0415

        ask_date(self.app, self.ink.dates, self._jump)

    def _jump(self, until_us: int) -> None:
        times = self.memories.listing.times
        self.memories.go_to(bisect_left(times, -until_us, key=neg))
        self.memories.focus()

    def action_dates(self) -> None:
        """Ask for a range of dates and show only what is in it."""
        from .dialogs import ask_span  # noqa: PLC0415

        def narrow(dates: str, span: tuple[object, object]) -> None:
            since, until = span
            self.ask(replace(self.asked, since=since, until=until, dates=dates), keep=True)  # type: ignore[arg-type]

        ask_span(self.app, self.ink.dates, self.asked.dates, narrow)

    def action_save_filter(self) -> None:
        """Ask for a name and keep the filters under it."""
        from .dialogs import ask_name  # noqa: PLC0415

        ask_name(self.app, self.asked, self.saved, lambda name: self.requests.save_filter(name, self.asked))

    # -- one memory -----------------------------------------------------------------------------

    @property
    def current(self) -> Memory | None:
        """The memory that is shown, if one is."""
        return self.detail.detail.memory if self.detail.detail is not None else None

    def action_copy(self) -> None:
        """Copy the memory's text to the terminal's clipboard."""
        memory = self.current
        if memory is not None:
            self.app.copy_to_clipboard(memory.content)
            self.notify("Copied the memory's text")

    def action_open_file(self) -> None:
        """Open the attached file; of several, one that is chosen."""
        from .dialogs import choose_file  # noqa: PLC0415

        if self.detail.detail is not None:
            choose_file(self.app, self.detail.detail.files, self.requests.open_file)

    def action_compose(self) -> None:
        """Write a memory."""
        self._write(None)

    def action_revisit(self) -> None:
        """Write a new layer upon the memory shown."""
        if self.current is not None:
            self._write(None, about=self.current)

    def action_drafts(self) -> None:
        """Go on with a draft; of several, with one that is chosen."""
        from .dialogs import choose_draft  # noqa: PLC0415

        if len(self.waiting) == 1:
            self._write(self.waiting[0])
        elif self.waiting:
            choose_draft(self.app, self.ink.dates, self.waiting, self._write)

    def _write(self, draft: Draft | None, about: Memory | None = None) -> None:
        from ..composer.screen import Composer  # noqa: PLC0415
        from ..drafts import Draft  # noqa: PLC0415

        if draft is None:
            draft = Draft.new(
                revisits=about.memory_id if about else "", concept=about.concept if about else ""
            )

        def written(place: tuple[int, int] | None) -> None:
            self.backend.writing.find_drafts(self)
            if place is not None:
                self._land_on = place
                self.ask(self.asked)

        composer = Composer(
            self.backend,
            self.ink,
            draft,
            concepts=[*self.facets.concepts],
            tags=[*self.facets.tags],
            about=about,
            editor=self.settings.editor,
        )
        self.app.push_screen(composer, written)

    def action_export(self) -> None:
        """Export what the list shows; while that runs, stop it."""
        from .dialogs import ask_export  # noqa: PLC0415

        if self._working:
            self.backend.cancel("export")
            self._working = ""
            self.say_where()
            return
        listing = self.memories.listing
        count = f"{len(listing.refs):,}{' and more' if listing.more else ''}"
        query = self.asked
        ask_export(self.app, count, Path.home(), lambda kind, path: self.requests.export(query, kind, path))

    def on_working(self, message: Working) -> None:
        """Show how far something long has come."""
        self._working = message.text
        self.say_where()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        match action:
            case "copy" | "revisit":
                return self.current is not None
            case "open_file":
                return self.detail.detail is not None and bool(self.detail.detail.files)
            case "drafts":
                return bool(self.waiting)
            case "retry":
                return bool(self.failures)
            case "jump":
                return bool(self.memories.listing.refs) and self.memories.listing.best is None
            case "clear" | "save_filter":
                return self.asked != Query()
            case "export":
                return bool(self.memories.listing.refs)
            case _:
                return True

    def palette_entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """A command for each filter."""
        yield from filter_entries(
            self.facets, self.asked, self.saved, lambda query: self.ask(query, keep=True)
        )
