"""The options that several verbs share."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from . import complete
from .session import Session, UsageError

if TYPE_CHECKING:
    from ..storage.when import When

__all__ = [
    "Concept",
    "ConceptArgument",
    "FailEmpty",
    "FeelingFilter",
    "Json",
    "Limit",
    "MemoryId",
    "Since",
    "TagFilter",
    "Until",
    "empty_code",
    "filters",
    "when",
]

NOTHING_FOUND: Final = 3

Concept = Annotated[
    str | None,
    typer.Option("--concept", "-c", metavar="C", help="What it is about.", autocompletion=complete.concepts),
]
ConceptArgument = Annotated[
    str | None,
    typer.Argument(metavar="CONCEPT", help="Only about this.", autocompletion=complete.concepts),
]
MemoryId = Annotated[
    str,
    typer.Argument(metavar="ID", help="A memory's id, or its beginning.", autocompletion=complete.ids),
]
FeelingFilter = Annotated[
    list[str] | None,
    typer.Option(
        "--feeling",
        "-f",
        metavar="F",
        help="Only with this feeling, in English or Italian; several are OR.",
        autocompletion=complete.feelings,
    ),
]
TagFilter = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", "-t", metavar="T", help="Only with this tag; several are OR.", autocompletion=complete.tags
    ),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="From then on: 2024, 2024-05-31, 'yesterday 21:30', '3 days ago'."),
]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help="Until then, all of it included.")]
Limit = Annotated[int, typer.Option("--limit", "-n", metavar="N", min=0, help="At most so many; 0 is all.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
FailEmpty = Annotated[bool, typer.Option("--fail-empty", help="Exit with 3 when nothing is found.")]


def when(text: str, session: Session) -> "When":
    """Read a time, with weeks that begin as the user's do.

    Raises:
        UnreadableTimeError: it is none.
    """
    from ..storage.when import parse_when

    return parse_when(text, first_weekday=session.settings.week_begins)


def filters(
    session: Session,
    feeling: Sequence[str] | None,
    tag: Sequence[str] | None,
    since: str | None,
    until: str | None,
) -> dict[str, Any]:
    """The filters of :meth:`MemoryDB.recall` and :meth:`MemoryDB.search`.

    Raises:
        UnreadableTimeError: a time is none.
        UsageError: the span is empty.
    """
    start: datetime | None = when(since, session).start if since else None
    end: datetime | None = when(until, session).end if until else None
    if start and end and end < start:
        raise UsageError(f"nothing can be since {since} and until {until}: the end comes first")
    return {"feelings": feeling or None, "tags": tag or None, "since": start, "until": end}


def empty_code(found: int, fail_empty: bool) -> int:
    """The exit code of a verb that found so many."""
    return NOTHING_FOUND if fail_empty and not found else 0
