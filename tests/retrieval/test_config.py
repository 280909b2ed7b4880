"""Every key does what it says, bad values are named, and comments survive."""

from __future__ import annotations

import tomllib
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from mnemo.retrieval.config import DEFAULT_TEXT, Config, default_text, set_value
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import ConfigError, NoIndexError
from mnemo.retrieval.project import init_project
from mnemo.retrieval.results import Answer

SEED = {
    "general": {"project_root": ".", "max_file_size_kb": 512},
    "chunking": {"max_chunk_tokens": 300, "min_chunk_tokens": 20, "overlap_lines": 3, "code_granularity": "function"},  # noqa: E501
    "embedding": {"backend": "tfidf", "tfidf_max_features": 10000, "tfidf_min_df": 2},
    "compression": {
        "target_ratio": 0.4,
        "preserve_signatures": True,
        "preserve_docstrings": True,
        "collapse_imports": True,
        "collapse_boilerplate": True,
    },
    "retrieval": {
        "bm25_weight": 0.4,
        "vector_weight": 0.4,
        "usage_weight": 0.2,
        "max_results": 20,
        "token_budget": 8000,
    },
    "cache": {"capacity": 500, "ghost_capacity": 1000},
    "analytics": {"decay_halflife_days": 7, "session_timeout_minutes": 30},
}  # fmt: skip


def test_defaults_are_the_documented_ones() -> None:
    written = tomllib.loads(default_text())
    assert Config.from_dict(written) == Config()
    for section, keys in SEED.items():
        for key, value in keys.items():
            assert written[section][key] == value
    assert {".git", "node_modules", "__pycache__"} <= set(written["general"]["ignore_patterns"])
    wanted = (
        ".py .js .ts .jsx .tsx .go .rs .java .kt .cs .c .cpp .h .rb .php .swift .scala .lua .ex .hs .sh .sql .html .css"  # noqa: E501
        " .vue .svelte .md .rst .txt .toml .yaml .json"
    )
    assert set(wanted.split()) <= set(written["general"]["supported_extensions"])


def ingested(
    tmp_path: Path, files: dict[str, str], general: dict[str, Any], **sections: dict[str, Any]
) -> RetrievalEngine:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    engine = RetrievalEngine.open(tmp_path, Config.from_dict({"general": general, **sections}))
    engine.ingest()
    return engine


def paths(engine: RetrievalEngine) -> list[str]:
    return [path for path, file in sorted(engine.store.known_files().items()) if file.sha256 is not None]


FUNCTIONS = "\n\n\n".join(
    f"class Thing{n}:\n    '''Doc.'''\n\n" + "\n\n".join(
        f"    def method_{n}_{m}(self, value):\n        total = value * {m}\n        print('some words here', total)\n        return total"  # noqa: E501
        for m in range(4)
    )
    for n in range(3)
)  # fmt: skip


def test_general_keys(tmp_path: Path) -> None:
    files = {"src/a.py": "x = 1\n", "src/b.js": "let y\n", "top.py": "z = 2\n", "src/big.py": "# big\n" * 400}
    assert paths(ingested(tmp_path / "1", files, {})) == ["src/a.py", "src/b.js", "src/big.py", "top.py"]
    assert paths(ingested(tmp_path / "2", files, {"project_root": "src"})) == ["a.py", "b.js", "big.py"]
    assert paths(ingested(tmp_path / "3", files, {"ignore_patterns": ["b*"]})) == ["src/a.py", "top.py"]
    assert paths(ingested(tmp_path / "4", files, {"max_file_size_kb": 2})) == [
        "src/a.py",
        "src/b.js",
        "top.py",
    ]
    assert paths(ingested(tmp_path / "5", files, {"supported_extensions": [".js"]})) == ["src/b.js"]


def tokens_and_lines(engine: RetrievalEngine) -> list[tuple[int, int, int]]:
    return engine.store.connection.execute("SELECT tokens, line_start, line_end FROM chunks").fetchall()


def test_chunk_size_keys(tmp_path: Path) -> None:
    small = ingested(
        tmp_path / "1", {"a.py": FUNCTIONS}, {}, chunking={"max_chunk_tokens": 40, "min_chunk_tokens": 0}
    )
    assert max(tokens for tokens, _, _ in tokens_and_lines(small)) <= 40
    large = ingested(tmp_path / "2", {"a.py": FUNCTIONS}, {}, chunking={"max_chunk_tokens": 300})
    assert len(tokens_and_lines(large)) < len(tokens_and_lines(small))
    short = "".join(f"KEY{n} = {n}\n\n\n" for n in range(12))
    many = ingested(tmp_path / "3", {"a.txt": short}, {}, chunking={"min_chunk_tokens": 0})
    few = ingested(tmp_path / "4", {"a.txt": short}, {}, chunking={"min_chunk_tokens": 200})
    assert len(tokens_and_lines(few)) < len(tokens_and_lines(many))


def test_overlap_lines(tmp_path: Path) -> None:
    text = "".join(f"word{n} something else {n}\n" for n in range(200))

    def overlap(lines: int) -> int:
        engine = ingested(
            tmp_path / str(lines),
            {"a.zzz": text},
            {"supported_extensions": [".zzz"]},
            chunking={"overlap_lines": lines},
        )
        ranges = sorted((start, end) for _, start, end in tokens_and_lines(engine))
        return max(before[1] - after[0] + 1 for before, after in pairwise(ranges))

    assert overlap(0) == 0
    assert overlap(5) == 5


def test_code_granularity(tmp_path: Path) -> None:
    def symbols(granularity: str) -> set[str]:
        engine = ingested(
            tmp_path / granularity, {"a.py": FUNCTIONS}, {}, chunking={"code_granularity": granularity}
        )
        return {symbol for (symbol,) in engine.store.connection.execute("SELECT symbol FROM chunks")}

    assert "Thing0.method_0_1" in symbols("function")
    assert symbols("class") == {"Thing0", "Thing1", "Thing2"}


WORDS = {
    "a.py": "def gather_all(values):\n    # gather common values\n    return [common for common in values]\n",
    "b.py": "def scatter(values):\n    # common words, common values, common\n    return rare(values)\n",
    "c.py": "def other(values):\n    print('gather one common value', values)\n    return values\n",
    "d.md": "# Common\n\nGather what is common, and gather it again: gather common values.\n",
}


def answered(tmp_path: Path, text: str, **sections: dict[str, Any]) -> Answer:
    """What a question is answered with by the seed's own fusion."""
    retrieval = {"fusion": "rrf", **sections.pop("retrieval", {})}
    with ingested(tmp_path, WORDS, {}, retrieval=retrieval, **sections) as engine:
        return engine.query(text, refresh=False, learn=False)


def vectors(answer: Answer) -> dict[str, float]:
    return {result.file_path: result.scores["vector"] for result in answer}


def test_embedding_keys(tmp_path: Path) -> None:
    """Both bound the vocabulary of the vectors: by how many chunks have a term, and by how many terms."""
    asked = "gather rare common"
    plain = vectors(answered(tmp_path / "1", asked, embedding={"tfidf_min_df": 1}))
    assert plain["b.py"] > 0
    assert vectors(answered(tmp_path / "2", "rare", embedding={"tfidf_min_df": 1}))["b.py"] > 0
    assert set(vectors(answered(tmp_path / "3", "rare", embedding={"tfidf_min_df": 2})).values()) == {0.0}
    frequent = {"tfidf_min_df": 1, "tfidf_max_features": 2}  # values and common are in the most chunks
    assert set(vectors(answered(tmp_path / "4", "rare gather", embedding=frequent)).values()) == {0.0}
    assert max(vectors(answered(tmp_path / "5", "rare common", embedding=frequent)).values()) > 0
    with pytest.raises(ConfigError, match=r"embedding\.backend is one of tfidf"):
        Config.from_dict({"embedding": {"backend": "dense"}})


def test_weights_of_rrf(tmp_path: Path) -> None:
    def rrf(**weights: float) -> dict[str, float]:
        folder = tmp_path / "-".join(f"{name}{value}" for name, value in weights.items())
        answer = answered(folder, "gather common", retrieval={"usage_weight": 0.0, **weights})
        return {result.file_path: result.scores["rrf"] for result in answer}

    none = rrf(bm25_weight=0.0, vector_weight=0.0)
    for key in ("bm25_weight", "vector_weight"):
        once = rrf(**{"bm25_weight": 0.0, "vector_weight": 0.0, key: 1.0})
        twice = rrf(**{"bm25_weight": 0.0, "vector_weight": 0.0, key: 2.0})
        assert once["c.py"] > none["c.py"]
        assert twice["c.py"] - none["c.py"] == pytest.approx(2 * (once["c.py"] - none["c.py"]), abs=1e-5)


def test_max_results_and_token_budget(tmp_path: Path) -> None:
    """How many candidates each signal brings, and what an answer may cost that names no budget."""
    assert len(answered(tmp_path / "1", "gather common values")) == 4
    one = answered(tmp_path / "2", "gather common values", retrieval={"max_results": 1})
    assert {rank for result in one for rank in result.ranks.values()} >= {1}
    assert 1 <= len(one) < 4
    few = answered(tmp_path / "3", "gather common values", retrieval={"token_budget": 40})
    assert few.budget == 40
    assert 0 < few.used <= 40


def test_changing_how_files_are_cut_cuts_them_again(tmp_path: Path) -> None:
    ingested(tmp_path, {"a.py": FUNCTIONS}, {}).close()
    engine = RetrievalEngine.open(tmp_path, Config.from_dict({"chunking": {"max_chunk_tokens": 40}}))
    assert engine.ingest().changed == ["a.py"]
    assert engine.ingest().changed == []
    assert max(tokens for tokens, _, _ in tokens_and_lines(engine)) <= 40


def test_unknown_keys_are_named_and_survived(tmp_path: Path) -> None:
    project, _ = init_project(tmp_path)
    (project.index_dir / "config.toml").write_text("[general]\nmax_file_size = 3\n[genral]\nx = 1\n")
    assert Config.load(tmp_path).unknown == ("general.max_file_size", "genral")
    notices = RetrievalEngine.open(tmp_path).ingest().notices
    assert notices == [
        "config.toml: mnemo knows no key general.max_file_size, and ignores it",
        "config.toml: mnemo knows no key genral, and ignores it",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[general]\nmax_file_size_kb = '3'", r"general\.max_file_size_kb takes a number, not '3'"),
        ("[general]\nmax_file_size_kb = 0", r"general\.max_file_size_kb is 1 or more, not 0"),
        ("[general]\nmax_file_size_kb = 1.5", r"general\.max_file_size_kb takes a whole number"),
        ("[general]\nignore_patterns = 'x'", r"general\.ignore_patterns takes a list of texts"),
        ("[chunking]\ncode_granularity = 'line'", r"code_granularity is one of function, class, not 'line'"),
        ("[compression]\ntarget_ratio = 1.5", r"target_ratio is 1\.0 or less"),
        ("[compression]\npreserve_docstrings = 1", r"preserve_docstrings takes true or false"),
        ("[analytics]\ndecay_halflife_days = 0", r"decay_halflife_days is more than 0"),
        ("[retrieval]\nbm25_weight = nan", r"bm25_weight takes a number"),
        ("general = 3", r"general is a section"),
        ("[general\n", r"is not valid TOML"),
        ("[general]\nproject_root = '..'", r"project_root points outside"),
        ("[general]\nproject_root = 'nowhere'", r"project_root is no folder"),
    ],
)
def test_bad_values_are_named(tmp_path: Path, text: str, message: str) -> None:
    project, _ = init_project(tmp_path)
    (project.index_dir / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        RetrievalEngine.open(tmp_path)


def test_setting_keeps_comments(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[general]\n# why\nmax_file_size_kb = 100 # small\n")
    set_value(file, "general.max_file_size_kb", 200)
    set_value(file, "chunking.overlap_lines", 1)
    text = file.read_text()
    assert "# mine" in text
    assert "# why\nmax_file_size_kb = 200 # small" in text
    found = Config.read(file)
    assert (found.general.max_file_size_kb, found.chunking.overlap_lines) == (200, 1)
    with pytest.raises(ConfigError, match=r"no key general\.nothing"):
        set_value(file, "general.nothing", 1)
    with pytest.raises(ConfigError, match="overlap_lines is 0 or more"):
        set_value(file, "chunking.overlap_lines", -1)
    assert file.read_text() == text


def test_no_project_no_config(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError, match="run `mnemo init`"):
        Config.load(tmp_path)


def test_a_file_as_init_writes_it_is_known_without_being_parsed(tmp_path: Path) -> None:
    written = default_text().encode()
    assert (len(written), zlib.crc32(written)) == DEFAULT_TEXT
    path = tmp_path / "config.toml"
    path.write_bytes(written)
    assert Config.read(path) == Config()
    path.write_bytes(written.replace(b"token_budget = 8000", b"token_budget = 8001"))
    assert Config.read(path).retrieval.token_budget == 8001
