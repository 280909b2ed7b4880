"""A journal and a project to look around in, never mixed with real data.

The journal is six years of somebody's life, written for mnemo: one file for each year, a memory on each
line; ``at`` is local time wherever it is read, and ``revisits`` names an earlier memory by its ``at``.
The project is in :mod:`.project`.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...storage.journal import MemoryDB

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["demo_journal", "demo_records", "write_demo"]


def demo_records() -> list[dict[str, Any]]:
    """Every memory of the demo, oldest first, as keyword arguments of :meth:`MemoryDB.remember`.

    ``revisits`` still holds the earlier memory's ``at``.
    """
    folder = resources.files(__name__)
    years = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".jsonl"))
    records = []
    for year in years:
        for line in (folder / year).read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            record["at"] = datetime.fromisoformat(record["at"])
            records.append(record)
    return records


def write_demo(db: MemoryDB) -> None:
    """Write the demo into an empty journal, in few and large appends."""
    ids: dict[datetime, str] = {}
    batch: list[dict[str, Any]] = []

    def flush() -> None:
        for record, memory in zip(batch, db.remember_many(batch), strict=True):
            ids[record["at"]] = memory.memory_id
        batch.clear()

    for record in demo_records():
        if "revisits" in record:
            flush()
            record["revisits"] = ids[datetime.fromisoformat(record["revisits"])]
        batch.append(record)
    flush()


@contextmanager
def demo_journal() -> Iterator[Path]:
    """The path of a journal with the demo in it, in a folder that is deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="mnemo-demo-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "demo.mnheme"
        with MemoryDB(path, fsync_policy="never") as db:
            write_demo(db)
        yield path
