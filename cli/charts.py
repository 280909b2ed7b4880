"""Pictures of an arc: on a terminal with braille and blocks, and what an SVG is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.text import Text

from ..drawing.arc_svg import Chart, Column, Look, Spot
from ..drawing.canvas import Canvas, diverging_bar
from ..storage.affect import affect_of
from ..storage.feelings import Feeling, kin_of
from .arc import signed, strongest
from .inert import one_line
from .printer import feeling_word

if TYPE_CHECKING:
    from ..settings import Settings
    from ..storage.memory import Memory
    from ..themes import Theme
    from .arc import Arc

__all__ = ["chart_of", "line_chart"]

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


def chart_of(found: Arc, memories: Sequence[Memory], theme: Theme, settings: Settings) -> Chart:
    """What the SVG shows: memories as points where they are given, else the periods' means."""
    seen = {str(name) for period in found.periods for name in period.feelings}
    # The fifteen in their order, so that a feeling has the same place in every column.
    names = [*(feeling for feeling in Feeling if feeling in seen), *sorted(seen - set(Feeling))]
    looks = {}
    for name in names:
        look = theme.look(name, kin_of(name))
        colour = look.colour if look.colour.startswith("#") else "#808080"
        looks[name] = Look(look.glyph, feeling_word(name, settings), colour)
    if memories:
        spots = [
            Spot(
                memory.time.astimezone().date(),
                place.valence,
                str(memory.feeling),
                f"{memory.time.astimezone().date().isoformat()} {memory.concept}, "
                f"{feeling_word(memory.feeling, settings)}: {one_line(memory.content, 80)}",
            )
            for memory in memories
            if (place := affect_of(memory.feeling))
        ]
    else:
        spots = [
            Spot(
                period.start,
                period.affect.valence,
                str(strongest(period.feelings, 1)[0][0]),
                f"{period.start.isoformat()}: {period.size:,}, {signed(period.affect.valence)}",
            )
            for period in found.periods
            if period.affect
        ]
    italian = settings.language == "it"
    whole = sum(period.size for period in found.periods)
    title = found.concept or ("Tutti i ricordi" if italian else "All memories")
    count = f"{whole} ricordi" if italian else f"{whole:,} memories"
    plain = theme.plain
    return Chart(
        title=title,
        description=f"{count}, {found.arc}." if found.arc else count,
        pleasant="piacevole" if italian else "pleasant",
        unpleasant="spiacevole" if italian else "unpleasant",
        line=found.line,
        spots=spots,
        columns=[
            Column(
                period.start,
                {name: period.feelings[name] for name in names if name in period.feelings},
                f"{period.start.isoformat()}: "
                + ", ".join(
                    f"{feeling_word(str(name), settings)} {n}" for name, n in strongest(period.feelings)
                ),
            )
            for period in found.periods
        ],
        looks=looks,
        ink={
            name: "#ffffff" if plain and name == "background" else "#202020" if plain else theme.colours[name]
            for name in ("background", "foreground", "muted", "primary")
        },
    )


def _colour(theme: Theme, feeling: str) -> str:
    return _style(theme.feelings[feeling])


def _style(colour: str) -> str:
    return "" if colour == "default" else colour
