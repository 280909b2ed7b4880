"""What the code index costs: time, size and memory of an ingest, and from a save to the answer.

Usage: python benchmarks/ingest_bench.py PROJECT... [--peer COMMAND] [--runs N] [--tree FILES]

Each PROJECT (an unpacked source distribution) is copied to a temporary folder and indexed there by the
installed `mnemo`. CPU is user and system time of the whole process tree, wall the whole command's; medians of
N runs with the files in the page cache. PSS is summed over all processes of the command, sampled every 20 ms.
``--peer`` is another indexer's executable with the verbs `init` and `ingest`, run beside in the same way.
``--tree`` makes a project of that many small files and ingests it again with nothing changed.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path

from mnemo.retrieval.engine import RetrievalEngine

MNEMO = [str(Path(sys.executable).with_name("mnemo"))]


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=1800)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def pss_of_tree(root: int) -> int:
    """Proportional set size of a process and its descendants, in bytes."""
    children: dict[int, list[int]] = {}
    for item in Path("/proc").iterdir():
        if item.name.isdigit():
            try:
                parent = int((item / "stat").read_text().rpartition(") ")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(item.name))
    total, queue = 0, [root]
    while queue:
        process = queue.pop()
        queue += children.get(process, [])
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total * 1024


def peak_pss(command: list[str], folder: Path) -> int:
    peak = 0
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            peak = max(peak, pss_of_tree(process.pid))
            time.sleep(0.02)
    return peak


def save_to_searchable(folder: Path, victim: Path) -> float:
    """Seconds from the end of a write until the index answers with it, `mnemo watch` running; median of 5."""
    from mnemo.retrieval.fulltext import FullText
    from mnemo.retrieval.store import Store

    watching = threading.Event()
    watcher = subprocess.Popen(
        [*MNEMO, "watch"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )

    def listen() -> None:
        assert watcher.stderr is not None
        for line in watcher.stderr:
            if "watching" in line:
                watching.set()

    threading.Thread(target=listen, daemon=True).start()
    found = []
    try:
        watching.wait(60)
        with Store.open(folder / ".mnemosyne" / "mnemosyne.db") as store:
            for number in range(5):
                word = f"searchable{number}marker"
                with victim.open("a") as file:
                    file.write(f"\n\ndef {word}():\n    return {number}\n")
                begun = time.perf_counter()
                while time.perf_counter() - begun < 30:
                    with store.reading() as connection:
                        if FullText(connection).matches(word_part(word)):
                            break
                    time.sleep(0.005)
                found.append(time.perf_counter() - begun)
                time.sleep(1)
    finally:
        watcher.terminate()
        watcher.wait()
    return statistics.median(found)


def word_part(word: str) -> str:
    from mnemo.retrieval.analysis import fold

    return f"={fold(word)}"


def row(name: str, runs: list[tuple[float, float]]) -> float:
    """Print medians of wall and CPU seconds; give the CPU's."""
    wall, cpu = (statistics.median(values) for values in zip(*runs, strict=True))
    print(f"{name:<40} wall {wall:7.3f} s   CPU {cpu:7.3f} s", flush=True)
    return cpu


def one(project: Path, runs: int, peer: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix="mnemo-bench-") as name:
        folder = Path(name) / project.name
        shutil.copytree(project, folder, symlinks=True, ignore=shutil.ignore_patterns(".mnemosyne"))

        def fresh() -> None:
            shutil.rmtree(folder / ".mnemosyne", ignore_errors=True)
            subprocess.run([*MNEMO, "init"], cwd=folder, check=True, capture_output=True)

        full = []
        for _ in range(runs):
            fresh()
            full.append(measure([*MNEMO, "ingest"], folder))
        with RetrievalEngine.open(folder) as engine:
            stats = engine.stats()
            indexed = [path for path, file in engine.store.known_files().items() if file.sha256 is not None]
        print(f"\n{project.name}: {stats.files} files, {stats.bytes / 1e6:.1f} MB, {stats.chunks} chunks")
        ours = row("full ingest", full)
        row("nothing changed", [measure([*MNEMO, "ingest"], folder) for _ in range(max(runs, 5))])
        victim = min(
            (folder / path for path in indexed if path.endswith((".py", ".js"))),
            key=lambda path: abs(path.stat().st_size - 40_000),
        )
        changed = []
        for number in range(max(runs, 5)):
            with victim.open("a") as file:
                file.write(
                    f"\n// changed {number}\n" if victim.suffix == ".js" else f"\n# changed {number}\n"
                )
            changed.append(measure([*MNEMO, "ingest"], folder))
        row(f"one file changed ({victim.name})", changed)
        share = stats.index_bytes / stats.bytes
        print(f"{'index size':<40} {stats.index_bytes / 1e6:.1f} MB = {share:.2f} x source")
        fresh()
        print(f"{'peak PSS, all processes':<40} {peak_pss([*MNEMO, 'ingest'], folder) / 1e6:.0f} MB")
        print(f"{'watch, save to searchable':<40} {save_to_searchable(folder, victim):.3f} s", flush=True)
        if peer:
            shutil.rmtree(folder / ".mnemosyne")
            subprocess.run([peer, "init"], cwd=folder, check=True, capture_output=True)
            theirs = row("peer, full ingest", [measure([peer, "ingest"], folder)])
            print(f"{'peer CPU / mnemo CPU':<40} {theirs / ours:.1f}")


def large_tree(files: int, runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="mnemo-bench-") as name:
        root = Path(name)
        for number in range(files):
            folder = root / f"part{number // 2500}" / f"group{number // 50}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"module{number}.py").write_text(
                f"def work_{number}(value):\n    return value + {number}\n"
            )
        subprocess.run([*MNEMO, "init"], cwd=root, check=True, capture_output=True)
        print(f"\na tree of {files} files")
        row("full ingest", [measure([*MNEMO, "ingest"], root)])
        row("nothing changed", [measure([*MNEMO, "ingest"], root) for _ in range(max(runs, 5))])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("projects", nargs="*", type=Path)
    parser.add_argument("--tree", type=int, default=0, help="also a tree of so many small files")
    parser.add_argument("--peer", help="executable of another indexer")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    print(
        f"mnemo {version('mnemo-tui')}, tree-sitter {version('tree-sitter')},"
        f" {platform.python_implementation()} {platform.python_version()}, {platform.system()},"
        f" {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f},"
        f" files in the page cache, {args.runs} runs"
    )
    for project in args.projects:
        one(project.resolve(), args.runs, args.peer)
    if args.tree:
        large_tree(args.tree, args.runs)


if __name__ == "__main__":
    main()
