"""The first design's pipeline against cases worked by hand."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from mnemo.retrieval import rrf
from mnemo.retrieval.config import Config
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.results import Answer
from mnemo.retrieval.rrf import Item
from mnemo.retrieval.tokens import count_tokens, exact_counter


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


def test_four_signals_of_different_lengths_fuse_with_the_weights_they_come_with() -> None:
    weights = {"bm25": 0.4, "vector": 0.4, "symbol": 0.6, "usage": 0.2}
    scores = rrf.fuse(
        {"bm25": {1: 1, 2: 2, 3: 3}, "vector": {3: 1, 1: 2}, "symbol": {2: 1}, "usage": {4: 1}}, weights
    )
    # the absent: rank 4 in bm25, 3 in vector, 2 in symbol, 2 in usage
    assert scores == {
        1: pytest.approx(0.4 / 61 + 0.4 / 62 + 0.6 / 62 + 0.2 / 62),
        2: pytest.approx(0.4 / 62 + 0.4 / 63 + 0.6 / 61 + 0.2 / 62),
        3: pytest.approx(0.4 / 63 + 0.4 / 61 + 0.6 / 62 + 0.2 / 62),
        4: pytest.approx(0.4 / 64 + 0.4 / 63 + 0.6 / 62 + 0.2 / 61),
    }
    assert sorted(scores, key=scores.__getitem__) == [4, 3, 2, 1]


def test_what_a_pattern_expects_comes_before_whatever_the_signals_find() -> None:
    signals = ("bm25", "vector", "symbol", "usage")
    found = rrf.fuse(
        {name: {1: 1, 2: 2} for name in signals}, dict(zip(signals, (0.4, 0.4, 0.6, 0.2), strict=True))
    )
    assert found[1] == pytest.approx(1.6 / 61)  # the highest that there is
    expected = rrf.boost_patterns(found, {2: 1, 7: 20}, 1.6)
    assert expected == {
        1: found[1],
        2: pytest.approx(1.6 / 62 + 1.6 / 61),
        7: pytest.approx(1.6 / 80),
    }


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
        (Item(1, 1, 99, True, "html", False), 0.5 * 2 * 0.575 / (1 + math.log(100))),
        (Item(1, 1, 99, False, "css", False), 0.5 * 0.575 / (1 + math.log(100))),
        (Item(1, 1, 99, False, "markdown", True), 0.5 * 0.575 / (1 + math.log(100))),  # not both
        (Item(1, 1, 0, True, "python", False), 0.5 * 2),
    ],
)
def test_value_by_size(chunk: Item, expected: float) -> None:
    assert rrf.density(0.5, chunk) == pytest.approx(expected)


# -- the whole pipeline, in order, over a real index -----------------------------------------------

NOW = 1_800_000_000.0


def _lines(word: str, count: int = 8) -> str:
    return "".join(f"    {word}_{number} = load_{word}({number})\n" for number in range(count))


GAMES = {
    "table.py": "from helper import arrange\n\n\ndef scoring(games):\n"
    f'    """The scoring of games, by scoring rules."""\n{_lines("row")}    return arrange(row_0)\n',
    "helper.py": f"def arrange(rows):\n{_lines('cell')}    return cell_0\n",
    "scorer.py": f"def tally(points):\n{_lines('point')}    return point_0\n",
    "notes.md": "# Scoring\n\nHow scoring is done, in words that people read before they begin to play"
    " at all, with scoring.\n",
    "tests/test_table.py": "from table import scoring\n\n\ndef test_scoring_of_no_games():\n"
    f"{_lines('case')}    assert scoring([]) == case_0\n",
    **{
        f"{letter}.py": f"def play_{letter}(board):\n{_lines(f'move{letter}', 8 + more)}"
        "    return board.scoring\n"
        for more, letter in enumerate("abcd")
    },
}
BY_WORDS = ["notes.md", "tests/test_table.py", "table.py", "a.py", "b.py", "c.py", "d.py"]
"""By bm25 and by vector alike; by symbol, table.py, notes.md and the test."""


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("games")
    for name, text in GAMES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    return root


@pytest.fixture
def games(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "games"))


def ask(engine: RetrievalEngine, **options: object) -> Answer:
    return engine.query("scoring", now=NOW, refresh=False, **options)  # type: ignore[arg-type]


def opened(root: Path, **settings: object) -> RetrievalEngine:
    return RetrievalEngine.open(root, Config.from_dict({"retrieval": {"fusion": "rrf", **settings}}))


def fused(answer: Answer) -> dict[str, float]:
    return {result.file_path: result.scores["rrf"] for result in answer}


def approximately(scores: dict[str, float]) -> object:
    return pytest.approx(scores, abs=1e-6)  # as they are rounded


def test_the_whole_pipeline_in_order(games: Path) -> None:
    with opened(games) as engine:
        answer = ask(engine)
        ranks = {result.file_path: result.ranks for result in answer}
        for signal in ("bm25", "vector"):
            known = {path: places[signal] for path, places in ranks.items() if signal in places}
            assert known == {path: place for place, path in enumerate(BY_WORDS[:5], 1)}
        assert [ranks[path]["symbol"] for path in ("table.py", "notes.md", "tests/test_table.py")] == [
            1,
            2,
            3,
        ]
        # Fused: seven known by bm25 and vector each, three by symbol: whoever is not has rank 4 there.
        d = 0.8 / 67 + 0.6 / 64  # the last one, which is not among the six files
        first = {
            "table.py": 3 * (0.8 / 63 + 0.6 / 61),  # its symbol is what is asked for
            "scorer.py": 1.5 * d,  # found by its name alone: scor-
            "notes.md": 0.8 / 61 + 0.6 / 62,
            "tests/test_table.py": 0.8 / 62 + 0.6 / 63,
            "a.py": 0.8 / 64 + 0.6 / 64,
            "b.py": 0.8 / 65 + 0.6 / 64,
        }
        # table.py uses helper.py, which no signal knows; it joins with the lowest score of the six files.
        assert fused(answer) == approximately({**first, "helper.py": 0.0})
        assert ranks["helper.py"] == {}
        finals = {result.file_path: result.scores["final"] for result in answer}
        assert (
            finals["helper.py"]
            == finals["b.py"]
            == pytest.approx(first["b.py"] / first["table.py"], rel=1e-3)
        )

        (used,) = [result.chunk.id for result in answer if result.file_path == "b.py"]
        for _ in range(3):  # the third time makes it a pattern
            assert engine.feedback(used, "used", now=NOW)
            answer = ask(engine)
        # usage knows one chunk: all others have rank 2 there. The pattern weighs 0.4 + 0.4 + 0.6 + 0.2.
        then = {path: score + 0.2 / 62 for path, score in first.items()}
        then["table.py"] = first["table.py"] + 3 * 0.2 / 62
        then["scorer.py"] = 1.5 * (d + 0.2 / 62)
        then["b.py"] = first["b.py"] + 0.2 / 61 + 1.6 / 61
        assert fused(answer) == approximately({**then, "helper.py": 0.0})

        # Value for size: all are named, the notes are Markdown; helper.py has the lowest score, now that of
        # a.py.
        then["helper.py"] = then["a.py"]
        worth = dict.fromkeys(then, 2.0) | {"notes.md": 2 * 0.575, "tests/test_table.py": 2 * 0.75}
        values = {
            result.file_path: then[result.file_path]
            * worth[result.file_path]
            / (1 + math.log(1 + result.chunk.tokens))
            for result in answer
        }
        densities = {result.file_path: result.scores["density"] for result in answer}
        assert densities == pytest.approx(values, rel=1e-3)
        order = [result.file_path for result in answer]
        assert order == sorted(values, key=lambda path: -values[path])
        assert order == [
            "table.py", "b.py", "scorer.py", "helper.py", "a.py", "notes.md", "tests/test_table.py",
        ]  # fmt: skip

        # The budget: the first three fit, of the others only the short notes.
        count = exact_counter() or count_tokens
        sizes = {result.file_path: count(result.chunk.content) for result in answer}
        budget = sum(sizes[path] for path in ("table.py", "b.py", "scorer.py", "notes.md"))
        answer = ask(engine, budget=budget)
        assert [result.file_path for result in answer] == ["table.py", "b.py", "scorer.py", "notes.md"]
        assert answer.used == budget
        assert [left.file_path for left in answer.left_out] == ["helper.py", "a.py", "tests/test_table.py"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # One of each signal: bm25 and vector know the notes, symbol knows table.py; others have rank 2.
        (
            {"max_results": 1},
            {
                "table.py": 3 * (0.8 / 62 + 0.6 / 61),
                "notes.md": 0.8 / 61 + 0.6 / 62,
                "scorer.py": 1.5 * (0.8 / 61 + 0.6 / 62),
                "helper.py": 0.0,
            },
        ),
        (
            {"max_results": 1, "bm25_weight": 0.0, "vector_weight": 2.0},
            {
                "table.py": 3 * (2.0 / 62 + 0.6 / 61),
                "notes.md": 2.0 / 61 + 0.6 / 62,
                "scorer.py": 1.5 * (2.0 / 61 + 0.6 / 62),
                "helper.py": 0.0,
            },
        ),
    ],
)
def test_signals_give_so_many_with_the_weights_of_the_config(
    games: Path, settings: dict[str, object], expected: dict[str, float]
) -> None:
    with opened(games, **settings) as engine:
        assert fused(ask(engine)) == approximately(expected)


def test_connected_files_stay_within_what_was_asked_of(games: Path) -> None:
    with opened(games) as engine:
        assert list(fused(ask(engine, path="t*.py"))) == ["table.py", "tests/test_table.py"]
