"""The command line: one module per group of verbs, and the two printers."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line on this process's arguments and exit."""
    if sys.argv[1:] == ["--version"]:
        from .. import __version__

        sys.stdout.write(f"mnemo {__version__}\n")
        return
    try:
        from .app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
