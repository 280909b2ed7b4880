"""Read a file once, and tell whether it changed and whether it is worth indexing.

Three steps, each dearer than the last: what stat says (size, times), the xxh3 of the bytes, the SHA-256 of
the normalised text. A touched file passes the second, a file with other line ends the third.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from typing import Literal

import xxhash

__all__ = ["Content", "content_hash", "normalise", "read_content", "signed64"]

_GENERATED = re.compile(
    r"@generated\b|\bcode generated\b.{0,80}\bdo not edit\b|\bautomatically generated\b"
    r"|\bauto-?generated\b.{0,40}\bdo not (?:edit|modify)\b",
    re.IGNORECASE,
)
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".txt")
MINIFIED_MEAN = 300  # characters a line, on average, that no hand writes
MINIFIED_FLOOR = 4096  # bytes below which nothing is called minified


@dataclass(frozen=True, slots=True)
class Content:
    """What one read of a file found.

    ``kind`` is "same" (the bytes are those of ``known``; no text), "text", or "skip" with the ``reason``; a
    text that is read in a special way says so in ``reason`` too. ``settled`` is False when the file was
    written so shortly before it was read that a later write might leave the same times behind.
    """

    kind: Literal["same", "text", "skip"]
    reason: str | None = None
    text: str = ""
    xxh3: int = 0
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    settled: bool = True


def read_content(path: str, *, cap: int, known: int | None = None, now_ns: int) -> Content:
    """Read the file at ``path``, at most ``cap`` bytes. Links and whatever is no regular file are refused.

    ``known`` is the xxh3 of the bytes as last indexed. Never raises for what the disk holds.
    """
    try:
        # NONBLOCK: a FIFO that took the file's place since the scan must not stop the ingest.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                return Content("skip", "not a regular file")
            data = file.read(cap + 1)
    except OSError as error:
        return Content("skip", f"unreadable: {error.strerror}")
    # A clock tick of the file system, with room to spare (git calls such entries racy).
    settled = now_ns - max(found.st_mtime_ns, found.st_ctime_ns) > 100_000_000

    def content(
        kind: Literal["same", "text", "skip"], reason: str | None = None, text: str = "", xxh3: int = 0
    ) -> Content:
        return Content(kind, reason, text, xxh3, found.st_size, found.st_mtime_ns, found.st_ctime_ns, settled)

    if len(data) > cap:
        return content("skip", f"larger than {cap // 1024} KB (general.max_file_size_kb)")
    digest = signed64(xxhash.xxh3_64_intdigest(data))
    if digest == known:
        return content("same", xxh3=digest)
    text, reason = _decode(data)
    if text is None:
        return content("skip", reason, xxh3=digest)
    text = normalise(text)
    if len(data) > MINIFIED_FLOOR and not path.lower().endswith(_PROSE):
        lines = text.count("\n") + 1
        if len(text) / lines > MINIFIED_MEAN:
            return content("skip", "minified", xxh3=digest)
    head = text[:2000]
    if reason is None and "generated" in head.lower() and _GENERATED.search(head):
        reason = "generated"
    return content("text", reason, text, digest)


def _decode(data: bytes) -> tuple[str | None, str | None]:
    """Text and how it was read; None with a reason when it is no text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            return None, "binary"
        return (None, "binary") if "\0" in text else (text, "read as UTF-16")
    if b"\0" in data:
        return None, "binary"
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        odd = sum(1 for char in text if char < " " and char not in "\t\n\r\f")
        return (None, "binary") if odd * 100 > len(text) else (text, "not valid UTF-8, read as Latin-1")


def normalise(text: str) -> str:
    """Line ends as line feeds, no white space at the ends of lines: what is indexed, shown and hashed."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join([line.rstrip() for line in text.split("\n")])


def content_hash(text: str) -> bytes:
    """The first 16 bytes of the SHA-256 of normalised text."""
    return hashlib.sha256(text.encode()).digest()[:16]


def signed64(value: int) -> int:
    """An unsigned 64-bit number as SQLite's signed one."""
    return value - (1 << 64) if value >= 1 << 63 else value
