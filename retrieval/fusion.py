"""Many signals, one order: a learned linear model, or the weighted reciprocal ranks of the first design.

``learned`` scores files first, each by its best chunk in every feature, and then spreads a file's chunks
below it; its weights are data, learned by ``benchmarks/learn_weights.py``: ``weights.toml``, read from
``weights.json``, which ``benchmarks/pack_weights.py`` makes of it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .signals.scale import Features

__all__ = ["Weights", "file_vectors", "learned", "weights_for"]


class Weights(NamedTuple):
    """One query type's model: ``file`` weighs features of a file, ``chunk`` those of chunks within one, and
    ``own`` what a chunk has for itself, whatever its file.

    ``spread`` says how far a chunk may fall below its file's best one, ``size`` is the exponent by which
    tokens count against value, ``sharpness`` turns scores into values (value = exp(sharpness x score)).
    """

    file: Mapping[str, float]
    chunk: Mapping[str, float]
    spread: float
    size: float
    sharpness: float
    own: Mapping[str, float]


@cache
def _all_weights() -> dict[str, Weights]:
    data = json.loads((Path(__file__).parent / "weights.json").read_bytes())
    return {
        name: Weights(
            table["file"],
            table["chunk"],
            table["spread"],
            table["size"],
            table["sharpness"],
            table.get("own", {}),
        )
        for name, table in data.items()
    }


def weights_for(kind: str) -> Weights:
    """The model for one type of question, or for the journal; pasted code shares that of errors, for
    both stand in the text as they are, and other types without one that of natural language.
    """
    found = _all_weights()
    return found.get(kind) or found["error" if kind == "code" else "natural"]


def file_vectors(spans: Sequence[tuple[int, int]], features: Features) -> list[dict[str, float]]:
    """The features of each file: its own, and of every feature of chunks the best of its chunks. ``spans``
    are the rows of each file's chunks.
    """
    columns = {**features.files}
    for name, column in features.chunks.items():
        columns[name] = [max(column[start:end]) for start, end in spans]
    return [{name: column[row] for name, column in columns.items()} for row in range(len(spans))]


def learned(
    spans: Sequence[tuple[int, int]], features: Features, weights: Weights, scales: Mapping[str, float]
) -> list[float]:
    """The model's score of each candidate, by row. ``spans`` are the rows of each file's candidates,
    ``scales`` multiplies whole signals (0 to 2).
    """
    of_files = [0.0] * len(spans)
    slices = [slice(*span) for span in spans]
    for name, weight in weights.file.items():
        column = features.files.get(name) or features.chunks.get(name)
        if not column or not any(column):
            continue
        factor = weight * scales.get(name.partition(".")[0], 1.0)
        best = column if name in features.files else map(max, map(column.__getitem__, slices))
        of_files = [score + factor * value for score, value in zip(of_files, best, strict=True)]
    within = _weighed(weights.chunk, features, scales, [0.0] * (spans[-1][1] if spans else 0))
    scores: list[float] = []
    spread = weights.spread
    for some, of_file in zip(map(within.__getitem__, slices), of_files, strict=True):
        top = of_file - spread * max(some)
        scores += [top + spread * score for score in some]
    return _weighed(weights.own, features, scales, scores)


def _weighed(
    weights: Mapping[str, float], features: Features, scales: Mapping[str, float], scores: list[float]
) -> list[float]:
    """``scores`` by row with the weighted features of chunks added."""
    for name, weight in weights.items():
        column = features.chunks.get(name)
        if column and any(column):
            factor = weight * scales.get(name.partition(".")[0], 1.0)
            scores = [score + factor * value for score, value in zip(scores, column, strict=True)]
    return scores
