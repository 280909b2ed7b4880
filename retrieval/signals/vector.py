"""The vector signal: cosine of TF-IDF vectors, "lnc.ltc" (Salton and Buckley 1988), over the candidates."""

from __future__ import annotations

import math

from ..analysis import TF_MASK
from ..evidence import Evidence
from ..postings import TF_OF
from .scale import Features

__all__ = ["features"]

_LOG = tuple(1 + math.log(times) if times else 0.0 for times in range(TF_MASK + 1))


def features(evidence: Evidence) -> Features:
    """``vector``: between 0 and 1, the question's side weighted by inverse document frequency."""
    counts = evidence.query.counts
    if not evidence.docs or not evidence.groups:
        return Features()
    known = evidence.vocabulary
    weights = [
        (1 + math.log(counts.get(group.term, 1))) * group.idf if known is None or group.term in known else 0.0
        for group in evidence.groups
    ]
    size = math.sqrt(sum(weight * weight for weight in weights)) or 1.0
    columns = []
    for column, weight in zip(evidence.exact, weights, strict=True):
        table = [weight * log / size for log in _LOG]
        columns.append(map(table.__getitem__, column.translate(TF_OF)))
    products = map(sum, zip(*columns, strict=True))
    return Features(
        {"vector": [product / (norm or 1.0) for product, norm in zip(products, evidence.norms, strict=True)]}
    )
