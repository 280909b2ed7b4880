"""The verb ``cache``: the adaptive cache that queries of a project share."""

from __future__ import annotations

import sys

import typer

from .engine import ask
from .options import Json
from .session import session_of

__all__ = ["VERBS"]


def cache(ctx: typer.Context) -> None:
    """Look at the cache of chunks (by itself: show), clear it or warm it."""
    if ctx.invoked_subcommand is None:
        show(ctx)


def show(ctx: typer.Context, json: Json = False) -> None:
    """Show how many chunks each tier of the cache holds, and how often it was of use."""
    session = session_of(ctx)
    found = ask(session, "cache.show")
    if json:
        session.printer(as_json=True).facts({**found, "hit_rate": round(found["hit_rate"], 4)})
        return
    _say(
        f"Capacity: {found['capacity']:,}",
        f"T1 (asked for once): {len(found['t1']):,}",
        f"T2 (asked for again): {len(found['t2']):,}",
        f"B1 (gone from T1): {len(found['b1']):,}",
        f"B2 (gone from T2): {len(found['b2']):,}",
        f"Target size of T1 (p): {found['p']:.1f}",
        f"Hit rate: {found['hit_rate']:.1%} ({found['hits']:,} hits, {found['misses']:,} misses,"
        f" {found['ghost_hits']:,} of them ghost hits)",
    )


def clear(ctx: typer.Context, json: Json = False) -> None:
    """Empty the cache; running engines follow with their next query."""
    session = session_of(ctx)
    found = ask(session, "cache.clear")
    if json:
        session.printer(as_json=True).facts(found)
    else:
        _say(f"Cleared: {found['cleared']:,} entries")


def warm(ctx: typer.Context, json: Json = False) -> None:
    """Take the chunks that queries delivered most into the cache."""
    session = session_of(ctx)
    found = ask(session, "cache.warm")
    if json:
        session.printer(as_json=True).facts(found)
    else:
        _say(f"Warmed: {found['warmed']:,} chunks")


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


VERBS = {"cache": {"": cache, "show": show, "clear": clear, "warm": warm}}
