"""Overlap of the question's words with a file's name and folders, both ways."""

from __future__ import annotations

from ..analysis import WHOLE
from ..evidence import Evidence, FileFacts, same_place, word_match
from .scale import Features

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``path``: the harmonic mean of what the question names of the file's stem and the stem of the question.

    ``.share``: the weighted share of the question's words in the stem; ``.named``: the share of the stem's
    words that the question names; ``.whole``: 1 where that is four in five; ``.folder``: the share in the
    parent folder; ``.further``: in folders above; ``.place``: the question names this very file, or line.
    """
    query, groups = evidence.query, evidence.groups
    parts = [(number, group) for number, group in enumerate(groups) if group.term[0] != WHOLE]
    total = sum(group.idf for _, group in parts) or 1.0
    found: dict[str, dict[int, float]] = {
        name: {} for name in ("path", "path.share", "path.named", "path.whole", "path.folder", "path.further")
    }
    for file_id, facts in evidence.files.items():
        hits = evidence.stem_hits.get(file_id, {})
        near = evidence.folder_hits.get(file_id, {})
        share = sum(groups[number].idf * match for number, match in hits.items()) / total
        named = _named(facts, [groups[number].term for number in hits]) if hits else 0.0
        found["path.share"][file_id] = share
        found["path.named"][file_id] = named
        found["path.whole"][file_id] = float(named >= 0.8)
        found["path"][file_id] = 2 * share * named / (share + named) if share and named else 0.0
        found["path.folder"][file_id] = (
            sum(groups[number].idf * match for number, (match, place) in near.items() if place == 1) / total
        )
        found["path.further"][file_id] = (
            sum(groups[number].idf * match for number, (match, place) in near.items() if place > 1) / total
        )
    by_doc: Features = {name: {} for name in found}
    places: dict[int, float] = {}
    for candidate in evidence.candidates:
        if candidate.doc < 0:
            continue
        for name, scores in found.items():
            score = scores[candidate.file_id]
            if score:
                by_doc[name][candidate.doc] = score
        for place in query.places:
            if same_place(place.path, evidence.files[candidate.file_id].path):
                inside = not place.line or candidate.line_start <= place.line <= candidate.line_end
                places[candidate.doc] = max(places.get(candidate.doc, 0.0), 1.0 if inside else 0.5)
    for doc in places:
        by_doc["path"][doc] = 1.0
    by_doc["path.place"] = places
    return by_doc


def _named(facts: FileFacts, terms: list[str]) -> float:
    words = facts.stem
    return sum(max(word_match(term, word) for term in terms) for word in words) / len(words) if words else 0.0
