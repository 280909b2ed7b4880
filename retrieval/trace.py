"""What happened to a question on its way: one record for each stage, drawn by ``--explain`` and the
explorer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stage", "Trace"]


class Stage:
    """One stage: how many came in and went out, how many milliseconds it took, and why."""

    __slots__ = ("came", "ms", "name", "went", "why")

    def __init__(self, name: str, came: int = 0) -> None:
        self.name = name
        self.came = came
        self.went = 0
        self.ms = 0.0
        self.why = ""


class Trace:
    """The stages in order; ``reasons`` says of each chunk that was left out or moved (by its row) why."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.reasons: dict[int, str] = {}

    @contextmanager
    def stage(self, name: str, came: int = 0) -> Iterator[Stage]:
        """Time one stage; the block fills in what went and why."""
        stage = Stage(name, came)
        self.stages.append(stage)
        started = time.perf_counter()
        try:
            yield stage
        finally:
            stage.ms = (time.perf_counter() - started) * 1000
