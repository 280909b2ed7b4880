"""The cache of chunks' contents beyond one process: one state in ``usage.db`` for all that ask.

Each process has a cache of its own in memory. After a query it adds its requests to the state that all
share, as if they had been made there, and goes on with that: so the policy sees every request in the order
in which the processes put them down, and what one process clears or warms the others take up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from ...storage.cache import ArcCache, ArcState

__all__ = ["drop_absent", "read_state", "share", "warm", "write_state"]

_TIERS = ("t1", "t2", "b1", "b2")
MOST_DELIVERED = (
    "SELECT chunk FROM retrieved GROUP BY chunk ORDER BY count(*) DESC, max(query) DESC, chunk LIMIT ?"
)


def read_state(connection: sqlite3.Connection) -> tuple[int, ArcState[str]]:
    """The version and the state; 0 and an empty one before the first query."""
    row = connection.execute(
        "SELECT version, t1, t2, b1, b2, p, hits, misses, ghost_hits FROM cache_state"
    ).fetchone()
    if row is None:
        return 0, ArcState()
    version, t1, t2, b1, b2, *rest = row
    return version, ArcState(
        tuple(t1.split()), tuple(t2.split()), tuple(b1.split()), tuple(b2.split()), *rest
    )


def write_state(connection: sqlite3.Connection, version: int, state: ArcState[str]) -> None:
    """Put a state in the place of the one that is there."""
    connection.execute(
        "INSERT OR REPLACE INTO cache_state VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            version,
            *(" ".join(getattr(state, tier)) for tier in _TIERS),
            state.p,
            state.hits,
            state.misses,
            state.ghost_hits,
        ),
    )


def share(
    connection: sqlite3.Connection, cache: ArcCache[str, Any], keys: Sequence[str], version: int
) -> int:
    """Add ``keys``, which ``cache`` was asked for since it was at ``version``, to the shared state; ``cache``
    takes that up. Gives its version now.
    """
    now: int = connection.execute("SELECT coalesce(max(version), 0) FROM cache_state").fetchone()[0]
    if now != version or not now:
        _, shared = read_state(connection)
        joint: ArcCache[str, None] = ArcCache(cache.capacity, cache.ghost_capacity)
        joint.restore(shared)
        for key in keys:
            joint.touch(key)
        cache.restore(joint.state)
    write_state(connection, now + 1, cache.state)
    return now + 1


def warm(connection: sqlite3.Connection, cache: ArcCache[str, Any], known: set[str]) -> int:
    """Ask the shared state for the chunks that were delivered most, the most delivered last; only those in
    ``known``. Gives how many it asked for; they count as no misses, since no query wanted them.
    """
    version, shared = read_state(connection)
    cache.restore(shared)
    rows = connection.execute(MOST_DELIVERED, (4 * cache.capacity,))
    ids = [text for (chunk,) in rows if (text := f"{chunk:012x}") in known and text not in cache]
    chosen = ids[: cache.capacity]
    for key in reversed(chosen):
        cache.touch(key)
    cache.restore(cache.state._replace(hits=shared.hits, misses=shared.misses, ghost_hits=shared.ghost_hits))
    write_state(connection, version + 1, cache.state)
    return len(chosen)


def drop_absent(connection: sqlite3.Connection, known: set[str]) -> int:
    """Take the keys that are not in ``known`` out of the shared state: nobody will ask for them again. Gives
    how many.
    """
    version, state = read_state(connection)
    t1, t2, b1, b2 = (tuple(filter(known.__contains__, keys)) for keys in state[:4])
    gone = sum(map(len, state[:4])) - sum(map(len, (t1, t2, b1, b2)))
    if gone:
        write_state(connection, version + 1, state._replace(t1=t1, t2=t2, b1=b1, b2=b2))
    return gone
