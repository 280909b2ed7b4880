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
        "LOCAL_LLM_CONTEXT": "1280",  # a processor reads some 35 to 100 tokens a second
        "LLM_TIMEOUT": "300",
    }


@pytest.mark.parametrize(
    "args",
    [
        ["perceive", "I opened the letter from the bank. My hands were shaking.", "--yes"],
        ["ask", "How do I feel about money?"],
        ["reflect", "Debt"],
        ["dream", "-n", "3", "--seed", "7"],
        ["introspect"],
    ],
    ids=lambda args: args[0],
)
def test_end_to_end(args: list[str], environment: dict[str, str]) -> None:
    start = time.perf_counter()
    done = subprocess.run(
        [COMMAND, *args, "--json"], env=environment, capture_output=True, timeout=900, check=False, text=True
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    print(f"\n{args[0]}: {seconds:.1f} s, by {answer['provider']}; {done.stderr.strip()}")
    if args[0] == "perceive":
        assert answer["content"] == args[1]
        assert answer["feeling"] in tuple(Feeling)
        assert answer["saved"]
        # So small a model may say nothing that can be used; then mnemo itself has answered, and says why.
        assert answer["provider"] == "LOCAL_LLM" or "could not be used" in done.stderr
        return
    assert answer["provider"] == "LOCAL_LLM", done.stderr
    assert answer["text"].strip()
    with MemoryDB(environment["MNEMO_JOURNAL"]) as db:
        for each in answer["memories"]:
            db.get(each["memory_id"])


def test_the_answer_comes_as_it_is_made(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [COMMAND, "dream", "-n", "3", "--seed", "3"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        start = time.perf_counter()
        moments: list[float] = []
        while process.stdout.read1(64):
            moments.append(time.perf_counter() - start)
    assert process.returncode == 0
    assert len(moments) > 5
    print(f"\nstreamed in {len(moments)} pieces: first {moments[0]:.1f} s, last {moments[-1]:.1f} s")
