"""A process on a terminal of its own, with somebody who reads it and types."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping

__all__ = ["Terminal"]


class Terminal:
    """A process on a terminal of its own, with somebody who reads it and types."""

    def __init__(self, args: list[str], env: Mapping[str, str]) -> None:
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            args,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", **env},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, seconds: float = 30) -> str:
        """Read until ``text`` stands there; gives all that came since the last call."""
        return self._read(lambda seen: text in seen, text, seconds)

    def until_end(self, seconds: float = 30) -> tuple[int, str]:
        """Read until the process ends; gives its exit code and the rest of what it wrote."""
        rest = self._read(None, "its end", seconds)
        return self.process.wait(timeout=seconds), rest

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
        os.close(self._master)

    def _read(self, found: Callable[[str], bool] | None, what: str, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        seen = b""
        while found is None or not found(seen.decode(errors="replace")):
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"waited for {what!r}, saw {seen.decode(errors='replace')!r}"
            try:
                data = os.read(self._master, 65536)
            except OSError:
                data = b""
            if not data:
                assert found is None, f"ended before {what!r}, saw {seen.decode(errors='replace')!r}"
                break
            seen += data
        return seen.decode(errors="replace")
