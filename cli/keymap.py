"""What of a keymap cannot be, asked of the app in a process of its own: no verb but tui loads a screen."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["faults"]


def faults(keymap: Mapping[str, str]) -> list[str]:
    """What is wrong with a keymap, a line each; nothing where there is none."""
    if not keymap:
        return []
    asked = subprocess.run(
        [sys.executable, "-m", "mnemo.tui.keymap"],
        input=json.dumps(dict(keymap)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return [str(each) for each in json.loads(asked.stdout)] if asked.returncode == 0 else []
