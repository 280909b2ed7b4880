"""The part of a record that the index keeps, read one by one or in bulk with the same result."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import NamedTuple

from .codec import decode
from .errors import QuarantinedError
from .memory import Memory, to_microseconds

__all__ = ["Head", "bulk_reader", "head_of", "id_key", "read_head"]


class Head(NamedTuple):
    """What is indexed of a memory: ``us`` is microseconds since 1970 UTC, ``feeling`` the stored token."""

    memory_id: str
    concept: str
    feeling: str
    us: int
    tags: tuple[str, ...] | list[str]
    revisits: str


def head_of(memory: Memory) -> Head:
    """The head of a memory that is already decoded."""
    return Head(
        memory.memory_id,
        memory.concept,
        memory.feeling_token,
        to_microseconds(memory.timestamp),
        memory.tags,
        memory.revisits,
    )


def read_head(payload: bytes) -> Head:
    """Read the head of a payload.

    Raises:
        QuarantinedError: the payload is no memory.
    """
    return head_of(decode(payload))


def bulk_reader() -> Callable[[bytes], Head]:
    """A reader equal to :func:`read_head`, several times faster once its library is imported."""
    import msgspec  # noqa: PLC0415 - its import costs more than a small tail

    # Any other key, and whatever may nest, is for the tolerant reader, which knows how deep is too deep.
    class Record(msgspec.Struct, gc=False, forbid_unknown_fields=True):
        memory_id: str
        concept: str
        feeling: str
        timestamp: str
        media_type: str = ""
        content: str = ""
        note: str = ""
        checksum: str = ""
        tags: list[str] = []
        revisits: str = ""
        utc_offset: str = ""
        chain: str = ""

    load = msgspec.json.Decoder(Record).decode
    errors = (msgspec.MsgspecError, UnicodeDecodeError, QuarantinedError)

    def read(payload: bytes) -> Head:
        try:
            record = load(payload)
            us = to_microseconds(record.timestamp)
        except errors:
            # Either it is no memory, or it is one in a way that only the tolerant reader takes.
            return read_head(payload)
        return Head(record.memory_id, record.concept, record.feeling, us, record.tags, record.revisits)

    return read


def id_key(memory_id: str) -> int:
    """A 30-bit key of an id, spread evenly; of UUID4 and UUID5 it orders like the first eight digits."""
    # isalnum: int() takes a sign, blanks and underscores as well.
    if len(memory_id) == 36 and memory_id[14] in "45" and memory_id[:8].isalnum():
        try:
            return int(memory_id[:8], 16) >> 2
        except ValueError:
            pass
    return zlib.crc32(memory_id.encode("utf-8", "surrogatepass")) >> 2
