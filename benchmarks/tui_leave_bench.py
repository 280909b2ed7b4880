"""How soon the app is gone when it is left, whatever runs, and what it costs while nobody touches it.

The installed `mnemo` in a pseudo-terminal of 100x30. Leaving: wall milliseconds from the key, or the signal,
to the end of the process, as the shell sees it; the exit code; whether the terminal was given back (the
alternate screen left, the cursor shown). Idle: CPU milliseconds a second over a minute, the screen untouched.

``python benchmarks/tui_leave_bench.py PROJECT [--memories 1000000] [--folder DIR] [--seconds 60]``
"""

from __future__ import annotations

import argparse
import fcntl
import os
import platform
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from journal_data import write_journal

_TICKS = os.sysconf("SC_CLK_TCK")


class Terminal:
    """A program in a terminal of its own, which is read all the time."""

    def __init__(self, argv: list[str], env: dict[str, str], cwd: Path) -> None:
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.chdir(cwd)
            os.execvpe(argv[0], argv, env)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self.fd, 1 << 16)
            except OSError:
                return
            if not some:
                return
            self.seen += some

    def wait_for(self, text: str, *, seconds: float = 60) -> None:
        """Until a text was drawn since the last key."""
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            if time.monotonic() > end:
                raise SystemExit(f"{text!r} never came: {self.seen[-3000:].decode(errors='replace')}")
            time.sleep(0.005)

    def send(self, keys: str) -> None:
        """Press keys."""
        self.seen = b""
        os.write(self.fd, keys.encode())

    def gone(self, act: Callable[[], object], *, seconds: float = 60) -> tuple[float, int]:
        """Milliseconds from an act to the end of the process, and its exit code."""
        begun = time.perf_counter()
        act()
        while time.perf_counter() - begun < seconds:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return (time.perf_counter() - begun) * 1000, os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return float("inf"), -9

    def cpu(self) -> float:
        """Seconds of CPU so far, of all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def silent_server() -> str:
    """An address that takes connections and never answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    kept = []

    def take() -> None:
        while True:
            kept.append(listener.accept())

    threading.Thread(target=take, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def main() -> None:
    """Make or find the journal, and print every figure."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("project", type=Path, help="an indexed project")
    arguments.add_argument("--memories", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mnemo-bench")
    arguments.add_argument("--seconds", type=float, default=60)
    chosen = arguments.parse_args()
    journal = write_journal(chosen.memories, chosen.folder).path
    print(
        f"Python {platform.python_version()}, textual {version('textual')}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, {chosen.memories:,} memories, warm page cache"
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "MNEMO_CONFIG": folder}
        env |= {"MNEMO_JOURNAL": str(journal), "OLLAMA_MODEL": "silent", "OLLAMA_URL": silent_server()}
        mnemo = [sys.executable, "-m", "mnemo", "tui"]
        fresh = scratch / "fresh"
        shutil.copytree(chosen.project, fresh, ignore=shutil.ignore_patterns(".mnemosyne"), symlinks=True)

        def idle_app(pane: str, cwd: Path = chosen.project) -> Terminal:
            app = Terminal([*mnemo, "--pane", pane], env, cwd)
            app.wait_for("Timeline")
            time.sleep(3)  # all that follows the first frame
            return app

        def indexing() -> Terminal:
            shutil.rmtree(fresh / ".mnemosyne", ignore_errors=True)
            app = idle_app("explore", fresh)
            app.send("i")
            app.wait_for("stops")
            time.sleep(2)
            return app

        def streaming() -> Terminal:
            app = idle_app("mind")
            app.send("what did I write about the sea?\r")
            time.sleep(3)
            return app

        cases: list[tuple[str, Callable[[], Terminal]]] = [
            ("idle", lambda: idle_app("timeline")),
            ("an index is being built", indexing),
            ("a model's server is silent", streaming),
        ]
        leave: list[tuple[str, Callable[[Terminal], object]]] = [
            ("q", lambda app: os.write(app.fd, b"\x11")),
            ("SIGTERM", lambda app: os.kill(app.pid, signal.SIGTERM)),
            ("SIGHUP", lambda app: os.kill(app.pid, signal.SIGHUP)),
        ]
        for case, start in cases:
            said = []
            for how, act in leave:
                app = start()
                ms, code = app.gone(lambda app=app, act=act: act(app))
                time.sleep(0.1)
                back = b"\x1b[?1049l" in app.seen and b"\x1b[?25h" in app.seen
                said.append(f"{how} {ms:.0f} ms (code {code}{'' if back else ', terminal not given back'})")
                os.close(app.fd)
            print(f"left while {case}: {', '.join(said)}", flush=True)
        for pane in ("timeline", "arc", "explore", "cache", "mind"):
            app = idle_app(pane)
            before = app.cpu()
            time.sleep(chosen.seconds)
            spent = (app.cpu() - before) * 1000 / chosen.seconds
            print(f"idle in {pane}: {spent:.1f} ms of CPU a second over {chosen.seconds:.0f} s", flush=True)
            app.gone(lambda app=app: os.kill(app.pid, signal.SIGKILL))
            os.close(app.fd)
        subprocess.run([sys.executable, "-m", "mnemo", "daemon", "stop"], cwd=chosen.project, check=False)


if __name__ == "__main__":
    main()
