"""The knobs: the budget and what spends it, the weight of each signal; and the way the answer came about."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from textual.message import Message

from ..inert import cut, one_line, tail
from ..keys import key, moving
from ..rows import RowList
from .model import HIGHEST, LOWEST, Asked, Hit, Result
from .words import pieces

if TYPE_CHECKING:
    from textual import events

    from ..ink import Ink

__all__ = ["Tuning"]

_FILES = 8
_NAME = 9


def _ms(ms: float) -> str:
    return f"{ms:,.1f}ms" if ms < 10 else f"{ms:,.0f}ms"


class _Line(NamedTuple):
    kind: str
    """``title``, ``budget``, ``signal``, ``unweighed``, ``spent``, ``step``, ``why``, ``text``, ``note``."""
    name: str = ""
    share: float = 0.0
    number: str = ""


class Tuning(RowList):
    """Budget and weights can be changed by key and by dragging; everything else is told."""

    HELP = (
        "The budget and the weights. Left and right turn a knob, space switches a signal off and on. What "
        "the project's fusion gives no weight for such a question has no knob: retrieval.fusion chooses it."
    )
    HELP_TITLE = "Knobs"
    BINDINGS: ClassVar = [
        *moving("tuning", "knob"),
        key("right,l", "turn(1)", "More", "tuning.more", "Turn the knob up", show=True),
        key("left,h", "turn(-1)", "Less", "tuning.less", "Turn the knob down", show=True),
        key("space", "switch", "Off and on", "tuning.switch", "Switch the signal off, and on", show=True),
        key("backspace", "reset", "Reset", "tuning.reset", "Weigh every signal as learned", show=True),
    ]

    MARKED_AWAY = False

    class Changed(Message):
        """A knob was turned: the question as it is now."""

        def __init__(self, asked: Asked) -> None:
            self.asked = asked
            super().__init__()

        def can_replace(self, message: Message) -> bool:
            """Of a drag only the last place counts."""
            return isinstance(message, Tuning.Changed)

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.asked = Asked()
        self.result: Result | None = None
        self.hit: Hit | None = None
        self._lines: list[_Line] = []
        self._dragged: int | None = None
        self._width = 0
        self._build()
        self.stand_on(1)

    def show(self, asked: Asked, result: Result | None, hit: Hit | None) -> None:
        """Show the knobs of a question, what its answer spends, and why a hit stands where it does."""
        if (asked, result, hit) == (self.asked, self.result, self.hit):
            return
        under = self._lines[self.cursor][:2]
        self.asked, self.result, self.hit = asked, result, hit
        self._build()
        names = [line[:2] for line in self._lines]
        self.stand_on(names.index(under) if under in names else 1)
        self.refresh()

    def on_resize(self) -> None:
        """Wrap for another width."""
        if self.size.width != self._width:
            self._build()

    def _build(self) -> None:
        self._width = self.size.width
        asked, result = self.asked, self.result
        lines = [_Line("title", "Budget"), _Line("budget", "budget")]
        if result is not None:
            most = max(1, asked.budget)
            lines.append(_Line("text", f"{result.used:,} used, {pieces(len(result.hits))}"))
            files = result.files()
            lines += [_Line("spent", name, tokens / most, f"{tokens:,}") for name, tokens in files[:_FILES]]
            if len(files) > _FILES:
                rest = sum(tokens for _, tokens in files[_FILES:])
                lines.append(_Line("spent", f"{len(files) - _FILES} more", rest / most, f"{rest:,}"))
            if result.signals:
                lines.append(_Line("title", "Signals"))
                lines += [
                    _Line("signal" if name in result.weighed else "unweighed", name)
                    for name in result.signals
                ]
            if result.steps:
                total = sum(step.ms for step in result.steps)
                widest = max(1, *(math.log1p(max(step.came, step.went)) for step in result.steps))
                lines.append(_Line("title", f"Stages, {_ms(total)}"))
                for step in result.steps:
                    arrow = ">" if self.ink.ascii_only else "→"
                    came = f"{step.came:,} {arrow} " if step.came else ""
                    number = f"{came}{step.went:,}{_ms(step.ms):>7}"
                    lines.append(_Line("step", step.name, math.log1p(step.went) / widest, number))
                    lines += [_Line("note", part) for part in wrap(step.why, max(12, self.size.width - 5))]
        if self.hit is not None and result is not None and self.hit.ranks:
            lines.append(_Line("title", "Why it stands here"))
            lines += [
                _Line("why", name, min(1.0, self.hit.scores.get(name, 0.0)), f"#{rank}")
                for name, rank in sorted(self.hit.ranks.items(), key=lambda each: each[1])
                if name in result.weighed
            ]
        self._lines = lines
        self.extend_to(len(lines))

    # -- moving and turning ---------------------------------------------------------------------

    def stands_on(self, place: int) -> bool:
        """On what can be turned; and on the stages and ranks, so that they come into view."""
        return self._lines[place].kind in ("budget", "signal", "step", "why")

    def action_turn(self, by: int) -> None:
        """Turn the knob under the cursor a step."""
        line = self._lines[self.cursor]
        if line.kind == "budget":
            step = 500 if self.asked.budget + by * 500 >= 1000 else 100
            self._change(self.asked.budgeted(self.asked.budget + by * step))
        elif line.kind == "signal":
            self._change(self.asked.weighed(line.name, self.asked.weight(line.name) + by * 0.1))

    def action_switch(self) -> None:
        """Switch a signal off, or on."""
        line = self._lines[self.cursor]
        if line.kind == "signal":
            self._change(self.asked.weighed(line.name, 0.0 if self.asked.weight(line.name) else 1.0))

    def action_reset(self) -> None:
        """Weigh every signal as learned."""
        asked = self.asked
        for name, _ in asked.scales:
            asked = asked.weighed(name, 1.0)
        self._change(asked)

    def _change(self, asked: Asked) -> None:
        if asked != self.asked:
            self.asked = asked
            self.refresh()
            self.post_message(self.Changed(asked))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a knob."""
        place = self.scroll_offset.y + event.y
        if place < len(self._lines) and self._lines[place].kind in ("budget", "signal"):
            self.cursor = self._dragged = place
            self.capture_mouse()
            self._drag(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag it."""
        if self._dragged is not None:
            self._drag(event.x)

    def on_mouse_up(self) -> None:
        """Let it go."""
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()

    def _drag(self, x: int) -> None:
        assert self._dragged is not None
        line = self._lines[self._dragged]
        start, room = self._slider(line.kind, self.room or self.size.width)
        share = max(0.0, min(1.0, (x - start) / max(1, room - 1)))
        if line.kind == "budget":
            tokens = LOWEST * (HIGHEST / LOWEST) ** share
            step = 100 if tokens < 5000 else 1000
            self._change(self.asked.budgeted(round(tokens / step) * step))
        else:
            self._change(self.asked.weighed(line.name, round(share * 2, 1)))

    # -- drawing --------------------------------------------------------------------------------

    @staticmethod
    def _slider(kind: str, width: int) -> tuple[int, int]:
        """Where a slider begins, and how many cells it has."""
        return (1, max(4, width - 10)) if kind == "budget" else (_NAME + 2, max(4, width - _NAME - 7))

    def draw_row(self, place: int, width: int) -> list[Segment]:
        """A knob, or what is told."""
        return self._draw(self._lines[place], width)

    def _draw(self, line: _Line, width: int) -> list[Segment]:
        ink = self.ink
        match line.kind:
            case "title":
                return [Segment(cut(f" {line.name}", width), ink.heading)]
            case "text":
                return [Segment(cut(f" {line.name}", width), ink.text)]
            case "note":
                return [Segment(cut(f"   {line.name}", width), ink.muted)]
            case "budget":
                share = math.log(self.asked.budget / LOWEST) / math.log(HIGHEST / LOWEST)
                _, room = self._slider("budget", width)
                return [
                    Segment(" "),
                    *self._knob(share, room),
                    Segment(f" {self.asked.budget:>7,}", ink.strong),
                ]
            case "unweighed":
                return [Segment(cut(f" {cut(line.name, _NAME)} no weight here", width), ink.muted)]
            case "signal":
                weight = self.asked.weight(line.name)
                _, room = self._slider("signal", width)
                style = ink.text if weight else ink.muted
                return [
                    Segment(f" {cut(line.name, _NAME)} ", style),
                    *self._knob(weight / 2, room),
                    Segment(
                        f" {'off' if not weight else f'{weight:.1f}':>3}",
                        ink.strong if weight != 1 else style,
                    ),
                ]
            case _:
                number = f" {line.number} "
                room = max(3, min(3 if line.kind == "step" else 8, width // 4))
                name = one_line(line.name, 300)
                fit = max(3, width - len(number) - room - 2)
                return [
                    Segment(" "),
                    *self._bar(line.share, room),
                    Segment(f" {tail(name, fit)}", ink.text),
                    Segment(number, ink.muted),
                ]

    def _knob(self, share: float, room: int) -> list[Segment]:
        at = round(max(0.0, min(1.0, share)) * (room - 1))
        rail, knob = ("─", "●") if not self.ink.ascii_only else ("-", "o")
        return [
            Segment(("━" if not self.ink.ascii_only else "=") * at, self.ink.style("primary")),
            Segment(knob, self.ink.heading),
            Segment(rail * (room - at - 1), self.ink.muted),
        ]

    def _bar(self, share: float, room: int) -> list[Segment]:
        full = max(share > 0, round(min(1.0, share) * room * 2))  # of little, a little
        bar = "=" * ((full + 1) // 2) if self.ink.ascii_only else "━" * (full // 2) + "╸" * (full % 2)
        return [Segment(bar.ljust(room), self.ink.style("primary"))]
