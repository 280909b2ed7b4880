"""One process with one warm engine: requests come in through a socket pair, one after the other.

The daemon starts as many as its clients keep busy, and restarts what dies.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from ...storage.cache import CacheEvent
from ..engine import RetrievalEngine
from ..errors import RetrievalError
from ..locate import INDEX_DIR
from ..reply import METHODS
from .wire import INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, REFUSED, frame, length_of

__all__ = ["main"]


class _Served:
    """The engine, opened anew whenever the config or the index's file is another one."""

    def __init__(self, project_dir: Path) -> None:
        self._dir = project_dir
        self._engine: RetrievalEngine | None = None
        self._seen: tuple[object, ...] = ()

    def engine(self) -> RetrievalEngine:
        index = self._dir / INDEX_DIR
        seen = (_state(index / "config.toml"), _state(index / "mnemosyne.db")[:1])
        if self._engine is None or seen != self._seen:
            if self._engine is not None:
                self._engine.close()
            self._engine, self._seen = RetrievalEngine.open(self._dir), seen
        return self._engine

    def put_down(self) -> None:
        if self._engine is not None:
            self._engine.put_down()


def _state(path: Path) -> tuple[int, ...]:
    """What tells one file under a name from another, the inode first."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _event(event: CacheEvent) -> bytes:
    """A notification of something that the cache did, framed."""
    params = {"event": event.kind, "key": event.key, "tier": event.tier, "p": event.p}
    message = {"jsonrpc": "2.0", "method": "cache.event", "params": params}
    return frame(json.dumps(message, separators=(",", ":")).encode())


@contextmanager
def _watching(served: _Served, listener: Callable[[CacheEvent], None]) -> Iterator[None]:
    """Listen to the cache for the length of a request. One that cannot be opened is the request's to tell."""
    with ExitStack() as end:
        with suppress(RetrievalError):
            end.callback(served.engine().cache.subscribe(listener))
        yield


def _answer(served: _Served, request: dict[str, Any]) -> dict[str, Any]:
    method = METHODS.get(request["method"])
    if method is None:
        return {"error": {"code": METHOD_NOT_FOUND, "message": f"there is no method {request['method']!r}"}}
    try:
        return {"result": method(served.engine(), **request["params"])}
    except RetrievalError as error:
        kind = type(error).__name__
        return {"error": {"code": REFUSED, "message": str(error), "data": {"type": kind}}}
    except (TypeError, KeyError, ValueError) as error:
        return {"error": {"code": INVALID_PARAMS, "message": f"{type(error).__name__}: {error}"}}
    except Exception:  # noqa: BLE001 - a bug must not take the daemon along; the client helps itself
        return {"error": {"code": INTERNAL_ERROR, "message": traceback.format_exc(limit=-3)}}


def main(handle: int, project_dir: str) -> None:
    """Serve until the other end of the socket ``handle`` closes."""
    # What a warm engine keeps is there to stay: looking through it for garbage only costs.
    gc.set_threshold(50_000, 50, 1000)
    served = _Served(Path(project_dir))
    with socket.socket(fileno=handle) as link, link.makefile("rb") as stream:
        while len(head := stream.read(4)) == 4:
            raw = stream.read(length_of(head))
            if not raw:  # asks for nothing: the answer says that what was before is put down
                link.sendall(frame(b""))
                continue
            request = json.loads(raw)
            watched, events = request["watched"], list[CacheEvent]()
            with _watching(served, events.append) if watched else nullcontext():
                answer = {"jsonrpc": "2.0", "id": request.get("id"), **_answer(served, request)}
            link.sendall(frame(json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")))
            if watched:
                link.sendall(frame(b"".join(map(_event, events))))
            served.put_down()  # once the answer is on its way


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), sys.argv[2])
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        os._exit(0)
