"""The two policies that ARC is held against. Each holds keys only. Knows no screen."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Lfu", "Lru"]


class Lru:
    """Gives up what was asked for longest ago."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: OrderedDict[str, None] = OrderedDict()

    def touch(self, key: str) -> bool:
        """Request a key; whether it was held."""
        held = key in self._keys
        if held:
            self._keys.move_to_end(key)
        else:
            if len(self._keys) >= self._capacity:
                self._keys.popitem(last=False)
            self._keys[key] = None
        return held


class Lfu:
    """Gives up what was asked for least while it was held, of these the one asked for longest ago; in
    constant time (K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for implementing the LFU cache eviction
    scheme", 2010).
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: dict[str, int] = {}
        self._keys: dict[int, OrderedDict[str, None]] = {}
        self._least = 1

    def touch(self, key: str) -> bool:
        """Request a key; whether it was held."""
        count = self._counts.get(key, 0)
        if count:
            self._leave(key, count)
            if count == self._least and count not in self._keys:
                self._least = count + 1
        else:
            if len(self._counts) >= self._capacity:
                gone = next(iter(self._keys[self._least]))
                self._leave(gone, self._least)
                del self._counts[gone]
            self._least = 1
        self._counts[key] = count + 1
        self._keys.setdefault(count + 1, OrderedDict())[key] = None
        return bool(count)

    def _leave(self, key: str, count: int) -> None:
        keys = self._keys[count]
        del keys[key]
        if not keys:
            del self._keys[count]
