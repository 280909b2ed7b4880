"""Verbs that find memories: recall, search, timeline, on-this-day."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..storage.clock import on_local_clock
from . import complete
from .options import (
    Concept,
    ConceptArgument,
    FailEmpty,
    FeelingFilter,
    Json,
    Limit,
    Since,
    TagFilter,
    Until,
    empty_code,
    filters,
    when,
)
from .progress import Progress
from .session import session_of, warn
from .stdin import text_argument

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB
    from ..storage.memory import Memory

__all__ = ["VERBS", "index_words"]

_AT_ONCE: Final = 500
_WORTH_INDEXING: Final = 4 << 20


def recall(
    ctx: typer.Context,
    concept: ConceptArgument = None,
    feeling: FeelingFilter = None,
    tag: TagFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Oldest first.")] = False,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Recall memories, newest first."""
    session = session_of(ctx)
    chosen = filters(session, feeling, tag, since, until)
    with session.open() as journal:
        if 0 < limit <= _AT_ONCE:
            found: Iterable[Memory] = journal.recall(
                concept, **chosen, limit=limit, oldest_first=oldest_first
            )
        else:
            refs = journal.listing(concept, **chosen).refs
            found = _streamed(journal, islice(reversed(refs) if oldest_first else refs, limit or None))
        count = session.printer(as_json=json).memories(found)
        if not count:
            _say_why_nothing(journal, concept)
    return empty_code(count, fail_empty)


def search(
    ctx: typer.Context,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help='Words, OR, "a phrase", prefix*; - reads them from stdin.')
    ],
    concept: Concept = None,
    feeling: FeelingFilter = None,
    tag: TagFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Search the words of memories, best first.

    Words are AND, OR is or, "quotes" make a phrase and a* a prefix; accents and case do not matter.
    """
    session = session_of(ctx)
    chosen = filters(session, feeling, tag, since, until)
    words = text_argument(text)
    with session.open() as journal:
        index_words(journal)
        found = journal.search(words, concept=concept, **chosen, limit=limit or None)
        count = session.printer(as_json=json).memories(found)
        if not count and not journal.count():
            _say_why_nothing(journal, None)
    return empty_code(count, fail_empty)


def timeline(
    ctx: typer.Context,
    concept: Annotated[
        str, typer.Argument(metavar="CONCEPT", help="What to follow.", autocompletion=complete.concepts)
    ],
    feeling: FeelingFilter = None,
    tag: TagFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Follow one concept through time, oldest first.

    The limit keeps the latest.
    """
    session = session_of(ctx)
    chosen = filters(session, feeling, tag, since, until)
    with session.open() as journal:
        refs = journal.listing(concept, **chosen).refs
        kept = refs[:limit] if limit else refs
        count = session.printer(as_json=json).memories(_streamed(journal, reversed(kept)))
        if len(refs) > count:
            warn(f"{len(refs) - count:,} earlier ones are not shown; --limit 0 shows all")
        if not count:
            _say_why_nothing(journal, concept)
    return empty_code(count, fail_empty)


def on_this_day(
    ctx: typer.Context,
    day: Annotated[str | None, typer.Option(metavar="WHEN", help="Another day than today.")] = None,
    limit: Limit = 50,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Recall this day in earlier years."""
    session = session_of(ctx)
    wanted = on_local_clock(when(day, session).start).date() if day else None
    with session.open() as journal:
        found = journal.on_this_day(wanted)
        count = session.printer(as_json=json).memories(found[: limit or None])
    return empty_code(count, fail_empty)


def index_words(journal: "MemoryDB") -> None:
    """Index first what would take long to read; where that is not allowed, searching reads it."""
    from ..storage.errors import JournalError

    if journal.text_behind() > _WORTH_INDEXING:
        with suppress(JournalError), Progress("Indexing the words") as progress:
            journal.index_text(on_progress=progress)


def _streamed(journal: "MemoryDB", refs: Iterable[int]) -> "Iterator[Memory]":
    """Memories read some at a time, so that any number of them needs little memory."""
    refs = iter(refs)
    while part := list(islice(refs, _AT_ONCE)):
        yield from journal.read_many(part)


def _say_why_nothing(journal: "MemoryDB", concept: str | None) -> None:
    if not journal.count():
        warn(f'the journal {journal.path} is empty: mnemo remember "..." begins it')
    elif concept is not None and not journal.count(concept):
        from difflib import get_close_matches

        near = get_close_matches(concept, list(journal.concepts())[:5000], 1)
        warn(f"nothing is about {concept!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


VERBS = {"recall": recall, "search": search, "timeline": timeline, "on-this-day": on_this_day}
