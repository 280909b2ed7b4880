"""What every test stands on: a home of its own, where nothing of the developer's is in reach."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# One tree, one verdict, however busy the machine: the same examples each time, and nothing is timed.
# New ones: pytest --hypothesis-profile=default
settings.register_profile(
    "mnemo",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("mnemo")

# A shell that starts the tests in the background ignores it, and every process under test would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

_OWN = ("MNEMO_", "XDG_", "LLM_")
_NAMED = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "VISUAL", "EDITOR", "ACTIVE_PROVIDER")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; the developer's settings, journals and environment are out of reach."""
    folder = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name.startswith(_OWN) or name in _NAMED:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
    return folder
