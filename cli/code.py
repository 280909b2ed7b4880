"""Verbs over the code index: init, ingest, watch, stats, delta, outline, audit, gc."""

import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .cache import cache_rows
from .engine import ask, own_engine
from .inert import inert, one_line
from .options import FailEmpty, Json, empty_code
from .session import Session, UsageError, say, session_of, warn

if TYPE_CHECKING:
    from ..retrieval.ingest import IngestReport, Progress
    from ..retrieval.views import FileDelta

__all__ = ["VERBS"]

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATHS", show_default=False)]


def init(ctx: typer.Context, json: Json = False) -> None:
    """Make an index for this folder: .mnemosyne/ with its config."""
    from ..retrieval.project import init_project

    session = session_of(ctx)
    project, made = init_project(session.project or Path.cwd())
    if json:
        _facts(session, {"project_root": str(project.root), "index": str(project.index_dir), "created": made})
        return
    _notices(project.notices)
    if made:
        say(f"Initialized {one_line(str(project.index_dir))}", "Next: mnemo ingest")
    else:
        say(f"Already initialized: {one_line(str(project.index_dir))}")


def ingest(
    ctx: typer.Context,
    paths: Paths = None,
    full: Annotated[bool, typer.Option("--full", help="Read every file again, changed or not.")] = False,
    dry_run: DryRun = False,
    stdin: Annotated[bool, typer.Option("--stdin", help="Take paths from stdin, one a line.")] = False,
    json: Json = False,
) -> int:
    """Index what changed, drop what is gone: in the project, or in PATHS alone."""
    from ..retrieval.ingest import ingest as run

    session = session_of(ctx)
    wanted: list[Path] | None = list(paths) if paths else None
    if stdin:
        if wanted:
            raise UsageError("paths come from stdin or as arguments, not both")
        separator = b"\0" if b"\0" in (data := sys.stdin.buffer.read()) else b"\n"
        wanted = [Path(sys_decode(line)) for line in data.split(separator) if line.strip()]
    project = _project(session)
    with _Bar() as bar:
        report = run(
            project,
            wanted,
            full=full,
            dry_run=dry_run,
            on_progress=bar,
            on_wait=lambda holder: warn(f"waiting: the index is being written by {holder}"),
        )
    _notices(report.notices)
    unknown = () if stdin else report.unknown  # a list of what changed may name what came and went
    for path in unknown:
        warn(f"{path} is not in the index, and not there")
    if wanted and len(unknown) == len(set(wanted)):
        return 1
    for path, reason in sorted(report.failed.items()):
        warn(f"{path}: {reason}")
    if not report.scanned and report.unsupported:
        warn(f"none of {report.unsupported:,} files here has an ending of general.supported_extensions")
    if session.verbose:
        for path, reason in sorted(report.skipped.items()):
            warn(f"{path}: {reason}")
    if json:
        _facts(session, _report_json(report))
    else:
        say(*_report_lines(report))
    return 1 if unknown or (report.failed and not report.indexed and not report.unchanged) else 0


def sys_decode(line: bytes) -> str:
    """A path as the file system spells it."""
    return line.rstrip(b"\r\n").decode(sys.getfilesystemencoding(), "surrogateescape")


def watch(
    ctx: typer.Context,
    poll: Annotated[
        bool, typer.Option("--poll", help="Look regularly instead of waiting for events.")
    ] = False,
) -> int:
    """Keep the index true while files change, until Ctrl-C."""
    from ..retrieval.watch import Watcher

    def report(done: "IngestReport") -> None:
        names = [*done.changed, *done.removed]
        what = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        counts = [f"{done.indexed} indexed", f"{len(done.removed)} removed", f"{len(done.failed)} failed"]
        shown = ", ".join(count for count in counts if not count.startswith("0 "))
        say(f"{shown} in {done.elapsed:.2f}s: {one_line(what)}")

    watcher = Watcher(_project(session_of(ctx)), on_report=report, on_notice=warn, polling=poll)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: watcher.stop())
    watcher.run()
    return 0


def stats(
    ctx: typer.Context,
    detailed: Annotated[bool, typer.Option("--detailed", help="Break the counts down.")] = False,
    json: Json = False,
) -> None:
    """Count what the index holds."""
    session = session_of(ctx)
    found = ask(session, "stats")
    if json:
        _facts(session, found)
        return
    lines = [
        f"Project root: {one_line(found['project_root'])}",
        f"Files indexed: {found['files']:,}",
        f"Chunks: {found['chunks']:,}",
        f"Total tokens: {found['tokens']:,}",
        f"Usage events: {found['usage']['events']:,}",
        f"Avg tokens/chunk: {found['tokens_per_chunk']:.1f}",
    ]
    if detailed:
        lines += [
            f"Distinct contents: {found['contents']:,}",
            f"Lines: {found['lines']:,}",
            f"Source size: {found['bytes']:,} bytes",
            f"Index size: {found['index_bytes']:,} bytes",
            f"Generation: {found['generation']}",
        ]
        for title, counts, unit in (
            ("Chunk types", found["chunk_types"], ""),
            ("Languages", found["languages"], " files"),
            ("Left out", found["left_out"], " files"),
            ("Noted", found["notes"], " files"),
            ("Derived", found["derived"], ""),
            ("Usage", found["usage"], ""),
        ):
            if counts:
                width = max(len(one_line(name)) for name in counts)
                lines += ["", f"{title}:"]
                lines += [f"  {one_line(name):<{width}} : {count:,}{unit}" for name, count in counts.items()]
        rows = cache_rows(found["cache"])
        width = max(map(len, rows))
        lines += ["", "Cache:", *(f"  {name:<{width}} : {value}" for name, value in rows.items())]
    say(*lines)


def delta(
    ctx: typer.Context,
    paths: Paths = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show the changes, and the chunks each touches.")
    ] = False,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Say what changed since the last ingest."""
    session = session_of(ctx)
    with own_engine(session) as engine:
        found = engine.delta(paths or None)
    if json:
        _rows(session, (_delta_json(item, diff) for item in found))
        return empty_code(len(found), fail_empty)
    lines = []
    for status in ("added", "modified", "deleted"):
        group = [item for item in found if item.status == status]
        if group:
            lines.append(f"{status.capitalize()} ({len(group)}):")
            for item in group:
                lines.append(f"  {one_line(item.path)}  +{item.added_lines} -{item.removed_lines}")
                if diff:
                    lines += _delta_lines(item)
    say(*(lines or ["No changes since the last ingest."]))
    return empty_code(len(found), fail_empty)


def outline(ctx: typer.Context, file: Annotated[Path, typer.Argument()], json: Json = False) -> None:
    """List what a file defines, with lines and signatures."""
    session = session_of(ctx)
    with own_engine(session) as engine:
        entries = engine.outline(file)
    if json:
        _rows(session, (_fields(entry) for entry in entries))
        return
    lines = []
    for entry in entries:
        depth = "  " * entry.symbol.count(".")
        where = f"{entry.line_start}-{entry.line_end}"
        lines.append(f"{where:>11}  {depth}{entry.type} {one_line(entry.signature or entry.symbol, 200)}")
    say(*lines)


def audit(
    ctx: typer.Context,
    last: Annotated[int, typer.Option("--last", metavar="N", min=0, help="At most so many; 0 is all.")] = 20,
    json: Json = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Show what was done to the index, oldest first."""
    import json as encoder

    from ..retrieval.audit import read_last

    session = session_of(ctx)
    entries = read_last(_project(session).index_dir / "audit.log", last)
    if json:
        _rows(session, entries)
    else:
        say(*(inert(encoder.dumps(entry, ensure_ascii=False)) for entry in entries))
    return empty_code(len(entries), fail_empty)


def gc(ctx: typer.Context, dry_run: DryRun = False, json: Json = False) -> None:
    """Take out of the index what no file needs any more."""
    session = session_of(ctx)
    with own_engine(session) as engine:
        report = engine.gc(
            dry_run=dry_run,
            on_wait=lambda holder: warn(f"waiting: the index is being written by {holder}"),
        )
    if json:
        _facts(session, _fields(report))
        return
    verb = "Would remove" if dry_run else "Removed"
    say(
        f"{verb} missing files: {report.missing_files:,}",
        f"{verb} their chunks: {report.chunks:,}",
        f"{verb} orphaned chunks: {report.orphan_chunks:,}",
        f"{verb} orphaned contents: {report.orphan_contents:,}",
        f"{verb} dead postings of chunks: {report.dead_chunks:,}",
        f"{verb} stale Bloom filter entries: {report.bloom_stale:,}",
        *([] if dry_run else [f"Removed old queries: {report.queries_forgotten:,}"]),
        *([] if dry_run else [f"Removed cache entries of chunks that are gone: {report.cache_keys:,}"]),
        *([] if dry_run else [f"Freed: {max(report.bytes_before - report.bytes_after, 0):,} bytes"]),
    )


class _Bar:
    """Progress of an ingest on stderr: what is read, how fast, how far. Only on a terminal."""

    def __init__(self) -> None:
        self._next = monotonic() + 0.3 if sys.stderr.isatty() else float("inf")
        self._shown = False

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, progress: "Progress") -> None:
        now = monotonic()
        if now < self._next:
            return
        self._next = now + 0.1
        self._shown = True
        if progress.total:
            share = (
                f"{progress.done * 100 // progress.total:3d} %  {progress.done:,}/{progress.total:,} files"
            )
            line = (
                f"Indexing {share}  {progress.files_per_second:,.0f} files/s  {one_line(progress.path, 60)}"
            )
        elif progress.phase == "linking":
            line = "Linking files"
        else:
            line = f"Scanning {progress.done:,} files  {one_line(progress.path, 60)}"
        sys.stderr.write(f"\r\x1b[K{line}  (Ctrl-C stops)")
        sys.stderr.flush()


def _project(session: Session) -> Any:
    from ..retrieval.project import open_project

    return open_project(session.project)


def _notices(lines: Iterable[str]) -> None:
    for line in lines:
        warn(line)


def _facts(session: Session, facts: dict[str, Any]) -> None:
    session.printer(as_json=True).facts(facts)


def _rows(session: Session, rows: Iterable[dict[str, Any]]) -> None:
    session.printer(as_json=True).rows(list(rows))


def _fields(item: Any, more: Iterable[str] = ()) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(item), **{name: getattr(item, name) for name in more}}


def _report_lines(report: "IngestReport") -> list[str]:
    lines = [
        f"Files scanned: {report.scanned:,}",
        f"Files {'to index' if report.dry_run else 'indexed'}: {report.indexed:,}",
        f"Files unchanged: {report.unchanged:,}",
        f"Files skipped: {len(report.skipped):,}",
        f"Files failed: {len(report.failed):,}",
        f"Files {'to remove' if report.dry_run else 'removed'}: {len(report.removed):,}",
    ]
    if not report.dry_run:
        lines += [f"Chunks added: {report.chunks_added:,}", f"Chunks deduped: {report.chunks_deduped:,}"]
        lines += [f"Chunks removed: {report.chunks_removed:,}"]
    lines.append(f"Elapsed: {report.elapsed:.2f}s")
    if report.skipped:
        lines += ["", "Skipped:"]
        lines += [f"  {count:,} {one_line(reason)}" for reason, count in report.reasons().most_common()]
    return lines


def _report_json(report: "IngestReport") -> dict[str, Any]:
    found = _fields(report, ["indexed"])
    found["elapsed"] = round(report.elapsed, 3)
    return found


def _delta_json(item: "FileDelta", diff: bool) -> dict[str, Any]:
    found = _fields(item)
    if not diff:
        del found["diff"], found["hunks"]
        return found
    found["hunks"] = [
        {"hunk": hunk, "chunks": [_fields(chunk) for chunk in chunks]} for hunk, chunks in item.hunks
    ]
    return found


def _delta_lines(item: "FileDelta") -> list[str]:
    lines = [f"    {inert(line)}" for line in item.diff.split("\n")] if item.diff else []
    for hunk, chunks in item.hunks:
        for chunk in chunks:
            name = f"{chunk.type}: {chunk.symbol}" if chunk.symbol else chunk.type
            lines.append(
                f"    {hunk} touches {chunk.id} [{one_line(name)}] lines {chunk.line_start}-{chunk.line_end}"
            )
    return lines


VERBS = {
    "init": init,
    "ingest": ingest,
    "watch": watch,
    "stats": stats,
    "delta": delta,
    "outline": outline,
    "audit": audit,
    "gc": gc,
}
