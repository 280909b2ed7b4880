from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reflink_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small XFS or Btrfs of its own, where this machine can mount one."""
    base = tmp_path_factory.mktemp("reflink")
    image, mount = base / "image", base / "mount"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(320 << 20)
    for make in (["mkfs.xfs", "-q"], ["mkfs.btrfs", "-q"]):
        try:
            subprocess.run([*make, str(image)], check=True, capture_output=True, timeout=60)
            subprocess.run(
                ["mount", "-o", "loop", str(image), str(mount)], check=True, capture_output=True, timeout=60
            )
        except (OSError, subprocess.SubprocessError):
            continue
        yield mount
        subprocess.run(["umount", str(mount)], check=True, timeout=60)
        return
    pytest.skip("no file system with reflinks can be mounted here")
