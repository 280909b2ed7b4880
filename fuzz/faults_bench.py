"""A home where things are broken for real, one copy for each, and what stood on the screen. See faults.py."""

from __future__ import annotations

import ctypes
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from mnemo.cli.app import run

WORDS = ("the sea was calm", "a long walk", "rain all day")
FILES = {
    "shop.py": "def total_price(items):\n    return sum(items)\n",
    "notes.md": "# Notes\n\nThe shop opens at nine.\n",
}


class Said(NamedTuple):
    """A command as typed, its exit code, and what it said."""

    command: str
    code: int
    text: str


class UnavailableError(Exception):
    """This machine cannot break that: no root, no compiler, not Linux."""


class Bench:
    """A home of its own with everything in it, and the commands that run there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.journal = home / "journal.mnheme"
        self.project = home / "project"
        self.index = self.project / ".mnemosyne"
        self.config = home / "config"
        self.said: list[Said] = []
        self.out = ""
        self.words = list(WORDS)

    def env(self) -> dict[str, str]:
        """What a process that runs there has around it."""
        names = ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MNEMO_", "XDG_", "LLM_"))}
        folders = {name: str(self.home / "xdg" / name) for name in names}
        own = {"HOME": str(self.home), "MNEMO_JOURNAL": str(self.journal), "MNEMO_CONFIG": str(self.config)}
        return {**kept, **folders, **own, "NO_COLOR": "1", "COLUMNS": "200", "TZ": "UTC"}

    def run(self, *args: str, tell: bool = True, **env: str) -> Said:
        """A command in this process, from its arguments to its exit code."""
        out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
        before, folder, stdin = dict(os.environ), Path.cwd(), sys.stdin
        os.environ.clear()
        os.environ.update(self.env() | env)
        os.chdir(self.project if self.project.is_dir() else self.home)
        try:
            with redirect_stdout(out), redirect_stderr(err), open(os.devnull) as sys.stdin:
                code = run(args)
        finally:
            sys.stdin = stdin
            os.environ.clear()
            os.environ.update(before)
            os.chdir(folder)
        self.out = out.buffer.getvalue().decode()
        return self._note(args, code, err.getvalue(), self.out, tell=tell)

    def spawn(
        self, *args: str, tell: bool = True, preexec: Callable[[], None] | None = None, **env: str
    ) -> Said:
        """A command as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "mnemo", *args], env=self.env() | env, cwd=self.project, preexec_fn=preexec,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False, text=True, errors="replace",
        )  # fmt: skip
        return self._note(args, done.returncode, done.stderr, done.stdout, tell=tell)

    def _note(self, args: tuple[str, ...], code: int, err: str, out: str, *, tell: bool) -> Said:
        assert "Traceback" not in err + out, err + out
        assert "this is a bug" not in err, err
        assert not code or args[0] == "import" or len(err.splitlines()) <= 1, err
        words = [f'"{arg}"' if " " in arg else arg for arg in map(self._plain, args)]
        said = Said(" ".join(["mnemo", *words]), code, self._plain(err) or self._told(args[0], out))
        if tell:
            self.said.append(said)
        return said

    def _told(self, verb: str, out: str) -> str:
        """What stdout says of the fault, where stderr is silent; for an answer, that it is there."""
        lines = self._plain(out).splitlines()
        if verb == "verify":
            return "; ".join(line for line in lines if line.startswith(("sound", "problem")))
        if verb == "ingest":
            skipped = (
                [line.strip() for line in lines[lines.index("Skipped:") + 1 :]] if "Skipped:" in lines else []
            )
            kept = ("Files scanned", "Files failed")
            return "; ".join(
                [*(line for line in lines if line.startswith(kept)), *(f"skipped {each}" for each in skipped)]
            )
        return lines[0] if verb in ("daemon", "analytics", "stats") and lines else "as ever"

    def _plain(self, text: str) -> str:
        text = (
            text.strip()
            .removeprefix("mnemo: ")
            .replace(str(self.home.resolve()), "~")
            .replace(str(self.home), "~")
        )
        text = re.sub(r"torn-[0-9TZ.]+", "torn-<time>", text)
        text = re.sub(r"(process|127\.0\.0\.1:|localhost:) ?\d+", r"\1 N", text)
        text = re.sub(r"text-\d+-[0-9a-f]{16}", "text-<id>", text)
        text = re.sub(r"\b\d{8}-\d{6}\b", "<time>", text)
        return re.sub(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", "<id>", text)

    def lost(self) -> str:
        """What is missing of all that there was."""
        self.run("recall", "--json", "--limit", "0", tell=False)
        found = self.out
        missing = [words for words in self.words if words not in found]
        if self.project.is_dir():
            self.run("query", "total price", tell=False)
            missing += [] if "return sum(items)" in self.out else ["the answer about the code"]
        return ", ".join(missing) or "nothing"


Fault = Callable[[Bench], None]
FAULTS: dict[str, list[tuple[str, Fault]]] = {}


def fault(group: str, what: str) -> Callable[[Fault], Fault]:
    """Put a function that breaks something, and runs what shows it, among the rows of a table."""

    def keep(function: Fault) -> Fault:
        FAULTS.setdefault(group, []).append((what, function))
        return function

    return keep


def new_memory(bench: Bench, *, tell: bool = True) -> Said:
    """Remember something; that it is there afterwards is part of what is looked at."""
    said = bench.run("remember", "and then this", "-c", "day", "-f", "joy", tell=tell)
    if not said.code:
        bench.words.append("and then this")
    return said


def patched(path: Path, at: int, data: bytes) -> None:
    """Write over some bytes of a file; from the end with a negative place."""
    whole = bytearray(path.read_bytes())
    at %= len(whole)
    whole[at : at + len(data)] = data
    path.write_bytes(whole)


def without_override() -> None:
    """Let permissions count for root as well, in a process that is about to begin."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        if libc.prctl(24, 1, 0, 0, 0) or libc.prctl(24, 2, 0, 0, 0):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            raise OSError("no capability can be dropped")


@contextmanager
def serving(path: Path, answer: bytes) -> Iterator[None]:
    """Something else on a Unix socket, which gives everybody the same bytes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    link, _ = server.accept()
                    with link:
                        link.recv(65536)
                        link.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield


@contextmanager
def model(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[dict[str, str]]:
    """A model's server on this machine; gives the environment that names it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            with suppress(OSError):
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
        yield {"LOCAL_LLM_URL": url, "LOCAL_LLM_MODEL": "m", "LLM_TIMEOUT": "1"}
        server.shutdown()


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
static int steps;
static int step(const char *name) {
    const char *at = getenv("KILL_AT"), *fail = getenv("FAIL");
    if (at && ++steps == atoi(at)) kill(getpid(), SIGKILL);
    if (fail && !strcmp(fail, name)) { errno = EIO; return 1; }
    return 0;
}
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
ssize_t write(int f, const void *b, size_t n) { if (f > 2 && step("write")) return -1; return NEXT(write)(f, b, n); }
ssize_t pwrite64(int f, const void *b, size_t n, off64_t o) { if (step("pwrite")) return -1; return NEXT(pwrite64)(f, b, n, o); }
ssize_t pread(int f, void *b, size_t n, off_t o) { if (getenv("FAIL") && step("pread")) return -1; return NEXT(pread)(f, b, n, o); }
ssize_t pread64(int f, void *b, size_t n, off64_t o) { if (getenv("FAIL") && step("pread")) return -1; return NEXT(pread64)(f, b, n, o); }
int fsync(int f) { if (step("fsync")) return -1; return NEXT(fsync)(f); }
int fdatasync(int f) { if (step("fsync")) return -1; return NEXT(fdatasync)(f); }
int rename(const char *a, const char *b) { if (step("rename")) return -1; return NEXT(rename)(a, b); }
int unlink(const char *a) { if (step("unlink")) return -1; return NEXT(unlink)(a); }
int clock_gettime(clockid_t c, struct timespec *t) {
    int r = NEXT(clock_gettime)(c, t);
    const char *back = getenv("CLOCK_BACK");
    if (back && c == CLOCK_REALTIME) t->tv_sec -= atol(back);
    return r;
}
"""


def shim() -> str:
    """A library that kills, fails or turns the clock back at a call of the system, made once."""
    made = Path(tempfile.gettempdir(), f"mnemo-faults-{os.getuid()}.so")
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        raise UnavailableError
    if not made.exists() or made.stat().st_uid != os.getuid():
        command = [compiler, "-shared", "-fPIC", "-w", "-O1", "-x", "c", "-", "-o", f"{made}.new", "-ldl"]
        subprocess.run(command, input=SHIM.encode(), check=True, timeout=60)
        Path(f"{made}.new").replace(made)
    return str(made)
