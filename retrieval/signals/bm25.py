"""Full text: BM25 (Robertson and Zaragoza 2009) over the fields of a chunk and of its file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from ..analysis import COMMENT_SHIFT
from ..evidence import Evidence
from ..postings import TF_OF
from .scale import Features, scaled

__all__ = ["features"]

IN_STEM = 2  # a word of the file's name counts as two occurrences, one of its folders as one
_SAID = bytes(byte >> COMMENT_SHIFT & 3 for byte in range(256))
_SHARE = tuple(times / (times + 1) for times in range(4))


def features(evidence: Evidence) -> Features:
    """Over stems with the path's words (``bm25``), over exact terms (``.raw``), and in comments. ``.near``:
    the text of the chunk before or after it. ``.file``: the root of the sum over the file;
    ``.filecomments``: the share of the question's weight that the comments of its candidates say.
    """
    corpus, groups, docs = evidence.corpus, evidence.groups, evidence.docs
    if not docs or not groups:
        return Features()
    rows = list(map(corpus.saturation.__getitem__, map(corpus.lengths.__getitem__, docs)))
    spans = evidence.spans
    bonuses = _bonuses(evidence)
    every = range(len(docs))
    text = [0.0] * len(docs)
    raw, comments = text.copy(), text.copy()
    said = [column.translate(_SAID) for column in evidence.united]
    for number, group in enumerate(groups):
        weight = group.idf * group.weight
        times: Sequence[int] = evidence.united[number].translate(TF_OF)
        exact = times if group.exact is group.united else evidence.exact[number].translate(TF_OF)
        for row in compress(every, exact):
            raw[row] += weight * rows[row][exact[row]]
        if bonuses[number]:
            times = bytearray(times)
            for file, more in bonuses[number].items():
                for row in range(*spans[file]):
                    times[row] += more
        for row in compress(every, times):
            text[row] += weight * rows[row][times[row]]
        shares = said[number]
        for row in compress(every, shares):
            comments[row] += group.idf * _SHARE[shares[row]]
    return Features(
        {
            "bm25": scaled(text),
            "bm25.raw": scaled(raw),
            "bm25.comments": scaled(comments),
            "bm25.near": scaled(_near(evidence)),
        },
        {"bm25.file": scaled(_of_files(evidence)), "bm25.filecomments": _in_files(evidence, said)},
    )


def _near(evidence: Evidence) -> list[float]:
    """By row: the score of the better of the two chunks beside it in its file."""
    totals, files = evidence.totals, evidence.corpus.file_ids
    last = len(files) - 1
    found = []
    for doc in evidence.docs:
        owner = files[doc]
        before = totals[doc - 1] if doc and files[doc - 1] == owner else 0
        after = totals[doc + 1] if doc < last and files[doc + 1] == owner else 0
        found.append(float(before if before > after else after))
    return found


def _in_files(evidence: Evidence, said: Sequence[bytes]) -> list[float]:
    """By file: the share of the question's weight that is said in any of its candidates."""
    found = [0.0] * len(evidence.spans)
    total = evidence.total_idf
    for group, column in zip(evidence.groups, said, strict=True):
        for file in set(compress(evidence.owners, column)):
            found[file] += group.idf / total
    return found


def _bonuses(evidence: Evidence) -> list[dict[int, int]]:
    """By group and file row: how many occurrences a term's place in the file's path counts for."""
    found: list[dict[int, int]] = [{} for _ in evidence.groups]
    for row, file_id in enumerate(evidence.files):
        for number, (match, _) in evidence.folder_hits.get(file_id, {}).items():
            if match == 1.0:
                found[number][row] = 1
        for number, match in evidence.stem_hits.get(file_id, {}).items():
            if match == 1.0:
                found[number][row] = IN_STEM
    return found


def _of_files(evidence: Evidence) -> list[float]:
    """By file: the root of the sum of all its chunks."""
    totals, unit, runs = evidence.totals, evidence.unit, evidence.corpus.runs(evidence.files)
    return [(sum(map(sum, map(totals.__getitem__, some))) * unit) ** 0.5 for some in runs.values()]
