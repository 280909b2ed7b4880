"""Columns of scores, and scores made comparable."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Features", "ranks", "scaled"]


class Features:
    """Scores by feature's name, each a column: of ``chunks`` by candidate's row, of ``files`` by file's row
    (`Evidence`)."""

    def __init__(
        self, chunks: dict[str, list[float]] | None = None, files: dict[str, list[float]] | None = None
    ) -> None:
        self.chunks = chunks or {}
        self.files = files or {}

    def update(self, more: Features) -> None:
        """Add other features."""
        self.chunks.update(more.chunks)
        self.files.update(more.files)

    def column(self, name: str, owners: Sequence[int]) -> list[float]:
        """A feature by candidate's row, whichever kind it is; empty for one that nobody gave."""
        if name in self.chunks:
            return self.chunks[name]
        return list(map(self.files[name].__getitem__, owners)) if name in self.files else []


def ranks(scores: Sequence[float]) -> dict[int, int]:
    """Ranks from 1, best first, of the rows that score at all; ties go by row."""
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    return {row: rank for rank, row in enumerate(order, 1) if scores[row] > 0}


def scaled(scores: list[float]) -> list[float]:
    """Scores divided by the highest; none is below 0."""
    top = max(scores, default=0.0)
    return [score / top for score in scores] if top > 0 else scores
