"""Many signals, one order: a learned linear model, or the weighted reciprocal ranks of the first design.

``learned`` scores files first, each by its best chunk in every feature, and then spreads a file's chunks
below it; its weights are data (``weights.toml``), learned by ``benchmarks/learn_weights.py``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from .signals.scale import Features

__all__ = ["Ranked", "Weights", "file_vectors", "learned", "weights_for"]


class Ranked(Protocol):
    """What is ranked: a piece (``doc``) of a whole (``file_id``) with a size."""

    @property
    def doc(self) -> int:
        """Its number among all pieces."""

    @property
    def file_id(self) -> int:
        """The number of the whole."""

    @property
    def tokens(self) -> int:
        """Its size."""


@dataclass(frozen=True, slots=True)
class Weights:
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
    with (Path(__file__).parent / "weights.toml").open("rb") as file:
        data = tomllib.load(file)
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
    """The model for one type of question, or for the journal; types without one of their own share that of
    natural language.
    """
    found = _all_weights()
    return found.get(kind) or found["natural"]


def file_vectors(candidates: Iterable[Ranked], features: Features) -> dict[int, dict[str, float]]:
    """The features of each file: of every feature the best of its chunks."""
    owner = {candidate.doc: candidate.file_id for candidate in candidates}
    vectors: dict[int, dict[str, float]] = {file_id: {} for file_id in owner.values()}
    for name, scores in features.items():
        for doc, score in scores.items():
            vector = vectors[owner[doc]]
            if score > vector.get(name, 0.0):
                vector[name] = score
    return vectors


def learned(
    candidates: Sequence[Ranked], features: Features, weights: Weights, scales: Mapping[str, float]
) -> dict[int, float]:
    """The model's score of each candidate, by document. ``scales`` multiplies whole signals (0 to 2)."""

    def scaled(table: Mapping[str, float]) -> dict[str, float]:
        return {name: weight * scales.get(name.partition(".")[0], 1.0) for name, weight in table.items()}

    of_file, of_chunk = scaled(weights.file), scaled(weights.chunk)
    file_scores = {
        file_id: sum(of_file.get(name, 0.0) * value for name, value in vector.items())
        for file_id, vector in file_vectors(candidates, features).items()
    }
    within: dict[int, float] = dict.fromkeys((candidate.doc for candidate in candidates), 0.0)
    for name, weight in of_chunk.items():
        for doc, value in features.get(name, {}).items():
            within[doc] += weight * value
    best: dict[int, float] = {}
    for candidate in candidates:
        score = within[candidate.doc]
        if score > best.get(candidate.file_id, float("-inf")):
            best[candidate.file_id] = score
    found = {
        candidate.doc: file_scores[candidate.file_id]
        - weights.spread * (best[candidate.file_id] - within[candidate.doc])
        for candidate in candidates
    }
    for name, weight in scaled(weights.own).items():
        for doc, value in features.get(name, {}).items():
            found[doc] += weight * value
    return found
