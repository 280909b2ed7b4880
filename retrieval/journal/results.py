"""What a question to the journal is answered with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ...storage.memory import Memory
from ..trace import Trace

__all__ = ["JournalAnswer", "MemoryChunk", "MemoryLeftOut", "MemoryResult"]


@dataclass(frozen=True, slots=True)
class MemoryChunk:
    """The words of a memory as delivered, ``tokens`` as an upper estimate; ``compressed`` where they are an
    excerpt, with gaps marked […].
    """

    id: str
    content: str
    tokens: int
    compressed: bool
    original_tokens: int
    hash: str


@dataclass(frozen=True, slots=True)
class MemoryResult:
    """One memory of an answer. ``scores`` go by signal, with ``rrf``, ``density`` and ``final`` (1 for the
    best).
    """

    memory: Memory
    chunk: MemoryChunk
    scores: dict[str, float] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """What the delivered words cost, as an upper estimate."""
        return self.chunk.tokens

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON shape, the memory as journal commands print it."""
        return {
            "memory": self.memory.document(),
            "chunk": asdict(self.chunk),
            "also_in": [],
            "scores": self.scores,
            "ranks": self.ranks,
            "is_stale": False,
            "stale_reason": None,
            "is_delta": False,
            "delta_text": None,
        }


@dataclass(frozen=True, slots=True)
class MemoryLeftOut:
    """A memory that was good enough and did not fit, with its cost in tokens."""

    id: str
    concept: str
    cost: int
    reason: str

    @property
    def label(self) -> str:
        """What it is about, and its id."""
        return f"{self.concept} {self.id[:8]}"


class JournalAnswer(list[MemoryResult]):
    """Memories, best first; ``used`` is what counts against ``budget``."""

    def __init__(self, query: str, budget: int) -> None:
        super().__init__()
        self.query = query
        self.budget = budget
        self.used = 0
        self.trace = Trace()
        self.left_out: list[MemoryLeftOut] = []
