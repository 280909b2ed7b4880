"""The reference graph: what the best files use."""

from __future__ import annotations

import math

from ..evidence import Evidence
from .scale import Features, scaled

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``graph``: use of the file by the files that answer best."""
    totals, docs, unit = evidence.totals, evidence.docs, evidence.unit
    row_of = {file_id: row for row, file_id in enumerate(evidence.files)}
    best = [max(map(totals.__getitem__, docs[start:end])) * unit for start, end in evidence.spans]
    near = [0.0] * len(best)
    # In the order of the files: a sum of floats depends on it, and every process has to come to the same.
    for source, targets in sorted(evidence.uses.items()):
        share = best[row_of[source]]
        for target in row_of.keys() & targets.keys():
            near[row_of[target]] += share * math.log1p(targets[target])
    return Features({}, {"graph": scaled(near)})
