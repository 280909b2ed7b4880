"""The pages that describe the command line are the command line's own."""

from __future__ import annotations

import runpy
from pathlib import Path

from mnemo.cli.app import VERBS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_current() -> None:
    made = runpy.run_path(str(DOCS / "make_cli.py"))["page"]()
    assert (DOCS / "cli.md").read_text() == made, "run: python docs/make_cli.py"


def test_every_verb_has_a_section_with_its_usage() -> None:
    page = (DOCS / "cli.md").read_text()
    for verbs in VERBS.values():
        for verb in verbs:
            section = page.partition(f"### {verb}\n")[2].partition("\n### ")[0]
            assert f"Usage: mnemo {verb}" in section
