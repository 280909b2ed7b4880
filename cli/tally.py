"""Verbs that count: concepts, feelings, tags."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

import typer

from .options import FailEmpty, Json, Limit, empty_code
from .printer import Count
from .session import session_of

if TYPE_CHECKING:
    from .session import Session

__all__ = ["VERBS"]


def concepts(ctx: typer.Context, limit: Limit = 50, json: Json = False, fail_empty: FailEmpty = False) -> int:
    """Count memories by concept, most frequent first."""
    session = session_of(ctx)
    with session.open() as journal:
        return _print(session, "concept", journal.concepts(), limit, json, fail_empty)


def tags(ctx: typer.Context, limit: Limit = 50, json: Json = False, fail_empty: FailEmpty = False) -> int:
    """Count memories by tag, most frequent first."""
    session = session_of(ctx)
    with session.open() as journal:
        return _print(session, "tag", journal.tags(), limit, json, fail_empty)


def feelings(ctx: typer.Context, json: Json = False, fail_empty: FailEmpty = False) -> int:
    """Count memories by feeling; all fifteen are listed."""
    from ..storage.feelings import Feeling

    session = session_of(ctx)
    with session.open() as journal:
        counts = journal.feeling_distribution()
    found = sum(counts.values())
    every = {**counts, **{feeling.value: 0 for feeling in Feeling if feeling.value not in counts}}
    _print(session, "feeling", every, 0, json, False)
    return empty_code(found, fail_empty)


def _print(
    session: "Session", kind: str, counts: Mapping[str, int], limit: int, json: bool, fail_empty: bool
) -> int:
    rows = [Count(name, count) for name, count in islice(counts.items(), limit or None)]
    session.printer(as_json=json).counts(kind, rows)
    return empty_code(len(rows), fail_empty)


VERBS = {"concepts": concepts, "feelings": feelings, "tags": tags}
