"""Import 100,000 memories from JSONL, against writing and syncing the same bytes.

    python benchmarks/import_bench.py [--folder DIR] [--memories 100000] [--rounds 5]

Wall and CPU clock of ``import_file`` into a new journal: parsed and checked twice over (first all of
it, then again to append), every record durable at the end. The source is in the page cache.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mnemo import Feeling, MemoryDB
from mnemo.storage.codec import encode
from mnemo.storage.memory import new_record
from mnemo.storage.transfer import import_file

WORDS = (
    *("sea", "morning", "the", "of", "and", "winter", "window", "letter", "she", "said"),
    *("nothing", "café", "perché", "snow", "train", "a", "very", "long", "way"),
)


def make_source(path: Path, memories: int) -> None:
    chance = random.Random(7)
    start = datetime(2015, 1, 1, tzinfo=UTC)
    with open(path, "wb") as out:
        for number in range(memories):
            memory = new_record(
                f"concept {chance.randrange(300)}",
                chance.choice(list(Feeling)),
                " ".join(chance.choices(WORDS, k=chance.randrange(8, 60))),
                tags=chance.sample(WORDS, chance.randrange(4)),
                at=start + timedelta(minutes=number * 40),
            )
            out.write(encode(memory) + b"\n")


def baseline(source: Path, target: Path) -> float:
    started = time.perf_counter()
    with open(source, "rb") as data, open(target, "wb") as out:
        for line in data:
            out.write(line)
        out.flush()
        os.fsync(out.fileno())
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=None, help="where to work (default: the temp folder)")
    parser.add_argument("--memories", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        work = Path(name)
        source = work / "source.jsonl"
        make_source(source, options.memories)
        walls, cpus, copies = [], [], []
        for number in range(options.rounds):
            copies.append(baseline(source, work / f"copy-{number}"))
            with MemoryDB(work / f"journal-{number}.mnheme") as db:
                wall, cpu = time.perf_counter(), time.process_time()
                report = import_file(db, source)
                walls.append(time.perf_counter() - wall)
                cpus.append(time.process_time() - cpu)
                assert report.added == db.count() == options.memories
        again = time.perf_counter()
        with MemoryDB(work / "journal-0.mnheme") as db:
            assert import_file(db, source).added == 0
        again = time.perf_counter() - again
        wall = statistics.median(walls)
        megabytes = source.stat().st_size / 1e6
        print(f"python {platform.python_version()}, {os.cpu_count()} cores, warm page cache")
        print(f"{options.memories:,} memories, {megabytes:.1f} MB of JSONL, {options.rounds} rounds")
        print(f"import       median {wall:.2f} s wall  {[round(each, 2) for each in walls]}")
        print(f"             median {statistics.median(cpus):.2f} s CPU")
        print(f"             {options.memories / wall:,.0f} memories/s (target >= 30,000)")
        print(f"import again {again:.2f} s wall, nothing added")
        print(f"plain copy   median {statistics.median(copies):.2f} s wall")
        print(f"peak RSS     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
