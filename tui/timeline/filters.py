"""What the list can be narrowed by: dates, saved filters, feelings, concepts, tags; a row for each."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from rich.segment import Segment
from textual.message import Message

from ...storage.feelings import Feeling, kin_of
from ..inert import cut, one_line
from ..keys import key, moving
from ..rows import RowList
from .model import Facets, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.style import Style
    from textual import events

    from ..ink import Ink

__all__ = ["FilterPanel", "compact", "filter_entries"]

_ORDER: Final = {feeling: place for place, feeling in enumerate(Feeling)}

_ROOMY: Final = 34
"""Lines from which on a blank one stands between the sections."""
_UNSWITCHED: Final = ("title", "blank")


def compact(count: int) -> str:
    """A count in at most five cells: ``999``, ``12.3k``, ``1.2M``."""
    if count < 10_000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}k" if count < 100_000 else f"{count // 1000}k"
    return f"{count / 1_000_000:.1f}M"


class _Line(NamedTuple):
    kind: str
    """``title``, ``dates``, ``saved``, ``feelings``, ``concepts``, ``tags`` or ``blank``."""
    value: str = ""
    number: int = 0
    share: float = 0.0


class FilterPanel(RowList):
    """Togglable filters with their counts; bars show the feelings of what the list holds now."""

    HELP = "What to show. Space switches the filter under the cursor; several of a kind widen, kinds narrow."
    HELP_TITLE = "Filters"
    BINDINGS: ClassVar = [
        *moving("filters", "filter"),
        key(
            "right_square_bracket",
            "section(1)",
            "Next kind",
            "filters.section_down",
            "To the next kind of filter",
        ),
        key(
            "left_square_bracket",
            "section(-1)",
            "Kind before",
            "filters.section_up",
            "To the kind of filter before",
        ),
        key(
            "space,enter",
            "switch",
            "Switch",
            "filters.toggle",
            "Switch the filter under the cursor",
            show=True,
        ),
        key("delete", "forget", "Forget", "filters.forget", "Forget the saved filter under the cursor"),
        key("escape,l,right", "leave", "Back", "filters.back", "Back to the list", show=True),
    ]

    MARKED_AWAY = False

    class Toggled(Message):
        """A filter was switched: ``kind`` is ``feelings``, ``concepts`` or ``tags``."""

        def __init__(self, kind: str, value: str) -> None:
            self.kind = kind
            self.value = value
            super().__init__()

    class Left(Message):
        """The list is wanted back."""

    class DatesWanted(Message):
        """The date range was chosen, to be changed."""

    class SavedChosen(Message):
        """A saved filter was chosen, to be applied or (``forget``) deleted."""

        def __init__(self, name: str, *, forget: bool = False) -> None:
            self.name = name
            self.forget = forget
            super().__init__()

    def __init__(self, ink: Ink, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.facets = Facets()
        self.query_ = Query()
        self.saved: tuple[str, ...] = ()
        self._lines: list[_Line] = []
        self._apart = False
        self._build()

    def show(self, facets: Facets, query: Query, saved: Iterable[str]) -> None:
        """Show counts, which filters are on, and the saved ones."""
        query = replace(query, text="")  # what is searched for changes nothing here
        saved = tuple(saved)
        if (facets, query, saved) == (self.facets, self.query_, self.saved):
            return
        self.facets, self.query_, self.saved = facets, query, saved
        self._rebuild()

    def _rebuild(self) -> None:
        line = self._lines[self.cursor]
        under = None if line.kind in _UNSWITCHED else line[:2]
        self._build()
        places = {line[:2]: place for place, line in enumerate(self._lines)}
        self.stand_on(places.get(under, 0) if under else 0)
        self.refresh()

    def on_resize(self) -> None:
        """Set the sections apart where there is room."""
        if (self.size.height >= _ROOMY) != self._apart:
            self._rebuild()

    def _build(self) -> None:
        query, facets = self.query_, self.facets
        self._apart = self.size.height >= _ROOMY
        gap = [_Line("blank")] if self._apart else []
        lines = [_Line("title", "When"), _Line("dates", query.dates or "all time")]
        if self.saved:
            lines += [*gap, _Line("title", "Saved"), *(_Line("saved", name) for name in self.saved)]
        counts = dict(facets.shown if facets.shown is not None else facets.feelings)
        most = max(counts.values(), default=0)
        names = {*facets.feelings, *query.feelings}
        if not facets.total:
            names |= set(Feeling)
        lines += [*gap, _Line("title", "Feelings")]
        lines += [
            _Line("feelings", str(name), counts.get(name, 0), counts.get(name, 0) / most if most else 0.0)
            for name in sorted(names, key=_feeling_order)
        ]
        for kind, title, found in (("concepts", "Concepts", facets.concepts), ("tags", "Tags", facets.tags)):
            values: Mapping[str, int] = {
                **found,
                **{name: found.get(name, 0) for name in getattr(query, kind)},
            }
            if values:
                lines += [*gap, _Line("title", title, len(values))]
                lines += [_Line(kind, name, count) for name, count in values.items()]
        self._lines = lines
        self.extend_to(len(lines))

    # -- moving ---------------------------------------------------------------------------------

    def stands_on(self, place: int) -> bool:
        """On what can be switched."""
        return self._lines[place].kind not in _UNSWITCHED

    def action_leave(self) -> None:
        """Back to the list."""
        self.post_message(self.Left())

    def action_section(self, by: int) -> None:
        """Go to the first filter of another kind."""
        titles = [place for place, line in enumerate(self._lines) if line.kind == "title"]
        present = max(place for place in titles if place <= self.cursor)
        self.cursor = titles[max(0, min(titles.index(present) + by, len(titles) - 1))] + 1

    def action_switch(self) -> None:
        """Switch the filter under the cursor."""
        line = self._lines[self.cursor]
        if line.kind == "dates":
            self.post_message(self.DatesWanted())
        elif line.kind == "saved":
            self.post_message(self.SavedChosen(line.value))
        elif self.stands_on(self.cursor):
            self.post_message(self.Toggled(line.kind, line.value))

    def action_forget(self) -> None:
        """Forget the saved filter under the cursor."""
        line = self._lines[self.cursor]
        if line.kind == "saved":
            self.post_message(self.SavedChosen(line.value, forget=True))

    def on_click(self, event: events.Click) -> None:
        """Switch the filter that the mouse clicked."""
        place = self.scroll_offset.y + event.y
        if place < len(self._lines) and self.stands_on(place):
            self.cursor = place
            self.action_switch()

    # -- drawing --------------------------------------------------------------------------------

    def draw_row(self, place: int, width: int) -> list[Segment]:
        """A title, a filter, or nothing."""
        return self._draw(self._lines[place], width)

    def _draw(self, line: _Line, width: int) -> list[Segment]:
        ink = self.ink
        if line.kind == "blank":
            return [Segment(" " * width)]
        if line.kind == "title":
            count = f" {compact(line.number)}" if line.number else ""
            return [Segment(cut(f" {line.value}{count}", width), ink.heading)]
        if line.kind in ("dates", "saved"):
            on = line.kind == "dates" and bool(self.query_.dates)
            style = ink.strong if on else ink.text
            return [self._mark(on), Segment(cut(one_line(line.value, 60), width - 2), style), Segment(" ")]
        on = line.value in getattr(self.query_, line.kind)
        name_style = ink.strong if on else ink.text
        count = compact(line.number)
        if line.kind != "feelings":
            sign = "#" if line.kind == "tags" else ""
            room = max(0, width - 3 - len(count))
            return [
                self._mark(on),
                Segment(cut(sign + one_line(line.value, 60), room), name_style),
                Segment(f" {count} ", ink.muted),
            ]
        look, colour = ink.feeling(line.value)
        bar_room = max(0, width - 19)
        room = max(0, width - 9 - bar_room)
        return [
            self._mark(on),
            Segment(f"{look.glyph} ", colour),
            Segment(cut(one_line(look.word, 60), room), name_style),
            Segment(f"{count:>5} ", ink.muted),
            *self._bar(line, bar_room, colour),
        ]

    def _mark(self, on: bool) -> Segment:
        return Segment(("✓" if not self.ink.ascii_only else "x") if on else " ", self.ink.heading)

    def _bar(self, line: _Line, room: int, colour: Style) -> list[Segment]:
        if room <= 0:
            return []
        halves = max(1, round(line.share * (room - 1) * 2)) if line.number else 0
        bar = "=" * ((halves + 1) // 2) if self.ink.ascii_only else "━" * (halves // 2) + "╸" * (halves % 2)
        return [Segment(bar.ljust(room), colour)]


def _feeling_order(name: str) -> tuple[int, int, str]:
    kin = kin_of(name)
    return (_ORDER[kin] if kin is not None else len(_ORDER), name not in _ORDER, name)


def filter_entries(
    facets: Facets, asked: Query, saved: Mapping[str, Query], ask: Callable[[Query], None]
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """A command of the palette for each filter: any of them can be switched by name."""
    for kind, names in (
        ("feelings", facets.feelings),
        ("concepts", facets.concepts),
        ("tags", facets.tags),
    ):
        for name in names:
            query = asked.toggled(kind, str(name))
            what = "Drop" if name in getattr(asked, kind) else "Only"
            yield f"{what} {kind[:-1]} {name}", "Switch this filter", partial(ask, query)
    for name, query in saved.items():
        yield f"Filter {name}", "A saved filter", partial(ask, query)
