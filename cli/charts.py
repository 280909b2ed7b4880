"""Pictures of an arc on a terminal, with braille and blocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.text import Text

from ..drawing.canvas import Canvas, diverging_bar
from ..storage.feelings import kin_of
from .arc_data import signed, strongest
from .inert import one_line
from .printer import feeling_word

if TYPE_CHECKING:
    from ..settings import Settings
    from ..themes import Theme
    from .arc_data import Arc

__all__ = ["line_chart", "period_lines"]

_AXIS = 4


def line_chart(
    found: Arc, width: int, height: int, *, line: str, axis: str, ascii_only: bool
) -> Iterator[Text]:
    """The smoothed line over time with its axes; ``line`` and ``axis`` are styles."""
    canvas: Canvas[str] = Canvas(max(width - _AXIS, 8), height, ascii_only=ascii_only)
    days = [day.toordinal() for day, _ in found.line]
    span = max(days[-1] - days[0], 1)
    middle = (canvas.down - 1) / 2
    for x in range(0, canvas.across, 4):
        canvas.dot(x, round(middle), axis)
    spots = [
        (round((day - days[0]) / span * (canvas.across - 1)), round(middle * (1 - value)))
        for day, (_, value) in zip(days, found.line, strict=True)
    ]
    if len(spots) == 1:
        canvas.dot(*spots[0], line)
    for one, other in pairwise(spots):
        canvas.line(*one, *other, line)
    labels = {0: " +1 ", height // 2: "  0 ", height - 1: " -1 "}
    for row, runs in enumerate(canvas.rows()):
        text = Text().append(labels.get(row, " " * _AXIS), axis)
        for run in runs:
            text.append(run.text, style=run.style or "")
        yield text
    first, last = found.line[0][0].isoformat(), found.line[-1][0].isoformat()
    yield Text(" " * _AXIS + first + last.rjust(max(canvas.width - len(first), len(last) + 1)), style=axis)


def period_lines(found: Arc, theme: Theme, settings: Settings, *, ascii_only: bool) -> Iterator[Text]:
    """A line for each period: when, how many, its valence as a bar from the middle, its feelings."""
    most = max(len(str(period.size)) for period in found.periods)
    for period in found.periods:
        when = period.start.isoformat()[: 7 if found.by == "month" else 10]
        text = Text().append(f"{when}  {period.size:>{most}}  ", style="dim")
        value = period.affect.valence if period.affect else 0.0
        low, high = diverging_bar(value, 8, ascii_only=ascii_only)
        text.append(low, style=_colour(theme, "sadness")).append("|" if ascii_only else "│", style="dim")
        text.append(high, style=_colour(theme, "joy"))
        text.append(f" {signed(value)}" if period.affect else "      ", style="dim")
        for name, count in strongest(period.feelings):
            look = theme.look(str(name), kin_of(name), ascii_only=ascii_only)
            word = one_line(feeling_word(str(name), settings), 24)
            text.append("  ").append(f"{look.glyph} {word}", style=_style(look.colour))
            text.append(f" {count}", style="dim")
        yield text


def _colour(theme: Theme, feeling: str) -> str:
    return _style(theme.feelings[feeling])


def _style(colour: str) -> str:
    return "" if colour == "default" else colour
