"""The verb ``cache``: the adaptive cache that queries of a project share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from .options import Json
from .session import Session, session_of, warn

if TYPE_CHECKING:
    from ..retrieval.engine import RetrievalEngine

__all__ = ["VERBS"]


def cache(ctx: typer.Context) -> None:
    """Look at the cache of chunks (by itself: show), clear it or warm it."""
    if ctx.invoked_subcommand is None:
        show(ctx)


def show(ctx: typer.Context, json: Json = False) -> None:
    """Show how many chunks each tier of the cache holds, and how often it was of use."""
    session = session_of(ctx)
    with _engine(session) as engine:
        state = engine.cache_state()
        config = engine.project.config.cache
    if json:
        session.printer(as_json=True).facts(
            {
                "capacity": config.capacity,
                "ghost_capacity": config.ghost_capacity,
                "t1": list(state.t1),
                "t2": list(state.t2),
                "b1": list(state.b1),
                "b2": list(state.b2),
                "p": state.p,
                "hits": state.hits,
                "misses": state.misses,
                "ghost_hits": state.ghost_hits,
                "hit_rate": round(state.hit_rate, 4),
            }
        )
        return
    _say(
        f"Capacity: {config.capacity:,}",
        f"T1 (asked for once): {len(state.t1):,}",
        f"T2 (asked for again): {len(state.t2):,}",
        f"B1 (gone from T1): {len(state.b1):,}",
        f"B2 (gone from T2): {len(state.b2):,}",
        f"Target size of T1 (p): {state.p:.1f}",
        f"Hit rate: {state.hit_rate:.1%} ({state.hits:,} hits, {state.misses:,} misses,"
        f" {state.ghost_hits:,} of them ghost hits)",
    )


def clear(ctx: typer.Context, json: Json = False) -> None:
    """Empty the cache; running engines follow with their next query."""
    session = session_of(ctx)
    with _engine(session) as engine:
        gone = engine.cache_clear()
    if json:
        session.printer(as_json=True).facts({"cleared": gone})
    else:
        _say(f"Cleared: {gone:,} entries")


def warm(ctx: typer.Context, json: Json = False) -> None:
    """Take the chunks that queries delivered most into the cache."""
    session = session_of(ctx)
    with _engine(session) as engine:
        taken = engine.cache_warm()
    if json:
        session.printer(as_json=True).facts({"warmed": taken})
    else:
        _say(f"Warmed: {taken:,} chunks")


def _engine(session: Session) -> RetrievalEngine:
    from ..retrieval.engine import RetrievalEngine
    from ..retrieval.project import open_project

    project = open_project(session.project)
    for line in project.notices:
        warn(line)
    return RetrievalEngine(project)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


VERBS = {"cache": {"": cache, "show": show, "clear": clear, "warm": warm}}
