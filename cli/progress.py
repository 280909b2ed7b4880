"""One line of progress on stderr, on a terminal only, gone when the work is done."""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import Self

__all__ = ["Progress"]


class Progress:
    """Call it with how much is done of how much; it shows itself after a moment, ten times a second."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._next = monotonic() + 0.3 if sys.stderr.isatty() else float("inf")
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Show ``done`` of ``total``, if it is time to."""
        now = monotonic()
        if now >= self._next:
            self._next = now + 0.1
            self._shown = True
            share = done * 100 // total if total else 100
            sys.stderr.write(f"\r\x1b[K{self._label} {share:3d} %  (Ctrl-C stops)")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away; the next call may bring it back."""
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
