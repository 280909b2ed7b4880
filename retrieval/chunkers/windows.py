"""Text without a structure that we know: windows of lines that overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..tokens import count_tokens

if TYPE_CHECKING:
    from .types import ChunkOptions

__all__ = ["windows"]

WINDOW_LINES: Final = 30


def windows(lines: list[str], language: str, options: ChunkOptions) -> list[tuple[int, int]]:
    """Give line ranges (0-based, end excluded), each within the cap unless it is a single line.

    Each range after the first starts ``overlap_lines`` before the end of the one before it, as far as it still moves on.
    """
    costs = [count_tokens(line, language) + 1 for line in lines]
    found: list[tuple[int, int]] = []
    start = covered = 0
    while covered < len(lines):
        end, size = start, 0
        while end < len(lines) and (
            end == start or (end - start < WINDOW_LINES and size + costs[end] <= options.max_chunk_tokens)
        ):
            size += costs[end]
            end += 1
        if end <= covered:  # the overlap alone fills a window
            start = covered
            continue
        found.append((start, end))
        covered = end
        start = max(end - options.overlap_lines, start + 1)
    return found
