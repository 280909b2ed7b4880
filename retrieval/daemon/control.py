"""Start a daemon that outlives its starter, stop it, and ask how it is."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ..errors import IndexUnwritableError
from ..locate import INDEX_DIR
from .client import NoDaemonError, call
from .wire import version

__all__ = ["available", "start", "status", "stop"]

START = 20.0  # seconds for a daemon to listen
STOP = 15.0  # seconds for it to end by itself


def available() -> bool:
    """Whether this system has Unix sockets."""
    return hasattr(socket, "AF_UNIX")


def status(project_dir: Path) -> dict[str, Any] | None:
    """What the daemon says of itself; None when none runs."""
    try:
        found: dict[str, Any] = call(project_dir, "status", {}, timeout=5.0)
    except NoDaemonError:
        return None
    return found


def start(project_dir: Path, *, idle: float) -> tuple[dict[str, Any], bool]:
    """Start a daemon unless one runs; what it says of itself, and whether it was started now. One of another
    version, which would answer no command of this one, is replaced.

    ``idle`` is after how many seconds without a request it ends. Its own words go to
    ``.mnemosyne/daemon.log``. Raises `IndexUnwritableError` with its last words when it does not come up.
    """
    found = status(project_dir)
    if found is not None:
        if found.get("version") == version():
            return found, False
        stop(project_dir)
    path = project_dir / INDEX_DIR / "daemon.log"
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise IndexUnwritableError(f"cannot write {path}: {error.strerror}") from error
    command = ["daemon", "start", "--foreground", "--idle", f"{idle / 60:g}", "--project", str(project_dir)]
    alive, held = os.pipe()  # ends when the daemon does
    try:
        # The shell between makes the daemon nobody's child: it outlives us, and nobody need wait for it.
        shell = subprocess.run(  # noqa: S603 - this very program
            ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", sys.executable, "-m", "mnemo", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            pass_fds=[held],
            cwd="/",
            check=True,
        )
        os.close(held)
        held = -1
        deadline = time.monotonic() + START
        ended = False
        while time.monotonic() < deadline:
            found = status(project_dir)
            if found is not None:
                return found, found["pid"] == int(shell.stdout)
            if ended and not _held(project_dir):
                break
            ended = bool(select.select([alive], [], [], 0.02)[0])
    finally:
        for handle in (log, alive, held):
            if handle >= 0:
                os.close(handle)
    said = path.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    raise IndexUnwritableError(f"the daemon did not start: {said.removeprefix('mnemo: ') or f'see {path}'}")


def stop(project_dir: Path) -> int | None:
    """Stop the daemon and wait for its end; its process id, None when none ran.

    One that does not answer is told by a signal. Raises `IndexUnwritableError` when it does not end.
    """
    pid = _held(project_dir)
    if not pid:
        return None
    try:
        call(project_dir, "shutdown", {}, timeout=5.0)
    except NoDaemonError:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP
    while _held(project_dir) == pid:
        if time.monotonic() > deadline:
            raise IndexUnwritableError(f"the daemon (process {pid}) does not end")
        time.sleep(0.02)
    return pid


def _held(project_dir: Path) -> int:
    """The process that holds the daemon's lock; 0 for none."""
    path = project_dir / INDEX_DIR / "daemon.lock"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(handle, 32, 0).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(handle)
    return 0
