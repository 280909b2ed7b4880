"""The app at a million memories, against a Textual hello in the same run.

First frame: wall and CPU seconds from starting the process to the first output that holds a row of
the journal, in a pseudo-terminal of 80x24, warm page cache, hello and mnemo in turn.
Frames: CPU milliseconds from a key to the finished update of the screen, headless, 120x40.
Filters and search: wall milliseconds from the key to the frame that shows the answer. With an indexed
project (``--project``), so also for what is typed in Explore, its knobs and list, and changing panes.

``python benchmarks/tui_bench.py [--memories 1000000] [--folder DIR] [--runs 15] [--project DIR]``
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import gc
import os
import platform
import pty
import random
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from journal_data import write_journal

_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("Hello")
Hello().run()
"""
_TIMEOUT = 60


class Sighting(NamedTuple):
    """When a process first showed what was waited for: wall and CPU seconds."""

    wall: float
    cpu: float


def first_frame(argv: list[str], needle: bytes, env: dict[str, str]) -> Sighting:
    """Start a program in a terminal of its own, wait for ``needle`` in its output, and kill it."""
    start = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execvpe(argv[0], argv, env)
    seen = b""
    wall = None
    while time.perf_counter() - start < _TIMEOUT:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
            if needle in seen:
                wall = time.perf_counter() - start
                break
    os.kill(pid, signal.SIGKILL)
    usage = os.wait4(pid, 0)[2]
    os.close(terminal)
    if wall is None:
        raise SystemExit(f"{argv}: {needle!r} never came:\n{seen[-2000:].decode(errors='replace')}")
    return Sighting(wall, usage.ru_utime + usage.ru_stime)


def bench_first_frame(journal: Path, row: str, runs: int, scratch: Path) -> None:
    """Print the first frame of both, and their ratio pair by pair."""
    hello = scratch / "hello.py"
    hello.write_text(_HELLO)
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "MNEMO_CONFIG": str(scratch)}
    env |= {"MNEMO_JOURNAL": str(journal)}
    pairs = []
    for _ in range(runs + 1):
        base = first_frame([sys.executable, str(hello)], b"Hello", env)
        pairs.append((base, first_frame([sys.executable, "-m", "mnemo", "tui"], row.encode(), env)))
    del pairs[0]
    for name, field in (("wall", 0), ("CPU", 1)):
        base = statistics.median(pair[0][field] for pair in pairs)
        ours = statistics.median(pair[1][field] for pair in pairs)
        ratio = statistics.median(pair[1][field] / pair[0][field] for pair in pairs)
        print(f"first frame, {name}: hello {base:.3f} s, mnemo {ours:.3f} s, ratio {ratio:.2f} (target 1.5)")


async def bench_frames(journal: Path, scratch: Path) -> None:
    """Print what scrolling, paging, jumping, filtering and searching cost."""
    from mnemo.storage import MemoryDB
    from mnemo.tui.app import COLLECTED
    from mnemo.tui.backend import Backend
    from mnemo.tui.opening import Opening
    from mnemo.tui.shell import MnemoApp
    from mnemo.tui.timeline.model import Query
    from mnemo.tui.timeline.pane import TimelinePane
    from mnemo.tui.timeline.reading import head

    opening = Opening(lambda: MemoryDB(journal), lambda db: head(db, Query()))
    backend = Backend(opening, scratch / "drafts", scratch / "filters.toml")
    app = MnemoApp(backend)
    app.animation_level = "none"
    painted = 0
    shown = Query()

    async with app.run_test(size=(120, 40)) as pilot:
        pane = app.query_one(TimelinePane)
        memories = pane.memories
        show = app.screen._compositor_refresh

        def count_frames() -> None:
            nonlocal painted, shown
            asked = memories.listing.query  # what this frame shows
            show()
            painted += 1
            shown = asked

        app.screen._compositor_refresh = count_frames

        async def until(met: Callable[[], object]) -> None:
            while not met():
                await asyncio.sleep(0.001)  # a turn that spins would count as work

        async def quiet() -> None:
            for _ in range(3):
                await pilot._wait_for_screen()
                await until(lambda: all(worker.is_finished for worker in app.workers))

        gc.freeze()  # as the command does after the first frame
        gc.set_threshold(*COLLECTED)
        await until(lambda: len(memories.listing.refs) > 1000)
        await quiet()
        total = len(memories.listing.refs)
        print(f"{total:,} memories, {memories.days.days:,} days")

        async def frames(label: str, act: Callable[[int], None], count: int = 60) -> None:
            spent = []
            for turn in range(count):
                before = painted
                start = time.process_time()
                act(turn)
                await until(lambda seen=before: painted > seen)
                spent.append((time.process_time() - start) * 1000)
                await quiet()
            print(f"{label}: median {statistics.median(spent):.1f} ms CPU, p95 {_p95(spent):.1f} (target 16)")

        chooser = random.Random(1)
        await frames("line", lambda turn: memories.action_move(1))
        await frames("page", lambda turn: memories.action_page(1))
        await frames("jump", lambda turn: memories.go_to(chooser.randrange(total)))
        memories.action_edge(0)
        await quiet()

        async def answers(label: str, queries: list[Query]) -> None:
            spent = []
            for query in queries:
                start = time.perf_counter()
                pane.ask(query, keep=True)
                await until(lambda wanted=query: shown == wanted)
                spent.append((time.perf_counter() - start) * 1000)
                await quiet()
            _report(label, spent, 100)

        toggles = []
        for kind in ("feelings", "concepts", "tags"):
            for name in list(getattr(pane.facets, kind))[:12]:
                toggles += [Query().toggled(kind, name), Query()]
        await answers("filter toggle", toggles)
        words = await asyncio.to_thread(_words, journal, 12)
        await answers(
            "search key", [Query(text=word[:end]) for word in words for end in range(1, len(word) + 1)]
        )
    opening.close()


_QUESTIONS = ("queryset evaluated lazily", "csrf token", "migrate autodetector", "send_mail smtp")


async def bench_explore(journal: Path, project: Path, scratch: Path) -> None:
    """Print what typing in Explore costs, turning a knob, moving in its list, and changing panes."""
    from mnemo.storage import MemoryDB
    from mnemo.tui.app import COLLECTED
    from mnemo.tui.backend import Backend
    from mnemo.tui.explore.pane import ExplorePane
    from mnemo.tui.opening import Opening
    from mnemo.tui.shell import MnemoApp
    from mnemo.tui.timeline.model import Query
    from mnemo.tui.timeline.reading import head

    opening = Opening(lambda: MemoryDB(journal), lambda db: head(db, Query()))
    backend = Backend(opening, scratch / "drafts", scratch / "filters.toml", project_dir=project)
    app = MnemoApp(backend)
    app.animation_level = "none"
    frame: tuple[object, object, int] = (None, None, 0)

    async with app.run_test(size=(120, 40)) as pilot:
        show = app.screen._compositor_refresh
        gc.freeze()
        gc.set_threshold(*COLLECTED)

        async def until(met: Callable[[], object]) -> None:
            while not met():
                await asyncio.sleep(0.001)

        async def quiet() -> None:
            for _ in range(3):
                await pilot._wait_for_screen()
                await until(lambda: all(worker.is_finished for worker in app.workers))

        await pilot.press("3")
        await quiet()
        pane = app.query_one(ExplorePane)

        def count_frames() -> None:
            nonlocal frame
            result = pane.result
            state = (app.pane.id, result.asked if result is not None else None, pane.results.cursor)
            show()
            frame = state

        app.screen._compositor_refresh = count_frames

        async def timed(act: Callable[[], object], met: Callable[[], object]) -> float:
            start = time.perf_counter()
            act()
            await until(met)
            spent = (time.perf_counter() - start) * 1000
            await quiet()
            return spent

        typed = []
        for question in _QUESTIONS:
            for end in range(1, len(question) + 1):
                text = question[:end]

                def write(text: str = text) -> None:
                    pane.question.value = text

                typed.append(
                    await timed(write, lambda text=text: frame[1] is not None and frame[1].text == text)
                )
        _report("typing in Explore to new results", typed, 80)
        turned = []
        for turn in range(40):
            asked = pane.asked.weighed("bm25", (turn % 20) / 10)
            turned.append(
                await timed(lambda asked=asked: pane.ask(asked), lambda asked=asked: frame[1] == asked)
            )
        _report("turning a weight to the list ranked anew", turned, 50)
        moved = []
        pane.results.focus()
        for turn in range(40):
            place = (turn % 20) + 1
            moved.append(
                await timed(
                    lambda place=place: setattr(pane.results, "cursor", place),
                    lambda place=place: frame[2] == place,
                )
            )
        _report("moving in the list", moved, 50)
        changed = []
        for turn in range(20):
            name = ("timeline", "explore")[turn % 2]
            changed.append(
                await timed(
                    lambda name=name: app.run_worker(app.show_pane(name)), lambda name=name: frame[0] == name
                )
            )
        _report("changing panes", changed, 50)
    opening.close()


def _report(label: str, spent: list[float], target: int) -> None:
    middle = statistics.median(spent)
    print(f"{label}: median {middle:.1f} ms wall, p95 {_p95(spent):.1f} (target p95 {target})")


def _words(journal: Path, count: int) -> list[str]:
    from mnemo.storage import MemoryDB

    chooser = random.Random(2)
    with MemoryDB(journal) as db:
        listing = db.listing()
        texts = [db.read(chooser.choice(listing.refs)).content for _ in range(count)]
    return [
        chooser.choice([word for word in text.split() if len(word) > 3] or ["mare"])[:8] for text in texts
    ]


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, int(len(values) * 0.95) - 1)]


def main() -> None:
    """Make or find the journal, and print every figure."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--memories", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mnemo-bench")
    arguments.add_argument("--runs", type=int, default=15)
    arguments.add_argument("--project", type=Path, help="an indexed project, for Explore")
    chosen = arguments.parse_args()

    from mnemo.storage import MemoryDB
    from mnemo.tui.timeline.model import gist

    journal = write_journal(chosen.memories, chosen.folder).path
    with MemoryDB(journal) as db:
        db.index_text()
        newest = db.read(db.listing(limit=1).refs[0])
    row = gist(newest.content).split()[0][:12]
    packages = ", ".join(f"{name} {version(name)}" for name in ("textual", "rich"))
    print(f"Python {platform.python_version()}, {packages}, {os.cpu_count()} cores, warm page cache")
    with tempfile.TemporaryDirectory() as folder:
        bench_first_frame(journal, row, chosen.runs, Path(folder))
        asyncio.run(bench_frames(journal, Path(folder)))
        if chosen.project is not None:
            asyncio.run(bench_explore(journal, chosen.project, Path(folder)))


if __name__ == "__main__":
    main()
