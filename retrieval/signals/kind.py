"""The kind of a file or chunk: what answers a question less often, unless the question asks for it."""

from __future__ import annotations

from ..evidence import Evidence
from .scale import Features

__all__ = ["features"]


def features(evidence: Evidence) -> Features:
    """``kind.tests`` and so on: 1 for a file of that kind that the question does not ask for;
    ``kind.imports``: a chunk of imports; ``kind.short``: a file of a few lines; ``kind.size``: the logarithm
    of a chunk's tokens.
    """
    wanted = evidence.query.wanted
    named = {place.path.rpartition("/")[2] for place in evidence.query.places}
    files: dict[str, list[float]] = {}
    for row, facts in enumerate(evidence.files.values()):
        kinds = facts.kinds - wanted
        if named and facts.path.rpartition("/")[2] in named:
            kinds = frozenset()
        if facts.lines < 12:
            kinds |= {"short"}
        for kind in kinds:
            files.setdefault(f"kind.{kind}", [0.0] * len(evidence.files))[row] = 1.0
    candidates = evidence.candidates
    return Features(
        {
            "kind.imports": [candidate.imports for candidate in candidates],
            "kind.size": [candidate.size for candidate in candidates],
        },
        files,
    )
