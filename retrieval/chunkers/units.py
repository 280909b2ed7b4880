"""The plan of a file: ranges of lines that belong together, and how each may be divided further.

Every chunker makes such a plan; ``pack`` turns it into chunks. A plan knows nothing of tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .source import Source

__all__ = ["DEEPEST", "TYPE_KINDS", "Unit", "settle", "spans"]

TYPE_KINDS: Final = frozenset(
    {"class", "interface", "struct", "enum", "trait", "impl", "type", "module", "object"}
)
"""Kinds that name a type or hold members."""
DEEPEST: Final = 40
"""Levels of structure that are followed; what lies deeper is cut by lines."""
_OPENS: Final = re.compile(
    r"(?:[({\[:]|->|=>|\b(?:do|then|else|begin|try|ensure|where|of|in))\s*$|^\s*#\s*(?:if|el)"
)


@dataclass(slots=True)
class Unit:
    """Lines ``start`` to ``end`` (0-based, end left out) of one file."""

    start: int
    end: int
    kind: str = "block"
    symbol: str | None = None
    signature: str = ""
    defines: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    owner: str | None = None
    """Symbol of what this is a member of: tiny members of one owner are merged first."""
    divide: Callable[[], list[Unit]] | None = None
    """The smaller units inside, in order; called only when this one is too large."""
    at: int = -1
    """The line of the definition itself, below its comments; -1 where that is the first."""
    clause: bool = False
    """One of several definitions that may make up a function."""
    leads: bool = False
    """A comment or attribute: it belongs to what follows it directly."""

    def names_to(self, parts: list[Unit]) -> None:
        """Leave what this unit defines to the one of its parts that holds the definition itself."""
        home = next((part for part in parts if part.start <= self.at < part.end), parts[0])
        home.defines = self.defines + home.defines
        home.types = self.types + home.types
        home.at = self.at

    def part(self, start: int, end: int) -> Unit:
        """Some of this unit's lines, under its name."""
        return Unit(start, end, self.kind, self.symbol, self.signature, owner=self.owner)


def spans(starts: list[int], last: int) -> Iterator[tuple[int, int]]:
    """Ranges that begin at ``starts``, the last of them ending at ``last``."""
    return zip(starts, [*starts[1:], last], strict=False)


def settle(units: list[Unit], source: Source, first: int, last: int) -> list[Unit]:
    """Make ``units`` disjoint, in order, and cover every non-blank line from ``first`` to ``last``.

    A line that no unit claims goes to the unit before it, or to the one that it opens (``namespace x {``,
    ``else:``). A unit that shares all its lines with the one before joins it.
    """
    settled: list[Unit] = []
    at = first
    for unit in sorted(units, key=lambda unit: (unit.start, unit.leads, -unit.end)):
        trails = unit.leads and unit.start < at  # a comment that began behind code goes on with it
        unit.start, unit.end = source.trim(max(unit.start, at), min(unit.end, last))
        if unit.start >= unit.end:
            if settled:
                settled[-1].defines += unit.defines
                settled[-1].types += unit.types
            continue
        if trails and settled:
            settled[-1].end = at = unit.end
            continue
        start, end = source.trim(at, unit.start)
        if start < end:
            if not settled or (end == unit.start and _OPENS.search(source.lines[end - 1])):
                unit.start = start
            else:
                settled[-1].end, settled[-1].leads = end, False
        at = unit.end
        if settled and settled[-1].leads and settled[-1].end == unit.start:
            unit.start = settled.pop().start
        settled.append(unit)
    start, end = source.trim(at, last)
    if start < end:
        if settled:
            settled[-1].end = end
        else:
            settled.append(Unit(start, end))
    return settled
