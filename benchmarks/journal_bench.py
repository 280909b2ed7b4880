"""The journal's speed and memory: append, bulk append, open, count and read, beside a raw fsync and a peer.

``python benchmarks/journal_bench.py --folder /tmp/journals [--frames 2000 200000 1000000] [--peer DIR]``

Times are wall clock, medians unless told otherwise, of the call alone (imports are done); what is
opened is in the page cache. Every opening is in a fresh process. PSS (``smaps_rollup``) is what it
has beyond a bare interpreter's. ``--peer`` is a checkout of the reference engine whose format the
journal has; it is skipped where absent. The 200 killed writers are a test:
``MNEMO_KILLS=200 pytest tests/storage/test_crash.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from journal_data import CONCEPTS, write_journal

ROUNDS = 300
PEER_SECONDS = 20.0
CONTENT = ("the sea in winter, and nobody on the beach but us and the dog; " * 5)[:220]


# -- what a fresh process measures -----------------------------------------------------------------


def pss_kb() -> int:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def median_us(call: Callable[[], object], rounds: int) -> float:
    """Median wall time of a call in microseconds; calls of less than a tick's error go in groups."""
    group = 100 if rounds >= 1000 else 1
    taken = []
    for _ in range(max(5, rounds // group)):
        began = time.perf_counter_ns()
        for _ in range(group):
            call()
        taken.append((time.perf_counter_ns() - began) / group / 1000)
    return statistics.median(taken)


def raw_append(path: Path) -> Callable[[], float]:
    """A bare 400-byte write and fsync, in microseconds: the floor of an append."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    block = b"x" * 400

    def append() -> float:
        began = time.perf_counter_ns()
        os.write(fd, block)
        os.fsync(fd)
        return (time.perf_counter_ns() - began) / 1000

    return append


def interleaved(remember: Callable[[int], object], path: Path, seconds: float) -> dict[str, float]:
    raw = raw_append(path.with_suffix(".raw"))
    raws, ours = [], []
    until = time.perf_counter() + seconds
    for number in range(ROUNDS):
        raws.append(raw())
        began = time.perf_counter_ns()
        remember(number)
        ours.append((time.perf_counter_ns() - began) / 1000)
        if time.perf_counter() > until and number >= 2:
            break
    return {"raw_us": statistics.median(raws), "us": statistics.median(ours), "n": len(ours)}


def measure_ours(what: str, path: Path, frames: int) -> dict[str, float]:
    from mnemo.storage import MemoryDB

    if what == "remember":
        with MemoryDB(path) as db:
            db.remember("bench", "joy", CONTENT)
            return interleaved(lambda _: db.remember("bench", "joy", CONTENT), path, 60)
    if what == "many":
        began = time.perf_counter()
        with MemoryDB(path) as db:
            db.remember_many(
                {"concept": CONCEPTS[number % 40], "feeling": "joy", "content": CONTENT, "tags": ["bench"]}
                for number in range(frames)
            )
            taken = time.perf_counter() - began
        return {
            "rate": frames / taken,
            "cpu_rate": frames / time.process_time(),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    began = time.perf_counter()
    db = MemoryDB(path)
    opened = time.perf_counter() - began
    assert db.count() >= frames
    found = {"open_ms": opened * 1000, "cpu_ms": time.process_time() * 1000, "pss_kb": pss_kb()}
    if what == "read":
        concept = max(db.concepts(), key=db.concepts().__getitem__)
        found |= {
            "count_us": median_us(db.count, 20_000),
            "concept_us": median_us(lambda: db.count(concept), 5_000),
            "distribution_us": median_us(db.feeling_distribution, 2_000),
            "recall_us": median_us(lambda: db.recall(limit=10), 500),
            "recall_concept_us": median_us(lambda: db.recall(concept, limit=10), 500),
            "timeline_us": median_us(lambda: db.concept_timeline(concept), 20),
            "timeline_n": len(db.concept_timeline(concept)),
            "pss_read_kb": pss_kb(),
        }
    db.close()
    return found


def measure_peer(what: str, path: Path, frames: int) -> dict[str, float]:
    from mnheme import MemoryDB  # type: ignore[import-not-found]

    began = time.perf_counter()
    db = MemoryDB(path)
    opened = time.perf_counter() - began
    if what == "remember":
        return interleaved(lambda _: db.remember("bench", "gioia", CONTENT), path, PEER_SECONDS)
    if what == "many":
        began = time.perf_counter()
        db.remember_many(
            [
                {"concept": CONCEPTS[number % 40], "feeling": "gioia", "content": CONTENT, "tags": ["bench"]}
                for number in range(frames)
            ]
        )
        return {
            "rate": frames / (time.perf_counter() - began),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    found = {"open_ms": opened * 1000, "pss_kb": pss_kb()}
    if what == "read":
        concept = CONCEPTS[0]
        found |= {
            "count_us": median_us(db.count, 2_000),
            "distribution_us": median_us(db.feeling_distribution, 1_000),
            "recall_concept_us": median_us(lambda: db.recall(concept, limit=10), 100),
            "timeline_us": median_us(lambda: db.concept_timeline(concept), 5),
        }
    return found


# -- the table -------------------------------------------------------------------------------------


class Bench:
    """Runs each measurement in a process of its own and prints a row for each figure."""

    def __init__(self, folder: Path, peer: Path | None) -> None:
        self.folder = folder
        self.peer = peer
        self.bare_kb = self.run("bare", folder, 0)["pss_kb"]

    def run(self, what: str, path: Path, frames: int, *, peer: bool = False) -> dict[str, float]:
        command = [sys.executable, __file__, "--child", what, "--path", str(path), "--frames", str(frames)]
        environment = dict(os.environ)
        if peer:
            command.append("--as-peer")
            environment["PYTHONPATH"] = str(self.peer)
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=1800, check=True, env=environment
        )
        result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return result

    def journal(self, frames: int, name: str) -> Path:
        """A copy to spoil, in the page cache and without anything derived."""
        source = write_journal(frames, self.folder).path
        path = self.folder / f"bench-{name}.mnheme"
        shutil.rmtree(path.with_suffix(".mnemo"), ignore_errors=True)
        path.with_suffix(".index.json").unlink(missing_ok=True)
        shutil.copyfile(source, path)
        return path

    def mb(self, pss_kb: float) -> str:
        return f"{(pss_kb - self.bare_kb) / 1024:.0f} MB"

    def ours(self, sizes: list[int]) -> Iterator[tuple[str, str, str, str]]:
        first = 0.0
        for frames in sizes:
            path = self.journal(frames, "remember")
            self.run("open", path, frames)  # leaves the snapshot
            found = self.run("remember", path, frames)
            first = first or found["us"]
            beside = f"raw write + fsync {found['raw_us']:.0f} us: {found['us'] / found['raw_us']:.2f} x"
            yield (
                "remember, fsync",
                f"{frames:,}",
                f"{found['us']:.0f} us",
                f"{beside}; {found['us'] / first:.2f} x the first size",
            )
        largest = sizes[-1]
        path = self.journal(2_000, "many")
        path.unlink()
        found = self.run("many", path, largest)
        yield (
            "remember_many",
            f"{largest:,}",
            f"{found['rate']:,.0f} records/s",
            f"{found['cpu_rate']:,.0f} a CPU-second; peak RSS {found['peak_mb']:.0f} MB",
        )
        path = self.journal(largest, "open")
        found = self.run("open", path, largest)
        yield (
            "open without a snapshot",
            f"{largest:,}",
            f"{found['open_ms']:.0f} ms",
            f"CPU {found['cpu_ms']:.0f} ms, imports included; PSS {self.mb(found['pss_kb'])}",
        )
        opened = [self.run("open", path, largest) for _ in range(5)]
        taken = statistics.median(each["open_ms"] for each in opened)
        yield "open with a snapshot", f"{largest:,}", f"{taken:.1f} ms", f"PSS {self.mb(opened[0]['pss_kb'])}"
        found = self.run("read", path, largest)
        yield (
            "count()",
            f"{largest:,}",
            f"{found['count_us']:.2f} us",
            f"of a concept {found['concept_us']:.1f} us",
        )
        yield "feeling_distribution()", f"{largest:,}", f"{found['distribution_us']:.1f} us", ""
        yield (
            "recall(limit=10)",
            f"{largest:,}",
            f"{found['recall_us']:.0f} us",
            f"of a concept {found['recall_concept_us']:.0f} us",
        )
        yield (
            "concept_timeline()",
            f"{largest:,}",
            f"{found['timeline_us'] / 1000:.1f} ms",
            f"{found['timeline_n']:,.0f} points; all reads done, PSS {self.mb(found['pss_read_kb'])}",
        )

    def theirs(self, sizes: list[int]) -> Iterator[tuple[str, str, str, str]]:
        for frames in sizes:
            path = self.journal(frames, "peer")
            found = self.run("open", path, frames, peer=True)
            yield (
                "open without its index",
                f"{frames:,}",
                f"{found['open_ms']:.0f} ms",
                f"PSS {self.mb(found['pss_kb'])}",
            )
            found = self.run("remember", path, frames, peer=True)
            beside = f"raw write + fsync {found['raw_us']:.0f} us: {found['us'] / found['raw_us']:.0f} x"
            yield (
                "remember, fsync",
                f"{frames:,}",
                f"{found['us'] / 1000:.1f} ms",
                f"{beside} (n={found['n']:.0f})",
            )
            found = self.run("read", path, frames, peer=True)
            yield (
                "open with its index",
                f"{frames:,}",
                f"{found['open_ms']:.0f} ms",
                f"PSS {self.mb(found['pss_kb'])}",
            )
            reads = (
                f"distribution {found['distribution_us']:.0f} us, "
                f"recall(concept, limit=10) {found['recall_concept_us']:.0f} us"
            )
            yield (
                "count()",
                f"{frames:,}",
                f"{found['count_us']:.2f} us",
                f"{reads}, timeline {found['timeline_us'] / 1000:.1f} ms",
            )
        path = self.journal(2_000, "peer")
        path.unlink()
        found = self.run("many", path, sizes[-1], peer=True)
        yield (
            "remember_many",
            f"{sizes[-1]:,}",
            f"{found['rate']:,.0f} records/s",
            f"peak RSS {found['peak_mb']:.0f} MB",
        )


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--folder", type=Path, default=Path("/tmp/journals"), help="where journals are made"
    )
    arguments.add_argument("--frames", type=int, nargs="+", default=[2_000, 200_000, 1_000_000])
    arguments.add_argument("--peer", type=Path, help="a checkout of the reference engine")
    arguments.add_argument("--peer-frames", type=int, nargs="+", default=[2_000, 200_000])
    arguments.add_argument("--child", help=argparse.SUPPRESS)
    arguments.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--as-peer", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        found: dict[str, Any]
        if given.child == "bare":
            found = {"pss_kb": int(subprocess.run(BARE, capture_output=True, text=True, check=True).stdout)}
        else:
            measure = measure_peer if given.as_peer else measure_ours
            found = measure(given.child, given.path, given.frames[0])
        print(json.dumps(found))
        return
    bench = Bench(given.folder, given.peer)
    print(
        f"mnemo {version('mnemo-tui')}, Python {platform.python_version()}, {platform.platform()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"bare interpreter {bench.bare_kb / 1024:.0f} MB PSS\n"
    )
    table("mnemo", bench.ours(sorted(given.frames)))
    if given.peer is not None and (given.peer / "mnheme.py").exists():
        table("reference engine", bench.theirs(sorted(given.peer_frames)))
    else:
        print("reference engine: skipped, no checkout was given with --peer")
    for left in given.folder.glob("bench-*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


BARE = [
    sys.executable,
    "-c",
    "print(next(l.split()[1] for l in open('/proc/self/smaps_rollup') if l.startswith('Pss:')))",
]


def table(title: str, rows: Iterator[tuple[str, str, str, str]]) -> None:
    print(f"| {title} | records | figure | beside |\n|---|---|---|---|", flush=True)
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


if __name__ == "__main__":
    main()
