"""Where one is in an arc: the memory under the cursor, and the stretch of days on screen. Knows no screen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from ...storage.affect import affect_of
from ...storage.clock import local_moment
from .model import Window
from .reading import midnight

if TYPE_CHECKING:
    from .model import Arc

__all__ = ["Viewport"]

_DAY: Final = 86_400_000_000
_CLOSEST: Final = 7
"""Days: no window is smaller."""
_ZOOM: Final = 0.5


class Viewport:
    """A window and a cursor over an arc that has memories; ``columns`` of dots are on screen.

    The cursor is a memory's place in the arc's columns, oldest first.
    """

    def __init__(self, arc: Arc, before: Viewport | None = None) -> None:
        self.arc = arc
        self.columns: int = 1 if before is None else before.columns
        self.chosen: Window | None = None
        """The window; None for all days."""
        times = arc.columns.times
        self.cursor = len(times) - 1
        if before is not None and before.arc.concept == arc.concept:
            self.chosen = before.chosen
            kept = before.arc.columns.times
            if before.cursor < len(kept) - 1:  # who is at the end stays there
                self.cursor = min(bisect_left(times, kept[before.cursor]), self.cursor)

    @property
    def window(self) -> Window:
        """The days on screen."""
        return self.chosen or self.arc.whole

    @property
    def moment(self) -> float:
        """The cursor's local day as an ordinal, with the part of the day that has gone."""
        local = local_moment(self.arc.columns.times[self.cursor])
        return local.date().toordinal() + (local.hour * 60 + local.minute) / 1440

    # -- the cursor -----------------------------------------------------------------------------

    def go(self, place: int) -> None:
        """Put the cursor on a memory, and the window around it if it is outside."""
        self.cursor = max(0, min(place, len(self.arc.columns.times) - 1))
        window, moment = self.chosen, self.moment
        if window is not None and not window.first <= moment < window.last + 1:
            self._look(int(moment) - window.days // 2, window.days)

    def edge(self, *, last: bool) -> None:
        """To the first or the last memory."""
        self.go(len(self.arc.columns.times) - 1 if last else 0)

    def along(self, by: int) -> None:
        """To the nearest memory that stands in another column; where none is left, the last there is."""
        times = self.arc.columns.times
        width = self.window.days * _DAY / self.columns
        now = times[self.cursor]
        self.go(bisect_left(times, now + width) if by > 0 else bisect_right(times, now - width) - 1)

    def by_days(self, by: int) -> None:
        """To the nearest memory at least so many days away."""
        day = int(self.moment) + by
        times = self.arc.columns.times
        self.go(bisect_left(times, midnight(day)) if by > 0 else bisect_left(times, midnight(day + 1)) - 1)

    def pick(self, ordinal: float, valence: float | None) -> None:
        """To the memory nearest to a moment, and to how high, where that means something."""
        times, feelings, _, names = self.arc.columns
        us = midnight(int(ordinal)) + round((ordinal % 1) * _DAY)
        reach = 3 * self.window.days * _DAY // max(1, self.columns)
        near = range(bisect_left(times, us - reach), bisect_right(times, us + reach))
        if not near:
            place = bisect_left(times, us)
            near = range(max(0, place - 1), min(place + 1, len(times)))

        def far(place: int) -> tuple[float, int]:
            affect = affect_of(names[feelings[place]])
            off = 0.0 if valence is None or affect is None else abs(affect.valence - valence)
            return off + abs(times[place] - us) / max(reach, 1), -place

        self.go(min(near[:2000], key=far))

    # -- the window -----------------------------------------------------------------------------

    def _look(self, first: int, days: int) -> None:
        """Show so many days, kept within what there is."""
        whole = self.arc.whole
        days = max(days, _CLOSEST)
        if days >= whole.days:
            self.chosen = None
        else:
            first = max(whole.first, min(first, whole.last - days + 1))
            self.chosen = Window(first, first + days - 1)

    def zoom(self, *, closer: bool, share: float | None = None) -> None:
        """See half or twice as many days, around a ``share`` of the width; around the cursor if None."""
        window = self.window
        if share is None:
            share = (self.moment - window.first) / window.days
            share = share if 0 <= share <= 1 else 0.5
        days = round(window.days * (_ZOOM if closer else 1 / _ZOOM))
        days = max(days, min(_CLOSEST, window.days))
        self._look(round(window.first + share * (window.days - days)), days)

    def pan(self, share: float) -> None:
        """Move on by a share of the width; nothing beyond all days."""
        if self.chosen is not None:
            by = round(share * self.chosen.days) or (1 if share > 0 else -1)
            self._look(self.chosen.first + by, self.chosen.days)

    def whole(self) -> None:
        """See all days."""
        self.chosen = None
