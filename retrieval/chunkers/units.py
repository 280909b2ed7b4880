"""The plan of a file: ranges of lines that belong together, and how each may be divided further.

Every chunker produces units; ``pack`` turns them into chunks. A unit says nothing of tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TYPE_KINDS", "Unit"]

TYPE_KINDS: Final = frozenset({"class", "interface", "struct", "enum", "trait", "impl", "type", "module"})
"""Kinds that name a type or what holds members."""


@dataclass(slots=True)
class Unit:
    """Lines ``start`` to ``end`` (0-based, end excluded) of one file."""

    start: int
    end: int
    kind: str
    symbol: str | None = None
    signature: str = ""
    defines: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    owner: str | None = None
    """Symbol of what this unit is a member of: tiny members of one owner are merged first."""
    divide: Callable[[], list[Unit]] | None = None
    """The smaller units inside, in order; called only when this one is too large."""
    leads: bool = False
    """A comment or attribute: it belongs to the unit that follows it directly."""
