"""The arc as a standalone SVG 1.1: the line of valence with its points, and feelings by period beneath.

It reads without colour and without eyes: ``role="img"`` with a title and a description, a title on every
point and bar, and a legend that names each feeling beside its glyph. No script, no font, no link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from .ticks import Tick, ticks

__all__ = ["Chart", "Column", "Look", "Spot", "arc_svg"]

_WIDTH, _LEFT, _RIGHT = 960, 64, 24
_LINE_TOP, _LINE_HEIGHT = 72, 260
_BARS_TOP, _BARS_HEIGHT = 372, 120
_LEGEND_TOP, _LEGEND_STEP, _LEGEND_COLUMNS = 540, 22, 5
_LEAST: Final = 3
"""Memories that the whole height of the bars stands for, at least."""
_CHARACTER: Final = 8
"""Units that a figure of a date is wide, at most."""

Across = Callable[[date], float]


class Look(NamedTuple):
    """How a feeling is drawn: its glyph, its word, and a colour (``#rrggbb``)."""

    glyph: str
    word: str
    colour: str


class Spot(NamedTuple):
    """A point: its day, its valence from -1 to 1, its feeling, and what it says when pointed at."""

    day: date
    valence: float
    feeling: str
    label: str


class Column(NamedTuple):
    """A period: its first day, and how many memories have each feeling."""

    start: date
    feelings: Mapping[str, int]
    label: str


class Chart(NamedTuple):
    """All that is drawn.

    ``ink`` are the colours ``background``, ``foreground``, ``muted`` and ``primary``.
    """

    title: str
    description: str
    pleasant: str
    unpleasant: str
    line: Sequence[tuple[date, float]]
    spots: Sequence[Spot]
    columns: Sequence[Column]
    looks: Mapping[str, Look]
    ink: Mapping[str, str]


def arc_svg(chart: Chart) -> str:
    """Draw the chart; the text is whole and may be written to a file as UTF-8."""
    days = [
        *(day for day, _ in chart.line),
        *(spot.day for spot in chart.spots),
        *(column.start for column in chart.columns),
    ]
    first, last = (min(days), max(days)) if days else (date(2000, 1, 1), date(2000, 1, 1))
    span = max((last - first).days, 1)

    def across(day: date) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (day - first).days / span

    legend = [chart.looks[name] for name in _present(chart)]
    height = _LEGEND_TOP + _LEGEND_STEP * (-(-len(legend) // _LEGEND_COLUMNS)) + 16
    ink = chart.ink
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f'<title id="title">{_text(chart.title)}</title>',
        f'<desc id="desc">{_text(chart.description)}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="{ink["background"]}"/>',
        f'<text x="{_LEFT}" y="38" font-size="20" fill="{ink["foreground"]}">{_text(chart.title)}</text>',
        *_axes(chart, first, last, span),
        *_line(chart, across),
        *_bars(chart, across, last, span),
        *_legend(legend, ink),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _down(valence: float) -> float:
    return _LINE_TOP + _LINE_HEIGHT * (1 - valence) / 2


def _axes(chart: Chart, first: date, last: date, span: int) -> Iterable[str]:
    muted = chart.ink["muted"]
    for value, word in ((1, chart.pleasant), (0, ""), (-1, chart.unpleasant)):
        y = _down(value)
        yield (
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{muted}" '
            f'stroke-opacity="0.4"{"" if value else " stroke-dasharray=" + chr(34) + "2 4" + chr(34)}/>'
        )
        label = f"{value:+d}" if value else "0"
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{muted}">{label}</text>'
        if word:
            up = 16 if value > 0 else -8
            yield f'<text x="{_LEFT + 4}" y="{y + up:.1f}" fill="{muted}">{_text(word)}</text>'
    left, wide = first.toordinal(), _WIDTH - _LEFT - _RIGHT
    one_day = [Tick(left, first.isoformat())]
    for at, label in ticks(left, last.toordinal(), wide // _CHARACTER) if last > first else one_day:
        x = _LEFT + wide * (at - left) / span
        anchor = "end" if x + len(label) * _CHARACTER / 2 > _WIDTH else "middle"
        yield (
            f'<text x="{x:.1f}" y="{_LINE_TOP + _LINE_HEIGHT + 22}" text-anchor="{anchor}" '
            f'fill="{muted}">{label}</text>'
        )


def _line(chart: Chart, across: Across) -> Iterable[str]:
    if len(chart.line) > 1:
        points = " ".join(f"{across(day):.1f},{_down(value):.1f}" for day, value in chart.line)
        yield (
            f'<polyline points="{points}" fill="none" stroke="{chart.ink["primary"]}" stroke-width="2.5" '
            f'stroke-linejoin="round"/>'
        )
    for spot in chart.spots:
        colour = chart.looks[spot.feeling].colour
        yield (
            f'<circle cx="{across(spot.day):.1f}" cy="{_down(spot.valence):.1f}" r="4" fill="{colour}" '
            f'fill-opacity="0.8"><title>{_text(spot.label)}</title></circle>'
        )


def _bars(chart: Chart, across: Across, last: date, span: int) -> Iterable[str]:
    most = max(_LEAST, *(sum(column.feelings.values()) for column in chart.columns), 0)
    starts = [*(column.start for column in chart.columns), last]
    for column, following in zip(chart.columns, starts[1:], strict=True):
        left = across(column.start)
        # A period is as wide as its days, and no wider than what follows it.
        width = max(1.0, min(across(following) - left, 31 * (_WIDTH - _LEFT - _RIGHT) / span) - 1)
        width = min(width, _WIDTH - _RIGHT - left) if left < _WIDTH - _RIGHT - 1 else 1.0
        y = float(_BARS_TOP + _BARS_HEIGHT)
        yield f"<g><title>{_text(column.label)}</title>"
        for feeling, count in column.feelings.items():
            height = _BARS_HEIGHT * count / most
            y -= height
            yield (
                f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
                f'fill="{chart.looks[feeling].colour}"/>'
            )
        yield "</g>"


def _legend(legend: Sequence[Look], ink: Mapping[str, str]) -> Iterable[str]:
    step = (_WIDTH - _LEFT - _RIGHT) / _LEGEND_COLUMNS
    for number, look in enumerate(legend):
        x = _LEFT + step * (number % _LEGEND_COLUMNS)
        y = _LEGEND_TOP + _LEGEND_STEP * (number // _LEGEND_COLUMNS)
        yield f'<circle cx="{x + 5:.1f}" cy="{y - 4}" r="5" fill="{look.colour}"/>'
        yield (
            f'<text x="{x + 17:.1f}" y="{y}" fill="{ink["foreground"]}">'
            f"{_text(look.glyph)} {_text(look.word)}</text>"
        )


def _present(chart: Chart) -> list[str]:
    """The feelings that are drawn, in the order of the looks."""
    seen = {spot.feeling for spot in chart.spots}
    seen.update(feeling for column in chart.columns for feeling in column.feelings)
    return [name for name in chart.looks if name in seen]


def _text(text: str) -> str:
    """Text that XML 1.0 takes: markup escaped, control characters replaced."""
    clean = "".join(char if char.isprintable() or char == " " else "\ufffd" for char in text)
    return escape(clean.encode("utf-8", "replace").decode(), {'"': "&quot;"})
