"""What the shell is offered while somebody types: names that the journal knows. Never fails, never writes."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer

from .session import Session

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB

__all__ = ["concepts", "feelings", "ids", "setting_keys", "tags", "themes"]

_MOST = 200


def concepts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Concepts of the journal, most frequent first."""
    return _from_journal(ctx, incomplete, lambda journal: journal.concepts())


def tags(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tags of the journal, most frequent first."""
    return _from_journal(ctx, incomplete, lambda journal: journal.tags())


def ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The latest memories' ids, each with the beginning of its text."""
    from .inert import one_line

    try:
        with _session(ctx).open() as journal:
            return [
                (memory.memory_id[:8], one_line(memory.content, 40))
                for memory in journal.recall(limit=50)
                if memory.memory_id.startswith(incomplete)
            ]
    except Exception:  # noqa: BLE001 - a shell that completes has no place for an error
        return []


def feelings(incomplete: str) -> list[str]:
    """The fifteen, in English, and in Italian where that is how it begins."""
    from ..storage.feelings import Feeling, fold

    start = fold(incomplete)
    english = [feeling.value for feeling in Feeling if feeling.value.startswith(start)]
    return english or [feeling.italian for feeling in Feeling if fold(feeling.italian).startswith(start)]


def themes(incomplete: str) -> list[str]:
    """Themes, built-in and the user's."""
    from ..settings import themes_dir
    from ..themes import theme_names

    return [name for name in theme_names(themes_dir()) if name.startswith(incomplete)]


def setting_keys(incomplete: str) -> list[tuple[str, str]]:
    """Settings with what they are for."""
    from ..settings import SCHEMA

    return [(key, setting.help) for key, setting in SCHEMA.items() if key.startswith(incomplete)]


def _from_journal(
    ctx: typer.Context, incomplete: str, names: Callable[["MemoryDB"], Iterable[str]]
) -> list[str]:
    try:
        with _session(ctx).open() as journal:
            found = [name for name in names(journal) if name.startswith(incomplete) and name.isprintable()]
    except Exception:  # noqa: BLE001 - a shell that completes has no place for an error
        return []
    return found[:_MOST]


def _session(ctx: typer.Context) -> Session:
    """The session of a command line that is not finished: only its journal counts."""
    at: typer.Context | None = ctx
    while at is not None:
        if at.params.get("journal"):
            return Session(journal=at.params["journal"])
        at = at.parent  # type: ignore[assignment]
    return Session()
