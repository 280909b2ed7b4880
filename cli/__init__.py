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
        from .app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    gc.freeze()
    sys.exit(code)
