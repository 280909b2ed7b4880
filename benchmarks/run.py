"""Every benchmark, one after the other, with the machine and the versions that they ran on.

    python benchmarks/run.py WORK [--project DIR] [--only NAME]... [--quick]
        [--many DIR] [--set SET REPOS]... [--history REPOSITORY]
        [--journal-peer CHECKOUT] [--indexer-peer VENV] [--goemotions FILE]

Prints Markdown, each table as its own script prints it. WORK keeps what is made once: journals, a copy of
PROJECT (by default the textual package of this environment) and its index. What needs data or a peer that is
not given is named and skipped. ``--quick`` takes small sizes, to see that everything runs. Run it on a quiet
machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from journal_data import write_journal

HERE = Path(__file__).parent
VERSIONS = ("mnemo-tui", "textual", "typer", "rich", "tantivy", "tree-sitter", "msgspec", "rs-bpe", "numpy")


class Bench(NamedTuple):
    """One script with its arguments; ``lacks`` says what it needs and was not given."""

    title: str
    script: str
    arguments: tuple[str, ...] = ()
    lacks: str = ""

    @property
    def name(self) -> str:
        """What ``--only`` calls it."""
        return self.script.removesuffix(".py").removesuffix("_bench")


def benches(given: argparse.Namespace, journal: str) -> Iterator[Bench]:
    """All there are, in the order of the parts they measure; ``journal`` is a large one."""
    quick: bool = given.quick
    work: Path = given.work
    journals, project = str(work / "journals"), str(work / "project")
    memories = "20000" if quick else "1000000"
    frames = ("2000", memories) if quick else ("2000", "200000", memories)
    sets = given.set or []
    lines = next(([str(each) for each in pair] for pair in sets if (pair[0] / "queries").is_dir()), None)
    numpy = "" if find_spec("numpy") else "the extra bench"
    tokens = "" if find_spec("rs_bpe") else "the extra tokens"
    no_sets = "sets of questions (--set)"
    no_set = "a set of questions with lines as answers (--set)"

    yield Bench("What the two designs claim", "claims_bench.py")
    peer = ("--peer", str(given.journal_peer)) if given.journal_peer else ()
    yield Bench("The journal", "journal_bench.py", ("--folder", journals, "--frames", *frames, *peer))
    yield Bench("Full text", "search_bench.py", ("--folder", journals, "--frames", memories))
    yield Bench("Whole commands", "cli_bench.py", ("--folder", journals, "--frames", memories))
    runs = ("--runs", "3" if quick else "15")
    yield Bench(
        "The app",
        "tui_bench.py",
        ("--folder", journals, "--memories", memories, "--project", project, *runs),
    )
    app = (project, "--folder", journals, "--memories", memories)
    yield Bench("How long the app stands still", "tui_stall_bench.py", app)
    yield Bench("Leaving the app", "tui_leave_bench.py", (*app, "--seconds", "10" if quick else "60"))
    rounds = ("--rounds", "12") if quick else ()
    yield Bench("An hour of use", "tui_memory_bench.py", (*app, *rounds))
    yield Bench("Feelings", "affect_bench.py", (journal,))
    yield Bench("Attachments", "attach_bench.py", ("--files", "100") if quick else ())
    yield Bench("Imports", "import_bench.py", ("--memories", "5000") if quick else ())
    yield Bench("Questions to a journal", "journal_query_bench.py", (journal,))
    yield Bench("How questions to a journal are answered", "journal_quality.py")
    go = ("--goemotions", str(given.goemotions)) if given.goemotions else ()
    yield Bench("Perceiving without a model", "perceive_bench.py", ("--kept-aside", *go))
    yield Bench("Ending a model's answer", "mind_bench.py")

    other = ("--peer", str(given.indexer_peer / "bin" / "mnemosyne")) if given.indexer_peer else ()
    tree = () if quick else ("--tree", "50000")
    yield Bench("The code index", "ingest_bench.py", (project, *tree, *other))
    yield Bench("How files are cut", "chunk_bench.py", (project,))
    yield Bench("Symbols", "symbol_check.py", (project,))
    yield Bench("The estimate of tokens", "calibrate_tokens.py", (project,), tokens or numpy)
    asked: tuple[str, ...] = (project, "--cold-runs", "3" if quick else "20")
    if given.many:
        asked += ("--many", str(given.many))
    if given.indexer_peer:
        asked += ("--peer", str(given.indexer_peer / "bin" / "python"), "--peer-project", str(work / "peer"))
    yield Bench("Questions", "query_bench.py", asked)
    yield Bench("The daemon", "daemon_bench.py", (project, *(("--queries", "20") if quick else ())))
    yield Bench("Budgets", "budget_bench.py", (project, *(("--queries", "5") if quick else ())), tokens)
    for folder, repos in sets:
        yield Bench(f"Quality of answers, {folder.name}", "quality_bench.py", (str(folder), str(repos)))
        yield Bench(
            f"Quality of answers by rrf, {folder.name}",
            "quality_bench.py",
            (str(folder), str(repos), "--fusion", "rrf"),
        )
    if not sets:
        yield Bench("Quality of answers", "quality_bench.py", lacks=no_sets)
    learned = tuple(part for folder, repos in sets for part in ("--set", str(folder), str(repos)))
    yield Bench(
        "Weights, cross-validated",
        "learn_weights.py",
        learned,
        numpy if sets else "sets of questions (--set)",
    )
    answers = ("--answers", *lines) if lines else ()
    yield Bench("Compression", "compress_bench.py", ("--project", project, *answers))
    every = ("--every", "20") if quick else ()
    yield Bench("Whether compressed code is true", "compress_check.py", (project, *every))
    yield Bench("The adaptive cache", "cache_bench.py", answers, "" if lines else no_set)
    yield Bench(
        "Sessions",
        "session_bench.py",
        (str(given.history),) if given.history else (),
        "" if given.history else "a repository with its history (--history)",
    )


def machine() -> str:
    """What it ran on, a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _text("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or "unknown processor",
    )
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (
        f"{os.cpu_count()} cores of {model}, {pages / 2**30:.0f} GB, "
        f"{platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def versions() -> str:
    """What it ran with."""
    found = []
    for name in VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def prepare(given: argparse.Namespace) -> str:
    """Make what several scripts share: the project with its index, the peer's; gives the journal's path."""
    work: Path = given.work
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = given.project
    if source is None:
        found = find_spec("textual")
        assert found is not None and found.origin is not None
        source = Path(found.origin).parent
    mnemo = str(Path(sys.executable).with_name("mnemo"))
    ignore = shutil.ignore_patterns(".mnemosyne", "__pycache__")
    if not (work / "project").exists():
        shutil.copytree(source, work / "project", symlinks=True, ignore=ignore)
    for verb in ("init", "ingest"):
        subprocess.run([mnemo, verb, "--project", work / "project"], check=True, stdout=subprocess.DEVNULL)
    if given.indexer_peer and not (work / "peer").exists():
        shutil.copytree(source, work / "peer", symlinks=True, ignore=ignore)
        for verb in ("init", "ingest"):
            subprocess.run(
                [given.indexer_peer / "bin" / "mnemosyne", verb],
                cwd=work / "peer",
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return str(write_journal(20_000 if given.quick else 1_000_000, work / "journals").path)


def run(bench: Bench, seconds: float) -> bool:
    """Print one table; whether its script ended well."""
    shown = " ".join(("python", f"benchmarks/{bench.script}", *bench.arguments))
    print(f"\n## {bench.title}\n", flush=True)
    if bench.lacks:
        print(f"Skipped: needs {bench.lacks}.", flush=True)
        return True
    print(f"`{shown}`, load {os.getloadavg()[0]:.1f}\n\n```text", flush=True)
    began = time.monotonic()
    try:
        code = subprocess.run(
            [sys.executable, HERE / bench.script, *bench.arguments], check=False, timeout=seconds
        ).returncode
    except subprocess.TimeoutExpired:
        code = -1
    print(
        f"```\n\n{'Done' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - began:.0f} s.",
        flush=True,
    )
    return code == 0


def main() -> int:
    """Run what was asked for; 1 where a script failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--many", type=Path)
    parser.add_argument("--set", nargs=2, type=Path, action="append", metavar=("SET", "REPOS"))
    parser.add_argument("--history", type=Path)
    parser.add_argument("--journal-peer", type=Path)
    parser.add_argument("--indexer-peer", type=Path)
    parser.add_argument("--goemotions", type=Path)
    parser.add_argument("--seconds", type=float, default=3600, help="for one script at most")
    given = parser.parse_args()
    given.work = given.work.expanduser().absolute()
    journal = prepare(given)
    wanted = [bench for bench in benches(given, journal) if not given.only or bench.name in given.only]
    print(f"# Benchmarks\n\n{machine()}.\n{versions()}.\nPage cache warm unless a table says otherwise.")
    if not given.journal_peer:
        print("\nThe reference journal engine was not at hand (--journal-peer).")
    if not given.indexer_peer:
        print("\nThe other indexer was not at hand (--indexer-peer).")
    ended = [run(bench, given.seconds) for bench in wanted]
    return 0 if all(ended) else 1


if __name__ == "__main__":
    sys.exit(main())
