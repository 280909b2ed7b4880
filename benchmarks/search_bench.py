"""Full-text search over a large journal: how long to index, to find, and how much memory it takes.

``python benchmarks/search_bench.py --frames 1000000 --folder /tmp/journals [--sqlite]``

Queries are drawn by the frequency of words in the corpus' own vocabulary, from a fixed seed. Times
are wall clock, warm, of finding alone (no memory is read) unless told otherwise. ``--sqlite`` times
SQLite's FTS5 over the same analysed words in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
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
from importlib.metadata import version
from pathlib import Path

from journal_data import Journal, vocabulary, write_journal
from mnemo.storage.analysis import analyse, parts_of
from mnemo.storage.index import Selection
from mnemo.storage.log import Log
from mnemo.storage.memory import decode, to_microseconds
from mnemo.storage.search import Document, FullText

ROUNDS = 200
LIMITS = (10, 50)
ANY = Selection()


def source_of(path: Path) -> Callable[[int], Iterator[Document]]:
    """Read a log as full text does."""
    log = Log(path)

    def read(start: int) -> Iterator[Document]:
        for first, end, payload in log.scan(start, log.stamp()[0]):
            if payload is not None:
                memory = decode(payload)
                yield Document(first, end, memory, to_microseconds(memory.timestamp))

    return read


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


def timed(find: Callable[[str], object], kind: str) -> list[float]:
    """Time a number of queries after as many others that warm the caches."""
    warming, drawn = queries(kind, 1), queries(kind, 2)
    for _ in range(ROUNDS // 4):
        find(next(warming))
    times = []
    for _ in range(ROUNDS):
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


def build(journal: Journal, folder: Path) -> None:
    """Index a journal from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    text = FullText(folder, "00" * 32, source_of(journal.path))
    began, used = time.perf_counter(), time.process_time()
    text.catch_up()
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(
        f"index {journal.frames:,} memories: {wall:.1f} s wall, {cpu:.1f} s CPU, "
        f"{journal.frames / wall:,.0f} a second, {size / 1e6:.0f} MB on disk, {peak / 1e6:.0f} MB peak RSS",
        flush=True,
    )


def search(journal: Journal, folder: Path) -> None:
    """Print the table of search times, and the memory that a searching process takes."""
    bare = pss()
    text = FullText(folder, "00" * 32, source_of(journal.path), writable=False)
    began, used = time.perf_counter(), time.process_time()
    text.search("mare sole", filters=ANY, limit=10, size=journal.size)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"first search of a process (import tantivy, open, find): {wall * 1e3:.0f} ms wall, "
        f"{cpu * 1e3:.0f} ms CPU; PSS beyond the process before it {(pss() - bare) / 1e6:.0f} MB"
    )
    print(f"{'':24}{'limit':>6} {'p50 ms':>8} {'p95 ms':>8}")
    for kind in ("word", "and", "or", "phrase", "prefix"):
        for limit in LIMITS:
            times = timed(
                lambda query, limit=limit: text.search(  # type: ignore[misc]
                    query, filters=ANY, limit=limit, size=journal.size
                ),
                kind,
            )
            print(f"mnemo {kind:18}{limit:6} {percentiles(times)}", flush=True)
    print(f"PSS beyond the process before searching, after all of that: {(pss() - bare) / 1e6:.0f} MB")


def sqlite(journal: Journal, folder: Path) -> None:
    """Time FTS5 on the same words, ranked by its BM25."""
    path = folder / "fts5.db"
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    database = sqlite3.connect(path)
    database.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', prefix='3')")
    began = time.perf_counter()
    with database:
        database.executemany(
            "INSERT INTO words(rowid, text) VALUES (?, ?)",
            ((each.ref + 1, " ".join(parts_of(each.memory))) for each in source_of(journal.path)(0)),
        )
        database.execute("INSERT INTO words(words) VALUES ('optimize')")
    print(
        f"SQLite {sqlite3.sqlite_version} FTS5 indexes the same in {time.perf_counter() - began:.1f} s wall"
    )

    def find(query: str, limit: int) -> list[tuple[int]]:
        match = " ".join(part if part in ("OR",) else analyse(part).strip() for part in query.split())
        match = f'"{match}"' if query.startswith('"') else match
        match += "*" if query.endswith("*") else ""
        return database.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?", (match, limit)
        ).fetchall()

    for kind in ("word", "and", "or", "phrase", "prefix"):
        times = timed(lambda query: find(query, 10), kind)
        print(f"FTS5  {kind:18}{10:6} {percentiles(times)}", flush=True)


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
    folder = given.folder / f"search-{given.frames}"
    if given.search_only:
        search(journal, folder)
        return
    print(
        f"CPython {platform.python_version()}, tantivy {version('tantivy')}, {os.cpu_count()} cores; "
        f"{journal.frames:,} frames, {journal.size / 1e6:.0f} MB, page cache warm",
        flush=True,
    )
    if not given.keep:
        build(journal, folder)
    subprocess.run([sys.executable, __file__, *sys.argv[1:], "--search-only"], check=True, timeout=1800)
    if given.sqlite:
        sqlite(journal, folder)


if __name__ == "__main__":
    main()
