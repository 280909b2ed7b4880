"""An answer as text: plain, Markdown or XML, made of blocks so that a budget can be filled block by block."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from .results import QueryResult

__all__ = ["TextFormat", "closing", "document", "heading", "parts", "quoted_xml", "xml_text"]

TextFormat = Literal["plain", "markdown", "xml"]
Parts = tuple[str, str, str]

# As texts: `re` compiles and keeps what is asked for, and plain answers ask for neither.
_NOT_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
_FENCE = r"(?m:^\s*(`{3,}))"
_NAME = 64  # characters of a session's name
_ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)
_ECHO = 200  # characters of the question that a heading repeats


def document(
    style: TextFormat,
    query: str,
    budget: int,
    results: Sequence[QueryResult],
    *,
    show_scores: bool = False,
    session: str | None = None,
) -> str:
    """The whole output, ending in a line feed; ``session`` is the name of the caller's, if there is one."""
    tokens = sum(result.chunk.tokens for result in results)
    blocks = [part for result in results for part in parts(style, result, show_scores=show_scores)]
    return "".join(
        [heading(style, query, budget, len(results), tokens, session=session), *blocks, closing(style)]
    )


def heading(
    style: TextFormat, query: str, budget: int, count: int, tokens: int, *, session: str | None = None
) -> str:
    """What stands before the blocks."""
    name = None if session is None else " ".join(session[:_NAME].split())
    shown = " ".join(query[: 4 * _ECHO].split())
    shown = shown if len(shown) <= _ECHO else shown[: _ECHO - 1] + "…"
    chunks = f"{count} chunk{'' if count == 1 else 's'}"
    if style == "xml":
        attributes = f'query={quoted_xml(shown)} budget="{budget}" chunks="{count}" tokens="{tokens}"'
        attributes += "" if name is None else f" session={quoted_xml(name)}"
        return f"<context {attributes}>\n"
    if style == "markdown":
        said = "" if name is None else f" Session: {name}."
        return f"# {shown}\n\nBudget: {budget} tokens. {chunks}, {tokens:,} tokens.{said}\n\n"
    said = "" if name is None else f" | Session: {name}"
    return f"Query: {shown}\nBudget: {budget} tokens{said}\nResults: {chunks}, {tokens:,} tokens used\n\n"


def closing(style: TextFormat) -> str:
    """What stands after the blocks."""
    return "</context>\n" if style == "xml" else ""


def parts(style: TextFormat, result: QueryResult, *, show_scores: bool = False) -> Parts:
    """One result, ending in a line feed (or a blank line): what stands before its content, the content, and
    what stands after it.
    """
    make: Callable[[QueryResult, bool], Parts] = {"plain": _plain, "markdown": _markdown, "xml": _xml}[style]
    return make(result, show_scores)


def _label(result: QueryResult) -> str:
    chunk = result.chunk
    return f"{chunk.chunk_type}: {chunk.symbol_name}" if chunk.symbol_name else chunk.chunk_type


def _scores(result: QueryResult) -> str:
    shown = [f"{name} {score:.3f}" for name, score in result.scores.items() if score]
    return ", ".join(shown)


def _places(result: QueryResult) -> str:
    return ", ".join(f"{place.file_path} {place.line_start}-{place.line_end}" for place in result.also_in)


def _reference(result: QueryResult) -> str | None:
    """One line for a chunk that the session has; None for anything else."""
    text = result.delta_text if result.is_delta else None
    return None if text is None or "\n" in text else text


def _plain(result: QueryResult, show_scores: bool) -> Parts:
    chunk = result.chunk
    head = f"--- {result.file_path} [lines {chunk.line_start}-{chunk.line_end}] [{_label(result)}] ["
    marks = "] [STALE]" if result.is_stale else "]"
    marks += f" [{_scores(result)}] ---\n" if show_scores else " ---\n"
    reference = _reference(result)
    if reference is not None:
        return head, reference, f"{marks}\n"
    head += f"tokens: {chunk.tokens}{marks}"
    if result.is_delta:
        return f"{head}[changed]\n", result.delta_text or "", "\n\n"
    if result.also_in:
        head += f"[also in {_places(result)}]\n"
    if chunk.compressed:
        head += "[compressed]\n"
    return head, chunk.content, "\n\n"


def _markdown(result: QueryResult, show_scores: bool) -> Parts:
    chunk = result.chunk
    content = (result.delta_text or "") if result.is_delta else chunk.content
    longest = max((len(fence) for fence in re.findall(_FENCE, content)), default=2)
    fence = "`" * max(3, longest + 1)
    head = f"## `{result.file_path}` lines {chunk.line_start}-{chunk.line_end}, {_label(result)}"
    head += " (compressed)" if chunk.compressed and not result.is_delta else ""
    head += " (stale)\n\n" if result.is_stale else "\n\n"
    if _reference(result) is not None:
        return head, content, "\n\n"
    if result.also_in and not result.is_delta:
        head += f"Also in {_places(result)}.\n\n"
    if show_scores:
        head += f"{_scores(result)}\n\n"
    language = chunk.language if chunk.language and chunk.language != "unknown" else ""
    return f"{head}{fence}{'diff' if result.is_delta else language}\n", content, f"\n{fence}\n\n"


def quoted_xml(text: str) -> str:
    """An XML attribute's value, in its quotes. (xml.sax.saxutils would load the whole of urllib.)"""
    return f'"{xml_text(text).translate(_ENTITIES)}"'


def xml_text(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return re.sub(_NOT_XML, "\ufffd", text)


def _xml(result: QueryResult, show_scores: bool) -> Parts:
    chunk = result.chunk
    attributes = {
        "path": result.file_path,
        "lines": f"{chunk.line_start}-{chunk.line_end}",
        "type": chunk.chunk_type,
        "symbol": chunk.symbol_name,
        "language": chunk.language,
        "tokens": str(chunk.tokens),
        "original_tokens": str(chunk.original_tokens) if chunk.compressed else None,
        "also_in": None if result.is_delta else _places(result) or None,
        "delta": _reference(result) or ("diff" if result.is_delta else None),
        "stale": "true" if result.is_stale else None,
        "scores": _scores(result) if show_scores else None,
    }
    said = " ".join(f"{name}={quoted_xml(value)}" for name, value in attributes.items() if value is not None)
    reference = _reference(result)
    if reference is not None:
        return f"<chunk {said}/>\n".partition(reference)
    content = xml_text((result.delta_text or "") if result.is_delta else chunk.content).replace(
        "]]>", "]]]]><![CDATA[>"
    )
    return f"<chunk {said}><![CDATA[\n", content, "\n]]></chunk>\n"
