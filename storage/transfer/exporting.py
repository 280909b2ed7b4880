"""Export: a journal, or what a filter chose of it, as a file that other programs read."""

from __future__ import annotations

import csv
import os
import secrets
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from ..errors import JournalError
from ..frames import MAGIC
from ..journal import MemoryDB
from ..media import AttachedFile, Media
from ..memory import Memory
from ..pool import Incoming
from .dayone import write_day_one
from .lines import write_json, write_jsonl, write_log
from .markdown import write_markdown
from .sources import beside

__all__ = ["BINARY_FORMATS", "EXPORT_FORMATS", "ExportReport", "export_memories", "export_to"]

_AT_ONCE: Final = 512
_CSV_COLUMNS: Final = (
    *("memory_id", "timestamp", "local_time", "concept", "feeling", "media_type", "content", "note", "tags"),
    *("revisits", "attachments", "checksum"),
)

EXPORT_FORMATS: Final = ("mnheme", "json", "jsonl", "markdown", "csv", "dayone")
BINARY_FORMATS: Final = frozenset(("mnheme", "dayone"))


class ExportReport(NamedTuple):
    """What an export wrote."""

    memories: int
    files: int
    """Attachments written along."""
    missing: tuple[tuple[str, str], ...]
    """``(memory_id, name)`` of attachments that are lost."""


def export_memories(
    db: MemoryDB,
    format: str,  # noqa: A002 - the flag's name
    output: Path,
    *,
    with_files: bool = False,
    concept: str | Iterable[str] | None = None,
    feelings: str | Iterable[str] | None = None,
    tags: str | Iterable[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    refs: Iterable[int] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write memories to a file, which appears whole or not at all (0600).

    Attachments go into ``<stem>_files`` beside it when ``with_files`` is set, in the layout of the
    journal's own; in a Day One zip they always are inside.

    Args:
        db: The journal.
        format: One of :data:`EXPORT_FORMATS`.
        output: Where to; an older export there is replaced, a journal never.
        with_files: Whether attachments go along.
        concept: As for :meth:`MemoryDB.recall`, like the filters after it.
        feelings: Likewise.
        tags: Likewise.
        since: Likewise.
        until: Likewise.
        refs: Just these memories, newest first, in the place of any filter.
        on_progress: Called with memories done and in all; what it raises ends the export.

    Raises:
        JournalError: the place holds a journal, or the disk refused.
    """
    _refuse_journals(db, output)
    selected = _Selected(
        db,
        format,
        db.listing(concept, feelings=feelings, tags=tags, since=since, until=until).refs
        if refs is None
        else array("Q", refs),
        on_progress,
    )
    partial = output.with_name(f".{output.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w+b") as out:
            _write(selected, out)
            out.flush()
            os.fsync(out.fileno())
        files, missing = selected.copy_files(output) if with_files and format != "dayone" else (0, ())
        partial.replace(output)
    except OSError as error:
        raise JournalError(f"cannot export to {output}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    if format == "dayone":
        files, missing = selected.files_written, tuple(selected.missing)
    return ExportReport(selected.done, files, missing)


def export_to(
    db: MemoryDB,
    format: str,  # noqa: A002 - the flag's name
    out: BinaryIO,
    *,
    concept: str | Iterable[str] | None = None,
    feelings: str | Iterable[str] | None = None,
    tags: str | Iterable[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ExportReport:
    """Write memories to an open stream, such as standard output; see :func:`export_memories`.

    Raises:
        InvalidMemoryError: a feeling is unknown.
        OSError: the stream refused.
    """
    listing = db.listing(concept, feelings=feelings, tags=tags, since=since, until=until)
    selected = _Selected(db, format, listing.refs, None)
    _write(selected, out)
    return ExportReport(selected.done, selected.files_written, tuple(selected.missing))


def _refuse_journals(db: MemoryDB, output: Path) -> None:
    resolved = output.expanduser().resolve()
    for taken in (db.path, db.files_dir, db.derived_dir):
        if resolved == taken.resolve() or taken.resolve() in resolved.parents:
            raise JournalError(f"cannot export to {output}: it belongs to the journal itself")
    if output.is_dir():
        raise JournalError(f"cannot export to {output}: it is a folder; name a file in it")
    with suppress(FileNotFoundError), open(output, "rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            raise JournalError(f"cannot export to {output}: a journal is there, and none is ever overwritten")


class _Selected:
    """The memories of one export, read in batches, once."""

    def __init__(
        self,
        db: MemoryDB,
        format: str,  # noqa: A002
        refs: Iterable[int],
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        if format not in EXPORT_FORMATS:
            raise JournalError(f"cannot export as {format!r}: the formats are {', '.join(EXPORT_FORMATS)}")
        self.db = db
        self.format = format
        self.done = self.files_written = 0
        self.missing: list[tuple[str, str]] = []
        self._progress = on_progress
        newest_first = list(refs)
        if format == "json":  # as the reference engine's export
            self._refs = newest_first
        elif format in ("mnheme", "jsonl"):  # as they were written
            self._refs = sorted(newest_first)
        else:
            self._refs = newest_first[::-1]

    def memories(self) -> Iterator[Memory]:
        """Each memory, in the order of the format."""
        for start in range(0, len(self._refs), _AT_ONCE):
            for memory in self.db.read_many(self._refs[start : start + _AT_ONCE]):
                yield memory
                self.done += 1
            if self._progress is not None:
                self._progress(self.done, len(self._refs))

    def files_of(self, memory: Memory) -> list[AttachedFile]:
        """A memory's attachments, counted."""
        files = self.db.files_of(memory) if memory.attachments or self.db.files_dir.is_dir() else []
        self.missing += [(memory.memory_id, file.name) for file in files if file.path is None]
        self.files_written += sum(file.path is not None for file in files)
        return files

    def copy_files(self, output: Path) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Bring the attachments into the folder beside the export."""
        media = Media(beside(output))
        for start in range(0, len(self._refs), _AT_ONCE):
            memories = [
                memory
                for memory in self.db.read_many(self._refs[start : start + _AT_ONCE])
                if memory.attachments
            ]
            paths = [file.path for memory in memories for file in self.files_of(memory) if file.path]
            media.pool.take(Incoming.from_path(path, _plain_name(path)) for path in paths)
            media.place(memories)
        return self.files_written, tuple(self.missing)


def _plain_name(path: Path) -> str:
    """A file's own name; in the pool it stands behind sixteen characters."""
    return path.name[17:] if path.parent.parent.name == "pool" else path.name


def _write(selected: _Selected, out: BinaryIO) -> None:
    memories = selected.memories()
    match selected.format:
        case "mnheme":
            write_log(memories, out)
        case "json":
            write_json(memories, out)
        case "jsonl":
            write_jsonl(memories, out)
        case "markdown":
            write_markdown(memories, out)
        case "csv":
            _write_csv(memories, out)
        case _:
            write_day_one(memories, out, selected.files_of)


def _write_csv(memories: Iterable[Memory], out: BinaryIO) -> None:
    """A table for spreadsheets: tags and attachment names joined by semicolons."""
    text = TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    try:
        table = csv.writer(text)
        table.writerow(_CSV_COLUMNS)
        for memory in memories:
            table.writerow(
                (
                    *(memory.memory_id, memory.timestamp, memory.local_time.isoformat(timespec="seconds")),
                    *(memory.concept, memory.feeling, memory.media_type, memory.content, memory.note),
                    *(";".join(memory.tags), memory.revisits),
                    *(";".join(attachment.name for attachment in memory.attachments), memory.checksum),
                )
            )
    finally:
        text.detach()
