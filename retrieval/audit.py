"""The audit log: one JSON object a line, only ever appended to, by any number of processes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["log", "read_last"]

_BLOCK = 65_536


def log(path: Path, op: str, **details: Any) -> None:
    """Append one entry, in one write, so that entries of several processes never mix.

    A log that cannot be written is no reason to fail what it tells of.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = json.dumps({"ts": now, "op": op, **details}, ensure_ascii=False) + "\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, line.encode("utf-8", "backslashreplace"))
        finally:
            os.close(handle)
    except OSError:
        return


def read_last(path: Path, count: int) -> list[dict[str, Any]]:
    """The last ``count`` entries, oldest first (0: all). Lines that are no entry are passed over."""
    try:
        with path.open("rb") as file:
            place = file.seek(0, os.SEEK_END)
            data = b""
            while place > 0 and (count <= 0 or data.count(b"\n") <= count):
                step = min(_BLOCK, place)
                place -= step
                file.seek(place)
                data = file.read(step) + data
    except FileNotFoundError:
        return []
    entries: list[dict[str, Any]] = []
    for line in data.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries[-count:] if count > 0 else entries
