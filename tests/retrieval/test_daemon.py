"""The daemon, with real processes on real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mnemo.cli.app import run
from mnemo.retrieval.daemon import client, control, wire
from mnemo.retrieval.daemon.client import CacheEvents, NoDaemonError, call
from mnemo.retrieval.daemon.server import Server
from mnemo.retrieval.daemon.wire import LARGEST_REQUEST, frame, length_of, socket_path
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import IndexUnwritableError, NoIndexError, RetrievalError
from mnemo.storage.cache import ArcCache, CacheEvent

FILES = {
    "shop/cart.py": "class Cart:\n    def add_item(self, item):\n        '''Put an item into the cart.'''\n"
    "        self.items.append(item)\n\n    def total_price(self):\n        return sum(self.items)\n",
    "shop/prices.py": "def discount(amount, level):\n    '''Take off what a customer's level grants.'''\n"
    "    return amount * (1 - level)\n",
    "docs/cart.md": "# The cart\n\nItems are added to the cart, and their prices are summed.\n",
}
QUESTIONS = ("how is an item added to the cart", "discount", "total price", "nothing_of_the_kind")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    yield root
    control.stop(root)


def mnemo(root: Path, *args: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mnemo", *args], cwd=root, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ask(root: Path, text: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = call(
        root, "query", {"text": text, "output": "json", "refresh": True, "learn": False, **options}
    )
    return found


def connect(root: Path) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(30)
    link.connect(os.fspath(socket_path(root)))
    return link


def exchange(link: socket.socket, raw: bytes) -> dict[str, Any]:
    link.sendall(frame(raw))
    with link.makefile("rb") as stream:
        found: dict[str, Any] = json.loads(stream.read(length_of(stream.read(4))))
    return found


def test_answers_are_the_same_byte_for_byte_with_and_without(project: Path) -> None:
    asked = [
        ("query", "how is an item added to the cart"),
        ("query", "total price", "--format", "json"),
        ("query", "cart", "--format", "xml", "--budget", "40"),
        ("query", "discount", "--show-scores", "--no-refresh"),
        ("query", "nothing_of_the_kind"),
    ]
    alone = [mnemo(project, *args, "--no-learn") for args in asked]
    assert "Started" in mnemo(project, "daemon", "start")
    shared = [mnemo(project, *args, "--no-learn") for args in asked]
    assert control.status(project)["requests"] >= len(asked)  # type: ignore[index]
    assert shared == alone


def test_it_is_private_starts_once_tells_of_itself_and_stops(project: Path) -> None:
    assert mnemo(project, "daemon", "status", code=1) == "Not running\n"
    mnemo(project, "daemon", "start")
    mode = socket_path(project).lstat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert "Already running" in mnemo(project, "daemon", "start")
    said = json.loads(mnemo(project, "daemon", "status", "--json"))
    assert said["running"] and said["watching"] and said["project"] == str(project)
    assert f"process {said['pid']}" in mnemo(project, "daemon", "stop")
    assert not socket_path(project).exists()
    assert "Not running" in mnemo(project, "daemon", "stop")


def test_an_edit_a_new_file_and_a_lost_one_show_in_the_next_answer(project: Path) -> None:
    control.start(project, idle=600)
    assert "grants" in ask(project, "discount")["output"]
    prices, vouchers = project / "shop/prices.py", project / "shop/vouchers.py"
    for number in range(100, 160):
        prices.write_text(f"def discount(amount):\n    return amount // {number}\n")
        assert f"// {number}" in ask(project, "discount")["output"]
        (swap := prices.with_name(".prices.py.tmp")).write_text(
            f"def discount(a):\n    return a % {number}\n"
        )
        swap.replace(prices)  # as editors save
        assert f"% {number}" in ask(project, "discount")["output"]
        vouchers.write_text("def redeem_voucher(code):\n    return code.strip()\n")
        assert "vouchers.py" in ask(project, "redeem_voucher")["output"]
        vouchers.unlink()
        assert "vouchers.py" not in ask(project, "redeem_voucher")["output"]


def test_an_index_replaced_beneath_it_is_read_anew(project: Path) -> None:
    control.start(project, idle=600)
    assert ask(project, "discount", refresh=False)["found"]
    for file in (project / ".mnemosyne").glob("mnemosyne.db*"):
        file.unlink()
    with RetrievalEngine.open(project) as engine:
        (project / "shop/new.py").write_text("def quite_new_thing():\n    return 5\n")
        engine.ingest()
    assert "quite_new_thing" in ask(project, "quite_new_thing", refresh=False)["output"]
    (project / ".mnemosyne/config.toml").write_text("[retrieval]\ntoken_budget = 12345\n")
    assert ask(project, "discount", refresh=False)["budget"] == 12345


def test_clients_that_misbehave_harm_only_themselves(project: Path) -> None:
    control.start(project, idle=600)
    hanging, rude = connect(project), connect(project)
    hanging.sendall(b"\0\0\1\0{")  # the beginning of a request, and no more
    with rude, rude.makefile("rb") as stream:
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
        error = json.loads(stream.read(length_of(stream.read(4))))["error"]
        assert "bytes at most" in error["message"]
        assert stream.read(1) == b""
    with connect(project) as flood:
        flood.sendall((50 << 20).to_bytes(4, "big"))
        with pytest.raises(OSError):  # a reset, or a broken pipe
            for _ in range(50):
                flood.sendall(bytes(1 << 20))
            flood.recv(1 << 16)
            flood.sendall(b"x")
            flood.sendall(b"x")
    with connect(project) as link:
        assert exchange(link, b"\xff{")["error"]["code"] == -32700
        assert exchange(link, b"[" * 100_000)["error"]["code"] == -32700
        assert exchange(link, b"[]")["error"]["code"] == -32600
        assert exchange(link, b'{"id": 3, "method": "query", "params": [1]}')["error"]["code"] == -32600
        assert exchange(link, b'{"id": 4, "method": "forget"}')["error"]["code"] == -32601
        assert (
            exchange(link, b'{"id": 5, "method": "query", "params": {"wish": 1}}')["error"]["code"] == -32602
        )
        old = b'{"id": 6, "method": "status", "params": {"protocol": 0}}'
        assert "protocol" in exchange(link, old)["error"]["message"]
        link.sendall(frame(b'{"method": "status"}'))  # a notification: no answer
        assert exchange(link, b'{"id": "x", "method": "status"}')["id"] == "x"
        large = json.dumps({"id": 7, "method": "query", "params": {"text": "word " * (LARGEST_REQUEST // 6),
                            "output": "json", "learn": False}})  # fmt: skip
        assert "result" in exchange(link, large.encode())
    assert ask(project, "discount")["found"]
    hanging.close()


def test_eight_clients_at_once_get_the_right_answers(project: Path) -> None:
    control.start(project, idle=600)
    expected = {question: ask(project, question)["output"] for question in QUESTIONS}

    def client(number: int) -> bool:
        asked = [QUESTIONS[(number + turn) % len(QUESTIONS)] for turn in range(12)]
        return all(ask(project, question)["output"] == expected[question] for question in asked)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(client, range(8)))
    assert control.status(project)["workers"] >= 1  # type: ignore[index]


def test_a_session_has_one_memory_whichever_engine_answers(project: Path) -> None:
    control.start(project, idle=600)
    first = json.loads(ask(project, "discount", session="s", learn=True)["output"])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(project, "cart"), range(16)))
    again = json.loads(ask(project, "discount", session="s", learn=True)["output"])
    assert first[0]["chunk"]["content"] and not first[0]["is_delta"]
    assert again[0]["is_delta"] and not again[0]["chunk"]["content"]


def test_killed_it_leaves_a_socket_that_does_no_harm(project: Path) -> None:
    found, _ = control.start(project, idle=600)
    assert ask(project, "discount")["found"]
    os.kill(found["pid"], signal.SIGKILL)
    until(lambda: control.status(project) is None)
    assert socket_path(project).exists()
    with pytest.raises(NoDaemonError):
        ask(project, "discount")
    assert "discount" in mnemo(project, "query", "discount")
    again, fresh = control.start(project, idle=600)
    assert fresh and again["pid"] != found["pid"]
    assert ask(project, "discount")["found"]


def test_an_engine_that_dies_costs_one_request(project: Path) -> None:
    found, _ = control.start(project, idle=600)
    assert ask(project, "discount")["found"]
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(found["pid"])], capture_output=True, text=True, check=True
    ).stdout.split()
    os.kill(int(children[0]), signal.SIGKILL)
    with suppress(NoDaemonError):
        ask(project, "discount")
    assert ask(project, "discount")["found"]


def test_of_two_started_at_once_one_serves(project: Path) -> None:
    command = [sys.executable, "-m", "mnemo", "daemon", "start", "--foreground"]
    pair = [
        subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    until(lambda: any(each.poll() is not None for each in pair))
    loser, winner = sorted(pair, key=lambda each: each.poll() is None)
    _, said = loser.communicate(timeout=30)
    assert loser.returncode == 1 and "serves" in said and said.count("\n") == 1
    until(lambda: control.status(project))
    assert ask(project, "discount")["found"]
    winner.send_signal(signal.SIGTERM)
    winner.communicate(timeout=30)
    assert winner.returncode == 0 and not socket_path(project).exists()


def test_it_ends_when_nobody_asks(project: Path) -> None:
    mnemo(project, "daemon", "start", "--foreground", "--idle", "0.01")
    assert not socket_path(project).exists()
    assert control.stop(project) is None


def test_a_path_too_long_for_a_socket_gets_one_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    root = tmp_path / ("a" * 60) / ("b" * 60)
    root.mkdir(parents=True)
    (root / "one.py").write_text("def lonely_function():\n    return 1\n")
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    try:
        control.start(root, idle=600)
        assert socket_path(root).parent == tmp_path / "run" / "mnemo"
        assert stat.S_IMODE(socket_path(root).parent.stat().st_mode) == 0o700
        assert ask(root, "lonely_function")["found"] == 1
    finally:
        control.stop(root)
    (tmp_path / "run" / "mnemo").chmod(0o777)
    with pytest.raises(RetrievalError, match="private"):
        control.start(root, idle=600)


def test_one_of_another_version_answers_nothing_and_is_replaced(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, _ = control.start(project, idle=600)
    alone = mnemo(project, "query", "discount", "--no-learn", "--no-refresh")
    for module in (client, control):
        monkeypatch.setattr(module, "version", lambda: "0.0.1+tokens")
    with pytest.raises(NoDaemonError, match="this daemon is of mnemo"):
        ask(project, "discount")
    assert run(["--project", str(project), "query", "discount", "--no-learn", "--no-refresh"]) == 0
    assert capsys.readouterr().out == alone
    assert control.status(project) is not None  # whatever version, it can be seen and stopped
    again, fresh = control.start(project, idle=600)
    assert fresh and again["pid"] != found["pid"]


@pytest.mark.parametrize("long", [False, True])
def test_where_no_socket_can_be_made_it_says_so_and_commands_answer(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: bool
) -> None:
    if long:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
        (tmp_path / "run").write_text("a file, not a folder")
        monkeypatch.setattr(wire, "LONGEST_PATH", 10)
        with pytest.raises(IndexUnwritableError, match="cannot listen on"):
            asyncio.run(Server(project, idle=0).run())
    else:
        socket_path(project).mkdir()
        said = mnemo(project, "daemon", "start", code=1)
        assert said.startswith("mnemo: the daemon did not start: cannot listen on")
        assert said.count("\n") == 1
    assert "grants" in mnemo(project, "query", "discount")


def test_a_project_deleted_beneath_it_ends_it(project: Path) -> None:
    found, _ = control.start(project, idle=600)
    assert ask(project, "discount")["found"]
    shutil.rmtree(project)
    until(lambda: not Path(f"/proc/{found['pid']}").exists())


def test_errors_come_through_as_themselves(project: Path) -> None:
    control.start(project, idle=600)
    assert ask(project, "discount")["found"]  # and the watcher's first look is over
    (project / ".mnemosyne/mnemosyne.db").unlink()
    with pytest.raises(NoIndexError, match="mnemo ingest"):
        ask(project, "discount", refresh=False)


def test_a_query_through_it_loads_no_engine(project: Path) -> None:
    control.start(project, idle=600)
    code = (
        "import sys; from mnemo.cli.app import run\n"
        "assert run(['query', 'discount', '--no-learn']) == 0\n"
        "loaded = {'sqlite3', 'tomllib', 'asyncio', 'mnemo.retrieval.engine', 'mnemo.retrieval.query'}\n"
        "assert not loaded & set(sys.modules), loaded & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True, timeout=60)


def test_without_unix_sockets_every_command_answers_by_itself(project: Path) -> None:
    code = (
        "import socket, sys; del socket.AF_UNIX\n"
        "from mnemo.cli.app import run\n"
        "assert run(['query', 'discount', '--no-learn']) == 0\n"
        "sys.exit(run(['daemon', 'start']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "grants" in done.stdout
    assert done.stderr.count("no Unix sockets") == 1


def test_another_process_sees_what_the_cache_does(project: Path) -> None:
    control.start(project, idle=600)
    ask(project, "discount")  # unwatched: the engine is warm, and nobody hears of this
    with CacheEvents(project) as listening:
        mnemo(project, "query", "discount", "--path", "shop/prices.py")
        mnemo(project, "query", "total_price", "--path", "shop/cart.py")
        events = iter(listening)
        assert next(events) == {
            "event": "hit",
            "key": (key := chunk_of(project, "discount")),
            "tier": "T1",
            "p": 0.0,
        }
        assert next(events) == {"event": "promotion", "key": key, "tier": "T2", "p": 0.0}
        assert {"event": "miss", "key": chunk_of(project, "total_price"), "tier": "T1", "p": 0.0} in events


def chunk_of(root: Path, text: str) -> str:
    found: str = json.loads(ask(root, text)["output"])[0]["chunk"]["id"]
    return found


def test_subscribers_see_every_event_in_order(project: Path) -> None:
    (project / ".mnemosyne/config.toml").write_text("[cache]\ncapacity = 2\nghost_capacity = 2\n")
    control.start(project, idle=600)
    with CacheEvents(project) as one, CacheEvents(project) as other:
        for question in ("discount", "discount", "total_price", "add_item", "total_price", "discount") * 2:
            ask(project, question, learn=True)
        call(project, "stats", {})  # of the same engine: what it did before is sent by now
        control.stop(project)
        seen = list(one)
        assert seen == list(other)
    assert {each["event"] for each in seen} == {"hit", "miss", "ghost hit", "promotion", "eviction"}
    expected: list[CacheEvent] = []
    paper: ArcCache[str, None] = ArcCache(2)
    paper.subscribe(expected.append)
    for event in seen:
        if event["event"] in ("hit", "miss", "ghost hit"):
            paper.touch(event["key"])
    assert [(e["event"], e["key"], e["tier"], e["p"]) for e in seen] == list(expected)
    with RetrievalEngine.open(project) as engine:
        assert engine.cache_state() == paper.state


def test_a_subscriber_that_sleeps_is_let_go_and_nobody_waits_for_it(project: Path) -> None:
    text = "".join(
        f"def price_{number}(amount):\n    return amount * {number}\n\n\n" for number in range(200)
    )
    (project / "shop/many.py").write_text(text)
    control.start(project, idle=600)
    wide = {"path": "shop/many.py", "budget": 100_000, "limit": 0, "per_file": 0}
    with CacheEvents(project) as sleeping, connect(project) as gone:
        exchange(gone, b'{"id": 1, "method": "cache.events"}')
        gone.close()
        until(lambda: ask(project, "price amount", **wide) and control.status(project)["clients"] == 2)  # type: ignore[index]
        expected = ask(project, "discount")["output"]
        # What a subscriber may be behind, and what the system holds for it, is less than all of this.
        until(lambda: ask(project, "price amount", **wide) and not subscribers(project))
        assert ask(project, "discount")["output"] == expected
        last = [event["event"] for event in sleeping][-1]
        assert sleeping.fell_behind and last == "hit"


def subscribers(root: Path) -> int:
    found: int = call(root, "status", {})["subscribers"]
    return found


def test_the_daemon_ends_beneath_a_subscriber_and_a_subscription_is_closed_beneath_its_reader(
    project: Path,
) -> None:
    with pytest.raises(NoDaemonError):
        CacheEvents(project)
    with ThreadPoolExecutor(1) as pool:
        for end in ("stop", "kill", "close"):
            found, _ = control.start(project, idle=600)
            with CacheEvents(project) as listening:
                reading = pool.submit(list, listening)
                ask(project, "discount")
                if end == "close":
                    listening.close()
                elif end == "stop":
                    control.stop(project)
                else:
                    os.kill(found["pid"], signal.SIGKILL)
                assert all(event["tier"] == "T1" for event in reading.result(timeout=30))
                assert not listening.fell_behind


def test_what_is_told_of_the_cache_and_the_index_is_what_the_engines_did(project: Path) -> None:
    (project / ".mnemosyne/config.toml").write_text("[cache]\ncapacity = 7\n[strange]\nkey = 1\n")
    asked = [["cache", "show"], ["cache", "show", "--json"], ["stats", "--detailed"], ["stats", "--json"]]
    control.start(project, idle=600)
    for turn in range(1, 4):
        ask(project, "discount", learn=True)
        shown = json.loads(mnemo_out(project, "cache", "show", "--json"))
        assert shown["hits"] + shown["misses"] == turn * len(shown["t1"] + shown["t2"])
        assert json.loads(mnemo_out(project, "stats", "--json"))["usage"]["queries"] == turn
    shared = [mnemo(project, *args) for args in asked]
    # One of another version is not asked: such commands help themselves, all else the same.
    other = "import mnemo, sys; mnemo.__version__ = '0'\nfrom mnemo.cli.app import run; run(sys.argv[1:])"
    for args, told in zip(asked, shared, strict=True):
        alone = subprocess.run(
            [sys.executable, "-c", other, *args], cwd=project, capture_output=True, text=True, timeout=60,
            check=True,
        )  # fmt: skip
        assert alone.stdout + alone.stderr == told
    assert all("strange" in each for each in shared)

    held = len(shown["t1"] + shown["t2"])
    assert mnemo_out(project, "cache", "clear") == f"Cleared: {held} entries\n"
    assert json.loads(mnemo_out(project, "cache", "warm", "--json")) == {"warmed": held}
    ask(project, "discount", learn=True)
    again = json.loads(mnemo_out(project, "cache", "show", "--json"))
    assert (again["t1"], again["hits"], again["misses"]) == ([], held, 0)


def mnemo_out(root: Path, *args: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "mnemo", *args], cwd=root, stdout=subprocess.PIPE, text=True, timeout=60,
        check=True,
    ).stdout  # fmt: skip
