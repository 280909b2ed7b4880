"""How a workload is played: which one, how fast, and whether now. Knows no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .replay import Replay

if TYPE_CHECKING:
    from .model import Workload

__all__ = ["FRAMES", "Player"]

FRAMES: Final = 20
"""How often a second a playing workload goes on."""
_SPEEDS: Final = (1, 5, 20, 100, 500, 2_000, 10_000)


class Player:
    """At most one replay, and how it goes on."""

    def __init__(self) -> None:
        self.replay: Replay | None = None
        self.playing = False
        self.speed = _SPEEDS[3]
        """Requests per second."""
        self._owed = 0.0
        """Requests that a frame has still to make."""

    def load(self, workload: Workload, capacity: int) -> None:
        """Begin a workload, paused."""
        self.pause()
        self.replay = Replay(workload, capacity)

    def unload(self) -> None:
        """Play nothing any more."""
        self.pause()
        self.replay = None

    def again(self, *, double: bool | None = None) -> None:
        """From the beginning, with the same capacity, twice as much or half of it."""
        if self.replay is not None:
            now = self.replay.capacity
            sizes = {None: now, True: now * 2, False: max(1, now // 2)}
            self.load(self.replay.workload, sizes[double])

    def toggle(self) -> None:
        """Play, or pause; at the end, again from the beginning."""
        if self.playing:
            self.pause()
        elif self.replay is not None:
            if self.replay.done:
                self.again()
            self.playing = True

    def pause(self) -> None:
        """Wait."""
        self.playing = False
        self._owed = 0.0

    def faster(self, by: int) -> None:
        """Play at the next speed, or the one before."""
        place = _SPEEDS.index(self.speed) + by
        self.speed = _SPEEDS[max(0, min(place, len(_SPEEDS) - 1))]

    def frame(self) -> bool:
        """Make the requests of one frame; whether there were any."""
        self._owed += self.speed / FRAMES
        requests = int(self._owed)
        self._owed -= requests
        self._advance(requests)
        return requests > 0

    def step(self, requests: int) -> None:
        """Make some requests, and wait."""
        self.pause()
        self._advance(requests)

    def _advance(self, requests: int) -> None:
        if self.replay is not None:
            self.replay.advance(requests)
            if self.replay.done:
                self.pause()
