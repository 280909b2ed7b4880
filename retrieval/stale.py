"""Results whose file is not what was indexed any more."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from .project import Project
from .results import QueryResult

__all__ = ["marked"]


def marked(project: Project, connection: sqlite3.Connection, results: list[QueryResult]) -> list[QueryResult]:
    """The results, marked where their file's text is not what was indexed."""
    paths = sorted({result.file_path for result in results})
    marks = ",".join("?" * len(paths))
    rows = connection.execute(
        f"SELECT path, size, mtime_ns, ctime_ns, xxh3, sha256 FROM files WHERE path IN ({marks})",  # noqa: S608
        paths,
    )
    reasons = {path: _stale(project, path, known) for path, *known in rows.fetchall()}
    return [
        result._replace(is_stale=True, stale_reason=reasons[result.file_path])
        if reasons[result.file_path]
        else result
        for result in results
    ]


def _stale(project: Project, path: str, row: Sequence[Any]) -> str | None:
    full = f"{project.root}/{path}"
    try:
        found = os.lstat(full)
    except OSError:
        return "the file is gone"
    if (found.st_size, found.st_mtime_ns, found.st_ctime_ns) == (row[0], row[1], row[2]):
        return None
    from .detect import content_hash, read_content  # noqa: PLC0415 - few answers hold a changed file

    content = read_content(
        full, cap=project.config.general.max_file_size_kb * 1024, known=row[3], now_ns=time.time_ns()
    )
    if content.kind == "same":
        return None
    if content.kind == "text" and content_hash(content.text) == row[4]:
        return None
    if content.kind == "skip" and content.reason and content.reason.startswith("unreadable"):
        return f"the file cannot be read now ({content.reason})"
    return "the file changed since it was indexed"
