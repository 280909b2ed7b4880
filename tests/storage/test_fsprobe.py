from __future__ import annotations

import os
from pathlib import Path

import pytest
from mnemo import FsProbe
from mnemo.storage import Capabilities, LinkStrategy


def test_it_tries_links_where_it_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    found = FsProbe(tmp_path).detect()
    (tmp_path / "a").write_bytes(b"a")
    try:
        os.link(tmp_path / "a", tmp_path / "b")
    except OSError:
        assert not found.can_hardlink
    else:
        assert found.can_hardlink
        assert found.strategy is LinkStrategy.HARDLINK
        (tmp_path / "b").unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_to_come_is_probed_at_its_parent(tmp_path: Path) -> None:
    assert FsProbe(tmp_path / "not" / "yet").detect() == FsProbe(tmp_path).detect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("capabilities", "strategy", "intake"),
    [
        (Capabilities(True, True, True), "hardlink", "reflink"),
        (Capabilities(True, False, True), "hardlink", "copy"),
        (Capabilities(False, True, True), "reflink", "reflink"),
        (Capabilities(False, False, True), "symlink", "copy"),
        (Capabilities(False, False, False), "copy", "copy"),
    ],
)
def test_the_strategy_follows_what_works(capabilities: Capabilities, strategy: str, intake: str) -> None:
    assert (capabilities.strategy, capabilities.intake) == (strategy, intake)


def test_reflinks_are_found_on_a_file_system_that_has_them(reflink_folder: Path) -> None:
    found = FsProbe(reflink_folder).detect()
    assert found.can_reflink
    assert found.intake is LinkStrategy.REFLINK


def test_no_permission_is_an_error_of_the_system(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        FsProbe(tmp_path).detect()
    tmp_path.chmod(0o700)
