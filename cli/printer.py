"""What every printer can do; there is one for terminals, and a plain and a JSON one for pipes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from ..settings import Settings
    from ..storage.media import AttachedFile
    from ..storage.memory import Memory
    from .arc_data import Arc

__all__ = ["Count", "Detail", "Facts", "Printer", "clock", "feeling_word", "short_id"]


class Detail(NamedTuple):
    """A memory with all that belongs to it."""

    memory: Memory
    revisits: Memory | None
    files: Sequence[AttachedFile]
    layers: Sequence[Memory]


class Count(NamedTuple):
    """How many memories have a concept, a feeling or a tag."""

    name: str
    memories: int


Facts = Mapping[str, Any]
"""Facts by name; a mapping among them is a section of its own."""


class Printer(Protocol):
    """Prints a command's result on stdout."""

    def memories(self, memories: Iterable[Memory]) -> int:
        """Print memories as they come; gives how many there were."""

    def detail(self, detail: Detail) -> None:
        """Print one memory whole."""

    def saved(self, memory: Memory) -> None:
        """Print a memory that was just added."""

    def counts(self, kind: str, rows: Sequence[Count]) -> None:
        """Print how often each ``kind`` of thing (concept, feeling, tag) occurs."""

    def facts(self, facts: Facts) -> None:
        """Print what was found out."""

    def rows(self, rows: Sequence[Facts]) -> None:
        """Print facts of one shape about several things."""

    def arc(self, arc: Arc) -> None:
        """Print how memories feel over time."""


def short_id(memory_id: str) -> str:
    """The part of an id that people type."""
    return memory_id[:8]


def feeling_word(feeling: str, settings: Settings) -> str:
    """A feeling in the user's language."""
    if settings.language == "it":
        from ..storage.feelings import Feeling

        if feeling in tuple(Feeling):
            return Feeling(feeling).italian
    return str(feeling)


def clock(moment: datetime, settings: Settings) -> str:
    """A moment as the user reads times."""
    rest = moment.strftime("%m-%d %I:%M %p" if settings.time_format == "12h" else "%m-%d %H:%M")
    return f"{moment.year:04}-{rest}"  # the C library does not pad years
