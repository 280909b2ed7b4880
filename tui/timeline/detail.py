"""One memory in full: its text, what hangs on it, whether it is sound, and the layers around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ...storage.clock import local_moment, on_local_clock
from ..inert import cut, inert, one_line
from ..keys import key, scrolling
from ..lines import LineView
from ..note import NO_BLURB, Blurb, blurb_lines
from .model import Detail, Layer, Look, data_url
from .text import markdown_lines, plain_lines

if TYPE_CHECKING:
    from textual import events
    from textual.selection import Selection

    from ...storage.media import AttachedFile
    from ...storage.memory import Memory
    from ..ink import Ink
    from ..moments import Dates

__all__ = ["DetailView", "file_size"]

_READING_WIDTH: Final = 88
"""Cells: longer lines are hard to read."""


def file_size(size: int) -> str:
    """A size for people: ``812 B``, ``1.2 MB``."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


class DetailView(LineView):
    """The memory under the list's cursor. ``[`` and ``]`` walk the layers beneath it, enter goes there."""

    HELP = "The memory. Arrows scroll; [ and ] choose among the layers beneath it, enter goes there."
    HELP_TITLE = "Memory"
    BINDINGS: ClassVar = [
        *scrolling("detail", page_down="pagedown,space,ctrl+f"),
        key("right_square_bracket", "layer(1)", "Next layer", "detail.layer_down", "Choose the next layer"),
        key("left_square_bracket", "layer(-1)", "Layer before", "detail.layer_up", "Choose the layer before"),
        key("enter", "go", "Go to layer", "detail.go", "Go to the chosen layer"),
        key("escape,h,left", "leave", "Back", "detail.back", "Back to the list", show=True),
    ]

    chosen: reactive[int] = reactive(-1, init=False)
    """Place of the chosen layer; -1 for none."""

    class LayerChosen(Message):
        """Another memory was chosen to go to."""

        def __init__(self, layer: Layer) -> None:
            self.layer = layer
            super().__init__()

    class Left(Message):
        """The list is wanted back."""

    def __init__(self, ink: Ink, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.detail: Detail | None = None
        self.blurb = NO_BLURB
        """What stands where there is no memory."""
        self.look: Look | None = None
        """What reading the files showed."""
        self._lines: list[Text] = []
        self._layer_lines: dict[int, int] = {}
        self._width = 0

    def show(self, detail: Detail | None, *, blurb: Blurb = NO_BLURB) -> None:
        """Show a memory from its top, or a text where there is none."""
        same = detail is not None and self.detail is not None and detail.ref == self.detail.ref
        self.detail = detail
        self.blurb = blurb
        if not same:
            self.look = None
            self.set_reactive(DetailView.chosen, -1)
        self._compose_lines()
        if not same:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def show_look(self, look: Look) -> None:
        """Add what the files showed, if the memory they belong to is still the one shown."""
        if self.detail is not None and self.detail.ref == look.ref:
            self.look = look
            self._compose_lines()

    @property
    def picture_room(self) -> tuple[int, int]:
        """Columns and rows for a picture; none where there are no colours or no blocks."""
        if self.ink.theme.plain or self.ink.ascii_only:
            return 0, 0
        width, height = self.size
        return max(0, min(width - 4, _READING_WIDTH)), max(4, min(height - 6, 30))

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self._compose_lines()

    def on_resize(self) -> None:
        """Wrap again for another width."""
        if self.size.width != self._width or self.detail is None:
            self._compose_lines()

    # -- lines ----------------------------------------------------------------------------------

    def _compose_lines(self) -> None:
        self._width = self.size.width
        width = max(8, min(self._width - 4, _READING_WIDTH))
        self._layer_lines = {}
        detail = self.detail
        if detail is None:
            room, height = self.scrollable_content_region.size
            self._lines = blurb_lines(self.blurb, room - 4, height, self.ink)
        elif detail.memory is None:
            self._lines = [Text("This memory cannot be read", self.ink.warning), Text()]
            self._lines += plain_lines(detail.trouble, width, self.ink.text)
        else:
            self._lines = self._memory(detail, detail.memory, width)
        self.extend_to(len(self._lines) + (detail is not None))
        self.refresh()

    def _memory(self, detail: Detail, memory: Memory, width: int) -> list[Text]:
        ink = self.ink
        look, colour = ink.feeling(str(memory.feeling))
        title = Text(cut(one_line(memory.concept, 120), max(4, width)).rstrip(), ink.strong)
        feeling = Text.assemble((f"{look.glyph} {one_line(look.word, 40)}", colour))
        if memory.feeling_token != memory.feeling:
            feeling.append(f" ({one_line(memory.feeling_token, 40)})", ink.muted)
        lines = [title, feeling, *plain_lines(_when(memory, ink.dates), width, ink.muted), Text()]
        if memory.intact is False:
            lines += [
                *plain_lines(
                    "! The text is not what was written: its checksum does not fit.", width, ink.warning
                ),
                Text(),
            ]
        if (inside := data_url(memory.content)) is not None:
            lines.append(Text(f"[{inside}, kept inside the memory]", ink.muted))
        else:
            lines += markdown_lines(memory.content, width, ink)
        if self.look is not None and self.look.picture:
            lines += [Text(), *self.look.picture]
        if memory.note:
            lines += [Text(), Text("Note", ink.heading), *plain_lines(memory.note, width, ink.text)]
        if memory.reading and memory.reading.get("text"):
            who = one_line(str(memory.reading.get("provider", "a model")), 40)
            lines += [Text(), Text(f"As read by {who}", ink.heading)]
            lines += plain_lines(str(memory.reading["text"]), width, ink.text)
        if memory.tags:
            tags = "  ".join(f"#{one_line(tag, 60)}" for tag in memory.tags)
            lines += [Text(), *plain_lines(tags, width, ink.style("secondary"))]
        if detail.files:
            lines += [Text(), Text("Attached", ink.heading)]
            sound = self.look.sound if self.look is not None else (None,) * len(detail.files)
            for file, fits in zip(detail.files, sound, strict=True):
                lines += self._file(file, fits, width)
        lines += self._layers(detail, width, start=len(lines))
        state, style = _state(memory, ink)
        lines += [Text(), Text.assemble((state, style), (f"  {inert(memory.memory_id[:8])}", ink.muted))]
        return lines

    def _file(self, file: AttachedFile, fits: bool | None, width: int) -> list[Text]:
        ink = self.ink
        facts = f"{one_line(file.media_type, 12)}, {file_size(file.size)}"
        if file.shared_by > 1:
            facts += f", in {file.shared_by} memories"
        name = Text(cut(one_line(file.name, 120), max(8, width - len(facts) - 4)).rstrip(), ink.link)
        line = Text.assemble(name, (f"  {facts}", ink.muted))
        if fits:
            line.append(" ✓" if not ink.ascii_only else " ok", ink.good)
        if file.path is None:
            return [
                line,
                *plain_lines("! The file is missing from the journal's folder.", width, ink.warning),
            ]
        if fits is False:
            return [line, *plain_lines("! The file is not what was attached.", width, ink.warning)]
        return [line]

    def _layers(self, detail: Detail, width: int, start: int) -> list[Text]:
        ink = self.ink
        lines: list[Text] = []
        titles = {
            "revisits": "Looks back on",
            "revisited by": "Looked back on by",
            "concept": f"Around it in {one_line(detail.memory.concept, 40) if detail.memory else ''}",
        }
        before = ""
        for place, layer in enumerate(detail.layers):
            if layer.relation != before:
                before = layer.relation
                count = f" {detail.concept_total}" if before == "concept" else ""
                lines += [Text(), Text.assemble((titles[before], ink.heading), (count, ink.muted))]
            look, colour = ink.feeling(layer.feeling)
            when = local_moment(layer.us)
            stamp = f"{when.day:2d} {when:%b %Y}"
            lead = Text.assemble((f"{stamp} ", ink.muted), (f"{look.glyph} ", colour))
            lead.append(cut(layer.text, max(4, width - len(stamp) - 3)), ink.text)
            self._layer_lines[start + len(lines)] = place
            lines.append(lead)
        return lines

    # -- layers ---------------------------------------------------------------------------------

    def validate_chosen(self, chosen: int) -> int:
        """Keep the choice among the layers there are."""
        layers = len(self.detail.layers) if self.detail else 0
        return max(0, min(chosen, layers - 1)) if layers else -1

    def watch_chosen(self, chosen: int) -> None:
        """Bring the chosen layer into view."""
        for line, place in self._layer_lines.items():
            if place == chosen:
                height = self.scrollable_content_region.height
                if not self.scroll_offset.y <= line < self.scroll_offset.y + height:
                    self.scroll_to(y=max(0, line - height // 2), animate=False, force=True, immediate=True)
        self.refresh()

    def action_layer(self, by: int) -> None:
        """Choose another layer."""
        self.chosen += by

    def action_go(self) -> None:
        """Go to the chosen layer."""
        if self.detail is not None and 0 <= self.chosen < len(self.detail.layers):
            self.post_message(self.LayerChosen(self.detail.layers[self.chosen]))

    def action_leave(self) -> None:
        """Back to the list."""
        self.post_message(self.Left())

    def on_click(self, event: events.Click) -> None:
        """Go to the layer that was clicked."""
        place = self._layer_lines.get(self.scroll_offset.y + event.y)
        if place is not None:
            self.chosen = place
            self.action_go()

    # -- drawing --------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        line = self.scroll_offset.y + y
        width, base = self.room, self.base
        if line >= len(self._lines):
            return Strip.blank(width, base)
        text = self._lines[line]
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(line)) is not None:
            text = text.copy()
            start, end = span
            text.stylize(
                self.screen.get_component_rich_style("screen--selection"),
                max(0, start - 2),
                len(text) if end == -1 else end - 2,
            )
        segments = Segment.apply_style(text.render(self.app.console), base + self._style_of(text))
        strip = Strip([Segment("  ", base), *segments]).adjust_cell_length(width, base)
        if self._layer_lines.get(line) == self.chosen and self.chosen >= 0 and self.has_focus:
            strip = Strip([Segment(s.text, (s.style or Style()) + self.ink.cursor) for s in strip], width)
        return strip.apply_offsets(0, line)

    @staticmethod
    def _style_of(text: Text) -> Style:
        return text.style if isinstance(text.style, Style) else Style.null()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that the mouse has selected."""
        return selection.extract("\n".join(f"  {line.plain}" for line in self._lines)), "\n"


def _when(memory: Memory, dates: Dates) -> str:
    here = on_local_clock(memory.time)
    text = f"{here:%A} {here.day} {here:%B %Y}, {dates.clock(here)}"
    there = memory.local_time
    if there.utcoffset() != here.utcoffset():
        text += f" ({dates.clock(there)} at {memory.utc_offset})"
    return text


def _state(memory: Memory, ink: Ink) -> tuple[str, Style]:
    tick, cross = ("✓", "✗") if not ink.ascii_only else ("ok:", "!")
    if memory.intact is None:
        return "no checksum was kept", ink.muted
    if memory.intact:
        return f"{tick} as written", ink.good
    return f"{cross} altered since it was written", ink.warning
