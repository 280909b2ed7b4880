"""Helpers beside the tests can be imported, and no engine is left open."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mnemo.retrieval.engine import RetrievalEngine

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def engines_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every engine that a test opened: from 3.13 on Python tells of a database that nobody closes."""
    opened: list[RetrievalEngine] = []
    begin = RetrievalEngine.__init__

    def remembered(self: RetrievalEngine, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        opened.append(self)

    monkeypatch.setattr(RetrievalEngine, "__init__", remembered)
    yield
    for engine in opened:
        engine.close()
