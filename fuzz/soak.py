"""Run the daemon or the app for a long time under what users and other programs do, and look for drift.

    python fuzz/soak.py daemon --minutes 10
    python fuzz/soak.py app --minutes 10 [--seed N]

daemon: random edits, new and lost files, ingests by another process, rubbish on the socket, workers and the
daemon itself killed; after each the daemon's answer must equal that of an engine in this process.
app: random keys by Pilot in several sizes while another process writes the journal; the app must not end by
an error, and every memory of either must be in a sound journal afterwards.

Told each minute: proportional memory (PSS), open files, threads and processes. Ends with 1 on a difference.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import gc
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from mnemo.retrieval import reply
from mnemo.retrieval.daemon import control
from mnemo.retrieval.daemon.client import NoDaemonError, call
from mnemo.retrieval.daemon.wire import socket_path
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import MemoryDB

QUESTIONS = (
    "how does a link of the hash chain get made", "frames after damage", "parse_when", "fsync", "thing_3",
    "what happens to a torn frame", "soak_marker", "storage/log.py", "snapshot of the index", "flock",
)  # fmt: skip
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"budget": 900},
    {"output": "xml"},
    {"output": "plain", "limit": 3},
    {"output": "markdown"},
)
SIZES = ((80, 24), (120, 40), (40, 12), (200, 60))
KEYS = (
    *"12345", *"12345", "j", "k", "h", "l", "up", "down", "left", "right", "enter", "escape", "tab", "space",
    "pageup", "pagedown", "home", "end", "/", "f", "n", "r", "t", "y", "e", "R", "u", "x", "?", "g", "G", "s",
    "ctrl+p", "escape", "escape", "a", "b", " ", "backspace", "plus", "minus", "ctrl+s", "shift+tab", "w",
)  # fmt: skip


class Usage:
    """What processes hold, told once a minute."""

    def __init__(self, pids: Any) -> None:
        self._pids = pids
        self._began = self._told = time.monotonic()

    def tell(self, note: str, *, now: bool = False) -> None:
        """Print a line, with ``note`` behind it, once a minute or ``now``."""
        if not now and time.monotonic() - self._told < 60:
            return
        self._told = time.monotonic()
        held = [found for pid in self._pids() if (found := _held(pid))]
        total = tuple(map(sum, zip(*held, strict=True))) if held else (0, 0, 0)
        minutes, pss = (self._told - self._began) / 60, total[0] // 1024
        print(
            f"{minutes:5.1f} min  PSS {pss:4} MB  files {total[1]:3}  threads {total[2]:3}"
            f"  processes {len(held)}  {note}",
            flush=True,
        )


def _held(pid: int) -> tuple[int, int, int] | None:
    """PSS in kB, open files and threads of a process; None when it is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return pss, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()), len(_tasks(pid))
    except OSError:
        return None


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _children(pid: int) -> list[int]:
    found = []
    with suppress(OSError):
        for task in _tasks(pid):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


# -- the daemon ---------------------------------------------------------------------------------


def soak_daemon(folder: Path, minutes: float, dice: random.Random) -> int:
    """Ask a daemon that is disturbed; 1 where it answered otherwise than an engine in this process."""
    import mnemo

    root = folder / "project"
    shutil.copytree(Path(mnemo.__file__).parent / "storage", root / "storage")
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    asked = differed = 0
    done: dict[str, int] = {}
    usage = Usage(lambda: [pid, *_children(pid)] if (pid := _pid(root)) else [])
    deadline = time.monotonic() + minutes * 60
    control.start(root, idle=3600)
    usage.tell("", now=True)
    try:
        while time.monotonic() < deadline:
            action = dice.choice((_edit, _edit, _add, _lose, _ingest, _rubbish, _kill_worker, _kill, _rest))
            action(root, dice)
            done[action.__name__[1:]] = done.get(action.__name__[1:], 0) + 1
            control.start(root, idle=3600)
            time.sleep(0.2)  # the system tells of changes in its own time: for so long they may be unknown
            for _ in range(4):
                text, options = dice.choice(QUESTIONS), dice.choice(OPTIONS)
                asked += 1
                differed += not _agree(
                    root, text, {"output": "json", "learn": False, "refresh": True, **options}
                )
            usage.tell(f"{asked} questions, {differed} differ")
        usage.tell(f"{asked} questions, {differed} differ", now=True)
    finally:
        control.stop(root)
    print("done:", ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    return 1 if differed else 0


def _agree(root: Path, text: str, options: dict[str, Any]) -> bool:
    for _ in range(3):
        try:
            theirs = call(root, "query", {"text": text, **options})
            break
        except NoDaemonError:  # the worker was killed over it: whoever asks helps himself
            control.start(root, idle=3600)
    else:
        print(f"no answer to {text!r}", flush=True)
        return False
    with RetrievalEngine.open(root) as engine:
        ours = reply.query(engine, text, options)
    if theirs["output"] == ours["output"]:
        return True
    print(f"differs: {text!r} {options}")
    there, here = (each["output"].splitlines() for each in (theirs, ours))
    print(*difflib.unified_diff(there, here, "daemon", "here", n=12, lineterm=""), sep="\n", flush=True)
    return False


def _pid(root: Path) -> int:
    found = control.status(root)
    return int(found["pid"]) if found else 0


def _files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def _edit(root: Path, dice: random.Random) -> None:
    file = dice.choice(_files(root))
    lines = file.read_text().splitlines()
    number = dice.randrange(1000)
    at = dice.randrange(len(lines) + 1)
    lines[at:at] = [
        "",
        "",
        f"def thing_{number}(value):",
        f'    """Soak marker {number}."""',
        "    return value",
    ]
    file.write_text("\n".join(lines) + "\n")


def _add(root: Path, dice: random.Random) -> None:
    (root / f"new_{dice.randrange(40)}.py").write_text(f"def soak_marker_{dice.randrange(99)}():\n    pass\n")


def _lose(root: Path, dice: random.Random) -> None:
    if new := sorted(root.glob("new_*.py")):
        dice.choice(new).unlink()


def _ingest(root: Path, dice: random.Random) -> None:
    full = ["--full"] if dice.random() < 0.2 else []
    command = [sys.executable, "-m", "mnemo", "ingest", *full, "--project", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if dice.random() < 0.4:  # killed in the middle
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.random() * 2)
        process.kill()
    process.wait(120)


def _rubbish(root: Path, dice: random.Random) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(5)
        link.connect(os.fspath(socket_path(root)))
        link.sendall(dice.randbytes(dice.randrange(1, 3000)))


def _kill_worker(root: Path, dice: random.Random) -> None:
    pid = _pid(root)
    for child in _children(pid) if pid else []:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _kill(root: Path, dice: random.Random) -> None:
    if dice.random() < 0.3 and (pid := _pid(root)):
        os.kill(pid, signal.SIGKILL)


def _rest(root: Path, dice: random.Random) -> None:
    time.sleep(dice.random())


# -- the app ------------------------------------------------------------------------------------

_WRITER = """
import sys, time
from mnemo.storage import MemoryDB
number = 0
while True:
    with MemoryDB(sys.argv[1]) as db:
        for _ in range(5):
            db.remember("soak", "joy", f"from elsewhere {number}", tags=["soak"])
            number += 1
            print(number, flush=True)
            time.sleep(0.5)
"""


def soak_app(folder: Path, minutes: float, dice: random.Random) -> int:
    """Press keys while another process writes; 1 where a memory is missing or the journal is unsound."""
    os.environ.update(EDITOR="true", VISUAL="true", BROWSER="true")
    journal, project = folder / "j.mnheme", folder / "project"
    _begin(journal, project)
    usage = Usage(lambda: [os.getpid()])
    deadline = time.monotonic() + minutes * 60
    pressed = 0
    with ExitStack() as stack:
        log = stack.enter_context((folder / "written").open("w+"))
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(journal)], stdout=log)
        stack.callback(writer.wait)
        stack.callback(writer.terminate)
        for size in _sizes(deadline):
            pressed += asyncio.run(
                _press(folder, journal, project, size, dice, min(deadline, time.monotonic() + 60))
            )
            gc.collect()
            usage.tell(f"{pressed} keys, last at {size[0]}x{size[1]}", now=True)
    written = int((folder / "written").read_text().split()[-1])
    with MemoryDB(journal) as db:
        found, sound = db.count("soak"), db.verify().sound
    print(f"{written} memories acknowledged to the other process, {found} found; sound: {sound}")
    return 0 if sound and found >= written else 1


def _sizes(deadline: float) -> Iterator[tuple[int, int]]:
    while time.monotonic() < deadline:
        yield from (size for size in SIZES if time.monotonic() < deadline)


def _begin(journal: Path, project: Path) -> None:
    import mnemo
    from mnemo.tui.demo import demo_records

    with MemoryDB(journal) as db:
        for record in demo_records():
            record.pop("revisits", None)
            db.remember(**record)
    shutil.copytree(Path(mnemo.__file__).parent / "llm", project / "llm")
    with RetrievalEngine.open(project) as engine:
        engine.ingest()


async def _press(
    folder: Path, journal: Path, project: Path, size: tuple[int, int], dice: random.Random, until: float
) -> int:
    from mnemo.tui.backend import Backend
    from mnemo.tui.opening import Opening
    from mnemo.tui.shell import MnemoApp
    from mnemo.tui.theme_watch import read
    from mnemo.tui.timeline.model import Query
    from mnemo.tui.timeline.reading import head

    found = read(None)
    opening = Opening(lambda: MemoryDB(journal), lambda db: head(db, Query()))
    backend = Backend(opening, folder / "j_drafts", folder / "filters.toml", project_dir=project)
    app = MnemoApp(backend, theme=found.themes["dark"], after_first_frame=lambda: found)
    pressed = 0
    async with app.run_test(size=size, notifications=True) as pilot:
        while time.monotonic() < until and app.is_running:
            recent = [dice.choice(KEYS) for _ in range(dice.randrange(1, 8))]
            await pilot.press(*recent)
            pressed += len(recent)
            if dice.random() < 0.05:
                await pilot.resize_terminal(*dice.choice(SIZES))
            if dice.random() < 0.2:
                await pilot.pause(dice.random() * 0.3)
    opening.close()
    return pressed


def main() -> int:
    """Soak what is asked for, in folders and a home that are deleted afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("daemon", "app"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="mnemo-soak-") as name:
        for key in [key for key in os.environ if key.startswith(("MNEMO_", "XDG_", "LLM_"))]:
            del os.environ[key]
        os.environ["HOME"] = name
        soak = soak_daemon if options.what == "daemon" else soak_app
        return soak(Path(name), options.minutes, random.Random(options.seed))


if __name__ == "__main__":
    sys.exit(main())
