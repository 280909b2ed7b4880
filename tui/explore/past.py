"""Questions that were acted upon, with what was pinned: for this user alone, and beside what they ask.

Those to the code lie in ``.mnemosyne/explorer.json``, those to the journal in
``<stem>_drafts/questions.json``, which names what was pinned by its id and holds nothing of any memory.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ...settings import replace_file
from .model import FORMATS, Asked, Past
from .reading import hit_of, hit_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ...retrieval.engine import RetrievalEngine
    from ...retrieval.journal.results import MemoryResult
    from ...retrieval.results import QueryResult
    from ...storage.journal import MemoryDB
    from .model import Hit

__all__ = ["keep_code", "keep_journal", "past_of_code", "past_of_journal"]

_OF_CODE: Final = "explorer.json"
_OF_JOURNAL: Final = "questions.json"
_LARGEST: Final = 4 << 20


def past_of_code(engine: RetrievalEngine) -> Past:
    """The questions to the code that were kept; what cannot be read, or is none, is left out."""

    def pinned(entries: list[Any]) -> tuple[Hit, ...]:
        return tuple(hit_of(_chunk(each)) for each in entries)

    return _load(engine.project.index_dir / _OF_CODE, "code", pinned)


def past_of_journal(db: MemoryDB, folder: Path) -> Past:
    """The questions to the journal that were kept; a pinned memory that is not there any more is left out."""
    from ...storage.errors import JournalError  # noqa: PLC0415 -- loaded with the journal

    def pinned(entries: list[Any]) -> tuple[Hit, ...]:
        found = []
        for each in entries:
            with suppress(JournalError):
                found.append(hit_of_memory(_whole(db, str(each))))
        return tuple(found)

    return _load(folder / _OF_JOURNAL, "journal", pinned)


def keep_code(engine: RetrievalEngine, questions: Sequence[Asked]) -> None:
    """Write the questions to the code down; a project that cannot be written keeps none."""
    if engine.project.index_dir.is_dir():
        entries = [_entry(asked, [hit.source.as_dict() for hit in asked.pinned]) for asked in questions]
        with suppress(OSError):
            replace_file(engine.project.index_dir / _OF_CODE, _bytes(entries))


def keep_journal(folder: Path, questions: Sequence[Asked]) -> None:
    """Write the questions to the journal down.

    Raises:
        OSError: the disk refused.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = [_entry(asked, [hit.id for hit in asked.pinned]) for asked in questions]
    replace_file(folder / _OF_JOURNAL, _bytes(entries))


def _bytes(entries: list[dict[str, Any]]) -> bytes:
    return json.dumps(entries, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _entry(asked: Asked, pinned: list[Any]) -> dict[str, Any]:
    return {
        "text": asked.text,
        "budget": asked.budget,
        "format": asked.output,
        "weights": dict(asked.scales),
        "pinned": pinned,
    }


def _load(path: Path, corpus: str, pinned: Callable[[list[Any]], tuple[Hit, ...]]) -> Past:
    try:
        if path.stat().st_size > _LARGEST:
            return Past(())
        entries = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        return Past(())
    found = []
    for entry in entries if isinstance(entries, list) else ():
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            asked = Asked(str(entry["text"])).budgeted(int(entry["budget"]))
            for signal, weight in entry["weights"].items():
                asked = asked.weighed(str(signal), float(weight))
            output = entry["format"] if entry["format"] in FORMATS else FORMATS[0]
            hits = pinned(entry["pinned"])
            found.append(Asked(asked.text, corpus, asked.budget, output, asked.scales, hits))
    return Past(tuple(found))


def _chunk(entry: dict[str, Any]) -> QueryResult:
    from ...retrieval.results import AlsoIn, Chunk, QueryResult  # noqa: PLC0415 -- loaded with the engine

    also = tuple(AlsoIn(**place) for place in entry["also_in"])
    return QueryResult(**{**entry, "chunk": Chunk(**entry["chunk"]), "also_in": also})


def _whole(db: MemoryDB, memory_id: str) -> MemoryResult:
    """A memory as a question would find it, whole.

    Raises:
        NoSuchMemoryError: there is none of that id.
    """
    from ...retrieval.journal.evidence import shown_content  # noqa: PLC0415
    from ...retrieval.journal.results import MemoryChunk, MemoryResult  # noqa: PLC0415
    from ...retrieval.tokens import count_tokens  # noqa: PLC0415

    memory = db.get(memory_id)
    content = shown_content(memory)
    tokens = count_tokens(content, "unknown")
    return MemoryResult(memory, MemoryChunk(memory_id, content, tokens, False, tokens, memory.checksum[:32]))
