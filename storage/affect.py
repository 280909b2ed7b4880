"""How memories feel over time: valence and arousal, smoothed arcs, shifts, streaks, transitions.

A feeling is a point in Russell's circumplex (*A Circumplex Model of Affect*, 1980): valence from
unpleasant to pleasant, arousal from calm to excited. The values are the mean ratings of the feeling's
English word in Warriner, Kuperman and Brysbaert, *Norms of valence, arousal, and dominance for 13,915
English lemmas* (Behavior Research Methods 45, 2013), taken from 1..9 to -1..1. A later feeling has the
values of its kin; a feeling that is unknown has none and is left out of every mean.

All functions are pure. They work on days with counts, so that a million memories cost what their days
cost: :func:`by_day` makes those from the columns of :meth:`MemoryDB.columns`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from .clock import local_moment
from .feelings import Feeling, kin_of

__all__ = [
    "AFFECT",
    "Affect",
    "Day",
    "Period",
    "Shift",
    "Stretch",
    "affect_of",
    "by_day",
    "day_streaks",
    "distribution",
    "feeling_streaks",
    "line",
    "mean_affect",
    "periods",
    "segments",
    "shifts",
    "smooth",
    "time_constant",
    "transitions",
]

Span = Literal["day", "week", "month", "year"]


class Affect(NamedTuple):
    """A place in the circumplex; both from -1 to 1."""

    valence: float
    arousal: float


def _rated(valence: float, arousal: float) -> Affect:
    """Mean ratings on the scale of 1 to 9."""
    return Affect((valence - 5) / 4, (arousal - 5) / 4)


AFFECT: Final[Mapping[Feeling, Affect]] = {
    Feeling.JOY: _rated(8.21, 5.55),
    Feeling.SADNESS: _rated(2.40, 2.81),
    Feeling.ANGER: _rated(2.50, 5.93),
    Feeling.FEAR: _rated(2.93, 6.14),
    Feeling.NOSTALGIA: _rated(6.65, 4.38),
    Feeling.LOVE: _rated(8.00, 5.36),
    Feeling.MELANCHOLY: _rated(3.74, 4.13),
    Feeling.SERENITY: _rated(7.75, 2.95),
    Feeling.SURPRISE: _rated(7.44, 6.57),
    Feeling.ANXIETY: _rated(2.38, 4.78),
    Feeling.GRATITUDE: _rated(6.67, 5.09),
    Feeling.SHAME: _rated(2.62, 5.40),
    Feeling.PRIDE: _rated(6.50, 5.54),
    Feeling.BOREDOM: _rated(2.77, 2.58),
    Feeling.CURIOSITY: _rated(6.37, 5.90),
}


@lru_cache(maxsize=1024)
def affect_of(feeling: str) -> Affect | None:
    """The place of a feeling, by the name it is shown with; None if it is unknown."""
    kin = kin_of(feeling)
    return None if kin is None else AFFECT[kin]


class Day(NamedTuple):
    """A local day with memories: how many have each feeling, as shown."""

    day: date
    feelings: Mapping[Feeling | str, int]

    @property
    def size(self) -> int:
        """How many memories the day has."""
        return sum(self.feelings.values())


class Period(NamedTuple):
    """Days taken together: a day, or a week from Monday, a month, a year from its first day."""

    start: date
    feelings: Mapping[Feeling | str, int]
    affect: Affect | None
    """The mean of its memories; None where no feeling is known."""

    @property
    def size(self) -> int:
        """How many memories the period has."""
        return sum(self.feelings.values())


class Shift(NamedTuple):
    """A lasting change of valence: the first day after it, the means on both sides, Welch's t."""

    day: date
    before: float
    after: float
    t: float


class Stretch(NamedTuple):
    """Days between two shifts, both included, with the feelings of their memories."""

    first: date
    last: date
    feelings: Mapping[Feeling | str, int]
    affect: Affect | None


# -- from columns to days -------------------------------------------------------------------------

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def by_day(times: Sequence[int], feelings: Sequence[int], names: Sequence[Feeling | str]) -> list[Day]:
    """Count feelings by local day, oldest first; only days with memories cost time.

    Args:
        times: Microseconds since 1970 UTC, ascending.
        feelings: For each time the position of its feeling in ``names``.
        names: Feelings as shown; one may stand there twice, under two tokens.
    """
    days: list[Day] = []
    start, count = 0, len(times)
    while start < count:
        day, end_us = _local_day(times[start])
        end = bisect_left(times, end_us, start + 1)
        counted: dict[Feeling | str, int] = {}
        for number, size in Counter(feelings[start:end]).items():
            name = names[number]
            counted[name] = counted.get(name, 0) + size
        if days and days[-1].day == day:
            # A clock that was put back over midnight.
            counted = dict(Counter(counted) + Counter(days.pop().feelings))
        days.append(Day(day, counted))
        start = end
    return days


def _local_day(us: int) -> tuple[date, int]:
    """The local day of a moment, and the moment when it ends."""
    day = local_moment(us).date()
    try:
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time()).astimezone(UTC)
    except (OverflowError, ValueError):  # the last day there is
        return day, us + 86_400_000_000
    return day, max((midnight - _EPOCH) // timedelta(microseconds=1), us + 1)


def periods(days: Iterable[Day], span: Span, first_weekday: int = 0) -> list[Period]:
    """Take days together by day, week (from ``first_weekday``, 0 being Monday), month or year; empty ones
    are left out.
    """
    found = []
    for start, group in groupby(days, key=lambda day: start_of(day.day, span, first_weekday)):
        counted: Counter[Feeling | str] = Counter()
        for day in group:
            counted.update(day.feelings)
        found.append(Period(start, dict(counted), mean_affect(counted)))
    return found


def start_of(day: date, span: Span, first_weekday: int = 0) -> date:
    """The first day of the period that a day lies in; weeks begin with ``first_weekday``, 0 being Monday."""
    if span == "week":
        return day - timedelta(days=min((day.weekday() - first_weekday) % 7, day.toordinal() - 1))
    if span == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if span == "year" else day


def distribution(days: Iterable[Day]) -> dict[Feeling | str, int]:
    """Feelings with how many memories have them, most first."""
    counted: Counter[Feeling | str] = Counter()
    for day in days:
        counted.update(day.feelings)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def mean_affect(feelings: Mapping[Feeling | str, int]) -> Affect | None:
    """The mean place of counted feelings; None if none of them is known."""
    n, valence, _, arousal = _moments(feelings)
    return Affect(valence / n, arousal / n) if n else None


def _moments(feelings: Mapping[Feeling | str, int]) -> tuple[int, float, float, float]:
    """How many have a valence, its sum, the sum of its squares, and the sum of arousal."""
    n, valence, squares, arousal = 0, 0.0, 0.0, 0.0
    for feeling, count in feelings.items():
        place = affect_of(feeling)
        if place is not None:
            n += count
            valence += count * place.valence
            squares += count * place.valence**2
            arousal += count * place.arousal
    return n, valence, squares, arousal


# -- the line -------------------------------------------------------------------------------------


def smooth(
    at: Sequence[float], values: Sequence[float], weights: Sequence[float], constant: float
) -> list[float]:
    """Smooth values over irregular time, at their own places, in linear time.

    The weighted mean of all values (Nadaraya 1964, Watson 1964) under the two-sided exponential kernel
    ``exp(-|t - s| / constant)``, as one pass forwards and one back; each pass is the exponential moving
    average for unevenly spaced series of Eckner (*Algorithms for Unevenly Spaced Time Series*, 2012).

    Args:
        at: Ascending times, in any unit.
        values: A value for each.
        weights: How much each counts, above 0: how many memories it stands for.
        constant: The kernel's time constant, in the unit of ``at``.
    """
    count = len(at)
    sums = [value * weight for value, weight in zip(values, weights, strict=True)]
    ahead_sum, ahead_weight = [0.0] * count, [0.0] * count
    running_sum = running_weight = 0.0
    for place in range(count - 1, -1, -1):
        if place + 1 < count:
            fade = math.exp((at[place] - at[place + 1]) / constant)
            running_sum = (running_sum + sums[place + 1]) * fade
            running_weight = (running_weight + weights[place + 1]) * fade
        ahead_sum[place], ahead_weight[place] = running_sum, running_weight
    smoothed = []
    running_sum = running_weight = 0.0
    for place in range(count):
        fade = math.exp((at[place - 1] - at[place]) / constant) if place else 0.0
        running_sum = running_sum * fade + sums[place]
        running_weight = running_weight * fade + weights[place]
        smoothed.append((running_sum + ahead_sum[place]) / (running_weight + ahead_weight[place]))
    return smoothed


def line(days: Sequence[Day], constant: float | None = None) -> list[tuple[date, float]]:
    """The smoothed valence at every day that has one, weighted by memories.

    ``constant`` is in days; :func:`time_constant` of the whole span if None.
    """
    known = [(day.day, place.valence, day.size) for day in days if (place := mean_affect(day.feelings))]
    if not known:
        return []
    width = time_constant(known[0][0], known[-1][0]) if constant is None else constant
    at = [float(day.toordinal()) for day, _, _ in known]
    values = smooth(at, [value for _, value, _ in known], [float(size) for _, _, size in known], width)
    return list(zip((day for day, _, _ in known), values, strict=True))


def time_constant(first: date, last: date) -> float:
    """A time constant in days that suits a line from one day to another: a thirtieth, 1 to 90 days."""
    return min(90.0, max(1.0, (last - first).days / 30))


# -- shifts ---------------------------------------------------------------------------------------

# Chosen so that fewer than one in twenty journals whose memories are shuffled shows a shift at all.
_LEAST_T: Final = 5.0
_LEAST_CHANGE: Final = 0.25
_LEAST_MEMORIES: Final = 8
# A floor for the variance of a valence, so that a run of one feeling is no certainty.
_LEAST_VARIANCE: Final = 0.02


def shifts(days: Sequence[Day]) -> list[Shift]:
    """Find the days after which valence is lastingly another, oldest first.

    Binary segmentation (Scott and Knott 1974): the days are split where Welch's t between the valences
    of the memories on both sides (Welch 1947) is largest; a split stands where ``|t|`` is above 5,
    the means differ by 0.25 or more, and both sides have eight memories; then each side is split again.
    """
    moments = [_moments(day.feelings) for day in days]
    totals = [(0, 0.0, 0.0)]
    for n, valence, squares, _ in moments:
        before = totals[-1]
        totals.append((before[0] + n, before[1] + valence, before[2] + squares))
    found: list[Shift] = []
    parts = [(0, len(days))]
    while parts:
        start, end = parts.pop()
        best = _best_split(totals, start, end)
        if best is None:
            continue
        place, before_mean, after_mean, t = best
        found.append(Shift(days[place].day, before_mean, after_mean, t))
        parts += [(start, place), (place, end)]
    found.sort()
    return found


def _best_split(
    totals: Sequence[tuple[int, float, float]], start: int, end: int
) -> tuple[int, float, float, float] | None:
    first, last = totals[start], totals[end]
    best: tuple[int, float, float, float] | None = None
    for place in range(start + 1, end):
        middle = totals[place]
        n_before, n_after = middle[0] - first[0], last[0] - middle[0]
        if n_before < _LEAST_MEMORIES or n_after < _LEAST_MEMORIES:
            continue
        before = (middle[1] - first[1]) / n_before
        after = (last[1] - middle[1]) / n_after
        error = _variance(middle[2] - first[2], before, n_before) / n_before
        error += _variance(last[2] - middle[2], after, n_after) / n_after
        t = (after - before) / math.sqrt(error)
        if (
            abs(t) > _LEAST_T
            and abs(after - before) >= _LEAST_CHANGE
            and (best is None or abs(t) > abs(best[3]))
        ):
            best = (place, before, after, t)
    return best


def _variance(squares: float, mean: float, n: int) -> float:
    """The unbiased variance, with a floor."""
    return max((squares - n * mean * mean) / (n - 1), _LEAST_VARIANCE)


def segments(days: Sequence[Day], found: Sequence[Shift]) -> list[Stretch]:
    """The stretches that shifts part the days into, oldest first."""
    edges = [shift.day for shift in found]
    stretches = []
    for _, group in groupby(days, key=lambda day: sum(edge <= day.day for edge in edges)):
        part = list(group)
        feelings = distribution(part)
        stretches.append(Stretch(part[0].day, part[-1].day, feelings, mean_affect(feelings)))
    return stretches


# -- what follows what ----------------------------------------------------------------------------

_BYTE: Final = 256
# One call over a million would hold the interpreter, and keys would wait for it.
_TOGETHER: Final = 1 << 15


def transitions(
    feelings: Sequence[int],
    names: Sequence[Feeling | str],
    before: Mapping[tuple[Feeling | str, Feeling | str], int] = MappingProxyType({}),
) -> dict[tuple[Feeling | str, Feeling | str], int]:
    """How often a memory of one feeling is followed by one of another (or the same), most first.

    ``before`` is what was counted up to the first of ``feelings``; it is counted on.
    """
    counted = dict(before)
    pairs: Counter[tuple[int, int]] = Counter()
    for start in range(0, len(feelings), _TOGETHER):
        pairs.update(pairwise(feelings[start : start + _TOGETHER + 1]))
    for (one, other), count in pairs.items():
        key = (names[one], names[other])
        counted[key] = counted.get(key, 0) + count
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def feeling_streaks(feelings: Sequence[int], names: Sequence[Feeling | str]) -> dict[Feeling | str, int]:
    """For each feeling the most memories in a row that have it, longest first."""
    if not feelings:
        return {}
    shown = list(dict.fromkeys(names))
    if len(shown) > _BYTE:
        runs = groupby(map(names.__getitem__, feelings))
        longest: dict[Feeling | str, int] = {}
        for name, run in runs:
            longest[name] = max(longest.get(name, 0), sum(1 for _ in run))
    else:
        # A run is looked for as a piece of text, which is ten times as fast as counting them all.
        numbers = [shown.index(name) for name in names]
        text = b"".join(
            [
                bytes(map(numbers.__getitem__, feelings[start : start + _TOGETHER]))
                for start in range(0, len(feelings), _TOGETHER)
            ]
        )
        longest = {name: n for number, name in enumerate(shown) if (n := _longest_run(text, number))}
    return dict(sorted(longest.items(), key=lambda item: (-item[1], item[0])))


def _longest_run(text: bytes, number: int) -> int:
    piece = bytes((number,))
    low, high = 0, 1
    while piece * high in text:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if piece * middle in text else (low, middle)
    return low


def day_streaks(days: Sequence[Day], today: date) -> tuple[int, int]:
    """Days in a row with a memory: the most there ever were, and how many lead up to today or yesterday."""
    longest = current = run = 0
    before: date | None = None
    for day in days:
        run = run + 1 if before is not None and (day.day - before).days == 1 else 1
        longest = max(longest, run)
        before = day.day
        if 0 <= (today - day.day).days <= 1:
            current = run
    return longest, current
