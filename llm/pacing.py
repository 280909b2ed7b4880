"""When to ask a model, when to ask again, how long to wait for it, and when to stop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

__all__ = ["Cancel", "Limits", "Patience", "SilentError", "TokenBucket", "backoff", "retry_after"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to wait at most, and how often to try."""

    connect: float = 10.0
    first_token: float = 60.0
    between_tokens: float = 30.0
    attempts: int = 4


class Cancel:
    """A wish to stop, from any thread; whoever waits is called back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self.cancelled = False

    def cancel(self) -> None:
        """Stop whatever was begun with this; a second call does nothing."""
        with self._lock:
            self.cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be called when it is wished, at once if it is already; what is returned ends that."""
        with self._lock:
            if not self.cancelled:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._callbacks.remove(callback)


class TokenBucket:
    """At most ``rpm`` requests at once, and as many a minute from then on; many threads share one.

    A request that has to wait takes its place in the queue: ``take`` gives the seconds until its turn.
    """

    def __init__(self, rpm: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rpm / 60
        self._size = max(1.0, rpm)
        self._tokens = self._size
        self._clock = clock
        self._then = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a token; gives the seconds to wait before it may be used."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._size, self._tokens + (now - self._then) * self._rate)
            self._then = now
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)


def backoff(attempt: int, jitter: Callable[[float, float], float]) -> float:
    """Seconds before the next attempt, after ``attempt`` failed ones: exponential, with full jitter.

    M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    return jitter(0, min(20.0, 0.5 * 2**attempt))


def retry_after(text: str, now: float) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, as number or date (RFC 9110, 10.2.3); None if neither.

    ``now`` is Unix time in seconds.
    """
    text = text.strip()
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


class Patience:
    """How long to wait for the next sign of life: other bytes than those of the model's words are none."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadline = asyncio.get_running_loop().time() + limits.first_token
        self._began = False

    def alive(self) -> None:
        """The model works."""
        self._began = True
        self._deadline = asyncio.get_running_loop().time() + self._limits.between_tokens

    @contextlib.asynccontextmanager
    async def within(self) -> AsyncIterator[None]:
        """Wait for something, until the deadline.

        Raises:
            SilentError: it passed.
        """
        try:
            async with asyncio.timeout_at(self._deadline):
                yield
        except TimeoutError:
            limit = self._limits.between_tokens if self._began else self._limits.first_token
            where = "between two tokens" if self._began else "before the first token"
            raise SilentError(f"silent for {limit:g} s {where}") from None


class SilentError(Exception):
    """No token in time: the next provider is worth more than the same once more."""
