"""How well questions are answered: NDCG@10, or recall in a budget, per repository, with bootstrap intervals.

    python benchmarks/quality_bench.py SET REPOS [--repo NAME]... [--fusion rrf]

SET is a folder of questions as `development_sets` reads them, REPOS the folder of the repositories. Figures
are means over repositories of the means over their questions; the interval resamples questions within each
repository (1000 times, 95 %). Times are wall time of warm queries in this process.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from pathlib import Path

from development_sets import Question, given, indexed, load, localization, ndcg10
from mnemo.retrieval.config import Config
from mnemo.retrieval.engine import RetrievalEngine

BUDGETS = {"commit": 4000, "identifier": 2000}


def measure(engine: RetrievalEngine, question: Question) -> dict[str, float]:
    if question.kind == "search":
        answer = engine.query(question.text, budget=100_000, per_file=1, limit=10, refresh=False, learn=False)
        spans = [(result.file_path, result.chunk.line_start, result.chunk.line_end) for result in answer]
        return {"ndcg10": ndcg10(spans, question.targets)}
    budget = BUDGETS[question.kind]
    answer = engine.query(question.text, budget=budget, refresh=False, learn=False)
    return localization(given(answer), question, budget)


def interval(by_repo: dict[str, list[float]]) -> tuple[float, float]:
    draw = random.Random(7)
    means = sorted(
        sum(sum(draw.choices(values, k=len(values))) / len(values) for values in by_repo.values())
        / len(by_repo)
        for _ in range(1000)
    )
    return means[25], means[975]


def difference(one: dict[str, list[float]], other: dict[str, list[float]]) -> tuple[float, float, float]:
    """How much ``one`` is better than ``other`` on the same questions, and the paired bootstrap interval."""
    apart = {
        repo: [mine - theirs for mine, theirs in zip(values, other[repo], strict=True)]
        for repo, values in one.items()
    }
    mean = sum(sum(values) / len(values) for values in apart.values()) / len(apart)
    return (mean, *interval(apart))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", type=Path)
    parser.add_argument("repos", type=Path)
    parser.add_argument("--repo", action="append", default=[])
    parser.add_argument("--fusion", choices=("learned", "rrf"), default="learned")
    options = parser.parse_args()
    figures: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    times: list[float] = []
    config = Config.from_dict({"retrieval": {"fusion": options.fusion}})
    by_repo: dict[str, list[Question]] = defaultdict(list)
    for question in load(options.set, options.repos, set(options.repo)):
        by_repo[question.repo].append(question)
    for repo, questions in by_repo.items():
        with indexed(questions[0].root):
            pass
        with RetrievalEngine.open(questions[0].root, config) as engine:
            for question in questions:
                started = time.perf_counter()
                found = measure(engine, question)
                times.append((time.perf_counter() - started) * 1000)
                for name, value in found.items():
                    figures[question.kind, name][repo].append(value)
    for (kind, name), values in sorted(figures.items()):
        mean = sum(sum(each) / len(each) for each in values.values()) / len(values)
        low, high = interval(values)
        print(f"{kind:<10} {name:<12} {mean:.3f} [{low:.3f}, {high:.3f}]")
        print("   " + ", ".join(f"{repo} {sum(each) / len(each):.3f}" for repo, each in values.items()))
    times.sort()
    middle, slow = times[len(times) // 2], times[len(times) * 95 // 100]
    print(f"{len(times)} questions, warm: p50 {middle:.1f} ms, p95 {slow:.1f} ms")


if __name__ == "__main__":
    main()
