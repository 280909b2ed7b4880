"""Many signals, one order: a learned linear model, or the weighted reciprocal ranks of the first design.

``learned`` scores files first, each by its best chunk in every feature, and then spreads a file's chunks
below it; its weights are data, learned by ``benchmarks/learn_weights.py``: ``weights.toml``, read from
``weights.json``, which ``benchmarks/pack_weights.py`` makes of it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import compress
from pathlib import Path
from typing import NamedTuple

from .signals.scale import Features

__all__ = ["Weights", "file_vectors", "learned", "weighed_signals", "weights_for"]


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


def weighed_signals(kind: str) -> frozenset[str]:
    """The signals that the model for one type of question gives any weight."""
    model = weights_for(kind)
    tables = (model.file, model.chunk, model.own)
    return frozenset(name.partition(".")[0] for table in tables for name, weight in table.items() if weight)


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
    owners = [file for file, (start, end) in enumerate(spans) for _ in range(start, end)]
    of_files = [0.0] * len(spans)
    for name, weight in weights.file.items():
        column = features.files.get(name) or _best(features.chunks.get(name, ()), owners, len(spans))
        _add(of_files, column, weight, name, scales)
    within = [0.0] * len(owners)
    for name, weight in weights.chunk.items():
        _add(within, features.chunks.get(name, ()), weight, name, scales)
    scores: list[float] = []
    spread = weights.spread
    for (start, end), of_file in zip(spans, of_files, strict=True):
        some = within[start:end]
        top = of_file - spread * max(some)
        scores += [top + spread * score for score in some]
    for name, weight in weights.own.items():
        _add(scores, features.chunks.get(name, ()), weight, name, scales)
    return scores


def _best(column: Sequence[float], owners: Sequence[int], files: int) -> list[float]:
    """By file, the best of its chunks; ``owners`` are the files of all chunks, by row."""
    found = [0.0] * files
    for row in compress(range(len(owners)), column):
        if (value := column[row]) > found[owners[row]]:
            found[owners[row]] = value
    return found


def _add(
    scores: list[float], column: Sequence[float], weight: float, name: str, scales: Mapping[str, float]
) -> None:
    """Add a weighed feature to ``scores``, by row: where it is 0, as most are for most rows, is no work."""
    factor = weight * scales.get(name.partition(".")[0], 1.0)
    for row in compress(range(len(scores)), column):
        scores[row] += factor * column[row]
