"""What a question costs: warm and cold, whole process, memory, beside an empty typer app and a peer.

    python benchmarks/query_bench.py PROJECT [--cold-runs 20] [--peer PYTHON --peer-project DIR] [--many DIR]

PROJECT is an indexed Django (any version of the last years); the fifty questions below are asked of it. Warm
times are of queries in one process, without a refresh, wall and CPU, over three rounds after one that fills
caches ("first" is that one); "ready" is what the first query on a closed index takes beyond what it takes
again. PSS is of that process. Whole commands take turns with a typer app with one empty command, CPU of the
finished process (`wait4`), every index in the page cache. ``--peer`` is the Python of a venv that holds
``mnemosyne-engine``, ``--peer-project`` the same files indexed by it; its queries and ours take turns.
``--many`` is a tree of several projects under one index.
"""

from __future__ import annotations

import argparse
import json
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
from cli_bench import EMPTY, once
from mnemo.retrieval.engine import RetrievalEngine

QUESTIONS = (
    "how does select_related build the join clauses",
    "where is the csrf token rotated after login",
    "prefetch related objects with a custom queryset",
    "password hashing with argon2 and upgrading old hashes",
    "how are database migrations ordered and their conflicts detected",
    "template tag that renders a static file url",
    "signed cookies session backend serializer",
    "how does the url resolver match path converters",
    "validate uploaded file size while streaming multipart data",
    "when is a transaction rolled back inside an atomic block",
    "cache key with version and prefix",
    "the admin changelist filters by date hierarchy",
    "bulk create with ignore conflicts and update fields",
    "convert a naive datetime to an aware one in the current time zone",
    "email message with attachments and alternative html body",
    "autodetector renamed field questioner",
    "how does the test client handle redirects",
    "generic foreign key content type lookup",
    "compile messages command",
    "how are lazy translations evaluated in templates",
    "paginate a queryset and count the pages",
    "middleware exception converted to a response",
    "QuerySet.annotate with conditional aggregation",
    "window frame clause",
    "full text search vector and rank in postgres",
    "GIS distance lookup between geometry fields",
    "sqlite schema editor remake table when altering a column",
    "deletion collector cascades to related objects",
    "model form validates unique constraints",
    "formset management form is missing or tampered with",
    "how is ALLOWED_HOSTS checked",
    "signal dispatcher weak references to receivers",
    "async view called from a sync handler",
    "secure password reset token generator timeout",
    "static files manifest storage hashes names",
    "load a template from the app directories",
    "escape html in template variables automatically",
    "JSONField key transform lookups on oracle",
    "where is the user's last login updated",
    "runserver reloads when a python file changes",
    "expression wrapper output field resolution",
    "many to many through table manager add remove set",
    "check framework registers tags and runs checks for databases",
    "sitemap lastmod header",
    "syndication feed atom generator",
    "humanize intcomma number format localization",
    "connection health checks and persistent database connections maximum age",
    "clickjacking X-Frame-Options header middleware",
    "inline formset for a model admin with a foreign key to itself",
    "group by with values and annotate in a subquery raises an error about an ambiguous column name on mysql",
)

PEER = """
import json, sqlite3, sys, time
from mnemosyne.config import Config
from mnemosyne.embeddings import get_backend
from mnemosyne.retrieval import RetrievalEngine
from mnemosyne.store import Store
root = sys.argv[1]
connection = sqlite3.connect(root + "/.mnemosyne/mnemosyne.db")
connection.row_factory = sqlite3.Row
config, store = Config(root=root), Store(connection)
engine = RetrievalEngine(store=store, tfidf_backend=get_backend(config, store=store), config=config)
for line in sys.stdin:
    began = time.process_time()
    found = engine.query(json.loads(line), budget=8000)
    print(time.process_time() - began, len(found), flush=True)
"""

WARM = """
import json, sys, time
from pathlib import Path
from mnemo.retrieval.engine import RetrievalEngine
def pss():
    rows = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024
import mnemo.retrieval.query, mnemo.retrieval.store
bare = pss()
engine = RetrievalEngine.open(sys.argv[1])
questions = json.load(sys.stdin)
taken = []
for _ in range(2):
    began = time.perf_counter(), time.process_time()
    engine.query(questions[0], refresh=False)
    taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
ready = [first - again for first, again in zip(*taken)]
rounds = []
for turn in range(4):
    rounds.append([])
    for question in questions:
        began = time.perf_counter(), time.process_time()
        engine.query(question, refresh=False)
        rounds[-1].append((time.perf_counter() - began[0], time.process_time() - began[1]))
print(json.dumps({"ready": ready, "rounds": rounds, "bare": bare, "pss": pss(),
    "numpy": "numpy" in sys.modules, "grammars": "tree_sitter" in sys.modules}))
"""


def spread(times: list[float]) -> str:
    times = sorted(times)
    return (
        f"p50 {times[len(times) // 2] * 1000:6.2f} ms, p95 {times[len(times) * 95 // 100] * 1000:6.2f} ms,"
        f" most {times[-1] * 1000:6.2f} ms"
    )


def warm(project: Path, label: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WARM, str(project)],
        input=json.dumps(QUESTIONS), capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    found = json.loads(run.stdout)
    print(
        f"{label}: engine ready in {found['ready'][0] * 1000:.1f} ms wall, {found['ready'][1] * 1000:.1f} CPU"
    )
    for name, rounds in (("first", found["rounds"][:1]), ("warm", found["rounds"][1:])):
        for clock, which in enumerate(("wall", "CPU")):
            print(f"  {name:<5} {which:<4}  {spread([each[clock] for turn in rounds for each in turn])}")
    print(f"  PSS {found['pss']:.0f} MB, of which {found['bare']:.0f} interpreter and modules")
    print(f"  numpy loaded: {found['numpy']}, tree-sitter loaded: {found['grammars']}")


def commands(project: Path, runs: int) -> None:
    mnemo_command = str(Path(sys.executable).with_name("mnemo"))
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        base = [mnemo_command, "query", "--project", str(project)]
        names = {"empty typer app": [], "mnemo query --no-refresh": ["--no-refresh"], "mnemo query": []}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for turn in range(-2, runs):
            question = QUESTIONS[turn % len(QUESTIONS)]
            for name, extra in names.items():
                command = [*base, *extra, question]
                if name == "empty typer app":
                    command = [sys.executable, str(empty)]
                cost = once(command, dict(os.environ))
                if turn >= 0:
                    taken[name].append(cost)
    print(f"{'':38}{'CPU s':>8}{'x empty':>9}{'wall s':>8}{'x empty':>9}")
    for name, all_runs in taken.items():
        row = f"{name:38}"
        for clock in (0, 1):
            ratio = statistics.median(
                mine[clock] / theirs[clock]
                for mine, theirs in zip(all_runs, taken["empty typer app"], strict=True)
            )
            row += f"{statistics.median(run[clock] for run in all_runs):8.3f}{ratio:9.2f}"
        print(row)


def beside_peer(project: Path, python: Path, theirs: Path) -> None:
    """Our queries and the peer's in turns, both warm, CPU of the querying thread's process."""
    ours: list[float] = []
    peer: list[float] = []
    with (
        subprocess.Popen(
            [str(python), "-c", PEER, str(theirs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
        RetrievalEngine.open(project) as engine,
    ):
        assert process.stdin and process.stdout
        for question in QUESTIONS:
            engine.query(question, refresh=False)
        for question in QUESTIONS:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            peer.append(float(process.stdout.readline().split()[0]))
            began = time.process_time()
            engine.query(question, refresh=False)
            ours.append(time.process_time() - began)
        process.stdin.close()
    ratios = [one / other for one, other in zip(peer, ours, strict=True)]
    print(f"beside the peer, CPU: ours {spread(ours)}")
    print(f"                    peer's {spread(peer)}")
    print(f"  of medians {statistics.median(peer) / statistics.median(ours):.0f} x,", end=" ")
    print(f"median of pairs {statistics.median(ratios):.0f} x, least {min(ratios):.0f} x")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path)
    parser.add_argument("--cold-runs", type=int, default=20)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--peer-project", type=Path)
    parser.add_argument("--many", type=Path)
    options = parser.parse_args()
    with RetrievalEngine.open(options.project) as engine:
        engine.query("warm the page cache")
        chunks = engine.stats().chunks
    print(
        f"mnemo {mnemo.__version__}, typer {version('typer')}, Python {platform.python_version()},"
        f" {chunks:,} chunks, load {os.getloadavg()[0]:.1f}"
    )
    warm(options.project, "one project")
    if options.cold_runs:
        commands(options.project, options.cold_runs)
    if options.many:
        with RetrievalEngine.open(options.many) as engine:
            print(f"many projects: {engine.stats().chunks:,} chunks")
        warm(options.many, "many projects")
    if options.peer and options.peer_project:
        beside_peer(options.project, options.peer, options.peer_project)


if __name__ == "__main__":
    main()
