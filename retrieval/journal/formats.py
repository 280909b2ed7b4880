"""Memories as text: plain, Markdown or XML blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..formats import TextFormat, closing, heading, quoted_xml, xml_text
from .results import MemoryResult

__all__ = ["block", "document"]

_NOTE = 600  # characters shown of a memory's note
_BREAK = re.compile(r"\s+")


def document(
    style: TextFormat, query: str, budget: int, results: Sequence[MemoryResult], *, show_scores: bool = False
) -> str:
    """The whole output, ending in a line feed."""
    tokens = sum(result.tokens for result in results)
    blocks = [block(style, result, show_scores=show_scores) for result in results]
    return "".join([heading(style, query, budget, len(results), tokens), *blocks, closing(style)])


def block(style: TextFormat, result: MemoryResult, *, show_scores: bool = False) -> str:
    """One memory, ending in a line feed (or a blank line)."""
    make: dict[TextFormat, Callable[[MemoryResult, bool], str]] = {
        "plain": _plain,
        "markdown": _markdown,
        "xml": _xml,
    }
    return make[style](result, show_scores)


def _line(text: str) -> str:
    return _BREAK.sub(" ", text)


def _when(result: MemoryResult) -> str:
    return result.memory.local_time.strftime("%Y-%m-%d %H:%M")


def _note(result: MemoryResult) -> str:
    note = result.memory.note
    return note if len(note) <= _NOTE else f"{note[:_NOTE]}…"


def _scores(result: MemoryResult) -> str:
    return ", ".join(f"{name} {score:.3f}" for name, score in result.scores.items() if score)


def _plain(result: MemoryResult, show_scores: bool) -> str:
    memory = result.memory
    marks = f"[{_line(str(memory.feeling))}]" + "".join(f" [#{_line(tag)}]" for tag in memory.tags)
    marks += f" [tokens: {result.tokens}] [id: {_line(memory.memory_id)[:8]}]"
    marks += f" [{_scores(result)}]" if show_scores else ""
    head = f"--- {_when(result)} {_line(memory.concept)} {marks} ---"
    excerpt = ["[excerpt]"] if result.chunk.compressed else []
    note = [f"note: {_note(result)}"] if memory.note else []
    return "\n".join([head, *excerpt, result.chunk.content, *note, "", ""])


def _markdown(result: MemoryResult, show_scores: bool) -> str:
    memory = result.memory
    tags = "".join(f" #{_line(tag)}" for tag in memory.tags)
    head = f"## {_when(result)}, {_line(memory.concept)} ({_line(str(memory.feeling))}){tags}"
    text = result.chunk.content + (f"\n\nnote: {_note(result)}" if memory.note else "")
    quoted = "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
    scores = [_scores(result), ""] if show_scores else []
    return "\n".join([head, "", *scores, quoted, "", ""])


def _xml(result: MemoryResult, show_scores: bool) -> str:
    memory = result.memory
    attributes = {
        "id": memory.memory_id,
        "date": memory.local_time.isoformat(timespec="minutes"),
        "concept": memory.concept,
        "feeling": str(memory.feeling),
        "tags": ", ".join(memory.tags) or None,
        "note": _note(result) or None,
        "tokens": str(result.tokens),
        "excerpt": "true" if result.chunk.compressed else None,
        "scores": _scores(result) if show_scores else None,
    }
    said = " ".join(f"{name}={quoted_xml(value)}" for name, value in attributes.items() if value is not None)
    content = xml_text(result.chunk.content).replace("]]>", "]]]]><![CDATA[>")
    return f"<memory {said}><![CDATA[\n{content}\n]]></memory>\n"
