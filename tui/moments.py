"""Dates as people type and read them: the grammar is storage's, the words are the screen's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ..storage.when import parse_when

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Span", "moment_of", "span_of", "written"]

_RANGE: Final = re.compile(r"(.*?)\s*(?:\.\.|\bto\b|\buntil\b|–|—)\s*(.*)", re.IGNORECASE)


class Span(NamedTuple):
    """A range of time, both ends included, either open; aware datetimes."""

    since: datetime | None
    until: datetime | None


def written(moment: datetime) -> str:
    """A moment on this machine's clock, in words."""
    here = moment.astimezone()
    return f"{here:%a} {here.day} {here:%B %Y}, {here:%H:%M}"


def moment_of(text: str) -> datetime:
    """The moment that a text names, for a memory's date.

    Raises:
        ValueError: it names none.
    """
    return parse_when(text).moment


def span_of(text: str) -> Span:
    """The range that a text names: ``2024``, ``2024-01 to 2024-05``, ``since 2023``, ``until yesterday``.

    Raises:
        ValueError: it names none.
    """
    text = text.strip()
    if text.lower().startswith("since "):
        return Span(parse_when(text[6:]).start, None)
    found = _RANGE.fullmatch(text)
    if found is None:
        whole = parse_when(text)
        return Span(whole.start, whole.end)
    since = parse_when(found[1]).start if found[1] else None
    until = parse_when(found[2]).end if found[2] else None
    if since is None and until is None:
        raise ValueError("write a date, or two with .. between")
    if since is not None and until is not None and until < since:
        raise ValueError("the second date is before the first")
    return Span(since, until)
