"""Bring the index up to what the project's files hold: scan, detect, chunk, store, derive."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from . import audit, graph
from .chunkers.types import ChunkOptions
from .config import Config
from .detect import content_hash, read_content
from .errors import IndexDamagedError
from .lock import WriterLock
from .project import Project, set_aside
from .scan import Entry, Scanner, project_path
from .segments import merge_segments
from .store import Known, Store
from .unchanged import KEY, state_of
from .worker import Batch, Job, Outcome, Settings, process, recipe_of
from .writer import StoreWriter

__all__ = ["IngestReport", "Progress", "chunk_options", "ingest"]

BATCH_BYTES = 128 * 1024  # the least for one message to a worker
MOST_BYTES = 512 * 1024  # the most: what a worker holds at once
COMMIT_BYTES = 4 * 1024 * 1024  # one transaction, and one segment of the full text
COMMIT_FILES = 1024
ALONE_BYTES = 512 * 1024  # below it, starting workers costs more than it saves


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest is. ``path`` is what was read last; ``total`` is 0 while it is not known yet."""

    phase: Literal["scanning", "reading", "linking"]
    done: int
    total: int
    path: str
    seconds: float

    @property
    def files_per_second(self) -> float:
        """Files done a second, since the start."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


@dataclass(slots=True)
class IngestReport:
    """What an ingest did.

    ``skipped`` and ``failed`` map paths to reasons; ``changed`` and ``removed`` are paths, ``unknown`` those
    that were given and neither the disk nor the index has.
    """

    scanned: int = 0
    unchanged: int = 0
    unsupported: int = 0
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    chunks_added: int = 0
    chunks_deduped: int = 0
    chunks_kept: int = 0
    chunks_removed: int = 0
    elapsed: float = 0.0
    interrupted: bool = False
    dry_run: bool = False
    notices: list[str] = field(default_factory=list)

    @property
    def indexed(self) -> int:
        """How many files were read and indexed, new or changed."""
        return len(self.changed)

    def reasons(self) -> Counter[str]:
        """How many files or folders were left out for each reason."""
        return Counter(self.skipped.values())


def chunk_options(config: Config) -> ChunkOptions:
    """The ``[chunking]`` section as the chunkers take it."""
    section = config.chunking
    return ChunkOptions(
        max_chunk_tokens=section.max_chunk_tokens,
        min_chunk_tokens=section.min_chunk_tokens,
        overlap_lines=section.overlap_lines,
        code_granularity="class" if section.code_granularity == "class" else "function",
    )


def ingest(
    project: Project,
    paths: Iterable[str | Path] | None = None,
    *,
    full: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    wait: float | None = None,
    on_wait: Callable[[str], None] | None = None,
    purpose: str = "ingest",
    quiet: bool = False,
    entering: Callable[[str], None] = lambda _: None,
) -> IngestReport:
    """Index what changed below the project's root, or only ``paths`` (files or folders; an empty list:
    nothing).

    ``full`` reads and cuts every file again. ``dry_run`` writes nothing. ``cancelled`` is asked between
    files: what was read by then is kept, whole. ``wait`` is how many seconds to wait for another writer,
    None without end. ``quiet`` leaves a run that changed nothing out of the audit log. ``entering`` is told
    each folder (absolute) right before it is looked into.

    Raises `IndexBusyError`, `IndexUnwritableError`, `OutsideProjectError`.
    """
    scope = None if paths is None else sorted({project_path(project.root, path) for path in paths})
    run = _Run(project, scope, full, on_progress, cancelled, entering)
    run.report.dry_run = dry_run
    if dry_run:
        if project.database.exists():
            with Store.open(project.database) as store:
                run.look(store.known_files(scope))
        else:
            run.look({})
        return run.finished()
    log = project.index_dir / "audit.log"
    with WriterLock(
        project.index_dir / "ingest.lock", purpose, wait=wait, on_wait=on_wait, cancelled=cancelled
    ):
        try:
            run.write()
        except IndexDamagedError:
            kept = set_aside(project.database, "damaged")
            notice = f"{project.database.name} was damaged: kept as {kept.name}, and the index is made anew"
            audit.log(log, "index_damaged", kept=kept.name)
            run = _Run(project, None, full, on_progress, cancelled, entering)
            run.report.notices.append(notice)
            run.write()
        except KeyboardInterrupt:
            audit.log(log, f"{purpose}_interrupted")
            raise
    report = run.finished()
    if quiet and not (report.changed or report.removed or report.failed or report.notices):
        return report
    audit.log(
        log,
        f"{purpose}_interrupted" if report.interrupted else f"{purpose}_complete",
        files_scanned=report.scanned,
        files_indexed=report.indexed,
        files_removed=len(report.removed),
        files_skipped=len(report.skipped),
        files_failed=len(report.failed),
        chunks_added=report.chunks_added,
        chunks_deduped=report.chunks_deduped,
        chunks_removed=report.chunks_removed,
        elapsed=round(report.elapsed, 3),
    )
    return report


class _Run:
    """One ingest."""

    def __init__(
        self,
        project: Project,
        scope: list[str] | None,
        full: bool,
        on_progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool],
        entering: Callable[[str], None],
    ) -> None:
        self.report = IngestReport(notices=list(project.notices))
        self._project = project
        self._scope = scope
        self._full = full
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._entering = entering
        self._scanner = Scanner(project.root, project.config.general)
        self._recipe = recipe_of(chunk_options(project.config))
        self._started = time.perf_counter()
        self._begun_ns = time.time_ns()
        self._told = 0.0

    def finished(self) -> IngestReport:
        self.report.elapsed = time.perf_counter() - self._started
        self.report.interrupted = self._cancelled()
        self.report.unsupported = self._scanner.unsupported
        self.report.skipped.update(self._scanner.skipped)
        return self.report

    # Looking

    def look(
        self, known: dict[str, Known]
    ) -> tuple[list[tuple[Entry, Known | None]], list[tuple[str, Known]]]:
        """Scan; return the files to read and those to forget, both in path order."""
        report = self.report
        todo: list[tuple[Entry, Known | None]] = []
        seen: set[str] = set()
        for entry in self._entries():
            report.scanned += 1
            seen.add(entry.path)
            before = known.get(entry.path)
            if before is not None and not self._full and self._same(entry, before):
                if before.sha256 is None:
                    report.skipped[entry.path] = before.note or "left out"
                else:
                    report.unchanged += 1
                continue
            if report.dry_run and before is not None and self._same_content(entry, before):
                report.unchanged += 1
                continue
            todo.append((entry, before))
            if not report.scanned % 256:
                self._tell("scanning", report.scanned, 0, entry.path)
        if self._cancelled():
            return [], []  # what was not met is not gone
        report.unknown = [
            place
            for place in self._scope or ()
            if place not in known
            and not os.path.lexists(self._project.root / place)
            and not any(path.startswith(f"{place}/") for path in known)
        ]
        gone = sorted((path, file) for path, file in known.items() if path not in seen)
        # A folder that cannot be read has not lost its files.
        lost = tuple(
            path
            for path, why in self._scanner.skipped.items()
            if path.endswith("/") and why.startswith("unre")
        )
        if lost:
            gone = [(path, file) for path, file in gone if not path.startswith(lost)]
        if report.dry_run:
            report.changed = [entry.path for entry, _ in todo]
            report.removed = [path for path, _ in gone]
        return todo, gone

    def _entries(self) -> Iterator[Entry]:
        if self._scope is None:
            yield from self._scanner.walk("", self._cancelled, self._entering)
            return
        met: set[str] = set()
        for path in self._scope:
            full = self._project.root / path
            if path == "" or (full.is_dir() and not full.is_symlink()):
                found: Iterable[Entry] = self._scanner.walk(path, self._cancelled, self._entering)
            else:
                entry = self._scanner.entry(path)
                found = () if entry is None else (entry,)
            for entry in found:
                if entry.path not in met:
                    met.add(entry.path)
                    yield entry

    def _same(self, entry: Entry, before: Known) -> bool:
        return (
            entry.mtime_ns == before.mtime_ns
            and entry.size == before.size
            and entry.ctime_ns == before.ctime_ns
            and before.recipe == self._recipe
        )

    def _same_content(self, entry: Entry, before: Known) -> bool:
        """What a worker would find out, for a run that writes nothing."""
        if self._full or before.recipe != self._recipe:
            return False
        content = read_content(
            str(self._project.root / entry.path), cap=entry.size, known=before.xxh3, now_ns=time.time_ns()
        )
        return content.kind == "same" or (
            content.kind == "text" and content_hash(content.text) == before.sha256
        )

    def _tell(
        self, phase: Literal["scanning", "reading", "linking"], done: int, total: int, path: str
    ) -> None:
        if self._on_progress is None:
            return
        now = time.perf_counter()
        if now - self._told >= 0.05 or done == total:
            self._told = now
            self._on_progress(Progress(phase, done, total, path, now - self._started))

    # Writing

    def write(self) -> None:
        store, notices = StoreWriter.open_for_writing(self._project.database)
        self.report.notices.extend(notices)
        if notices:
            self._scope = None  # a database made anew lacks every file
        with store, store.judged():
            if self._full and not notices:
                store.check()
            todo, gone = self.look(store.known_files(self._scope))
            if todo or gone:
                self._write(store, todo, gone)
            if not self._cancelled() and not graph.is_whole(store.connection):
                self._tell("linking", 0, 0, "")
                with store.batch():
                    graph.rebuild(store.connection)
            if todo or gone:
                merge_segments(store.connection)
                store.save_bloom()
            self._remember(store)

    def _remember(self, store: StoreWriter) -> None:
        """Leave behind the state of the files, so that a query can tell at once that nothing changed."""
        if self._scope is not None or self._cancelled():
            return
        scanner = self._scanner
        state = state_of(self._project.config, scanner.looked, scanner.beyond, self._begun_ns)
        if store.get(KEY) != state:
            with store.batch():
                store.put(KEY, state)

    def _write(
        self, store: StoreWriter, todo: list[tuple[Entry, Known | None]], gone: list[tuple[str, Known]]
    ) -> None:
        before = {entry.path: known for entry, known in todo}
        sizes = {entry.path: entry.size for entry, _ in todo}
        batches = self._outcomes(todo)
        done = 0
        more = True
        while more:
            with store.batch():
                generation = store.next_generation()
                read = files = changes = 0
                more = False
                for batch in batches:
                    for outcome in batch.outcomes:
                        path = outcome.record.path
                        changes += self._store(store, outcome, before[path], generation)
                        read += sizes[path]
                        files += 1
                        done += 1
                        self._tell("reading", done, len(todo), path)
                    if batch.inverted is not None:
                        store.add_inverted(batch.inverted)
                    if read >= COMMIT_BYTES or files >= COMMIT_FILES:
                        more = True
                        break
                if not more and not self._cancelled():
                    for path, known in gone:
                        self.report.chunks_removed += store.remove_file(known.id, path)
                        if known.sha256 is not None:
                            self.report.removed.append(path)
                        changes += 1
                if not changes:
                    store.put("generation", generation - 1)

    def _outcomes(self, todo: list[tuple[Entry, Known | None]]) -> Iterator[Batch]:
        project = self._project
        settings = Settings(
            str(project.root), project.config.general.max_file_size_kb * 1024, chunk_options(project.config)
        )
        total = sum(entry.size for entry, _ in todo)
        if total < ALONE_BYTES:
            for jobs in self._batches(todo, 0):
                if self._cancelled():
                    return
                yield Batch(process(settings, jobs), None)
            return
        from .pool import WorkerPool, worker_count  # noqa: PLC0415 - only a large ingest needs processes

        count = worker_count()
        size = max(BATCH_BYTES, min(total // (4 * count), MOST_BYTES))
        with WorkerPool(settings, count) as pool:
            for batches in pool.map(self._batches(todo, size)):
                for batch in batches:
                    if self._cancelled():
                        return
                    yield batch

    def _batches(self, todo: list[tuple[Entry, Known | None]], limit: int) -> Iterator[list[Job]]:
        batch: list[Job] = []
        size = 0
        for entry, known in todo:
            usable = known is not None and not self._full and known.recipe == self._recipe
            batch.append(
                Job(entry.path, known.xxh3, known.sha256)
                if known is not None and usable
                else Job(entry.path, None, None)
            )
            size += entry.size
            if size >= limit:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _store(self, store: StoreWriter, outcome: Outcome, known: Known | None, generation: int) -> bool:
        """Write one outcome; whether it changed what is indexed."""
        report, record = self.report, outcome.record
        if outcome.kind == "touched":
            assert known is not None
            store.touch(known.id, record)
            if known.sha256 is None:
                report.skipped[record.path] = known.note or "left out"
            else:
                report.unchanged += 1
            return False
        if outcome.kind == "gone":
            if known is not None:
                report.chunks_removed += store.remove_file(known.id, record.path)
                report.removed.append(record.path)
            return known is not None
        written = store.write_file(record, known, recipe=self._recipe, generation=generation)
        report.chunks_added += written.added
        report.chunks_deduped += written.deduped
        report.chunks_kept += written.kept
        report.chunks_removed += written.removed
        if outcome.kind == "changed":
            report.changed.append(record.path)
        elif outcome.kind == "failed":
            report.failed[record.path] = record.note or "failed"
        else:
            report.skipped[record.path] = record.note or "left out"
        return True
