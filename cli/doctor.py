"""The verb that looks at everything mnemo stands on: doctor."""

import fcntl
import os
import platform
import shutil
import stat
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import typer

from .. import __version__
from .. import settings as config
from .keymap import faults as keymap_faults
from .options import Json
from .session import Session, session_of

__all__ = ["VERBS"]

_LIBRARIES: Final = ("typer", "rich", "textual", "tantivy", "msgspec", "watchdog", "platformdirs", "tomlkit")
_TRIALS: Final = 15
_RECORD: Final = 400


def doctor(ctx: typer.Context, json: Json = False) -> int:
    """Look at everything mnemo stands on.

    Paths and permissions, the disk, the journal and its indexes, versions and the terminal. Exits with
    1 if anything is wrong, and says what.
    """
    session = session_of(ctx)
    faults: list[str] = []
    readable = _readable(session, faults)
    facts: dict[str, Any] = {
        "mnemo": {
            "version": __version__,
            "python": platform.python_version(),
            "system": platform.platform(),
            **dict(_versions()),
        },
        "settings": _settings(session.settings.unknown if readable else (), faults),
        "terminal": _terminal(),
    }
    # Without settings that can be read, nobody knows which journal is meant.
    if readable:
        facts["journal"] = _journal(session, faults)
        facts["disk"] = _disk(session.places, faults)
        faults += (f"keymap: {fault}" for fault in keymap_faults(session.settings.keymap))
    facts["faults"] = faults if json else faults or ["none"]
    session.printer(as_json=json, settings=None if readable else config.Settings()).facts(facts)
    return 1 if faults else 0


def _versions() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "missing"


def _readable(session: Session, faults: list[str]) -> bool:
    """Whether the user's settings can be read."""
    try:
        _ = session.settings
    except config.SettingsError as error:
        faults.append(str(error))
        return False
    return True


def _settings(unknown: Sequence[str], faults: list[str]) -> dict[str, Any]:
    file = config.config_file()
    _private(file, faults)
    _private(config.log_file(), faults)
    return {
        "file": f"{file}{'' if file.exists() else ' (none: all defaults)'}",
        "unknown": list(unknown),
        "themes": str(config.themes_dir()),
        "log": str(config.log_file()),
    }


def _journal(session: Session, faults: list[str]) -> dict[str, Any]:
    from ..storage.errors import JournalError

    places = session.places
    facts: dict[str, Any] = {
        "journal": str(places.journal),
        "files": str(places.files_dir),
        "drafts": str(places.drafts_dir),
        "fsync": session.settings.fsync,
        "drafts_kept": len(list(places.drafts_dir.glob("*.md")))
        + len(list(places.drafts_dir.glob("*.json"))),
    }
    if not places.journal.exists():
        return {**facts, "state": "none yet: the first memory makes it"}
    for path in (places.journal, places.journal.parent, places.files_dir, places.drafts_dir):
        _private(path, faults, folder=path != places.journal)
    try:
        began = time.perf_counter()
        with session.open() as journal:
            opened = time.perf_counter() - began
            problems = journal.problems()
            facts |= {
                "state": "opens",
                "size": places.journal.stat().st_size,
                "memories": journal.count(),
                "opened_in_ms": round(opened * 1000, 1),
                "index": str(journal.derived_dir),
                "words_not_indexed_bytes": journal.text_behind(),
            }
    except JournalError as error:
        faults.append(str(error))
        return {**facts, "state": "does not open"}
    if problems:
        faults.append(
            f"{len(problems)} ranges of the journal hold no readable memory, the first at byte "
            f"{problems[0].start}: mnemo verify tells more"
        )
    return facts


def _disk(places: config.Places, faults: list[str]) -> dict[str, Any]:
    from ..storage.fsprobe import FsProbe

    folder = _nearest(places.journal.parent)
    facts: dict[str, Any] = {
        "file_system": _file_system(folder),
        "free_bytes": shutil.disk_usage(folder).free,
    }
    try:
        facts["fsync_ms"] = round(_fsync_ms(folder), 3)
        facts["locks"] = "work" if _locks_work(folder) else "do not work"
    except OSError as error:
        faults.append(f"cannot write in {folder}: {error.strerror}")
    else:
        if facts["locks"] != "work":
            faults.append(f"locks do not work in {folder}: let only one program write the journal at a time")
    try:
        probe = FsProbe(places.files_dir).detect()
    except OSError as error:
        faults.append(f"cannot write in {_nearest(places.files_dir)}: {error.strerror}")
        return facts
    return {**facts, "attachments_by": str(probe.strategy), "new_files_by": str(probe.intake)}


def _terminal() -> dict[str, Any]:
    size = shutil.get_terminal_size()
    return {
        "stdout": "a terminal" if sys.stdout.isatty() else "a pipe or file",
        "encoding": sys.stdout.encoding,
        "size": f"{size.columns}x{size.lines}",
        "TERM": os.environ.get("TERM", ""),
        "COLORTERM": os.environ.get("COLORTERM", ""),
        "NO_COLOR": bool(os.environ.get("NO_COLOR")),
        "editor": os.environ.get("VISUAL") or os.environ.get("EDITOR") or "",
    }


def _private(path: Path, faults: list[str], *, folder: bool = False) -> None:
    """Note a file that others may read, or a folder that others may write."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not folder and stat.S_IMODE(mode) & 0o077:
        faults.append(f"{path} can be read by others: chmod 600 {path}")
    elif folder and stat.S_IMODE(mode) & 0o022 and not mode & stat.S_ISVTX:
        faults.append(f"{path} can be written by others: chmod 700 {path}")


def _nearest(folder: Path) -> Path:
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _fsync_ms(folder: Path) -> float:
    """The median of what a write and fsync of one record's size takes."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_TRIALS):
            began = time.perf_counter()
            file.write(b"x" * _RECORD)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def _locks_work(folder: Path) -> bool:
    """Whether a lock taken through one open file keeps out another, as between two programs."""
    with tempfile.NamedTemporaryFile(dir=folder) as first, open(first.name, "rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _file_system(folder: Path) -> str:
    """Its type, where the system tells."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown"
    best, kind = "", "unknown"
    for line in lines:
        left, _, right = line.partition(" - ")
        mount = left.split()[4]
        if len(mount) >= len(best) and (folder == Path(mount) or Path(mount) in folder.parents):
            best, kind = mount, right.split()[0]
    return kind


VERBS = {"doctor": doctor}
