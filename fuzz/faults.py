"""Write ``docs/faults.md``: break one thing after the other for real and put down what mnemo said; a test checks it.

python fuzz/faults.py

Each row breaks its own copy of a home with a journal of three memories and a project with an index, runs the real
commands, and afterwards looks whether everything is still there. Rows that need root, a compiler or Linux are left
as they stand in the page where these are missing.
"""

# mypy: ignore-errors
from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from faults_bench import (  # type: ignore[import-not-found,unused-ignore]
    FAULTS,
    FILES,
    WORDS,
    Bench,
    Fault,
    UnavailableError,
    fault,
    model,
    new_memory,
    patched,
    serving,
    shim,
    without_override,
)
from mnemo.retrieval.daemon.wire import socket_path
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import MemoryDB

PAGE = Path(__file__).parent.parent / "docs" / "faults.md"

HEAD = """\
# What breaks, and what mnemo says

This page is made by `python fuzz/faults.py`, which breaks each thing for real, runs the command and puts down
what stood on the screen (stderr, or the line of stdout that tells); a test in `tests/test_faults.py` makes it again. `~`
is a home with a journal of three memories and a project with an index. **Lost** is what was missing afterwards of what had been
acknowledged before: the memories by their words, the answer that the code index gives. Derived files (the index beside the journal, the
code index) are rebuilt without a word where nothing of the user's is at stake.

What mnemo cannot save: a memory whose bytes are gone from the disk. It says so (`verify`), shows what is left, and `mnemo backup` is for that.
"""

# -- the journal --------------------------------------------------------------------------------

JOURNAL, INDEX, CODE, SETUP, MODELS, TREE = (
    "The journal", "What is derived from the journal", "The code index", "Settings", "Models", "A project's files"
)  # fmt: skip


@fault(JOURNAL, "half a frame at the end (a write cut by a power loss)")
def _(bench: Bench) -> None:
    with bench.journal.open("ab") as log:
        log.write(b"MNE\xe0\0\0\1\0" + b'{"memory_id": "9f3')
    bench.run("recall", "--limit", "1")
    bench.run("verify")
    new_memory(bench)
    bench.run("verify")


@fault(JOURNAL, "a byte of a memory's content flipped")
def _(bench: Bench) -> None:
    whole = bench.journal.read_bytes()
    patched(bench.journal, whole.index(b"calm"), b"b")
    bench.words[0] = "the sea was balm"
    bench.run("verify")
    new_memory(bench)


@fault(JOURNAL, "rubbish in the middle of the log")
def _(bench: Bench) -> None:
    whole = bench.journal.read_bytes()
    at = whole.index(b"MNE\xe0", 10)
    bench.journal.write_bytes(whole[:at] + b"\0rubbish" * 9 + whole[at:])
    bench.run("verify")
    new_memory(bench)


@fault(JOURNAL, "records that are JSON and no memories (null fields, a list)")
def _(bench: Bench) -> None:
    with bench.journal.open("ab") as log:
        for payload in (b'{"memory_id": null}', b"[1]"):
            log.write(b"MNE\xe0" + len(payload).to_bytes(4, "big") + payload)
    bench.run("verify")
    new_memory(bench)


@fault(JOURNAL, "the log is a folder")
def _(bench: Bench) -> None:
    bench.journal.rename(bench.home / "aside")
    bench.journal.mkdir()
    bench.run("recall")
    new_memory(bench)
    bench.journal.rmdir()
    (bench.home / "aside").rename(bench.journal)


@fault(JOURNAL, "the log is a pipe (FIFO)")
def _(bench: Bench) -> None:
    bench.journal.rename(bench.home / "aside")
    os.mkfifo(bench.journal)
    bench.run("recall")
    new_memory(bench)
    bench.journal.unlink()
    (bench.home / "aside").rename(bench.journal)


@fault(JOURNAL, "the log is a link to itself")
def _(bench: Bench) -> None:
    bench.journal.rename(bench.home / "aside")
    bench.journal.symlink_to(bench.journal)
    bench.run("recall")
    new_memory(bench)
    bench.journal.unlink()
    (bench.home / "aside").rename(bench.journal)


@fault(JOURNAL, "the log cannot be read (mode 0000)")
def _(bench: Bench) -> None:
    bench.journal.chmod(0)
    bench.spawn("recall", preexec=without_override)
    bench.journal.chmod(0o600)


@fault(JOURNAL, "the log can only be read (mode 0400)")
def _(bench: Bench) -> None:
    bench.journal.chmod(0o400)
    bench.spawn("recall", "--limit", "1", preexec=without_override)
    bench.spawn("remember", "not kept", "-c", "day", "-f", "joy", preexec=without_override)
    bench.journal.chmod(0o600)


@fault(JOURNAL, "its folder cannot be written (first memory of a new journal)")
def _(bench: Bench) -> None:
    (bench.home / "locked").mkdir(mode=0o500)
    path = str(bench.home / "locked" / "new.mnheme")
    bench.spawn("remember", "not kept", "-c", "day", "-f", "joy", "--journal", path, preexec=without_override)


@fault(JOURNAL, "the disk is full")
def _(bench: Bench) -> None:
    mount = bench.home / "small"
    mount.mkdir()
    script = (
        'mount -t tmpfs -o size=64k tmpfs "$1" && cp "$2" "$1/j.mnheme" && dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null; '
        'shift 2; "$@"; code=$?; rm small/fill; "$@" >/dev/null 2>&1 || exit 99; exit $code'
    )
    words = ("remember", "word " * 2000, "-c", "day", "-f", "joy", "--journal", str(mount / "j.mnheme"))
    unshare = ["unshare", *(["-m"] if os.geteuid() == 0 else ["-rm"]), "sh", "-c", script, "sh"]
    try:
        done = subprocess.run(
            [*unshare, str(mount), str(bench.journal), sys.executable, "-m", "mnemo", *words], env=bench.env(),
            cwd=bench.home, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False, text=True,
        )  # fmt: skip
    except OSError:
        raise UnavailableError from None
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        raise UnavailableError
    assert done.returncode == 1, "after some space was freed, the same command succeeds"
    bench._note(("remember", "…"), done.returncode, done.stderr.replace(str(mount), "~"), "", tell=True)


@fault(JOURNAL, "a limit on the size of files (ulimit -f)")
def _(bench: Bench) -> None:
    size = bench.journal.stat().st_size + 100

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    bench.spawn("remember", "not kept", "-c", "day", "-f", "joy", preexec=limit)


@fault(JOURNAL, "the disk fails to sync (EIO)")
def _(bench: Bench) -> None:
    bench.spawn("remember", "not kept", "-c", "day", "-f", "joy", LD_PRELOAD=shim(), FAIL="fsync")
    new_memory(bench)


@fault(JOURNAL, "the disk fails to read (EIO)")
def _(bench: Bench) -> None:
    bench.spawn("recall", LD_PRELOAD=shim(), FAIL="pread")


@fault(JOURNAL, "`kill -9` at every system call of a write, one after the other")
def _(bench: Bench) -> None:
    library, at = shim(), 1
    words = ("remember", "killed over it", "-c", "day", "-f", "joy")
    while bench.spawn(*words, tell=False, LD_PRELOAD=library, KILL_AT=str(at)).code:
        assert bench.lost() == "nothing"
        assert not bench.run("verify", tell=False).code or bench.run("recall", tell=False).code == 0
        at += 1
        assert at < 60
    assert at > 2, "it was killed on the way"
    bench.words.append("killed over it")
    new_memory(bench, tell=False)
    bench.run("verify")


@fault(JOURNAL, "two processes write at once, fifty memories each")
def _(bench: Bench) -> None:
    script = "import sys\nfrom mnemo.storage import MemoryDB\nwith MemoryDB(sys.argv[1]) as db:\n for n in range(50): db.remember('c', 'joy', f'{sys.argv[2]} {n}', tags=['two'])"
    both = [
        subprocess.Popen([sys.executable, "-c", script, str(bench.journal), name], env=bench.env())
        for name in "ab"
    ]
    assert [each.wait(60) for each in both] == [0, 0]
    bench.words += [f"{name} {n}" for name in "ab" for n in range(50)]
    bench.run("verify")


@fault(JOURNAL, "the clock goes back by a year between two memories")
def _(bench: Bench) -> None:
    bench.spawn(
        "remember",
        "from before",
        "-c",
        "day",
        "-f",
        "joy",
        LD_PRELOAD=shim(),
        CLOCK_BACK="31536000",
        tell=False,
    )
    bench.words.append("from before")
    bench.run("verify")
    new_memory(bench)


@fault(JOURNAL, "an attachment's file deleted from the pool")
def _(bench: Bench) -> None:
    (bench.home / "a.txt").write_text("attached")
    bench.run(
        "remember", "with a file", "-c", "day", "-f", "joy", "--attach", str(bench.home / "a.txt"), tell=False
    )
    for file in (bench.home / "journal_files").rglob("*a.txt"):
        file.unlink()
    bench.words.append("with a file")
    bench.run("verify")


@fault(JOURNAL, "an import whose third record is wrong")
def _(bench: Bench) -> None:
    record = '{"content": "%s", "concept": "c", "feeling": "joy", "timestamp": "%s"}\n'
    (bench.home / "in.jsonl").write_text(
        "".join(record % row for row in (("a", "2024-01-01"), ("b", "2024-05-01"), ("c", "never")))
    )
    bench.run("import", str(bench.home / "in.jsonl"))
    (bench.home / "in.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n")
    bench.run("import", str(bench.home / "in.jsonl"))


# -- what is derived ----------------------------------------------------------------------------


def large(bench: Bench) -> Path:
    """A journal whose index and full text are on the disk; gives their folder."""
    with MemoryDB(bench.journal) as db:
        db.remember_many(
            {"concept": "c", "feeling": "joy", "content": f"day {n} of many"} for n in range(2100)
        )
        db.index_text()
    bench.words += ["day 0 of many", "day 2099 of many"]
    return bench.home / "journal.mnemo"


@fault(INDEX, "the index snapshot: cut in half")
def _(bench: Bench) -> None:
    for file in large(bench).glob("*.snap"):
        os.truncate(file, file.stat().st_size // 2)
    bench.run("recall", "sea")
    new_memory(bench)


@fault(INDEX, "the index snapshot: every column overwritten")
def _(bench: Bench) -> None:
    for file in large(bench).glob("*.snap"):
        patched(file, file.stat().st_size // 3, b"\x5a" * (file.stat().st_size // 2))
    bench.run("recall", "sea")
    bench.run("verify")


@fault(INDEX, "the full-text index: its files cut and overwritten")
def _(bench: Bench) -> None:
    for number, file in enumerate(
        sorted(path for path in large(bench).rglob("*") if path.is_file() and path.suffix != ".snap")
    ):
        if file.stat().st_size:
            patched(file, number * 7, b"\xff\0\xff") if number % 2 else os.truncate(
                file, file.stat().st_size // 2
            )
    bench.run("search", "calm")
    new_memory(bench)


@fault(INDEX, "its folder deleted, or a file in its place")
def _(bench: Bench) -> None:
    folder = large(bench)
    shutil.rmtree(folder)
    folder.write_text("not a folder")
    bench.spawn("search", "calm")
    new_memory(bench)


@fault(INDEX, "its folder cannot be written")
def _(bench: Bench) -> None:
    folder = large(bench)
    shutil.rmtree(folder)
    folder.mkdir(mode=0o500)
    bench.spawn("search", "calm", preexec=without_override)


# -- the code index -----------------------------------------------------------------------------


def told(bench: Bench) -> None:
    """Ask, and look at what there is."""
    bench.run("query", "total price")
    bench.run("stats", tell=bench.said[-1].code != 0)


@fault(CODE, "mnemosyne.db: overwritten with rubbish")
def _(bench: Bench) -> None:
    (bench.index / "mnemosyne.db").write_bytes(b"rubbish " * 999)
    told(bench)


@fault(CODE, "mnemosyne.db: cut in half")
def _(bench: Bench) -> None:
    os.truncate(bench.index / "mnemosyne.db", (bench.index / "mnemosyne.db").stat().st_size // 2)
    told(bench)


@fault(CODE, "mnemosyne.db: pages in the middle flipped")
def _(bench: Bench) -> None:
    file = bench.index / "mnemosyne.db"
    for at in range(4096, file.stat().st_size - 600, 4096):
        patched(file, at, b"\xff" * 300)
    told(bench)
    bench.run("ingest", "--full")


@fault(CODE, "mnemosyne.db: another program's database")
def _(bench: Bench) -> None:
    (bench.index / "mnemosyne.db").unlink()
    with sqlite3.connect(bench.index / "mnemosyne.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    told(bench)


@fault(CODE, "usage.db: overwritten with rubbish")
def _(bench: Bench) -> None:
    (bench.index / "usage.db").write_bytes(b"rubbish " * 999)
    bench.run("query", "total price", "--session", "s")
    bench.run("analytics")


@fault(CODE, "bloom.bin: overwritten with rubbish")
def _(bench: Bench) -> None:
    (bench.index / "bloom.bin").write_bytes(b"rubbish " * 99)
    (bench.project / "new.py").write_text("def just_added():\n    pass\n")
    bench.run("query", "just_added")


@fault(CODE, "config.toml: no TOML, or a wrong value")
def _(bench: Bench) -> None:
    for text in ("[retrieval\n", '[retrieval]\ntoken_budget = "many"\n'):
        (bench.index / "config.toml").write_text(text)
        bench.run("query", "total price")
    (bench.index / "config.toml").unlink()


@fault(CODE, "the whole `.mnemosyne/` can only be read, a file has changed")
def _(bench: Bench) -> None:
    (bench.project / "shop.py").write_text(FILES["shop.py"] + "\n\ndef just_added():\n    pass\n")
    for path in (*bench.index.iterdir(), bench.index):
        path.chmod(0o500 if path.is_dir() else 0o400)
    bench.spawn("query", "total price", preexec=without_override)
    bench.spawn("ingest", preexec=without_override)
    bench.index.chmod(0o700)
    for path in bench.index.iterdir():
        path.chmod(0o600)


@fault(CODE, "the daemon's socket: left over, nobody listens")
def _(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        path = socket_path(bench.project)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # its path may be too long for a socket
        link.bind(str(path))
    bench.run("query", "total price")
    bench.run("daemon", "status")


@fault(CODE, "the daemon's socket: something else answers rubbish there")
def _(bench: Bench) -> None:
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\2[]"):
        socket_path(bench.project).unlink(missing_ok=True)
        with serving(socket_path(bench.project), answer):
            bench.run("query", "total price")


@fault(CODE, "the daemon's socket: an ordinary file stands there")
def _(bench: Bench) -> None:
    socket_path(bench.project).write_text("x")
    bench.run("query", "total price")


@fault(CODE, "`kill -9` in an ingest, at many of its system calls")
def _(bench: Bench) -> None:
    library, at = shim(), 1
    (bench.project / "shop.py").write_text(FILES["shop.py"] + "\n\ndef just_added():\n    pass\n")
    while bench.spawn("ingest", "--full", tell=False, LD_PRELOAD=library, KILL_AT=str(at)).code:
        assert bench.lost() == "nothing"
        at += max(3, at // 2)
    assert at > 4, "it was killed on the way"
    bench.run("query", "just_added")


@fault(CODE, "two ingests at once")
def _(bench: Bench) -> None:
    command = [sys.executable, "-m", "mnemo", "ingest", "--full"]
    both = [subprocess.Popen(command, env=bench.env(), cwd=bench.project, stdout=-3, stderr=-3) for _ in "ab"]
    assert [each.wait(60) for each in both] == [0, 0]
    bench.run("query", "total price")


# -- a project's files --------------------------------------------------------------------------


@fault(TREE, "a loop of links, a pipe, a socket, a device, a name that is not UTF-8, a path of 3,000 bytes")
def _(bench: Bench) -> None:
    (bench.project / "loop").symlink_to(bench.project)
    (bench.project / "self.py").symlink_to("self.py")
    os.mkfifo(bench.project / "pipe.py")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.bind(str(bench.project / "socket.py"))
    Path(os.fsdecode(os.fsencode(bench.project) + b"/caf\xe9.py")).write_text("def cafe():\n    pass\n")
    before = Path.cwd()
    os.chdir(bench.project)
    for _ in range(15):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    Path("deep.py").write_text("def very_deep():\n    pass\n")
    os.chdir(before)
    bench.run("ingest")
    bench.run("query", "very_deep", "--limit", "1")


@fault(TREE, "a file and a folder that cannot be read (mode 0000)")
def _(bench: Bench) -> None:
    (bench.project / "secret.py").write_text("def hidden():\n    pass\n")
    (bench.project / "closed").mkdir()
    (bench.project / "secret.py").chmod(0)
    (bench.project / "closed").chmod(0)
    bench.spawn("ingest", preexec=without_override)
    (bench.project / "closed").chmod(0o700)


@fault(TREE, "files that vanish and change while they are read")
def _(bench: Bench) -> None:
    stop = threading.Event()

    def disturb() -> None:
        number = 0
        while not stop.is_set():
            file = bench.project / f"gone_{number % 40}.py"
            file.unlink() if file.exists() else file.write_text(f"def gone_{number}():\n    pass\n")
            number += 1

    with ExitStack() as stack:
        thread = threading.Thread(target=disturb)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        codes = {bench.run("ingest", tell=False).code for _ in range(6)}
    assert codes == {0}, bench.said
    for file in bench.project.glob("gone_*"):
        file.unlink()
    bench.run("query", "total price")


@fault(TREE, "binary, empty and huge files with a source's name")
def _(bench: Bench) -> None:
    (bench.project / "binary.py").write_bytes(bytes(range(256)) * 99)
    (bench.project / "empty.py").touch()
    (bench.project / "huge.py").write_text("x = 1\n" * 200_000)
    bench.run("ingest")


# -- settings and models ------------------------------------------------------------------------


@fault(SETUP, "config.toml: no TOML, a wrong value, not UTF-8, a folder")
def _(bench: Bench) -> None:
    file = bench.config / "config.toml"
    for data in (b"[app\n", b'[app]\nanimations = "yes"\n', b"# caf\xe9\n"):
        file.write_bytes(data)
        bench.run("recall")
    file.unlink()
    file.mkdir()
    bench.run("recall")
    file.rmdir()


@fault(SETUP, "config.toml: cannot be written")
def _(bench: Bench) -> None:
    bench.config.chmod(0o500)
    bench.spawn("config", "set", "app.theme", "light", preexec=without_override)
    bench.config.chmod(0o700)


@fault(SETUP, "config.toml: dotted keys that an editor of TOML trips over")
def _(bench: Bench) -> None:
    (bench.config / "config.toml").write_text('app.theapp.theapp.e=""')
    bench.run("config", "set", "app.theme", "light")
    assert (bench.config / "config.toml").read_text() == 'app.theapp.theapp.e=""'


@fault(SETUP, ".env: a line that is none, not UTF-8")
def _(bench: Bench) -> None:
    for data in (b"FOO BAR\n", b"A=caf\xe9\n"):
        (bench.config / ".env").write_bytes(data)
        bench.run("providers")
        bench.run("ask", "what did I do?", tell=False)


@fault(SETUP, "a theme: wrong colour, or a name that is not there")
def _(bench: Bench) -> None:
    (bench.config / "themes").mkdir()
    (bench.config / "themes" / "mine.toml").write_text('[colours]\nprimary = "red"\n')
    bench.run("themes")
    bench.run("config", "set", "app.theme", "mine")


def _line(handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/json") -> None:
    handler.send_response(status)
    handler.send_header("content-type", kind)
    handler.end_headers()
    handler.wfile.write(body)


ANSWERS: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "never answers": lambda handler: time.sleep(2.5),
    "answers 500": lambda handler: _line(handler, 500, b"{}"),
    "answers 401": lambda handler: _line(handler, 401, b"{}"),
    "answers with a web page": lambda handler: _line(handler, 200, b"<html>login</html>", "text/html"),
    "streams rubbish": lambda handler: _line(handler, 200, b"data: {rubbish\n\n" * 3, "text/event-stream"),
    "hangs up in the middle": lambda handler: _line(
        handler, 200, b'data: {"choices":[{"delta":{"content":"The sea"}}]}\n\n', "text/event-stream"
    ),
}


def _asked(answer: Callable[[BaseHTTPRequestHandler], None]) -> Fault:
    def ask(bench: Bench) -> None:
        with model(answer) as env:
            bench.run("ask", "what did I do?", **env)

    return ask


for _what, _answer in ANSWERS.items():
    fault(MODELS, f"the model {_what}")(_asked(_answer))


@fault(MODELS, "nobody listens")
def _(bench: Bench) -> None:
    bench.run(
        "ask", "what did I do?", LOCAL_LLM_URL="http://127.0.0.1:1/v1/chat/completions", LOCAL_LLM_MODEL="m"
    )


# -- the page -----------------------------------------------------------------------------------


def make(folder: Path) -> dict[tuple[str, str], str]:
    """Break everything, each in a copy of one home below ``folder``; the rows of the page by what was broken."""
    model_home = Bench(folder / "whole")
    model_home.project.mkdir(parents=True)
    (model_home.project / ".git").mkdir()
    model_home.config.mkdir(mode=0o700)
    for name, text in FILES.items():
        (model_home.project / name).write_text(text)
    with MemoryDB(model_home.journal) as db:
        for words in WORDS:
            db.remember("sea", "joy", words)
    with RetrievalEngine.open(model_home.project) as engine:
        engine.ingest()
        engine.query("total price")
    with sqlite3.connect(
        model_home.index / "mnemosyne.db"
    ) as database:  # all of it in the file that is broken
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    rows = {}
    for group, faults in FAULTS.items():
        for number, (what, breaks) in enumerate(faults):
            home = folder / f"home-{len(rows)}-{number}"
            shutil.copytree(model_home.home, home, symlinks=True)
            bench = Bench(home)
            with suppress(UnavailableError):
                breaks(bench)
                rows[group, what] = _row(what, bench)
    return rows


def _row(what: str, bench: Bench) -> str:
    lost = bench.lost()
    seen = []
    for said in bench.said:
        line = said.text.splitlines()[0] if said.text else "(nothing)"
        seen.append(f"`{said.command}` → {said.code}: {_escaped(line[:220])}")
    return f"| {what} | {'<br>'.join(seen)} | {lost} |"


def _escaped(text: str) -> str:
    return re.sub(r"([|<>*_\[\]])", r"\\\1", text)


def page(rows: dict[tuple[str, str], str]) -> str:
    """The whole page."""
    parts = [HEAD]
    for group, faults in FAULTS.items():
        parts += [
            f"## {group}\n",
            "| what was broken | what mnemo said (command → exit code) | lost |",
            "|---|---|---|",
        ]
        parts += [rows[group, what] for what, _ in faults if (group, what) in rows]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mnemo-faults-") as name:
        PAGE.write_text(page(make(Path(name))))
