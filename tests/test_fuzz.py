"""Every seed and every find of the fuzzer once more: what it takes to find new ones is in fuzz/README.md."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent / "fuzz"
_SPEC = importlib.util.spec_from_file_location("mnemo_fuzz", FUZZ / "run.py")
assert _SPEC is not None and _SPEC.loader is not None
run = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(run)


@pytest.mark.parametrize("name", run.TARGETS)
def test_no_input_that_was_ever_tried_by_name_breaks_anything(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(FUZZ), *sys.path])
    inputs = sorted((FUZZ / "corpus" / name).iterdir())
    assert inputs
    target = run.load(name)
    for file in inputs:
        try:
            target(file.read_bytes())
        except BaseException as error:
            error.add_note(f"{name} of {file.name}: python fuzz/run.py {name} --replay {file}")
            raise
