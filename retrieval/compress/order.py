"""In which order parts go: the summaries first, then statements and comments, the least telling first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..config import CompressionConfig
    from .parts import Outline

__all__ = ["order"]

IMPORTS: Final = 4
"""A block of as many is summed up."""
ASSIGNMENTS: Final = 3
LOGS: Final = 2
_LIVE: Final = frozenset({"statement", "assignment", "log", "definition"})


def order(
    outline: Outline,
    lines: Sequence[str],
    worth: Sequence[float],
    alike: set[int],
    answering: Sequence[bool],
    locked: set[int],
    config: CompressionConfig,
    *,
    strict: bool,
) -> list[list[int]]:
    """Groups of parts, each to go at once, in the order in which they go.

    Parts in ``locked`` stay; where it is ``strict``, so do live statements that no summary takes up.
    """
    steps: list[tuple[int, float, list[int]]] = []
    taken: set[int] = set()
    runs = {"import": IMPORTS if config.collapse_imports else 0}
    if config.collapse_boilerplate:
        runs |= {"log": LOGS, "assignment": ASSIGNMENTS}
    for kind, least in runs.items():
        for run in _runs(outline, lines, kind) if least else ():
            if len(run) >= least and (
                kind == "import" or not any(answering[number] or number in locked for number in run)
            ):
                tier = 0 if kind == "import" else 1
                steps.append((tier, max(worth[number] for number in run), run))
                taken.update(run)
    for number, part in enumerate(outline.parts):
        if number in taken or number in locked or part.kind == "import" or (strict and part.kind in _LIVE):
            continue
        tier = 1 if number in alike and not answering[number] else 2
        steps.append((tier, worth[number], [number]))
    steps.sort(key=lambda step: (step[0], step[1], step[2]))
    return [group for _, _, group in steps]


def _runs(outline: Outline, lines: Sequence[str], kind: str) -> Iterator[list[int]]:
    """Parts of one kind and block with nothing but blank lines (or comments that go too) between."""
    for block in outline.blocks:
        run: list[int] = []
        end = 0
        for number in block.parts:
            part = outline.parts[number]
            if part.kind != kind:
                continue
            if run and any(line.strip() for line in lines[end : part.start]):
                yield run
                run = []
            run.append(number)
            end = part.end
        if run:
            yield run
