"""All five operations end to end against a real small model, streamed, on the demo journal.

Not part of the normal tests: it needs 130 MB of packages and minutes. ``.ci/model`` installs and runs it.
What a model of 135M parameters says is of no worth; that it is asked, streamed, read and told of rightly is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mnemo.storage import Feeling, MemoryDB
from mnemo.tui.demo import write_demo

COMMAND = str(Path(sys.executable).parent / "mnemo")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The endpoint of a model that is started here and stopped at the end."""
    script = str(Path(__file__).with_name("serve.py"))
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().decode().strip()
        finally:
            server.kill()


@pytest.fixture(scope="module")
def environment(address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    with MemoryDB(home / "demo.mnheme", fsync_policy="never") as db:
        write_demo(db)
    return {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MNEMO_JOURNAL": str(home / "demo.mnheme"),
        "LOCAL_LLM_URL": f"{address}/v1",
        "LOCAL_LLM_MODEL": "SmolLM2-135M-Instruct",
        "LOCAL_LLM_RPM": "1000",
        "LOCAL_LLM_CONTEXT": "800",  # a processor reads some 30 to 100 tokens a second; answers get a quarter
        "LLM_TIMEOUT": "300",
    }


def test_perceive(environment: dict[str, str]) -> None:
    words = "I opened the letter from the bank. My hands were shaking."
    start = time.perf_counter()
    done = subprocess.run(
        [COMMAND, "perceive", words, "--yes", "--json"],
        env=environment,
        capture_output=True,
        timeout=900,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    print(f"\nperceive: {time.perf_counter() - start:.1f} s, by {answer['provider']}; {done.stderr.strip()}")
    # The form that the server keeps to makes even this model's reply one that can be used.
    assert answer["provider"] == "LOCAL_LLM", done.stderr
    assert answer["feeling"] in tuple(Feeling)
    with MemoryDB(environment["MNEMO_JOURNAL"]) as db:
        memory = db.get(answer["memory_id"])
    assert memory.content == words
    assert memory.concept == answer["concept"]


@pytest.mark.parametrize(
    ("args", "context"),
    [
        (["ask", "How do I feel about money?"], "800"),
        (["reflect", "Debt"], "1280"),  # its history has to be summarised first
        (["dream", "-n", "3", "--seed", "7"], "800"),
        (["introspect"], "800"),
    ],
    ids=["ask", "reflect", "dream", "introspect"],
)
def test_the_answer_comes_as_it_is_made(args: list[str], context: str, environment: dict[str, str]) -> None:
    pieces: list[tuple[float, bytes]] = []
    start = time.perf_counter()
    with subprocess.Popen(
        [COMMAND, *args],
        env={**environment, "LOCAL_LLM_CONTEXT": context},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while piece := process.stdout.read1(4096):
            pieces.append((time.perf_counter() - start, piece))
        problems = process.stderr.read().decode()
    assert process.returncode == 0, problems
    # What mnemo says by itself comes in one piece, and so do the lines that tell who answered.
    said = b"".join(piece for _, piece in pieces).decode()
    who = [line for line in said.splitlines() if line.startswith("LOCAL_LLM, ")]
    assert who, said + problems
    first, last = pieces[0][0], pieces[-1][0]
    print(f"\n{args[0]}: {len(pieces)} pieces, first {first:.1f} s, last {last:.1f} s; by {who[0]}")
    assert len(pieces) > 3
    assert who[0].encode() not in b"".join(piece for _, piece in pieces[:-1])
