"""A Bloom filter over the hashes of stored contents: "surely new" without asking SQLite.

Bit positions by double hashing, ``(h1 + i * h2) mod m`` (Kirsch and Mitzenmacher, "Less Hashing, Same
Performance: Building a Better Bloom Filter", ESA 2006); the two hashes are halves of the SHA-256 that an
item already is.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .store import Store

__all__ = ["BloomFilter", "filter_of", "filter_path"]

_HEADER = struct.Struct(
    "<6sHQQQQQI"
)  # magic, hashes, bits, capacity, items, store, last row, CRC-32 of the bits
_MAGIC = b"MNBLM1"
_HALVES = struct.Struct("<QQ")
ERROR_RATE = 0.001


class BloomFilter:
    """A set of 16-byte hashes that may say yes wrongly (0.1% when full) and never says no wrongly.

    ``store`` names the store that it belongs to, ``covers`` the row of the last content that it was told of,
    so that one saved before a crash can catch up.
    """

    __slots__ = ("bits", "capacity", "count", "covers", "hashes", "size", "store")

    def __init__(self, capacity: int) -> None:
        self.capacity = max(capacity, 1)
        self.size = math.ceil(-self.capacity * math.log(ERROR_RATE) / math.log(2) ** 2)
        self.hashes = round(self.size / self.capacity * math.log(2))
        self.bits = bytearray((self.size + 7) // 8)
        self.count = 0
        self.store = 0
        self.covers = 0

    @classmethod
    def of(cls, hashes: Iterable[bytes], *, store: int, covers: int, expected: int) -> BloomFilter:
        """A filter made afresh, with room for as much again."""
        made = cls(max(10_000, 2 * expected))
        for digest in hashes:
            made.add(digest)
        made.store, made.covers = store, covers
        return made

    def add(self, digest: bytes) -> bool:
        """Tell it of one hash; False when it was surely new."""
        bits = self.bits
        known = True
        for place in self._places(digest):
            bit = 1 << (place & 7)
            if not bits[place >> 3] & bit:
                bits[place >> 3] |= bit
                known = False
        if not known:
            self.count += 1
        return known

    def __contains__(self, digest: bytes) -> bool:
        bits = self.bits
        return all(bits[place >> 3] & (1 << (place & 7)) for place in self._places(digest))

    def _places(self, digest: bytes) -> list[int]:
        size = self.size
        first, step = _HALVES.unpack(digest)
        first, step = first % size, (step | 1) % size
        return [(first + number * step) % size for number in range(self.hashes)]

    def save(self, path: Path) -> None:
        """Write it in one piece: a reader meets the old file or the new one. Raises OSError."""
        header = _HEADER.pack(
            _MAGIC,
            self.hashes,
            self.size,
            self.capacity,
            self.count,
            self.store,
            self.covers,
            zlib.crc32(self.bits),
        )
        draft = path.with_name(path.name + ".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(header)
            file.write(self.bits)
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> BloomFilter | None:
        """The saved filter; None when there is none that can be trusted."""
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if len(data) < _HEADER.size:
            return None
        magic, hashes, size, capacity, count, store, covers, checksum = _HEADER.unpack_from(data)
        bits = bytearray(data[_HEADER.size :])
        made = cls(1)
        made.hashes, made.size, made.capacity, made.count = hashes, size, capacity, count
        made.store, made.covers = store, covers
        made.bits = bits
        whole = magic == _MAGIC and len(bits) == (size + 7) // 8 and zlib.crc32(bits) == checksum
        return made if whole and size and hashes else None


def filter_path(store: Store) -> Path:
    """Where the filter over a store's contents is saved."""
    return store.path.with_name("bloom.bin")


def filter_of(store: Store, *, afresh: bool = False) -> BloomFilter:
    """The saved filter brought up to date; made anew when missing, damaged, full, or of another store."""
    last = store.get("next_content", 1) - 1
    saved = None if afresh else BloomFilter.load(filter_path(store))
    name = store.get("store")
    if saved is not None and saved.covers <= last and saved.store == name and saved.count < saved.capacity:
        for row, digest in store.connection.execute(
            "SELECT id, hash FROM contents WHERE id > ?", (saved.covers,)
        ):
            saved.add(digest)
            saved.covers = row
        return saved
    expected = store.connection.execute("SELECT count(*) FROM contents").fetchone()[0]
    hashes = (digest for (digest,) in store.connection.execute("SELECT hash FROM contents"))
    return BloomFilter.of(hashes, store=name, covers=last, expected=expected)
