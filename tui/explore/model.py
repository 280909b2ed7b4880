"""What Explore shows, as frozen data: the question with its knobs, what answers it, one preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from rich.text import Text

__all__ = [
    "FORMATS",
    "HIGHEST",
    "LOWEST",
    "MODES",
    "Acted",
    "Asked",
    "Counts",
    "Delivered",
    "Hit",
    "Ingested",
    "Missed",
    "Past",
    "Preview",
    "Result",
    "Step",
    "Unindexed",
]

FORMATS: Final = ("plain", "markdown", "xml", "json")
MODES: Final = ("original", "compressed", "difference")
LOWEST: Final = 100
"""Tokens: the least budget that can be set."""
HIGHEST: Final = 200_000
"""Tokens: the greatest budget that can be set."""


class Hit(NamedTuple):
    """One piece of an answer; ``place`` is inert and fit to show.

    ``id`` is the chunk's or the memory's, ``path`` relative to the project (empty for a memory), ``tokens``
    what its content costs, ``stale`` why the file is no longer what was indexed. ``source`` is the engine's
    own result, for writing it out.
    """

    id: str
    name: str
    place: str
    path: str
    line: int
    language: str
    tokens: int
    content: str
    scores: Mapping[str, float]
    ranks: Mapping[str, int]
    stale: str
    source: Any


class Missed(NamedTuple):
    """What was good enough and did not fit, with its cost in tokens; ``name`` and ``place`` as of a `Hit`."""

    name: str
    place: str
    cost: int
    reason: str


class Step(NamedTuple):
    """One stage of the way to the answer: how many came and went, milliseconds, and a word on it."""

    name: str
    came: int
    went: int
    ms: float
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with everything that changes its answer.

    ``scales`` are the weights of signals that are not 1, from 0 to 2. ``pinned`` always belongs to the
    answer, ``excluded`` never.
    """

    text: str = ""
    corpus: str = "code"
    budget: int = 8000
    output: str = "plain"
    scales: tuple[tuple[str, float], ...] = ()
    pinned: tuple[Hit, ...] = ()
    excluded: tuple[Hit, ...] = ()

    def weight(self, signal: str) -> float:
        """What a signal weighs."""
        return dict(self.scales).get(signal, 1.0)

    def weighed(self, signal: str, weight: float) -> Asked:
        """The question with another weight of a signal, kept within 0 and 2."""
        scales = {**dict(self.scales), signal: round(max(0.0, min(2.0, weight)), 1)}
        return replace(self, scales=tuple(sorted((k, v) for k, v in scales.items() if v != 1.0)))

    def budgeted(self, tokens: int) -> Asked:
        """The question with another budget, kept within what can be set."""
        return replace(self, budget=max(LOWEST, min(HIGHEST, tokens)))

    def switched(self, kind: str, hit: Hit) -> Asked:
        """The question with a hit ``pinned`` or ``excluded``, or no longer; the one ends the other."""
        for scores in (hit.scores, hit.ranks):
            len(scores)  # until they are looked at they hold all that the answer was made from
        kept = {
            each: tuple(other for other in getattr(self, each) if other.id != hit.id)
            for each in ("pinned", "excluded")
        }
        if len(kept[kind]) == len(getattr(self, kind)):
            kept[kind] = (*kept[kind], hit)
        return replace(self, pinned=kept["pinned"], excluded=kept["excluded"])


class Result(NamedTuple):
    """What answers a question; ``used`` tokens of its budget. ``signals`` are all there are, ``weighed``
    those to which the fusion gives any weight for such a question.
    """

    asked: Asked
    hits: tuple[Hit, ...] = ()
    missed: tuple[Missed, ...] = ()
    steps: tuple[Step, ...] = ()
    used: int = 0
    kind: str = ""
    signals: tuple[str, ...] = ()
    root: Path | None = None
    notices: tuple[str, ...] = ()
    weighed: frozenset[str] = frozenset()

    def files(self) -> list[tuple[str, int]]:
        """Tokens spent in each file (each concept, for memories), the most first."""
        spent: dict[str, int] = {}
        for hit in self.hits:
            name = hit.path or hit.name
            spent[name] = spent.get(name, 0) + hit.tokens
        return sorted(spent.items(), key=lambda each: -each[1])


class Unindexed(NamedTuple):
    """There is no index yet, of this folder."""

    folder: Path


class Counts(NamedTuple):
    """How much is indexed."""

    files: int
    chunks: int


class Preview(NamedTuple):
    """A piece in full, line by line as it is to be drawn; ``note`` says what was done to it,
    ``warning`` that it is no longer so."""

    id: str
    mode: str
    lines: tuple[Text, ...]
    first: int
    """The number of the first line; 0 where lines have no numbers."""
    note: str = ""
    warning: str = ""


class Delivered(NamedTuple):
    """An assembled answer as text, and where it was written (None: it is to be copied)."""

    text: str
    chunks: int
    path: Path | None


class Acted(NamedTuple):
    """Some chunks were said to be of use; ``counted`` of them count."""

    kind: str
    counted: int


class Ingested(NamedTuple):
    """A finished ingest."""

    changed: int
    removed: int
    failed: int
    seconds: float
    notices: tuple[str, ...]


class Past(NamedTuple):
    """Questions of before to the code, with what was pinned to them, the latest first."""

    questions: tuple[Asked, ...]
