"""What compression makes of one file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ..chunkers import detect_language
from ..chunkers.detect import is_cpp_header
from ..config import CompressionConfig
from ..detect import read_content
from ..errors import UnreadableFileError
from ..query_text import read_query
from ..tokens import count_tokens
from . import Compressed, compress
from .worth import asked_in

__all__ = ["LARGEST", "FileCompression", "compress_file"]

LARGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class FileCompression:
    """A file and what is left of it; tokens are upper estimates."""

    path: str
    language: str
    original_tokens: int
    tokens: int
    compressed: Compressed


def compress_file(
    path: str | Path, config: CompressionConfig, *, ratio: float | None = None, query: str | None = None
) -> FileCompression:
    """Compress the file at ``path`` as `compress` does. Raises `UnreadableFileError`."""
    found = read_content(str(Path(path).resolve()), cap=LARGEST, now_ns=time.time_ns())
    if found.kind != "text":
        reason = (found.reason or "").removeprefix("unreadable: ").partition(" (general.")[0]
        raise UnreadableFileError(f"cannot compress {path}: {reason}")
    text = found.text
    language = detect_language(str(path), text[: text.find("\n")])
    if language == "c" and str(path).endswith(".h") and is_cpp_header(text):
        language = "cpp"
    question = asked_in(text, read_query(query).parts) if query else None
    done = compress(text, language, config=config, ratio=ratio, question=question)
    return FileCompression(
        str(path), language, count_tokens(text, language), count_tokens(done.text, language), done
    )
