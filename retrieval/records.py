"""A file and its chunks as a worker hands them over to whoever writes the store."""

from __future__ import annotations

from typing import NamedTuple

from .analysis import Terms

__all__ = ["RECORD_VERSION", "ChunkRecord", "FileRecord"]

RECORD_VERSION = 4
"""Raised with any change to the chunkers or to what a worker makes of their chunks: files are then cut
anew.
"""


class ChunkRecord(NamedTuple):
    """One chunk as a worker hands it over; the columns of `contents`, `chunks` and `symbols`, and its terms.

    ``terms`` is None where the worker has inverted them over its whole batch.
    """

    hash: bytes
    body: bytes
    tokens: int
    uid: int
    stamp: int
    line_start: int
    line_end: int
    type: str
    symbol: str | None
    signature: str | None
    symbols: list[tuple[str, str, str]]
    terms: Terms | None


class FileRecord(NamedTuple):
    """One file as a worker hands it over.

    ``sha256`` is None for a file that is left out, ``note`` says why.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    xxh3: int
    sha256: bytes | None
    language: str | None
    lines: int
    note: str | None
    chunks: list[ChunkRecord]
    imports: list[tuple[int, str, str]]
