"""``MemoryDB``, the public face of the journal: many threads, many processes, one truth."""

from __future__ import annotations

import os
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from .clock import anniversaries
from .errors import JournalError, NoSuchMemoryError
from .feelings import Feeling, canonical_feeling
from .filters import Texts, selection
from .index import Hit, Index, Selection
from .indexed import Appended, IndexedLog
from .log import FsyncPolicy, Log
from .memory import MediaType, Memory, new_record
from .snapshot import Damage
from .views import Columns, Listing, Memories, TimelinePoint

# A cold `mnemo recall` imports nothing of attachments, watching, verifying and backing up.
if TYPE_CHECKING:
    from .backup import BackupReport
    from .finder import Finder
    from .media import AttachedFile, FileSource, Incoming, Media
    from .tail import Corpus
    from .verify import Progress, VerifyReport
    from .watch import Subscriber, Unsubscribe, Watcher

__all__ = ["Columns", "Listing", "MemoryDB", "TimelinePoint"]

_FILES_TOGETHER: Final = 1024
_CHECKED_TOGETHER: Final = 1 << 16


class MemoryDB:
    """A journal: memories are added and found, never changed and never deleted.

    Any number of threads may use one object and any number of processes one journal. Every read
    sees all that was acknowledged, by anyone, before it began. Close it, or use it in ``with``.

    Args:
        path: The ``.mnheme`` log; a missing one is an empty journal, made on the first write.
        files_dir: Where attachments are; ``<stem>_files`` beside the log if None.
        fsync_policy: ``always``, ``batch`` or ``never``, see :class:`~mnemo.storage.log.Log`.
        on_progress: Called with bytes done and in all while a large journal is indexed for the
            first time; what it raises ends the opening.

    Raises:
        JournalError: the file cannot be opened.
        ValueError: there is no such policy.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        files_dir: str | os.PathLike[str] | None = None,
        fsync_policy: FsyncPolicy = "always",
        on_progress: Progress | None = None,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self.files_dir = (
            Path(files_dir) if files_dir is not None else self.path.with_name(f"{self.path.stem}_files")
        )
        self._durable_files = fsync_policy != "never"
        self.derived_dir = self.path.with_name(f"{self.path.stem}.mnemo")
        self._watcher: Watcher | None = None
        self._text: Finder | None = None
        self._closed = False
        self._lock = threading.Lock()  # over _closed, _watcher and _text
        self._log = Log(self.path, fsync_policy=fsync_policy)
        try:
            self._indexed = IndexedLog(
                self._log, self.derived_dir, on_restart=self._forget_text, on_progress=on_progress
            )
        except BaseException:
            self._log.close()
            raise
        _OPEN.add(self)

    @cached_property
    def media(self) -> Media:
        """The journal's attachments."""
        from .media import Media  # noqa: PLC0415

        return Media(self.files_dir, durable=self._durable_files)

    # -- adding ---------------------------------------------------------------------------------

    def remember(
        self,
        concept: str,
        feeling: Feeling | str,
        content: str,
        *,
        media_type: MediaType | str = MediaType.TEXT,
        note: str = "",
        tags: Iterable[str] = (),
        at: datetime | None = None,
        attachments: Iterable[FileSource] = (),
        revisits: str | None = None,
        reading: Mapping[str, str] | None = None,
        link: bool = False,
    ) -> Memory:
        """Add one memory; it is on the disk when this returns (policy ``always``).

        ``attachments`` are files to keep with it, by path; ``link`` adopts their own inodes in place
        of a copy, so that editing the originals edits the memory's files. ``reading`` is what a model
        made of the words (provider, text), kept beside them.

        Raises:
            InvalidMemoryError: a field is wrong; nothing was written.
            AttachmentError: a file is missing or unreadable; nothing was written.
            NoSuchMemoryError: there is no memory with the id ``revisits``.
            AppendFailedError: the disk refused; nothing was written.
        """
        if revisits is not None:
            self.get(revisits)
        memory = new_record(
            concept,
            feeling,
            content,
            media_type=media_type,
            note=note,
            tags=tags,
            at=at,
            revisits=revisits,
            reading=reading,
        )
        return self._remember(memory, _incoming(attachments), link=link)

    def attach(
        self,
        memory_id: str,
        file: FileSource | bytes,
        name: str | None = None,
        *,
        link: bool = False,
    ) -> Memory:
        """Add a file to an older memory: a new layer that refers to it, whose content is the file's name.

        Raises:
            NoSuchMemoryError: there is no such memory.
            AttachmentError: the file is missing or unreadable; nothing was written.
        """
        from .filenames import safe_name  # noqa: PLC0415
        from .media import Incoming, as_incoming, media_type_of  # noqa: PLC0415

        older = self.get(memory_id)
        source = Incoming.from_bytes(file, name or "file") if isinstance(file, bytes) else as_incoming(file)
        source = source if name is None else source._replace(name=name)
        title = safe_name(source.name)
        layer = new_record(
            older.concept, Feeling.SERENITY, title, media_type=media_type_of(title), revisits=memory_id
        )
        # The older memory's own token, which may be another writer's.
        layer = replace(layer, feeling=older.feeling, feeling_token=older.feeling_token)
        return self._remember(layer, [source], link=link)

    def _remember(self, memory: Memory, files: list[Incoming], *, link: bool) -> Memory:
        if files:
            memory = replace(memory, attachments=self.media.add(files, link=link))
        done = self._append((memory,))
        if files:
            self.media.place((memory,))
        return replace(memory, chain=done.link)

    def remember_many(self, records: Iterable[Mapping[str, Any]]) -> Sequence[Memory]:
        """Add many memories, given as mappings of :meth:`remember`'s arguments: all of them or none.

        They are written while they come, in bounded memory, and synced once. The sequence that is
        returned reads each memory from the log when it is asked for.

        Raises:
            InvalidMemoryError: a field is wrong; nothing was written.
            AttachmentError: a file is missing or unreadable; nothing was written.
            AppendFailedError: the disk refused; nothing was written.
        """
        placed: list[Memory] = []
        done = self._append(self._with_files(records, placed))
        if placed:
            self.media.place(placed)
        return Memories(self, done.refs)

    def _with_files(self, records: Iterable[Mapping[str, Any]], placed: list[Memory]) -> Iterator[Memory]:
        """Make the records; files come in by the batch, which shares their syncs."""
        remaining = iter(records)
        while batch := list(islice(remaining, _FILES_TOGETHER)):
            memories = []
            groups: list[list[Incoming]] = []
            for record in batch:
                fields = dict(record)
                groups.append(_incoming(fields.pop("attachments", ())))
                memories.append(new_record(**fields))
            if any(groups):
                added = self.media.add_groups(groups)
                memories = [
                    replace(memory, attachments=files) for memory, files in zip(memories, added, strict=True)
                ]
                placed += [memory for memory in memories if memory.attachments]
            yield from memories

    def append_memories(self, memories: Iterable[Memory]) -> int:
        """Append memories as they stand (ids, tokens, times and extra keys kept), with new links.

        For imports and merges; all of them or none, synced once, in bounded memory. Gives how many.

        Raises:
            AppendFailedError: the disk refused; nothing was written.
        """
        return len(self._append(memories).refs)

    # -- finding --------------------------------------------------------------------------------

    def get(self, memory_id: str) -> Memory:
        """The memory with that id.

        Raises:
            NoSuchMemoryError: there is none.
        """
        while True:
            found = self._indexed.find_by_key(
                lambda index: index.refs_of_id(memory_id), lambda memory: memory.memory_id == memory_id
            )
            if found:
                return found[0]
            # Before it is said that there is none, the snapshot has to be what was written.
            if not self._indexed.repaired():
                break
        raise NoSuchMemoryError(f"no memory has the id {memory_id}")

    def resolve_id(self, prefix: str) -> str:
        """Complete the beginning of an id, four characters at least.

        Raises:
            NoSuchMemoryError: no id, or more than one, begins so.
        """
        digits = prefix.lower().partition("-")[0][:8]
        if len(prefix) >= 4 and all(digit in "0123456789abcdef" for digit in digits):
            found = self._indexed.find_by_key(
                lambda index: index.refs_of_prefix(digits, 4096),
                lambda memory: memory.memory_id.startswith(prefix.lower()),
            )
            ids = {memory.memory_id for memory in found}
            if len(ids) == 1:
                return ids.pop()
            if ids:
                raise NoSuchMemoryError(
                    f"{len(ids)} memories have an id that begins with {prefix}: give more of it"
                )
        return self.get(prefix).memory_id

    def recall(
        self,
        concept: Texts = None,
        *,
        feelings: Texts = None,
        tags: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        oldest_first: bool = False,
    ) -> list[Memory]:
        """Memories in order of time, newest first unless told otherwise.

        Values of one kind are OR, kinds are AND. Concepts and tags match as written, else with case
        and accents folded; feelings are taken in English or Italian; ``since`` and ``until`` are
        both included, naive ones are local time.

        Raises:
            InvalidMemoryError: a feeling is unknown.
        """

        def find(index: Index) -> tuple[Selection, list[Hit]]:
            wanted = selection(index, concept, feelings, tags, since, until)
            return wanted, list(islice(index.select(wanted, oldest_first=oldest_first), limit))

        return self._indexed.find(find)

    def search(
        self,
        text: str,
        *,
        concept: Texts = None,
        feelings: Texts = None,
        tags: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> list[Memory]:
        """Memories that have the words, best first and equally good ones newest first.

        Words are AND and found in content, note, concept, tags and reading, case and accents folded;
        ``OR`` separates alternatives, ``"a phrase"`` keeps its order, ``prefix*`` may go on. No text
        is an error; one without a word finds nothing. Filters are those of :meth:`recall`.

        Raises:
            InvalidMemoryError: a feeling is unknown.
        """
        chosen: Any = {"concept": concept, "feelings": feelings, "tags": tags, "since": since, "until": until}
        for attempt in (1, 2):
            try:
                return self.read_many(self.search_refs(text, **chosen, limit=limit))
            except JournalError:
                # A failed append was taken back between finding and reading.
                if attempt == 2:
                    raise
                self._finder().forget()
        return []

    def search_refs(
        self,
        text: str,
        *,
        concept: Texts = None,
        feelings: Texts = None,
        tags: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[int]:
        """What :meth:`search` finds, as refs alone.

        Raises:
            InvalidMemoryError: a feeling is unknown.
        """
        wanted, size = self._indexed.answer(
            lambda index: (selection(index, concept, feelings, tags, since, until), index.end)
        )
        return self._finder().search(text, wanted, limit, size)

    def word_statistics(self, words: Iterable[str]) -> Corpus:
        """How many memories there are, their average length in words, and how many have each word.

        ``words`` are as :func:`~mnemo.storage.analysis.analyse` makes them.
        """
        return self._finder().statistics(words, self._indexed.current().end)

    def index_text(self, *, on_progress: Progress | None = None) -> None:
        """Bring the full-text index up to date now; searches are right without, but slower.

        ``on_progress`` is called with bytes done and in all.

        Raises:
            JournalError: the index cannot be written.
        """
        self._finder().catch_up(on_progress=on_progress)

    def text_behind(self) -> int:
        """How many bytes of the log the full-text index does not cover yet: what a search has to read."""
        return self._finder().uncovered(self._indexed.current().end)

    def listing(
        self,
        concept: Texts = None,
        *,
        feelings: Texts = None,
        tags: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        oldest_first: bool = False,
    ) -> Listing:
        """What :meth:`recall` finds, as times and refs alone: a million of them in milliseconds.

        Raises:
            InvalidMemoryError: a feeling is unknown.
        """

        def find(index: Index) -> Listing:
            wanted = selection(index, concept, feelings, tags, since, until)
            if limit is None and not oldest_first:
                return Listing(*index.listing(wanted))
            hits = list(islice(index.select(wanted, oldest_first=oldest_first), limit))
            return Listing(array("q", [hit.us for hit in hits]), array("Q", [hit.ref for hit in hits]))

        return self._indexed.answer(find)

    def read(self, ref: int) -> Memory:
        """The memory that a ref of :meth:`listing`, :meth:`concept_timeline` or a change stands for.

        Raises:
            JournalError: nothing readable stands there any more (a failed append was taken back).
        """
        return self._indexed.read(ref)

    def read_many(self, refs: Iterable[int]) -> list[Memory]:
        """The memories of several refs.

        Raises:
            JournalError: nothing readable stands at one of them any more.
        """
        return [self._indexed.read(ref) for ref in refs]

    def concept_timeline(self, concept: str) -> list[TimelinePoint]:
        """A concept's memories as points in time, oldest first, without reading one memory."""

        def find(index: Index) -> list[TimelinePoint]:
            wanted = selection(index, concept, None, None, None, None)
            shown = [canonical_feeling(token) for token in index.feelings.names]
            # Twice as fast as TimelinePoint._make, which matters at tens of thousands.
            point = partial(tuple.__new__, TimelinePoint)
            return list(map(point, index.points(wanted, shown)))

        return self._indexed.answer(find)

    def columns(
        self,
        concept: Texts = None,
        *,
        feelings: Texts = None,
        tags: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Columns:
        """What :meth:`recall` finds, oldest first, as times, feelings and refs, for counting a million.

        Raises:
            InvalidMemoryError: a feeling is unknown.
        """

        def find(index: Index) -> Columns:
            wanted = selection(index, concept, feelings, tags, since, until)
            names = tuple(canonical_feeling(token) for token in index.feelings.names)
            found = Columns(*index.columns(wanted), names)
            # In parts: one call over a million would hold the interpreter, and keys would wait for it.
            for start in range(0, len(found.feelings), _CHECKED_TOGETHER):
                if max(found.feelings[start : start + _CHECKED_TOGETHER]) >= len(names):
                    raise IndexError("a damaged snapshot points outside of itself")
            return found

        return self._indexed.answer(find)

    def on_this_day(self, day: date | None = None) -> list[Memory]:
        """Memories of the same local day in earlier years, newest first; today's day if None.

        On 28 February of a common year, those of 29 February are among them.
        """
        today = day if day is not None else datetime.now().astimezone().date()
        oldest = self.recall(oldest_first=True, limit=1)
        if not oldest:
            return []
        found: list[Memory] = []
        # In the year 1 a day may begin before time does.
        oldest_year = max(2, oldest[0].time.year - 1)
        for year in range(today.year - 1, oldest_year - 1, -1):
            for each in anniversaries(today, year):
                start = datetime(each.year, each.month, each.day).astimezone()
                end = datetime(each.year, each.month, each.day, 23, 59, 59, 999999).astimezone()
                found += self.recall(since=start, until=end)
        return found

    def revisited_by(self, memory_id: str) -> list[Memory]:
        """The later layers that refer to a memory, oldest first."""
        return self._indexed.find_by_key(
            lambda index: index.refs_of_layers(memory_id), lambda memory: memory.revisits == memory_id
        )

    def files_of(self, memory: Memory) -> list[AttachedFile]:
        """A memory's attachments as they are on this disk, with the path to open each by."""
        return self.media.files_of(memory)

    # -- counting -------------------------------------------------------------------------------

    def count(self, concept: str | None = None, feeling: Feeling | str | None = None) -> int:
        """How many memories there are, of a concept and with a feeling if given.

        Raises:
            InvalidMemoryError: the feeling is unknown.
        """
        if concept is None and feeling is None:
            return len(self._indexed.current())
        return self._indexed.answer(
            lambda index: index.count(selection(index, concept, feeling, None, None, None))
        )

    def concepts(self) -> dict[str, int]:
        """Concepts with how many memories they have, most frequent first."""
        return self._indexed.answer(lambda index: index.concepts.counts())

    def tags(self) -> dict[str, int]:
        """Tags with how many memories have them, most frequent first."""
        return self._indexed.answer(lambda index: index.tags.counts())

    def feeling_distribution(
        self,
        concept: Texts = None,
        *,
        tags: Texts = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[str, int]:
        """Feelings, as shown, with how many memories have them, most frequent first; filters as in recall."""

        def find(index: Index) -> dict[str, int]:
            return index.feeling_counts(selection(index, concept, None, tags, since, until))

        counted: dict[str, int] = {}
        for token, size in self._indexed.answer(find).items():
            name = str(canonical_feeling(token))
            counted[name] = counted.get(name, 0) + size
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def feelings(self) -> list[Feeling | str]:
        """The feelings that occur, as shown, most frequent first."""
        return [canonical_feeling(name) for name in self.feeling_distribution()]

    # -- trust ----------------------------------------------------------------------------------

    def problems(self) -> tuple[Damage, ...]:
        """Ranges of the log that hold no readable memory, as found while indexing."""
        return self._indexed.answer(lambda index: tuple(index.damage))

    def verify(self, *, expect: str | None = None, on_progress: Progress | None = None) -> VerifyReport:
        """Check every frame, checksum, link and attachment, see :func:`verify_log`.

        The index beside the log is no part of it; one that is not as it was written is rebuilt. What is
        wrong stands in the report.
        """
        from .verify import verify_log  # noqa: PLC0415

        self._indexed.repaired()
        return verify_log(self._log, self.media, expect=expect, on_progress=on_progress)

    def backup(self, destination: str | os.PathLike[str]) -> BackupReport:
        """Copy the journal's whole records and its files, see :func:`~mnemo.storage.backup.back_up`.

        Raises:
            JournalError: the place holds something else, or the disk refused; what was there stays.
        """
        from .backup import back_up  # noqa: PLC0415

        with self._log.settled():
            end = self._indexed.current().end
        return back_up(self.path, end, self.files_dir, Path(destination).expanduser())

    def subscribe(self, subscriber: Subscriber) -> Unsubscribe:
        """Be called, from a thread of its own, after this or another process changed the journal.

        Changes that come close together may be told as one. What is returned ends it.

        Raises:
            JournalError: the journal is closed.
        """
        with self._lock:
            if self._closed:
                raise JournalError(f"the journal {self.path} is closed")
            if self._watcher is None:
                from .watch import Watcher  # noqa: PLC0415

                self._watcher = Watcher(self)
            return self._watcher.add(subscriber)

    def state(self) -> tuple[int, int]:
        """How many memories there are, and a number that changes when some of them may be gone."""
        return self._indexed.state()

    def sync(self) -> None:
        """Bring what the ``batch`` policy holds back to the disk now.

        Raises:
            AppendFailedError: the disk refused.
        """
        self._log.sync()

    def close(self) -> None:
        """Sync, keep what was indexed, and close. A second call does nothing.

        Raises:
            AppendFailedError: the last batch could not be synced.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._watcher is not None:
            self._watcher.stop()
        if self._text is not None:
            self._text.close()
        self._indexed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- within ---------------------------------------------------------------------------------

    def _append(self, memories: Iterable[Memory]) -> Appended:
        done = self._indexed.append(memories)
        if self._watcher is not None:
            self._watcher.wake()
        return done

    def _finder(self) -> Finder:
        with self._lock:
            if self._text is None:
                # Imported late: all that is not a search starts without the words.
                from .finder import Finder  # noqa: PLC0415

                self._text = Finder(self._log, self.derived_dir)
            return self._text

    def _forget_text(self) -> None:
        if self._text is not None:
            self._text.forget()

    def after_fork(self) -> None:
        """Part from the process that this one was forked from; called in every child by itself."""
        self._lock = threading.Lock()
        self._watcher = self._text = None
        self._indexed.after_fork()


def _incoming(files: Iterable[FileSource]) -> list[Incoming]:
    files = list(files)
    if not files:
        return []
    from .media import as_incoming  # noqa: PLC0415

    return [as_incoming(file) for file in files]


_OPEN: Final[weakref.WeakSet[MemoryDB]] = weakref.WeakSet()


def _after_fork() -> None:
    for journal in tuple(_OPEN):
        journal.after_fork()


os.register_at_fork(after_in_child=_after_fork)
