"""README's pictures are the app's own, as it is now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def test_the_pictures_are_current_and_fetch_nothing(tmp_path: Path) -> None:
    script = [sys.executable, PICTURES / "make.py", tmp_path]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text() for path in PICTURES.glob("*.svg")}
    assert len(made) == 5
    differ = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    assert not differ, "run: python docs/pictures/make.py, and look at what changed"
    assert not any("url(http" in picture or "href=" in picture for picture in made.values())
