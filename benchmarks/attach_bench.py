"""Attach 1,000 files of 1 MB, a third of them twins, against ``cp --reflink=auto`` of the distinct ones.

    python benchmarks/attach_bench.py [--folder DIR] [--files 1000] [--rounds 5]

Wall clock, sources in the page cache, both sides durable at the end: cp is followed by ``sync`` of
each copied file and of the folder. The sides alternate; the ratio is taken within each round.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from mnemo.storage.fsprobe import FsProbe
from mnemo.storage.pool import Incoming, Pool

MEGABYTE = 1_000_000


def make_sources(folder: Path, files: int) -> tuple[list[Path], list[Path]]:
    folder.mkdir()
    distinct = [folder / f"photo-{number:04}.jpg" for number in range(files - files // 3)]
    for path in distinct:
        path.write_bytes(os.urandom(MEGABYTE))
    twins = [folder / f"twin-{number:04}.jpg" for number in range(files // 3)]
    for number, path in enumerate(twins):
        shutil.copyfile(distinct[number * 2 % len(distinct)], path)
    everything = [path for pair in zip(distinct, twins, strict=False) for path in pair]
    everything += distinct[len(twins) :]
    subprocess.run(["sync"], check=True, timeout=300)
    return everything, distinct


def copy(distinct: list[Path], target: Path) -> float:
    target.mkdir()
    started = time.perf_counter()
    subprocess.run(["cp", "--reflink=auto", *map(str, distinct), str(target)], check=True, timeout=300)
    copies = [str(target / path.name) for path in distinct]
    subprocess.run(["sync", *copies, str(target)], check=True, timeout=300)
    return time.perf_counter() - started


def attach(sources: list[Path], target: Path) -> float:
    started = time.perf_counter()
    stored = Pool(target).take(Incoming.from_path(path) for path in sources)
    elapsed = time.perf_counter() - started
    assert len(stored) == len(sources)
    return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=None, help="where to work (default: the temp folder)")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        work = Path(name)
        everything, distinct = make_sources(work / "sources", options.files)
        ratios, ours, theirs = [], [], []
        for number in range(options.rounds):
            pair = {}
            for side in ("cp", "attach") if number % 2 else ("attach", "cp"):
                target = work / f"{side}-{number}"
                pair[side] = copy(distinct, target) if side == "cp" else attach(everything, target)
                shutil.rmtree(target)
                subprocess.run(["sync"], check=True, timeout=300)
            ours.append(pair["attach"])
            theirs.append(pair["cp"])
            ratios.append(pair["attach"] / pair["cp"])
        print(f"python {platform.python_version()}, {FsProbe(work).detect()}, {os.cpu_count()} cores")
        print(f"{len(everything)} files of 1 MB, {len(distinct)} distinct; wall seconds, warm page cache")
        print(f"cp + sync  median {statistics.median(theirs):.2f}  {[round(x, 2) for x in theirs]}")
        print(f"attach     median {statistics.median(ours):.2f}  {[round(x, 2) for x in ours]}")
        print(f"ratio      median {statistics.median(ratios):.2f} (target <= 1.3)")


if __name__ == "__main__":
    main()
