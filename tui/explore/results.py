"""What answers the question, best first, each with a bar for every signal; then what did not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.message import Message

from ..inert import cut, tail
from ..keys import key, moving
from ..rows import RowList
from .model import Hit, Missed, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.style import Style
    from textual import events

    from ..ink import Ink

__all__ = ["ResultList", "bars"]

_BLOCKS = "▁▂▃▄▅▆▇█"


def bars(scores: Mapping[str, float], signals: Sequence[str], *, ascii_only: bool) -> str:
    """One cell for each signal, as high as its score between 0 and 1; a dot where it says nothing."""
    cells = []
    for signal in signals:
        score = min(1.0, scores.get(signal, 0.0))
        if score <= 0:
            cells.append("." if ascii_only else "·")
        else:
            cells.append(str(min(9, int(score * 10))) if ascii_only else _BLOCKS[min(7, int(score * 8))])
    return "".join(cells)


class ResultList(RowList):
    """The results; the cursor stands on one, or on something that did not fit."""

    HELP = "What answers the question, best first. Each bar is a signal, in the order of the knobs."
    HELP_TITLE = "Results"
    BINDINGS: ClassVar = [
        *moving("results", "result"),
        key("l,right", "read", "Read", "results.read", "Go to the preview"),
    ]

    class Highlighted(Message):
        """The cursor stands on another result; ``hit`` is None where it is on none."""

        def __init__(self, hit: Hit | None) -> None:
            self.hit = hit
            super().__init__()

    class Opened(Message):
        """A result was clicked twice."""

    class ReadWanted(Message):
        """The preview is to have the keys."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.result: Result | None = None
        self.used: frozenset[str] = frozenset()
        """Ids of what was said to be of use."""
        self._rows: list[Hit | Missed | str] = []
        self._pinned: frozenset[str] = frozenset()

    def show(self, result: Result | None) -> None:
        """Show a result: the cursor stays on its piece, but goes to the best of another question."""
        kept, before = self.current, self.result
        same_text = before is not None and result is not None and before.asked.text == result.asked.text
        self.result = result
        rows: list[Hit | Missed | str] = []
        if result is not None:
            rows += result.hits
            if result.missed:
                rows += ["Did not fit", *result.missed]
            if result.asked.excluded:
                rows += ["Excluded", *result.asked.excluded]
        self._pinned = frozenset(hit.id for hit in result.asked.pinned) if result is not None else frozenset()
        self._rows = rows
        self.extend_to(len(rows))
        places = {hit.id: place for place, hit in enumerate(result.hits)} if result is not None else {}
        # What was just left out is not followed: the next one takes its place.
        self.stand_on(0 if kept is None or not same_text else places.get(kept.id, self.cursor))
        self.refresh()
        if self.current is None or kept is None or self.current != kept:
            self.post_message(self.Highlighted(self.current))

    def mark_used(self, ids: frozenset[str]) -> None:
        """Mark what was said to be of use."""
        self.used = ids
        self.refresh()

    @property
    def any(self) -> bool:
        """Whether there is something to stand on."""
        return bool(self._rows)

    @property
    def current(self) -> Hit | None:
        """The result under the cursor."""
        row = self._rows[self.cursor] if self.cursor < len(self._rows) else None
        return row if isinstance(row, Hit) else None

    @property
    def missed(self) -> Missed | None:
        """What did not fit, under the cursor."""
        row = self._rows[self.cursor] if self.cursor < len(self._rows) else None
        return row if isinstance(row, Missed) else None

    def stands_on(self, place: int) -> bool:
        """On pieces, not on titles."""
        return not isinstance(self._rows[place], str)

    def watch_cursor(self) -> None:
        """Follow the cursor, and have what is under it shown."""
        super().watch_cursor()
        self.post_message(self.Highlighted(self.current))

    def action_read(self) -> None:
        """Go to the preview."""
        self.post_message(self.ReadWanted())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse clicked; a second click opens."""
        place = self.scroll_offset.y + event.y
        if place < len(self._rows) and not isinstance(self._rows[place], str):
            self.cursor = place
            if event.chain == 2:
                self.post_message(self.Opened())

    # -- drawing --------------------------------------------------------------------------------

    def draw_row(self, place: int, width: int) -> list[Segment]:
        """A title, a piece, or what did not fit."""
        row = self._rows[place]
        if isinstance(row, str):
            return [Segment(cut(f" {row}", width), self.ink.heading)]
        return self._missed(row, width) if isinstance(row, Missed) else self._hit(row, place, width)

    def _hit(self, hit: Hit, place: int, width: int) -> list[Segment]:
        ink, result = self.ink, self.result
        assert result is not None
        out = place >= len(result.hits)
        signs = {"pinned": "◆", "out": "✗", "used": "✓", "stale": "!"}
        if ink.ascii_only:
            signs = {"pinned": "*", "out": "x", "used": "+", "stale": "!"}
        sign, style = " ", ink.text
        if out:
            sign, style = signs["out"], ink.muted
        elif hit.stale:
            sign, style = signs["stale"], ink.warning
        elif hit.id in self._pinned:
            sign, style = signs["pinned"], ink.heading
        elif hit.id in self.used:
            sign, style = signs["used"], ink.good
        drawn = "" if width < 44 else bars(hit.scores, result.signals, ascii_only=ink.ascii_only)
        return [
            Segment(f" {sign} ", style),
            *self._named(hit, width, len(drawn), ink.muted if out else ink.strong),
            Segment(f" {drawn}", ink.style("primary")),
            Segment(f"{hit.tokens:>6,} ", ink.muted),
        ]

    def _missed(self, missed: Missed, width: int) -> list[Segment]:
        ink, result = self.ink, self.result
        assert result is not None
        blank = 0 if width < 44 else len(result.signals)
        return [
            Segment("   ", ink.muted),
            *self._named(missed, width, blank, ink.muted),
            Segment(" " * (blank + 1), ink.muted),
            Segment(f"{missed.cost:>6,} ", ink.warning),
        ]

    def _named(self, row: Hit | Missed, width: int, bars_width: int, style: Style) -> list[Segment]:
        """The columns of the name and the place, where there is room for both."""
        room = max(4, width - bars_width - 11)
        name = max(4, min(room, max(18 if room > 40 else room // 2, room * 2 // 5))) if row.name else room
        rest = room - name - 1
        if rest <= 8:
            return [Segment(cut(row.name, room), style)]
        memory = isinstance(row, Hit) and not row.path  # its place is how it begins
        place = cut(row.place, rest) if memory else tail(row.place, rest)
        return [Segment(cut(row.name, name), style), Segment(f" {place}", self.ink.muted)]
