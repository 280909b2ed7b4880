"""Cut a file into chunks that follow its own structure.

``chunk_file`` is a pure function of text, path and options: it reads no disk and its result is plain data, so that
worker processes can run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..tokens import count_tokens, prefix_within
from .detect import LANGUAGES, detect_language
from .lexicon import lexicon
from .pack import pack
from .source import Source
from .types import ChunkCandidate, ChunkedFile, ChunkOptions, Import
from .windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .pack import Piece

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
    from .syntax import SyntaxPlan, parse  # noqa: PLC0415

    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    language = detect_language(path, text[: text.find("\n")])
    source = Source(text, language)
    code = text.encode("utf-8", "surrogatepass")
    tree = parse(language, code)
    if tree is not None:
        plan = SyntaxPlan(language, code, whole_types=options.code_granularity == "class")
        pieces = pack(plan.units(tree.root_node), source, options)
    else:
        pieces = windows(source, options)
    return ChunkedFile(language, [chunk for piece in pieces for chunk in _chunks(piece, source, options)], [])


def _chunks(piece: Piece, source: Source, options: ChunkOptions) -> Iterator[ChunkCandidate]:
    """The chunk that a piece is; several where it is one line that passes the cap."""
    content = source.content(piece.start, piece.end)
    main = piece.main
    defines = tuple(dict.fromkeys(name for unit in piece.units for name in unit.defines))
    types = tuple(dict.fromkeys(name for unit in piece.units for name in unit.types))
    doc, names = lexicon(source.language).read(content)
    refers = tuple([name for name in names if name not in defines])
    tokens = piece.tokens
    while content:
        rest = ""
        if tokens > options.max_chunk_tokens:
            end = prefix_within(content, options.max_chunk_tokens, source.language)
            content, rest = content[:end], content[end:]
            tokens = count_tokens(content, source.language)
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
        tokens = count_tokens(rest, source.language)
