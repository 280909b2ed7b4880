"""Talking to one model: streamed, with time-outs, a rate limit, retries, and an end at any moment.

The network lives in a thread with an event loop of its own, so that whoever waits can stop at once,
whether a name is being looked up, a server is silent or a retry is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .dialects import FORM, EventReader, Prompt, UnreadableError, headers, payload, piece, whole
from .errors import BrokenOffError, ModelError, StoppedError
from .pacing import Cancel, Limits, Patience, SilentError, TokenBucket, backoff, retry_after
from .providers import Provider

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["Client", "FailedError", "Reply"]

_log = logging.getLogger(__name__)

_MAX_ANSWER: Final = 1 << 18
"""Characters; far beyond what any prompt of mnemo asks for."""
_MAX_BODY: Final = 8 << 20
"""Bytes on the wire, thoughts and framing included."""
_MAX_REFUSAL: Final = 1 << 16
_THREAD: Final = "mnemo-model"
_REFUSALS: Final = ("response_format", "response format", "structured output", "schema", "grammar", "tool")
"""How a refusal names that answers in a form are not to be had."""


class FailedError(ModelError):
    """A provider gave no answer; the message says why and begins with its name."""


class _PassingError(FailedError):
    """A failure that may be gone at the next attempt, ``wait`` seconds from now if the server said so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Reply(NamedTuple):
    """A whole answer, who gave it, and whether it was cut at the length that was asked for."""

    text: str
    provider: Provider
    cut: bool = False


class _Show(NamedTuple):
    text: str


class Client:
    """Asks models, one call at a time or many from many threads.

    Args:
        limits: Seconds and attempts.
        temperature: 0 to 2.
        jitter: Draws the seconds between two attempts from a range.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        temperature: float = 0.3,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.limits = limits or Limits()
        self.temperature = temperature
        self.jitter = jitter
        self._buckets: dict[tuple[str, float], TokenBucket] = {}
        self._formless: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def converse(
        self,
        provider: Provider,
        prompt: Prompt,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reply:
        """Ask one provider and wait for the whole answer; ``on_text`` gets it as it comes, in this thread.

        Raises:
            FailedError: there is no answer, and none of it was shown.
            BrokenOffError: the answer broke off after some of it was shown.
            StoppedError: ``cancel`` was called.
        """
        _silence_urls()
        events: SimpleQueue[_Show | Reply | BaseException] = SimpleQueue()
        call = _Call(self, provider, prompt, events.put, streamed=on_text is not None)
        thread = threading.Thread(target=call.run, name=_THREAD, daemon=True)
        forget = cancel.on_cancel(lambda: events.put(StoppedError("stopped"))) if cancel else None
        thread.start()
        try:
            while True:
                event = events.get()
                if cancel is not None and cancel.cancelled:
                    raise StoppedError("stopped")
                if isinstance(event, BaseException):
                    raise event
                if isinstance(event, Reply):
                    return event
                if on_text is not None:
                    on_text(event.text)
        finally:
            call.stop()
            if forget is not None:
                forget()

    def bucket(self, provider: Provider) -> TokenBucket:
        """The rate limit that all calls of a provider share."""
        with self._lock:
            key = (provider.address.url, provider.rpm)
            return self._buckets.setdefault(key, TokenBucket(provider.rpm))

    def fitted(self, provider: Provider, prompt: Prompt) -> Prompt:
        """The prompt, without its form where the provider's model has refused one."""
        refused = (provider.address.url, provider.model) in self._formless
        return replace(prompt, form=None) if refused else prompt

    def forgo_form(self, provider: Provider) -> None:
        """Ask this provider's model for no form again."""
        self._formless.add((provider.address.url, provider.model))


class _Call:
    """One call, in a thread of its own."""

    def __init__(
        self,
        client: Client,
        provider: Provider,
        prompt: Prompt,
        put: Callable[[_Show | Reply | BaseException], None],
        *,
        streamed: bool,
    ) -> None:
        self._client = client
        self._limits = client.limits
        self._provider = provider
        self._body = payload(provider, client.fitted(provider, prompt), client.temperature)
        self._put = put
        self._streamed = streamed
        self._shown = False
        self._lock = threading.Lock()
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._main())

    def stop(self) -> None:
        """End it, from any thread; what has ended stays as it is."""
        with self._lock:
            self._stopped = True
            if self._loop is not None and self._task is not None:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(self._task.cancel)

    async def _main(self) -> None:
        with self._lock:
            if self._stopped:
                return
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            self._put(await self._answer())
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whoever waits has to be told of anything
            self._put(error)
        finally:
            with self._lock:
                self._task = None

    async def _answer(self) -> Reply:
        for attempt in range(1, self._limits.attempts + 1):
            await asyncio.sleep(self._client.bucket(self._provider).take())
            try:
                return await self._attempt()
            except _PassingError as error:
                wait = backoff(attempt, self._client.jitter) if error.wait is None else error.wait
                if attempt == self._limits.attempts or wait > self._limits.first_token:
                    asked = "" if error.wait is None else f", and asks to wait {wait:.0f} s"
                    raise FailedError(f"{error}{asked}") from None
                _log.info("%s; attempt %d follows in %.1f s", error, attempt + 1, wait)
                await asyncio.sleep(wait)
        raise AssertionError("there is at least one attempt")

    async def _attempt(self) -> Reply:
        import httpx  # noqa: PLC0415 - only who calls a model pays for it

        try:
            return await self._exchange(httpx)
        except httpx.TimeoutException:
            problem = f"no connection within {self._limits.connect:g} s"
        except httpx.ConnectError:
            problem = f"cannot connect to {self._provider.address.netloc}"
        except httpx.TransportError:
            problem = "the connection broke off"
        except SilentError as silent:
            raise self._failed(str(silent)) from None
        except UnreadableError:
            raise self._failed("sends something that is no answer of a model") from None
        except httpx.HTTPError:
            raise self._failed("the exchange failed") from None
        # What the library says may quote what was sent or received: it goes no further.
        raise self._failed(problem, passing=True) from None

    async def _exchange(self, httpx: Any) -> Reply:
        provider, limits = self._provider, self._limits
        body = dict(self._body)
        timeout = httpx.Timeout(None, connect=limits.connect, write=30, pool=limits.connect)
        async with httpx.AsyncClient(
            verify=_tls(), timeout=timeout, follow_redirects=False, trust_env=not provider.address.is_private
        ) as http:
            while True:
                patience = Patience(limits)
                async with patience.within():
                    request = http.build_request(
                        "POST", provider.address.url, json=body, headers=headers(provider)
                    )
                    response = await http.send(request, stream=True)
                try:
                    async with patience.within():
                        adapted = await self._adapted(response, body)
                    if adapted:
                        continue
                    self._check(response)
                    return await self._read(response, patience)
                finally:
                    await response.aclose()

    async def _adapted(self, response: httpx.Response, body: dict[str, Any]) -> bool:
        """Leave out what a model does not take, where its refusal names it; whether there is another try."""
        form = [key for key in FORM if key in body]
        # Some servers take a form that they do not know for a fault of their own.
        if response.status_code not in ((400, 422, 500) if form else (400,)):
            return False
        text = await self._refusal(response)
        if form and any(name in text.lower() for name in _REFUSALS):
            self._client.forgo_form(self._provider)
            for key in form:
                del self._body[key], body[key]
            return True
        if "max_tokens" in body and "max_completion_tokens" in text:
            body["max_completion_tokens"] = body.pop("max_tokens")
            return True
        if "temperature" in body and "temperature" in text:
            del body["temperature"]
            return True
        return False

    @staticmethod
    async def _refusal(response: httpx.Response) -> str:
        """The beginning of what a refusal says."""
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if len(found) > _MAX_REFUSAL:
                break
        return found.decode(errors="replace")

    def _check(self, response: httpx.Response) -> None:
        status, name = response.status_code, self._provider.name
        if status == 200:
            return
        if 300 <= status < 400:
            raise self._failed(
                f"answers with a redirect, which is not followed: set {name}_URL to where it leads"
            )
        if status in (401, 403):
            raise self._failed(f"refuses the key ({status}): look at {self._provider.key_variable}")
        if status == 404:
            raise self._failed(f"knows no such address or model (404): look at {name}_URL and {name}_MODEL")
        if status == 429 or status >= 500:
            wait = retry_after(response.headers.get("retry-after", ""), time.time())
            what = "has had too many requests" if status == 429 else "has a fault of its own"
            raise _PassingError(f"{name} {what} ({status})", wait)
        raise self._failed(f"refuses the request ({status})")

    async def _read(self, response: httpx.Response, patience: Patience) -> Reply:
        kind = response.headers.get("content-type", "text/event-stream").partition(";")[0].strip().lower()
        if kind == "application/json":
            async with patience.within():
                text, ended = whole(self._provider, await self._body_of(response, _MAX_BODY))
            self._show(text)
            return self._reply(text, ended)
        if kind != "text/event-stream":
            raise self._failed(f"answers with another kind of page: look at {self._provider.name}_URL")
        texts: list[str] = []
        length = 0
        ended = ""
        async for data in self._events(response, patience):
            part = piece(self._provider, data)
            if part.error:
                raise self._failed("has a fault of its own", passing=part.error != "error")
            if part.alive:
                patience.alive()
            length += len(part.text)
            if length > _MAX_ANSWER:
                raise self._failed("does not come to an end")
            if part.text:
                texts.append(part.text)
                self._show(part.text)
            if part.ended:
                ended = ended or part.ended
                break
        if not ended:
            raise self._failed("stopped in the middle of its answer", passing=True)
        return self._reply("".join(texts), ended)

    async def _events(self, response: httpx.Response, patience: Patience) -> AsyncIterator[str]:
        reader = EventReader()
        size = 0
        chunks = response.aiter_bytes().__aiter__()
        while True:
            async with patience.within():
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            size += len(chunk)
            if size > _MAX_BODY:
                raise self._failed("does not come to an end")
            for data in reader.feed(chunk):
                yield data
        for data in reader.close():
            yield data

    async def _body_of(self, response: httpx.Response, most: int) -> bytes:
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if len(found) > most:
                raise self._failed("does not come to an end")
        return bytes(found)

    def _show(self, text: str) -> None:
        if self._streamed and text:
            self._shown = True
            self._put(_Show(text))

    def _reply(self, text: str, ended: str) -> Reply:
        if not text.strip():
            raise self._failed("gave an empty answer")
        return Reply(text, self._provider, ended in ("length", "max_tokens"))

    def _failed(self, problem: str, *, passing: bool = False) -> ModelError:
        message = f"{self._provider.name}: {problem}"
        if self._shown:
            return BrokenOffError(message)
        return _PassingError(message) if passing else FailedError(message)


@cache
def _tls() -> ssl.SSLContext:
    import httpx  # noqa: PLC0415

    return httpx.create_ssl_context()


@cache
def _silence_urls() -> None:
    """Keep the library from logging our requests, whatever its host program logs: a URL may hold a key."""
    logging.getLogger("httpx").addFilter(lambda record: record.threadName != _THREAD)
