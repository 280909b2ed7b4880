"""One hour of use, compressed: whether the app's memory grows.

The app without a terminal, 120x40, over a journal of a million memories and an indexed project. A round
is what somebody does in a minute: moves, filters, searches, begins a memory, looks along the arc, asks
Explore and turns a knob, plays a workload in the cache, asks Mind, and then does nothing for three seconds.
Sixty rounds are the hour. PSS in MB as it is, with no collection but the app's own, once ten rounds have
loaded everything there is to load, and at the end.

``python benchmarks/tui_memory_bench.py PROJECT [--memories 1000000] [--folder DIR] [--rounds 60] [--where]``
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import tempfile
import time
import tracemalloc
from importlib.metadata import version
from pathlib import Path

from journal_data import write_journal
from mnemo.storage import MemoryDB
from tui_driver import Driver, driven

_LOADED = 10
_QUESTIONS = ("queryset lazy", "csrf token", "autodetector", "send mail", "cache backend", "form field clean")
_WORDS = ("casa", "notte", "light", "friend", "strada", "caffe")


class _Hour:
    """What is done, and how often."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.actions = 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.driver.pilot.press(key)
            self.actions += 1
        await self.driver.quiet()

    async def round(self, turn: int) -> None:
        """A minute."""
        word, question = _WORDS[turn % len(_WORDS)], _QUESTIONS[turn % len(_QUESTIONS)]
        await self.press("1", *["down"] * 5, "pagedown", "pagedown", "end", "home")
        await self.press("f", "f", "escape")
        await self.press("slash", *word, "enter", "down", "escape", "escape")
        await self.press("n", *word, "escape")
        await self.press("d", "f8", "f8")
        await self.press("2", "left", "left", "plus", "plus", "minus", "minus", "v", "v", "v", "v", "0")
        await self.press("3", "slash", "end", "ctrl+u", *["space" if c == " " else c for c in question])
        await self.press("enter", "down", "space", "down", "x", "v", "v", "v", "plus", "minus")
        await self.press("tab", "down", "right", "right", "left", "left", "tab")
        await self.press("4", "r", "n", "N", "N", "escape", "v", "v", "v", "v")
        await self.press("5", "escape", "a", *word, "enter")
        await self.press("escape", "escape", "question_mark", "escape", "ctrl+p", "escape", "1", "escape")


def _pss() -> float:
    """MB that this process holds, shared pages by their share."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(text.partition("\nPss:")[2].split()[0]) / 1024


def _own() -> float:
    """MB of it that are no pages of files: what mnemo itself keeps."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(text.partition("\nPss_Anon:")[2].split()[0]) / 1024


async def _run(journal: Path, project: Path, scratch: Path, rounds: int, *, where: bool) -> None:
    async with driven(journal, scratch, project=project) as driver:
        hour = _Hour(driver)
        begun = time.perf_counter()
        before = own = 0.0
        first = None
        for turn in range(_LOADED + rounds):
            if turn == _LOADED:
                before, own = _pss(), _own()
                hour.actions = 0
                if where:
                    tracemalloc.start(8)
                    first = tracemalloc.take_snapshot()
            await hour.round(turn)
            await asyncio.sleep(3)
            if turn % 10 == 9:
                print(f"round {turn + 1}: {_pss():.1f} MB, {_own():.1f} of them anonymous", flush=True)
        after, own_after = _pss(), _own()
        print(
            f"{rounds} minutes, {hour.actions:,} keys in {time.perf_counter() - begun:.0f} s: "
            f"PSS {before:.1f} to {after:.1f} MB, {after - before:+.1f} (target 20); "
            f"anonymous {own:.1f} to {own_after:.1f}, {own_after - own:+.1f}"
        )
        if first is not None:
            for line in tracemalloc.take_snapshot().compare_to(first, "lineno")[:25]:
                print(line)


def main() -> None:
    """Make or find the journal, and use the app for an hour."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("project", type=Path, help="an indexed project")
    arguments.add_argument("--memories", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mnemo-bench")
    arguments.add_argument("--rounds", type=int, default=60)
    arguments.add_argument("--where", action="store_true", help="say which lines hold what was added")
    chosen = arguments.parse_args()
    journal = write_journal(chosen.memories, chosen.folder).path
    with MemoryDB(journal) as db:
        db.index_text()
    print(
        f"Python {platform.python_version()}, textual {version('textual')}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, {chosen.memories:,} memories"
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        copy = scratch / "journal.mnheme"
        shutil.copy(journal, copy)
        shutil.copytree(journal.with_suffix(".mnemo"), copy.with_suffix(".mnemo"))
        asyncio.run(_run(copy, chosen.project, scratch, chosen.rounds, where=chosen.where))


if __name__ == "__main__":
    main()
