"""The verb that shows how memories feel over time: arc."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arc_data import Arc
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
    from ..storage.journal import MemoryDB
    from ..storage.views import Columns
    from .session import Session

__all__ = ["VERBS"]


class _By(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


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


def _write_svg(path: Path, found: Arc, columns: "Columns", journal: "MemoryDB", session: "Session") -> None:
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
