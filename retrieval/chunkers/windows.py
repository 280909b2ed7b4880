"""Text without a structure that we know: windows of lines that overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .pack import Piece
from .units import Unit

if TYPE_CHECKING:
    from .source import Source
    from .types import ChunkOptions

__all__ = ["windows"]

WINDOW_LINES: Final = 30


def windows(source: Source, options: ChunkOptions) -> list[Piece]:
    """Cut a file into pieces within the cap, save one that is a single line.

    Each piece after the first starts ``overlap_lines`` before the end of the one before it, as far as the
    cap lets it bring new lines.
    """
    found: list[Piece] = []
    total = len(source.lines)
    start = covered = 0
    while covered < total:
        end = source.reach(start, min(start + WINDOW_LINES, total), options.max_chunk_tokens)
        if end <= covered:
            start += 1
            continue
        low, high = source.trim(start, end)
        if low < high:
            found.append(Piece(low, high, source.tokens(low, high), [Unit(low, high, "window")]))
        covered = end
        start = max(end - options.overlap_lines, start + 1)
    return found
