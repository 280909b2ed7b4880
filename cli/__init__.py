"""The command line: one module per group of verbs, and the two printers."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

__all__ = ["main"]


def main() -> None:
    """Run the command line on this process's arguments and exit."""
    if sys.argv[1:] == ["--version"]:
        from .. import __version__

        sys.stdout.write(f"mnemo {__version__}\n")
        return
    if sys.platform == "win32":
        sys.stderr.write(
            "mnemo: needs Linux or macOS (file locks, Unix sockets): on Windows, run it inside WSL\n"
        )
        sys.exit(1)
    # Nearly all that a short run makes is there until it ends: collecting it, while it comes and once
    # more at the end, would take a seventh of the time of a recall.
    gc.set_threshold(50_000, 20, 50)
    try:
        if sys.argv[1:] in ([], ["tui"]) and sys.stdin.isatty() and sys.stdout.isatty():
            code = _open_app()
        else:
            from .app import run

            code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    gc.freeze()
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process. Taking the interpreter apart object by object, to give back what the system takes back
    at once, would cost a query a fourteenth of its time over an empty command.
    """
    if threading.active_count() == 1:
        atexit._run_exitfuncs()
        with suppress(OSError, ValueError):  # where it cannot be written, the interpreter says so
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            os._exit(code)
    sys.exit(code)


def _open_app() -> int:
    """What is typed most often opens the app without loading the parser: a fifth of the wait."""
    from .session import Session
    from .start import open_app

    try:
        open_app(Session())
    except Exception as error:  # noqa: BLE001 - told as every other verb tells it
        from .app import guarded

        def fail(error: Exception = error) -> int:
            raise error

        return guarded(fail)
    return 0
