"""Names from outside (attachments, ids, archives) made safe to be one component of a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["distinct_names", "safe_id", "safe_name"]

# Path separators, what Windows and shells cannot have in a name, controls, and invisible
# direction marks that would let `photo\u202egpj.exe` pass for a picture.
_UNSAFE: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]'
)
_DEVICE: Final = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_MAX_BYTES: Final = 200  # a file system's name has 255 bytes; the pool puts 17 more before it


def safe_name(name: str, max_chars: int = 120) -> str:
    """Turn any text into one harmless file name that keeps its extension.

    No separators, controls, device names (``NUL``, ``COM1``), dots alone or at the end; NFC; at most
    ``max_chars`` characters and 200 bytes. A harmless name stays as it is.
    """
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip().rstrip(". ")
    if not clean.strip("."):
        clean = "file"
    if _DEVICE.fullmatch(clean):
        clean = "_" + clean
    if len(clean) <= max_chars and len(clean.encode()) <= _MAX_BYTES:
        return clean
    stem, dot, extension = clean.rpartition(".")
    if not stem or len(extension.encode()) > 20:
        stem, dot, extension = clean, "", ""
    tail = dot + extension
    stem = stem[: max_chars - len(tail)].encode()[: _MAX_BYTES - len(tail.encode())].decode(errors="ignore")
    return stem.rstrip(". ") + tail


def safe_id(memory_id: str) -> str:
    """Turn a memory's id into one path component: itself where it is plain, else a hash of it."""
    if _SAFE_ID.fullmatch(memory_id) and not _DEVICE.fullmatch(memory_id):
        return memory_id
    return "x-" + hashlib.sha256(memory_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def distinct_names(names: Iterable[str]) -> list[str]:
    """Make each name safe and unlike the others, case folded (``a.jpg``, ``A-2.jpg``)."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate = clean = safe_name(name)
        stem, dot, extension = clean.rpartition(".")
        if not stem:
            stem, dot, extension = clean, "", ""
        number = 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem}-{number}{dot}{extension}"
        taken.add(candidate.casefold())
        result.append(candidate)
    return result
