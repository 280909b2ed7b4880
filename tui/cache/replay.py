"""One workload against ARC, LRU and LFU side by side. Knows no screen."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from ...storage.cache import ArcCache, CacheEvent
from .policies import Lfu, Lru

if TYPE_CHECKING:
    from .model import Workload

__all__ = ["POLICIES", "Replay"]

POLICIES: Final = ("ARC", "LRU", "LFU")
_PARTS: Final = 120
_WINDOW: Final = 10  # parts that a value of the hit rate over time is taken over


class _Policy(Protocol):
    def touch(self, key: str) -> bool:
        """Request a key; whether it was held."""


class _Arc:
    """ARC as the others are asked."""

    def __init__(self, capacity: int) -> None:
        self.cache: ArcCache[str, None] = ArcCache(capacity)

    def touch(self, key: str) -> bool:
        held = key in self.cache
        self.cache.touch(key)
        return held


class Replay:
    """A workload, how far it is, and what the policies made of it so far."""

    def __init__(self, workload: Workload, capacity: int) -> None:
        self.workload = workload
        self.capacity = capacity
        self.place = 0
        """How many requests were made."""
        self.events: deque[CacheEvent] = deque(maxlen=200)
        """What happened in ARC last."""
        arc = _Arc(capacity)
        self.cache = arc.cache
        self.cache.subscribe(self.events.append)
        self.part = max(1, -(-len(workload.requests) // _PARTS))
        """How many requests make one value of :meth:`rates`."""
        policies: tuple[_Policy, ...] = (arc, Lru(capacity), Lfu(capacity))
        self._policies = dict(zip(POLICIES, policies, strict=True))
        self._hits: dict[str, list[int]] = {name: [] for name in POLICIES}

    @property
    def done(self) -> bool:
        """Whether the whole workload was played."""
        return self.place >= len(self.workload.requests)

    def advance(self, requests: int) -> None:
        """Make some requests, to the end at most."""
        end = min(self.place + requests, len(self.workload.requests))
        while self.place < end:
            if self.place % self.part == 0:
                for hits in self._hits.values():
                    hits.append(0)
            key = self.workload.requests[self.place]
            for name, policy in self._policies.items():
                self._hits[name][-1] += policy.touch(key)
            self.place += 1

    def rate(self, name: str) -> float:
        """A policy's hit rate so far; 0 before the first request."""
        return sum(self._hits[name]) / self.place if self.place else 0.0

    def rates(self, name: str) -> list[float]:
        """A policy's hit rate at the end of each part that was begun, over a window of the last parts."""
        found: list[float] = []
        window = 0
        for number, hits in enumerate(all_hits := self._hits[name]):
            window += hits - (all_hits[number - _WINDOW] if number >= _WINDOW else 0)
            end = min((number + 1) * self.part, self.place)
            found.append(window / (end - max(0, number + 1 - _WINDOW) * self.part))
        return found
