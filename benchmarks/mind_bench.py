"""How soon a model's call ends when somebody cancels it, against waking a thread by a plain event.

python benchmarks/mind_bench.py [runs]

Wall milliseconds from ``Cancel.cancel()`` in one thread to the end of ``converse`` in another, over a local
server that is silent before the first token, or after it.
"""

from __future__ import annotations

import socket
import statistics
import sys
import threading
from time import perf_counter

from mnemo.llm.client import Client
from mnemo.llm.dialects import Prompt
from mnemo.llm.env import Origin, Value
from mnemo.llm.errors import StoppedError
from mnemo.llm.pacing import Cancel
from mnemo.llm.providers import Provider, read_setup

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
TOKEN = b'data: {"choices": [{"delta": {"content": "word"}}]}\n\n'


def silent_server(*, talks: bool, asked: threading.Event) -> int:
    """A server that takes a question, says one word at most, and nothing more; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            kept.append(connection)
            connection.recv(1 << 16)
            connection.sendall(HEAD + (TOKEN if talks else b""))
            asked.set()

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def provider(port: int) -> Provider:
    """The server as a provider."""
    values = {"X_URL": f"http://127.0.0.1:{port}", "X_MODEL": "m", "X_RPM": "100000"}
    return read_setup({k: Value(v, Origin.ENVIRONMENT, "") for k, v in values.items()}).providers["X"]


def cancelled(runs: int, *, talks: bool) -> list[float]:
    """Milliseconds of each run."""
    asked, spoke = threading.Event(), threading.Event()
    server = provider(silent_server(talks=talks, asked=asked))
    client = Client()
    found = []
    for _ in range(runs):
        asked.clear()
        spoke.clear()
        cancel, ended = Cancel(), []

        def ask(cancel: Cancel = cancel, ended: list[float] = ended) -> None:
            try:
                client.converse(server, Prompt("s", "t"), on_text=lambda _: spoke.set(), cancel=cancel)
            except StoppedError:
                ended.append(perf_counter())

        thread = threading.Thread(target=ask)
        thread.start()
        (spoke if talks else asked).wait(30)
        start = perf_counter()
        cancel.cancel()
        thread.join(30)
        found.append((ended[0] - start) * 1000)
    return found


def woken(runs: int) -> list[float]:
    """The baseline: milliseconds from an event's set to the end of a thread that waits for it."""
    found = []
    for _ in range(runs):
        event, ready, ended = threading.Event(), threading.Event(), []

        def wait(
            event: threading.Event = event, ready: threading.Event = ready, ended: list[float] = ended
        ) -> None:
            ready.set()
            event.wait()
            ended.append(perf_counter())

        thread = threading.Thread(target=wait)
        thread.start()
        ready.wait()
        start = perf_counter()
        event.set()
        thread.join()
        found.append((ended[0] - start) * 1000)
    return found


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    for name, times in (
        ("an event wakes a thread", woken(runs)),
        ("cancel before the first token", cancelled(runs, talks=False)),
        ("cancel between tokens", cancelled(runs, talks=True)),
    ):
        print(f"{name:<32} p50 {statistics.median(times):7.2f} ms   max {max(times):7.2f} ms   of {runs}")


if __name__ == "__main__":
    main()
