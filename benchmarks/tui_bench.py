"""The app at a million memories, against a Textual hello in the same run.

First frame: wall and CPU seconds from starting the process to the first output that holds a row of
the journal, in a pseudo-terminal of 80x24, warm page cache, hello and mnemo in turn; with ``--project``, an
indexed project, from within it. Frames: CPU milliseconds from a key to the finished update of the screen,
headless, 120x40. All others: milliseconds from the key (or the end of the append) to the frame that
shows what it asked for, on the clock and of CPU in all threads (which other work on the machine leaves as it
is), for a project also in Explore, Arc, Cache and Mind.

``python benchmarks/tui_bench.py [--memories 1000000] [--folder DIR] [--runs 15] [--project DIR]``
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import platform
import pty
import random
import select
import shutil
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
from mnemo import RetrievalEngine
from tui_driver import Driver, Spent, driven, p95

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


def first_frame(argv: list[str], needle: bytes, env: dict[str, str], cwd: Path) -> Sighting:
    """Start a program in a terminal of its own, wait for ``needle`` in its output, and kill it."""
    start = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.chdir(cwd)
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


def bench_first_frame(journal: Path, row: str, runs: int, scratch: Path, project: Path | None) -> None:
    """Print the first frame of both, and their ratio pair by pair."""
    hello = scratch / "hello.py"
    hello.write_text(_HELLO)
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "MNEMO_CONFIG": str(scratch)}
    env |= {"MNEMO_JOURNAL": str(journal)}
    pairs = []
    for _ in range(runs + 1):
        base = first_frame([sys.executable, str(hello)], b"Hello", env, scratch)
        pairs.append(
            (base, first_frame([sys.executable, "-m", "mnemo", "tui"], row.encode(), env, project or scratch))
        )
    del pairs[0]
    for name, field in (("wall", 0), ("CPU", 1)):
        base = statistics.median(pair[0][field] for pair in pairs)
        ours = statistics.median(pair[1][field] for pair in pairs)
        ratio = statistics.median(pair[1][field] / pair[0][field] for pair in pairs)
        where = "an index beside it" if project is not None else "no index"
        print(
            f"first frame, {where}, {name}: hello {base:.3f} s, mnemo {ours:.3f} s, ratio {ratio:.2f} (1.5)"
        )


async def bench_timeline(journal: Path, scratch: Path) -> None:
    """Print what scrolling, paging, jumping, filtering and searching cost, and an arrival to its row."""
    from mnemo.tui.timeline.model import Query
    from mnemo.tui.timeline.pane import TimelinePane

    async with driven(journal, scratch) as driver:
        pane = driver.app.query_one(TimelinePane)
        memories = pane.memories
        await driver.until(lambda: len(memories.listing.refs) > 1000)
        await driver.quiet()
        total = len(memories.listing.refs)
        print(f"{total:,} memories, {memories.days.days:,} days")

        async def frames(label: str, act: Callable[[int], None], count: int = 30) -> None:
            spent = []
            for turn in range(count):
                before = driver.frames
                start = time.process_time()
                act(turn)
                await driver.until(lambda seen=before: driver.frames > seen)
                spent.append((time.process_time() - start) * 1000)
                await driver.quiet()
            print(f"{label}: median {statistics.median(spent):.1f} ms CPU, p95 {p95(spent):.1f} (target 16)")

        chooser = random.Random(1)
        await frames("line", lambda turn: memories.action_move(1))
        await frames("page", lambda turn: memories.action_page(1))
        await frames("jump", lambda turn: memories.go_to(chooser.randrange(total)))
        memories.action_edge(0)
        await driver.quiet()

        async def answers(label: str, queries: list[Query]) -> None:
            spent = [
                await driver.frame(
                    lambda query=query: pane.ask(query, keep=True),
                    lambda query=query: memories.listing.query == query,
                )
                for query in queries
            ]
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
        pane.ask(Query())
        await driver.quiet()

        other = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _WRITER,
            str(journal),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert other.stdin is not None
        assert other.stdout is not None
        await other.stdout.readline()
        arrived = []
        for number in range(20):

            async def one_more() -> None:
                other.stdin.write(b"\n")
                await other.stdout.readline()  # it is on the disk

            arrived.append(
                await driver.frame(
                    one_more, lambda count=total + number + 1: len(memories.listing.refs) == count
                )
            )
        other.stdin.close()
        await other.wait()
        _report("another process appends, to its row", arrived, 250)


_WRITER = """
import sys
from mnemo.storage import MemoryDB
with MemoryDB(sys.argv[1]) as db:
    print(flush=True)
    for line in sys.stdin:
        db.remember("Arrivals", "curiosity", "It came while the app was open.")
        print(flush=True)
"""
_QUESTIONS = ("queryset evaluated lazily", "csrf token", "migrate autodetector", "send_mail smtp")


async def bench_explore(journal: Path, project: Path, scratch: Path) -> None:
    """Print what typing in Explore costs, turning a knob, and moving in its list."""
    from mnemo.tui.explore.pane import ExplorePane

    async with driven(journal, scratch, project=project) as driver:
        await driver.key("3")
        pane = driver.app.query_one(ExplorePane)
        typed = []
        for question in _QUESTIONS:
            for end in range(1, len(question) + 1):
                text = question[:end]

                def write(text: str = text) -> None:
                    pane.question.value = text

                typed.append(
                    await driver.frame(
                        write,
                        lambda text=text: pane.result is not None and pane.result.asked.text == text,
                    )
                )
        _report("typing in Explore to new results", typed, 80)
        pane.tuning.focus()
        await driver.quiet()
        await driver.key("down")
        turned = []
        for turn in range(30):
            key = "right" if turn % 20 < 10 else "left"
            before = pane.result
            turned.append(await driver.key(key, lambda before=before: pane.result is not before))
        _report("turning a weight to the list ranked anew", turned, 50)
        pane.results.focus()
        await driver.quiet()
        await _keys(driver, "moving in Explore's list", ("down", "up"), lambda: pane.results.cursor)


async def bench_panes(journal: Path, project: Path, scratch: Path) -> None:
    """Print what a key costs in every pane, and what changing panes does, from the key to the frame."""
    from mnemo.tui.arc.pane import ArcPane
    from mnemo.tui.cache.pane import CachePane
    from mnemo.tui.mind.pane import MindPane
    from mnemo.tui.timeline.pane import TimelinePane

    with RetrievalEngine.open(project) as engine:  # keys for the cache to list
        for question in ("csrf token", "queryset lazy", "admin changelist"):
            engine.query(question, refresh=False)
    async with driven(journal, scratch, project=project) as driver:
        app = driver.app
        timeline = app.query_one(TimelinePane)
        await driver.until(lambda: len(timeline.memories.listing.refs) > 1000)
        await driver.quiet()
        await _keys(driver, "moving in the Timeline's list", ("down", "up"), lambda: timeline.memories.cursor)
        first = [
            await driver.key("ctrl+pagedown", lambda name=name: app.pane.id == name) for name in _PANES[1:]
        ]
        times = ", ".join(f"{each.wall:.0f} ({each.cpu:.0f} CPU)" for each in first)
        print(f"a pane's first time, ms wall: {times}, for Arc, Explore, Cache and Mind")
        mind = app.query_one(MindPane)
        for word in ("casa", "sea", "night", "friend"):
            await driver.pilot.press(*word, "enter")
            await driver.until(lambda: mind.turns and not mind.running)
            await driver.quiet()
        mind.talk.focus()
        await driver.quiet()
        await _keys(
            driver,
            "moving in Mind's conversation",
            ("pageup", "pagedown"),
            lambda: (mind.talk.cursor, mind.talk.scroll_y),
        )
        await driver.key("2", lambda: app.pane.id == "arc")
        arc = app.query_one(ArcPane)
        await driver.until(lambda: arc.viewport is not None)
        await driver.quiet()
        await _keys(driver, "moving in Arc", ("left", "right"), lambda: arc.viewport.cursor)
        await _keys(driver, "zooming in Arc", ("plus", "minus"), lambda: arc.viewport.window)
        await driver.key("4", lambda: app.pane.id == "cache")
        cache = app.query_one(CachePane)
        cache.board.keys.focus()
        await driver.quiet()
        await _keys(driver, "moving in Cache's keys", ("down", "up"), lambda: cache.board.keys.cursor)
        order = [_PANES[turn % 5] for turn in range(4, 34)]
        changed = [
            await driver.frame(lambda name=name: app.show_pane(name), lambda name=name: app.pane.id == name)
            for name in order
        ]
        _report("changing panes, all five in turn", changed, 50)


_PANES = ("timeline", "arc", "explore", "cache", "mind")


async def _keys(driver: Driver, label: str, keys: tuple[str, str], state: Callable[[], object]) -> None:
    """Press the one key and the other in turn; each has to change the state."""
    spent = []
    for turn in range(30):
        before = state()
        spent.append(await driver.key(keys[turn % 2], lambda before=before: state() != before))
    _report(label, spent, 50)


def _report(label: str, spent: list[Spent], target: int) -> None:
    walls, cpus = [each.wall for each in spent], [each.cpu for each in spent]
    print(
        f"{label}: median {statistics.median(walls):.1f} ms wall, p95 {p95(walls):.1f} (p95 {target}); "
        f"CPU {statistics.median(cpus):.1f} and {p95(cpus):.1f}",
        flush=True,
    )


def _words(journal: Path, count: int) -> list[str]:
    from mnemo.storage import MemoryDB

    chooser = random.Random(2)
    with MemoryDB(journal) as db:
        listing = db.listing()
        texts = [db.read(chooser.choice(listing.refs)).content for _ in range(count)]
    return [
        chooser.choice([word for word in text.split() if len(word) > 3] or ["mare"])[:8] for text in texts
    ]


def main() -> None:
    """Make or find the journal, and print every figure."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--memories", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mnemo-bench")
    arguments.add_argument("--runs", type=int, default=15)
    arguments.add_argument("--project", type=Path, help="an indexed project, for Explore, Cache and Mind")
    arguments.add_argument(
        "--only", choices=("timeline", "explore", "panes"), help="one part, no first frame"
    )
    chosen = arguments.parse_args()

    from mnemo.storage import MemoryDB
    from mnemo.tui.timeline.model import gist

    journal = write_journal(chosen.memories, chosen.folder).path
    with MemoryDB(journal) as db:
        db.index_text()
        newest = db.read(db.listing(limit=1).refs[0])
    row = gist(newest.content).split()[0][:12]
    packages = ", ".join(f"{name} {version(name)}" for name in ("textual", "rich"))
    print(
        f"Python {platform.python_version()}, {packages}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if chosen.only is None:
            bench_first_frame(journal, row, chosen.runs, scratch, chosen.project)
        # A copy, for memories are added to it.
        copy = scratch / "journal.mnheme"
        shutil.copy(journal, copy)
        shutil.copytree(journal.with_suffix(".mnemo"), copy.with_suffix(".mnemo"))
        if chosen.only in (None, "timeline"):
            asyncio.run(bench_timeline(copy, scratch))
        if chosen.project is not None and chosen.only in (None, "explore"):
            asyncio.run(bench_explore(copy, chosen.project, scratch))
        if chosen.project is not None and chosen.only in (None, "panes"):
            asyncio.run(bench_panes(copy, chosen.project, scratch))


if __name__ == "__main__":
    main()
