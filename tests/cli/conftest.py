from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mnemo.cli.app import run

sys.path.append(str(Path(__file__).parent))
from terminal import Terminal

COMMAND = str(Path(sys.executable).parent / "mnemo")


class Result(NamedTuple):
    """What a run of the command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in this process, from its arguments to its exit code."""

    def call(*args: str | Path, code: int = 0) -> Result:
        capsys.readouterr()
        found = run([str(arg) for arg in args])
        result = Result(found, *capsys.readouterr())
        assert found == code, result
        if code in (1, 2):
            assert len(result.err.splitlines()) == 1, result.err
        return result

    return call


@pytest.fixture(name="spawn")
def _spawn() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The installed command, as a process of its own."""
    return spawn


def spawn(
    *args: str | bytes, stdin: bytes = b"", env: Mapping[str, str] | None = None, **kwargs: Any
) -> subprocess.CompletedProcess[bytes]:
    """The installed command, as a process of its own."""
    return subprocess.run(
        [COMMAND, *args],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**os.environ, **(env or {})},
        check=False,
        **kwargs,
    )


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Start the command on a terminal."""
    started: list[Terminal] = []

    def start(*args: str, env: Mapping[str, str] | None = None) -> Terminal:
        started.append(Terminal([COMMAND, *args], env or {}))
        return started[-1]

    yield start
    for each in started:
        each.close()
