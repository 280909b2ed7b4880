"""The verb ``compress``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = "import os\nimport sys\nimport re\nimport json\n\n\ndef work(items):\n" + "".join(
    f"    step_{n}(items, option_{n}, other_option_{n})\n" for n in range(20)
)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "work.py"
    path.write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return path


def test_it_prints_what_is_left_and_how_much(cli: Callable[..., Any], source: Path) -> None:
    lines = cli("compress", "work.py").out.split("\n")
    assert lines[0] == "File: work.py"
    assert lines[1].startswith("Original tokens: ")
    assert lines[2].startswith("Compressed: ")
    assert 35 <= float(lines[3].removeprefix("Char ratio: ").rstrip("%")) <= 45
    assert lines[4] == "─" * 60
    assert lines[5] == "# [4 imports: os, sys, re, json]"


def test_json_has_the_text_and_every_elision(cli: Callable[..., Any], source: Path) -> None:
    found = cli("compress", "work.py", "--ratio", "0.5", "--json").json
    assert found["target_ratio"] == 0.5
    assert found["tokens"] < found["original_tokens"]
    assert found["reason"] is None
    assert found["elisions"][0] == {
        "line_start": 1,
        "line_end": 4,
        "lines": 4,
        "kind": "import",
        "mark": "# [4 imports: os, sys, re, json]",
    }
    assert sum(line["lines"] for line in found["elisions"]) == 24 - found["content"].count("\n    step")


def test_the_config_counts_and_a_ratio_that_cannot_be_met_is_told(
    cli: Callable[..., Any], source: Path
) -> None:
    cli("init")
    config = source.parent / ".mnemosyne" / "config.toml"
    config.write_text("[compression]\ntarget_ratio = 0.9\ncollapse_imports = false\n")
    found = cli("compress", "work.py", "--json").json
    assert found["target_ratio"] == 0.9
    assert "import os\n" in found["content"]
    source.write_text("def f(x):\n    return x\n")
    assert "Asked for: 90.0% (nothing in it can go)" in cli("compress", "work.py").out


def test_what_cannot_be_compressed_is_one_line(cli: Callable[..., Any], source: Path) -> None:
    assert "No such file" in cli("compress", "none.py", code=1).err
    cli("compress", "work.py", "--ratio", "1.5", code=2)
