"""What the two designs that mnemo comes from say of themselves, with what mnemo does beside it.

    python benchmarks/claims_bench.py [--project DIR] [--folder DIR]

The claims are of other machines (an AMD Ryzen 7 and a 9p file system), so they are no baseline:
`journal_bench` and `query_bench` run both engines on one machine. Here the same sizes are taken: a journal of
2,000 memories, and a Python project (mnemo's own package by default) copied and indexed from nothing. Wall
clock, medians, page cache warm; PSS of a process that has answered questions, beyond its modules.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mnemo
from mnemo import Config, MemoryDB, RetrievalEngine
from mnemo.retrieval.project import init_project

MEMORIES = 2_000
QUESTIONS = (
    "where is a torn record set aside",
    "append only log",
    "how is the token budget filled",
    "RetrievalEngine.query",
    "rate limit of a provider",
    "parse a date that a person types",
    "retrieval/fusion.py",
    "which feelings are there",
    "draw a line with braille dots",
    "JournalError: cannot open",
)

MEMORY = """
import sys
from pathlib import Path
def pss():
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024
from mnemo import RetrievalEngine
import mnemo.retrieval.query, mnemo.retrieval.store
bare = pss()
with RetrievalEngine.open(sys.argv[1]) as engine:
    for question in sys.argv[2:]:
        engine.query(question, refresh=False)
    print(pss() - bare)
"""


def milliseconds(call: Callable[[], object], times: int) -> float:
    """The median wall time of a call in ms."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def rate(ms: float) -> str:
    """A time as the designs give it: with operations a second."""
    return f"{ms:.2g} ms, {1000 / ms:,.0f} a second" if ms < 100 else f"{ms:,.0f} ms"


def table(title: str, rows: Iterable[tuple[str, str, str]]) -> None:
    """Print a table of claims."""
    print(f"\n| {title} | the claim | mnemo |\n|---|---|---|", flush=True)
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def records(count: int) -> Iterable[dict[str, object]]:
    """Memories of about 370 bytes a record."""
    feelings = ("fear", "joy", "serenity", "sadness", "gratitude")
    concepts = ("Debt", "Family", "Work", "Travel", "Sea")
    for number in range(count):
        yield {
            "concept": concepts[number % 5],
            "feeling": feelings[number % 3 + number % 2],
            "content": f"Memory {number}: opened the letter from the bank{' again' * (number * 7919 % 31)}.",
            "tags": ["bank", f"tag{number % 40}"],
            "at": datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=number),
        }


def journal(folder: Path) -> Iterable[tuple[str, str, str]]:
    """The first design's figures."""
    made = list(records(MEMORIES + 400))
    path = folder / "claims.mnheme"
    with MemoryDB(path) as db:
        db.remember_many(made[:MEMORIES])
        more = iter(made[MEMORIES:])
        fast = milliseconds(lambda: db.remember(**next(more)), 200)  # type: ignore[arg-type]
    yield "remember() with fsync", "1.8 ms, 552 a second", rate(fast)
    with MemoryDB(path, fsync_policy="never") as db:
        fast = milliseconds(lambda: db.remember(**next(more)), 200)  # type: ignore[arg-type]
        yield "remember() without fsync", "0.2 ms, 4,632 a second", rate(fast)
        count = milliseconds(lambda: [db.count() for _ in range(10_000)], 9) / 10_000
        yield "count()", "2,774,322 a second", rate(count)
        feelings = milliseconds(lambda: [db.feeling_distribution() for _ in range(100)], 9) / 100
        yield "feeling_distribution()", "0.003 ms, 277,865 a second", rate(feelings)
        ten = milliseconds(lambda: db.recall("Debt", limit=10), 200)
        yield "recall(concept, limit=10)", "1.5 ms, 636 a second", rate(ten)
        db.index_text()
        everything = milliseconds(lambda: db.search("tag7"), 9)
        yield "search(), a word of one memory in forty", "40 ms, 24 a second", rate(everything)
        five = milliseconds(lambda: db.search("bank", limit=5), 100)
        yield "search(limit=5), a word of every memory", "0.1 ms, 8,348 a second", rate(five)
    size = path.stat().st_size / (MEMORIES + 400)
    shutil.rmtree(path.with_name("claims.mnemo"), ignore_errors=True)

    def opened() -> None:
        shutil.rmtree(path.with_name("claims.mnemo"), ignore_errors=True)
        MemoryDB(path).close()

    cold = milliseconds(opened, 9)
    read = (MEMORIES + 400) / cold * 1000
    yield "cold start, every record read", "40 ms, 49,000 records a second", f"{cold:.0f} ms, {read:,.0f}"
    yield (
        "bytes a record",
        "374",
        f"{size:.0f}, of which about 90 are the link of the hash chain and the offset",
    )


def code(project: Path) -> Iterable[tuple[str, str, str]]:
    """The second design's figures."""
    began = time.perf_counter()
    with RetrievalEngine.open(project) as engine:
        report = engine.ingest(full=True)
    wall = time.perf_counter() - began
    with RetrievalEngine.open(project) as engine:
        found = engine.stats()
    yield "files indexed", "87 of 89", f"{found.files}"
    yield "chunks", "878", f"{found.chunks:,}"
    yield "tokens", "143,241", f"{found.tokens:,}"
    yield (
        "ingest from nothing",
        "0.52 s, 167 files a second",
        f"{wall:.2f} s, {found.files / wall:.0f} files a second",
    )
    yield (
        "bytes of index for a token",
        "4.2",
        f"{found.index_bytes / found.tokens:.1f} ({found.index_bytes / 1e6:.1f} MB)",
    )
    repeated = 1 - found.contents / found.chunks
    yield "chunks whose content was there already", "8-15%", f"{repeated:.1%}"
    with RetrievalEngine.open(project) as engine:
        again = milliseconds(engine.ingest, 9)
    yield "ingest with nothing changed", "< 50 ms regardless of size", f"{again:.0f} ms"
    assert not report.failed

    def first() -> None:
        with RetrievalEngine.open(project) as engine:
            engine.query(QUESTIONS[0], refresh=False)

    first()
    yield "query on a closed index", "< 100 ms", f"{milliseconds(first, 9):.1f} ms"
    for fusion in ("learned", "rrf"):
        yield from stages(project, fusion)
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, str(project), *QUESTIONS],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    yield "memory of an engine that has answered, all parts", "10-30 MB", f"{float(run.stdout):.1f} MB PSS"


def stages(project: Path, fusion: str) -> Iterable[tuple[str, str, str]]:
    """A warm question and its stages, as the trace times them."""
    config = Config.from_dict({"retrieval": {"fusion": fusion}})
    taken: dict[str, list[float]] = {}
    walls = []
    with RetrievalEngine.open(project, config) as engine:
        for turn in range(4):
            for question in QUESTIONS:
                began = time.perf_counter()
                answer = engine.query(question, refresh=False, trace=True)
                if turn:
                    walls.append((time.perf_counter() - began) * 1000)
                    for stage in answer.trace.stages:
                        taken.setdefault(stage.name, []).append(stage.ms)
    median = {name: statistics.median(times) for name, times in taken.items()}
    yield f"warm query, {fusion}", "< 20 ms", f"{statistics.median(walls):.1f} ms"
    yield (
        f"its candidates and signals, {fusion}",
        "BM25 < 5 ms, TF-IDF < 10 ms",
        f"{median['gather'] + median['signals']:.1f} ms",
    )
    yield f"its fusion and cost model, {fusion}", "< 2 ms", f"{median['fusion']:.1f} ms"
    yield f"its budget and compression, {fusion}", "< 5 ms", f"{median['budget']:.1f} ms"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", type=Path, default=Path(mnemo.__file__).parent)
    parser.add_argument("--folder", type=Path, default=None, help="where to work (default: the temp folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        print(f"mnemo {mnemo.__version__}, load {os.getloadavg()[0]:.1f}")
        table(f"journal, {MEMORIES:,} memories", journal(folder))
        project = folder / "project"
        shutil.copytree(
            options.project, project, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.so", "build")
        )
        init_project(project)
        table(f"code, {options.project.name}", code(project))


if __name__ == "__main__":
    main()
