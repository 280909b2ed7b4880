"""``arc`` as a process: plain, JSON, SVG."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mnemo.cli.app import run as main
from mnemo.storage import MemoryDB

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "j.mnheme"
    start = datetime(2024, 1, 1, 12, tzinfo=UTC)
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(
            {
                "concept": "Debt",
                "feeling": "anxiety" if day < 40 else "serenity",
                "content": f"day {day} \x1b[31m[bold]",
                "at": start + timedelta(days=day),
            }
            for day in range(80)
        )
    return path


def run(capsys: pytest.CaptureFixture[str], journal: Path, *args: str) -> tuple[int, str, str]:
    code = main(["--journal", str(journal), "arc", *args])
    out, err = capsys.readouterr()
    return code, out, err


def test_plain_is_a_line_for_each_period(capsys: pytest.CaptureFixture[str], journal: Path) -> None:
    code, out, err = run(capsys, journal)
    assert (code, err) == (0, "")
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[:3] for line in lines] == [
        ["2024-01-01", "31", "-0.66"],
        ["2024-02-01", "29", "+0.27"],
        ["2024-03-01", "20", "+0.69"],
    ]
    assert lines[1][4] == "serenity 20, anxiety 9"


def test_json_has_periods_shifts_and_words(capsys: pytest.CaptureFixture[str], journal: Path) -> None:
    code, out, _ = run(capsys, journal, "debt", "--by", "week", "--json")
    found = json.loads(out)
    assert code == 0
    assert list(found) == ["concept", "by", "arc", "periods", "shifts"]
    assert (found["by"], found["arc"]) == ("week", "from anxiety to serenity")
    assert [shift["day"] for shift in found["shifts"]] == ["2024-02-10"]
    assert sum(period["memories"] for period in found["periods"]) == 80
    assert list(found["periods"][0]) == ["start", "memories", "valence", "arousal", "smoothed", "feelings"]
    smoothed = [period["smoothed"] for period in found["periods"]]
    assert smoothed == sorted(smoothed)


def test_filters_are_those_of_recall(capsys: pytest.CaptureFixture[str], journal: Path) -> None:
    _, out, _ = run(capsys, journal, "--feeling", "ansia", "--since", "2024-02", "--json")
    assert [period["feelings"] for period in json.loads(out)["periods"]] == [{"anxiety": 9}]


def test_a_picture_is_written(capsys: pytest.CaptureFixture[str], journal: Path, tmp_path: Path) -> None:
    picture = tmp_path / "debt.svg"
    code, out, err = run(capsys, journal, "Debt", "--svg", str(picture))
    assert (code, out) == (0, "")
    assert str(picture) in err
    root = ElementTree.fromstring(picture.read_bytes())
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "Debt"
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 82
    assert b"\x1b" not in picture.read_bytes()


def test_a_picture_on_stdout_is_utf8_whatever_the_terminal_has(
    journal: Path, spawn: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    done = spawn("--journal", str(journal), "arc", "Debt", "--svg", "-", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert len(ElementTree.fromstring(done.stdout).findall("{http://www.w3.org/2000/svg}circle")) == 82


def test_a_picture_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], journal: Path, tmp_path: Path
) -> None:
    code, _, err = run(capsys, journal, "--svg", str(tmp_path / "no" / "such.svg"))
    assert code == 1
    assert err.count("\n") == 1


def test_nothing_is_told(capsys: pytest.CaptureFixture[str], journal: Path, tmp_path: Path) -> None:
    code, out, err = run(capsys, journal, "Nope", "--fail-empty")
    assert (code, out) == (3, "")
    assert "Nope" in err
    code, out, _ = run(capsys, tmp_path / "none.mnheme", "--json")
    assert json.loads(out)["periods"] == []
    assert code == 0
    code, out, _ = run(capsys, tmp_path / "none.mnheme", "--svg", "-")
    assert code == 0
    ElementTree.fromstring(out)
