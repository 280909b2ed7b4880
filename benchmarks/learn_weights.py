"""Learn the weights of ``weights.toml`` from questions, cross-validated by repository.

    python benchmarks/learn_weights.py --set SET REPOS [--set SET REPOS]... [--folds 5] [--without NAME]...

For each type of question three logistic regressions (L2): files that answer against files that do not; within
files that answer, chunks whose lines were changed against the others; and changed chunks against all that
rank high, whatever their files. The first two make one model, the third another; what is learned is the mean
of both. They are pairwise, but for tasks multinomial, each right one against all wrong ones together: what
answers a task fills a budget, in order of exp(score), and of that this is the share.

Prints figures of each set by weights that never saw the repository (the same repository in two sets is one),
and then the tables that ship, learned on all. Needs the extra ``bench``. SET and REPOS are those of
`quality_bench`; chunks learn from sets with lines alone. ``--without`` leaves features out (a name, or all
that begin with it and a dot; several with commas) and prints the differences with their paired bootstrap
intervals.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from development_sets import Question, indexed, load, localization, ndcg10, path_matches
from mnemo.retrieval.budget import Offer, fill
from mnemo.retrieval.corpus import Candidate, Corpus
from mnemo.retrieval.cost import values
from mnemo.retrieval.evidence import gather
from mnemo.retrieval.fusion import Weights, learned
from mnemo.retrieval.query_text import read_query
from mnemo.retrieval.signals import features_of
from mnemo.retrieval.signals.scale import Features
from mnemo.retrieval.store import inflate
from quality_bench import BUDGETS, difference, interval
from scipy.optimize import minimize

Array = np.ndarray[Any, Any]
Rivals = tuple[Array, Array]
"""Feature rows of right ones, and of the wrong ones that they are held against."""
Rivalry = Callable[["Example"], Iterator[Rivals]]
MODELS = ("natural", "change", "symbol")
ALIASES = {"fmt": "fmtlib", "mini": "mini.nvim"}  # one repository under two names
OF_CHUNKS = {
    "bm25", "bm25.raw", "bm25.comments", "bm25.near", "symbol", "symbol.definition", "symbol.exact",
    "symbol.holder", "symbol.type", "kind.size", "kind.imports",
}  # fmt: skip
ONLY_OF_CHUNKS = {"bm25.near", "symbol.holder", "symbol.type", "kind.size", "kind.imports"}
KINDS = {"kind.tests", "kind.docs", "kind.data", "kind.examples", "kind.generated", "kind.legacy"}
STRENGTH = 0.0003
HARD_NEGATIVES = 60
MOST_CHANGED = 12
SHAPES = {"natural": (1.0, 0.25), "change": (1.25, 0.5), "symbol": (1.0, 0.25)}
"""Spread and size of a model of files and chunks within them."""
OWN = {
    "symbol.whole": 8.0,
    "usage.alike": 2.0,
    "usage.unlike": -2.0,
    "prefetch": 2.0,
}
"""Set by hand: the sets name places, and names in so many words, too seldom to learn from, and nobody used
their answers; what use counts is chosen by learning_bench.py."""
PLACES = {"natural": 2.0, "change": 1.0, "symbol": 4.0}
"""And what a place counts that the question names: a task names files that it changes only in passing."""
NOT_LEARNED = {
    *OWN,
    "path.place",
    "usage",
    "vector",
    "graph",
}  # without the last three nothing is lost beyond noise
SEARCHES = 3.0  # what a question of a search set counts among natural ones, beside one of history
OTHER_TYPE = 0.2  # what a question of another type counts, for there are few of each
LIMIT = 10


@dataclass
class Example:
    """One question with what it was answered from. ``right`` tells file rows, ``changed`` counts lines by
    row.
    """

    question: Question
    model: str
    features: Features
    spans: list[tuple[int, int]]
    candidates: list[Candidate]
    paths: list[str]
    sizes: list[int]
    right: Array
    changed: Array

    @cached_property
    def owners(self) -> Array:
        """By row, the file row."""
        return np.repeat(np.arange(len(self.spans)), [end - start for start, end in self.spans])

    @property
    def repo(self) -> str:
        return ALIASES.get(self.question.repo, self.question.repo)

    def of_files(self, names: list[str]) -> Array:
        found = np.zeros((len(self.spans), len(names)))
        for place, name in enumerate(names):
            if name in self.features.files:
                found[:, place] = self.features.files[name]
            elif name in self.features.chunks:
                column = np.array(self.features.chunks[name])
                found[:, place] = np.maximum.reduceat(column, [start for start, _ in self.spans])
        return found

    def of_chunks(self, names: list[str]) -> Array:
        empty = [0.0] * len(self.candidates)
        return np.array([self.features.chunks.get(name, empty) for name in names]).T


def examples(questions: list[Question]) -> list[Example]:
    by_root: dict[Path, list[Question]] = defaultdict(list)
    for question in questions:
        by_root[question.root].append(question)
    found: list[Example] = []
    for root, asked in by_root.items():
        with indexed(root) as engine, engine.store.reading() as connection:
            corpus = Corpus(connection)
            sizes: dict[int, int] = {}
            for question in asked:
                query = read_query(question.text)
                evidence = gather(connection, corpus, query, None)
                if not evidence.candidates:
                    continue
                for chunk in evidence.candidates:
                    if chunk.content_id not in sizes:
                        (body,) = connection.execute(
                            "SELECT body FROM contents WHERE id = ?", (chunk.content_id,)
                        ).fetchone()
                        sizes[chunk.content_id] = len(inflate(body))
                paths = [facts.path for facts in evidence.files.values()]
                changed = []
                for chunk in evidence.candidates:
                    lines = question.lines.get(evidence.files[chunk.file_id].path, set())
                    changed.append(len(lines & set(range(chunk.line_start, chunk.line_end + 1))))
                found.append(
                    Example(
                        question,
                        query.type if query.type in MODELS else "natural",
                        features_of(evidence),
                        evidence.spans,
                        evidence.candidates,
                        paths,
                        [sizes[chunk.content_id] for chunk in evidence.candidates],
                        np.array([answers(question, path) for path in paths]),
                        np.array(changed),
                    )
                )
    return found


def answers(question: Question, path: str) -> bool:
    return path in question.files or any(path_matches(path, target[0]) for target in question.targets)


def rival_files(example: Example, names: list[str]) -> Iterator[Rivals]:
    """Files that answer, and files that do not."""
    values = example.of_files(names)
    good, bad = values[example.right], values[~example.right]
    if len(good) and len(bad):
        hard = [names.index(name) for name in ("bm25", "path") if name in names]
        yield good, bad[np.argsort(-bad[:, hard].sum(1), kind="stable")[:HARD_NEGATIVES]]


def rivals_within(example: Example, names: list[str]) -> Iterator[Rivals]:
    """Within files that answer, chunks that changed, and others."""
    values = example.of_chunks(names)
    for start, end in example.spans:
        changed = example.changed[start:end] > 0
        good, bad = values[start:end][changed], values[start:end][~changed]
        if len(good) and len(bad):
            yield good, bad


def rival_chunks(
    example: Example, of_files: list[str], of_chunks: list[str], weights: Weights
) -> Iterator[Rivals]:
    """Chunks that changed, and all others that rank high by ``weights``, whatever their files; of a question
    without lines, the best chunks of files that answer, and those of files that do not.
    """
    density = densities(example, weights)
    order = np.argsort(-density, kind="stable")
    right = example.changed > 0
    if example.question.targets:
        _, first = np.unique(example.owners[order], return_index=True)
        order = order[np.sort(first)]
        right = example.right[example.owners]
    good, bad = order[right[order]], order[~right[order]][:HARD_NEGATIVES]
    if len(good) and len(bad):
        most = np.argsort(-example.changed[good], kind="stable")[:MOST_CHANGED]
        values = np.hstack([example.of_files(of_files)[example.owners], example.of_chunks(of_chunks)])
        yield values[good[most]], values[bad]


def pairwise(some: list[tuple[Example, float]], rivals_of: Rivalry) -> Array:
    """A weight for each column, by all pairs of a right one and a wrong one. Each question counts by its
    weight, whatever the number of its pairs."""
    rows, shares = [], []
    for example, weight in some:
        found = [
            (good[:, None, :] - bad[None, :, :]).reshape(-1, good.shape[1])
            for good, bad in rivals_of(example)
        ]
        if found:
            rows.append(np.concatenate(found).astype(np.float32))
            shares.append(np.full(len(rows[-1]), weight / len(rows[-1])))
    pairs, share = np.concatenate(rows), np.concatenate(shares).astype(np.float32)
    share /= share.sum()

    def loss(weights: Array) -> tuple[float, Array]:
        margin = pairs @ weights.astype(np.float32)
        slope = -(share / (1 + np.exp(np.minimum(margin, 60)))) @ pairs
        value = float(share @ np.logaddexp(0, -margin)) + STRENGTH / 2 * weights @ weights
        return value, slope + STRENGTH * weights

    return minimize(loss, np.zeros(pairs.shape[1]), jac=True, method="L-BFGS-B").x


def multinomial(some: list[tuple[Example, float]], rivals_of: Rivalry) -> Array:
    """A weight for each column, by the share exp(score) of a right one among itself and all wrong ones (Cao
    and others 2007, top one)."""
    goods, bads, shares = [], [], []
    for example, weight in some:
        found = list(rivals_of(example))
        for good, bad in found:
            goods.append(good)
            bads.append(bad)
            shares.append(weight / len(found) / len(good))
    right, wrong = np.concatenate(goods), np.concatenate(bads)
    of_right = np.repeat(np.arange(len(goods)), list(map(len, goods)))
    of_wrong = np.repeat(np.arange(len(bads)), list(map(len, bads)))
    starts = np.searchsorted(of_wrong, np.arange(len(bads)))
    share = np.array(shares)[of_right]
    share /= share.sum()

    def loss(weights: Array) -> tuple[float, Array]:
        scores = wrong @ weights
        top = np.maximum.reduceat(scores, starts)
        parts = np.exp(scores - top[of_wrong])
        sums = np.add.reduceat(parts, starts)
        margin = right @ weights - (top + np.log(sums))[of_right]
        pull = share / (1 + np.exp(np.minimum(margin, 60)))
        push = np.bincount(of_right, pull, len(goods)) / sums
        slope = (push[of_wrong] * parts) @ wrong - pull @ right
        value = float(share @ np.logaddexp(0, -margin)) + STRENGTH / 2 * weights @ weights
        return value, slope + STRENGTH * weights

    return minimize(loss, np.zeros(right.shape[1]), jac=True, method="L-BFGS-B").x


def learn(some: list[Example], without: set[str]) -> dict[str, Weights]:
    """A model for each type of question; natural ones and tasks lend each other a little.

    Two models are averaged: one of files with one of the chunks within them, and one of all chunks.
    """
    every = {name for example in some for name in (*example.features.chunks, *example.features.files)}
    of_files = sorted(every - ONLY_OF_CHUNKS - NOT_LEARNED - without)
    of_chunks = sorted((every & OF_CHUNKS) - without)
    found = {}
    for model in MODELS:
        related = [each for each in some if (each.model == "symbol") == (model == "symbol")]
        weighed, rivals = [], []
        for each in related:
            weight = 1.0 if each.model == model else OTHER_TYPE
            search = SEARCHES if model == "natural" and each.question.targets else 1.0
            weighed.append((each, search * weight))
            if model != "change" or not each.question.targets:
                rivals.append((each, search * weight))
        spread, size = SHAPES[model]
        fit = multinomial if model == "change" else pairwise
        files = fit(weighed, partial(rival_files, names=of_files))
        chunks = fit([(each, 1.0) for each in related], partial(rivals_within, names=of_chunks))
        apart = Weights(named(of_files, files), named(of_chunks, chunks), spread, size, 1.0, {})
        together = fit(rivals, partial(rival_chunks, of_files=of_files, of_chunks=of_chunks, weights=apart))
        files = files + together[: len(of_files)]
        found[model] = Weights(
            named(of_files, files / 2),
            named(of_chunks, chunks),
            spread / 2,
            size / 2,
            1.0,
            {**named(of_chunks, together[len(of_files) :] / 2), **OWN, "path.place": PLACES[model]},
        )
        if model == "symbol":  # asked of sets that hold hardly any tests and docs
            kinds = {name: weight for name, weight in found["natural"].file.items() if name in KINDS}
            found[model] = found[model]._replace(file={**found[model].file, **kinds})
    return found


def named(names: list[str], weights: Array) -> dict[str, float]:
    return {name: round(float(weight), 2) for name, weight in zip(names, weights, strict=True)}


def densities(example: Example, weights: Weights) -> Array:
    scores = learned(example.spans, example.features, weights, {})
    return np.array(values([chunk.tokens for chunk in example.candidates], scores, weights)[1])


def measure(example: Example, weights: Weights) -> dict[str, float]:
    """What the engine would answer with these weights, scored."""
    question = example.question
    candidates = example.candidates
    density = densities(example, weights)
    order = sorted(range(len(candidates)), key=lambda row: (-density[row], candidates[row].chunk_id))
    offers = (
        Offer(row, chunk.file_id, chunk.content_id, chunk.line_start, chunk.line_end)
        for row, chunk in ((row, candidates[row]) for row in order)
    )
    search = bool(question.targets)
    budget = 10**9 if search else BUDGETS[question.kind]
    choice = fill(
        offers,
        budget,
        lambda row: candidates[row].tokens,
        limit=LIMIT if search else None,
        per_file=1 if search else None,
    )
    spans = [
        (example.paths[example.owners[row]], candidates[row].line_start, candidates[row].line_end)
        for row in choice.taken
    ]
    if search:
        return {"ndcg10": ndcg10(spans, question.targets)}
    given = [(*span, example.sizes[row]) for span, row in zip(spans, choice.taken, strict=True)]
    return localization(given, question, budget)


def cross_validated(
    sets: dict[str, list[Example]], folds: int, without: set[str]
) -> dict[tuple[str, str, str], dict[str, list[float]]]:
    repos = sorted({example.repo for some in sets.values() for example in some})
    random.Random(1).shuffle(repos)
    figures: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for fold in range(min(folds, len(repos))):
        held = set(repos[fold::folds])
        models = learn([each for some in sets.values() for each in some if each.repo not in held], without)
        for name, some in sets.items():
            for each in some:
                if each.repo in held:
                    for figure, value in measure(each, models[each.model]).items():
                        figures[name, each.question.kind, figure][each.repo].append(value)
    return figures


def show(figures: dict[tuple[str, str, str], dict[str, list[float]]], *, by_repo: bool) -> None:
    for (name, kind, figure), values_of in sorted(figures.items()):
        mean = sum(sum(each) / len(each) for each in values_of.values()) / len(values_of)
        low, high = interval(values_of)
        print(f"# {name} {kind:<10} {figure:<12} {mean:.3f} [{low:.3f}, {high:.3f}]")
        if by_repo:
            each_one = (f"{repo} {sum(each) / len(each):.3f}" for repo, each in sorted(values_of.items()))
            print("#    " + ", ".join(each_one))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", nargs=2, type=Path, action="append", required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--without", action="append", default=[])
    options = parser.parse_args()
    sets = {folder.name: examples(load(folder, repos, set())) for folder, repos in options.set}
    whole = cross_validated(sets, options.folds, set())
    show(whole, by_repo=True)
    for model, weights in learn([each for some in sets.values() for each in some], set()).items():
        print(
            f"\n[{model}]\nspread = {weights.spread}\nsize = {weights.size}\nsharpness = {weights.sharpness}"
        )
        for part, table in (("file", weights.file), ("chunk", weights.chunk), ("own", weights.own)):
            print(f"\n[{model}.{part}]")
            for name, weight in sorted(table.items(), key=lambda item: -item[1]):
                if abs(weight) >= 0.05:
                    print(f'"{name}" = {weight:.2f}', flush=True)
    every = {
        name
        for some in sets.values()
        for each in some
        for name in (*each.features.chunks, *each.features.files)
    }
    for wanted in options.without:
        starts = tuple(wanted.split(","))
        left = {
            name
            for name in every
            if name in starts or name.startswith(tuple(f"{start}." for start in starts))
        }
        print(f"# without {wanted} ({len(left)} features): what it loses")
        less = cross_validated(sets, options.folds, left)
        for key, values_of in sorted(less.items()):
            mean, low, high = difference(values_of, whole[key])
            mark = " *" if low > 0 or high < 0 else ""
            print(f"#   {' '.join(key):<36} {mean:+.3f} [{low:+.3f}, {high:+.3f}]{mark}", flush=True)


if __name__ == "__main__":
    main()
