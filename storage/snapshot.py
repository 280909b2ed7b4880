"""The index on disk: columns and posting lists over the covered part of a log, mapped on open.

Rows are ranked by (time, offset). Columns hold one value per rank; a posting list holds the ranks
of one concept, feeling or tag in ascending order, so that every list is a timeline. Ids are looked
up by a sorted 30-bit key.

File: 8 bytes magic, uint32 header length, uint32 CRC-32 of the header, the header (JSON), then the
sections, each at a multiple of eight. Numbers are little-endian. A file is written once under a name
of its own and never changed, because other processes may have it mapped.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import time
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from ..places import private_dir
from . import chain

__all__ = ["EMPTY", "Cover", "Damage", "Snapshot", "newest", "sample", "store"]

_MAGIC: Final = b"MNEMOIX1"
_PREFIX: Final = struct.Struct("<8sII")
_SAMPLES: Final = 8
_TRIES: Final = 5

# Section name -> array type code.
_SECTIONS: Final[dict[str, Literal["q", "Q", "I"]]] = {
    "time": "q",
    "offset": "Q",
    "concept": "I",
    "feeling": "I",
    "id_key": "I",
    "id_rank": "I",
    "revisit_key": "I",
    "revisit_rank": "I",
    "concept_start": "I",
    "concept_rank": "I",
    "feeling_start": "I",
    "feeling_rank": "I",
    "tag_start": "I",
    "tag_rank": "I",
}

Column: TypeAlias = "memoryview[int]"


class Damage(NamedTuple):
    """A range of the log that holds no readable memory, and why."""

    start: int
    end: int
    reason: str


class Cover(NamedTuple):
    """How far an index has read its log.

    ``end`` is where the last whole frame ends, ``last`` where it starts; ``link`` is the chain's
    head and ``chained_end`` where the last chained frame ends.
    """

    end: int
    last: int
    link: str
    chained_end: int


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A mapped index. Columns are indexed by rank; ``*_start`` bounds the posting list of each name."""

    count: int
    cover: Cover
    concepts: list[str]
    feelings: list[str]
    tags: list[str]
    damage: list[Damage]
    time: Column
    offset: Column
    concept: Column
    feeling: Column
    id_key: Column
    id_rank: Column
    revisit_key: Column
    revisit_rank: Column
    concept_start: Column
    concept_rank: Column
    feeling_start: Column
    feeling_rank: Column
    tag_start: Column
    tag_rank: Column
    samples: list[tuple[int, int, str]]
    """(start, end, SHA-256 hex) of a few covered frames, the last one among them."""
    crcs: dict[str, int]
    """CRC-32 of each column as it was written."""

    def intact(self) -> bool:
        """Read everything through, to see whether it is what was written."""
        return all(zlib.crc32(getattr(self, name)) == crc for name, crc in self.crcs.items())


EMPTY: Final = Snapshot(
    count=0,
    cover=Cover(0, 0, chain.NO_LINK, 0),
    concepts=[],
    feelings=[],
    tags=[],
    damage=[],
    samples=[],
    crcs={},
    **{
        name: memoryview(bytes(4 if name.endswith("_start") else 0)).cast(code)
        for name, code in _SECTIONS.items()
    },
)
"""The index of an empty log."""


def newest(folder: Path, size: int, bytes_at: Callable[[int, int], bytes]) -> Snapshot:
    """Map the snapshot that covers most of a log of ``size`` bytes and agrees with it.

    It agrees when its header is whole and the sampled frames, the first and the last covered among
    them, still have their hashes in the log; without one, it is the index of an empty log.
    """
    for _ in range(_TRIES):
        replaced = False
        for path in sorted(folder.glob("index-*.snap"), key=lambda path: path.name, reverse=True):
            try:
                snapshot = _load(path)
                if snapshot.cover.end <= size and all(
                    sha256(bytes_at(start, end)).hexdigest() == digest
                    for start, end, digest in snapshot.samples
                ):
                    return snapshot
            except FileNotFoundError:
                replaced = True  # by another process, with a better one
            except (OSError, ValueError, KeyError, TypeError, struct.error):
                continue
        if not replaced:
            break
    return EMPTY


def _load(path: Path) -> Snapshot:
    with open(path, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _parse(mapped)


def _parse(buffer: mmap.mmap) -> Snapshot:
    view = memoryview(buffer)
    magic, length, crc = _PREFIX.unpack_from(view)
    header_end = _PREFIX.size + length
    raw = bytes(view[_PREFIX.size : header_end])
    if magic != _MAGIC or len(raw) != length or zlib.crc32(raw) != crc:
        raise ValueError("no snapshot, or a damaged one")
    header = json.loads(raw)
    if header["byteorder"] != sys.byteorder or header["bytes"] != len(view):
        raise ValueError("a snapshot of another machine, or a cut one")
    columns = {}
    for name, code in _SECTIONS.items():
        start, size = header["sections"][name]
        columns[name] = view[start : start + size].cast(code)
        # The bounds of the posting lists are small, and a wrong one would miscount.
        if name.endswith("_start") and zlib.crc32(columns[name]) != header["crcs"][name]:
            raise ValueError("a damaged snapshot")
    return Snapshot(
        count=header["count"],
        cover=Cover(*header["cover"]),
        concepts=header["concepts"],
        feelings=header["feelings"],
        tags=header["tags"],
        damage=[Damage(*item) for item in header["damage"]],
        samples=[(start, end, digest) for start, end, digest in header["samples"]],
        crcs=header["crcs"],
        **columns,
    )


def sample(offsets: Sequence[int], frame_end: Callable[[int], int]) -> list[tuple[int, int]]:
    """Choose the frames whose hashes a snapshot keeps besides the last one's: a few spread over the log."""
    step = max(1, len(offsets) // _SAMPLES)
    starts = {offsets[rank] for rank in range(0, len(offsets), step)}
    return [(start, frame_end(start)) for start in sorted(starts)]


def store(
    folder: Path | None,
    size: int,
    *,
    cover: Cover,
    names: dict[str, list[str]],
    damage: Iterable[Damage],
    samples: Iterable[tuple[int, int, str]],
    columns: dict[str, array[int]],
) -> Snapshot:
    """Write a snapshot beside the log and map it; in memory alone where ``folder`` is None or refuses.

    Those that cover less, or more than a log of ``size`` bytes has, then go.
    """
    header = {
        "byteorder": sys.byteorder,
        "count": len(columns["time"]),
        "cover": cover,
        "damage": list(damage),
        "samples": list(samples),
        "crcs": {name: zlib.crc32(columns[name]) for name in _SECTIONS},
        **names,
    }
    sizes = {name: len(columns[name]) * columns[name].itemsize for name in _SECTIONS}
    # The header's length depends on the positions in it: numbers are padded to a fixed width.
    width = len(json.dumps({**header, "sections": {name: [0, 0] for name in _SECTIONS}, "bytes": 0}).encode())
    position = _aligned(_PREFIX.size + width + 48 * len(_SECTIONS) + 24)
    sections = {}
    for name, length in sizes.items():
        sections[name] = [position, length]
        position = _aligned(position + length)
    raw = json.dumps({**header, "sections": sections, "bytes": position}).encode()
    head = _PREFIX.pack(_MAGIC, len(raw), zlib.crc32(raw)) + raw

    if folder is not None:
        with suppress(OSError):
            snapshot = _write(folder, cover, head, sections, columns, position)
            _drop_older(folder, cover.end, size)
            return snapshot
    memory = mmap.mmap(-1, position)
    memory[: len(head)] = head
    for name, (start, length) in sections.items():
        memory[start : start + length] = columns[name].tobytes()
    return _parse(memory)


def _write(
    folder: Path,
    cover: Cover,
    head: bytes,
    sections: dict[str, list[int]],
    columns: dict[str, array[int]],
    end: int,
) -> Snapshot:
    private_dir(folder)
    unique = os.urandom(4).hex()
    made = folder / f"index-{unique}.tmp"
    try:
        with open(os.open(made, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(head)
            for name, (start, _size) in sections.items():
                file.seek(start)
                columns[name].tofile(file)
            file.truncate(end)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"index-{cover.end:016x}-{unique}.snap"
        made.rename(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return _load(path)


def _drop_older(folder: Path, cover_end: int, size: int) -> None:
    """Remove snapshots that cover less than ``cover_end``, or more than a log of ``size`` bytes has."""
    an_hour_ago = time.time() - 3600
    for path in folder.glob("index-*"):
        with suppress(OSError, ValueError, IndexError):
            if path.suffix == ".tmp":
                # A half that is older than an hour has no writer any more.
                if path.stat().st_mtime < an_hour_ago:
                    path.unlink()
            elif not cover_end <= int(path.name.split("-")[1], 16) <= size:
                path.unlink()


def _aligned(position: int) -> int:
    return (position + 7) & ~7
