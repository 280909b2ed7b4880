"""The house itself: packaging, layers, and what documents promise about them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import mnemo
import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NOT_SHIPPED = {"tests", "snapshots", "benchmarks", "fuzz", "docs", "build"}


def test_the_package_list_is_the_folders() -> None:
    folders = {"mnemo"}
    for init in ROOT.rglob("__init__.py"):
        parts = init.parent.relative_to(ROOT).parts
        if parts and not parts[0].startswith(".") and parts[0] not in NOT_SHIPPED:
            folders.add(".".join(("mnemo", *parts)))
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders


def test_the_version_is_one() -> None:
    assert PROJECT["project"]["version"] == mnemo.__version__


def test_public_names_exist_and_come_late() -> None:
    code = (
        "import sys, mnemo\n"
        "assert not [module for module in sys.modules if module.startswith('mnemo.')]\n"
        "for name in mnemo.__all__: assert getattr(mnemo, name) is not None"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("module", ["mnemo.storage", "mnemo.settings"])
def test_the_core_loads_no_screen(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()
    assert not {"textual", "rich", "typer", "click", "tantivy", "msgspec", "watchdog"} & set(loaded)


def test_the_readme_has_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    assert any("pip install ." in block and "mnemo tui" in block for block in blocks)
    marked = readme.partition("<!-- test command -->")[2]
    assert re.match(r"\s*```sh\n.*'\.\[test\]'.*pytest\b.*\n```", marked)


def test_no_conftest_or_init_shadows_the_installed_package() -> None:
    assert not (ROOT / "conftest.py").exists()
    assert not (ROOT / "tests" / "__init__.py").exists()
