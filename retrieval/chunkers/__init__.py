"""Cut a file into chunks that follow its own structure.

``chunk_file`` is a pure function of text, path and options: it reads no disk and its result is plain data,
so that worker processes can run it.
"""

from __future__ import annotations

from itertools import filterfalse, pairwise
from typing import TYPE_CHECKING

from ..tokens import count_tokens, prefix_within
from .components import COMPONENTS, components
from .detect import LANGUAGES, detect_language, is_cpp_header
from .imports import find_imports
from .lexicon import lexicon
from .outline import outline
from .pack import pack
from .prose import PROSE, prose
from .source import Source
from .types import ChunkCandidate, ChunkedFile, ChunkOptions, Import
from .windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from .pack import Piece
    from .units import Unit

__all__ = [
    "LANGUAGES",
    "ChunkCandidate",
    "ChunkOptions",
    "ChunkedFile",
    "Import",
    "chunk_file",
    "detect_language",
]

_DEFAULTS = ChunkOptions()


def chunk_file(text: str, path: str, *, options: ChunkOptions = _DEFAULTS) -> ChunkedFile:
    """Cut ``text``, the content of the file at ``path`` (relative, POSIX), into chunks.

    A line feed, a carriage return and both together each end a line; contents have line feeds.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    language = detect_language(path, text[: text.find("\n")])
    if language == "c" and path.endswith(".h") and is_cpp_header(text):
        language = "cpp"
    source = Source(text, language)
    plan, root = _plan(source, whole_types=options.code_granularity == "class")
    pieces = windows(source, options) if plan is None else pack(plan, source, options)
    _close_gaps(pieces, source, options.max_chunk_tokens)
    return ChunkedFile(
        language,
        [chunk for piece in pieces for chunk in _chunks(piece, source, options)],
        find_imports(language, text, root),
    )


def _close_gaps(pieces: list[Piece], source: Source, cap: int) -> None:
    """Give the blank lines between two pieces to the first: what is to be put in there belongs beside both,
    and the chunks together are the file. They cost nothing; a line that is cut has none.
    """
    for piece, following in pairwise(pieces):
        while piece.tokens <= cap and piece.end < following.start and not source.lines[piece.end].strip():
            piece.end += 1


def _plan(source: Source, *, whole_types: bool) -> tuple[list[Unit] | None, Node | None]:
    """How the file divides, None where its format is unknown; and its syntax tree where it has one."""
    language = source.language
    if language in PROSE:
        return prose(source), None
    if language == "unknown":
        return None, None
    from .syntax import syntax  # noqa: PLC0415  (tree-sitter is loaded for the first file that needs it)

    if language in COMPONENTS:
        return components(
            source, lambda part: syntax(part, whole_types=whole_types)[0] or outline(part)
        ), None
    plan, root = syntax(source, whole_types=whole_types)
    return (outline(source) if plan is None else plan), root


def _chunks(piece: Piece, source: Source, options: ChunkOptions) -> Iterator[ChunkCandidate]:
    """The chunk that a piece is; several where it is one line that passes the cap."""
    content = source.content(piece.start, piece.end)
    main = piece.main
    defines = tuple(dict.fromkeys(name for unit in piece.units for name in unit.defines))
    types = tuple(dict.fromkeys(name for unit in piece.units for name in unit.types))
    doc, names = lexicon(source.language).read(content)
    refers = tuple(filterfalse(defines.__contains__, names)) if defines else names
    rest = content if piece.tokens > options.max_chunk_tokens else ""
    # Lines so long are dense more often than not (minified, encoded), where the estimate is at its weakest.
    room = max(options.max_chunk_tokens * 4 // 5, 1)
    tokens = piece.tokens
    while content:
        if rest:
            end = prefix_within(rest, room, source.language)
            content, rest = rest[:end], rest[end:]
            tokens = count_tokens(content, source.language)
        if not content.isspace():
            yield ChunkCandidate(
                content=content,
                chunk_type=main.kind,
                symbol=main.symbol,
                line_start=piece.start + 1,
                line_end=piece.end,
                tokens=tokens,
                signature=main.signature,
                doc=doc,
                defines=defines,
                types=types,
                refers=refers,
            )
        content = rest
