"""The installed command as a process: its bytes, its limits, and what other programs see of it."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import mnemo
import pytest
from mnemo import MemoryDB
from mnemo.settings import Settings, log_file, places

COMMAND = str(Path(sys.executable).parent / "mnemo")
Spawn = Callable[..., Any]

HOSTILE = {
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \x1b]8;;http://x\x1b\\link",
    "markup": "[bold red]not markup[/bold red] [link=x]y[/link] :smile: {x} %s",
    "nul": "before\x00after",
    "rtl": "abc \u202eoverride\u202c \u2066isolate\u2069 שלום مرحبا",
    "emoji": "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 e\u0301 日本語",
    "lines": "one\r\ntwo\rthree\u2028four\x85five\tsix\n\n",
    "long": "x" * 5_000_000,
}
# What takes effect on a terminal: nothing that is printed may hold any of it, but for the newline.
ACTIVE = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029)]
ACTIVE += [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
INERT = set(ACTIVE) - {"\n", "\t"}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_goes_in_and_comes_out_whole_and_is_printed_inert(spawn: Spawn, name: str) -> None:
    text = HOSTILE[name]
    # Nothing NUL fits in an argument, and 5 MB do not; elsewhere names and notes are as hostile.
    spice = "plain" if name in ("nul", "long") else text
    made = spawn(
        "remember", "-", "-c", spice, "-f", "joy", "-t", spice, "--note", spice, stdin=f"{text}\n".encode()
    )
    assert (made.returncode, made.stderr) == (0, b"")
    shown = spawn("recall", "--json")
    (memory,) = json.loads(shown.stdout)
    assert memory["content"] == text
    assert memory["intact"] is True
    assert (memory["concept"], memory["note"], memory["tags"]) == (spice.strip(), spice, [spice.strip()])
    outputs = [shown.stdout]
    outputs += [
        spawn(*args).stdout
        for args in (("recall",), ("show", memory["memory_id"][:8]), ("concepts",), ("tags",))
    ]
    for output in outputs:
        assert not INERT.intersection(output.decode())
    if name != "long":
        refused = spawn("show", text.replace("\0", "x"))
        assert refused.returncode == 1
        assert refused.stderr.count(b"\n") == 1
        assert not INERT.intersection(refused.stderr.decode())


def test_a_record_that_holds_what_no_text_can_hold_is_shown(spawn: Spawn, tmp_path: Path) -> None:
    path = tmp_path / "j.mnheme"
    record = (
        b'{"memory_id": "not-a-uuid\\u001b", "concept": "\\ud800", "feeling": "\\u001b[1m",'
        b' "content": "\\udfff x",'
        b' "timestamp": "2020-01-01T00:00:00Z", "weird": {"deep": "\\u009b"}}'
    )
    path.write_bytes(b"MNE\xe0" + len(record).to_bytes(4, "big") + record)
    for args in (
        ["recall"],
        ["recall", "--json"],
        ["concepts", "--json"],
        ["feelings"],
        ["show", "not-a-uuid\x1b"],
    ):
        result = spawn(*args, "--journal", path)
        assert (result.returncode, result.stderr) == (0, b""), args
        assert not INERT.intersection(result.stdout.decode()), args
    (memory,) = json.loads(spawn("recall", "--json", "--journal", path).stdout)
    assert (memory["concept"], memory["intact"]) == ("\ud800", None)


def test_bytes_that_are_no_text_are_refused_in_one_line(spawn: Spawn) -> None:
    for args, stdin, message in (
        ([b"remember", b"caf\xe9", b"-c", b"a", b"-f", b"joy"], b"", b"argument 2 is not valid UTF-8"),
        (
            [b"remember", b"-", b"-c", b"a", b"-f", b"joy"],
            b"ab\xff",
            b"standard input is not valid UTF-8: byte 3 is wrong",
        ),
    ):
        result = spawn(*args, stdin=stdin)
        assert (result.returncode, result.stdout, result.stderr) == (2, b"", b"mnemo: " + message + b"\n")
    assert json.loads(spawn("recall", "--json").stdout) == []


def test_version_and_help(spawn: Spawn) -> None:
    for args in (["--version"], ["--version", "--verbose"]):
        assert spawn(*args).stdout.decode() == f"mnemo {mnemo.__version__}\n"
    bare, asked, short = spawn(), spawn("--help"), spawn("-h")
    assert bare.stdout == asked.stdout == short.stdout
    assert (bare.returncode, bare.stderr) == (0, b"")
    module = subprocess.run(
        [sys.executable, "-m", "mnemo", "--version"], capture_output=True, timeout=60, check=True
    )
    assert module.stdout.decode() == f"mnemo {mnemo.__version__}\n"
    app = spawn("tui")
    assert (app.returncode, app.stdout) == (2, b"")
    assert b"needs a terminal" in app.stderr


def test_windows_is_refused_in_one_line() -> None:
    code = (
        "import sys; sys.platform, sys.argv = 'win32', ['mnemo', 'recall']; import mnemo.cli as c; c.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mnemo: needs Linux or macOS") and done.stderr.count("\n") == 1


def test_a_reader_that_leaves_is_no_error() -> None:
    with MemoryDB(places(Settings()).journal) as db:
        db.remember_many(
            {"concept": "a", "feeling": "joy", "content": f"memory {number}"} for number in range(3000)
        )
    for verb in (["recall", "--limit", "0"], ["recall", "--limit", "0", "--json"]):
        with subprocess.Popen([COMMAND, *verb], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=30) == 1


def test_a_result_that_cannot_be_written_is_told(spawn: Spawn) -> None:
    spawn("remember", "x", "-c", "a", "-f", "joy")
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [COMMAND, "recall"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (result.returncode, result.stderr) == (1, b"mnemo: No space left on device\n")


def test_a_full_disk_loses_nothing(spawn: Spawn) -> None:
    journal = places(Settings()).journal
    spawn("remember", "before", "-c", "a", "-f", "joy")
    whole = journal.read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, len(whole) + 100))

    refused = spawn("remember", "-", "-c", "a", "-f", "joy", stdin=b"y" * 400, preexec_fn=limit)
    assert refused.returncode == 1
    assert refused.stdout == b""
    kept, reason = refused.stderr.decode().splitlines()
    assert "the text is kept in " in kept
    assert Path(kept.partition("kept in ")[2]).read_text() == "y" * 400
    assert str(journal) in reason
    assert journal.read_bytes() == whole
    assert spawn("remember", "after", "-c", "a", "-f", "joy").returncode == 0
    memories = json.loads(spawn("recall", "--json").stdout)
    assert [memory["content"] for memory in memories] == ["after", "before"]
    assert spawn("verify").returncode == 0


def test_a_journal_that_cannot_be_opened_is_one_line(spawn: Spawn, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "file" / "j.mnheme"):
        (tmp_path / "file").write_text("in the way")
        result = spawn("remember", "x", "-c", "a", "-f", "joy", "--journal", path)
        assert (result.returncode, result.stdout) == (1, b"")
        assert result.stderr.count(b"\n") == 1, result.stderr
        assert str(tmp_path).encode() in result.stderr


def test_an_interrupted_verify_stops_cleanly(tmp_path: Path, terminal: Callable[..., Any]) -> None:
    path = tmp_path / "j.mnheme"
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many({"concept": "a", "feeling": "joy", "content": "word " * 40} for _ in range(60_000))
    window = terminal("verify", "--journal", str(path))
    window.until("Verifying the journal")
    os.kill(window.process.pid, signal.SIGINT)
    code, rest = window.until_end()
    assert code == 130
    assert "stopped before the end; nothing was changed" in rest
    assert "Traceback" not in rest


def test_a_bug_is_one_line_and_its_trace_is_in_the_log_without_a_word_of_anybodys(
    spawn: Spawn, tmp_path: Path
) -> None:
    # A fault that no verb foresees: a module that is broken.
    (tmp_path / "sitecustomize.py").write_text(
        "import mnemo.cli.plain\n"
        "def broken(self, memory):\n"
        "    secret = 'words that nobody may read'\n"
        "    raise ZeroDivisionError(secret)\n"
        "mnemo.cli.plain.PlainPrinter.saved = broken\n"
    )
    result = spawn("remember", "my secret", "-c", "a", "-f", "joy", env={"PYTHONPATH": str(tmp_path)})
    assert result.returncode == 1
    assert result.stdout == b""
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("mnemo: this is a bug in mnemo: ZeroDivisionError: ")
    assert str(log_file()) in line
    log = log_file().read_text()
    assert "builtins.ZeroDivisionError" in log
    assert "sitecustomize.py" in log
    assert "my secret" not in log
    assert "Traceback" not in result.stderr.decode()
    assert stat.S_IMODE(log_file().stat().st_mode) == 0o600


def test_latin_terminals_and_c_locales_print_what_they_can(spawn: Spawn) -> None:
    spawn("remember", "déjà vu 日本", "-c", "a", "-f", "joy")
    for env in (
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ):
        plain = spawn("recall", env=env)
        assert plain.returncode == 0
        assert b"vu" in plain.stdout
        assert json.loads(spawn("recall", "--json", env=env).stdout)[0]["content"] == "déjà vu 日本"


def test_what_is_missing_is_asked_for_at_a_terminal(terminal: Callable[..., Any]) -> None:
    session = terminal("remember", "Paid a rate, so proud.")
    session.until("Save it so")
    session.type("c\n")
    session.until("about?")
    session.type("Debt\n")
    session.until("eel")
    session.type("orgoglio\n")
    code, _ = session.until_end()
    assert code == 0
    with MemoryDB(places(Settings()).journal) as db:
        (newest,) = db.recall(limit=1)
    assert (newest.concept, newest.feeling, newest.content) == ("Debt", "pride", "Paid a rate, so proud.")


def test_an_interrupted_question_saves_nothing(terminal: Callable[..., Any]) -> None:
    session = terminal("remember", "Half a happy thought")
    session.until("Save it so")
    # readline may miss a signal that comes between its prompt and its wait; a person presses again.
    while session.process.poll() is None:
        session.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            session.process.wait(timeout=5)
    code, rest = session.until_end()
    assert code == 130
    assert "Traceback" not in rest
    with MemoryDB(places(Settings()).journal) as db:
        assert db.count() == 0


def test_hostile_text_is_inert_in_colour_as_well(spawn: Spawn, tmp_path: Path) -> None:
    env = {"MNEMO_JOURNAL": str(tmp_path / "j.mnheme"), "FORCE_COLOR": "1"}
    text = "\x1b[31mred\x1b[0m \x1b]0;title\x07 [bold]b[/bold]"
    spawn("remember", "-", "-c", "[red]A\x1b[7m", "-f", "joy", stdin=text.encode(), env=env)
    for verb in (["recall"], ["timeline", "[red]A\x1b[7m"], ["concepts"]):
        shown = spawn(*verb, env=env).stdout
        assert b"[red]A" in shown
        assert b"\x1b[31mred" not in shown
        assert b"\x1b[7m" not in shown
        assert b"\x1b]0" not in shown
