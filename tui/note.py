"""What stands in a pane in place of all else: what it is for or what went wrong, and the keys to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from .lines import LineView
from .timeline.text import plain_lines

if TYPE_CHECKING:
    from textual.geometry import Region

    from .ink import Ink

__all__ = ["NO_BLURB", "Blurb", "Note", "blurb_lines"]

_WIDEST = 62
"""Cells of a line that is read with ease."""


class Blurb(NamedTuple):
    """A title, words beneath it, and keys with what each does; ``failed`` where something went wrong."""

    title: str
    text: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    failed: bool = False


NO_BLURB = Blurb("")


def blurb_lines(blurb: Blurb, width: int, height: int, ink: Ink) -> list[Text]:
    """Its lines as a block in the middle of so many cells, a third of the way down the lines.

    Where they are too many, only the first sentence of the text stays, then none, then the first keys.
    """
    lines = _block(blurb, width, ink)
    for text in (f"{blurb.text.partition('. ')[0].rstrip('.')}.", ""):
        if len(lines) > height and blurb.text and blurb.keys:
            lines = _block(blurb._replace(text=text), width, ink)
    while len(lines) > height > 0 and len(blurb.keys) > 1:
        blurb = blurb._replace(text="", keys=blurb.keys[:-1])
        lines = _block(blurb, width, ink)
    return [Text()] * max(0, (height - len(lines)) // 3) + lines


def _block(blurb: Blurb, width: int, ink: Ink) -> list[Text]:
    longest = max(map(len, blurb.text.split()), default=0)  # a path stays whole where it can
    room = max(8, min(width - 2, max(_WIDEST, longest)))
    lines = plain_lines(blurb.title, room, ink.warning if blurb.failed else ink.heading)
    if blurb.text:
        lines += [Text(), *plain_lines(blurb.text, room, ink.muted)]
    if blurb.keys:
        lines.append(Text())
    wide = max((len(key) for key, _ in blurb.keys), default=0)
    for key, label in blurb.keys:
        for number, part in enumerate(plain_lines(label, room - wide - 2, ink.text)):
            lines.append(Text.assemble((f"{'' if number else key:<{wide}}  ", ink.heading), part))
    left = max(0, (width - max(line.cell_len for line in lines)) // 2)
    for line in lines:
        line.pad_left(left)
    return lines


class Note(LineView):
    """A text in the middle; it takes the keys meanwhile."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.blurb = NO_BLURB
        self._lines: list[Text] = []
        self._written_for = (0, 0)

    def say(self, blurb: Blurb) -> None:
        """Show a text, whoever wrote it."""
        self.blurb = blurb
        self._lay_out()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self._lay_out()

    def on_resize(self) -> None:
        """Lay it out for another size."""
        self._lay_out()

    def _lay_out(self) -> None:
        self._write()
        self.extend_to(len(self._lines))
        self.refresh()

    def _write(self) -> None:
        self._written_for = width, height = self.scrollable_content_region.size
        self._lines = blurb_lines(self.blurb, width, height, self.ink) if width else []

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines; the first frame may come before the size is told."""
        if self._written_for != self.scrollable_content_region.size:
            self._write()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        place = self.scroll_offset.y + y
        if place >= len(self._lines):
            return Strip.blank(self.room, self.base)
        text = self._lines[place]
        style = text.style if isinstance(text.style, Style) else Style.null()
        segments = Segment.apply_style(text.render(self.app.console), self.base + style)
        return Strip(segments).adjust_cell_length(self.room, self.base)
