"""The installed command as a process: what it loads, its bytes, its limits, and somebody at a terminal."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mnemo import MemoryDB

if TYPE_CHECKING:
    from conftest import Terminal

COMMAND = str(Path(sys.executable).parent / "mnemo")
Spawn = Callable[..., subprocess.CompletedProcess[bytes]]

HEAVY = {"textual", "tantivy", "msgspec", "watchdog", "tomlkit", "tree_sitter", "httpx", "numpy", "asyncio"}

HOSTILE = {
    "escapes": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J",
    "markup": "[bold red]no markup[/] [link=file:///etc/passwd]x[/link]",
    "nul": "a\x00b\x7f\r\nc\ttab",
    "rtl": "\u202eright to left\u202c \u2066isolate\u2069 \u200bzero",
    "emoji": "👩‍👩‍👦 ❤️ 🏳️‍🌈 字典 नमस्ते MNEअ",
}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "diary" / "life.mnheme"
    with MemoryDB(path) as db:
        db.remember("Debt", "fear", "Opened the letter.", tags=["bank"])
    return path


@pytest.mark.parametrize(
    ("args", "also"),
    [
        (["recall", "--limit", "10", "--json"], {"rich"}),
        (["concepts"], {"rich"}),
        (["remember", "x", "--concept", "A", "--feeling", "joy"], {"rich"}),
        (["--version"], {"rich", "typer", "click"}),
    ],
)
def test_a_short_verb_loads_only_what_it_needs(journal: Path, args: list[str], also: set[str]) -> None:
    code = (
        "import sys; from mnemo.cli import main\n"
        f"sys.argv = ['mnemo', *{args!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*(name.partition('.')[0] for name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "MNEMO_JOURNAL": str(journal)},
        check=True,
    )
    assert not (HEAVY | also) & set(done.stderr.split())


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_kept_to_the_byte_and_shown_inert(journal: Path, spawn: Spawn, text: str) -> None:
    env = {"MNEMO_JOURNAL": str(journal)}
    spawn("remember", "-", "-c", "[red]A\x1b[7m", "-f", "joy", "-t", "\x1bt", stdin=text.encode(), env=env)
    # JSON escapes what would act; what it means is what was written.
    out = spawn("recall", "--limit", "1", "--json", env=env).stdout
    assert json.loads(out)[0]["content"] == text
    assert not set(out) & ({*range(32), 127} - {10})
    for verb in (["recall"], ["timeline", "[red]A\x1b[7m"], ["concepts"], ["tags"]):
        shown = spawn(*verb, env=env)
        assert shown.returncode == 0
        plain = shown.stdout.decode()
        assert not {char for char in plain if ord(char) < 32 or 127 <= ord(char) < 160} - {"\n", "\t"}
        assert not set(plain) & set("\u202e\u202c\u2066\u2069")
        if verb == ["recall"]:
            assert "[red]A" in plain
    coloured = spawn("recall", "--limit", "1", env={**env, "FORCE_COLOR": "1"}).stdout
    assert b"\x1b[31mred" not in coloured
    assert b"\x1b]" not in coloured


def test_five_megabytes_through_the_command(journal: Path, spawn: Spawn) -> None:
    env = {"MNEMO_JOURNAL": str(journal)}
    text = "λόγος and more words " * 230_000
    done = spawn("remember", "-", "-c", "Long", "-f", "boredom", stdin=text.encode(), env=env)
    assert done.returncode == 0
    assert json.loads(spawn("recall", "Long", "--json", env=env).stdout)[0]["content"] == text


def test_a_full_disk_is_one_line_and_nothing_is_lost(journal: Path, spawn: Spawn) -> None:
    env = {"MNEMO_JOURNAL": str(journal)}
    before = journal.read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, len(before) + 100))

    failed = spawn("remember", "x" * 500, "-c", "A", "-f", "joy", env=env, preexec_fn=limit)
    assert failed.returncode == 1
    assert failed.stdout == b""
    assert len(failed.stderr.splitlines()) == 1
    assert b"cannot write" in failed.stderr
    assert journal.read_bytes() == before
    assert spawn("remember", "x" * 500, "-c", "A", "-f", "joy", env=env).returncode == 0
    assert spawn("verify", env=env).returncode == 0
    with MemoryDB(journal) as db:
        assert db.count() == 2


@pytest.mark.parametrize("args", [[b"\xff\xfe"], ["-"]])
def test_what_is_no_utf8_is_refused(journal: Path, spawn: Spawn, args: list[str | bytes]) -> None:
    done = spawn(
        "remember", *args, "-c", "A", "-f", "joy", stdin=b"caf\xe9", env={"MNEMO_JOURNAL": str(journal)}
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert b"UTF-8" in done.stderr
    with MemoryDB(journal) as db:
        assert db.count() == 1


def test_a_reader_that_leaves_is_no_error(journal: Path) -> None:
    with MemoryDB(journal) as db:
        db.remember_many({"concept": "A", "feeling": "joy", "content": "x" * 200} for _ in range(5000))
    process = subprocess.Popen(
        [COMMAND, "recall", "--limit", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "MNEMO_JOURNAL": str(journal)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=60)


def test_what_is_missing_is_asked_for_at_a_terminal(journal: Path, terminal: Callable[..., Terminal]) -> None:
    session = terminal("remember", "Paid the first rate.", env={"MNEMO_JOURNAL": str(journal)})
    session.until("about?")
    session.type("Debt\n")
    session.until("eel")
    session.type("orgoglio\n")
    code, _ = session.until_end()
    assert code == 0
    with MemoryDB(journal) as db:
        (newest,) = db.recall(limit=1)
    assert (newest.concept, newest.feeling, newest.content) == ("Debt", "pride", "Paid the first rate.")


def test_an_interrupted_question_saves_nothing(journal: Path, terminal: Callable[..., Terminal]) -> None:
    session = terminal("remember", "Half a thought", env={"MNEMO_JOURNAL": str(journal)})
    session.until("about?")
    session.process.send_signal(signal.SIGINT)
    code, rest = session.until_end()
    assert code == 130
    assert "Traceback" not in rest
    with MemoryDB(journal) as db:
        assert db.count() == 1
