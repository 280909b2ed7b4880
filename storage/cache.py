"""The adaptive replacement cache (N. Megiddo and D. S. Modha, "ARC: A Self-Tuning, Low Overhead Replacement
Cache", FAST 2003, figure 4), generic and observable.

T1 holds what was asked for once of late, T2 what was asked for again; B1 and B2 remember the keys that each
gave up. A key that comes back from B1 says that T1 is too small, one from B2 that T2 is, and the target ``p``
for the size of T1 moves. |T1| + |T2| <= c, |T1| + |B1| <= c and all four together <= 2c.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, Literal, NamedTuple, TypeVar

__all__ = ["ArcCache", "ArcState", "CacheEvent", "EventKind"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

EventKind = Literal["hit", "ghost hit", "miss", "promotion", "eviction"]
_ABSENT: Final = object()


class CacheEvent(NamedTuple):
    """Something that happened to ``key``; ``tier`` is where it was found (hit, ghost hit), or went
    (promotion, miss), or went from (eviction). ``p`` is the target as it is after that.
    """

    kind: EventKind
    key: Hashable
    tier: Literal["T1", "T2", "B1", "B2"]
    p: float


class ArcState(NamedTuple, Generic[K]):
    """All that the policy knows, keys least recently used first, and what it counted."""

    t1: tuple[K, ...] = ()
    t2: tuple[K, ...] = ()
    b1: tuple[K, ...] = ()
    b2: tuple[K, ...] = ()
    p: float = 0.0
    hits: int = 0
    misses: int = 0
    ghost_hits: int = 0

    @property
    def hit_rate(self) -> float:
        """Hits among all requests; 0 before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class ArcCache(Generic[K, V]):
    """At most ``capacity`` values by key; for one thread at a time.

    Ghost keys are limited as in the paper, and to ``ghost_capacity`` where that is less: the tier with more
    of them gives up its oldest first. Raises ValueError for a capacity below 1.
    """

    def __init__(self, capacity: int, ghost_capacity: int | None = None) -> None:
        if capacity < 1:
            raise ValueError("a cache holds one entry at least")
        self.capacity = capacity
        self.ghost_capacity = capacity if ghost_capacity is None else min(ghost_capacity, capacity)
        self._t1: OrderedDict[K, V | object] = OrderedDict()
        self._t2: OrderedDict[K, V | object] = OrderedDict()
        self._b1: OrderedDict[K, None] = OrderedDict()
        self._b2: OrderedDict[K, None] = OrderedDict()
        self._p = 0.0
        self._hits = self._misses = self._ghost_hits = 0
        self._listeners: list[Callable[[CacheEvent], None]] = []

    def __len__(self) -> int:
        return len(self._t1) + len(self._t2)

    def __contains__(self, key: object) -> bool:
        return key in self._t1 or key in self._t2

    def get(self, key: K, load: Callable[[], V]) -> V:
        """Request ``key``: its value, by ``load`` where the cache does not hold it. What ``load`` raises
        leaves the cache as it was.
        """
        tier = self._t1 if key in self._t1 else self._t2
        known = tier.get(key, _ABSENT)
        value = load() if known is _ABSENT else known
        self._request(key, value)
        return value  # type: ignore[return-value]

    def touch(self, key: K) -> None:
        """Request ``key`` for the policy's sake alone: a value is loaded when it is asked for."""
        self._request(key, _ABSENT)

    def forget_values(self) -> None:
        """Keep keys and order, and have every value loaded anew: what they stand for has changed."""
        for tier in (self._t1, self._t2):
            for key in tier:
                tier[key] = _ABSENT

    def clear(self) -> None:
        """Begin anew."""
        self.restore(ArcState())

    @property
    def state(self) -> ArcState[K]:
        """The policy's state, to look at or to keep."""
        return ArcState(
            tuple(self._t1),
            tuple(self._t2),
            tuple(self._b1),
            tuple(self._b2),
            self._p,
            self._hits,
            self._misses,
            self._ghost_hits,
        )

    def restore(self, state: ArcState[K]) -> None:
        """Take up a state; values of keys that are still held stay. One that does not fit (a capacity that
        was larger) loses its oldest keys.
        """
        held = {**self._t1, **self._t2}
        t1, t2, b1, b2 = self._fitted(state)
        self._t1 = OrderedDict.fromkeys(t1, _ABSENT)
        self._t2 = OrderedDict.fromkeys(t2, _ABSENT)
        self._b1 = OrderedDict.fromkeys(b1)
        self._b2 = OrderedDict.fromkeys(b2)
        for key, value in held.items():
            for tier in (self._t1, self._t2):
                if key in tier:
                    tier[key] = value
        self._p = min(max(state.p, 0.0), float(self.capacity))
        self._hits, self._misses, self._ghost_hits = state.hits, state.misses, state.ghost_hits
        self._limit_ghosts()

    def _fitted(self, state: ArcState[K]) -> tuple[Sequence[K], ...]:
        """The tiers of a state without what a cache of this capacity cannot hold, or holds twice."""
        t1, t2, b1, b2 = state.t1, state.t2, state.b1, state.b2
        room, every = self.capacity, len(t1) + len(t2) + len(b1) + len(b2)
        if (
            len(t1) + max(len(t2), len(b1)) <= room
            and every <= 2 * room
            and len({*t1, *t2, *b1, *b2}) == every
        ):
            return t1, t2, b1, b2
        most = list(dict.fromkeys(t2))[-room:]
        once = [key for key in dict.fromkeys(t1) if key not in set(most)]
        once = once[max(0, len(once) + len(most) - room) :]
        taken = {*once, *most}
        first = [key for key in dict.fromkeys(b1) if key not in taken]
        first = first[max(0, len(first) + len(once) - room) :]
        taken.update(first)
        second = [key for key in dict.fromkeys(b2) if key not in taken]
        second = second[max(0, len(taken) + len(second) - 2 * room) :]
        return once, most, first, second

    def subscribe(self, listener: Callable[[CacheEvent], None]) -> Callable[[], None]:
        """Call ``listener`` for every event from now on; gives what ends that. Without listeners no event is
        made.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # -- the paper's algorithm --------------------------------------------------------------------

    def _request(self, key: K, value: V | object) -> None:
        if key in self._t1:  # case I
            self._hits += 1
            held = self._t1.pop(key)
            self._t2[key] = held if value is _ABSENT else value
            self._tell("hit", key, "T1")
            self._tell("promotion", key, "T2")
        elif key in self._t2:
            self._hits += 1
            if value is not _ABSENT:
                self._t2[key] = value
            self._t2.move_to_end(key)
            self._tell("hit", key, "T2")
        elif key in self._b1:  # case II
            self._p = min(float(self.capacity), self._p + max(1.0, len(self._b2) / len(self._b1)))
            self._from_ghost(key, value, self._b1, "B1")
        elif key in self._b2:  # case III
            self._p = max(0.0, self._p - max(1.0, len(self._b1) / len(self._b2)))
            self._from_ghost(key, value, self._b2, "B2")
        else:
            self._misses += 1
            self._make_room(key)
            self._t1[key] = value
            self._tell("miss", key, "T1")
        self._limit_ghosts()

    def _from_ghost(
        self, key: K, value: V | object, ghosts: OrderedDict[K, None], tier: Literal["B1", "B2"]
    ) -> None:
        self._misses += 1
        self._ghost_hits += 1
        self._tell("ghost hit", key, tier)
        # With fewer ghosts than the paper's a ghost may be hit while there is room.
        if len(self) >= self.capacity:
            self._replace(in_b2=tier == "B2")
        del ghosts[key]
        self._t2[key] = value
        self._tell("promotion", key, "T2")

    def _make_room(self, key: K) -> None:  # case IV
        first = len(self._t1) + len(self._b1)
        if first == self.capacity:
            if len(self._t1) < self.capacity:
                self._b1.popitem(last=False)
                self._replace(in_b2=False)
            else:
                gone, _ = self._t1.popitem(last=False)
                self._tell("eviction", gone, "T1")
        elif first + len(self._t2) + len(self._b2) >= self.capacity:
            if first + len(self._t2) + len(self._b2) == 2 * self.capacity:
                self._b2.popitem(last=False)
            self._replace(in_b2=False)

    def _replace(self, *, in_b2: bool) -> None:
        if len(self) < self.capacity:
            return
        size = len(self._t1)
        if size and (size > self._p or (in_b2 and size == self._p)):
            key, _ = self._t1.popitem(last=False)
            self._b1[key] = None
            self._tell("eviction", key, "T1")
        else:
            key, _ = self._t2.popitem(last=False)
            self._b2[key] = None
            self._tell("eviction", key, "T2")

    def _limit_ghosts(self) -> None:
        if self.ghost_capacity >= self.capacity:
            return
        while len(self._b1) + len(self._b2) > self.ghost_capacity:
            (self._b1 if len(self._b1) > len(self._b2) else self._b2).popitem(last=False)

    def _tell(self, kind: EventKind, key: K, tier: Literal["T1", "T2", "B1", "B2"]) -> None:
        if self._listeners:
            event = CacheEvent(kind, key, tier, self._p)
            for listener in tuple(self._listeners):
                listener(event)
