"""The command line: one module per group of verbs, and the two printers."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line on this process's arguments and exit."""
    if sys.argv[1:] == ["--version"]:
        from .. import __version__

        sys.stdout.write(f"mnemo {__version__}\n")
        return
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
