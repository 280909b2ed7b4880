"""What mnemo stands on: licences that its users can live with, and a reason for each library."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MADE = runpy.run_path(str(ROOT / "docs" / "make_dependencies.py"))


def test_every_library_has_an_allowed_licence_a_reason_and_a_line_in_the_page() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    found = MADE["libraries"]()
    assert len(found) > 30
    for library in found.values():
        assert MADE["allowed"](library.licence), f"{library.name} is under {library.licence!r}"
        assert MADE["why"](library), f"say in docs/make_dependencies.py what {library.name} is for"
        assert f"| {library.name} |" in page or library.extra, "run: python docs/make_dependencies.py"


@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0", True),
        ("MIT AND GPL-3.0", False),
        ("GPL-3.0-only", False),
        ("", False),
    ],
)
def test_expressions_of_licences_are_read(expression: str, fine: bool) -> None:
    assert MADE["allowed"](expression) is fine


def test_the_scan_for_secrets_finds_one_and_passes_the_tree(tmp_path: Path) -> None:
    scan = ["bash", str(ROOT / ".ci" / "secrets")]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=30)
    (tmp_path / "a.txt").write_text("key = " + "sk-ant-" + "api03-" + "Zk3" * 20 + "\n")
    subprocess.run(["git", "-C", str(tmp_path), "add", "a.txt"], check=True, timeout=30)
    found = subprocess.run([*scan, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 1
    assert "a.txt" in found.stdout and "Zk3Zk3" not in found.stdout
    who = ["-c", "user.name=n", "-c", "user.email=e@example.com"]
    subprocess.run(["git", "-C", str(tmp_path), *who, "commit", "-qm", "in"], check=True, timeout=30)
    (tmp_path / "a.txt").write_text("nothing\n")
    subprocess.run(["git", "-C", str(tmp_path), *who, "commit", "-qam", "out"], check=True, timeout=30)
    history = subprocess.run([*scan, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert history.returncode == 1, "what was taken out is in the history"
    assert "a.txt" in history.stdout and "Zk3Zk3" not in history.stdout


def test_nothing_secret_is_in_the_tree_or_its_history() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not in a repository")
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "secrets")], capture_output=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, b""), done.stdout.decode()
