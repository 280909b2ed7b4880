"""How a memory becomes bytes and back; the format is written down in ``docs/format.md``.

The payload is ``json.dumps(record, ensure_ascii=False)`` of nine keys in a fixed order, then the
extra keys that mnemo adds.
"""

from __future__ import annotations

import json
import re
from json.encoder import encode_basestring as _quote
from types import MappingProxyType
from typing import Any, Final

from .errors import InvalidMemoryError, QuarantinedError
from .feelings import canonical_feeling
from .memory import MEDIA_TYPES, NO_EXTRA, Attachment, Memory, to_microseconds

__all__ = ["MAX_DEPTH", "decode", "encode", "from_record", "load_record"]

_OWN_KEYS: Final = frozenset(
    (
        "memory_id",
        "concept",
        "feeling",
        "media_type",
        "content",
        "note",
        "tags",
        "timestamp",
        "checksum",
        "utc_offset",
        "attachments",
        "revisits",
        "reading",
        "chain",
    )
)


def encode(memory: Memory) -> bytes:
    """Serialise without the link: equal to ``json.dumps(memory.record(), ensure_ascii=False)``.

    Raises:
        InvalidMemoryError: a text has half a character (a lone surrogate) and no UTF-8 form.
    """
    tags = ", ".join([_quote(tag) for tag in memory.tags])
    text = (
        f'{{"memory_id": {_quote(memory.memory_id)}, "concept": {_quote(memory.concept)}, '
        f'"feeling": {_quote(memory.feeling_token)}, "media_type": {_quote(memory.media_type)}, '
        f'"content": {_quote(memory.content)}, "note": {_quote(memory.note)}, "tags": [{tags}], '
        f'"timestamp": {_quote(memory.timestamp)}, "checksum": {_quote(memory.checksum)}'
    )
    if memory.utc_offset:
        text += f', "utc_offset": {_quote(memory.utc_offset)}'
    if memory.attachments:
        text += f', "attachments": {_dumps([item._asdict() for item in memory.attachments])}'
    if memory.revisits:
        text += f', "revisits": {_quote(memory.revisits)}'
    if memory.reading is not None:
        text += f', "reading": {_dumps(dict(memory.reading))}'
    if memory.extra:
        text += ", " + _dumps(dict(memory.extra))[1:-1]
    try:
        return (text + "}").encode()
    except UnicodeEncodeError:
        raise InvalidMemoryError("the text is not valid Unicode: it cannot be stored") from None


_dumps = json.JSONEncoder(ensure_ascii=False).encode


def decode(payload: bytes) -> Memory:
    """Read a frame's payload, with all the tolerance that the format asks of readers.

    Invalid UTF-8 (a flipped byte) is read with replacement characters, so that the memory stays
    readable and its checksum tells.

    Raises:
        QuarantinedError: the payload is no memory; the reason is in the error.
    """
    record = load_record(payload)
    try:
        return from_record(record)
    except KeyError as missing:
        raise QuarantinedError(f"the record has no {missing.args[0]}") from None


def load_record(payload: bytes) -> dict[str, Any]:
    """Parse a payload into its JSON object.

    Raises:
        QuarantinedError: it is not JSON, or no object.
    """
    # How deep json can go depends on the stack it is called from; every reader has to agree.
    if payload.count(b"[") + payload.count(b"{") > MAX_DEPTH and _depth(payload) > MAX_DEPTH:
        raise QuarantinedError("the record is nested too deeply")
    try:
        record = json.loads(payload.decode("utf-8", "replace"), parse_int=_integer)
    except (ValueError, RecursionError):
        raise QuarantinedError("the record is not JSON") from None
    if not isinstance(record, dict):
        raise QuarantinedError("the record is no JSON object")
    return record


MAX_DEPTH: Final = 128
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|([\[{])|([\]}])', re.DOTALL)


def _depth(payload: bytes) -> int:
    """How deep brackets nest outside of strings."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(payload):
        if found.lastindex == 1:
            depth += 1
            deepest = max(deepest, depth)
        elif found.lastindex == 2:
            depth -= 1
    return deepest


def _integer(digits: str) -> int | float:
    """Python refuses integers of more than 4,300 digits; other readers take them."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def from_record(record: dict[str, Any]) -> Memory:
    """Make a memory of a parsed record, as :func:`decode` does.

    Raises:
        QuarantinedError: a field is not what it should be.
        KeyError: a field is missing.
    """
    tags = record.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise QuarantinedError("tags is no list of text")
    token = _field(record, "feeling")
    timestamp = _field(record, "timestamp")
    to_microseconds(timestamp)
    media_type = _field(record, "media_type", "text")
    extra = {key: value for key, value in record.items() if key not in _OWN_KEYS}
    reading = record.get("reading")
    attachments = record.get("attachments")
    utc_offset = record.get("utc_offset", "")
    revisits = record.get("revisits", "")
    chain = record.get("chain", "")
    return Memory(
        memory_id=_field(record, "memory_id"),
        concept=_field(record, "concept"),
        feeling=canonical_feeling(token),
        media_type=MEDIA_TYPES.get(media_type, media_type),
        content=_field(record, "content", ""),
        note=_field(record, "note", ""),
        tags=tuple(tags),
        timestamp=timestamp,
        checksum=_field(record, "checksum", ""),
        feeling_token=token,
        utc_offset=utc_offset if isinstance(utc_offset, str) else "",
        attachments=_attachments(attachments) if attachments else (),
        revisits=revisits if isinstance(revisits, str) else "",
        reading=MappingProxyType(reading) if isinstance(reading, dict) else None,
        extra=MappingProxyType(extra) if extra else NO_EXTRA,
        chain=chain if isinstance(chain, str) else "",
    )


def _field(record: dict[str, Any], key: str, default: str | None = None) -> str:
    value = record[key] if default is None else record.get(key, default)
    if isinstance(value, str):
        return value
    raise QuarantinedError(f"{key} is {'null' if value is None else type(value).__name__}, not text")


def _attachments(items: object) -> tuple[Attachment, ...]:
    if not isinstance(items, list):
        return ()
    found = []
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            size = item.get("size")
            found.append(
                Attachment(
                    item["name"],
                    str(item.get("sha256", "")),
                    size if isinstance(size, int) else 0,
                    str(item.get("media_type", "doc")),
                )
            )
    return tuple(found)
