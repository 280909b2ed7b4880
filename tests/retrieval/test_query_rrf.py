"""The first design's pipeline against cases worked by hand."""

from __future__ import annotations

import math

import pytest
from mnemo.retrieval import rrf
from mnemo.retrieval.rrf import Item


def item(doc: int, file_id: int = 1, tokens: int = 10, named: bool = True, language: str = "python") -> Item:
    return Item(doc, file_id, tokens, named, language, False)


def test_fusion_sums_weight_over_k_plus_rank_and_ranks_the_absent_last() -> None:
    scores = rrf.fuse({"bm25": {1: 1, 2: 2}, "vector": {2: 1}}, {"bm25": 0.4, "vector": 0.4})
    # 1: first in bm25; absent from vector, which holds one: rank 2 there
    assert scores[1] == pytest.approx(0.4 / 61 + 0.4 / 62)
    assert scores[2] == pytest.approx(0.4 / 62 + 0.4 / 61)
    assert rrf.fuse({"bm25": {7: 3}, "usage": {}}, {"bm25": 0.4, "usage": 0.2}) == {
        7: pytest.approx(0.4 / 63)
    }


def test_a_source_without_weight_adds_nothing_and_the_chunks_it_found_stay() -> None:
    assert rrf.fuse({"usage": {5: 1}}, {}) == {5: 0.0}


def test_an_exact_symbol_counts_three_times() -> None:
    assert rrf.boost_symbols({1: 0.01, 2: 0.02}, [1]) == {1: pytest.approx(0.03), 2: 0.02}


@pytest.mark.parametrize(
    ("terms", "stem", "matches"),
    [
        (["scoring"], ["scorer"], True),
        (["scoring"], ["my", "scorer"], True),
        (["sco"], ["sco"], False),  # shorter than four characters
        (["rank"], ["ran"], False),
        (["auth"], ["authentication"], True),
        (["path"], ["pattern"], False),
    ],
)
def test_file_names_match_by_four_characters(terms: list[str], stem: list[str], matches: bool) -> None:
    assert rrf.filename_matches(rrf.beginnings(terms), stem) is matches


def test_a_matching_file_name_counts_one_and_a_half_times_and_brings_what_was_missed() -> None:
    owners = [9, 1, 2, 2, 3]  # row 1 belongs to file 1, rows 2 and 3 to file 2
    found = rrf.boost_filenames({1: 0.02, 2: 0.01}, owners, {2})
    assert found == {1: 0.02, 2: pytest.approx(0.015), 3: pytest.approx(0.015)}


def test_six_files_with_the_highest_sums_stay() -> None:
    items = {doc: item(doc, file_id=doc) for doc in range(1, 8)} | {8: item(8, file_id=7)}
    scores = {doc: 0.10 - doc / 100 for doc in range(1, 8)} | {8: 0.05}
    # file 7: 0.03 + 0.05 = 0.08 beats file 6 with 0.04
    assert {items[doc].file_id for doc in rrf.keep_files(scores, items)} == {1, 2, 3, 4, 5, 7}


def test_four_connected_files_join_the_most_used_first_and_tests_last() -> None:
    items = {1: item(1, file_id=1)}
    uses = {1: {2: 1, 3: 5, 4: 3, 5: 2, 6: 9}, 9: {8: 99}}
    chunks = {file_id: [item(file_id * 10, file_id)] for file_id in range(2, 9)}
    found, more = rrf.connect({1: 0.5}, items, uses, {6}.__contains__, chunks.__getitem__)
    assert found == {1: 0.5, 30: 0.5, 40: 0.5, 50: 0.5, 20: 0.5}  # 6 is a test, 8 is used by no file found
    assert more[30].file_id == 3


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (Item(1, 1, 99, True, "python", False), 0.5 * 2 / (1 + math.log(100))),
        (Item(1, 1, 99, False, "python", False), 0.5 / (1 + math.log(100))),
        (Item(1, 1, 99, False, "markdown", False), 0.5 * (1 - 0.5 * 0.85) / (1 + math.log(100))),
        (Item(1, 1, 99, True, "python", True), 0.5 * 2 * (1 - 0.5 * 0.5) / (1 + math.log(100))),
        (Item(1, 1, 0, True, "python", False), 0.5 * 2),
    ],
)
def test_value_by_size(chunk: Item, expected: float) -> None:
    assert rrf.density(0.5, chunk) == pytest.approx(expected)
