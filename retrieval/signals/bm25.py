"""Full text: BM25 (Robertson and Zaragoza 2009) over the fields of a chunk and of its file."""

from __future__ import annotations

from ..analysis import COMMENT_SHIFT, DEFINED, SIGNATURE, TF_MASK
from ..evidence import K1, B, Evidence
from .scale import Features, scaled

__all__ = ["features"]

IN_STEM = 2  # a word of the file's name counts as two occurrences, one of its folders as one


def features(evidence: Evidence) -> Features:
    """Over stems with the path's words (``bm25``), over exact terms (``.raw``), and by field: names that the
    chunk defines, its signature, its comments; ``.cover`` is the share of the question's weight that occurs.
    ``.top3`` and ``.file`` are sums over the file, ``.filecover`` the share that occurs anywhere in it.
    """
    corpus = evidence.corpus
    lengths, file_of = corpus.lengths, corpus.file_ids
    base, slope = K1 * (1 - B), K1 * B / corpus.mean_length
    text: dict[int, float] = {}
    raw: dict[int, float] = {}
    names: dict[int, float] = {}
    signature: dict[int, float] = {}
    comments: dict[int, float] = {}
    cover: dict[int, float] = {}
    total = evidence.total_idf
    groups = evidence.groups
    for candidate in evidence.candidates:
        doc, file_id = candidate.doc, candidate.file_id
        if doc < 0:
            continue
        room = base + slope * lengths[doc]
        stems = evidence.stem_hits.get(file_id, {})
        folders = evidence.folder_hits.get(file_id, {})
        sums = [0.0] * 6
        for number, group in enumerate(groups):
            byte = group.united.get(doc, 0)
            times = byte & TF_MASK
            idf = group.idf
            weighted = idf * group.weight
            with_path = times + (
                IN_STEM
                if stems.get(number) == 1.0
                else 1
                if number in folders and folders[number][0] == 1.0
                else 0
            )
            if with_path:
                sums[0] += weighted * with_path / (with_path + room)
            if not byte:
                continue
            sums[5] += idf
            exact = group.exact.get(doc, 0) & TF_MASK
            if exact:
                sums[1] += weighted * exact / (exact + room)
            if byte & DEFINED:
                sums[2] += idf
            if byte & SIGNATURE:
                sums[3] += idf
            said = byte >> COMMENT_SHIFT & 3
            if said:
                sums[4] += idf * said / (said + 1)
        text[doc], raw[doc], names[doc], signature[doc], comments[doc] = sums[:5]
        cover[doc] = sums[5] / total
    by_file: dict[int, list[float]] = {}
    for doc, score in evidence.text_scores.items():
        by_file.setdefault(file_of[doc], []).append(score)
    top3: dict[int, float] = {}
    whole: dict[int, float] = {}
    for file_id, scores in by_file.items():
        if len(scores) > 3:
            scores.sort(reverse=True)
        top3[file_id] = sum(scores[:3])
        whole[file_id] = sum(scores) ** 0.5
    top3, whole = scaled(top3), scaled(whole)
    covered: dict[int, float] = dict.fromkeys(evidence.files, 0.0)
    for group in groups:
        for file_id in {file_of[doc] for doc in group.united} & covered.keys():
            covered[file_id] += group.idf / total
    owners = {candidate.doc: candidate.file_id for candidate in evidence.candidates if candidate.doc >= 0}
    return {
        "bm25": scaled(text),
        "bm25.raw": scaled(raw),
        "bm25.names": scaled(names),
        "bm25.signature": scaled(signature),
        "bm25.comments": scaled(comments),
        "bm25.cover": cover,
        "bm25.top3": {doc: top3.get(owner, 0.0) for doc, owner in owners.items()},
        "bm25.file": {doc: whole.get(owner, 0.0) for doc, owner in owners.items()},
        "bm25.filecover": {doc: covered.get(owner, 0.0) for doc, owner in owners.items()},
    }
