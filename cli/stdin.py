"""Text that may come from standard input."""

from __future__ import annotations

import sys

from .session import UsageError

__all__ = ["text_argument"]


def text_argument(text: str) -> str:
    """``text``, or for ``-`` all of standard input less the newline at its end.

    Raises:
        UsageError: standard input is not UTF-8.
    """
    if text != "-":
        return text
    data = sys.stdin.buffer.read()
    try:
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input is not valid UTF-8: byte {error.start + 1} is wrong") from None
