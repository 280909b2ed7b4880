"""Analytics on a terminal: the figures as tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_analytics_are_tables_on_a_terminal(
    cli: Callable[..., Any], terminal: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "cart.py").write_text("def total(prices):\n    return sum(price for price in prices)\n")
    cli("init", "--project", tmp_path)
    cli("ingest", "--project", tmp_path)
    found = cli("query", "total of prices", "--project", tmp_path, "--session", "s", "--json").json
    cli("feedback", found[0]["chunk"]["id"], "used", "--project", tmp_path)
    code, shown = terminal("analytics", "--project", str(tmp_path), env={"NO_COLOR": "1"}).until_end()
    assert code == 0, shown
    shown = re.sub("\x1b\\[[0-9;]*m", "", shown)
    assert "precision at 1   1.000" in shown
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("s ")]
    assert row[2:] == ["1", "1", "1.000", "1.000", "1.000", "1.000"]
    assert "cart.py 1-2 total" in shown
