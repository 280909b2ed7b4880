"""What a session saves while a project changes: an agent's turns, replayed over a real history.

    python benchmarks/session_bench.py REPOSITORY [--before COMMIT] [--turns 30] [--budget 4000] [--once]

REPOSITORY is a git repository (bare or not; it is only read). The agent's work are the commits before COMMIT
(default: HEAD), oldest first, those that change code, in eight files at most, and say so in three words or
more. For
each it asks for what the commit's subject says, makes the change (the files become the commit's), and asks
again to see what it has done: two turns (with --once only the first). Every turn is asked in a session and,
beside it, without one; told are the chunks that came whole, as a diff and as a reference, and the tokens of
contents (exact cl100k where the extra is installed, else the estimate), and the hit rate of a cache of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from cache_bench import arc, lfu, lru
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.results import Answer
from mnemo.retrieval.tokens import count_tokens, exact_counter

CODE = (
    ".py", ".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".c", ".h", ".cc", ".cpp", ".rb",
    ".php", ".cs", ".scala", ".swift", ".lua", ".ex", ".hs", ".zig",
)  # fmt: skip


class History:
    """Commits of a repository, and a work tree that becomes each of them."""

    def __init__(self, repository: Path, tree: Path) -> None:
        self._env = {
            **os.environ,
            "GIT_INDEX_FILE": str(tree.parent / "index"),
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        git_dir = repository / ".git" if (repository / ".git").exists() else repository
        self._git = ["git", f"--git-dir={git_dir}", f"--work-tree={tree}", "-c", "core.bare=false"]
        self._tree = tree

    def run(self, *args: str) -> str:
        done = subprocess.run(
            [*self._git, *args],
            env=self._env,
            cwd=self._tree,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        return done.stdout

    def commits(self, before: str, count: int) -> list[tuple[str, str]]:
        """So many commits with their subjects, oldest first."""
        found: list[tuple[str, str]] = []
        log = self.run(
            "log",
            "--no-merges",
            "--first-parent",
            "--name-only",
            "--format=%x00%H%x01%s",
            "-n",
            "2000",
            before,
        )
        for entry in log.split("\0")[1:]:
            head, *lines = entry.strip().split("\n")
            commit, _, subject = head.partition("\x01")
            files = [name for name in lines if name.strip()]
            if any(name.endswith(CODE) for name in files) and len(files) <= 8 and len(subject.split()) >= 3:
                found.append((commit, subject))
            if len(found) == count:
                break
        return found[::-1]

    def become(self, commit: str) -> None:
        self.run("read-tree", "-u", "--reset", commit)


def delivered(answer: Answer) -> int:
    count = exact_counter() or count_tokens
    return sum(count(result.delta_text or result.chunk.content) for result in answer)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository", type=Path)
    parser.add_argument("--before", default="HEAD")
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--budget", type=int, default=4000)
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        history = History(options.repository.resolve(), tree)
        work = history.commits(options.before, options.turns if options.once else options.turns // 2)
        history.become(f"{work[0][0]}~1")
        with RetrievalEngine.open(tree) as engine:
            engine.ingest()
            replay(engine, history, work, options.budget, once=options.once)


def replay(
    engine: RetrievalEngine, history: History, work: list[tuple[str, str]], budget: int, *, once: bool
) -> None:
    print(
        f"{'turn':>4} {'':<6} {'whole':>5} {'diff':>5} {'same':>5}"
        f" {'tokens':>7} {'alone':>7} {'saved':>6}  asked"
    )
    rows = []
    asked_for: list[str] = []
    extra = 0.0
    for commit, subject in work:
        for after in (False,) if once else (False, True):
            if after:
                history.become(commit)
            alone = engine.query(subject, budget=budget, learn=False)
            started = time.process_time()
            engine.query(subject, budget=budget, learn=False, refresh=False)
            bare = time.process_time() - started
            started = time.process_time()
            answer = engine.query(subject, budget=budget, session="agent", refresh=False)
            engine.put_down()
            extra += time.process_time() - started - bare
            asked_for += [result.chunk.id for result in answer]
            same = sum(result.is_delta and "\n" not in (result.delta_text or "") for result in answer)
            diff = sum(result.is_delta for result in answer) - same
            tokens, whole = delivered(answer), delivered(alone)
            rows.append((len(answer) - same - diff, diff, same, tokens, whole, after))
            share = 1 - tokens / whole if whole else 0.0
            print(
                f"{len(rows):>4} {'after' if after else 'before':<6} {len(answer) - same - diff:>5} {diff:>5}"
                f" {same:>5} {tokens:>7,} {whole:>7,} {share:>6.0%}  {subject[:60]}"
            )
        if once:
            history.become(commit)
    for name, chosen in (
        ("all", rows),
        ("before an edit", [row for row in rows if not row[5]]),
        ("after an edit", [row for row in rows if row[5]]),
    ):
        if chosen:
            tokens, whole = sum(row[3] for row in chosen), sum(row[4] for row in chosen)
            print(
                f"{name}: {tokens:,} tokens in {len(chosen)} turns, {whole:,} without a session:"
                f" {1 - tokens / whole:.0%} saved"
            )
    rates = [
        f"{capacity}: "
        + ", ".join(f"{policy.__name__} {policy(asked_for, capacity):.0%}" for policy in (arc, lru, lfu))
        for capacity in (50, 100, 500)
    ]
    print(f"{len(asked_for)} chunks, {len(set(asked_for))} different; in a cache of {'; of '.join(rates)}")
    print(f"CPU that the session adds, putting down included: {extra / len(rows) * 1000:.1f} ms a turn")


if __name__ == "__main__":
    main()
