"""An answer as a command prints it: one shape, whether the engine is in this process or in the daemon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict

from .formats import document

if TYPE_CHECKING:
    from .engine import RetrievalEngine
    from .results import Answer

__all__ = ["Reply", "query"]


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
    answer = engine.query(text, **options)
    return {
        "output": _written(text, answer, options),
        "notices": [*engine.project.notices, *answer.notices],
        "found": len(answer),
        "least": answer.left_out[0].cost if answer.left_out and not answer else None,
        "budget": answer.budget,
        "stages": [(each.name, each.came, each.went, each.ms, each.why) for each in answer.trace.stages],
        "left_out": [(left.label, left.cost) for left in answer.left_out[:10]],
    }


def _written(text: str, answer: Answer, options: dict[str, Any]) -> str:
    style = options["output"]
    if style == "json":
        return json.dumps([result.as_dict() for result in answer], ensure_ascii=False, indent=1) + "\n"
    if not answer:
        return ""
    shown, session = options.get("show_scores", False), options.get("session")
    return document(style, text, answer.budget, answer, show_scores=shown, session=session)
