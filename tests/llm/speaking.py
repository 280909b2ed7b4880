"""A server that speaks both dialects, and all the ways in which one misbehaves."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mnemo.llm.env import Origin, Value
from mnemo.llm.providers import Provider, Setup, read_setup

KEY = "sk-test-4f9a1c77e2"

Behaviour = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request to the server, and all the ways to answer it."""

    protocol_version = "HTTP/1.1"
    body: dict[str, Any]
    server: Speaker

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.asked.append(self)
            behaviour = self.server.script.pop(0) if self.server.script else self.server.otherwise
        self.close_connection = True
        try:
            behaviour(self)
        except OSError:
            pass  # whoever asked has gone
        finally:
            self.server.done.set()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *args: object) -> None:
        pass

    @property
    def native(self) -> bool:
        return self.path.endswith("/messages")

    @property
    def prompt(self) -> str:
        """All the text that was sent."""
        return json.dumps(self.body, ensure_ascii=False)

    @property
    def question(self) -> str:
        content = self.body["messages"][-1]["content"]
        return content if isinstance(content, str) else content[-1]["text"]

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("connection", "close")
        self.end_headers()

    def write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def delta(self, text: str) -> bytes:
        """One event with some text, in the dialect that was asked in."""
        if self.native:
            event: Any = {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": text},
            }
            return (
                b"event: content_block_delta\ndata: "
                + json.dumps(event, ensure_ascii=False).encode()
                + b"\n\n"
            )
        event = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"

    def call(self, text: str) -> bytes:
        """One event with some of what Anthropic's model calls a tool with."""
        delta = {"type": "input_json_delta", "partial_json": text}
        return (
            b"data: "
            + json.dumps({"type": "content_block_delta", "index": 0, "delta": delta}).encode()
            + b"\n\n"
        )

    def end(self, reason: str | None = None) -> bytes:
        if self.native:
            delta = {"type": "message_delta", "delta": {"stop_reason": reason or "end_turn"}}
            return (
                b"data: "
                + json.dumps(delta).encode()
                + b'\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
            )
        event = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason or "stop"}]}
        return b"data: " + json.dumps(event).encode() + b"\n\ndata: [DONE]\n\n"

    def reset(self) -> None:
        """Cut the connection as a crash does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Speaker(ThreadingHTTPServer):
    """A server that speaks both dialects, by its path, and does what its script says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.script: list[Behaviour] = []
        self.otherwise: Behaviour = says("fine")
        self.asked: list[Request] = []
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.release = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a connection that a test cut

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def says(*texts: str, ended: str | None = None) -> Behaviour:
    """Stream these pieces."""

    def behave(request: Request) -> None:
        request.head()
        for text in texts:
            request.write(request.delta(text))
        request.write(request.end(ended))

    return behave


def fails(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
    def behave(request: Request) -> None:
        request.head(status, "application/json", **headers)
        request.write(body)

    return behave


def sends(chunks: Iterable[bytes], kind: str = "text/event-stream") -> Behaviour:
    """Send these bytes, each in a packet of its own."""

    def behave(request: Request) -> None:
        request.head(kind=kind)
        for chunk in chunks:
            request.write(chunk)

    return behave


def hangs(*texts: str) -> Behaviour:
    """Stream these, then be silent until the test ends."""

    def behave(request: Request) -> None:
        request.head()
        for text in texts:
            request.write(request.delta(text))
        request.server.release.wait(30)

    return behave


def resets(*texts: str) -> Behaviour:
    def behave(request: Request) -> None:
        if texts:
            request.head()
        for text in texts:
            request.write(request.delta(text))
        request.reset()

    return behave


@dataclass
class Servers:
    """Starts servers and ends them."""

    started: list[Speaker] = field(default_factory=list)

    def start(self) -> Speaker:
        server = Speaker()
        # The socket listens already; what polls is how soon the server notices its end.
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.started.append(server)
        return server

    def close(self) -> None:
        for server in self.started:
            server.release.set()
            server.shutdown()
            server.server_close()


def values(origin: Origin = Origin.ENVIRONMENT, **variables: str) -> dict[str, Value]:
    return {name: Value(text, origin, "a test") for name, text in variables.items()}


def setup_of(origin: Origin = Origin.ENVIRONMENT, **variables: str) -> Setup:
    return read_setup(values(origin, **variables))


def provider_at(server: Speaker, dialect: str = "openai", name: str = "TESTED", **more: str) -> Provider:
    path = "/v1/messages" if dialect == "anthropic" else "/v1/chat/completions"
    variables = {f"{name}_URL": server.origin + path, f"{name}_MODEL": "small", f"{name}_API_KEY": KEY}
    variables |= {f"{name}_{key}": value for key, value in more.items()}
    return setup_of(**variables).providers[name]
