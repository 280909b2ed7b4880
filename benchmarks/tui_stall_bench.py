"""How long the app's event loop stands still while a project is indexed and memories arrive.

Each scenario is the app without a terminal in a process of its own, 120x40, over a copy of the journal,
while Django is indexed from nothing and 50 memories are appended by another process. Beside it a Textual
hello ticks in the same minutes: what it misses, the machine was too busy for. Wall milliseconds; ``by
itself`` is the longest without the time that the thread was ready and no processor free (Linux tells it).

``python benchmarks/tui_stall_bench.py PROJECT [--memories 1000000] [--folder DIR] [--rounds 2]``
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from journal_data import write_journal

_LIMIT = 600.0
_ARRIVE = """
import sys, time
from mnemo.storage import MemoryDB
with MemoryDB(sys.argv[1]) as db:
    for number in range(50):
        db.remember("Arrivals", "curiosity", f"Memory {number} came while the app was open.")
        time.sleep(float(sys.argv[2]))
"""


async def _app(scenario: str, journal: Path, project: Path, scratch: Path) -> dict[str, Any]:
    """Tick in the app; the other processes are started from here."""
    from mnemo.tui.explore.pane import ExplorePane
    from mnemo.tui.timeline.pane import TimelinePane
    from tui_driver import Heart, driven

    pane = "timeline" if scenario == "arrivals" else scenario
    async with driven(journal, scratch, project=project, pane="timeline") as driver:
        timeline = driver.app.query_one(TimelinePane)
        await driver.until(lambda: not timeline.memories.listing.partial)
        await driver.quiet()
        if pane != "timeline":
            await driver.pilot.press({"arc": "2", "explore": "3", "cache": "4"}[pane])
            await driver.quiet()
        heart = Heart()
        arrive = subprocess.Popen([sys.executable, "-c", _ARRIVE, str(journal), "0.2"])
        if scenario == "explore":
            explore = driver.app.query_one(ExplorePane)
            await driver.pilot.press("escape", "i")
            await driver.until(lambda: not explore.indexing.working)
        elif scenario != "arrivals":
            ingest = subprocess.Popen(_INGEST, cwd=project, stdout=subprocess.DEVNULL)
            await driver.until(lambda: ingest.poll() is not None)
        await driver.until(lambda: arrive.poll() is not None)
        total = timeline.memories
        await driver.until(lambda: len(total.listing.refs) % 1000 == 50 or pane != "timeline")
        await driver.quiet()
        beats = await heart.stop()
    return {"beats": beats}


async def _hello(stop: Callable[[], bool]) -> dict[str, Any]:
    """Tick in a hello until told to stop."""
    from textual.app import App
    from textual.widgets import Static
    from tui_driver import Heart

    class Hello(App[None]):
        def compose(self):
            yield Static("Hello")

    async with Hello().run_test(size=(120, 40)):
        heart = Heart()
        while not stop():
            await asyncio.sleep(0.05)
        return {"beats": await heart.stop()}


_INGEST = [sys.executable, "-m", "mnemo", "ingest"]
_SCENARIOS = {
    "arrivals": "Timeline, 50 memories by another process",
    "explore": "Explore indexes Django, 50 memories by another process",
    "timeline": "Timeline, another process indexes Django, 50 memories by a third",
    "arc": "Arc, another process indexes Django, 50 memories by a third",
    "cache": "Cache, another process indexes Django, 50 memories by a third",
}


def run(scenario: str, journal: Path, project: Path, scratch: Path) -> None:
    """Print one scenario's line."""
    copy = scratch / "journal.mnheme"
    shutil.rmtree(project / ".mnemosyne", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "mnemo", "init"], cwd=project, check=True, capture_output=True)
    gone = scratch / "stop"
    gone.unlink(missing_ok=True)
    this = [sys.executable, __file__]
    hello = subprocess.Popen([*this, "--hello", str(gone)], stdout=subprocess.PIPE)
    app = subprocess.run(
        [*this, "--app", scenario, str(copy), str(project), str(scratch)],
        stdout=subprocess.PIPE,
        timeout=_LIMIT,
        check=True,
    )
    gone.touch()
    base = hello.communicate(timeout=60)[0]
    ours, theirs = (json.loads(text)["beats"] for text in (app.stdout, base))
    late, busy, queued = ours[0] if ours else (0.0, 0.0, 0.0)
    own = max((beat[0] - beat[2] for beat in ours), default=0.0)
    print(
        f"{_SCENARIOS[scenario]}: longest {late:.0f} ms ({busy:.0f} at work, {queued:.0f} without "
        f"a processor), by itself {own:.0f}; hello {theirs[0][0] if theirs else 0:.0f} ms (target 50)",
        flush=True,
    )


def main() -> None:
    """Make or find the journal, and print every scenario."""
    if sys.argv[1:2] == ["--hello"]:
        gone = Path(sys.argv[2])
        print(json.dumps(asyncio.run(_hello(gone.exists))))
        return
    if sys.argv[1:2] == ["--app"]:
        scenario, *paths = sys.argv[2:]
        print(json.dumps(asyncio.run(_app(scenario, *map(Path, paths)))))
        return
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("project", type=Path, help="a project that may be copied and indexed")
    arguments.add_argument("--memories", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "mnemo-bench")
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--scenario", choices=[*_SCENARIOS], action="append")
    chosen = arguments.parse_args()

    from mnemo.storage import MemoryDB

    journal = write_journal(chosen.memories, chosen.folder).path
    with MemoryDB(journal) as db:
        db.index_text()
    print(
        f"Python {platform.python_version()}, textual {version('textual')}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, {chosen.memories:,} memories, warm page cache"
    )
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        project = scratch / "project"
        shutil.copytree(chosen.project, project, ignore=shutil.ignore_patterns(".mnemosyne"), symlinks=True)
        for scenario in chosen.scenario or _SCENARIOS:
            for _ in range(chosen.rounds):
                for kept in scratch.glob("journal*"):
                    shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
                shutil.copy(journal, scratch / "journal.mnheme")
                shutil.copytree(journal.with_suffix(".mnemo"), scratch / "journal.mnemo")
                run(scenario, journal, project, scratch)


if __name__ == "__main__":
    main()
