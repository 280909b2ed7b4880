"""Full-text search over a large journal: how long to index, to find, and how much memory it takes.

``python benchmarks/search_bench.py --frames 1000000 --folder /tmp/journals [--sqlite]``

Queries are drawn by the frequency of words in the corpus' own vocabulary, from a fixed seed. Times
are wall clock, warm, through ``MemoryDB.search``, the memories that are found read and decoded.
``--sqlite`` times SQLite's FTS5 over the same analysed words in the same run, giving row ids alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

from journal_data import Journal, vocabulary, write_journal
from mnemo.storage import MemoryDB
from mnemo.storage.analysis import Searchable, analyse
from mnemo.storage.codec import decode
from mnemo.storage.frames import scan
from mnemo.storage.log import Log

KINDS = ("word", "and", "or", "phrase", "prefix")
ROUNDS = 200
LIMITS = (10, 50)


def queries(kind: str, seed: int) -> Iterator[str]:
    """Draw queries of one kind without end."""
    chooser = random.Random(f"{kind}:{seed}")
    words, weights = vocabulary()

    def word(shortest: int = 1) -> str:
        while True:
            (drawn,) = chooser.choices(words, cum_weights=weights)
            if len(analyse(drawn).strip()) >= shortest:
                return drawn

    while True:
        if kind == "word":
            yield word()
        elif kind == "and":
            yield f"{word()} {word()}"
        elif kind == "or":
            yield f"{word()} OR {word()}"
        elif kind == "phrase":
            yield f'"{word()} {word()}"'
        else:
            yield f"{analyse(word(3)).strip()[:3]}*"


def percentiles(times: list[float]) -> str:
    """Give the median and the 95th percentile, in milliseconds."""
    cut = statistics.quantiles(times, n=20)
    return f"{cut[9] * 1e3:8.2f} {cut[18] * 1e3:8.2f}"


def timed(find: Callable[[str], object], kind: str, rounds: int = ROUNDS) -> list[float]:
    """Time a number of queries after as many others that warm the caches."""
    warming, drawn = queries(kind, 1), queries(kind, 2)
    for _ in range(rounds // 4):
        find(next(warming))
    times = []
    for _ in range(rounds):
        query = next(drawn)
        began = time.perf_counter()
        find(query)
        times.append(time.perf_counter() - began)
    return times


def pss() -> int:
    """This process' proportional set size in bytes, mapped pages of the index included."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def build(journal: Journal) -> None:
    """Index a journal's words from nothing."""
    with MemoryDB(journal.path) as db:
        for old in db.derived_dir.glob("text*"):
            shutil.rmtree(old, ignore_errors=True)
        began, used = time.perf_counter(), time.process_time()
        db.index_text()
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        files = [file for folder in db.derived_dir.glob("text-*") for file in folder.iterdir()]
    size = sum(file.stat().st_size for file in files)
    print(
        f"index {journal.frames:,} memories: {wall:.1f} s wall, {cpu:.1f} s CPU, "
        f"{journal.frames / wall:,.0f} a second, {size / 1e6:.0f} MB on disk, {peak / 1e6:.0f} MB peak RSS",
        flush=True,
    )


def search(journal: Journal) -> None:
    """Print the table of search times, and the memory that a searching process takes."""
    bare = pss()
    with MemoryDB(journal.path) as db:
        opened = pss()
        began, used = time.perf_counter(), time.process_time()
        db.search("mare sole", limit=10)
        wall, cpu = time.perf_counter() - began, time.process_time() - used
        print(
            f"first search of a process, imports included: {wall * 1e3:.0f} ms wall, {cpu * 1e3:.0f} ms CPU"
        )
        print(f"{'':24}{'limit':>6} {'p50 ms':>8} {'p95 ms':>8}")
        for kind in KINDS:
            for limit in LIMITS:
                times = timed(partial(db.search, limit=limit), kind)
                print(f"mnemo {kind:18}{limit:6} {percentiles(times)}", flush=True)
        print(
            f"PSS beyond the process before opening: {(opened - bare) / 1e6:.0f} MB open, "
            f"{(pss() - bare) / 1e6:.0f} MB after all these searches"
        )


def sqlite(journal: Journal) -> None:
    """Time FTS5 on the same words, ranked by its BM25."""
    path = journal.path.with_suffix(".fts5.db")
    path.unlink(missing_ok=True)
    log = Log(journal.path)
    database = sqlite3.connect(path)
    database.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', prefix='3')")
    began = time.perf_counter()
    with database:
        database.executemany(
            "INSERT INTO words(rowid, text) VALUES (?, ?)",
            (
                (ref + 1, " ".join(Searchable.of(decode(payload)).parts()))
                for ref, _, payload in scan(log, 0, journal.size)
                if payload is not None
            ),
        )
        database.execute("INSERT INTO words(words) VALUES ('optimize')")
    print(
        f"SQLite {sqlite3.sqlite_version} FTS5 indexes the same in {time.perf_counter() - began:.1f} s wall"
    )

    def find(query: str) -> list[tuple[int]]:
        match = " ".join(part if part == "OR" else analyse(part).strip() for part in query.split())
        match = f'"{match}"' if query.startswith('"') else match
        match += "*" if query.endswith("*") else ""
        return database.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 10", (match,)
        ).fetchall()

    for kind in KINDS:
        print(f"FTS5  {kind:18}{10:6} {percentiles(timed(find, kind, 60))}", flush=True)
    database.close()
    path.unlink()


def main() -> None:
    """Build, search in a fresh process, compare."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--frames", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, required=True, help="where journals and indexes are kept")
    arguments.add_argument("--keep", action="store_true", help="search the index of an earlier run")
    arguments.add_argument("--sqlite", action="store_true", help="time FTS5 as well")
    arguments.add_argument("--search-only", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    journal = write_journal(given.frames, given.folder, chained=True)
    if given.search_only:
        search(journal)
        return
    print(
        f"CPython {platform.python_version()}, tantivy {version('tantivy')}, {os.cpu_count()} cores; "
        f"{journal.frames:,} frames, {journal.size / 1e6:.0f} MB, page cache warm",
        flush=True,
    )
    if not given.keep:
        build(journal)
    subprocess.run([sys.executable, __file__, *sys.argv[1:], "--search-only"], check=True, timeout=1800)
    if given.sqlite:
        sqlite(journal)


if __name__ == "__main__":
    main()
