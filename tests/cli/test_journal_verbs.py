"""The journal's verbs, as scripts call them: output, filters, exit codes."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from mnemo import MemoryDB
from mnemo.cli.pretty import RichPrinter
from mnemo.cli.printer import Detail
from mnemo.settings import Settings, places

Cli = Callable[..., Any]


@pytest.fixture
def journal() -> Iterator[MemoryDB]:
    """The user's own journal, with a few memories."""
    with MemoryDB(places(Settings()).journal) as db:
        for concept, feeling, content, tags, at in (
            (
                "Alps",
                "joy",
                "First *ascent* [bold]ever[/bold]",
                ["hiking", "summer"],
                "2019-07-01T09:30:00+02:00",
            ),
            ("Alps", "fear", "A storm caught us", ["hiking"], "2021-08-12T16:00:00+02:00"),
            ("Nonna", "nostalgia", "Il caffè del mattino", ["family"], "2023-01-05T08:00:00+01:00"),
            ("nonna", "love", "She taught me to cook", [], "2024-01-05T08:00:00+01:00"),
            ("Work", "pride", "Shipped it\nat last", ["team"], "2024-05-31T18:00:00+02:00"),
        ):
            db.remember(concept, feeling, content, tags=tags, at=datetime.fromisoformat(at))
        yield db


def contents(memories: Any) -> list[str]:
    return [memory["content"] for memory in memories]


def test_remember_then_recall(cli: Cli) -> None:
    made = cli(
        "remember",
        "Hello",
        "-c",
        " Sea ",
        "-f",
        "gioia",
        "-t",
        "a",
        "-t",
        "b",
        "--note",
        "n",
        "--at",
        "2020-02-29 10:00",
    )
    memory_id = made.out.strip()
    assert made.err == ""
    (memory,) = cli("recall", "--json").json
    assert list(memory) == [
        "memory_id", "concept", "feeling", "media_type", "content", "note", "tags", "timestamp", "checksum",
        "feeling_token", "attachments", "revisits", "intact", "extra",
    ]  # fmt: skip
    local = datetime(2020, 2, 29, 10).astimezone()
    assert memory["memory_id"] == memory_id
    assert (memory["concept"], memory["feeling"], memory["tags"], memory["note"]) == (
        "Sea",
        "joy",
        ["a", "b"],
        "n",
    )
    assert datetime.fromisoformat(memory["timestamp"]) == local
    assert memory["checksum"] == hashlib.sha256(b"Hello").hexdigest()
    assert (memory["intact"], memory["revisits"], memory["attachments"]) == (True, None, [])
    assert list(memory["extra"]) == ["utc_offset", "chain"]


def test_what_is_missing_is_named(cli: Cli) -> None:
    assert "--concept and --feeling are missing" in cli("remember", "x", code=2).err
    assert "--feeling is missing" in cli("remember", "x", "-c", "y", code=2).err
    assert "TEXT is missing" in cli("remember", code=2).err
    assert "unknown feeling 'glee'" in cli("remember", "x", "-c", "y", "-f", "glee", code=2).err
    assert "no content" in cli("remember", "", "-c", "y", "-f", "joy", code=2).err
    assert (
        "unknown media type 'pdf'"
        in cli("remember", "x", "-c", "y", "-f", "joy", "--media-type", "pdf", code=2).err
    )
    assert cli("recall", "--json").out == "[]\n"


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (("--limit", "3"), ["Shipped it\nat last", "She taught me to cook", "Il caffè del mattino"]),
        (("Alps",), ["A storm caught us", "First *ascent* [bold]ever[/bold]"]),
        (("ALPS", "--oldest-first", "--limit", "1"), ["First *ascent* [bold]ever[/bold]"]),
        (("nonna",), ["She taught me to cook"]),
        (("-f", "gioia", "-f", "fear"), ["A storm caught us", "First *ascent* [bold]ever[/bold]"]),
        (("-t", "hiking", "-f", "joy"), ["First *ascent* [bold]ever[/bold]"]),
        (("--since", "2024"), ["Shipped it\nat last", "She taught me to cook"]),
        (("--until", "2021",), ["A storm caught us", "First *ascent* [bold]ever[/bold]"]),
        (("--since", "2023-01", "--until", "2024-01"), ["She taught me to cook", "Il caffè del mattino"]),
        (("--limit", "0", "--oldest-first", "-t", "hiking", "--since", "2020"), ["A storm caught us"]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("journal")
def test_recall_filters(cli: Cli, args: tuple[str, ...], found: list[str]) -> None:
    assert contents(cli("recall", *args, "--json").json) == found


@pytest.mark.usefixtures("journal")
def test_recall_says_why_nothing_is_found(cli: Cli) -> None:
    result = cli("recall", "Alpz")
    assert (result.out, result.err) == ("", "mnemo: nothing is about 'Alpz'; did you mean 'Alps'?\n")
    assert cli("recall", "Alpz", "--json", "--fail-empty", code=3).json == []


@pytest.mark.usefixtures("journal")
def test_wrong_use_is_one_line_and_exit_2(cli: Cli) -> None:
    assert "cannot read 'someday' as a time" in cli("recall", "--since", "someday", code=2).err
    assert "the end comes first" in cli("recall", "--since", "2024", "--until", "2020", code=2).err
    assert "unknown feeling 'glee'" in cli("recall", "-f", "glee", code=2).err
    assert "'--limit'" in cli("recall", "--limit", "-1", code=2).err
    assert "Did you mean 'recall'" in cli("recal", code=2).err
    assert "No such option: --foo (mnemo recall --help tells more)" in cli("recall", "--foo", code=2).err
    assert "64 hexadecimal digits" in cli("verify", "--expect", "abc", code=2).err


@pytest.mark.usefixtures("journal")
def test_search(cli: Cli) -> None:
    assert contents(cli("search", "CAFFE", "--json").json) == ["Il caffè del mattino"]
    assert contents(cli("search", "storm OR ship*", "--json", "-f", "pride").json) == ["Shipped it\nat last"]
    assert contents(cli("search", '"taught me"', "-c", "nonna", "--json").json) == ["She taught me to cook"]
    assert cli("search", "nowhere", "--json", "--fail-empty", code=3).json == []


def test_stdin_is_taken_less_its_last_newline(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("two\nlines é\n\n".encode())))
    cli("remember", "-", "-c", "a", "-f", "joy")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"lines\n")))
    assert contents(cli("search", "-", "--json").json) == ["two\nlines é\n"]


@pytest.mark.usefixtures("journal")
def test_plain_output(cli: Cli) -> None:
    out = cli("recall", "Work").out
    head, *lines = out.split("\n")
    assert head.split("  ")[1:4] == ["pride", "Work", "#team"]
    assert lines == ["  Shipped it", "  at last", "", ""]
    assert cli("concepts").out.splitlines()[0] == "Alps\t2"
    assert "family\t1" in cli("tags").out.splitlines()
    assert len(cli("feelings").out.splitlines()) == 15
    assert cli("tags", "--json", "--limit", "1").json == [{"tag": "hiking", "count": 2}]
    assert {"feeling": "boredom", "count": 0} in cli("feelings", "--json").json


@pytest.mark.usefixtures("journal")
def test_timeline_is_oldest_first_and_keeps_the_latest(cli: Cli) -> None:
    assert contents(cli("timeline", "Alps", "--json").json) == [
        "First *ascent* [bold]ever[/bold]",
        "A storm caught us",
    ]
    latest = cli("timeline", "Alps", "--json", "--limit", "1")
    assert contents(latest.json) == ["A storm caught us"]
    assert latest.err == "mnemo: 1 earlier ones are not shown; --limit 0 shows all\n"


def test_on_this_day(cli: Cli, journal: MemoryDB) -> None:
    assert contents(cli("on-this-day", "--day", "2025-01-05", "--json").json) == [
        "She taught me to cook",
        "Il caffè del mattino",
    ]
    last_year = date.today().replace(year=date.today().year - 1, day=min(date.today().day, 28))
    journal.remember(
        "x", "joy", "a year ago", at=datetime(last_year.year, last_year.month, last_year.day, 12)
    )
    today = date.today().replace(day=min(date.today().day, 28))
    assert contents(cli("on-this-day", "--day", today.isoformat(), "--json").json) == ["a year ago"]
    assert cli("on-this-day", "--day", "2025-02-02", "--fail-empty", "--json", code=3).json == []


def test_show_takes_the_beginning_of_an_id(cli: Cli, journal: MemoryDB) -> None:
    older = journal.recall("Alps")[-1]
    layer = cli("revisit", older.memory_id[:8], "I would go again", "--json").json[0]
    assert (layer["revisits"], layer["concept"], layer["feeling"]) == (older.memory_id, "Alps", "joy")
    shown = cli("show", older.memory_id[:8], "--json").json
    assert contents(shown) == [older.content]
    assert shown[0]["revisited_by"] == [layer["memory_id"]]
    plain = cli("show", layer["memory_id"][:6]).out
    assert f"revisits: {older.memory_id[:8]}" in plain
    assert plain.endswith("\nI would go again\n")
    assert "no memory has the id zzzz" in cli("show", "zzzz", code=1).err


def test_attachments(cli: Cli, tmp_path: Path, journal: MemoryDB) -> None:
    photo = tmp_path / "view.jpg"
    photo.write_bytes(b"\xff\xd8 not really")
    (memory,) = cli("remember", "--attach", photo, "-c", "Alps", "-f", "joy", "--json").json
    assert (memory["content"], memory["media_type"]) == ("view.jpg", "image")
    assert memory["attachments"][0]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    older = journal.recall("Work")[0]
    (layer,) = cli("attach", older.memory_id, photo, "--json").json
    assert layer["revisits"] == older.memory_id
    count = journal.count()
    assert (
        str(tmp_path / "no.jpg")
        in cli("remember", "x", "--attach", tmp_path / "no.jpg", "-c", "a", "-f", "joy", code=1).err
    )
    assert "there is no such file" in cli("attach", older.memory_id, photo, tmp_path / "no.jpg", code=2).err
    assert journal.count() == count
    assert "view.jpg (13 bytes, shared by 2) /" in cli("show", layer["memory_id"]).out


def test_verify_and_backup(cli: Cli, tmp_path: Path, journal: MemoryDB) -> None:
    report = cli("verify", "--json").json
    assert (report["sound"], report["memories"], report["chained"], report["problems"]) == (True, 5, 5, [])
    head = report["head"]
    cli("remember", "one more", "-c", "a", "-f", "joy")
    assert cli("verify", "--expect", head.upper(), "--json").json["since_expected"] == 1
    copy = cli("backup", tmp_path / "backups", "--json").json
    assert Path(copy["backup"]).read_bytes() == journal.path.read_bytes()


def test_verify_says_where_it_is_unsound(cli: Cli, tmp_path: Path, journal: MemoryDB, capsys: Any) -> None:
    from mnemo.cli.app import run

    data = bytearray(journal.path.read_bytes())
    place = data.index(b"storm")
    data[place] ^= 1
    damaged = tmp_path / "damaged.mnheme"
    damaged.write_bytes(data)
    assert run(["verify", "--journal", str(damaged), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["sound"]
    assert {problem["kind"] for problem in report["problems"]} == {"checksum", "chain"}
    assert all(problem["start"] < place < problem["end"] for problem in report["problems"])
    assert run(["verify", "--journal", str(damaged)]) == 1
    assert "sound: no" in capsys.readouterr().out
    memory = json.loads(
        _run_out(capsys, ["recall", "Alps", "--limit", "1", "--journal", str(damaged), "--json"])
    )[0]
    assert memory["intact"] is False
    assert "damaged: " in _run_out(capsys, ["recall", "Alps", "--limit", "1", "--journal", str(damaged)])


def _run_out(capsys: Any, args: list[str]) -> str:
    from mnemo.cli.app import run

    assert run(args) == 0
    out = capsys.readouterr().out
    assert isinstance(out, str)
    return out


def test_global_options_work_before_and_after_the_verb(cli: Cli, tmp_path: Path) -> None:
    one, two = tmp_path / "one.mnheme", tmp_path / "two.mnheme"
    cli("--journal", one, "remember", "1", "-c", "a", "-f", "joy")
    cli("remember", "2", "-c", "a", "-f", "joy", "--journal", two)
    assert contents(cli("recall", "--json", "--journal", one).json) == ["1"]
    assert contents(cli("--journal", two, "--no-color", "recall", "--json").json) == ["2"]
    assert contents(cli("--journal", one, "recall", "--json", "--journal", two).json) == ["2"]


def test_feelings_in_italian_where_the_user_wants_it(cli: Cli) -> None:
    cli("remember", "x", "-c", "a", "-f", "curiosity")
    cli("config", "set", "app.language", "it")
    assert cli("feelings").out.splitlines()[0] == "curiosità\t1"
    assert cli("feelings", "--json").json[0]["feeling"] == "curiosity"
    assert cli("recall", "--json").json[0]["feeling"] == "curiosity"


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14"])
def test_the_first_and_the_last_moment_there_are(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with MemoryDB(places(Settings()).journal) as db:
            first = db.remember("Sea", "joy", "first", at=datetime.min.replace(tzinfo=UTC))
            last = db.remember("Sea", "fear", "last", at=datetime.max.replace(tzinfo=UTC))
            detail = Detail(first, None, (), (last,))
        assert cli("recall").out.count("Sea") == 2
        for memory, year in ((first, "0001"), (last, "9999")):
            assert f"date: {year}-" in cli("show", memory.memory_id).out
        assert cli("on-this-day", "--day", "0001-01-01T00:00Z", "--json").json == []
        capsys.readouterr()
        printer = RichPrinter(Settings(), color=False)
        printer.memories([first, last])
        printer.detail(detail)
        assert capsys.readouterr().out.count("9999-") == 2
    finally:
        monkeypatch.undo()
        time.tzset()
