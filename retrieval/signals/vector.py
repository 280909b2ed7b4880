"""The vector signal: cosine of TF-IDF vectors, "lnc.ltc" (Salton and Buckley 1988), over the candidates."""

from __future__ import annotations

import math

from ..analysis import TF_MASK
from ..evidence import Evidence
from .scale import Features

__all__ = ["features"]

_LOG = tuple(1 + math.log(times) if times else 0.0 for times in range(TF_MASK + 1))


def features(evidence: Evidence) -> Features:
    """``vector``: between 0 and 1, the question's side weighted by inverse document frequency."""
    query = evidence.query
    weights = [
        (group.exact, (1 + math.log(query.counts.get(group.term, 1))) * group.idf)
        for group in evidence.groups
    ]
    size = math.sqrt(sum(weight * weight for _, weight in weights)) or 1.0
    norms = evidence.corpus.norms
    found: dict[int, float] = {}
    for candidate in evidence.candidates:
        doc = candidate.doc
        if doc < 0:
            continue
        product = 0.0
        for postings, weight in weights:
            byte = postings.get(doc)
            if byte:
                product += _LOG[byte & TF_MASK] * weight
        if product and norms[doc]:
            found[doc] = product / (size * norms[doc])
    return {"vector": found}
