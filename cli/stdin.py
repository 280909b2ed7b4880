"""Text that may come from standard input, and so be nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .session import Session, UsageError, warn

__all__ = ["keeping", "tell_kept", "text_argument"]


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


@contextmanager
def keeping(session: Session, text: str) -> Iterator[None]:
    """Keep a text that nobody else has as a draft, if it is not saved in here."""
    try:
        yield
    except BaseException:
        if text:
            tell_kept(session, text)
        raise


def tell_kept(session: Session, text: str) -> None:
    """Keep a text as a draft, and say where."""
    from .compose import keep_draft

    warn(f"not saved: the text is kept in {keep_draft(session.places.drafts_dir, text)}")
