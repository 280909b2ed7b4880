"""What answers the question, best first, each with a bar for every signal; then what did not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..inert import cut
from ..keys import key
from ..lines import LineView
from .model import Hit, Missed, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events

    from ..ink import Ink
    from .model import Asked

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


class ResultList(LineView):
    """The results; the cursor stands on one, or on something that did not fit."""

    HELP = "What answers the question, best first. Each bar is a signal, in the order of the knobs."
    HELP_TITLE = "Results"
    BINDINGS: ClassVar = [
        key("down,j", "move(1)", "Down", "results.down", "The next result"),
        key("up,k", "move(-1)", "Up", "results.up", "The result before"),
        key("pagedown,ctrl+f", "page(1)", "Page down", "results.page_down", "A page on"),
        key("pageup,ctrl+b", "page(-1)", "Page up", "results.page_up", "A page back"),
        key("home,g", "move(-100000)", "First", "results.first", "The best result"),
        key("end,G", "move(100000)", "Last", "results.last", "The last result"),
        key("l,right", "read", "Read", "results.read", "Go to the preview"),
    ]

    cursor: reactive[int] = reactive(0, init=False)

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
        super().__init__(id=id)
        self.ink = ink
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
        place = 0 if kept is None or not same_text else places.get(kept.id, self.validate_cursor(self.cursor))
        self.set_reactive(ResultList.cursor, place)
        self._follow()
        self.refresh()
        if self.current is None or kept is None or self.current != kept:
            self.post_message(self.Highlighted(self.current))

    def mark_used(self, ids: frozenset[str]) -> None:
        """Mark what was said to be of use."""
        self.used = ids
        self.refresh()

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

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row, past the titles."""
        cursor = max(0, min(cursor, len(self._rows) - 1))
        step = 1 if cursor >= self.cursor else -1
        while 0 <= cursor < len(self._rows) and isinstance(self._rows[cursor], str):
            cursor += step
        return cursor if 0 <= cursor < len(self._rows) else self.cursor

    def watch_cursor(self) -> None:
        """Follow the cursor."""
        self._follow()
        self.refresh()
        self.post_message(self.Highlighted(self.current))

    def _follow(self) -> None:
        height = self.scrollable_content_region.height
        if self.cursor < self.scroll_offset.y:
            self.scroll_to(y=self.cursor, animate=False, force=True, immediate=True)
        elif height and self.cursor >= self.scroll_offset.y + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True, immediate=True)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by some screens."""
        self.cursor += by * max(1, self.size.height - 2)

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

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        place = self.scroll_offset.y + y
        width, base = self.room, self.base
        if place >= len(self._rows) or self.result is None:
            return Strip.blank(width, base)
        row = self._rows[place]
        if isinstance(row, str):
            segments = [Segment(cut(f" {row}", width), self.ink.heading)]
        elif isinstance(row, Missed):
            segments = self._missed(row, width)
        else:
            segments = self._hit(row, place, self.result.asked, width)
        if place == self.cursor and not isinstance(row, str):
            over = self.ink.cursor if self.has_focus else self.ink.cursor_away
            segments = [Segment(s.text, (s.style or Style()) + over) for s in segments]
        return Strip(Segment.apply_style(segments, base)).adjust_cell_length(width, base)

    def _hit(self, hit: Hit, place: int, asked: Asked, width: int) -> list[Segment]:
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
        cost = f"{hit.tokens:>6,}"
        room = max(4, width - len(drawn) - len(cost) - 5)
        name = max(4, min(room, max(18, room * 2 // 5))) if hit.path or hit.name else room
        rest = room - name - 1
        segments = [
            Segment(f" {sign} ", style),
            Segment(cut(hit.name, name if rest > 8 else room), ink.muted if out else ink.strong),
        ]
        if rest > 8:
            segments.append(
                Segment(f" {_tail(hit.place, rest) if hit.path else cut(hit.place, rest)}", ink.muted)
            )
        return [*segments, Segment(f" {drawn}", ink.style("primary")), Segment(f"{cost} ", ink.muted)]

    def _missed(self, missed: Missed, width: int) -> list[Segment]:
        cost = f"{missed.cost:>6,}"
        return [
            Segment("   ", self.ink.muted),
            Segment(_tail(missed.label, max(4, width - len(cost) - 5)), self.ink.muted),
            Segment(f" {cost} ", self.ink.warning),
        ]


def _tail(text: str, width: int) -> str:
    """The end of a place: the file is told apart there."""
    return cut(text, width) if len(text) <= width else cut(f"…{text[-(width - 1) :]}", width)
