"""The table of what breaks and what mnemo says, made again: see ``docs/faults.md``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_every_fault_says_what_the_page_says_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "fuzz"), *sys.path])
    faults = importlib.import_module("faults")
    page = (ROOT / "docs" / "faults.md").read_text()
    made = faults.make(tmp_path)
    assert len(made) > 40
    for row in made.values():
        assert row in page, f"docs/faults.md is not current: python fuzz/faults.py\n{row}"
        assert row.endswith("| nothing |")
