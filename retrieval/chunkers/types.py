"""What a chunker takes and gives. Plain data that crosses process boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ChunkCandidate", "ChunkOptions", "ChunkedFile", "Import"]


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """The ``[chunking]`` section of a project's config.

    ``overlap_lines`` only concerns windows over formats that have no structure to follow.
    """

    max_chunk_tokens: int = 300
    min_chunk_tokens: int = 20
    overlap_lines: int = 3
    code_granularity: Literal["function", "class"] = "function"


@dataclass(frozen=True, slots=True)
class ChunkCandidate:
    """A contiguous range of a file's lines that means something by itself.

    ``content`` is exactly the lines ``line_start`` to ``line_end`` (1-based, inclusive) joined by a line
    feed. The one exception is a line too long for the cap: its pieces carry that line's number, and their
    contents joined give the line, save what is white space only.
    """

    content: str
    chunk_type: str
    """function, method, class, interface, struct, enum, trait, impl, type, module, imports, block, section,
    paragraph, key, rule, element, window."""
    symbol: str | None
    """Qualified with a dot whatever the language: ``AuthManager.authenticate``. In prose the path of
    headings: ``Guide > Install``."""
    line_start: int
    line_end: int
    tokens: int
    """Upper estimate of cl100k tokens, the same on every machine."""
    signature: str
    """The declaration without its body, on one line; empty where there is none."""
    doc: str
    """Docstring and comment text without its markers, one comment a line."""
    defines: tuple[str, ...]
    """Unqualified names that this chunk defines, in order."""
    types: tuple[str, ...]
    """Those of ``defines`` that are types (class, struct, interface, trait, enum, alias...)."""
    refers: tuple[str, ...]
    """Names that this chunk uses and does not define, keywords left out, in order of first use."""


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, as written in the source; the reference graph resolves it to a file.

    ``module`` keeps the language's own spelling: ``..pkg.mod`` (Python), ``./lib/x.js`` (JavaScript),
    ``net/http`` (Go), ``crate::sync`` (Rust), ``com.acme.Tool`` (Java, Kotlin, Scala), ``System.Text`` (C#),
    ``sds.h`` (C). ``names`` are what is taken from it, under the module's own names; empty when it is the
    whole, ``("*",)`` for a wildcard.
    """

    module: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class ChunkedFile:
    """A file's language, its chunks in line order, and what it imports."""

    language: str
    chunks: list[ChunkCandidate]
    imports: list[Import]
