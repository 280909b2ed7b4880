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
    best: dict[int, float] = {}
    for candidate in evidence.candidates:
        score = evidence.text_scores.get(candidate.doc, 0.0)
        if score > best.get(candidate.file_id, 0.0):
            best[candidate.file_id] = score
    near: dict[int, float] = {}
    for source, targets in evidence.connected.items():
        share = best.get(source, 0.0)
        for target, weight in targets.items():
            near[target] = near.get(target, 0.0) + share * math.log1p(weight)
    near = scaled(near)
    references = scaled({file_id: math.log1p(facts.references) for file_id, facts in evidence.files.items()})
    importers = scaled({file_id: math.log1p(facts.importers) for file_id, facts in evidence.files.items()})
    found: Features = {"graph": {}, "graph.references": {}, "graph.importers": {}}
    for candidate in evidence.candidates:
        doc, owner = candidate.doc, candidate.file_id
        if doc < 0:
            continue
        for name, scores in (
            ("graph", near),
            ("graph.references", references),
            ("graph.importers", importers),
        ):
            if owner in scores:
                found[name][doc] = scores[owner]
    return found
