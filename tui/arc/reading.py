"""From a journal to what the Arc pane draws; runs in workers, knows no screen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...drawing.arc_chart import MOST_SPOTS, arc_chart
from ...drawing.arc_svg import arc_svg
from ...llm.computed import arc_words, reflect
from ...places import private_dir, write_private
from ...settings import SettingsError
from ...storage.affect import Day, by_day, line, mean_affect, periods, shifts, smooth, transitions
from ...storage.errors import JournalError
from ..inert import one_line
from .model import Arc, Band, Look, Mark, Read, Scene, Shown, Window

if TYPE_CHECKING:
    from ...llm.answers import Reflection
    from ...llm.pacing import Cancel
    from ...storage.affect import Span
    from ...storage.feelings import Feeling
    from ...storage.journal import MemoryDB
    from ...storage.views import Columns
    from ...themes import Theme
    from ..stale import Staleness

__all__ = [
    "means_of",
    "midnight",
    "read",
    "read_arc",
    "read_shown",
    "scene_as",
    "scene_of",
    "tell",
    "write_svg",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT: Final = 4000


def read_arc(db: MemoryDB, concept: str, language: str, ticket: Staleness, before: Arc | None = None) -> Arc:
    """Read a concept's arc, or that of all memories where it is empty.

    Where it only goes on after one that was read ``before``, the days until then are not counted again.
    """
    generation = db.state()[1]
    columns = db.columns(concept or None)
    times, feelings, _, names = columns
    kept: Sequence[Day] = ()
    means: Sequence[tuple[float, float, int]] = ()
    counted: Mapping[tuple[Feeling | str, Feeling | str], int] = {}
    start = joint = 0
    if before is not None and _goes_on(before, concept, columns, generation):
        joint = len(before.columns.times) - 1
        *kept, last = before.days
        start = joint + 1 - last.size
        means = before.means[: len(before.means) - len(means_of([last]))]
        counted = before.transitions
    later = by_day(times[start:], feelings[start:], names)
    days = [*kept, *later]
    words = "" if ticket.stale else arc_words(days, shifts(days), language)
    follows = {} if ticket.stale else transitions(feelings[joint:], names, counted)
    means = [*means, *means_of(later)]
    return Arc(concept, columns, days, means, words, follows, db.concepts(), generation)


def read(
    db: MemoryDB, concept: str, language: str, ticket: Staleness, before: Arc | None, look: Look
) -> Read:
    """Read an arc, and lay it out as it is looked at: what comes at once is drawn in one frame."""
    arc = read_arc(db, concept, language, ticket, before)
    return Read(arc, look, scene_as(arc, look) if arc.days and not ticket.stale else None)


def scene_as(arc: Arc, look: Look) -> Scene:
    """Lay out what is looked at of an arc that has days."""
    return scene_of(arc, look.window or arc.whole, look.columns, look.span, look.first_weekday)


def _goes_on(before: Arc, concept: str, columns: Columns, generation: int) -> bool:
    """Whether all that is new comes after what an arc has, of the same log and concept.

    Memories are in order and none goes, so nothing came between where the last one stands at its place.
    """
    had = before.columns
    last = len(had.times) - 1
    return (
        (before.concept, before.generation) == (concept, generation)
        and 0 <= last < len(columns.times)
        and (had.times[last], had.refs[last]) == (columns.times[last], columns.refs[last])
    )


def means_of(days: Sequence[Day]) -> list[tuple[float, float, int]]:
    """Where the line's days are: the ordinal at noon, the mean valence, how many memories."""
    return [
        (day.day.toordinal() + 0.5, place.valence, day.size)
        for day in days
        if (place := mean_affect(day.feelings))
    ]


def scene_of(
    arc: Arc, window: Window, columns: int, span: Span | None = None, first_weekday: int = 0
) -> Scene:
    """Lay a window of an arc out over columns of dots; the span of the stack follows the window if None.

    Where there are few memories each stands at its own time, else at its day.
    """
    span = span or span_for(window)
    first, last = (bisect_left(arc.days, edge, key=_ordinal) for edge in (window.first, window.last + 1))
    days = arc.days[first:last]
    count = sum(day.size for day in days)
    return Scene(
        window,
        columns,
        _exact_marks(arc, window, columns) if count <= _EXACT else _day_marks(days, window, columns),
        _line(arc, window, columns),
        _bands(days, window, columns, span, first_weekday),
        span,
        count,
    )


def span_for(window: Window) -> Span:
    """The span that makes of a window some dozens of periods."""
    if window.days <= 62:
        return "day"
    if window.days <= 420:
        return "week"
    return "month" if window.days <= 4000 else "year"


def _ordinal(day: Day) -> int:
    return day.day.toordinal()


def column_of(ordinal: float, window: Window, columns: int) -> int:
    """The column of dots that a moment falls in, days as ordinals."""
    return int((ordinal - window.first) * columns / window.days)


def midnight(ordinal: int) -> int:
    """When a local day begins, in microseconds since 1970 UTC."""
    day = datetime.combine(date.fromordinal(max(1, min(ordinal, date.max.toordinal()))), datetime.min.time())
    try:
        return (day.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except (OverflowError, ValueError):  # the first and last days there are
        return (day.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def _exact_marks(arc: Arc, window: Window, columns: int) -> list[Mark]:
    start, end = midnight(window.first), midnight(window.last + 1)
    times, feelings, _, names = arc.columns
    counted: Counter[tuple[int, int]] = Counter()
    span = max(end - start, 1)
    for place in range(bisect_left(times, start), bisect_right(times, end - 1)):
        column = (times[place] - start) * columns // span
        counted[min(column, columns - 1), feelings[place]] += 1
    return [Mark(column, names[number], n) for (column, number), n in sorted(counted.items())]


def _day_marks(days: Sequence[Day], window: Window, columns: int) -> list[Mark]:
    counted: dict[tuple[int, str], int] = {}
    for day in days:
        column = column_of(day.day.toordinal() + 0.5, window, columns)
        for feeling, n in day.feelings.items():
            counted[column, feeling] = counted.get((column, feeling), 0) + n
    return [Mark(column, feeling, n) for (column, feeling), n in sorted(counted.items())]


def _line(arc: Arc, window: Window, columns: int) -> list[float | None]:
    """The smoothed line at the middle of every column, straight between days; smoother from farther away."""
    at = [mean[0] for mean in arc.means]
    constant = max(1.0, min(90.0, window.days / 30))
    spots = smooth(at, [mean[1] for mean in arc.means], [float(mean[2]) for mean in arc.means], constant)
    values: list[float | None] = []
    reach = 0.5 + window.days / columns
    for column in range(columns):
        x = window.first + (column + 0.5) * window.days / columns
        after = bisect_left(at, x)
        if not at or x < at[0] - reach or x > at[-1] + reach:
            values.append(None)
        elif after in (0, len(at)):
            values.append(spots[min(after, len(at) - 1)])
        else:
            share = (x - at[after - 1]) / (at[after] - at[after - 1])
            values.append(spots[after - 1] * (1 - share) + spots[after] * share)
    return values


def _bands(days: Sequence[Day], window: Window, columns: int, span: Span, first_weekday: int) -> list[Band]:
    found = []
    for period in periods(days, span, first_weekday):
        start = max(0, column_of(period.start.toordinal(), window, columns))
        end = min(columns, column_of(_next(period.start, span), window, columns))
        found.append(Band(min(start, columns - 1), max(end, start + 1), period.start, period.feelings))
    return found


def _next(day: date, span: Span) -> int:
    """The ordinal of the first day after a period."""
    if span in ("day", "week"):
        return day.toordinal() + (1 if span == "day" else 7)
    year = day.year + (1 if span == "year" or day.month == 12 else 0)
    month = 1 if span == "year" else day.month % 12 + 1
    return date(year, month, 1).toordinal() if year <= date.max.year else date.max.toordinal() + 1


def read_shown(db: MemoryDB, ref: int, us: int) -> Shown:
    """Read the memory under the cursor."""
    memory = db.read(ref)
    return Shown(ref, us, memory.feeling, one_line(memory.concept, 60), one_line(memory.content, 600))


def tell(db: MemoryDB, arc: Arc, language: str, show: Callable[[str], None], cancel: Cancel) -> Reflection:
    """Tell an arc in words: the computed ones at once, then a model's as they come, where one is set up.

    ``show`` gets all the words there are so far; ``confidence_note`` says why a model did not tell. One that
    would have to be allowed first is not asked.
    """
    from ...llm.brain import Brain  # noqa: PLC0415 -- nobody reflects before the first frame
    from ...llm.errors import BrokenOffError, ModelError  # noqa: PLC0415
    from ...llm.router import open_router  # noqa: PLC0415

    base = reflect(db, arc.concept or None, language=language, columns=arc.columns)
    base = replace(base, confidence_note="")
    show(base.text)
    parts: list[str] = []
    notes: list[str] = []

    def add(part: str) -> None:
        parts.append(part)
        show("".join(parts))

    try:
        router = open_router()
        if router is None:
            return base
        brain = Brain(db, router, language=language, on_note=notes.append)
        found = brain.reflect(arc.concept or None, on_text=add, cancel=cancel)
    except BrokenOffError as error:
        return replace(base, text="".join(parts), confidence_note=str(error))
    except (ModelError, SettingsError) as error:
        return replace(base, confidence_note=str(error))
    return replace(found, confidence_note="; ".join(notes))


def write_svg(db: MemoryDB, arc: Arc, theme: Theme, language: str, output: Path) -> Path:
    """Write an arc's picture.

    Raises:
        JournalError: it cannot be written.
    """
    refs = arc.columns.refs
    memories = db.read_many(refs) if len(refs) <= MOST_SPOTS else []
    span: Span = "month" if arc.whole.days <= 4000 else "year"
    chart = arc_chart(
        arc.concept, arc.words, periods(arc.days, span), line(arc.days), memories, theme, language
    )
    try:
        private_dir(output.parent)
        write_private(output, arc_svg(chart))
    except OSError as error:
        raise JournalError(f"cannot write {output}: {error.strerror}") from None
    return output
