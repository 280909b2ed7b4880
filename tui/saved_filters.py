"""Filters that the user gave a name, in ``filters.toml`` of the config folder, for people to edit too."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..settings import replace_file
from .moments import Dates, Span
from .timeline.model import Query

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["forget_filter", "load_filters", "save_filter"]


def load_filters(file: Path, dates: Dates) -> dict[str, Query]:
    """The saved filters by name; a missing file holds none, a faulty entry is left out.

    Raises:
        OSError, ValueError: the file cannot be read or is not TOML.
    """
    return {name: _query(entry, dates) for name, entry in _read(file).items() if isinstance(entry, dict)}


def save_filter(file: Path, dates: Dates, name: str, query: Query) -> dict[str, Query]:
    """Keep a filter under a name, in the place of one that has it; gives them all."""
    return _change(file, dates, name, _entry(query))


def forget_filter(file: Path, dates: Dates, name: str) -> dict[str, Query]:
    """Take a saved filter out; gives those that are left."""
    return _change(file, dates, name, None)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _change(file: Path, dates: Dates, name: str, entry: dict[str, Any] | None) -> dict[str, Query]:
    import tomlkit  # noqa: PLC0415 -- only for whoever saves a filter

    _read(file)
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    document.pop(name, None)
    if entry is not None:
        document[name] = entry
    replace_file(file, tomlkit.dumps(document).encode())
    return load_filters(file, dates)


def _entry(query: Query) -> dict[str, Any]:
    entry: dict[str, Any] = {
        kind: sorted(getattr(query, kind))
        for kind in ("feelings", "concepts", "tags")
        if getattr(query, kind)
    }
    entry |= {kind: getattr(query, kind) for kind in ("dates", "text") if getattr(query, kind)}
    return entry


def _query(entry: dict[str, Any], dates: Dates) -> Query:
    def names(kind: str) -> frozenset[str]:
        values = entry.get(kind, [])
        return frozenset(str(value) for value in values) if isinstance(values, list) else frozenset()

    written = str(entry.get("dates", ""))
    span = Span(None, None)
    with suppress(ValueError):
        span = dates.span_of(written) if written else span
    return Query(
        text=str(entry.get("text", "")),
        feelings=names("feelings"),
        concepts=names("concepts"),
        tags=names("tags"),
        since=span.since,
        until=span.until,
        dates=written if span != (None, None) else "",
    )
