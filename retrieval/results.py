"""What a question is answered with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .trace import Trace

__all__ = ["AlsoIn", "Answer", "Chunk", "LeftOut", "QueryResult"]


class Chunk(NamedTuple):
    """A piece of a file: lines ``line_start`` to ``line_end`` (from 1, inclusive), ``tokens`` as an upper
    estimate, ``hash`` of its content. ``id`` stays while its path and symbol stay.
    """

    id: str
    content: str
    chunk_type: str
    symbol_name: str | None
    language: str | None
    line_start: int
    line_end: int
    tokens: int
    compressed: bool
    original_tokens: int
    hash: str


class AlsoIn(NamedTuple):
    """Another place with the same content."""

    file_path: str
    line_start: int
    line_end: int


class QueryResult(NamedTuple):
    """One chunk of an answer. ``scores`` go by signal, with ``rrf``, ``density`` (value for its size) and
    ``final`` (1 for the best); ``ranks`` hold the signals that know the chunk.
    """

    file_path: str
    chunk: Chunk
    also_in: tuple[AlsoIn, ...] = ()
    scores: Mapping[str, float] = MappingProxyType({})
    ranks: Mapping[str, int] = MappingProxyType({})
    is_stale: bool = False
    stale_reason: str | None = None
    is_delta: bool = False
    delta_text: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON shape."""
        found = self._asdict()
        found["chunk"] = self.chunk._asdict()
        found["also_in"] = [place._asdict() for place in self.also_in]
        found["scores"], found["ranks"] = dict(self.scores), dict(self.ranks)
        return found


class LeftOut(NamedTuple):
    """A chunk that was good enough and did not fit, with its cost in tokens."""

    id: str
    file_path: str
    symbol_name: str | None
    line_start: int
    line_end: int
    cost: int
    reason: str

    @property
    def label(self) -> str:
        """Where it is, and what."""
        name = f" {self.symbol_name}" if self.symbol_name else ""
        return f"{self.file_path} {self.line_start}-{self.line_end}{name}"


class Answer(list[QueryResult]):
    """Results, best first, with the question as read, the trace of the stages and what did not fit.

    ``used`` is what counts against ``budget``: the output's tokens, or the contents' for JSON; where nothing
    fits, ``least`` is the budget that the best chunk takes. ``notices`` are lines to say to the user.
    ``signature`` stands for the set of the question's ``words``; ``whole`` are the results as they would be
    without a session.
    """

    def __init__(self, query: str, kind: str, budget: int) -> None:
        super().__init__()
        self.query = query
        self.kind = kind
        self.budget = budget
        self.signature = ""
        self.words: list[str] = []
        self.whole: list[QueryResult] = []
        self.used = 0
        self.least: int | None = None
        self.trace = Trace()
        self.left_out: list[LeftOut] = []
        self.notices: list[str] = []
