"""Take out of the index what no file needs any more, and give its room back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import audit
from .bloom import filter_of
from .lock import WriterLock
from .project import Project
from .segments import merge_segments
from .store import Store
from .writer import StoreWriter

__all__ = ["GcReport", "collect"]

_ORPHAN_CHUNKS = "FROM chunks WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.id = file_id)"
_ORPHAN_CONTENTS = "FROM contents WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE content_id = contents.id)"


@dataclass(slots=True)
class GcReport:
    """What was removed, or with ``dry_run`` would be.

    ``dead_chunks`` are still in the full text and in no file; ``queries_forgotten`` are those of ``usage.db``
    that are too old to tell anything, ``cache_keys`` those of chunks that are gone.
    """

    missing_files: int = 0
    chunks: int = 0
    orphan_chunks: int = 0
    orphan_contents: int = 0
    dead_chunks: int = 0
    segments: int = 0
    bloom_stale: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    queries_forgotten: int = 0
    cache_keys: int = 0
    dry_run: bool = False


def collect(
    project: Project,
    *,
    dry_run: bool = False,
    on_wait: Callable[[str], None] | None = None,
) -> GcReport:
    """Forget files that are gone from the disk, drop what nothing refers to, merge segments, rebuild the
    Bloom filter.

    Raises `NoIndexError`, `IndexBusyError`, `IndexDamagedError`, `IndexUnwritableError`.
    """
    report = GcReport(dry_run=dry_run)
    Store.open(project.database).close()
    if dry_run:
        with Store.open(project.database) as store:
            missing = _look(project, store, report)
            report.chunks = sum(
                store.connection.execute(
                    "SELECT count(*) FROM chunks WHERE file_id = ?", (file_id,)
                ).fetchone()[0]
                for file_id, _ in missing
            )
            report.bytes_after = report.bytes_before
        return report
    with WriterLock(project.index_dir / "ingest.lock", "gc", on_wait=on_wait):
        store, _ = StoreWriter.open_for_writing(project.database)
        with store:
            _clean(project, store, report)
    audit.log(
        project.index_dir / "audit.log",
        "gc_complete",
        missing_files=report.missing_files,
        chunks_removed=report.chunks,
        orphan_chunks=report.orphan_chunks,
        orphan_contents=report.orphan_contents,
        dead_chunks=report.dead_chunks,
        bytes_freed=report.bytes_before - report.bytes_after,
    )
    return report


def _look(project: Project, store: Store, report: GcReport) -> list[tuple[int, str]]:
    missing = []
    for path, known in store.known_files().items():
        file = project.root / path
        if file.is_symlink() or not file.is_file():
            missing.append((known.id, path))
    with store.reading() as connection:

        def one(query: str) -> int:
            return int(connection.execute(query).fetchone()[0] or 0)

        report.missing_files = len(missing)
        report.orphan_chunks = one(f"SELECT count(*) {_ORPHAN_CHUNKS}")
        report.orphan_contents = one(f"SELECT count(*) {_ORPHAN_CONTENTS}")
        report.dead_chunks = one("SELECT sum(gone) FROM segments")
        report.segments = one("SELECT count(*) FROM segments")
        report.bloom_stale = max(filter_of(store).count - one("SELECT count(*) FROM contents"), 0)
    report.bytes_before = store.path.stat().st_size
    return missing


def _clean(project: Project, store: StoreWriter, report: GcReport) -> None:
    store.check()
    missing = _look(project, store, report)
    if missing or report.orphan_chunks or report.orphan_contents:
        with store.batch():
            store.next_generation()
            for file_id, path in missing:
                report.chunks += store.remove_file(file_id, path)
            store.connection.execute(f"DELETE {_ORPHAN_CHUNKS}")
        with store.batch():
            store.connection.execute(f"DELETE {_ORPHAN_CONTENTS}")
    report.dead_chunks = store.connection.execute("SELECT sum(gone) FROM segments").fetchone()[0] or 0
    merge_segments(store.connection, everything=True)
    with store.batch():
        store.connection.execute("DELETE FROM vocabulary WHERE part NOT IN (SELECT term FROM postings)")
    store.compact()
    report.bytes_after = store.path.stat().st_size
