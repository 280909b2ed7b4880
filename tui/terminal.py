"""What the terminal can show, and its window's title. Knows no screen."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["RESTORE_TITLE", "SAVE_TITLE", "colours", "own_title", "theme_for", "title"]

# XTWINOPS: the terminal keeps a stack of titles. One that does not ignores both.
SAVE_TITLE: Final = "\x1b[22;2t"
RESTORE_TITLE: Final = "\x1b[23;2t"
_UNTITLED: Final = ("linux", "dumb", "vt", "unknown", "cons")


def colours(environment: Mapping[str, str] | None = None) -> int:
    """How many colours the terminal is drawn to with, 0 for none.

    Rich takes a terminal for one of sixteen colours unless these variables say more, whatever terminfo knows.
    """
    environment = os.environ if environment is None else environment
    term = environment.get("TERM", "")
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return 1 << 24
    kind = term.rpartition("-")[2]
    if kind in ("256color", "kitty"):
        return 256
    if kind == "16color":
        return 16
    import curses  # noqa: PLC0415 -- most terminals have said it already

    try:
        curses.setupterm(term or "dumb", sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return min(16, max(0, curses.tigetnum("colors")))
    except (curses.error, OSError, ValueError):
        return 8


def theme_for(chosen: str, number: int) -> str:
    """The theme to draw in where there are only so many colours: the one that was chosen, if it can be."""
    if number < 8:
        return "mono"
    return chosen if number > 16 or chosen == "mono" else "sixteen"


def titled() -> bool:
    """Whether a title can be set without leaving letters behind."""
    return not os.environ.get("TERM", "").startswith(_UNTITLED)


def title(text: str) -> str:
    """What sets the window's title (OSC 2); nothing where there is none."""
    from .inert import one_line  # noqa: PLC0415 -- the journal opens before Rich is loaded

    return f"\x1b]2;{one_line(text, 120)}\x07" if titled() else ""


@contextmanager
def own_title() -> Iterator[None]:
    """Give the window back the title that it has now, whatever happens meanwhile."""
    out = sys.__stdout__
    if out is None or not out.isatty() or not titled():
        yield
        return
    out.write(SAVE_TITLE)
    out.flush()
    try:
        yield
    finally:
        try:
            out.write(RESTORE_TITLE)
            out.flush()
        except OSError:
            pass  # the terminal has gone
