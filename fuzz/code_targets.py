"""Targets of the code side: settings, themes, chunker, compressor, questions, the daemon's two ends."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from mnemo import settings as user_settings
from mnemo import themes
from mnemo.retrieval.chunkers import chunk_file
from mnemo.retrieval.compress import compress
from mnemo.retrieval.config import Config, RetrievalConfig, set_value
from mnemo.retrieval.daemon import client as client_end
from mnemo.retrieval.daemon import worker
from mnemo.retrieval.daemon.server import Server
from mnemo.retrieval.daemon.wire import INTERNAL_ERROR, LARGEST_REQUEST, length_of
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import ConfigError, RetrievalError
from mnemo.retrieval.query_text import read_query
from mnemo.retrieval.reply import METHODS
from storage_targets import scratch, text_of  # type: ignore[import-not-found,unused-ignore]


@cache
def _folder() -> Path:
    return Path(scratch())


def settings(data: bytes) -> None:
    """The user's config file: read or refused in one line, and changed without harm."""
    file = _folder() / "config.toml"
    file.write_bytes(data)
    try:
        before = user_settings.load(file)
    except user_settings.SettingsError as error:
        assert "\n" not in str(error)
        return
    try:
        user_settings.save("app.theme", "light", file)
    except user_settings.SettingsError as error:
        assert "\n" not in str(error)
        assert file.read_bytes() == data
        return
    after = user_settings.load(file)
    assert after.theme == "light"
    for key in user_settings.SCHEMA:
        assert key == "app.theme" or after.get(key) == before.get(key)


def code_config(data: bytes) -> None:
    """A project's config file: read or refused in one line, and changed without harm."""
    file = _folder() / "project.toml"
    file.write_bytes(data)
    try:
        before = Config.read(file)
    except ConfigError as error:
        assert "\n" not in str(error)
        return
    try:
        set_value(file, "retrieval.token_budget", 900)
    except ConfigError as error:
        assert "\n" not in str(error)
        assert file.read_bytes() == data
        return
    after = Config.read(file)
    assert after.retrieval == RetrievalConfig(**before.retrieval.as_dict() | {"token_budget": 900})
    assert after.general == before.general


def theme(data: bytes) -> None:
    """A user's theme file: a whole theme, or a fault that names the file."""
    folder = _folder() / "themes"
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_bytes(data)
    found, fault = themes.load_themes(folder)
    assert ("mine" in found) == (fault is None)
    assert fault is None or str(fault).startswith("mine.toml: ")
    if fault is None:
        assert found["mine"].look("joy").colour and found["mine"].look("unheard of").colour


NAMES = (
    "a.py", "a.js", "a.ts", "a.tsx", "a.go", "a.rs", "a.java", "a.kt", "a.cs", "a.c", "a.h", "a.cpp", "a.rb",
    "a.php", "a.swift", "a.scala", "a.lua", "a.ex", "a.hs", "a.sh", "a.sql", "a.html", "a.css", "a.vue",
    "a.md", "a.rst", "a.toml", "a.yaml", "a.json", "a.zig", "a.svelte", "a.txt", "a",
)  # fmt: skip


def chunk(data: bytes) -> None:
    """The chunker and the compressor; the first byte chooses the language. Every line that holds something
    is in a chunk, and no text grows.
    """
    if not data:
        return
    text = data[1:].decode("utf-8", "replace")
    found = chunk_file(text, NAMES[data[0] % len(NAMES)])
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered: set[int] = set()
    for each in found.chunks:
        assert 1 <= each.line_start <= each.line_end <= len(lines)
        assert each.tokens > 0
        covered.update(range(each.line_start, each.line_end + 1))
    missed = [number for number, line in enumerate(lines, 1) if line.strip() and number not in covered]
    assert not missed, f"lines {missed[:5]} are in no chunk"
    for strict in (False, True):
        smaller = compress(text, found.language, ratio=0.4, strict=strict)
        assert smaller.ratio <= 1.0


@cache
def _engine() -> RetrievalEngine:
    root = _folder() / "project"
    root.mkdir()
    (root / "cart.py").write_text(
        "class Cart:\n    def add_item(self, item):\n        '''Put <an> item & more.'''\n"
        "        self.items.append(item)\n\n    def total_price(self):\n        return sum(self.items)\n"
    )
    (root / "cart.md").write_text("# The cart\n\nItems are added, and ]]> their prices \x0c summed.\n")
    engine = RetrievalEngine.open(root)
    engine.ingest()
    return engine


STYLES = ("plain", "json", "markdown", "xml")


def question(data: bytes) -> None:
    """A question to the code index, answered in every format within its budget; the first byte is that."""
    if not data:
        return
    text = text_of(data[1:])
    read_query(text)
    for style in STYLES:
        options = {"output": style, "budget": 1 + data[0] * 4, "refresh": False, "learn": False}
        with suppress(RetrievalError):
            reply = METHODS["query"](_engine(), text=text, **options)
            if style == "json":
                json.loads(reply["output"])
            elif style == "xml" and reply["output"]:
                ElementTree.fromstring(reply["output"])


class _InProcess:
    """The daemon's pool with its one worker in this process, so that its code counts for coverage."""

    busy = False

    async def ask(self, message: bytes, session: object, publish: Callable[[bytes], None] | None) -> bytes:
        request = json.loads(message)
        served = worker._Served(_engine().project.root)
        served._engine, served._seen = _engine(), ()
        served.engine = _engine  # type: ignore[method-assign]
        return json.dumps({"id": request.get("id"), **worker._answer(served, request)}).encode()

    async def settle(self) -> None:
        pass

    def __len__(self) -> int:
        return 1


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def daemon(data: bytes) -> None:
    """Bytes that a client sends: each whole request gets one answer, none of which tells of a bug."""
    _loop().run_until_complete(asyncio.wait_for(_serve(data), 30))


async def _serve(data: bytes) -> None:
    server = Server(_engine().project.root, idle=0)
    server._workers = _InProcess()  # type: ignore[assignment]
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)
    stream, back = await asyncio.open_connection(sock=ours)
    serving = asyncio.ensure_future(server._client(reader, writer))
    try:
        back.write(data)
        back.write_eof()
        answers = await stream.read()
        await serving
    finally:
        back.close()
        writer.close()
    while answers:
        size = length_of(answers[:4])
        raw, answers = answers[4 : 4 + size], answers[4 + size :]
        answer = json.loads(raw)
        problem = answer.get("error") or {}
        assert problem.get("code") != INTERNAL_ERROR, problem["message"]
    assert server._clients == 0 and not server._subscribers


def client(data: bytes) -> None:
    """Bytes that something on the daemon's socket answers: a result, or the sign to help oneself."""
    if length_of(data[:4].ljust(4, b"\0")) > LARGEST_REQUEST:
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        with suppress(BlockingIOError):
            theirs.send(data)
        theirs.shutdown(socket.SHUT_WR)
        ours.settimeout(5)
        with suppress(client_end.NoDaemonError, RetrievalError):
            client_end._ask(ours, "status", {})
