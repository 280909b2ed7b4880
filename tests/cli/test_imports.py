"""What a command loads: nothing that it does not need, and no layer a higher one."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from mnemo import MemoryDB
from mnemo.cli.app import VERBS
from mnemo.settings import Settings, places

SLOW = {
    "rich",
    "textual",
    "tantivy",
    "tomlkit",
    "msgspec",
    "watchdog",
    "httpx",
    "numpy",
    "logging",
    "asyncio",
    "sqlite3",
}


def loaded(code: str) -> set[str]:
    """The top modules that a fresh interpreter has after ``code``, and all of mnemo's."""
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=True, text=True
    )
    names = done.stderr.splitlines()
    return {name for name in names if name.startswith("mnemo")} | {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "args",
    [
        ["recall", "--limit", "10", "--json"],
        ["recall"],
        ["remember", "x", "-c", "a", "-f", "joy"],
        ["show", "", "--json"],
        ["concepts"],
        ["timeline", "a", "--json"],
        ["on-this-day"],
    ],
)
def test_piped_verbs_load_nothing_slow(args: list[str]) -> None:
    with MemoryDB(places(Settings()).journal) as db:
        memory = db.remember("a", "joy", "x")
    if args[0] == "show":
        args = ["show", memory.memory_id, "--json"]
    found = loaded(f"from mnemo.cli.app import run\nassert run({args!r}) == 0")
    assert not found & SLOW
    assert not [name for name in found if name.startswith(("mnemo.tui", "mnemo.retrieval", "mnemo.themes"))]


def test_no_annotation_of_a_verb_is_a_text() -> None:
    for name in {module for verbs in VERBS.values() for module in verbs.values()}:
        assert not hasattr(import_module(f"mnemo.cli.{name}"), "annotations"), name


def test_recall_loads_only_what_it_needs() -> None:
    found = loaded("from mnemo.cli.app import run\nassert run(['recall', '--json']) == 0")
    unneeded = ("media", "verify", "backup", "watch", "finder", "when")
    assert not found & {f"mnemo.storage.{name}" for name in unneeded}
    assert not found & {"mnemo.cli.write", "mnemo.cli.care"}


def test_the_version_loads_no_parser() -> None:
    assert "typer" not in loaded("sys.argv = ['mnemo', '--version']\nfrom mnemo.cli import main\nmain()")


def test_the_core_knows_no_screen() -> None:
    code = (
        "import importlib, pkgutil, mnemo.storage, mnemo.settings\n"
        "for each in pkgutil.iter_modules(mnemo.storage.__path__):\n"
        "    importlib.import_module(f'mnemo.storage.{each.name}')"
    )
    assert not loaded(code) & {"rich", "textual", "typer", "click"}


def test_help_loads_no_screen() -> None:
    found = loaded("from mnemo.cli.app import run\nassert run(['--help']) == 0")
    assert not found & {"textual", "rich", "tantivy"}
    assert "mnemo.tui.app" not in found
