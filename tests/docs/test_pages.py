"""Every command, snippet and document of the pages is run, in order, as a reader would; links lead on."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from desks import DESKS
from mnemo.llm.env import read_values
from mnemo.llm.providers import read_setup
from mnemo.tui.keymap import faults
from pages import LANGUAGES, ROOT, Block, Desk, Page, pages

PAGES = pages()
SKIPPED = ("not run", "test command")
NOT_RUN = 3
"""Blocks that no test runs, each with its reason in the page: the first install, the test command, and a
listener that ends with its daemon."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_run_in_order(page: Page, tmp_path: Path) -> None:
    desk = Desk(tmp_path, page)
    with desk.closing:
        for setup in DESKS.get(page.name, ()):
            setup(desk)
        for block in page.blocks:
            if block.note not in SKIPPED:
                desk.run(block)


def test_no_more_than_a_few_blocks_are_not_run_and_each_says_why() -> None:
    left = [block for page in PAGES for block in page.blocks if block.note in SKIPPED]
    assert len(left) == NOT_RUN, [block.where for block in left]
    assert all(len(block.detail.split()) >= 5 for block in left if block.note == "not run")


def test_every_block_has_a_language_and_data_is_what_it_says() -> None:
    for page in PAGES:
        for block in page.blocks:
            assert block.language in LANGUAGES, f"{block.where}: {block.language!r}"
            match block.language:
                case "json":
                    json.loads(block.text)
                case "toml":
                    tomllib.loads(block.text)


def test_no_command_hides_in_a_block_that_is_not_run() -> None:
    hidden = [
        f"{block.where}: {line}"
        for page in PAGES
        for block in page.blocks
        if block.language not in ("sh", "console") and block.language != "text"
        for line in block.text.splitlines()
        if re.match(r"\s*(\$ )?mnemo ", line)
    ]
    assert not hidden


def test_keymaps_that_a_page_shows_have_no_fault() -> None:
    shown = [
        tomllib.loads(block.text)["keymap"]
        for page in PAGES
        for block in page.blocks
        if block.language == "toml" and "[keymap]" in block.text
    ]
    assert shown
    assert [fault for keymap in shown for fault in faults(keymap)] == []


# -- links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_pages_and_headings_that_are_there(page: Page) -> None:
    known = {each.name: each for each in PAGES}
    prose = re.sub(r"`[^`\n]*`", "", page.prose)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        path = ((ROOT / page.name).parent / name).resolve() if name else ROOT / page.name
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            there = known[str(path.relative_to(ROOT))]
            assert anchor in there.anchors, f"{page.name}: {target}; there are {sorted(there.anchors)}"


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    for page in PAGES:
        path = Path(page.name)
        if path.parts[0] == "docs" and path.name != "index.md":
            assert f"({path.relative_to('docs')})" in index, page.name


def test_environment_blocks_set_up_the_providers_that_they_name(tmp_path: Path) -> None:
    blocks: list[Block] = [
        block for page in PAGES for block in page.blocks if block.language == "ini" and "_MODEL" in block.text
    ]
    assert blocks
    for block in blocks:
        file = tmp_path / ".env"
        file.write_text(block.text)
        setup = read_setup(read_values(file))
        names = re.findall(r"^(\w+)_MODEL=", block.text, re.MULTILINE)
        assert sorted(setup.providers) == sorted(names), block.where
