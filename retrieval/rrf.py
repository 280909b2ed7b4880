"""The first design's pipeline, kept whole: weighted reciprocal rank fusion and the rules that follow it.

Reciprocal rank fusion is Cormack, Clarke and Buettcher's (SIGIR 2009), k = 60. The rules, in order: chunks
of a pattern before all others, three times the score for an exact symbol, one and a half for a matching file
name (whose chunks join if they were missed), the six best files, up to four files connected to them, and
value by size. Every function is pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = [
    "CONNECTED_FILES",
    "FILES",
    "SYMBOL_WEIGHT",
    "Item",
    "K",
    "beginnings",
    "boost_filenames",
    "boost_patterns",
    "boost_symbols",
    "connect",
    "density",
    "fuse",
    "keep_files",
]

K = 60
SYMBOL_WEIGHT = 0.6
SYMBOL_BOOST = 3.0
FILENAME_BOOST = 1.5
FILENAME_PREFIX = 4
CONNECTED_FILES = 4
FILES = 6
CODE_BOOST = 2.0
MARKUP_BOILERPLATE = 0.85
TEST_BOILERPLATE = 0.5
_MARKUP = frozenset(("html", "css", "markdown"))


class Item(NamedTuple):
    """What the rules read of a chunk."""

    row: int
    file_id: int
    tokens: int
    named: bool
    language: str | None
    test: bool


def fuse(sources: Mapping[str, Mapping[int, int]], weights: Mapping[str, float]) -> dict[int, float]:
    """Fuse ranks (from 1) of several sources: the sum of weight / (k + rank).

    Whoever a source does not know has the rank after its last there; an empty source says nothing.
    """
    everyone = sorted({doc for known in sources.values() for doc in known})
    scores = dict.fromkeys(everyone, 0.0)
    for name, known in sources.items():
        weight = weights.get(name, 0.0)
        if not known or not weight:
            continue
        absent = len(known) + 1
        for doc in everyone:
            scores[doc] += weight / (K + known.get(doc, absent))
    return scores


def boost_patterns(
    scores: Mapping[int, float], pattern: Mapping[int, int], weight: float
) -> dict[int, float]:
    """Add weight / (k + rank) for the chunks of a pattern, and nothing for others: against a short list, the
    rank after its last would all but undo the boost.

    With a weight of all other sources together nothing that they find is scored higher.
    """
    found = dict(scores)
    for doc, rank in pattern.items():
        found[doc] = found.get(doc, 0.0) + weight / (K + rank)
    return found


def boost_symbols(scores: Mapping[int, float], exact: Iterable[int]) -> dict[int, float]:
    """Three times the score for chunks whose symbol the question names exactly."""
    named = set(exact)
    return {doc: score * SYMBOL_BOOST if doc in named else score for doc, score in scores.items()}


def beginnings(terms: Iterable[str]) -> frozenset[str]:
    """The first four characters of each term that has as many."""
    return frozenset(term[:FILENAME_PREFIX] for term in terms if len(term) >= FILENAME_PREFIX)


def filename_matches(starts: frozenset[str], stem: Iterable[str]) -> bool:
    """Whether a word of the file's name begins as a term does (scoring, scorer): see `beginnings`."""
    return any(word[:FILENAME_PREFIX] in starts for word in stem if len(word) >= FILENAME_PREFIX)


def boost_filenames(scores: Mapping[int, float], owners: Sequence[int], files: set[int]) -> dict[int, float]:
    """One and a half times the score in files whose name matches; their chunks that no source knew join with
    the lowest score of all, boosted. ``owners`` are the files of all chunks, by row.
    """
    lowest = min(scores.values(), default=1 / (K + 1))
    found = {row: score * FILENAME_BOOST if owners[row] in files else score for row, score in scores.items()}
    for row, owner in enumerate(owners):
        if owner in files and row not in found:
            found[row] = lowest * FILENAME_BOOST
    return found


def keep_files(scores: Mapping[int, float], items: Mapping[int, Item]) -> dict[int, float]:
    """The chunks of the six files with the highest sums of scores."""
    sums: dict[int, float] = {}
    for doc in sorted(scores):
        sums[items[doc].file_id] = sums.get(items[doc].file_id, 0.0) + scores[doc]
    kept = set(sorted(sums, key=lambda file_id: (-sums[file_id], file_id))[:FILES])
    return {doc: score for doc, score in scores.items() if items[doc].file_id in kept}


def connect(
    scores: Mapping[int, float],
    items: Mapping[int, Item],
    uses: Mapping[int, Mapping[int, int]],
    is_test: Callable[[int], bool],
    chunks_of: Callable[[int], list[Item]],
) -> tuple[dict[int, float], dict[int, Item]]:
    """Add up to four files that the files found use, those of tests last, most used first.

    Their chunks join with the lowest score. ``uses`` maps files to those they use, with how often.
    """
    inside = {items[doc].file_id for doc in scores}
    counts: dict[int, int] = {}
    for file_id in inside:
        for target, count in uses.get(file_id, {}).items():
            if target not in inside:
                counts[target] = counts.get(target, 0) + count
    chosen = sorted(counts, key=lambda target: (is_test(target), -counts[target], target))[:CONNECTED_FILES]
    lowest = min(scores.values(), default=0.0)
    found, more = dict(scores), dict(items)
    for target in chosen:
        for item in chunks_of(target):
            more[item.row] = item
            found[item.row] = lowest
    return found, more


def density(score: float, item: Item) -> float:
    """Value for its size: score x code boost x (1 - boilerplate / 2) / (1 + ln(1 + tokens)).

    Named chunks count twice; boilerplate is 0.85 for HTML, CSS and Markdown, and 0.5 for tests.
    """
    boilerplate = MARKUP_BOILERPLATE if item.language in _MARKUP else TEST_BOILERPLATE if item.test else 0.0
    boost = CODE_BOOST if item.named else 1.0
    return score * boost * (1 - 0.5 * boilerplate) / (1 + math.log(1 + item.tokens))
