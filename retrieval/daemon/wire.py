"""What both ends of the socket agree on: where it is, how a message is framed, what errors are called.

A message is one JSON-RPC 2.0 object in UTF-8 behind its length, four bytes, big-endian. A request is at most
`LARGEST_REQUEST` bytes long; an answer may be as long as the length can say.
"""

from __future__ import annotations

import os
import sys
import zlib
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from ..locate import INDEX_DIR

__all__ = [
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "LARGEST_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "PROTOCOL",
    "REFUSED",
    "frame",
    "length_of",
    "socket_path",
    "version",
]

PROTOCOL = 1
"""Raised when a method changes its meaning: a client that speaks another one answers by itself."""
LARGEST_REQUEST = 4 << 20
LONGEST_PATH = 103 if sys.platform == "darwin" else 107  # bytes that a Unix socket's path may have

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = -32000
"""An error that retrieval raises on purpose: its message is fit for a user, ``data.type`` is its class."""


@cache
def version() -> str:
    """What answers come from here: another mnemo may rank otherwise, and where the extra ``tokens`` is
    installed budgets are counted exactly.
    """
    mnemo = sys.modules[__name__.partition(".")[0]]  # which no floor below imports
    return f"{mnemo.__version__}{'' if PathFinder.find_spec('rs_bpe') is None else '+tokens'}"


def frame(message: bytes) -> bytes:
    """A message with its length before it."""
    return len(message).to_bytes(4, "big") + message


def length_of(head: bytes) -> int:
    """The length that the first four bytes of a message tell."""
    return int.from_bytes(head, "big")


def socket_path(project_dir: Path) -> Path:
    """Where the daemon of a project listens: in its ``.mnemosyne/``, or where that path is too long for a
    socket, under a name made of it in a folder of the user's own, which whoever binds there makes private.
    """
    path = project_dir / INDEX_DIR / "mnemosyne.sock"
    long = os.fsencode(path)
    if len(long) <= LONGEST_PATH:
        return path
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime, "mnemo") if runtime else Path(f"/tmp/mnemo-{os.getuid()}")  # noqa: S108 - see below
    return folder / f"{zlib.crc32(long):08x}{zlib.adler32(long):08x}.sock"
