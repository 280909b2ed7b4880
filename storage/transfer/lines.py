"""JSONL, JSON and the mnheme log: the formats whose unit is mnemo's own record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from .. import chain
from ..codec import decode, encode
from ..errors import InvalidMemoryError, QuarantinedError
from ..frames import frame, scan
from ..log import Log
from ..memory import Memory, to_microseconds
from .records import BOM, Fault, Found, json_items, read_bytes, read_common
from .sources import ReaderBeside

__all__ = ["JsonReader", "JsonlReader", "LogReader", "write_json", "write_jsonl", "write_log"]


class JsonlReader(ReaderBeside):
    """One JSON record a line; empty lines are passed over."""

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every line as a memory or a fault."""
        defaults = self.defaults
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                data = line.removeprefix(BOM) if number == 1 else line
                if not data.strip():
                    continue
                where = f"line {number}"
                try:
                    memory, derived = read_bytes(data, defaults)
                except InvalidMemoryError as error:
                    yield Fault(where, str(error))
                else:
                    yield Found(where, memory, derived)


class JsonReader(ReaderBeside):
    """A JSON document: the reference engine's export, or a bare list of records."""

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every record as a memory or a fault, with the line it begins in.

        Exports run from the newest to the oldest; the log wants them the other way round.
        """
        items = list(json_items(self.path.read_bytes(), "memories"))
        if oldest_first and _newest_first(items):
            items.reverse()
        for item in items:
            if isinstance(item, Fault):
                yield item
                continue
            where, record = item
            try:
                memory, derived = read_bytes(record, self.defaults)
            except InvalidMemoryError as error:
                yield Fault(where, str(error))
            else:
                yield Found(where, memory, derived)


class _Moment(msgspec.Struct):
    timestamp: str


def _newest_first(items: list[tuple[str, bytes] | Fault]) -> bool:
    ends = [items[0], items[-1]] if items else []
    try:
        first, last = [
            to_microseconds(msgspec.json.decode(item[1], type=_Moment).timestamp)
            for item in ends
            if not isinstance(item, Fault)
        ]
    except (ValueError, QuarantinedError, msgspec.MsgspecError):
        return False
    return first > last


class LogReader(ReaderBeside):
    """Another ``.mnheme`` log, frame by frame."""

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every frame as a memory or a fault, with its place in bytes."""
        log = Log(self.path)
        try:
            size, end, number = log.stamp()[0], 0, 0
            for start, end, payload in scan(log, 0, size):
                number += 1
                where = f"record {number} (byte {start:,})"
                if payload is None:
                    yield Fault(where, f"{end - start:,} bytes hold no whole record")
                    continue
                try:
                    memory = read_common(payload) or _decoded(payload)
                except QuarantinedError as error:
                    yield Fault(where, error.reason)
                    continue
                except InvalidMemoryError as error:
                    yield Fault(where, str(error))
                    continue
                if memory.intact is False:
                    yield Fault(where, "its content does not match its checksum: it was altered or damaged")
                    continue
                yield Found(where, memory, files=tuple(self.unnamed(memory)))
            if end < size:
                yield Fault(f"byte {end:,}", f"{size - end:,} bytes hold no whole record")
        finally:
            log.close()


def _decoded(payload: bytes) -> Memory:
    """A rarer record of a log, held to being text."""
    memory = decode(payload)
    try:
        payload.decode()
        encode(memory)  # an escape may stand for half a character
    except UnicodeDecodeError:
        raise InvalidMemoryError("it is not UTF-8 text: it was damaged") from None
    return memory


def _encoded(memory: Memory) -> bytes:
    try:
        return encode(memory)
    except InvalidMemoryError:  # half a character in another writer's record: only escaped can it stand
        return json.dumps(memory.record()).encode()


def write_jsonl(memories: Iterable[Memory], out: BinaryIO) -> None:
    """One record a line, without links (they hold within one log only)."""
    for memory in memories:
        out.write(_encoded(memory) + b"\n")


def write_json(memories: Iterable[Memory], out: BinaryIO) -> None:
    """The reference engine's export: ``{"exported_at": ..., "memories": [...]}``."""
    out.write(f'{{"exported_at": "{datetime.now(UTC).isoformat()}", "memories": ['.encode())
    separator = b"\n"
    for memory in memories:
        out.write(separator + _encoded(memory))
        separator = b",\n"
    out.write(b"\n]}\n")


def write_log(memories: Iterable[Memory], out: BinaryIO) -> None:
    """A log of its own, with new links."""
    link = chain.NO_LINK
    for memory in memories:
        payload, link = chain.seal(_encoded(memory), link)
        out.write(frame(payload))
