"""What the index says of a project: its statistics, a file's outline, and what changed since the last
ingest.
"""

from __future__ import annotations

import difflib
import os
import re
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..storage.cache import ArcState
from .detect import content_hash, read_content
from .errors import NoIndexError, NoSuchChunkError
from .project import Project
from .scan import Scanner, project_path
from .store import Known, Store, chunk_uid_text, inflate

__all__ = [
    "FileDelta",
    "OutlineEntry",
    "Stats",
    "TouchedChunk",
    "chunk_at",
    "delta",
    "file_text",
    "outline",
    "stats",
]


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts over the index. ``tokens`` are those of every chunk where it stands, repeated contents included.

    The mappings go by name, most frequent first; ``left_out`` counts known files by the reason they are not
    indexed, ``usage`` what queries put down: ``events`` are chunks retrieved and acts on them. ``cache`` is
    the shared cache: its limits, how many keys each tier has, the target ``p`` for T1, and its counts.
    """

    project_root: str
    files: int
    chunks: int
    contents: int
    tokens: int
    lines: int
    bytes: int
    index_bytes: int
    generation: int
    chunk_types: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    derived: dict[str, int] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    cache: dict[str, float] = field(default_factory=dict)

    @property
    def tokens_per_chunk(self) -> float:
        """The mean."""
        return self.tokens / self.chunks if self.chunks else 0.0


def stats(project: Project, store: Store) -> Stats:
    """Count what the index holds, in one consistent view."""
    usage, cache = _used(project)
    with store.reading() as connection:

        def one(query: str) -> int:
            return int(connection.execute(query).fetchone()[0] or 0)

        def counts(query: str) -> dict[str, int]:
            return dict(connection.execute(query).fetchall())

        indexed = "FROM files WHERE sha256 IS NOT NULL"
        return Stats(
            project_root=str(project.root),
            files=one(f"SELECT count(*) {indexed}"),
            chunks=one("SELECT count(*) FROM chunks"),
            contents=one("SELECT count(*) FROM contents"),
            tokens=one("SELECT sum(tokens) FROM chunks"),
            lines=one(f"SELECT sum(lines) {indexed}"),
            bytes=one(f"SELECT sum(size) {indexed}"),
            index_bytes=_size(project.index_dir),
            generation=store.generation,
            chunk_types=counts("SELECT type, count(*) AS n FROM chunks GROUP BY type ORDER BY n DESC, type"),
            languages=counts(
                f"SELECT language, count(*) AS n {indexed} GROUP BY language ORDER BY n DESC, language"
            ),
            left_out=counts(
                "SELECT note, count(*) AS n FROM files WHERE sha256 IS NULL GROUP BY note ORDER BY n DESC"
            ),
            notes=counts(
                f"SELECT note, count(*) AS n {indexed} AND note IS NOT NULL GROUP BY note ORDER BY n DESC"
            ),
            derived={
                "symbols": one("SELECT count(*) FROM symbols"),
                "terms": one("SELECT count(DISTINCT term) FROM postings"),
                "segments": one("SELECT count(*) FROM segments"),
                "references": one("SELECT count(*) FROM edges WHERE kind = 0"),
                "imports": one("SELECT count(*) FROM edges WHERE kind = 1"),
            },
            usage=usage,
            cache=cache,
        )


def _used(project: Project) -> tuple[dict[str, int], dict[str, float]]:
    """What ``usage.db`` holds, and its cache; all zero where there is none."""
    from .usage.store import UsageStore  # noqa: PLC0415 - no other view needs it
    from .usage.tiers import read_state  # noqa: PLC0415

    def look(connection: sqlite3.Connection) -> tuple[dict[str, int], ArcState[str]]:
        found = {
            table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
            for table in ("retrieved", "acts", "queries", "sessions", "patterns")
        }
        usage = {"events": found.pop("retrieved") + found["acts"], **found}
        return usage, read_state(connection)[1]

    store = UsageStore(project.index_dir / "usage.db")
    none = dict.fromkeys(("events", "acts", "queries", "sessions", "patterns"), 0)
    empty: ArcState[str] = ArcState()
    try:
        usage, state = store.read(look, (none, empty))
    finally:
        store.close()
    return usage, {
        **project.config.cache.as_dict(),
        **{tier: len(getattr(state, tier)) for tier in ("t1", "t2", "b1", "b2")},
        "p": state.p,
        "hits": state.hits,
        "misses": state.misses,
        "ghost_hits": state.ghost_hits,
        "hit_rate": round(state.hit_rate, 4),
    }


def _size(folder: Path) -> int:
    return sum(
        item.stat().st_size for item in folder.iterdir() if item.is_file() and ".damaged-" not in item.name
    )


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A named chunk of a file: where it is and how it is declared."""

    line_start: int
    line_end: int
    type: str
    symbol: str
    signature: str
    id: str


def outline(project: Project, store: Store, path: str | Path) -> list[OutlineEntry]:
    """The named chunks of an indexed file, in line order.

    Raises `OutsideProjectError`, and `NoIndexError` for a file that is not indexed.
    """
    relative = project_path(project.root, path)
    with store.reading() as connection:
        row = connection.execute("SELECT id, note, sha256 FROM files WHERE path = ?", (relative,)).fetchone()
        if row is None or row[2] is None:
            why = f": {row[1]}" if row is not None and row[1] else ""
            raise NoIndexError(f"{relative} is not in the index{why}")
        rows = connection.execute(
            "SELECT line_start, line_end, type, symbol, signature, uid FROM chunks"
            " WHERE file_id = ? AND symbol IS NOT NULL ORDER BY line_start, id",
            (row[0],),
        ).fetchall()
    return [
        OutlineEntry(start, end, kind, symbol, signature or "", chunk_uid_text(uid))
        for start, end, kind, symbol, signature, uid in rows
    ]


def chunk_at(project: Project, store: Store, path: str | Path, line: int) -> str:
    """The id of the indexed chunk that holds a line (from 1) of a file; of several the smallest.

    Raises `OutsideProjectError`, and `NoSuchChunkError` where no chunk holds it.
    """
    relative = project_path(project.root, path)
    with store.reading() as connection:
        row = connection.execute(
            "SELECT uid FROM chunks JOIN files ON files.id = file_id WHERE path = ? AND line_start <= ?"
            " AND line_end >= ? ORDER BY line_end - line_start, chunks.id LIMIT 1",
            (relative, line, line),
        ).fetchone()
    if row is None:
        raise NoSuchChunkError(f"no indexed chunk holds line {line} of {relative}")
    return chunk_uid_text(row[0])


@dataclass(frozen=True, slots=True)
class TouchedChunk:
    """An indexed chunk that a hunk changes."""

    id: str
    type: str
    symbol: str | None
    line_start: int
    line_end: int


@dataclass(frozen=True, slots=True)
class FileDelta:
    """How one file differs from its indexed state.

    ``diff`` is a unified diff; hunks go with the chunks they touch.
    """

    path: str
    status: Literal["added", "modified", "deleted"]
    added_lines: int = 0
    removed_lines: int = 0
    diff: str = ""
    hunks: tuple[tuple[str, tuple[TouchedChunk, ...]], ...] = ()


def delta(project: Project, store: Store, paths: Iterable[str | Path] | None = None) -> list[FileDelta]:
    """What an ingest would find changed, in path order: content counts, times do not.

    Raises `OutsideProjectError`, and `NoIndexError` for a path that neither the disk nor the index has.
    """
    scope = None if paths is None else sorted({project_path(project.root, path) for path in paths})
    scanner = Scanner(project.root, project.config.general)
    known = store.known_files(scope)
    for place in scope or ():
        if not os.path.lexists(project.root / place) and not any(
            path == place or path.startswith(f"{place}/") for path in known
        ):
            raise NoIndexError(f"{place} is not in the index, and not there")
    seen: set[str] = set()
    found: list[FileDelta] = []
    cap = project.config.general.max_file_size_kb * 1024
    for place in [""] if scope is None else scope:
        full = project.root / place
        walk = place == "" or (full.is_dir() and not full.is_symlink())
        entry = None if walk else scanner.entry(place)
        for item in scanner.walk(place) if walk else [entry] if entry else []:
            if item.path in seen:
                continue
            seen.add(item.path)
            before = known.get(item.path)
            if before is not None and (item.size, item.mtime_ns, item.ctime_ns) == before[1:4]:
                continue
            content = read_content(
                str(project.root / item.path),
                cap=cap,
                known=before.xxh3 if before else None,
                now_ns=time.time_ns(),
            )
            if content.kind == "same" or (
                content.kind == "skip" and (before is None or before.sha256 is None)
            ):
                continue
            if content.kind == "skip":
                found.append(_deleted(store, item.path, before))
            elif before is None or before.sha256 is None:
                found.append(FileDelta(item.path, "added", added_lines=len(_lines(content.text))))
            elif content_hash(content.text) != before.sha256:
                found.append(_modified(store, item.path, before, content.text))
    found.extend(
        _deleted(store, path, file)
        for path, file in known.items()
        if path not in seen and file.sha256 is not None
    )
    return sorted(found, key=lambda item: item.path)


def _lines(text: str) -> list[str]:
    return text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else []


def _deleted(store: Store, path: str, known: Known | None) -> FileDelta:
    assert known is not None
    lines = store.connection.execute("SELECT lines FROM files WHERE id = ?", (known.id,)).fetchone()
    return FileDelta(path, "deleted", removed_lines=lines[0] if lines else 0)


def file_text(connection: sqlite3.Connection, file_id: int) -> str:
    """A file as it was indexed, put together from its chunks; white space at line ends is not kept."""
    total = connection.execute("SELECT lines FROM files WHERE id = ?", (file_id,)).fetchone()[0]
    lines = [""] * total
    written = 0
    for start, end, body in connection.execute(
        "SELECT line_start, line_end, body FROM chunks JOIN contents ON contents.id = content_id"
        " WHERE file_id = ? ORDER BY line_start, chunks.id",
        (file_id,),
    ):
        text = inflate(body)
        if start == end == written:  # one more piece of a line too long for one chunk
            lines[start - 1] += text
        else:
            lines[start - 1 : end] = text.split("\n")
        written = end
    return "\n".join(lines)


_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? ")


def _modified(store: Store, path: str, known: Known, text: str) -> FileDelta:
    with store.reading() as connection:
        old = _lines(file_text(connection, known.id))
        chunks = [
            TouchedChunk(chunk_uid_text(uid), kind, symbol, start, end)
            for uid, kind, symbol, start, end in connection.execute(
                "SELECT uid, type, symbol, line_start, line_end FROM chunks WHERE file_id = ? ORDER"
                " BY line_start, id",
                (known.id,),
            )
        ]
    new = _lines(text)
    lines = list(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm=""))
    hunks: list[tuple[str, tuple[TouchedChunk, ...]]] = []
    # without context lines a hunk's range is just what it changes
    for line in difflib.unified_diff(old, new, lineterm="", n=0):
        match = _HUNK.match(line)
        if match:
            start, count = int(match[1]), int(match[2] or 1)
            end = start + max(count, 1) - 1
            touched = (chunk for chunk in chunks if chunk.line_start <= end and chunk.line_end >= start)
            hunks.append((line, tuple(touched)))
    return FileDelta(
        path,
        "modified",
        added_lines=sum(line.startswith("+") for line in lines[2:]),
        removed_lines=sum(line.startswith("-") for line in lines[2:]),
        diff="\n".join(lines),
        hunks=tuple(hunks),
    )
