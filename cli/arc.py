"""The verb that shows how memories feel over time: arc."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    ConceptArgument,
    FailEmpty,
    FeelingFilter,
    Json,
    Since,
    TagFilter,
    Until,
    empty_code,
    filters,
)
from .session import Failure, session_of, warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from ..storage.affect import Period, Shift
    from ..storage.feelings import Feeling
    from ..storage.journal import MemoryDB
    from ..storage.views import Columns
    from .session import Session

__all__ = ["VERBS", "Arc"]


class _By(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Arc:
    """What the verb prints.

    Attributes:
        concept: Whose arc it is; empty for the whole journal.
        by: How memories are taken together.
        arc: From what to what, in words.
        periods: Those that have memories, oldest first.
        line: The smoothed valence at each day with memories.
        shifts: Where valence lastingly changed.
    """

    concept: str
    by: str
    arc: str
    periods: Sequence[Period]
    line: Sequence[tuple[date, float]]
    shifts: Sequence[Shift]

    @property
    def smoothed(self) -> list[float | None]:
        """The line's value at the last day of each period."""
        values: list[float | None] = []
        at = 0
        for number, period in enumerate(self.periods):
            following = self.periods[number + 1].start if number + 1 < len(self.periods) else None
            last = None
            while at < len(self.line) and (following is None or self.line[at][0] < following):
                last = self.line[at][1]
                at += 1
            values.append(last if period.affect else None)
        return values


def arc(
    ctx: typer.Context,
    concept: ConceptArgument = None,
    by: Annotated[_By, typer.Option("--by", help="What to take together.")] = _By.MONTH,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write a picture there; - is stdout.")
    ] = None,
    feeling: FeelingFilter = None,
    tag: TagFilter = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Follow how memories feel over time.

    Valence goes from -1 (unpleasant) to 1 (pleasant); the line is smoothed over time.
    """
    from ..llm.computed import arc_words
    from ..storage.affect import by_day, line, periods, shifts

    session = session_of(ctx)
    chosen = filters(session, feeling, tag, since, until)
    with session.open() as journal:
        columns = journal.columns(concept, **chosen)
        days = by_day(columns.times, columns.feelings, columns.names)
        turns = shifts(days)
        found = Arc(
            concept or "",
            by.value,
            arc_words(days, turns, session.settings.language),
            periods(days, by.value),
            line(days),
            turns,
        )
        if svg is not None:
            _write_svg(svg, found, columns, journal, session)
        else:
            session.printer(as_json=json).arc(found)
        if not days:
            warn(f"nothing is about {concept!r}" if concept else f"the journal {journal.path} has no arc yet")
    return empty_code(len(found.periods), fail_empty)


def arc_json(found: Arc) -> dict[str, Any]:
    """An arc as programs get it."""
    return {
        "concept": found.concept or None,
        "by": found.by,
        "arc": found.arc,
        "periods": [
            {
                "start": period.start.isoformat(),
                "memories": period.size,
                "valence": _rounded(period.affect.valence if period.affect else None),
                "arousal": _rounded(period.affect.arousal if period.affect else None),
                "smoothed": _rounded(smoothed),
                "feelings": {str(name): n for name, n in period.feelings.items()},
            }
            for period, smoothed in zip(found.periods, found.smoothed, strict=True)
        ],
        "shifts": [
            {
                "day": shift.day.isoformat(),
                "before": _rounded(shift.before),
                "after": _rounded(shift.after),
                "t": _rounded(shift.t),
            }
            for shift in found.shifts
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def signed(value: float) -> str:
    """A valence with its sign and two digits; what rounds to nothing is ``+0.00``."""
    return f"{round(value, 2) + 0.0:+.2f}"


def strongest(feelings: Mapping[Feeling | str, int]) -> list[tuple[Feeling | str, int]]:
    """The three feelings of a period with most memories."""
    return sorted(feelings.items(), key=lambda item: (-item[1], item[0]))[:3]


def _write_svg(path: Path, found: Arc, columns: Columns, journal: MemoryDB, session: Session) -> None:
    import sys

    from ..drawing.arc_chart import MOST_SPOTS, arc_chart
    from ..drawing.arc_svg import arc_svg
    from ..places import write_private
    from ..settings import themes_dir
    from ..themes import load_themes
    from .plain import encode_stdout

    themes, _ = load_themes(themes_dir())
    theme = themes.get(session.settings.theme, themes["dark"])
    few = len(columns.times) <= MOST_SPOTS
    memories = journal.read_many(columns.refs) if few else []
    language = session.settings.language
    text = arc_svg(arc_chart(found.concept, found.arc, found.periods, found.line, memories, theme, language))
    if str(path) == "-":
        encode_stdout("utf-8")
        sys.stdout.write(text)
        return
    try:
        write_private(path, text)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from None
    warn(f"wrote {path}")


VERBS = {"arc": arc}
