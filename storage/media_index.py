"""``_index.json`` beside the attachments: derived, for other programs, never read for truth.

The file is rewritten when it is small or has fallen a quarter behind; until then new entries are
appended to ``_index.pending.jsonl``. So one attachment costs the same in a journal of a hundred
thousand of them, and all rewrites together cost no more than a few times the entries written.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from .fsprobe import LinkStrategy
from .memory import Attachment

__all__ = ["Entry", "MediaIndex"]

_SMALL: Final = 64 * 1024  # bytes: rewriting this much costs less than a millisecond
_FOLDERS: Final = {"image": "images", "video": "videos", "audio": "audio"}


class Entry(NamedTuple):
    """One attachment of one memory, with the keys of the index."""

    memory_id: str
    original_name: str
    pool_path: str
    link_path: str
    media_type: str
    size_bytes: int
    checksum: str
    inode: int
    strategy_used: str
    stored_at: str

    @classmethod
    def of(
        cls,
        memory_id: str,
        attachment: Attachment,
        pool_path: str,
        link_path: str,
        status: os.stat_result,
        strategy: LinkStrategy,
    ) -> Entry:
        """Describe a placed file; paths are relative to the attachments' folder."""
        return cls(
            memory_id,
            attachment.name,
            pool_path,
            link_path,
            _FOLDERS.get(attachment.media_type, "docs"),
            attachment.size,
            attachment.sha256,
            status.st_ino,
            strategy.value,
            datetime.fromtimestamp(status.st_ctime, UTC).isoformat(),
        )


class MediaIndex:
    """Writes the index; safe for threads and processes."""

    def __init__(self, root: Path) -> None:
        self.path = root / "_index.json"
        self._pending = root / "_index.pending.jsonl"

    def add(self, entries: Iterable[Entry]) -> None:
        """Enter new attachments, at a cost that does not grow with the index (amortised)."""
        lines = "".join(json.dumps(entry._asdict()) + "\n" for entry in entries)
        with self._locked():
            with open(self._pending, "ab", opener=_private) as file:
                file.write(lines.encode())
                behind = file.tell()
            written = self.path.stat().st_size if self.path.exists() else 0
            if written <= _SMALL or behind > written // 4:
                self._write(_merge(self._load(), self._load_pending()))

    def entered(self) -> set[tuple[str, str]]:
        """The memory's id and the SHA-256 of every attachment in the index; what is damaged is not in it."""
        with self._locked():
            index = _merge(self._load(), self._load_pending())
        return {
            (memory_id, str(entry.get("checksum")))
            for memory_id, entries in index["memories"].items()
            for entry in entries
        }

    def _load(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            index = json.loads(self.path.read_bytes())
            if _is_index(index):
                return dict(index)
        return {"pool": {}, "memories": {}}

    def _load_pending(self) -> Iterator[dict[str, Any]]:
        with suppress(FileNotFoundError), open(self._pending, "rb") as file:
            for line in file:
                with suppress(ValueError, TypeError):  # torn by a crash; `mnemo verify` enters it again
                    yield Entry(**json.loads(line))._asdict()

    def _write(self, index: dict[str, Any]) -> None:
        partial = self.path.with_name(f"_index.{secrets.token_hex(4)}.tmp")
        try:
            with open(partial, "xb", opener=_private) as file:
                file.write(json.dumps(index).encode())
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)
        self._pending.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.path.with_name("_index.lock"), "ab", opener=_private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _is_index(found: Any) -> bool:
    """Whether this is the index, by its shape: another program may have written there."""
    return (
        isinstance(found, dict)
        and isinstance(found.get("pool"), dict)
        and isinstance(found.get("memories"), dict)
        and all(
            isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
            for entries in found["memories"].values()
        )
    )


def _merge(index: dict[str, Any], entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    for entry in entries:
        index["pool"][entry["checksum"]] = entry["pool_path"]
        of_memory = index["memories"].setdefault(entry["memory_id"], [])
        of_memory[:] = [old for old in of_memory if old.get("link_path") != entry["link_path"]]
        of_memory.append(entry)
    return index


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
