"""Use: what somebody said was of use, or not, halving in worth with every half-life."""

from __future__ import annotations

from ..evidence import Evidence
from ..usage.experience import decayed
from .scale import Features

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``usage``: u / (1 + u) over the decayed sum u of acts of use less that of ignoring, so that one use of
    today gives a half; ``usage.ignored``: the same where ignoring prevails.
    """
    experience = evidence.experience
    if not experience.acts:
        return Features()
    used = [0.0] * len(evidence.candidates)
    ignored = used.copy()
    for row, candidate in enumerate(evidence.candidates):
        acts = experience.acts.get(candidate.uid)
        if acts:
            total = decayed(acts, experience.now, experience.half_life_days)
            if total > 0:
                used[row] = total / (1 + total)
            elif total < 0:
                ignored[row] = -total / (1 - total)
    return Features({"usage": used, "usage.ignored": ignored})
