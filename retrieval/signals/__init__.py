"""What speaks for a chunk: each signal is a pure function from evidence to columns of scores.

A signal may give several features, named ``signal`` or ``signal.detail``, of chunks or of whole files; the
plain name is the one shown to users and ranked for reciprocal rank fusion. Scores lie between 0 and 1.
"""

from __future__ import annotations

from ..evidence import Evidence
from . import bm25, kind, path, prefetch, symbol, usage
from .scale import Features

__all__ = ["SIGNALS", "columns_of", "features_of"]

SIGNALS = ("bm25", "vector", "symbol", "path", "graph", "usage", "prefetch")
"""The signals that users see and may weigh."""
_WEIGHED = (bm25, symbol, path, kind, usage, prefetch)


def features_of(evidence: Evidence, *, unweighed: bool = True) -> Features:
    """All features of the candidates; or without the signals that the learned model gives no weight, which
    `columns_of` adds once somebody looks.
    """
    found = Features()
    for module in _WEIGHED:
        found.update(module.features(evidence))
    if unweighed:
        found.update(_unweighed(evidence))
    return found


def columns_of(evidence: Evidence, features: Features) -> dict[str, list[float]]:
    """What users see: the signals' scores by name and candidate's row."""
    if "vector" not in features.chunks:
        features.update(_unweighed(evidence))
    return {name: column for name in SIGNALS if (column := features.column(name, evidence.owners))}


def _unweighed(evidence: Evidence) -> Features:
    from . import graph, vector  # noqa: PLC0415 - few questions are asked for them

    found = vector.features(evidence)
    found.update(graph.features(evidence))
    return found
