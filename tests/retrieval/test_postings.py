"""Scores of all documents at once, against the formula, document by document."""

from __future__ import annotations

import math
import random
from array import array

import pytest
from mnemo.retrieval.postings import (
    K1,
    UNIT,
    B,
    Postings,
    Saturation,
    Scores,
    add_up,
    best,
    moved,
    united,
)

MEAN = 40.0


def bm25(times: int, length: int, idf: float) -> float:
    return idf * (K1 + 1) * times / (times + K1 * (1 - B + B * length / MEAN))


def made(term: dict[int, int], idf: float, lengths: list[int]) -> Scores:
    postings = Postings(array("I", sorted(term)), bytes(term[doc] for doc in sorted(term)), len(lengths))
    saturation = Saturation(MEAN)
    return Scores(postings, idf * (K1 + 1), (saturation[lengths[doc]] for doc in sorted(term)), len(lengths))


@pytest.mark.parametrize("frequencies", [(3, 200), (900, 1500), (0, 1999, 5)])
def test_rare_and_common_terms_add_up_to_bm25(frequencies: tuple[int, ...]) -> None:
    draw = random.Random(5)
    lengths = [draw.randrange(1, 300) for _ in range(2000)]
    terms = []
    for frequency in frequencies:
        docs = draw.sample(range(2000), frequency)
        terms.append(
            ({doc: draw.randrange(1, 16) | 0x40 for doc in docs}, math.log(1 + 2000 / (1 + frequency)))
        )
    totals, unit = add_up([(made(term, idf, lengths), 1.0) for term, idf in terms], 2000)
    assert unit == UNIT
    expected = [
        sum(bm25(term[doc] & 15, lengths[doc], idf) for term, idf in terms if doc in term)
        for doc in range(2000)
    ]
    assert [total * unit for total in totals] == pytest.approx(expected, abs=len(terms) * UNIT / 2 + 1e-9)
    order = sorted(range(2000), key=lambda doc: (-totals[doc], doc))
    scoring = [doc for doc in order if totals[doc]]
    for count in (1, 10, 400, 5000):
        assert best(totals, count) == scoring[:count]


def test_what_could_overflow_is_counted_in_a_larger_unit() -> None:
    draw = random.Random(6)
    lengths = [draw.randrange(1, 100) for _ in range(3000)]
    terms = [(dict.fromkeys(draw.sample(range(3000), 700), 15), 9.0) for _ in range(40)]
    totals, unit = add_up([(made(term, idf, lengths), 1 + number % 3 / 4) for number, (term, idf) in
                           enumerate(terms)], 3000)  # fmt: skip
    assert unit > UNIT / 4
    for doc in draw.sample(range(3000), 200):
        exact = sum(
            (1 + number % 3 / 4) * bm25(15, lengths[doc], idf)
            for number, (term, idf) in enumerate(terms)
            if doc in term
        )
        assert totals[doc] * unit == pytest.approx(exact, abs=40 * 6 * unit)


def test_terms_unite_their_frequencies_and_fields() -> None:
    one = Postings(array("I", [1, 2]), bytes((0x4E, 0x23)), 10)
    other = Postings(array("I", [1, 7]), bytes((0xB5, 0x01)), 10)
    both = united([one, other], 10)
    assert both.count == 3
    assert both.at([0, 1, 2, 7]) == bytes((0, 0x40 | 0x80 | 0x30 | 15, 0x23, 0x01))


@pytest.mark.parametrize("counts", [(40, 30), (700, 30), (30, 700), (700, 900), (400, 400)])
def test_rare_and_common_terms_unite_alike(counts: tuple[int, int]) -> None:
    draw = random.Random(8)
    terms = [{doc: draw.randrange(1, 256) for doc in draw.sample(range(1000), count)} for count in counts]
    parts = [
        Postings(array("I", sorted(term)), bytes(term[doc] for doc in sorted(term)), 1000) for term in terms
    ]
    both = united(parts, 1000)
    expected = united([Postings(part.docs, part.packed, 1 << 20) for part in parts], 1 << 20)
    assert (both.plane is None) == (len(set().union(*terms)) <= 512)
    assert expected.plane is None
    assert both.count == expected.count == len(set().union(*terms))
    assert dict(zip(both.docs, both.packed, strict=True)) == dict(
        zip(expected.docs, expected.packed, strict=True)
    )
    for docs in (range(1000), [5, 3, 999], range(7)):
        assert both.at(docs) == expected.at(docs)


@pytest.mark.parametrize("by", [0, 1, 70_000, (1 << 32) - 65_536])
def test_a_column_moves_on_as_a_whole(by: int) -> None:
    for places in ([], [0], [0, 1, 65_535], list(range(0, 60_000, 7))):
        assert list(moved(array("H", places), by)) == [place + by for place in places]


def test_nothing_scores_where_no_term_occurs() -> None:
    totals, _ = add_up([], 5)
    assert list(totals) == [0] * 5
    assert best(totals, 3) == []
