"""The conversation: turn under turn, with the memories that each rests on to land on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from ..keys import key, moving
from ..lines import LineView
from ..note import NO_BLURB, Blurb, blurb_lines
from .script import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text
    from textual import events

    from ...storage.memory import Memory
    from ..ink import Ink
    from .model import Turn

__all__ = ["Talk"]


_ROOMY = 12
"""Lines from which on every operation is named before anything was asked."""


class _Stop(NamedTuple):
    """A line that a key acts on: a memory to land on, or a proposal to save."""

    line: int
    turn: Turn
    memory: Memory | None


class Talk(LineView):
    """The conversation; the cursor goes from memory to memory, and scrolls where there is none near."""

    HELP = "Enter goes to the memory under the cursor, or saves what is proposed there."
    HELP_TITLE = "Conversation"
    BINDINGS: ClassVar = [
        key("enter", "choose", "Go to it", "talk.choose", "Go to the memory, save the proposal", show=True),
        *moving("talk", "memory"),
    ]

    class Chosen(Message):
        """A memory is to be gone to; None: the proposal is to be saved."""

        def __init__(self, memory: Memory | None) -> None:
            self.memory = memory
            super().__init__()

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.turns: Sequence[Turn] = ()
        self.cursor = -1
        """Place of the cursor among the stops; -1 for none."""
        self._welcome = NO_BLURB
        self._lines: list[Text] = []
        self._stops: list[_Stop] = []
        self._done: dict[int, tuple[list[Text], list[tuple[int, Memory | None]]]] = {}
        self._drawn_for: tuple[int, int] = (0, 0)
        self._at_end = True

    @property
    def current(self) -> _Stop | None:
        """What the cursor stands on."""
        return self._stops[self.cursor] if 0 <= self.cursor < len(self._stops) else None

    @property
    def text(self) -> str:
        """All that is written, as it is drawn."""
        return "\n".join(line.plain for line in self._lines)

    def welcome(self, blurb: Blurb) -> None:
        """What to say while nothing was said."""
        self._welcome = blurb
        self.draw()

    def draw(self, turns: Sequence[Turn] | None = None, *, to_end: bool = False) -> None:
        """Write the turns anew; the view stays at the end if it is there, or goes there."""
        if turns is not None:
            self.turns = turns
        width = self.scrollable_content_region.width
        if width <= 0:
            return  # not laid out yet; the first size draws
        if self._drawn_for != (width, self.ink.serial):
            self._done.clear()
            self._drawn_for = (width, self.ink.serial)
        followed = to_end or self._at_end
        stood = self.current
        lines: list[Text] = []
        stops: list[_Stop] = []
        for turn in self.turns:
            if id(turn) not in self._done or turn is self.turns[-1]:
                self._done[id(turn)] = written(turn, width, self.ink)
            part, marks = self._done[id(turn)]
            stops += [_Stop(len(lines) + line, turn, memory) for line, memory in marks]
            lines += part
        if not self.turns:
            height = self.scrollable_content_region.height
            blurb = self._welcome if height >= _ROOMY else self._welcome._replace(keys=())
            lines = blurb_lines(blurb, width - 1, height, self.ink)
        self._lines, self._stops = lines, stops
        self.cursor = next(
            (
                place
                for place, stop in enumerate(stops)
                if stood is not None and (stop.turn, stop.memory) == (stood.turn, stood.memory)
            ),
            -1,
        )
        self.extend_to(len(lines))
        if followed and self.turns:
            self._show_line(len(lines) - 1)
        self.refresh()

    def forget(self, turn: Turn) -> None:
        """A turn that is not the last has changed: write it anew with the next drawing."""
        self._done.pop(id(turn), None)

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self.draw()

    def on_resize(self) -> None:
        """Wrap anew."""
        self.draw()

    # -- moving ---------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Note whether the end is in sight: another size does not change that."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = new_value >= self.max_scroll_y

    def _show_line(self, line: int) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if line >= top + height:
            self._scroll(line - height + 1)
        elif line < top:
            self._scroll(line)

    def _scroll(self, line: int) -> None:
        self.scroll_to(y=max(0, line), animate=False, force=True, immediate=True)

    def action_move(self, by: int) -> None:
        """To the next stop if it is in sight, else a line on; at the end whatever there is."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        lines = [stop.line for stop in self._stops]
        now = self.current
        if by > 0:
            place = self.cursor + 1 if now and now.line >= top else bisect_left(lines, top)
        else:
            place = (
                self.cursor - 1 if now and now.line < top + height else bisect_right(lines, top + height) - 1
            )
        if 0 <= place < len(lines):
            at_edge = top >= self.max_scroll_y if by > 0 else top <= 0
            if at_edge or top - 1 <= lines[place] <= top + height:
                self._stand(place)
                return
        self._scroll(top + by)

    def _stand(self, place: int) -> None:
        self.cursor = place
        self._show_line(self._stops[place].line)
        self.refresh()

    def stand_on(self, turn: Turn) -> None:
        """The cursor on a turn's first stop, if it has any."""
        for place, stop in enumerate(self._stops):
            if stop.turn is turn:
                self._stand(place)
                return

    def action_page(self, by: int) -> None:
        """A page on or back."""
        self._scroll(self.scroll_offset.y + by * max(1, self.scrollable_content_region.height - 1))

    def action_edge(self, last: int) -> None:
        """To the beginning or the end."""
        self._scroll(len(self._lines) if last else 0)
        if self._stops:
            self.cursor = len(self._stops) - 1 if last else 0
            self.refresh()

    def action_choose(self) -> None:
        """Go to the memory under the cursor, or save what is proposed."""
        now = self.current
        if now is not None:
            self.post_message(self.Chosen(now.memory))

    def on_click(self, event: events.Click) -> None:
        """The cursor goes where the mouse clicked; a second click chooses."""
        line = self.scroll_offset.y + event.y
        for place, stop in enumerate(self._stops):
            if stop.line == line:
                again = place == self.cursor
                self._stand(place)
                if again or event.chain == 2:
                    self.action_choose()

    # -- drawing --------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        line = self.scroll_offset.y + y
        width, base = self.room, self.base
        if line >= len(self._lines):
            return Strip.blank(width, base)
        text = self._lines[line]
        style = text.style if isinstance(text.style, Style) else Style.null()
        segments = list(Segment.apply_style(text.render(self.app.console), base + style))
        strip = Strip(segments).adjust_cell_length(width, base)
        now = self.current
        if now is not None and now.line == line:
            over = self.ink.cursor if self.has_focus else self.ink.cursor_away
            strip = Strip([Segment(s.text, (s.style or Style()) + over) for s in strip], width)
        return strip
