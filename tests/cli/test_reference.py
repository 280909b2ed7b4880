"""What describes the command line and the keys is their own, and the shells can use it."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mnemo.cli.app import VERBS

DOCS = Path(__file__).parents[2] / "docs"
SHELL = DOCS / "shell"
BIN = Path(sys.executable).parent


def test_what_is_made_from_mnemo_is_current() -> None:
    made = runpy.run_path(str(DOCS / "make_cli.py"))["files"]()
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python docs/make_cli.py"
    assert {path for path in SHELL.iterdir() if path.is_file()} < made.keys()


def test_every_verb_has_a_section_with_its_usage_and_a_place_in_the_manual() -> None:
    page, manual = (DOCS / "cli.md").read_text(), (SHELL / "mnemo.1").read_text()
    for verbs in VERBS.values():
        for verb in verbs:
            section = page.partition(f"### {verb}\n")[2].partition("\n### ")[0]
            assert f"Usage: mnemo {verb}" in section
            assert f'.SS "mnemo {verb}"' in manual


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff here")
def test_the_manual_page_has_nothing_that_troff_stumbles_over() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", SHELL / "mnemo.1"], capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    assert b"fail-empty" in done.stdout


def complete(line: str) -> list[str]:
    """What bash offers at the end of a line, by the script that is shipped."""
    words = line.split(" ")
    script = (
        f"source '{SHELL / 'mnemo.bash'}'; COMP_WORDS=({' '.join(words[:-1])} '{words[-1]}'); "
        f"COMP_CWORD={len(words) - 1}; _mnemo_completion mnemo; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, timeout=60, check=True)
    return done.stdout.decode().splitlines()


def test_bash_completes_verbs_options_feelings_and_concepts() -> None:
    assert complete("mnemo on-") == ["on-this-day"]
    assert "--since" in complete("mnemo recall --s")
    assert complete("mnemo recall --feeling ser") == ["serenity"]
    subprocess.run([BIN / "mnemo", "remember", "x", "-c", "Big Sea", "-f", "joy"], timeout=60, check=True)
    assert complete("mnemo recall B") == ["Big Sea"]
