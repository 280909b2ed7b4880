"""What speaks for a memory: pure functions from evidence to scores between 0 and 1, by candidate."""

from __future__ import annotations

import math

from ...storage.memory import to_microseconds
from ..postings import K1, B
from .evidence import JournalEvidence

__all__ = ["SIGNALS", "features_of"]

SIGNALS = ("bm25", "vector", "concept", "tags", "recency", "links")
"""The signals that users see and may weigh."""

HALF_LIFE_DAYS = 365.0
_ByCandidate = dict[str, dict[int, float]]
_DAY = 86_400_000_000


def features_of(evidence: JournalEvidence) -> _ByCandidate:
    """All features of the candidates: the signals, ``bm25.cover`` (the share of the question's weight that
    occurs) and ``recency.span`` (written in a span of time that the question names).
    """
    found = _words(evidence)
    found.update(_names(evidence))
    found.update(_times(evidence))
    found["links"] = _links(evidence, found["bm25"])
    return found


def _words(evidence: JournalEvidence) -> _ByCandidate:
    """BM25 (Robertson and Zaragoza 2009) over all texts of a memory, and the cosine of TF-IDF vectors
    ("lnc.ltc", Salton and Buckley 1988).
    """
    question, mean = evidence.question, evidence.corpus.mean_length
    size = math.sqrt(sum(word.idf * word.idf for word in question.words)) or 1.0
    text: dict[int, float] = {}
    vector: dict[int, float] = {}
    cover: dict[int, float] = {}
    for doc, counts in evidence.counts.items():
        room = K1 * (1 - B + B * evidence.lengths[doc] / mean)
        score = product = share = 0.0
        for number, count in sorted(counts.items()):
            idf = question.words[number].idf
            score += idf * count / (count + room)
            product += idf * (1 + math.log(count) if count >= 1 else count)
            share += idf
        if counts:
            text[doc] = score
            cover[doc] = share / question.total_idf
            vector[doc] = min(1.0, product / (size * evidence.norms[doc]))
    return {"bm25": _scaled(text), "bm25.cover": cover, "vector": vector}


def _names(evidence: JournalEvidence) -> _ByCandidate:
    """``concept`` and ``tags``: the share of the concept's (of the best tag's) words that the question
    names, weighted by how much of the question they are.
    """
    weights = {
        form: worth * (0.5 + 0.5 * word.idf / evidence.question.total_idf)
        for word in evidence.question.words
        for form, worth in word.variants.items()
    }

    def share(words: frozenset[str]) -> float:
        return sum(weights.get(word, 0.0) for word in words) / len(words) if words else 0.0

    concept = {doc: share(words) for doc, words in evidence.concepts.items()}
    tags = {doc: max(map(share, every), default=0.0) for doc, every in evidence.tags.items()}
    return {
        "concept": {doc: score for doc, score in concept.items() if score},
        "tags": {doc: score for doc, score in tags.items() if score},
    }


def _times(evidence: JournalEvidence) -> _ByCandidate:
    """``recency``: 2^(-age in years); ``recency.span``: 1 within a span of time that the question names."""
    recency: dict[int, float] = {}
    span: dict[int, float] = {}
    now = evidence.corpus.now.timestamp() * 1e6
    spans = [(each.start.timestamp() * 1e6, each.end.timestamp() * 1e6) for each in evidence.question.spans]
    for candidate in evidence.candidates:
        moment = to_microseconds(candidate.memory.timestamp)
        recency[candidate.doc] = 2.0 ** (-max(0.0, now - moment) / _DAY / HALF_LIFE_DAYS)
        if any(start <= moment <= end for start, end in spans):
            span[candidate.doc] = 1.0
    return {"recency": recency, "recency.span": span}


def _links(evidence: JournalEvidence, text: dict[int, float]) -> dict[int, float]:
    """The best full-text score among the layers that a memory revisits or that revisit it."""
    found = {doc: max(text.get(other, 0.0) for other in others) for doc, others in evidence.links.items()}
    return {doc: score for doc, score in found.items() if score}


def _scaled(scores: dict[int, float]) -> dict[int, float]:
    """Scores divided by the highest."""
    top = max(scores.values(), default=0.0)
    return {doc: score / top for doc, score in scores.items()} if top > 0 else {}
