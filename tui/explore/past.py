"""Questions that were acted upon, with what was pinned: ``.mnemosyne/explorer.json``, for this user alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ...settings import replace_file
from .model import FORMATS, Asked, Past
from .reading import hit_of

if TYPE_CHECKING:
    from ...retrieval.engine import RetrievalEngine
    from ...retrieval.results import QueryResult

__all__ = ["keep_past", "load_past"]

_FILE: Final = "explorer.json"
_LARGEST: Final = 4 << 20


def load_past(engine: RetrievalEngine) -> Past:
    """The questions that were kept; what cannot be read, or is none, is left out."""
    path = engine.project.index_dir / _FILE
    try:
        if path.stat().st_size > _LARGEST:
            return Past(())
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Past(())
    found = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            found.append(_asked(entry))
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return Past(tuple(found))


def keep_past(engine: RetrievalEngine, questions: tuple[Asked, ...]) -> None:
    """Write the questions to the code down; a project that cannot be written keeps none."""
    entries = [
        {
            "text": asked.text,
            "budget": asked.budget,
            "format": asked.output,
            "weights": dict(asked.scales),
            "pinned": [hit.source.as_dict() for hit in asked.pinned],
        }
        for asked in questions
        if asked.corpus == "code"
    ]
    try:
        if engine.project.index_dir.is_dir():
            replace_file(engine.project.index_dir / _FILE, json.dumps(entries, ensure_ascii=False).encode())
    except OSError:
        return


def _asked(entry: dict[str, Any]) -> Asked:
    asked = Asked(str(entry["text"])).budgeted(int(entry["budget"]))
    for signal, weight in entry["weights"].items():
        asked = asked.weighed(str(signal), float(weight))
    pinned = tuple(hit_of(_result(each)) for each in entry["pinned"])
    output = entry["format"] if entry["format"] in FORMATS else FORMATS[0]
    return Asked(asked.text, "code", asked.budget, output, asked.scales, pinned)


def _result(entry: dict[str, Any]) -> QueryResult:
    from ...retrieval.results import AlsoIn, Chunk, QueryResult  # noqa: PLC0415 -- loaded with the engine

    also = tuple(AlsoIn(**place) for place in entry["also_in"])
    return QueryResult(**{**entry, "chunk": Chunk(**entry["chunk"]), "also_in": also})
