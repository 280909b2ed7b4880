"""Sessions: what a session has already is told in a line, what changed as a unified diff."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..results import QueryResult
from ..tokens import count_tokens
from .store import Delivered, Given, hash_of

__all__ = ["SessionView", "given_of"]

_HUNK = re.compile(r"@@ -(\d+)((?:,\d+)?) \+(\d+)((?:,\d+)?) @@")
CONTEXT = 1  # unchanged lines around a change


@dataclass(frozen=True, slots=True)
class SessionView:
    """What a session has, by chunk, and how to read the texts it has."""

    has: Mapping[int, Delivered]
    text: Callable[[bytes], str | None]

    def deliver(self, result: QueryResult) -> QueryResult:
        """The result as the session needs it: whole, as what changed, or as a reference; never larger than
        whole.
        """
        before = self.has.get(int(result.chunk.id, 16))
        if before is None:
            return result
        if before.hash == hash_of(result.chunk.content):
            return _as_delta(result, f"unchanged since query {before.turn} of this session")
        old = self.text(before.hash) if before.whole and not result.chunk.compressed else None
        return result if old is None else _as_delta(result, _diff(result, old, before.line))


def given_of(result: QueryResult, whole: QueryResult) -> Given:
    """What a session has once ``result`` was delivered in place of ``whole``."""
    chunk = whole.chunk
    unchanged = result.is_delta and result.delta_text is not None and "\n" not in result.delta_text
    return Given(
        int(chunk.id, 16),
        hash_of(chunk.content),
        chunk.line_start,
        not chunk.compressed,
        None if unchanged else chunk.content,
    )


def _as_delta(result: QueryResult, text: str) -> QueryResult:
    tokens = count_tokens(text, "unknown")
    if tokens >= result.chunk.tokens:
        return result
    chunk = result.chunk._replace(content="", tokens=tokens)
    return result._replace(chunk=chunk, is_delta=True, delta_text=text)


def _diff(result: QueryResult, old: str, line: int) -> str:
    """A unified diff with the file's own line numbers."""
    import difflib  # noqa: PLC0415 - 5 ms that only a change needs

    chunk = result.chunk
    lines = difflib.unified_diff(
        old.split("\n"),
        chunk.content.split("\n"),
        f"a/{result.file_path}",
        f"b/{result.file_path}",
        lineterm="",
        n=CONTEXT,
    )

    def moved(match: re.Match[str]) -> str:
        before, after = int(match[1]) + line - 1, int(match[3]) + chunk.line_start - 1
        return f"@@ -{before}{match[2]} +{after}{match[4]} @@"

    return "\n".join(_HUNK.sub(moved, text, count=1) if text.startswith("@@") else text for text in lines)
