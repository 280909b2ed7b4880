"""What learning from use is worth, and what it costs: the commits of real projects as a developer's days.

    python benchmarks/learning_bench.py SET REPOS MIRROR [--repo NAME]...

SET and REPOS are those of `quality_bench` (commits as questions); MIRROR is a folder of bare repositories,
OWNER+NAME/..., which give the commits their dates. Each repository's questions are asked in the order and at
the times of their commits, over an index that stays as it is. After each answer every chunk that was
delivered and holds a line that the commit changed is called used, and no other chunk anything. So what was
learned helps a question only where later work touches what earlier work did, and costs one where it does not.

Told are the answers with learning less those without (paired, 4,000 tokens): at the commits' own times; with
three hours between them, which is how use looks to somebody who works on one thing, and of these apart the
questions that share a file with an earlier one and those that share none, which is what learning costs. Last,
every question asked once more, its words shuffled, after it was asked and judged on three days; with use or
patterns alone. ``--own usage=0.5`` tries another weight of a feature of use.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from development_sets import Question, given, indexed, load, localization
from mnemo.retrieval import fusion
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.results import Answer

BUDGET = 4000
DAY = 86_400.0
ON = {"usage": 1.0, "prefetch": 1.0}
OFF = {"usage": 0.0, "prefetch": 0.0}
HOURS = 3
MEASURES = ("file_recall", "line_recall", "mrr", "precision")


def when(mirror: Path, repo: str, commit: str) -> float:
    """The moment of a commit, in seconds since 1970."""
    (folder,) = [found for found in mirror.glob(f"*+{repo}") if found.is_dir()]
    git = next(path.parent for path in sorted(folder.rglob("HEAD")) if (path.parent / "objects").is_dir())
    command = ["git", "-C", str(git), "show", "-s", "--format=%ct", commit]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


def judge(engine: RetrievalEngine, answer: Answer, question: Question, now: float) -> None:
    for result in answer:
        chunk = result.chunk
        changed = question.lines.get(result.file_path, set())
        if not changed.isdisjoint(range(chunk.line_start, chunk.line_end + 1)):
            engine.feedback(chunk.id, "used", now=now)


def ask(
    engine: RetrievalEngine, text: str, now: float, scales: dict[str, float], *, learn: bool = True
) -> Answer:
    return engine.query(text, budget=BUDGET, refresh=False, now=now, scales=scales, learn=learn)


def replay(
    root: Path, questions: list[tuple[float, Question]], scales: dict[str, float], *, again: bool
) -> list[dict[str, float]]:
    """The figures of each question, in order; or, ``again``, of each asked once more after three times."""
    usage = root / ".mnemosyne" / "usage.db"
    for path in usage.parent.glob("usage.db*"):
        path.unlink()
    learn = scales != OFF
    shuffle = random.Random(5).shuffle
    found = []
    with RetrievalEngine.open(root) as engine:
        for at, question in questions:
            for day in range(3 if again and learn else 1):
                answer = ask(engine, question.text, at + day * DAY, scales, learn=learn)
                if learn:
                    judge(engine, answer, question, at + day * DAY)
            if again:
                words = question.text.split()
                shuffle(words)
                answer = ask(engine, " ".join(words), at + 3 * DAY, scales, learn=False)
            found.append(localization(given(answer), question, BUDGET))
    return found


def difference(
    with_it: dict[str, list[dict[str, float]]], without: dict[str, list[dict[str, float]]], name: str
) -> tuple[float, float, float, float]:
    """Mean without, mean difference and its paired bootstrap interval (95 %), means over repositories."""
    pairs = {
        repo: [
            (one[name], other[name])
            for one, other in zip(with_it[repo], without[repo], strict=True)
            if name in one
        ]
        for repo in with_it
    }
    pairs = {repo: values for repo, values in pairs.items() if values}
    draw = random.Random(7)

    def mean(values: dict[str, list[float]]) -> float:
        return sum(sum(each) / len(each) for each in values.values()) / len(values)

    gaps = {repo: [one - other for one, other in values] for repo, values in pairs.items()}
    base = mean({repo: [other for _, other in values] for repo, values in pairs.items()})
    means = sorted(
        mean({repo: draw.choices(values, k=len(values)) for repo, values in gaps.items()})
        for _ in range(1000)
    )
    return base, mean(gaps), means[25], means[975]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", type=Path)
    parser.add_argument("repos", type=Path)
    parser.add_argument("mirror", type=Path)
    parser.add_argument("--repo", action="append", default=[])
    parser.add_argument("--own", action="append", default=[], metavar="FEATURE=WEIGHT")
    options = parser.parse_args()
    by_repo: dict[str, list[tuple[float, Question]]] = defaultdict(list)
    for question in load(options.set, options.repos, set(options.repo)):
        if question.kind == "commit":
            by_repo[question.repo].append((when(options.mirror, question.repo, question.commit), question))
    for change in options.own:
        name, _, weight = change.partition("=")
        known = fusion._all_weights()
        for kind, weights in list(known.items()):
            known[kind] = weights._replace(own={**weights.own, name: float(weight)})
    results: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(dict)
    shared: dict[str, list[bool]] = {}
    for repo, questions in by_repo.items():
        questions.sort(key=lambda item: (item[0], item[1].text))
        seen: set[str] = set()
        shared[repo] = []
        for _, question in questions:
            shared[repo].append(not seen.isdisjoint(question.files))
            seen |= question.files
        with tempfile.TemporaryDirectory() as folder:
            root = Path(shutil.copytree(questions[0][1].root, Path(folder) / repo, symlinks=True))
            with indexed(root):
                pass
            close = [(HOURS * 3600.0 * number, question) for number, (_, question) in enumerate(questions)]
            results["without"][repo] = replay(root, questions, OFF, again=False)
            results["own"][repo] = replay(root, questions, ON, again=False)
            results["close"][repo] = replay(root, close, ON, again=False)
            for name, scales in (
                ("again without", OFF),
                ("again", ON),
                ("again, use", {**ON, "prefetch": 0.0}),
                ("again, patterns", {**ON, "usage": 0.0}),
            ):
                results[name][repo] = replay(root, questions, scales, again=True)
    apart = {repo: [not one for one in ones] for repo, ones in shared.items()}
    count = sum(map(len, by_repo.values()))
    alone = sum(map(sum, apart.values()))
    print(f"{count} commits of {len(by_repo)} repositories, {alone} share no file with an earlier one")
    print(f"{'':<34} {'measure':<12} without  difference [95 %]")
    print_table("at their own times", results["own"], results["without"])
    print_table(f"{HOURS} hours apart", results["close"], results["without"])
    for title, those in (("a file in common", shared), ("no file in common", apart)):
        print_table(f"  of these, {title}", only(results["close"], those), only(results["without"], those))
    for title, name in (
        ("", "again"),
        (", use alone", "again, use"),
        (", patterns alone", "again, patterns"),
    ):
        print_table(f"asked again{title}", results[name], results["again without"])


def only(
    found: dict[str, list[dict[str, float]]], those: dict[str, list[bool]]
) -> dict[str, list[dict[str, float]]]:
    return {
        repo: [one for one, chosen in zip(found[repo], those[repo], strict=True) if chosen] for repo in found
    }


def print_table(
    title: str, with_it: dict[str, list[dict[str, float]]], without: dict[str, list[dict[str, float]]]
) -> None:
    for name in MEASURES:
        base, gap, low, high = difference(with_it, without, name)
        print(f"{title:<34} {name:<12} {base:.3f}    {gap:+.3f} [{low:+.3f}, {high:+.3f}]")


if __name__ == "__main__":
    main()
