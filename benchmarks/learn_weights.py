"""Learn the file weights of ``weights.toml``: pairwise logistic regression, cross-validated by repository.

    python benchmarks/learn_weights.py SET REPOS [--strength 0.003]

Prints NDCG@10 of each repository by weights that never saw it, and then the weights learned on all. Needs
numpy and scipy. SET and REPOS are those of `quality_bench`; only sets with annotations teach. Kinds of file
that the set hardly holds (tests, docs, data) keep the weights that stand in the file.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from development_sets import Question, indexed, load, ndcg10, path_matches
from mnemo.retrieval.corpus import Corpus
from mnemo.retrieval.evidence import gather
from mnemo.retrieval.fusion import file_vectors, learned, weights_for
from mnemo.retrieval.query_text import read_query
from mnemo.retrieval.signals import features_of
from scipy.optimize import minimize

HARD_NEGATIVES = 60
OF_CHUNKS = ("kind.imports", "kind.unnamed")


@dataclass
class Example:
    question: Question
    model: str
    spans: list[tuple[str, int, int]]
    vectors: list[dict[str, float]]
    right: np.ndarray[Any, Any]


def examples(questions: list[Question]) -> list[Example]:
    by_root: dict[Path, list[Question]] = defaultdict(list)
    for question in questions:
        by_root[question.root].append(question)
    found: list[Example] = []
    for root, asked in by_root.items():
        with indexed(root) as engine, engine.store.reading() as connection:
            corpus = Corpus(connection)
            for question in asked:
                query = read_query(question.text)
                evidence = gather(connection, corpus, query, None)
                features = features_of(evidence)
                scores = learned(evidence.spans, features, weights_for(query.type), {})
                vectors = file_vectors(evidence.spans, features)
                spans = []
                for facts, (start, end) in zip(evidence.files.values(), evidence.spans, strict=True):
                    chunk = evidence.candidates[max(range(start, end), key=scores.__getitem__)]
                    spans.append((facts.path, chunk.line_start, chunk.line_end))
                right = np.array(
                    [any(path_matches(path, target[0]) for target in question.targets) for path, *_ in spans],
                    dtype=bool,
                )
                model = "symbol" if query.type == "symbol" else "natural"
                found.append(Example(question, model, spans, vectors, right))
    return found


def matrix(example: Example, names: list[str]) -> np.ndarray[Any, Any]:
    return np.array([[vector.get(name, 0.0) for name in names] for vector in example.vectors])


def fit(some: list[Example], names: list[str], strength: float) -> np.ndarray[Any, Any]:
    rows, shares = [], []
    hard = [names.index(name) for name in ("bm25", "path") if name in names]
    for example in some:
        values = matrix(example, names)
        good, bad = values[example.right], values[~example.right]
        if len(good) and len(bad):
            bad = bad[np.argsort(-bad[:, hard].sum(1), kind="stable")[:HARD_NEGATIVES]]
            pairs = (good[:, None, :] - bad[None, :, :]).reshape(-1, len(names))
            rows.append(pairs)
            shares.append(np.full(len(pairs), 1 / len(pairs)))
    pairs, share = np.concatenate(rows), np.concatenate(shares)
    share /= share.sum()

    def loss(weights: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
        margin = pairs @ weights
        slope = -(pairs * (share / (1 + np.exp(margin)))[:, None]).sum(0)
        value = (share * np.logaddexp(0, -margin)).sum() + strength / 2 * weights @ weights
        return value, slope + strength * weights

    return minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x


def score(example: Example, names: list[str], weights: np.ndarray[Any, Any]) -> float:
    order = np.argsort(-(matrix(example, names) @ weights), kind="stable")[:10]
    return ndcg10([example.spans[place] for place in order], example.question.targets)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", type=Path)
    parser.add_argument("repos", type=Path)
    parser.add_argument("--strength", type=float, default=0.003)
    options = parser.parse_args()
    everything = [example for example in examples(load(options.set, options.repos, set())) if example.vectors]
    figures: dict[str, list[float]] = defaultdict(list)
    for model in ("natural", "symbol"):
        some = [example for example in everything if example.model == model]
        names = sorted({name for example in some for vector in example.vectors for name in vector})
        names = [name for name in names if name not in OF_CHUNKS]
        for repo in sorted({example.question.repo for example in some}):
            weights = fit([each for each in some if each.question.repo != repo], names, options.strength)
            figures[repo] += [score(each, names, weights) for each in some if each.question.repo == repo]
        print(f"[{model}.file]")
        for name, weight in sorted(zip(names, fit(some, names, options.strength), strict=True)):
            print(f'"{name}" = {weight:.2f}')
    means = {repo: sum(values) / len(values) for repo, values in sorted(figures.items())}
    print("# cross-validated NDCG@10: " + ", ".join(f"{repo} {mean:.3f}" for repo, mean in means.items()))
    print(f"# mean over {len(means)} repositories: {sum(means.values()) / len(means):.3f}")


if __name__ == "__main__":
    main()
