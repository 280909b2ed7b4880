"""What the Arc pane draws: frozen data from a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ...storage.affect import Day, Span
from ...storage.feelings import Feeling
from ...storage.views import Columns

__all__ = ["Arc", "Band", "Look", "Mark", "Read", "Scene", "Shown", "Window"]


class Window(NamedTuple):
    """The stretch of days that is on screen, both included, as ordinals."""

    first: int
    last: int

    @property
    def days(self) -> int:
        """How many days that is."""
        return self.last - self.first + 1


class Arc(NamedTuple):
    """The memories of a concept, or of the whole journal where it is empty.

    Attributes:
        concept: Whose arc it is.
        columns: Times, feelings and refs, oldest first.
        days: The same by local day.
        means: For each day with a known feeling its ordinal at noon, mean valence and memories.
        words: From what to what.
        transitions: What follows what, most often first.
        concepts: The journal's concepts with their memories, most first.
        generation: Of the log that was read: another one may lack what this one had.
    """

    concept: str
    columns: Columns
    days: Sequence[Day]
    means: Sequence[tuple[float, float, int]]
    words: str
    transitions: Mapping[tuple[Feeling | str, Feeling | str], int]
    concepts: Mapping[str, int]
    generation: int = 0

    @property
    def whole(self) -> Window:
        """From the first day to the last."""
        return Window(self.days[0].day.toordinal(), self.days[-1].day.toordinal())


class Mark(NamedTuple):
    """Memories of one feeling in one column of dots."""

    column: int
    feeling: Feeling | str
    size: int


class Band(NamedTuple):
    """A period of the stack: its first column of dots, the one after its last, and its feelings."""

    start: int
    end: int
    first: date
    feelings: Mapping[Feeling | str, int]


class Scene(NamedTuple):
    """A window of an arc, drawn over columns of dots.

    Attributes:
        window: The days from the left edge to the right.
        columns: How many columns of dots there are.
        marks: Where memories are.
        line: The smoothed valence at each column; None before the first and after the last day.
        bands: The feelings by period.
        span: What a period is: ``day``, ``week``, ``month`` or ``year``.
        size: How many memories the window has.
    """

    window: Window
    columns: int
    marks: Sequence[Mark]
    line: Sequence[float | None]
    bands: Sequence[Band]
    span: str
    size: int


class Look(NamedTuple):
    """How an arc is looked at.

    Attributes:
        window: The days on screen; None for all.
        columns: How many columns of dots there are.
        span: What a period of the stack is; None for what suits the window.
        first_weekday: With which day weeks begin, 0 being Monday.
    """

    window: Window | None
    columns: int
    span: Span | None
    first_weekday: int


class Read(NamedTuple):
    """An arc, and what it looks like; None where there is nothing to draw."""

    arc: Arc
    look: Look
    scene: Scene | None


class Shown(NamedTuple):
    """The memory under the cursor."""

    ref: int
    us: int
    feeling: Feeling | str
    concept: str
    text: str
