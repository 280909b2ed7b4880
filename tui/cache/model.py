"""What passes between the pane and what it reads. Knows no screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from ...storage.cache import ArcState, CacheEvent, EventKind

__all__ = ["TIERS", "Cleared", "Deaf", "Look", "Place", "Tier", "Unindexed", "Warmed", "Workload", "happened"]

Tier = Literal["T1", "T2", "B1", "B2"]
TIERS: Final[Mapping[Tier, str]] = {
    "T1": "asked once",
    "T2": "asked again",
    "B1": "gone from T1",
    "B2": "gone from T2",
}
"""The tiers, and what each holds."""


class Place(NamedTuple):
    """What a key stands for: its name, and where it is in the project."""

    name: str
    path: str = ""
    line: int = 0


class Look(NamedTuple):
    """A cache as it was at one moment; ``generation`` is that of the index which the places are from."""

    state: ArcState[str]
    capacity: int
    places: Mapping[str, Place]
    generation: int
    root: Path
    folder: Path
    """Where ``.mnemosyne`` is."""


class Unindexed(NamedTuple):
    """There is no index, so there is no cache; ``folder`` could be indexed."""

    folder: Path


class Deaf(NamedTuple):
    """No daemon is listened to any more, or none runs."""


class Warmed(NamedTuple):
    """How many chunks were taken into the cache."""

    chunks: int


class Cleared(NamedTuple):
    """How many keys the cache forgot."""

    keys: int


class Workload(NamedTuple):
    """Keys in the order in which they are requested."""

    name: str
    words: str
    requests: Sequence[str]
    places: Mapping[str, Place]
    capacity: int
    """How large a cache shows most."""


def happened(before: ArcState[str], after: ArcState[str]) -> list[CacheEvent]:
    """What led from one state to a later one, as far as the states tell; requests first, then evictions.

    A request of T2 that left the order as it was cannot be seen. Nothing where the cache began anew.
    """
    if after.hits < before.hits or after.misses < before.misses:
        return []
    found: list[CacheEvent] = []

    def tell(kind: EventKind, key: str, tier: Tier) -> None:
        found.append(CacheEvent(kind, key, tier, after.p))

    t1, b1, b2 = set(before.t1), set(before.b1), set(before.b2)
    order = {key: place for place, key in enumerate(before.t2)}
    known = t1 | b1 | b2 | order.keys()
    still = 0
    last = -1
    for key in after.t2:  # what was not asked for keeps its order, and comes before what was
        if order.get(key, -1) <= last:
            break
        last = order[key]
        still += 1
    for key in after.t2[still:]:
        if key in order:
            tell("hit", key, "T2")
            continue
        if key in b1 or key in b2:
            tell("ghost hit", key, "B1" if key in b1 else "B2")
        elif key in t1:
            tell("hit", key, "T1")
        else:
            tell("miss", key, "T1")
        tell("promotion", key, "T2")
    for key in (*after.b1, *after.t1):
        if key not in known:
            tell("miss", key, "T1")
    for key in after.b1:
        if key not in b1:
            tell("eviction", key, "T1")
    for key in after.b2:
        if key not in b2:
            tell("eviction", key, "T2")
    return found
