"""The last guard before the terminal: of whatever a widget drew, nothing gets through that would act on it.

What mnemo draws itself is made inert where it is read, visibly. Fields that are written in, and notices, hold
their text as it is; there what acts is left out of the picture alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

__all__ = ["Guard"]

# Controls, marks that turn the line around, and marks of no width: none of them takes up a cell.
_ACTING: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


class Guard(LineFilter):
    """Leaves out of every line what acts on a terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments without it."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment if segment.control else Segment(_ACTING.sub("", segment.text), segment.style)
            for segment in segments
        ]
