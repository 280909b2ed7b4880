"""Patterns: what was of use whenever this was asked before."""

from __future__ import annotations

import xxhash

from ..analysis import stem
from ..evidence import Evidence
from ..query_text import Query
from .scale import Features

__all__ = ["features", "signature", "words_of"]


def words_of(query: Query) -> list[str]:
    """The set of a question's words, sorted, whatever their endings."""
    return sorted({stem(part) for part in query.parts}) or sorted(query.terms)


def signature(words: list[str]) -> str:
    """Sixteen characters that stand for a set of words."""
    return xxhash.xxh3_64_hexdigest("\n".join(words).encode("utf-8", "surrogatepass"))


def features(evidence: Evidence) -> Features:
    """``prefetch``: in what share of the times that this was asked and judged the chunk was of use."""
    experience = evidence.experience
    expected = experience.expected
    if not expected:
        return Features()
    return Features(
        {
            "prefetch": [
                min(1.0, expected.get(candidate.uid, 0) / experience.pattern_hits)
                for candidate in evidence.candidates
            ]
        }
    )
