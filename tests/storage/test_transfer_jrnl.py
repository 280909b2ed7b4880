"""Journals as jrnl writes them: its text (of several versions and time formats) and its JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from mnemo import Memory, MemoryDB
from mnemo.storage import ImportRefusedError
from mnemo.storage.transfer import Defaults, ImportReport, detect_format, import_file

ROME = Defaults("diary", "serenity", ZoneInfo("Europe/Rome"))

TEXT = """\
[2024-02-28 09:00] Snow on the @balcony. *
The cat would not go out. @Cat and @balcony, mail me@example.org.

Second paragraph, with a list:
- [1] not an entry
[2] neither is this

[2024-06-01 11:11:23 PM] A title without a body

[2024-12-31 12:05:00 AM] Midnight
    [2024-01-01 10:00] an indented time is text
"""

JSON = {
    "tags": {"@balcony": 1, "@cat": 1},
    "entries": [
        {
            "title": "Snow on the @balcony.",
            "body": "The cat would not go out. @Cat and @balcony, mail me@example.org.\n\n"
            "Second paragraph, with a list:\n- [1] not an entry\n[2] neither is this",
            "date": "2024-02-28",
            "time": "09:00",
            "tags": ["@balcony", "@cat"],
            "starred": True,
        },
        {
            "title": "A title without a body",
            "body": "",
            "date": "2024-06-01",
            "time": "23:11:23",
            "tags": [],
            "starred": False,
        },
    ],
}


def bring(folder: Path, name: str, text: str, defaults: Defaults = ROME) -> tuple[ImportReport, list[Memory]]:
    source = folder / name
    source.write_text(text, encoding="utf-8")
    with MemoryDB(folder / "j.mnheme") as db:
        return import_file(db, source, defaults=defaults), db.recall(oldest_first=True)


def test_text_with_tags_stars_and_both_clocks(tmp_path: Path) -> None:
    report, (snow, june, midnight) = bring(tmp_path, "journal.txt", TEXT)
    assert (report.format, report.found, report.added) == ("jrnl", 3, 3)
    assert snow.content.startswith("Snow on the @balcony.\nThe cat would not go out.")
    assert snow.content.endswith("[2] neither is this")
    assert snow.tags == ("balcony", "cat")
    assert snow.extra["starred"] is True
    assert snow.time == datetime(2024, 2, 28, 8, 0, tzinfo=UTC)
    assert snow.utc_offset == "+01:00"
    assert (june.content, june.time, june.utc_offset) == (
        "A title without a body",
        datetime(2024, 6, 1, 21, 11, 23, tzinfo=UTC),
        "+02:00",
    )
    assert "starred" not in june.extra
    assert midnight.time == datetime(2024, 12, 30, 23, 5, tzinfo=UTC)
    assert midnight.content == "Midnight\n    [2024-01-01 10:00] an indented time is text"
    assert {memory.concept for memory in (snow, june)} == {"diary"}


def test_its_json_is_the_same_journal(tmp_path: Path) -> None:
    bring(tmp_path, "journal.txt", TEXT)
    report, memories = bring(tmp_path, "journal.json", json.dumps(JSON, indent=2))
    assert (report.format, report.added, report.skipped) == ("jrnl", 0, 2)
    assert len(memories) == 3


def test_json_alone(tmp_path: Path) -> None:
    report, (snow, june) = bring(tmp_path, "journal.json", json.dumps(JSON))
    assert report.added == 2
    assert (snow.tags, snow.extra["starred"]) == (("balcony", "cat"), True)
    assert june.time == datetime(2024, 6, 1, 21, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        (
            '10.06.2010 15:00 A life without chocolate\n\n10.06.2013 15:40 He said "[this] is it".\nMore.\n'
            "[03.08.2019 12:55] Some chat log\n",
            ["2010-06-10T13:00", "2013-06-10T13:40"],
        ),
        ("2013-06-09 15:39 First\n2013-06-10 not an entry, it has no time\n", ["2013-06-09T13:39"]),
        (
            "[06/13/2013 3:05 PM] American\n[07/01/2013 3:05 PM] too\n",
            ["2013-06-13T13:05", "2013-07-01T13:05"],
        ),
        ("[05/01/2013 15:05] British\n[13/01/2013 15:05] surely\n", ["2013-01-05T14:05", "2013-01-13T14:05"]),
        ("[2013/06/13 15:05] Slashes\n", ["2013-06-13T13:05"]),
        ("\ufeff\n\n[2020-06-28] A day alone\r\nWindows\r\n", ["2020-06-27T22:00"]),
    ],
)
def test_other_time_formats(tmp_path: Path, text: str, moments: list[str]) -> None:
    _, memories = bring(tmp_path, "journal", text)
    assert [memory.timestamp[:16] for memory in memories] == moments
    assert not any("\r" in memory.content for memory in memories)


def test_a_journal_again_with_more_in_it_adds_the_rest(tmp_path: Path) -> None:
    bring(tmp_path, "journal.txt", TEXT)
    report, memories = bring(tmp_path, "journal.txt", TEXT + "[2025-01-02 10:00] New\n")
    assert (report.added, report.skipped, len(memories)) == (1, 3, 4)


def test_a_format_is_told_by_its_content(tmp_path: Path) -> None:
    for name, text, expected in [
        ("a", TEXT, "jrnl"),
        ("b.json", json.dumps(JSON), "jrnl"),
        ("c.json", '[{"content": 1}]', "json"),
        ("d.json", '{"exported_at": "", "memories": []}', "json"),
        ("e", '{"content": "x"}\n{"content": "y"}\n', "jsonl"),
        ("f.json", '{"metadata": {"version": "1.0"}, "entries": []}', "dayone"),
        ("g.markdown", "words", "markdown"),
        ("h.mnheme", "", "mnheme"),
        ("j.json", "\ufeff" + json.dumps(JSON), "jrnl"),
        ("k.json", json.dumps(JSON, indent=2), "jrnl"),
        ("l", '\n{"content": "x"}\n\n{"content": "y"}\n', "jsonl"),
    ]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert detect_format(tmp_path / name) == expected
    (tmp_path / "i").write_text("anything")
    with pytest.raises(ImportRefusedError, match="--format"):
        detect_format(tmp_path / "i")
