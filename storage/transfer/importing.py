"""Import: all of a source or nothing of it, and nothing twice.

A source is read twice. The first pass checks every record and holds it against the journal; only if
no fault was found, files go into the pool and the second pass appends, in bounded memory and with
one sync. Killed in between, what is there are whole records, and the same import completes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from ..codec import decode, encode
from ..errors import ImportRefusedError, InvalidMemoryError, NoSuchMemoryError, QuarantinedError
from ..frames import MAGIC
from ..journal import MemoryDB
from ..memory import Attachment, Memory
from ..pool import Incoming
from .dayone import DayOneReader, is_day_one
from .jrnl import JrnlReader, is_jrnl
from .lines import JsonlReader, JsonReader, LogReader
from .markdown import MarkdownReader
from .records import BOM, Defaults, Fault, Found, Reader, known_feeling, parse_json, same_memory

__all__ = ["IMPORT_FORMATS", "ImportReport", "detect_format", "import_file"]

Progress = Callable[[str, int, int], None]
"""Called with ``reading`` or ``writing``, how many, of how many (0: not known); what it raises ends it."""

_READERS: Final[dict[str, Callable[[Path, Defaults], Reader]]] = {
    "mnheme": LogReader,
    "json": JsonReader,
    "jsonl": JsonlReader,
    "jrnl": JrnlReader,
    "dayone": DayOneReader,
    "markdown": MarkdownReader,
}
IMPORT_FORMATS: Final = tuple(_READERS)
_MOST_FAULTS: Final = 1000
_EVERY: Final = 4096


class ImportReport(NamedTuple):
    """What an import did, or with ``dry_run`` would do."""

    format: str
    found: int
    """Memories in the source."""
    added: int
    skipped: int
    """Memories that the journal had already, or that the source holds twice."""
    files: int
    """Attachments brought along."""
    missing: tuple[tuple[str, str], ...]
    """``(memory_id, name)`` of attachments that are named but not beside the source."""
    dry_run: bool


def import_file(
    db: MemoryDB,
    source: Path,
    *,
    format: str | None = None,  # noqa: A002 - the flag's name
    defaults: Defaults | None = None,
    dry_run: bool = False,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Add a source's memories and files to a journal.

    Args:
        db: Where to.
        source: A file, or for Markdown a folder.
        format: One of :data:`IMPORT_FORMATS`; told from the source if None.
        defaults: What to take where the source does not say it.
        dry_run: Check and count only.
        on_progress: See :data:`Progress`.

    Raises:
        InvalidMemoryError: the default feeling is none.
        ImportRefusedError: the source has faults, each of which is named; nothing was written.
        JournalError: the disk refused; no memory was added.
    """
    if not source.exists():
        raise ImportRefusedError(f"cannot import {source}: no such file")
    if not (source.is_file() or source.is_dir()):
        raise ImportRefusedError(
            f"cannot import {source}: it is read twice, and a pipe gives its words once; save it to a file"
        )
    name = format or detect_format(source)
    if name not in _READERS:
        raise ImportRefusedError(f"cannot import {name!r}: the formats are {', '.join(IMPORT_FORMATS)}")
    if source.is_dir() and name != "markdown":
        raise ImportRefusedError(
            f"cannot import {source}: it is a folder, and only Markdown comes in folders"
        )
    defaults = defaults or Defaults()
    if defaults.feeling:
        known_feeling(defaults.feeling)
    try:
        reader = _READERS[name](source, defaults)
        survey = _Survey(db, source, reader, on_progress)
        if not dry_run:
            survey.bring_files()
            survey.append()
    except OSError as error:
        raise ImportRefusedError(f"cannot read {source}: {error.strerror or error}") from error
    return ImportReport(
        name,
        survey.found,
        survey.added,
        survey.found - survey.added,
        len(survey.wanted),
        tuple(survey.missing),
        dry_run,
    )


class _Survey:
    """One import: what the first pass found, and what the second does with it."""

    def __init__(self, db: MemoryDB, source: Path, reader: Reader, on_progress: Progress | None) -> None:
        self.db, self.source, self.reader = db, source, reader
        self.found = self.added = 0
        self.wanted: list[tuple[str, str, Incoming]] = []  # memory_id, sha256 ("" if unknown), file
        self.missing: list[tuple[str, str]] = []
        self._progress = on_progress or (lambda stage, done, total: None)
        self._fresh: dict[str, int] = {}  # id -> hash of what is to be added
        self._attachments: dict[str, tuple[Attachment, ...]] = {}
        self._count = db.count()
        faults = _Faults(source)
        for item in reader.items():
            if isinstance(item, Fault):
                faults.add(item)
                continue
            self.found += 1
            if not self.found % _EVERY:
                self._progress("reading", self.found, 0)
            memory = item.memory
            if fault := _unreadable(memory):
                faults.add(Fault(item.where, fault))
                continue
            key = _key(memory)
            known = self._fresh.get(memory.memory_id)
            if known is not None:
                if known != key and not item.derived:
                    faults.add(
                        Fault(item.where, f"its id {memory.memory_id} stands twice, with other content")
                    )
                continue
            if self._exists(item):
                if not self._agrees(item):
                    faults.add(
                        Fault(item.where, f"the journal has the id {memory.memory_id} with other content")
                    )
            else:
                self._fresh[memory.memory_id] = key
            self.missing += [(memory.memory_id, name) for name in item.lost]
            if memory.attachments or item.files:
                self._look_for_files(item)
        faults.refuse()
        self.added = len(self._fresh)
        self._progress("reading", self.found, self.found)

    def _exists(self, item: Found) -> bool:
        if not self._count:
            return False
        with suppress(NoSuchMemoryError):
            self._old = self.db.get(item.memory.memory_id)
            return True
        return False

    def _agrees(self, item: Found) -> bool:
        return item.derived or same_memory(self._old, item.memory)

    def _look_for_files(self, item: Found) -> None:
        memory = item.memory
        self.wanted += [(memory.memory_id, "", file) for file in item.files]
        for attachment in memory.attachments:
            if self.db.media.file_of(memory, attachment).path is not None:
                continue
            file = self.reader.file_of(memory, attachment)
            if file is None:
                self.missing.append((memory.memory_id, attachment.name))
            else:
                self.wanted.append((memory.memory_id, attachment.sha256, file))

    def bring_files(self) -> None:
        """Take the files into the pool, durable, before any record names them."""
        if not self.wanted:
            return
        groups: dict[str, list[Incoming]] = {}
        named: list[tuple[str, Incoming]] = []
        for memory_id, sha256, file in self.wanted:
            if sha256:
                named.append((sha256, file))
            elif memory_id in self._fresh:
                groups.setdefault(memory_id, []).append(file)
        stored = self.db.media.pool.take(file for _, file in named)
        faults = _Faults(self.source)
        for (sha256, file), got in zip(named, stored, strict=True):
            if got.sha256 != sha256:
                faults.add(
                    Fault(f"attachment {file.name}", "the file beside the source is not the one it names")
                )
        faults.refuse()
        added = self.db.media.add_groups(list(groups.values()))
        self._attachments = dict(zip(groups, added, strict=True))

    def append(self) -> None:
        """Read again and append what is new."""
        placed: list[Memory] = []
        if self._fresh:
            self.added = self.db.append_memories(self._new_memories(placed))
        else:
            self.added = 0
        self._fresh = {}
        if self.wanted and not placed:  # memories that were there before, whose files came only now
            found = (item.memory for item in self.reader.items() if isinstance(item, Found))
            placed += [memory for memory in found if memory.attachments]
        self.db.media.place(placed)

    def _new_memories(self, placed: list[Memory]) -> Iterator[Memory]:
        # This runs while the log is held: what others added since the first pass is seen now.
        others_wrote = self.db.count() != self._count
        self._count = self.db.count()
        fresh, total, done = self._fresh, len(self._fresh), 0
        for item in self.reader.items(oldest_first=True):
            if isinstance(item, Fault):
                raise ImportRefusedError(
                    f"{self.source} changed while it was read: nothing imported", (item,)
                )
            memory = item.memory
            memory_id = memory.memory_id
            if fresh.pop(memory_id, None) is None:
                if memory.attachments:
                    placed.append(memory)
                continue
            if others_wrote and self._exists(item):
                if not self._agrees(item):
                    raise ImportRefusedError(
                        f"{memory_id} was just added with other content: nothing imported"
                    )
                continue
            done += 1
            if not done % _EVERY:
                self._progress("writing", done, total)
            if memory_id in self._attachments:
                memory = replace(memory, attachments=memory.attachments + self._attachments[memory_id])
            if memory.attachments:
                placed.append(memory)
            yield memory
        if fresh:
            raise ImportRefusedError(f"{self.source} changed while it was read: nothing imported")
        self._progress("writing", done, total)


class _Faults:
    """The faults of a source, the first thousand by name."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._faults: list[Fault] = []
        self._count = 0

    def add(self, fault: Fault) -> None:
        self._count += 1
        if len(self._faults) < _MOST_FAULTS:
            self._faults.append(fault)

    def refuse(self) -> None:
        if not self._faults:
            return
        first = self._faults[0]
        rest = "" if self._count == 1 else f" (and {self._count - 1:,} more faults)"
        raise ImportRefusedError(
            f"nothing imported from {self._source}: {first.where}: {first.reason}{rest}", tuple(self._faults)
        )


def _unreadable(memory: Memory) -> str:
    """Why a memory could not be read again from the log, if it could not; only rare ones need the trial."""
    if memory.extra or memory.reading:
        try:
            decode(encode(memory))
        except InvalidMemoryError as error:
            return str(error)
        except QuarantinedError as error:
            return error.reason
    return ""


def _key(memory: Memory) -> int:
    return hash(
        (memory.content, memory.timestamp, memory.concept, memory.feeling_token, memory.note, memory.tags)
    )


def detect_format(source: Path) -> str:
    """Tell a source's format by its content, then its name.

    Raises:
        ImportRefusedError: neither tells.
    """
    suffix = source.suffix.lower()
    if source.is_dir() or suffix in (".md", ".markdown"):
        return "markdown"
    with open(source, "rb") as file:
        head = file.read(1 << 16)
    if head.startswith(MAGIC) or suffix == ".mnheme":
        return "mnheme"
    if head.startswith(b"PK\x03\x04"):
        return "dayone"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    text = head.removeprefix(BOM).lstrip()
    if text[:1] == b"{" and suffix != ".txt":
        return _which_json(source)
    if is_jrnl(text.decode(errors="replace")):
        return "jrnl"
    if text[:1] == b"[":
        return "json"
    if text.startswith(b"---"):
        return "markdown"
    raise ImportRefusedError(f"cannot tell the format of {source}: say it with --format")


def _which_json(source: Path) -> str:
    """What begins with ``{``: a document, or one record a line, which its first line alone shows."""
    with open(source, "rb") as file:
        first = next((line for line in file if line.strip()), b"").removeprefix(BOM)
        more = file.read(1 << 16).strip()
    try:
        document = parse_json(first)
        if more:
            return "jsonl"
    except InvalidMemoryError:
        try:
            document = parse_json(source.read_bytes().removeprefix(BOM))
        except InvalidMemoryError:
            return "json"
    if isinstance(document, dict) and isinstance(document.get("entries"), list):
        return "dayone" if is_day_one(document) else "jrnl"
    return "json" if not isinstance(document, dict) or "memories" in document else "jsonl"
