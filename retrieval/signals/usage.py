"""Use: what somebody said was of use, or not, halving in worth with every half-life."""

from __future__ import annotations

import math

from ..analysis import WHOLE, stem
from ..evidence import Evidence
from ..usage.experience import Act, decayed
from .scale import Features

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``usage``: u / (1 + u) over the decayed sum u of acts of use less that of ignoring, so that one use of
    today gives a half. ``usage.alike`` and, where ignoring prevails, ``usage.unlike``: the same, each act
    counting only as far as the question that led to it was like this one.
    """
    experience = evidence.experience
    if not experience.acts:
        return Features()
    likeness = _Likeness(evidence)
    used, alike, unlike = ([0.0] * len(evidence.candidates) for _ in range(3))
    for row, candidate in enumerate(evidence.candidates):
        acts = experience.acts.get(candidate.uid)
        if not acts:
            continue
        total = max(0.0, decayed(acts, experience.now, experience.half_life_days))
        used[row] = total / (1 + total)
        total = decayed(acts, experience.now, experience.half_life_days, likeness)
        (alike if total > 0 else unlike)[row] = abs(total) / (1 + abs(total))
    return Features({"usage": used, "usage.alike": alike, "usage.unlike": unlike})


class _Likeness:
    """How like two questions are: the geometric mean of what one says of the other, both ways, its words
    weighted by rarity one way.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._weights = {stem(group.term): group.idf for group in evidence.groups if group.term[0] != WHOLE}
        self._total = sum(self._weights.values()) or 1.0
        self._known: dict[frozenset[str], float] = {}

    def __call__(self, act: Act) -> float:
        found = self._known.get(act.words)
        if found is None:
            shared = sorted(act.words & self._weights.keys())
            said = sum(map(self._weights.__getitem__, shared)) / self._total
            found = math.sqrt(said * len(shared) / len(act.words)) if shared else 0.0
            self._known[act.words] = found
        return found
