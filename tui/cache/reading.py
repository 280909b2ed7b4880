"""What the pane asks of an index: plain functions, called in threads. Knows no screen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ...storage.cache import CacheEvent
from ..inert import one_line
from ..stale import stopped_when_stale
from .model import TIERS, Cleared, Deaf, Look, Place, Unindexed, Warmed, Workload

if TYPE_CHECKING:
    from pathlib import Path

    from ...retrieval.engine import RetrievalEngine
    from ...retrieval.ingest import Progress
    from ..stale import Staleness

__all__ = ["clear", "index", "listen", "look", "recorded", "warm"]

MOST_RECORDED: Final = 100_000
_TOGETHER: Final = 500


def look(engine: RetrievalEngine, before: Look | None, *, own: bool) -> Look | Unindexed:
    """The cache that all of the project share, or the engine's ``own``; places known ``before`` are kept."""
    from ...retrieval.errors import NoIndexError  # noqa: PLC0415 -- loaded with the engine

    try:
        state = engine.cache.state if own else engine.cache_state()
        generation = engine.store.generation
    except NoIndexError:
        return Unindexed(engine.project.dir)
    keys = {key for tier in TIERS for key in getattr(state, tier.lower())}
    known = before.places if before is not None and before.generation == generation else {}
    places = {key: known[key] for key in keys & known.keys()}
    places.update(_places(engine, keys - known.keys()))
    project = engine.project
    return Look(state, project.config.cache.capacity, places, generation, project.root, project.dir)


def _places(engine: RetrievalEngine, keys: Collection[str]) -> Iterator[tuple[str, Place]]:
    """Each key with its place; what is not in the index any more keeps its id as a name."""
    missing = set(keys)
    with engine.store.reading() as connection:
        for some in _parts(list(keys)):
            rows = connection.execute(
                "SELECT uid, path, symbol, line_start FROM chunks JOIN files ON files.id = file_id"  # noqa: S608
                f" WHERE uid IN ({','.join('?' * len(some))})",
                [int(key, 16) for key in some],
            )
            for uid, path, symbol, line in rows:
                key = f"{uid:012x}"
                missing.discard(key)
                yield key, Place(one_line(f"{path}:{symbol or line}", 300), path, line)
    for key in missing:
        yield key, Place(f"{key} (no longer indexed)")


def _parts(keys: list[str]) -> Iterable[list[str]]:
    return (keys[start : start + _TOGETHER] for start in range(0, len(keys), _TOGETHER))


def listen(folder: Path, ticket: Staleness, heard: Callable[[CacheEvent], None]) -> Deaf:
    """Hear what the caches of the project's daemon do, until it ends or nobody waits any more."""
    from ...retrieval.daemon.client import CacheEvents, NoDaemonError  # noqa: PLC0415

    try:
        events = CacheEvents(folder, timeout=2.0)
    except NoDaemonError:
        return Deaf()
    with stopped_when_stale(ticket, events.close), events:
        for each in events:
            heard(CacheEvent(each["event"], each["key"], each["tier"], each["p"]))
    return Deaf()


def warm(engine: RetrievalEngine) -> Warmed:
    """Take what queries delivered most into the shared cache."""
    return Warmed(engine.cache_warm())


def clear(engine: RetrievalEngine) -> Cleared:
    """Empty the shared cache."""
    return Cleared(engine.cache_clear())


def recorded(engine: RetrievalEngine) -> Workload:
    """What the queries so far delivered, oldest first."""
    requests = engine.deliveries(MOST_RECORDED)
    distinct = set(requests)
    capacity = engine.project.config.cache.capacity
    if capacity >= len(distinct):
        capacity = max(1, len(distinct) // 4)  # where everything fits, all policies are alike
    return Workload(
        "recorded", "what queries delivered here", requests, dict(_places(engine, distinct)), capacity
    )


def index(engine: RetrievalEngine, ticket: Staleness, tell: Callable[[str], None]) -> int:
    """Index the project; ``tell`` how far it is. Gives how many files it took in."""
    from ...retrieval.apart import ingest_apart  # noqa: PLC0415 -- loaded when something is indexed

    def progress(now: Progress) -> None:
        tell(f"{now.phase}, {now.done:,} of {now.total:,}" if now.total else f"{now.phase}, {now.done:,}")

    report = ingest_apart(engine.project.dir, on_progress=progress, cancelled=lambda: ticket.stale)
    return len(report.changed)
