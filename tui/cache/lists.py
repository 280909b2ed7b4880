"""What happened last, and the keys of each tier by name."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.message import Message

from ..inert import cut, tail
from ..keys import key, moving
from ..lines import Drawing, Piece
from ..rows import RowList
from .model import TIERS, Place, Tier
from .tiers import tier_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events

    from ...storage.cache import ArcState, CacheEvent
    from ..ink import Ink

__all__ = ["EventStream", "KeyList"]

_SIGNS = {"hit": "●", "ghost hit": "◐", "miss": "○", "promotion": "▲", "eviction": "▼"}
_PLAIN_SIGNS = {"hit": "+", "ghost hit": "g", "miss": "-", "promotion": "^", "eviction": "v"}
_COLOURS = {
    "hit": "success",
    "ghost hit": "accent",
    "miss": "muted",
    "promotion": "primary",
    "eviction": "error",
}


class EventStream(Drawing, can_focus=False):
    """Events, the newest on top."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self._events: Sequence[CacheEvent] = ()
        self._places: Mapping[str, Place] = {}
        self._words = ""

    def show(self, events: Sequence[CacheEvent], places: Mapping[str, Place], words: str) -> None:
        """Draw these, oldest first; ``words`` where there are none."""
        self._events, self._places, self._words = events, places, words
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """A heading, and as many as there is room for."""
        ink = self.ink
        lines: list[list[Piece]] = [[(" Events", ink.heading)]]
        if not self._events:
            wrapped = wrap(self._words, max(10, width - 3))
            return [*lines, *([(cut(f" {line}", width), ink.muted)] for line in wrapped)]
        signs = _PLAIN_SIGNS if ink.ascii_only else _SIGNS
        for _, event in zip(range(height - 1), reversed(self._events), strict=False):
            style = ink.style(_COLOURS[event.kind])
            name = self._places.get(str(event.key), Place(str(event.key))).name
            lines.append(
                [
                    (f" {signs[event.kind]} {event.kind:<9} ", style),
                    (f"{event.tier} ", ink.muted),
                    (tail(name, max(1, width - 17)), ink.text),
                ]
            )
        return lines


class KeyList(RowList):
    """The keys of each tier, those asked for last first; the cursor follows the key it was put on."""

    HELP = "The keys in each tier, those asked for last first. T1 and T2 hold contents, B1 and B2 only keys."
    HELP_TITLE = "Keys"
    BINDINGS: ClassVar = [
        *moving("keys", "key"),
        key("t", "tier", "Tier", "keys.tier", "To the next tier"),
        key("enter", "open", "Open", "keys.open", "Open it in the editor, at its line"),
    ]

    class Opened(Message):
        """A key is to be opened."""

        def __init__(self, place: Place) -> None:
            self.place = place
            super().__init__()

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self._rows: list[tuple[Tier, str | None]] = []
        """A tier's title, or one of its keys."""
        self._places: Mapping[str, Place] = {}
        self._counts: dict[Tier, int] = {}
        self._followed: str | None = None
        """The key that the cursor was put on."""

    def show(self, state: ArcState[str], places: Mapping[str, Place]) -> None:
        """Show the keys of a state."""
        self._places = places
        tiers: dict[Tier, tuple[str, ...]] = {tier: getattr(state, tier.lower()) for tier in TIERS}
        self._counts = {tier: len(keys) for tier, keys in tiers.items()}
        rows: list[tuple[Tier, str | None]] = []
        for tier, keys in tiers.items():
            rows.append((tier, None))
            rows += [(tier, each) for each in reversed(keys)]
        self._rows = rows
        self.extend_to(len(rows))
        followed = self._followed
        found = (n for n, row in enumerate(rows) if row[1] == followed) if followed else iter(())
        self.stand_on(next(found, self.cursor))
        self.refresh()

    @property
    def current(self) -> str | None:
        """The key under the cursor."""
        return self._rows[self.cursor][1] if self.cursor < len(self._rows) else None

    @property
    def names(self) -> dict[Tier, list[str]]:
        """The names in each tier, as they are listed."""
        found: dict[Tier, list[str]] = {tier: [] for tier in TIERS}
        for tier, each in self._rows:
            if each is not None:
                found[tier].append(self._called(each))
        return found

    def _called(self, each: str) -> str:
        place = self._places.get(each)
        return each if place is None else place.name

    # -- moving ---------------------------------------------------------------------------------

    def stands_on(self, place: int) -> bool:
        """On keys, not on the titles of the tiers."""
        return self._rows[place][1] is not None

    def watch_cursor(self) -> None:
        """Follow the cursor, which follows its key from now on."""
        self._followed = self.current
        super().watch_cursor()

    def action_tier(self) -> None:
        """To the first key of the next tier that has any."""
        if self.current is not None:
            here = self._rows[self.cursor][0]
            places = list(range(self.cursor, len(self._rows))) + list(range(self.cursor))
            found = (n for n in places if self._rows[n][1] is not None and self._rows[n][0] != here)
            self.cursor = next(found, self.cursor)

    def action_open(self) -> None:
        """Open what the key stands for."""
        place = self._places.get(self.current or "")
        if place is not None and place.path:
            self.post_message(self.Opened(place))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse clicked; a second click opens."""
        place = self.scroll_offset.y + event.y
        if place < len(self._rows) and self._rows[place][1] is not None:
            self.cursor = place
            if event.chain == 2:
                self.action_open()

    # -- drawing --------------------------------------------------------------------------------

    def draw_row(self, place: int, width: int) -> list[Segment]:
        """A tier's title, or one of its keys."""
        tier, each = self._rows[place]
        ink = self.ink
        if each is None:
            return [
                Segment(f" {tier} ", ink.heading),
                Segment(cut(f"{TIERS[tier]} · {self._counts[tier]:,}", max(1, width - 4)), ink.muted),
            ]
        return [
            Segment(f" {'|' if ink.ascii_only else '▎'} ", tier_style(ink, tier)),
            Segment(tail(self._called(each), max(1, width - 4)), ink.text if tier[0] == "T" else ink.muted),
        ]
