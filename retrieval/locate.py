"""Where the index of a project is: all that a command needs to know before it loads anything else."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import NoIndexError

__all__ = ["INDEX_DIR", "find_project_dir"]

INDEX_DIR = ".mnemosyne"


def find_project_dir(start: str | Path | None = None) -> Path:
    """The nearest folder from ``start`` upward that holds ``.mnemosyne/``, no higher than the git root.

    Outside a git work tree the search goes up to, not into, the home folder, or to the top. Raises
    `NoIndexError`.
    """
    try:
        begin = Path(start or ".").resolve()
    except OSError as error:  # a loop of links
        raise NoIndexError(f"cannot open {start}: {error.strerror or error}") from error
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is none
    for folder in (begin, *begin.parents):
        if (folder / INDEX_DIR).is_dir():
            return folder
        if (folder / ".git").exists() or folder == home:
            break
    raise NoIndexError(
        f"no index in {begin} or above: run `mnemo init` in the project's root, then `mnemo ingest`"
    )
