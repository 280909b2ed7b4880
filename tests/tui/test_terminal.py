"""mnemo in a real terminal, as a process of its own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mnemo.storage import MemoryDB
from mnemo.tui.driver import Quiet
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread


class Terminal:
    """A program in a pseudo-terminal of 80x24."""

    def __init__(self, *args: str, env: dict[str, str]) -> None:
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.execvpe(sys.executable, [sys.executable, "-m", "mnemo", *args], {**os.environ, **env})

    def wait_for(self, text: str) -> None:
        """Read until a text was drawn."""
        self._read(lambda: text.encode() in self.seen, text)

    def wait_until(self, met: Callable[[], bool]) -> None:
        """Read until something outside has come about."""
        self._read(met, "the condition")

    def _read(self, met: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 100
        while not met():
            if time.monotonic() > end:
                pytest.fail(f"{what!r} was never drawn: {self.seen[-3000:].decode(errors='replace')}")
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    data = b""
                if not data:
                    assert met(), f"ended before {what!r}: {self.seen[-3000:].decode(errors='replace')}"
                    return
                self.seen += data

    def send(self, keys: str) -> None:
        """Press keys; what was drawn before is forgotten."""
        self.seen = b""
        os.write(self.fd, keys.encode())

    def state(self) -> str:
        """The letter of the process' state."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def end(self) -> int:
        """Wait for the program to end by itself, and give its exit code."""
        finish = time.monotonic() + 100
        while time.monotonic() < finish:
            if select.select([self.fd], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    self.seen += os.read(self.fd, 65536)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        pytest.fail("it did not end")

    def close(self) -> None:
        """End the program if it still runs."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def _draft(folder: Path) -> dict[str, str]:
    """The one draft as it stands on the disk."""
    for file in folder.glob("*.json"):
        return json.loads(file.read_text())
    return {}


@pytest.fixture
def terminal() -> Iterator[object]:
    """Start programs in terminals; whatever still runs is ended."""
    open_ones: list[Terminal] = []

    def start(*args: str, **env: str) -> Terminal:
        open_ones.append(Terminal(*args, env={"TERM": "xterm-256color", "COLORTERM": "truecolor", **env}))
        return open_ones[-1]

    yield start
    for each in open_ones:
        each.close()


def test_the_demo_opens_and_ends(terminal, home: Path):
    app = terminal("tui", "--demo")
    app.wait_for("277 memories")
    app.send("q")
    assert app.end() == 0
    assert not list(home.rglob("*.mnheme")), "nothing of the demo stays"


def test_the_window_is_told_what_is_shown_and_given_its_title_back(terminal, journal: Path):
    app = terminal("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    assert app.seen.index(b"\x1b[22;2t") < app.seen.index("\x1b]2;mnemo · Timeline · journal\x07".encode())
    app.send("2")
    app.wait_for("\x1b]2;mnemo · Arc · journal\x07")
    app.send("\x0c")  # ctrl+l
    app.wait_for("\x1b]2;mnemo\x07")
    app.send("x")
    app.wait_for("\x1b]2;mnemo · Arc · journal\x07")
    app.send("q")
    assert app.end() == 0
    assert b"\x1b[23;2t" in app.seen


def test_it_is_suspended_and_goes_on(terminal, journal: Path):
    app = terminal("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    app.send("\x1a")  # ctrl+z
    app.wait_for("\x1b[23;2t")
    app.wait_until(lambda: app.state() == "T")
    app.seen = b""
    os.kill(app.pid, signal.SIGCONT)
    app.wait_for("\x1b]2;mnemo · Timeline · journal\x07")
    app.wait_for("All memories")
    app.send("q")
    assert app.end() == 0


def test_stopped_by_another_it_takes_the_terminal_back(terminal, journal: Path):
    app = terminal("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    app.wait_for("All memories")
    raw = termios.tcgetattr(app.fd)[tty.LFLAG]
    threads = app.threads()
    for _ in range(8):
        os.kill(app.pid, signal.SIGSTOP)
        app.wait_until(lambda: app.state() == "T")
        mode = termios.tcgetattr(app.fd)
        mode[tty.LFLAG] |= termios.ICANON | termios.ECHO  # as a shell has it for itself
        termios.tcsetattr(app.fd, termios.TCSANOW, mode)
        app.seen = b""
        os.kill(app.pid, signal.SIGCONT)
        app.wait_for("\x1b]2;mnemo · Timeline · journal\x07")
        app.wait_for("All memories")
        assert termios.tcgetattr(app.fd)[tty.LFLAG] == raw
    assert app.threads() < threads + 8, "one thread reads the keys, not one more for each time"
    app.send("q")
    assert app.end() == 0


@pytest.mark.parametrize(("term", "colour"), [("linux", b";93"), ("xterm-16color", b";93"), ("vt100", b"")])
def test_few_colours_are_enough(terminal, journal: Path, term, colour):
    app = terminal("tui", MNEMO_JOURNAL=str(journal), TERM=term, COLORTERM="")
    app.wait_for("277 memories")
    assert colour in app.seen
    assert b"38;2;" not in app.seen
    assert b"38;5;" not in app.seen
    assert (b"\x1b]2;" in app.seen) == (term == "xterm-16color")
    app.send("q")
    assert app.end() == 0


def test_the_settings_file_is_edited_from_the_app_and_followed(terminal, journal: Path, tmp_path: Path):
    folder = tmp_path / "cfg"
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "[app]\\nlanguage = \\"it\\"\\n" > "$2"\n')
    editor.chmod(0o755)
    app = terminal("tui", MNEMO_JOURNAL=str(journal), MNEMO_CONFIG=str(folder), EDITOR=str(editor))
    app.wait_for("277 memories")
    app.send(",")
    app.wait_for("first_weekday")
    app.send("e")
    app.wait_until((folder / "config.toml").exists)
    app.wait_for("first_weekday")
    app.send("q")
    app.wait_for("serenità")
    app.send("q")
    assert app.end() == 0


def test_a_first_run_leads_to_the_demo_and_back(terminal, home: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = terminal(MNEMO_CONFIG=str(home / "cfg"))
    app.wait_for("Look around in a demo")
    app.send("d")
    app.wait_for("demo · 277 memories")
    app.send("\x10")  # ctrl+p
    app.wait_for("Search for commands")
    app.send("leave the demo")
    app.wait_for("Back to your own journal")
    app.send("\r")
    app.wait_for("No memories yet")
    app.send("q")
    assert app.end() == 0
    assert not list(tmp_path.rglob(".mnemosyne"))
    assert not list(home.rglob("*.mnheme")), "to look around is not to begin"
    assert (home / "cfg" / "config.toml").read_text() == "[app]\nwelcome = false\n"


def test_plain_mnemo_opens_the_app_and_the_editor_writes(terminal, journal: Path, tmp_path: Path):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s, finished by hand" "$(cat "$1")" > "$1"\n')
    editor.chmod(0o755)
    app = terminal(MNEMO_JOURNAL=str(journal), EDITOR=str(editor))
    app.wait_for("277 memories")
    app.send("n")
    app.wait_for("What happened?")
    app.send("Begun")
    app.wait_for("draft kept")
    app.send("\x1bOS")  # F4
    app.wait_for("finished by hand")
    drafts = journal.with_name("journal_drafts")
    for keys, field, value in (("Sea", "concept", "Sea"), ("joy", "feeling", "joy")):
        app.send("\t")
        app.wait_for("▌")
        app.send(keys)
        app.wait_until(lambda field=field, value=value: _draft(drafts).get(field) == value)
    app.send("\x1bOQ")  # F2
    app.wait_for("278 memories")
    app.send("q")
    assert app.end() == 0
    with MemoryDB(journal) as db:
        assert db.recall(limit=1)[0].content == "Begun, finished by hand"


def test_no_color_sends_no_colour(terminal, journal: Path):
    app = terminal("tui", MNEMO_JOURNAL=str(journal), NO_COLOR="1")
    app.wait_for("277 memories")
    app.send("jj")
    app.wait_for("Molo")
    colours = [part for part in app.seen.split(b"\x1b[") if part.split(b"m")[0].startswith((b"38;", b"48;"))]
    assert not colours
    app.send("q")
    assert app.end() == 0


def test_what_is_wrong_at_the_start_is_one_line(terminal, home: Path, journal: Path):
    app = terminal("tui", "--theme", "plaid", MNEMO_JOURNAL=str(journal))
    assert app.end() == 1
    assert b"there is no theme 'plaid'" in app.seen
    assert b"Traceback" not in app.seen
    config = home / "cfg"
    config.mkdir()
    (config / "config.toml").write_text("[app]\nanimations = 3\n")
    app = terminal(MNEMO_CONFIG=str(config), MNEMO_JOURNAL=str(journal))
    assert app.end() == 1
    assert b"app.animations must be true or false" in app.seen
    assert b"Traceback" not in app.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_gives_the_terminal_back(terminal, journal: Path, number: int):
    app = terminal("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    app.send("n")
    app.wait_for("What happened?")
    app.send("Half a thought")
    app.wait_for("draft kept")
    app.seen = b""
    os.kill(app.pid, number)
    assert app.end() == -number, "whoever sent it sees that it was heeded"
    assert b"\x1b[?1049l" in app.seen
    assert b"\x1b[?25h" in app.seen
    assert _draft(journal.with_name("journal_drafts"))["text"] == "Half a thought"


def test_a_terminal_that_closes_ends_it_and_keeps_what_was_typed(terminal, journal: Path):
    app = terminal("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    app.send("n")
    app.wait_for("What happened?")
    app.send("Half a thought")
    app.wait_until(lambda: _draft(journal.with_name("journal_drafts")).get("text") == "Half a thought")
    os.close(app.fd)
    app.fd = os.open(os.devnull, os.O_RDWR)
    assert app.end() == -signal.SIGHUP
    assert _draft(journal.with_name("journal_drafts"))["text"] == "Half a thought"


def test_a_terminal_that_has_gone_keeps_nobody_waiting():
    master, slave = pty.openpty()
    os.close(master)
    gone = os.fdopen(slave, "w")
    writer = WriterThread(Quiet(gone))
    writer.start()
    for _ in range(10 * MAX_QUEUED_WRITES):
        writer.write("x" * 10_000)
    writer.stop()
    assert not writer.is_alive()
    with contextlib.suppress(OSError):
        gone.close()


def test_what_is_typed_right_after_the_key_that_searches_is_searched(terminal, journal: Path):
    app = terminal("tui", MNEMO_JOURNAL=str(journal))
    app.wait_for("277 memories")
    app.send("/zyxw")
    app.wait_for("zyxw")
    app.send("\x11")
    assert app.end() == 0
