"""The preview: one result in full, with line numbers, highlighted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.message import Message
from textual.strip import Strip

from ..keys import key, scrolling
from ..lines import LineView
from ..note import NO_BLURB, Blurb, blurb_lines
from ..timeline.text import plain_lines

if TYPE_CHECKING:
    from ..ink import Ink
    from .model import Preview

__all__ = ["Reader"]


class Reader(LineView):
    """Shows a preview, or says why there is none."""

    HELP = "The result under the cursor. v shows it compressed, and what compressing takes away."
    HELP_TITLE = "Preview"
    BINDINGS: ClassVar = [
        *scrolling("reader"),
        key("escape,h,left", "leave", "Back", "reader.back", "Back to the results", show=True),
    ]

    class Left(Message):
        """The results are wanted back."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.ink = ink
        self.preview: Preview | None = None
        self.blurb = NO_BLURB
        """What stands where there is no preview."""
        self._lines: list[Text] = []
        self._width = 0

    def show(self, preview: Preview | None, *, blurb: Blurb = NO_BLURB) -> None:
        """Show a preview from its top, or words in its place."""
        same = preview is not None and self.preview is not None and preview.id == self.preview.id
        self.preview, self.blurb = preview, blurb
        self._lay_out()
        if not same:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self._lay_out()

    def on_resize(self) -> None:
        """Wrap for another width; being shown again is no reason to."""
        if self.size.width != self._width or self.preview is None:
            self._lay_out()

    def _lay_out(self) -> None:
        preview = self.preview
        self._width = self.size.width
        width = max(8, self._width - 4)
        if preview is None:
            room, height = self.scrollable_content_region.size
            self._lines = blurb_lines(self.blurb, room - 2, height, self.ink)
        else:
            note = plain_lines(preview.warning, width, self.ink.warning) if preview.warning else []
            note += plain_lines(preview.note, width, self.ink.muted) if preview.note else []
            digits = len(str(preview.first + len(preview.lines))) if preview.first else 0
            body = []
            for number, line in enumerate(preview.lines, preview.first):
                lead = f"{number:>{digits}} " if digits else ""
                body.append(Text.assemble((lead, self.ink.muted), line))
            if preview.first or preview.mode != "original":
                for line in body:
                    line.truncate(max(8, self._width - 2), overflow="ellipsis")
            else:
                body = self._wrapped(body, width)
            self._lines = [*note, *body]
        self.extend_to(len(self._lines))
        self.refresh()

    def _wrapped(self, lines: list[Text], width: int) -> list[Text]:
        """Prose is wrapped, code is cut: its shape tells."""
        return [part for line in lines for part in plain_lines(line.plain, width, self.ink.text)]

    def action_leave(self) -> None:
        """Back to the results."""
        self.post_message(self.Left())

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        place = self.scroll_offset.y + y
        width, base = self.room, self.base
        if place >= len(self._lines):
            return Strip.blank(width, base)
        text = self._lines[place]
        style = text.style if isinstance(text.style, Style) else Style.null()
        segments = Segment.apply_style(text.render(self.app.console), base + style)
        return Strip([Segment(" ", base), *segments]).adjust_cell_length(width, base)
