"""The daemon: a query's whole process beside an empty typer app, and its throughput under several clients.

    python benchmarks/daemon_bench.py PROJECT [--clients 8] [--queries 500] [--runs 20]

PROJECT is an indexed Django; the questions are those of `query_bench`. Whole commands take turns, CPU of the
finished process (`wait4`). Each client of the second part is a process of its own that asks its share of the
questions, one after the other, over one connection; latency is from the request's first byte to the answer's
last. CPU is that of the daemon and its engines together. Index in the page cache, engines warm.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import mnemo
from cli_bench import EMPTY, once
from ingest_bench import pss_of_tree
from mnemo.retrieval.daemon import control
from mnemo.retrieval.daemon.wire import frame, length_of, socket_path
from query_bench import QUESTIONS


def client(project: Path, number: int, queries: int) -> None:
    """Ask, and print each latency in seconds."""
    times = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(os.fspath(socket_path(project)))
        stream = link.makefile("rb")
        sys.stdin.readline()  # until all are connected
        for turn in range(queries):
            text = QUESTIONS[(7 * number + turn) % len(QUESTIONS)]
            params = {"text": text, "output": "plain", "refresh": True, "learn": False}
            request = {"jsonrpc": "2.0", "id": turn, "method": "query", "params": params}
            began = time.perf_counter()
            link.sendall(frame(json.dumps(request).encode()))
            answer = stream.read(length_of(stream.read(4)))
            times.append(time.perf_counter() - began)
            assert answer[:200].find(b'"error"') < 0, answer[:200]
    print(json.dumps(times))


def cpu_of_tree(root: int) -> float:
    """User and system seconds of a process and its children, those that ended included."""
    tick = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for item in Path("/proc").iterdir():
        if item.name.isdigit():
            try:
                fields = (item / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(item.name) == root:
                total += sum(map(int, fields[11:15])) / tick
            elif int(fields[1]) == root:
                total += sum(map(int, fields[11:13])) / tick
    return total


def throughput(project: Path, pid: int, clients: int, queries: int) -> None:
    command = [sys.executable, __file__, str(project), "--queries", str(queries), "--client"]
    processes = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(clients)
    ]
    time.sleep(2)  # all have connected
    before, began = cpu_of_tree(pid), time.perf_counter()
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    times = [each for process in processes for each in json.loads(process.communicate(timeout=900)[0])]
    wall = time.perf_counter() - began
    cpu = cpu_of_tree(pid) - before
    times.sort()
    print(
        f"{clients} clients x {queries}: {len(times) / wall:.0f} queries/s,"
        f" p50 {times[len(times) // 2] * 1000:.1f} ms, p99 {times[len(times) * 99 // 100] * 1000:.1f} ms,"
        f" most {times[-1] * 1000:.1f} ms; {cpu / len(times) * 1000:.2f} ms CPU each;"
        f" PSS {pss_of_tree(pid) / 2**20:.0f} MB in all"
    )


def commands(project: Path, runs: int) -> None:
    mnemo_command = str(Path(sys.executable).with_name("mnemo"))
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        taken: dict[str, list[tuple[float, float]]] = {"empty typer app": [], "mnemo query by the daemon": []}
        for turn in range(-5, runs):
            question = QUESTIONS[turn % len(QUESTIONS)]
            ask = [mnemo_command, "query", "--project", str(project), question]
            for name, command in zip(taken, ([sys.executable, str(empty)], ask), strict=True):
                cost = once(command, dict(os.environ))
                if turn >= 0:
                    taken[name].append(cost)
    base = taken["empty typer app"]
    print(f"{'':38}{'CPU s':>8}{'x empty':>9}{'wall s':>8}{'x empty':>9}")
    for name, all_runs in taken.items():
        row = f"{name:38}"
        for clock in (0, 1):
            ratio = statistics.median(
                mine[clock] / theirs[clock] for mine, theirs in zip(all_runs, base, strict=True)
            )
            row += f"{statistics.median(run[clock] for run in all_runs):8.3f}{ratio:9.2f}"
        print(row)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--client", type=int)
    options = parser.parse_args()
    if options.client is not None:
        client(options.project, options.client, options.queries)
        return
    print(
        f"mnemo {mnemo.__version__}, typer {version('typer')}, Python {platform.python_version()},"
        f" {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    found, fresh = control.start(options.project.resolve(), idle=3600)
    try:
        commands(options.project, options.runs)
        throughput(options.project.resolve(), found["pid"], options.clients, options.queries)
    finally:
        if fresh:
            control.stop(options.project.resolve())


if __name__ == "__main__":
    main()
