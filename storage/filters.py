"""Filters as a caller gives them, made into what an index selects by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from .feelings import match_feelings
from .index import Index, Selection

__all__ = ["Texts", "selection"]

Texts = str | Iterable[str] | None

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def selection(
    index: Index,
    concept: Texts,
    feelings: Texts,
    tags: Texts,
    since: datetime | None,
    until: datetime | None,
) -> Selection:
    """Resolve names as typed to names as stored, and moments to microseconds since 1970 in UTC.

    Raises:
        InvalidMemoryError: a feeling is unknown.
    """
    return Selection(
        concepts=_resolved(index.concepts.resolve, concept),
        feelings=None
        if feelings is None
        else frozenset(match_feelings(_texts(feelings), index.feelings.names)),
        tags=_resolved(index.tags.resolve, tags),
        since=None if since is None else _microseconds(since),
        until=None if until is None else _microseconds(until),
    )


def _resolved(resolve: Callable[[str], frozenset[str]], names: Texts) -> frozenset[str] | None:
    if names is None:
        return None
    return frozenset().union(*map(resolve, _texts(names)))


def _texts(values: str | Iterable[str]) -> Iterable[str]:
    return (values,) if isinstance(values, str) else values


def _microseconds(moment: datetime) -> int:
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        # The first and last days there are, on a local clock: before or after every memory.
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)
