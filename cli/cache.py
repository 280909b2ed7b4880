"""The verb ``cache``: the adaptive cache that queries of a project share."""

from collections.abc import Mapping

import typer

from .engine import ask
from .options import Json
from .session import say, session_of

__all__ = ["VERBS", "cache_rows"]


def cache(ctx: typer.Context) -> None:
    """Look at the cache of chunks (by itself: show), clear it or warm it."""
    if ctx.invoked_subcommand is None:
        show(ctx)


def show(ctx: typer.Context, json: Json = False) -> None:
    """Show what each tier holds, and how often it was of use."""
    session = session_of(ctx)
    found = ask(session, "cache.show")
    if json:
        session.printer(as_json=True).facts({**found, "hit_rate": round(found["hit_rate"], 4)})
        return
    rows = cache_rows({**found, **{tier: len(found[tier]) for tier in ("t1", "t2", "b1", "b2")}})
    say(*(f"{name}: {value}" for name, value in rows.items()))


def cache_rows(cache: Mapping[str, float]) -> dict[str, str]:
    """What to show of a cache, by the name of each row; from its numbers as ``stats`` counts them."""
    return {
        "Capacity": f"{cache['capacity']:,}",
        "T1 (asked for once)": f"{cache['t1']:,}",
        "T2 (asked for again)": f"{cache['t2']:,}",
        "B1 (gone from T1)": f"{cache['b1']:,}",
        "B2 (gone from T2)": f"{cache['b2']:,}",
        "Target size of T1 (p)": f"{cache['p']:.1f}",
        "Hit rate": f"{cache['hit_rate']:.1%} ({cache['hits']:,} hits, {cache['misses']:,} misses,"
        f" {cache['ghost_hits']:,} of them ghost hits)",
    }


def clear(ctx: typer.Context, json: Json = False) -> None:
    """Empty the cache; running engines follow with their next query."""
    session = session_of(ctx)
    found = ask(session, "cache.clear")
    if json:
        session.printer(as_json=True).facts(found)
    else:
        say(f"Cleared: {found['cleared']:,} entries")


def warm(ctx: typer.Context, json: Json = False) -> None:
    """Take the chunks that queries delivered most into the cache."""
    session = session_of(ctx)
    found = ask(session, "cache.warm")
    if json:
        session.printer(as_json=True).facts(found)
    else:
        say(f"Warmed: {found['warmed']:,} chunk{'' if found['warmed'] == 1 else 's'}")


VERBS = {"cache": {"": cache, "show": show, "clear": clear, "warm": warm}}
