"""Frames: a payload put into one, and a log walked frame by frame past whatever is damaged.

A frame is the magic ``4D 4E 45 E0``, the payload's length as uint32 big-endian, and the payload.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from .errors import CutBackError, InvalidMemoryError

__all__ = ["HEADER_SIZE", "MAGIC", "MAX_PAYLOAD", "Piece", "frame", "scan"]

MAGIC: Final = b"MNE\xe0"
HEADER_SIZE: Final = 8
MAX_PAYLOAD: Final = 64 * 1024 * 1024

_RARE: Final = MAGIC[3:]
_HEADER: Final = struct.Struct(">4sI")
_CHUNK: Final = 1 << 20

Piece: TypeAlias = tuple[int, int, bytes | None]
"""A stretch of the log: start, end, and a whole frame's payload, or None for a skipped range."""


class Bytes(Protocol):
    """What a scan reads from: a log, by ranges of bytes."""

    @property
    def path(self) -> Path:
        """Where it lies, for what is told of it."""

    def bytes_at(self, start: int, end: int) -> bytes:
        """The bytes of a range, fewer where the log ends before."""


def frame(payload: bytes) -> bytes:
    """Put a payload into a frame.

    Raises:
        InvalidMemoryError: the payload is above 64 MiB, which readers take for damage.
    """
    if len(payload) > MAX_PAYLOAD:
        raise InvalidMemoryError(
            f"the memory is too large: {len(payload):,} bytes, and a record holds at most {MAX_PAYLOAD:,};"
            " attach it as a file instead"
        )
    return _HEADER.pack(MAGIC, len(payload)) + payload


def scan(log: Bytes, start: int, end: int) -> Iterator[Piece]:
    """Walk the frames between two offsets, in order, in bounded memory.

    Damage is skipped at memory speed to the next header and yielded as a piece without
    payload. What follows the last whole frame (a torn or half-written one) is not yielded:
    the last piece's ``end`` tells where the whole log ends.

    Raises:
        CutBackError: an append was taken back meanwhile, and what was yielded may be gone.
    """
    data = b""
    base = position = start  # data holds the bytes from base on
    before = start  # where the last whole frame starts; each buffer begins with it
    unpack = _HEADER.unpack_from
    while position + HEADER_SIZE <= end:
        at = position - base
        if at + HEADER_SIZE > len(data):
            data = _next_buffer(log, data[before - base : at], before, min(end, position + _CHUNK))
            base, at = before, position - before
            if len(data) < at + HEADER_SIZE:
                return
        magic, length = unpack(data, at)
        if magic != MAGIC or length > MAX_PAYLOAD:
            found = _next_header(log, position + 1, end)
            if found is None:
                return
            yield position, found, None
            before = position = base = found
            data = b""
            continue
        body, stop = at + HEADER_SIZE, at + HEADER_SIZE + length
        # Four bytes more, so that a header half inside this payload is seen as well.
        if stop + 4 > len(data) and base + len(data) < end:
            # A false length may be huge: what is at hand often shows that it is false. It may hold
            # the next header's beginning, where a write was torn inside of the length.
            inner = _find_header(data, at + 5, len(data))
            if inner is not None and inner + 4 < len(data):
                yield position, base + inner, None
                before = position = base + inner
                continue
            wanted = max(_CHUNK, HEADER_SIZE + length + 4)
            data = _next_buffer(log, data[before - base : at], before, min(end, position + wanted))
            base, at = before, position - before
            body, stop = at + HEADER_SIZE, at + HEADER_SIZE + length
        # Looking for the magic's last byte alone is many times faster, and rarely finds another.
        if data.find(_RARE, body, stop + 4) != stop + 3:
            inner = _find_header(data, at + 5, stop + 4)
            if inner is not None and inner < stop and inner + 4 < len(data):
                yield position, base + inner, None
                before = position = base + inner
                continue
            if stop > len(data):
                return
        yield position, base + stop, data[body:stop]
        before, position = position, base + stop


def _next_buffer(log: Bytes, known: bytes, start: int, end: int) -> bytes:
    """Read a range that begins with bytes already seen: they show that the log still stands."""
    data = log.bytes_at(start, end)
    if not data.startswith(known):
        raise CutBackError(f"{log.path} was cut back while it was read")
    return data


def _next_header(log: Bytes, start: int, end: int) -> int | None:
    while start + HEADER_SIZE <= end:
        data = log.bytes_at(start, min(end, start + 4 * _CHUNK))
        found = _find_header(data, 0, len(data))
        if found is not None:
            return start + found
        if len(data) < HEADER_SIZE:
            return None
        start += len(data) - 4
    return None


def _find_header(data: bytes, start: int, end: int) -> int | None:
    """Find a magic followed by the high byte of a possible length (at most 64 MiB).

    The magic alone can stand in UTF-8 text ("MNE" and a character of U+0800..U+0FFF); with a byte
    of 0 to 4 behind it, it cannot.
    """
    found = data.find(MAGIC, start, end)
    while found != -1:
        if found + 4 >= len(data) or data[found + 4] <= 4:
            return found
        found = data.find(MAGIC, found + 1, end)
    return None
