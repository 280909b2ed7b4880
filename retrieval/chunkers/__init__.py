"""Cut a file into chunks that follow its own structure.

``chunk_file`` is a pure function of text, path and options: it reads no disk and its result is plain data, so that
worker processes can run it.
"""

from __future__ import annotations

from .detect import LANGUAGES, detect_language
from .lexicon import lexicon
from .pack import Packer
from .types import ChunkCandidate, ChunkedFile, ChunkOptions, Import
from .windows import windows

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

    Line feeds, carriage returns and both together each end a line.
    """
    from .syntax import SyntaxPlan, parse  # noqa: PLC0415

    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    language = detect_language(path, lines[0])
    packer = Packer(lines, language, lexicon(language), options)
    source = text.encode("utf-8", "surrogatepass")
    tree = parse(language, source)
    if tree is not None:
        plan = SyntaxPlan(language, source, whole_types=options.code_granularity == "class")
        return ChunkedFile(language, packer.pack(plan.units(tree.root_node)), [])
    return ChunkedFile(language, packer.windows(windows(lines, language, options)), [])
