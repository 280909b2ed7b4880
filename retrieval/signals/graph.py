"""The reference graph: what much is used by others, and what the best files use."""

from __future__ import annotations

import math

from ..evidence import Evidence
from .scale import Features, scaled

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``graph``: use of the file by the files that answer best; ``.references`` and ``.importers``: by how
    many files of the project it is used and imported, as logarithms.
    """
    totals, docs, unit = evidence.totals, evidence.docs, evidence.unit
    row_of = {file_id: row for row, file_id in enumerate(evidence.files)}
    best = [max(map(totals.__getitem__, docs[start:end])) * unit for start, end in evidence.spans]
    near = [0.0] * len(best)
    # In the order of the files: a sum of floats depends on it, and every process has to come to the same.
    for source, targets in sorted(evidence.connected.items()):
        share = best[row_of[source]]
        for target, weight in targets.items():
            near[row_of[target]] += share * math.log1p(weight)
    facts = evidence.files.values()
    return Features(
        {},
        {
            "graph": scaled(near),
            "graph.references": scaled([math.log1p(file.references) for file in facts]),
            "graph.importers": scaled([math.log1p(file.importers) for file in facts]),
        },
    )
