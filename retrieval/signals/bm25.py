"""Full text: BM25 (Robertson and Zaragoza 2009) over the fields of a chunk and of its file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress, repeat
from operator import getitem, mul

from ..analysis import COMMENT_SHIFT, DEFINED, SIGNATURE
from ..evidence import Evidence
from ..postings import TF_OF
from .scale import Features, scaled

__all__ = ["features"]

IN_STEM = 2  # a word of the file's name counts as two occurrences, one of its folders as one
_DEFINED = bytes(bool(byte & DEFINED) for byte in range(256))
_SIGNED = bytes(bool(byte & SIGNATURE) for byte in range(256))
_SAID = bytes(byte >> COMMENT_SHIFT & 3 for byte in range(256))
_THERE = bytes(bool(byte) for byte in range(256))
_SHARE = tuple(times / (times + 1) for times in range(4))


class _Sums(dict[tuple[int, ...], float]):
    """The sums of weight x share for what a few flags say of each term: few combinations ever occur."""

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self._weights = weights

    def __missing__(self, flags: tuple[int, ...]) -> float:
        total: float = sum(map(mul, self._weights, map(_SHARE.__getitem__, flags)))
        self[flags] = total
        return total


def features(evidence: Evidence) -> Features:
    """Over stems with the path's words (``bm25``), over exact terms (``.raw``), and by field: names that the
    chunk defines, its signature, its comments; ``.cover`` is the share of the question's weight that occurs.
    ``.near``: the text of the chunk before or after it. ``.top3`` and ``.file`` are sums over the file,
    ``.filecover`` the share that occurs anywhere in it, ``.filenames`` and ``.filecomments`` the share that
    its candidates define or say.
    """
    corpus, groups, docs = evidence.corpus, evidence.groups, evidence.docs
    if not docs or not groups:
        return Features()
    rows = list(map(corpus.saturation.__getitem__, map(corpus.lengths.__getitem__, docs)))
    spans = evidence.spans
    bonuses = _bonuses(evidence)
    text: list[list[float]] = []
    raw: list[list[float]] = []
    for number, group in enumerate(groups):
        weight = group.idf * group.weight
        times = evidence.united[number].translate(TF_OF)
        scores = list(map(weight.__mul__, map(getitem, rows, times)))
        if group.exact is group.united:
            raw.append(scores)
        else:
            exact = evidence.exact[number].translate(TF_OF)
            raw.append(list(map(weight.__mul__, map(getitem, rows, exact))))
        if bonuses[number]:
            scores = scores.copy()
            for row, more in bonuses[number].items():
                for place in range(*spans[row]):
                    scores[place] = weight * rows[place][times[place] + more]
        text.append(scores)
    idfs = [group.idf for group in groups]
    cover = _Sums([2 * idf / evidence.total_idf for idf in idfs])
    top3, whole, covered = _of_files(evidence)
    names = _Sums([2 * idf for idf in idfs])
    defined = _flags(evidence, _DEFINED)
    said = _flags(evidence, _SAID)
    return Features(
        {
            "bm25": scaled(list(map(sum, zip(*text, strict=True)))),
            "bm25.raw": scaled(list(map(sum, zip(*raw, strict=True)))),
            "bm25.names": scaled(_summed(names, defined)),
            "bm25.signature": scaled(_summed(names, _flags(evidence, _SIGNED))),
            "bm25.comments": scaled(_summed(_Sums(idfs), said)),
            "bm25.cover": _summed(cover, _flags(evidence, _THERE)),
            "bm25.near": scaled(_near(evidence)),
        },
        {
            "bm25.top3": scaled(top3),
            "bm25.file": scaled(whole),
            "bm25.filecover": covered,
            "bm25.filenames": _in_files(evidence, defined),
            "bm25.filecomments": _in_files(evidence, said),
        },
    )


def _flags(evidence: Evidence, table: bytes) -> list[bytes]:
    """By group and row: what ``table`` makes of the packed byte."""
    return [column.translate(table) for column in evidence.united]


def _summed(sums: _Sums, flags: Sequence[bytes]) -> list[float]:
    return list(map(sums.__getitem__, zip(*flags, strict=True)))


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


def _in_files(evidence: Evidence, flags: Sequence[bytes]) -> list[float]:
    """By file: the share of the question's weight that is flagged in any of its candidates."""
    found = [0.0] * len(evidence.spans)
    total = evidence.total_idf
    rows, slices = range(len(found)), [slice(*span) for span in evidence.spans]
    for group, column in zip(evidence.groups, flags, strict=True):
        if any(column):
            share = group.idf / total
            for row in compress(rows, map(bytes.strip, map(column.__getitem__, slices), repeat(b"\0"))):
                found[row] += share
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


def _of_files(evidence: Evidence) -> tuple[list[float], list[float], list[float]]:
    """By file: the sum of its three best chunks, the root of the sum of all, and the share of the question's
    weight that occurs in any.
    """
    totals, unit = evidence.totals, evidence.unit
    top3: list[float] = []
    whole: list[float] = []
    owners: list[int] = []
    ranges: list[slice] = []
    for row, runs in enumerate(evidence.corpus.runs(evidence.files).values()):
        ranges += runs
        owners += [row] * len(runs)
        scores = sorted(filter(None, chain.from_iterable(map(totals.__getitem__, runs))))
        top3.append(sum(scores[-3:]) * unit)
        whole.append((sum(scores) * unit) ** 0.5)
    covered = [0.0] * len(top3)
    total = evidence.total_idf
    for group in evidence.groups:
        share = group.idf / total
        for row in set(compress(owners, group.united.within(ranges))):
            covered[row] += share
    return top3, whole, covered
