"""Overlap of the question's words with a file's name and folders, both ways."""

from __future__ import annotations

from ..analysis import WHOLE
from ..evidence import Evidence, FileFacts, same_place, word_match
from .scale import Features

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``path``: the harmonic mean of what the question names of the file's stem and the stem of the question.

    ``.named``: the share of the stem's words that the question names; ``.whole``: 1 where that is four in
    five; ``.folder``: the weighted share of the question's words in the parent folder; ``.place``: the
    question names this very file, or line.
    """
    query, groups = evidence.query, evidence.groups
    parts = [(number, group) for number, group in enumerate(groups) if group.term[0] != WHOLE]
    total = sum(group.idf for _, group in parts) or 1.0
    path: list[float] = []
    names: list[float] = []
    folder: list[float] = []
    for file_id, facts in evidence.files.items():
        share = named = parent = 0.0
        if hits := evidence.stem_hits.get(file_id):
            share = sum([groups[number].idf * match for number, match in hits.items()]) / total
            named = _named(facts, [groups[number].term for number in hits])
        if near := evidence.folder_hits.get(file_id):
            parent = sum([groups[number].idf * match for number, (match, step) in near.items() if step == 1])
        names.append(named)
        path.append(2 * share * named / (share + named) if share and named else 0.0)
        folder.append(parent / total)
    places = [0.0] * len(evidence.candidates)
    for row, facts in enumerate(evidence.files.values()):
        for place in query.places:
            if same_place(place.path, facts.path):
                path[row] = 1.0
                for number in range(*evidence.spans[row]):
                    candidate = evidence.candidates[number]
                    inside = not place.line or candidate.line_start <= place.line <= candidate.line_end
                    places[number] = max(places[number], 1.0 if inside else 0.5)
    return Features(
        {"path.place": places},
        {
            "path": path,
            "path.named": names,
            "path.whole": [float(named >= 0.8) for named in names],
            "path.folder": folder,
        },
    )


def _named(facts: FileFacts, terms: list[str]) -> float:
    words = facts.stem
    return sum(max(word_match(term, word) for term in terms) for word in words) / len(words) if words else 0.0
