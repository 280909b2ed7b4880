"""Whole commands, against a typer app with one empty command in the same run.

    python benchmarks/cli_bench.py --folder DIR [--frames 1000000] [--runs 30]

CPU is user and system time of the finished process (``wait4``), wall is from fork to end; both medians. The
commands take turns, so that a drift of the machine meets all of them. The journal has its snapshot and its
full text, both in the page cache, as after any earlier command.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import mnemo
from journal_data import write_journal
from mnemo import MemoryDB

EMPTY = "import typer\napp = typer.Typer()\n@app.command()\ndef nothing() -> None: ...\napp()\n"


def once(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return usage.ru_utime + usage.ru_stime, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=30)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    path = write_journal(args.frames, args.folder, chained=True).path
    with MemoryDB(path) as db:
        db.index_text()
        known = next(iter(db.tags()))
    env = {**os.environ, "MNEMO_JOURNAL": str(path)}
    mnemo_command = str(Path(sys.executable).parent / "mnemo")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        commands = {
            "empty typer app": [sys.executable, str(empty)],
            "mnemo --version": [mnemo_command, "--version"],
            "mnemo recall --limit 10 --json": [mnemo_command, "recall", "--limit", "10", "--json"],
            "mnemo concepts --json": [mnemo_command, "concepts", "--json"],
            "mnemo search WORD --limit 10 --json": [
                mnemo_command, "search", known, "--limit", "10", "--json",
            ],
        }  # fmt: skip
        for command in commands.values():
            once(command, env)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(args.runs):
            for name, command in commands.items():
                taken[name].append(once(command, env))
    print(
        f"mnemo {mnemo.__version__}, typer {version('typer')}, Python {platform.python_version()}, "
        f"{args.frames:,} memories, {args.runs} runs, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':38}{'CPU s':>8}{'x empty':>9}{'wall s':>8}{'x empty':>9}")
    base = taken["empty typer app"]
    for name, runs in taken.items():
        row = f"{name:38}"
        for clock in (0, 1):
            ratio = statistics.median(
                mine[clock] / theirs[clock] for mine, theirs in zip(runs, base, strict=True)
            )
            row += f"{statistics.median(run[clock] for run in runs):8.3f}{ratio:9.2f}"
        print(row)


if __name__ == "__main__":
    main()
