"""What to do about an error that nobody foresaw: keep where it happened, and say so in one line."""

from __future__ import annotations

import traceback

from ..settings import log_file, open_log

__all__ = ["report"]


def report(error: BaseException) -> str:
    """Log where ``error`` came from, and give the line that tells the user.

    The log gets kinds of errors and places in the code. Their messages stay out of it, for they may
    quote a memory.
    """
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        number = getattr(seen, "errno", None)
        lines.append(
            f"{type(seen).__module__}.{type(seen).__qualname__}" + (f" errno {number}" if number else "")
        )
        lines += [line.rstrip() for line in traceback.format_tb(seen.__traceback__)]
        seen = seen.__cause__ or seen.__context__
    open_log().error("unexpected error\n%s", "\n".join(lines))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"this is a bug in mnemo: {what}; where it happened is in {log_file()}, please report it"
