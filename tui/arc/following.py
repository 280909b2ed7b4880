"""Transitions between feelings: after which one comes which other, most often first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...drawing.canvas import bar
from ..inert import cut, one_line
from .views import ArcView, Piece

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..ink import Ink

__all__ = ["FollowingView"]

_WORD = 12


class FollowingView(ArcView):
    """A line for each pair: how often, and how large a part of what follows the first."""

    HELP = "After a memory of the feeling at the left, how often one of the feeling at the right came."
    HELP_TITLE = "What follows"

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.transitions: Mapping[tuple[str, str], int] = {}

    def show(self, transitions: Mapping[tuple[str, str], int]) -> None:
        """Draw other pairs."""
        self.transitions = transitions
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """A heading, and as many pairs as there are lines."""
        ink = self.ink
        wholes: Counter[str] = Counter()
        for (one, _), n in self.transitions.items():
            wholes[one] += n
        lines = [self.heading(" what follows what", width)]
        most = next(iter(self.transitions.values()), 1)
        figures = len(f"{most:,}")
        arrow = " > " if ink.ascii_only else " → "
        room = max(0, width - 2 * (_WORD + 2) - len(arrow) - figures - 9)
        for (one, other), n in list(self.transitions.items())[: max(0, height - 1)]:
            first, first_style = ink.feeling(one)
            second, second_style = ink.feeling(other)
            lines.append(
                [
                    (f" {first.glyph} {cut(one_line(first.word, 40), _WORD)}", first_style),
                    (arrow, ink.muted),
                    (f"{second.glyph} {cut(one_line(second.word, 40), _WORD)}", second_style),
                    (f" {n:>{figures},} {round(100 * n / wholes[one]):>3}% ", ink.muted),
                    (bar(n / most, room, ascii_only=ink.ascii_only), second_style),
                ]
            )
        return lines
