"""What the verb ``arc`` found, as every printer takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from ..storage.affect import Period, Shift
    from ..storage.feelings import Feeling

__all__ = ["Arc", "arc_json", "signed", "strongest"]


@dataclass(frozen=True, slots=True)
class Arc:
    """What the verb prints.

    Attributes:
        concept: Whose arc it is; empty for the whole journal.
        by: How memories are taken together.
        arc: From what to what, in words.
        periods: Those that have memories, oldest first.
        line: The smoothed valence at each day with memories.
        shifts: Where valence lastingly changed.
    """

    concept: str
    by: str
    arc: str
    periods: Sequence[Period]
    line: Sequence[tuple[date, float]]
    shifts: Sequence[Shift]

    @property
    def smoothed(self) -> list[float | None]:
        """The line's value at the last day of each period."""
        values: list[float | None] = []
        at = 0
        for number, period in enumerate(self.periods):
            following = self.periods[number + 1].start if number + 1 < len(self.periods) else None
            last = None
            while at < len(self.line) and (following is None or self.line[at][0] < following):
                last = self.line[at][1]
                at += 1
            values.append(last if period.affect else None)
        return values


def arc_json(found: Arc) -> dict[str, Any]:
    """An arc as programs get it."""
    return {
        "concept": found.concept or None,
        "by": found.by,
        "arc": found.arc,
        "periods": [
            {
                "start": period.start.isoformat(),
                "memories": period.size,
                "valence": _rounded(period.affect.valence if period.affect else None),
                "arousal": _rounded(period.affect.arousal if period.affect else None),
                "smoothed": _rounded(smoothed),
                "feelings": {str(name): n for name, n in period.feelings.items()},
            }
            for period, smoothed in zip(found.periods, found.smoothed, strict=True)
        ],
        "shifts": [
            {
                "day": shift.day.isoformat(),
                "before": _rounded(shift.before),
                "after": _rounded(shift.after),
                "t": _rounded(shift.t),
            }
            for shift in found.shifts
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def signed(value: float) -> str:
    """A valence with its sign and two digits; what rounds to nothing is ``+0.00``."""
    return f"{round(value, 2) + 0.0:+.2f}"


def strongest(feelings: Mapping[Feeling | str, int]) -> list[tuple[Feeling | str, int]]:
    """The three feelings of a period with most memories."""
    return sorted(feelings.items(), key=lambda item: (-item[1], item[0]))[:3]
