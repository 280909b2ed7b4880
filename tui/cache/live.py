"""A cache as it is looked at again and again: what happened between the looks. Knows no screen."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from .model import happened

if TYPE_CHECKING:
    from ...storage.cache import CacheEvent
    from .model import Look

__all__ = ["Live"]

_RATES: Final = 2_000
_EVENTS: Final = 200


class Live:
    """The cache all queries share, or that of this app's own engine."""

    def __init__(self) -> None:
        self.own = False
        """Whether it is this app's own engine that is looked at."""
        self.look: Look | None = None
        """The cache as it was last looked at."""
        self.unindexed = False
        """Whether there is none, for want of an index."""
        self.events: deque[CacheEvent] = deque(maxlen=_EVENTS)
        self.rates: deque[float] = deque(maxlen=_RATES)
        """The hit rate of what was asked between two looks."""
        self._heard: set[object] = set()
        """Keys it spoke of since the shared cache was last seen to change: nobody is told twice."""

    def switch(self) -> None:
        """Look at the other cache."""
        self.own = not self.own
        self.lost()
        self._begin_anew()

    def lost(self, *, unindexed: bool = False) -> None:
        """There is no cache to look at."""
        self.look, self.unindexed = None, unindexed

    def _begin_anew(self) -> None:
        self.events.clear()
        self.rates.clear()

    def see(self, found: Look) -> bool:
        """Take in how it is now; whether anything is to be drawn anew."""
        before, self.look = self.look, found
        self.unindexed = False
        if before is None:
            return True
        was, now = before.state, found.state
        asked = now.hits + now.misses - was.hits - was.misses
        if asked < 0:
            self._begin_anew()
        elif asked:
            self.events.extend(each for each in happened(was, now) if each.key not in self._heard)
            self._heard.clear()
            self.rates.append((now.hits - was.hits) / asked)
        return found != before

    def hear(self, event: CacheEvent) -> bool:
        """Take in what the daemon's cache did; whether that is what is looked at."""
        if self.own:
            return False
        self.events.append(event)
        self._heard.add(event.key)
        return self.look is not None

    def words(self) -> str:
        """Which cache it is, and how it does."""
        words = "This app's cache" if self.own else "All queries' cache"
        if self.look is not None:
            now = self.look.state
            asked = now.hits + now.misses
            words += f" · {now.hit_rate:.1%} of {asked:,} hit" if asked else " · nothing asked yet"
            words += f" · {now.ghost_hits:,} ghost hits" if now.ghost_hits else ""
        return words

    def short_words(self) -> str:
        """How much it holds."""
        if self.look is None:
            return "nothing indexed" if self.unindexed else ""
        return f"{len(self.look.state.t1) + len(self.look.state.t2):,} held"
