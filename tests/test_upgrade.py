"""What older versions left on the disk: journal, indexes and databases as real commits of mnemo wrote them.

``older/<commit>.tar.xz`` is a home made by the code of that commit: a journal of twelve memories with its
index snapshot and full text, and a project of two files: without an index (eb4af0b), with one (0ea37ce), with
what queries learned in tables that were never released (323c366), and in the first release's (3ac24ab).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).parent / "mnemo")
HOMES = sorted((Path(__file__).parent / "older").glob("*.tar.xz"))


def mnemo(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *args],
        env={**os.environ, "MNEMO_JOURNAL": str(home / "journal.mnheme")},
        cwd=home / "project",
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) <= 1, f"one line at most: {done.stderr}"
    return done


@pytest.mark.parametrize("archive", HOMES, ids=lambda path: path.name.partition(".")[0])
def test_what_an_older_version_left_is_read_or_made_anew(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    before = (tmp_path / "journal.mnheme").read_bytes()

    memories = json.loads(mnemo(tmp_path, "recall", "--json", "--limit", "0").stdout)
    assert sorted(each["content"] for each in memories) == sorted(f"the sea was calm {n}" for n in range(12))
    assert len(json.loads(mnemo(tmp_path, "recall", "day", "--tag", "one", "--json").stdout)) == 6
    assert len(json.loads(mnemo(tmp_path, "search", "calm", "--json").stdout)) == 12
    assert "sound: yes" in mnemo(tmp_path, "verify").stdout
    assert (tmp_path / "journal.mnheme").read_bytes() == before, "reading changes nothing"
    mnemo(tmp_path, "remember", "and then this", "-c", "day", "-f", "joy")
    assert (tmp_path / "journal.mnheme").read_bytes().startswith(before)
    assert len(json.loads(mnemo(tmp_path, "recall", "day", "--json").stdout)) == 7

    index = tmp_path / "project" / ".mnemosyne"
    if not index.is_dir():
        mnemo(tmp_path, "init")
        mnemo(tmp_path, "ingest")
    learned = (index / "usage.db").exists()
    for session in "tuv":
        assert "return sum(items)" in mnemo(tmp_path, "query", "total price", "--session", session).stdout
    assert json.loads(mnemo(tmp_path, "stats", "--json").stdout)["files"] == 2
    analytics = mnemo(tmp_path, "analytics").stdout
    learned = learned and not list(index.glob("usage.db.foreign-*"))  # kept, and learning began anew
    assert ("Queries: 4 (1 with feedback)" if learned else "Queries: 3") in analytics
    assert "Files failed: 0" in mnemo(tmp_path, "ingest").stdout
    assert not list(index.glob("*.damaged-*")), "older is not damaged"
