"""`mnemo import`, `export` and `attach` as a shell sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def mnemo(tmp_path: Path):  # type: ignore[no-untyped-def]
    environment = {
        **os.environ,
        "MNEMO_CONFIG": str(tmp_path / "config"),
        "MNEMO_JOURNAL": str(tmp_path / "home" / "journal.mnheme"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "TZ": "Europe/Rome",
    }

    def run(*args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "mnemo", *args],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    return run


def test_a_diary_moves_in_and_out_again(mnemo, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "old.txt").write_text("[2024-05-01 10:00] Hello @sea *\nWords.\n")
    (tmp_path / "photo.jpg").write_bytes(b"photo")
    report = json.loads(
        mnemo("import", "old.txt", "--concept", "diary", "--feeling", "gioia", "--json").stdout
    )
    assert report == {"format": "jrnl", "found": 1, "imported": 1, "already_there": 0, "files": 0}
    [memory] = json.loads(mnemo("recall", "--json").stdout)
    assert (memory["content"], memory["tags"], memory["feeling"]) == ("Hello @sea\nWords.", ["sea"], "joy")
    mnemo("attach", memory["memory_id"][:8], "photo.jpg")
    done = mnemo("export", "--output", "out.md", "--with-files")
    assert "memories: 2" in done.stdout
    other = str(tmp_path / "other" / "j.mnheme")
    assert "imported: 2" in mnemo("import", "out.md", "--journal", other).stdout
    assert "already_there: 2" in mnemo("import", "out.md", "--journal", other, "--dry-run").stdout
    assert "files: 1" in mnemo("verify", "--journal", other).stdout
    (tmp_path / "listing.json").write_text(mnemo("recall", "--json").stdout)
    again = json.loads(mnemo("import", "listing.json", "--journal", other, "--json").stdout)
    assert (again["imported"], again["already_there"]) == (0, 2)
    assert (
        mnemo("export", "--journal", other, "--format", "jsonl").stdout
        == mnemo("export", "--format", "jsonl").stdout
    )


def test_faults_are_told_one_a_line_and_nothing_is_written(mnemo, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "bad.jsonl").write_text('{"content": "x"}\n{"content": "y"}\n{"content": "z"}\nnonsense\n')
    done = mnemo("import", "bad.jsonl", code=1)
    assert done.stdout == ""
    first, same, other = done.stderr.splitlines()
    assert first.startswith(
        "mnemo: nothing imported from bad.jsonl: line 1: it has no concept and no feeling"
    )
    assert same.startswith("mnemo: line 2, line 3: it has no concept")
    assert other.startswith("mnemo: line 4: it is not JSON")
    assert not (tmp_path / "home").exists()
    mnemo("import", "none.json", code=1)
    mnemo("import", "bad.jsonl", "--format", "word", code=2)
    mnemo("import", "bad.jsonl", "--feeling", "meh", code=2)


def test_export_refuses_what_would_lose_something(mnemo, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    mnemo("remember", "x", "--concept", "c", "--feeling", "joy")
    journal = tmp_path / "home" / "journal.mnheme"
    before = journal.read_bytes()
    mnemo("export", "--output", str(journal), code=1)
    mnemo("export", "--format", "json", "--with-files", code=2)
    mnemo("export", "--format", "word", code=2)
    assert journal.read_bytes() == before
