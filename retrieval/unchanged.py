"""Whether anything has changed since the last whole scan: by what stat says alone, in a few milliseconds.

A whole scan leaves behind the state of all that it depended on beside the files themselves: folders (whose
times change with their entries), rule files, what was left out for its size or kind, and what made the rows.
While all of that and every file of the index is as it was, another scan would find nothing to do. A folder
that changed within the last moments before it was looked at might change again under the same time, and so
counts as unknown.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from itertools import chain
from operator import attrgetter, eq, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analysis import TOKENIZER_VERSION
from .database import DAMAGED
from .records import RECORD_VERSION

if TYPE_CHECKING:
    from .config import Config
    from .project import Project

__all__ = ["KEY", "Stamp", "is_unchanged", "stamp_of", "state_of"]

KEY = "scan"
"""Where `meta` holds the state."""

SETTLED = 100_000_000  # nanoseconds: a tick of the file system's clock, with room to spare

_FIELDS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns")
_KNOWN = itemgetter(0, 1, 2)
_UNKNOWN = (0, 0, 0)  # like no file of the last decades

Stamp = tuple[int, int, int] | None
"""Size, time of change and time of status change (nanoseconds); None for what is not there."""


def stamp_of(path: str | Path) -> Stamp:
    """The state of a file or folder; of a link's own."""
    try:
        found: tuple[int, int, int] = _FIELDS(os.lstat(path))
    except OSError:
        return None
    return found


def state_of(
    config: Config, looked: Mapping[str, Stamp], beyond: Mapping[str, Stamp | bool], begun_ns: int
) -> str:
    """What a whole scan, begun at ``begun_ns``, leaves behind."""
    told = {
        path: stamp if begun_ns - max(stamp[1:]) > SETTLED else _UNKNOWN
        for path, stamp in looked.items()
        if stamp is not None  # what comes to be changes its folder
    }
    return json.dumps({"by": _made_by(config), "looked": told, "beyond": dict(beyond)})


def is_unchanged(project: Project, connection: sqlite3.Connection) -> bool:
    """Whether the index surely holds what the files hold, and nobody found it damaged. Raises what SQLite
    raises.
    """
    if (project.index_dir / DAMAGED).exists():
        return False
    rows = dict(connection.execute("SELECT key, value FROM meta WHERE key IN (?, 'graph')", (KEY,)))
    if len(rows) < 2:
        return False
    told: dict[str, Any] = json.loads(rows[KEY])
    if told["by"] != _made_by(project.config):
        return False
    for path, known in told["beyond"].items():
        if isinstance(known, bool):
            try:
                if Path(path).exists() != known:
                    return False
            except OSError:  # a folder above that may not be looked into
                return False
        elif stamp_of(path) != (None if known is None else tuple(known)):
            return False
    looked: dict[str, list[int]] = told["looked"]
    files = connection.execute("SELECT size, mtime_ns, ctime_ns, path FROM files").fetchall()
    root = f"{project.root}/"
    paths = [root + path for path in looked]
    paths += [root + path for *_, path in files]
    try:
        found = map(_FIELDS, map(os.lstat, paths))
        return all(map(eq, found, chain(map(tuple, looked.values()), map(_KNOWN, files))))
    except OSError:  # one is gone
        return False


def _made_by(config: Config) -> str:
    """What the rows of a file and the choice of files depend on beside the files."""
    return repr((RECORD_VERSION, TOKENIZER_VERSION, config.general, config.chunking))
