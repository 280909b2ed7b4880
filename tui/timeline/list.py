"""The list of memories: a line-API view over any number of them, newest first under their days.

``render_line`` never waits: strips come from a cache, rows from pages already read, and what is not
there yet is a placeholder and a request for its page. The requests are bounded and never repeated.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import neg
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ...storage.clock import local_moment
from ..inert import cut
from ..keys import key, moving
from ..lines import LineView
from .layout import DayLayout
from .model import ROWS_PER_PAGE, Listing, Query, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from ..ink import Ink

__all__ = ["MemoryList"]

_PAGES_KEPT: Final = 64
_PAGES_IN_FLIGHT: Final = 4
_EMPTY: Final = Listing(Query(), (), (), DayLayout(()))


class MemoryList(LineView):
    """Every memory that answers the query; the cursor stands on one of them."""

    HELP = (
        "The memories, newest first. Move with the arrows or j and k; enter opens the one under the cursor."
    )
    HELP_TITLE = "Memories"
    BINDINGS: ClassVar = [
        *moving("list", "memory", first="Newest", last="Oldest"),
        key("right_square_bracket", "day(1)", "Earlier day", "list.day_down", "A day earlier"),
        key("left_square_bracket", "day(-1)", "Later day", "list.day_up", "A day later"),
        key("enter,l,right", "open", "Read", "list.open", "Go to the memory's text"),
    ]

    cursor: reactive[int] = reactive(0, init=False)
    """Place of the memory under the cursor in the listing, from 0."""

    class Highlighted(Message):
        """The cursor stands on another memory; ``ref`` is None in an empty list."""

        def __init__(self, ref: int | None) -> None:
            self.ref = ref
            super().__init__()

    class Opened(Message):
        """The memory under the cursor was chosen."""

    class PagesWanted(Message):
        """Pages are on screen that have not been read; pages are ``ROWS_PER_PAGE`` memories."""

        def __init__(self, pages: tuple[int, ...]) -> None:
            self.pages = pages
            super().__init__()

    class Moved(Message):
        """What is on screen changed; headers that follow it may look again."""

        def can_replace(self, message: Message) -> bool:
            """Only the last of a burst counts."""
            return isinstance(message, MemoryList.Moved)

    def __init__(self, ink: Ink, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.listing = _EMPTY
        self.days = _EMPTY.layout
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(1024)
        self._pages: LRUCache[int, Sequence[Row]] = LRUCache(_PAGES_KEPT)
        self._asked: dict[int, None] = {}
        self._version = 0
        self._item_lines = 1
        self._waiting = True

    # -- what is shown --------------------------------------------------------------------------

    def show(self, listing: Listing, pages: dict[int, Sequence[Row]], *, keep: bool) -> None:
        """Show a listing with the pages that came along.

        With ``keep`` the cursor stays on the memory it is on, and that memory on its line of the
        screen, if the listing still holds it; else the list starts at its top.
        """
        kept = (self.listing.times[self.cursor], self.current_ref) if keep and self.listing.refs else None
        at_top = self.scroll_offset.y == 0 and self.cursor == 0
        offset = self._cursor_line() - self.scroll_offset.y
        self.listing = listing
        self._version += 1
        self._waiting = False
        self._strips.clear()
        self._pages.clear()
        self._asked.clear()
        for number, rows in pages.items():
            self._pages[number] = rows
        self._lay_out()
        place = self.place_of(*kept) if kept is not None else None
        self.set_reactive(MemoryList.cursor, 0 if place is None else place)
        if place is None:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
            self.post_message(self.Highlighted(self.current_ref))
        elif not at_top:
            self.scroll_to(y=self._cursor_line() - offset, animate=False, force=True, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def add_page(self, number: int, rows: Sequence[Row]) -> None:
        """Take in a page that was asked for."""
        self._asked.pop(number, None)
        self._pages[number] = rows
        self.refresh()

    def pages_failed(self) -> None:
        """Forget what was asked for, so that it can be asked for again."""
        self._asked.clear()

    def knows_place(self, listing: Listing) -> bool:
        """Whether a partial listing reaches as far as the memory under the cursor."""
        times = self.listing.times
        return not times or (bool(listing.times) and times[self.cursor] >= listing.times[-1])

    @property
    def current_ref(self) -> int | None:
        """The ref of the memory under the cursor; None in an empty list."""
        refs = self.listing.refs
        return refs[self.cursor] if self.cursor < len(refs) else None

    def row_at(self, index: int) -> Row | None:
        """The row of a memory if it has been read."""
        best = self.listing.best
        if best is not None:
            return best[index] if index < len(best) else None
        page = self._pages.get(index // ROWS_PER_PAGE)
        offset = index % ROWS_PER_PAGE
        return page[offset] if page is not None and offset < len(page) else None

    def hidden_heading(self) -> int | None:
        """The time of the first memory on screen if the headings it stands under are above the screen."""
        if not self.listing.refs or self.days.flat:
            return None
        place = self.days.at(min(self.scroll_offset.y, self.days.height - 1))
        return self.listing.times[place.at] if place.kind == "item" else None

    def place_of(self, us: int, ref: int | None) -> int | None:
        """Where a memory stands in the listing, by its time and ref; None if it is not there."""
        refs, times = self.listing.refs, self.listing.times
        if self.listing.best is not None:
            return refs.index(ref) if ref in refs else None
        place = bisect_left(times, -us, key=neg)
        while place < len(refs) and times[place] == us:
            if refs[place] == ref:
                return place
            place += 1
        return None

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self._strips.clear()
        self.refresh()

    # -- layout ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Rows take two lines where there is room for that."""
        lines = 2 if event.size.height >= 34 and event.size.width >= 44 else 1
        if lines != self._item_lines:
            offset = self._cursor_line() - self.scroll_offset.y
            self._item_lines = lines
            self._strips.clear()
            self._lay_out()
            self.scroll_to(y=self._cursor_line() - offset, animate=False, force=True, immediate=True)
        self._keep_in_view()

    def _lay_out(self) -> None:
        self.days = self.listing.layout.with_item_lines(self._item_lines)
        self.extend_to(self.days.height)

    def _cursor_line(self) -> int:
        return self.days.line_of(self.cursor) if self.listing.refs else 0

    def _cursor_region(self) -> tuple[int, int]:
        top = self._cursor_line()
        return top, self._item_lines

    # -- moving ---------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a memory."""
        return max(0, min(cursor, len(self.listing.refs) - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the two rows that changed, and follow."""
        for index in (before, after):
            if index < len(self.listing.refs):
                top = self.days.line_of(index) - self.scroll_offset.y
                self.refresh(Region(0, top, self.size.width, self._item_lines))
        self._keep_in_view()
        self.post_message(self.Highlighted(self.current_ref))
        self.post_message(self.Moved())

    def _keep_in_view(self) -> None:
        if not self.listing.refs or not self.size.height:
            return
        line = self._cursor_line()
        top = line - self.days.headings_above(self.cursor)
        height = self.scrollable_content_region.height
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)
        elif line + self._item_lines > self.scroll_offset.y + height:
            self.scroll_to(y=line + self._item_lines - height, animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the scroll bar and the wheel."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        """Move the cursor by some memories."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by some screens."""
        step = max(1, self.size.height // self._item_lines - 2)
        self.cursor += by * step

    def action_edge(self, end: int) -> None:
        """Go to the newest or the oldest memory."""
        self.cursor = len(self.listing.refs) - 1 if end else 0

    def action_day(self, by: int) -> None:
        """Go to the first memory of the day before or after."""
        if self.days.days:
            self.cursor = self.days.day_neighbour(self.cursor, by)

    def action_open(self) -> None:
        """Choose the memory under the cursor."""
        if self.listing.refs:
            self.post_message(self.Opened())

    def go_to(self, index: int) -> None:
        """Put the cursor on a memory and bring it to the top of the screen, under its headings."""
        if not self.listing.refs:
            return
        self.cursor = index
        top = self._cursor_line() - self.days.headings_above(self.cursor)
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse clicked; a second click opens."""
        line = self.scroll_offset.y + event.y
        if line < self.days.height:
            place = self.days.at(line)
            if place.kind == "item":
                self.cursor = place.at
                if event.chain == 2:
                    self.action_open()

    # -- drawing --------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        line = self.scroll_offset.y + y
        width, base = self.room, self.base
        if line >= self.days.height:
            return Strip.blank(width, base)
        place = self.days.at(line)
        item = place.kind == "item"
        row = self.row_at(place.at) if item else None
        if item and row is None:
            self._want(place.at // ROWS_PER_PAGE)
        over = item and place.at == self.cursor
        pixels = (line, width, row is None, over, over and self.has_focus, self.ink.serial, base)
        strip = self._strips.get(pixels)
        if strip is None:
            if item:
                segments = self._row(row, place.at, place.line, width)
                if over:
                    over_style = self.ink.cursor if self.has_focus else self.ink.cursor_away
                    segments = [Segment(s.text, (s.style or Style()) + over_style) for s in segments]
            else:
                segments = self._heading(place.kind, self.listing.times[place.at], width)
            strip = Strip(Segment.apply_style(segments, base), width)
            self._strips[pixels] = strip
        return strip

    def _want(self, page: int) -> None:
        """Ask for a page; of more than a few in flight the oldest are given up."""
        if self._waiting or page in self._asked:
            return
        self._asked[page] = None
        while len(self._asked) > _PAGES_IN_FLIGHT:
            del self._asked[next(iter(self._asked))]
        self.post_message(self.PagesWanted(tuple(self._asked)))

    def _heading(self, kind: str, us: int, width: int) -> list[Segment]:
        when = local_moment(us)
        ink = self.ink
        if kind == "month":
            return [Segment(cut(f" {when:%B %Y}", width), ink.heading)]
        label = f" {when:%a} {when.day} "
        rule = "─" if not ink.ascii_only else "-"
        return [Segment(label, ink.strong), Segment(rule * max(0, width - len(label)), ink.muted)]

    def _row(self, row: Row | None, index: int, line: int, width: int) -> list[Segment]:
        ink = self.ink
        when = local_moment(self.listing.times[index])
        searching = self.listing.best is not None
        stamp = f"{when.day:2d} {when:%b %Y}" if searching else ink.dates.clock(when)
        indent = len(stamp) + 5
        mark = " " if index != self.cursor else ("▌" if not ink.ascii_only else ">")
        if row is None:
            dots = "·" * min(24, max(0, width - indent)) if line == 0 else ""
            return [
                Segment(mark, ink.heading),
                Segment(cut(f"{stamp if line == 0 else '':{indent - 5}}   {dots}", width - 1), ink.muted),
            ]
        look, colour = ink.feeling(row.feeling)
        if row.trouble:
            text = f" {stamp}  ! {row.trouble}" if line == 0 else ""
            return [Segment(mark, ink.heading), Segment(cut(text, width - 1), ink.warning)]
        if line == 0:
            named = max(8, min(16, (width - indent) // 4)) if self._item_lines == 1 else 0
            lead = [
                Segment(mark, ink.heading),
                Segment(f"{stamp} ", ink.muted),
                Segment(f" {look.glyph} ", colour),
            ]
            if self._item_lines == 1:
                rest = width - indent - named - 1
                return [
                    *lead,
                    Segment(cut(row.concept, named), ink.strong),
                    Segment(" ", ink.text),
                    *self._excerpt(row, rest),
                ]
            word = f" {look.word}"
            rest = width - indent - len(word)
            return [*lead, Segment(cut(row.concept, max(0, rest)), ink.strong), Segment(word, colour)]
        return [
            Segment(mark, ink.heading),
            Segment(" " * (indent - 1), ink.text),
            *self._excerpt(row, width - indent),
        ]

    def _excerpt(self, row: Row, width: int) -> list[Segment]:
        ink = self.ink
        signs = (" ↺" if row.revisits else "") + (f" +{row.attachments}" if row.attachments else "")
        if ink.ascii_only:
            signs = signs.replace("↺", "<")
        if not signs or width < 12:
            return [Segment(cut(row.excerpt, width), ink.text)]
        return [Segment(cut(row.excerpt, width - len(signs)), ink.text), Segment(signs, ink.muted)]
