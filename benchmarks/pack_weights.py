"""Write ``weights.json`` from ``weights.toml``: the same as JSON, which takes a fortieth of the time to read.

    python benchmarks/pack_weights.py

Run it after every change of the weights; a test compares the two.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "retrieval" / "weights.toml"

if __name__ == "__main__":
    weights = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    SOURCE.with_suffix(".json").write_text(json.dumps(weights, indent=0) + "\n", encoding="utf-8")
