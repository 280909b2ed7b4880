"""What commands ask of an engine: one shape, whether it is in this process or in the daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .formats import document

if TYPE_CHECKING:
    from .engine import RetrievalEngine
    from .results import Answer

__all__ = ["METHODS", "Reply", "query"]


class Reply(TypedDict):
    """What a query gives a command.

    ``output`` is for stdout, ``notices`` are lines for stderr, ``found`` is how many results there are.
    ``least`` is what the best costs where none fits, ``stages`` and ``left_out`` explain.
    """

    output: str
    notices: list[str]
    found: int
    least: int | None
    budget: int
    stages: list[tuple[str, int, int, float, str]]
    left_out: list[tuple[str, int]]


def query(engine: RetrievalEngine, text: str, options: dict[str, Any]) -> Reply:
    """Ask, and write the answer in ``options["output"]``; ``options`` are those of `RetrievalEngine.query`.

    Raises what it raises.
    """
    shown = options["output"] == "json" or options.get("show_scores", False)
    answer = engine.query(text, **options, scores=shown)
    return {
        "output": _written(text, answer, options),
        "notices": [*engine.project.notices, *answer.notices],
        "found": len(answer),
        "least": answer.least,
        "budget": answer.budget,
        "stages": [(each.name, each.came, each.went, each.ms, each.why) for each in answer.trace.stages],
        "left_out": [(left.label, left.cost) for left in answer.left_out[:10]],
    }


def _query(engine: RetrievalEngine, /, text: str, **options: Any) -> Reply:
    return query(engine, text, options)


def _stats(engine: RetrievalEngine) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415 - no question asks for it

    found = engine.stats()
    return {**asdict(found), "tokens_per_chunk": found.tokens_per_chunk, "notices": engine.project.notices}


def _feedback(
    engine: RetrievalEngine,
    /,
    file: str,
    line: int,
    kind: Literal["used", "selected", "ignored"],
    session: str,
) -> dict[str, Any]:
    chunk = engine.chunk_at(engine.project.root / file, line)
    return {"chunk": chunk, "counts": engine.feedback(chunk, kind, session=session)}


def _outline(engine: RetrievalEngine, /, file: str) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415 - as above

    found = engine.outline(engine.project.root / file)
    return {"entries": [asdict(entry) for entry in found], "notices": engine.project.notices}


def _cache_show(engine: RetrievalEngine) -> dict[str, Any]:
    state, config = engine.cache_state(), engine.project.config.cache
    return {
        "capacity": config.capacity,
        "ghost_capacity": config.ghost_capacity,
        "t1": state.t1,
        "t2": state.t2,
        "b1": state.b1,
        "b2": state.b2,
        "p": state.p,
        "hits": state.hits,
        "misses": state.misses,
        "ghost_hits": state.ghost_hits,
        "hit_rate": state.hit_rate,
        "notices": engine.project.notices,
    }


def _cache_clear(engine: RetrievalEngine) -> dict[str, Any]:
    return {"cleared": engine.cache_clear(), "notices": engine.project.notices}


def _cache_warm(engine: RetrievalEngine) -> dict[str, Any]:
    return {"warmed": engine.cache_warm(), "notices": engine.project.notices}


METHODS: dict[str, Callable[..., Any]] = {
    "query": _query,
    "stats": _stats,
    "outline": _outline,
    "feedback": _feedback,
    "cache.show": _cache_show,
    "cache.clear": _cache_clear,
    "cache.warm": _cache_warm,
}
"""What an engine, the first argument, is asked for, by the daemon's name for it; params are by name, and
results are what JSON can hold.
"""


def _written(text: str, answer: Answer, options: dict[str, Any]) -> str:
    style = options["output"]
    if style == "json":
        return json.dumps([result.as_dict() for result in answer], ensure_ascii=False, indent=1) + "\n"
    if not answer:
        return ""
    shown, session = options.get("show_scores", False), options.get("session")
    return document(style, text, answer.budget, answer, show_scores=shown, session=session)
