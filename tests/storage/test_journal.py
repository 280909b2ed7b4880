"""MemoryDB as its user meets it: journals written elsewhere, odd places, odd times, plain errors."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from mnemo.storage import (
    AppendFailedError,
    Feeling,
    InvalidMemoryError,
    JournalError,
    MediaType,
    MemoryDB,
    NoSuchMemoryError,
)


def foreign_frame(payload: bytes) -> bytes:
    return b"MNE\xe0" + struct.pack(">I", len(payload)) + payload


def nine(number: int, content: str, **change: Any) -> dict[str, Any]:
    return {
        "memory_id": f"{number:08x}-7a7b-4a55-9c53-0f6d7a0c1d2e",
        "concept": "mare",
        "feeling": "nostalgia",
        "media_type": "text",
        "content": content,
        "note": "",
        "tags": [],
        "timestamp": f"20{number:02d}-08-14T18:30:00+00:00",
        "checksum": hashlib.sha256(content.encode()).hexdigest(),
    } | change


def written(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


# Records as other programs write them, by the letter of the format, and what is no memory among them.
ELSEWHERE: list[bytes] = [
    written(nine(1, "Il mare d'inverno", feeling="malinconia", tags=["estate", "estate"])),
    written(
        nine(2, "Serata di gioia", concept="Amici", feeling="gioia", timestamp="1999-12-31T23:00:00.5+00:00")
    ),
    json.dumps(nine(3, "日記を書いた 👩‍👩‍👧‍👦", feeling="speranza"), separators=(",", ":")).encode(),
    written(dict(reversed(nine(4, "chiavi al contrario", feeling="qualcosa").items()))),
    b'{"memory_id":"short","concept":"mare","feeling":"joy","timestamp":"2005-01-01T00:00:00.123456789Z"}',
    written(nine(6, "more than nine", mood={"deep": [1, None]})),
]
NO_MEMORIES: list[bytes] = [
    b"[]",
    b"null",
    b"not json",
    b"",
    json.dumps(nine(7, "x") | {"tags": None}).encode(),
    json.dumps(nine(8, "x") | {"note": None}).encode(),
    json.dumps(nine(9, "x") | {"content": ["a list"]}).encode(),
    json.dumps({key: value for key, value in nine(10, "x").items() if key != "memory_id"}).encode(),
    json.dumps(nine(11, "x") | {"timestamp": "gestern"}).encode(),
]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    path = tmp_path / "mente.mnheme"
    mixed = [frame for pair in zip(ELSEWHERE, NO_MEMORIES, strict=False) for frame in pair]
    mixed += NO_MEMORIES[len(ELSEWHERE) :]
    path.write_bytes(b"".join(map(foreign_frame, mixed)))
    return path


def test_a_journal_written_elsewhere_opens_counts_searches_and_verifies(elsewhere: Path) -> None:
    before = elsewhere.read_bytes()
    with MemoryDB(elsewhere) as db:
        assert db.count() == len(ELSEWHERE)
        assert db.concepts() == {"mare": 5, "Amici": 1}
        assert db.feeling_distribution() == {
            "hope": 1, "joy": 2, "melancholy": 1, "nostalgia": 1, "qualcosa": 1,
        }  # fmt: skip
        assert [memory.timestamp[:4] for memory in db.recall()] == [
            "2006",
            "2005",
            "2004",
            "2003",
            "2001",
            "1999",
        ]
        assert [memory.content for memory in db.recall(feelings="melancholy")] == ["Il mare d'inverno"]
        assert [memory.content for memory in db.recall(feelings="gioia")] == ["", "Serata di gioia"]
        assert [memory.content for memory in db.recall(feelings=["hope", "qualcosa"], oldest_first=True)] == [
            "日記を書いた 👩‍👩‍👧‍👦",
            "chiavi al contrario",
        ]
        assert [memory.content for memory in db.search("INVERNO")] == ["Il mare d'inverno"]
        assert [memory.content for memory in db.search("日記")] == ["日記を書いた 👩‍👩‍👧‍👦"]
        assert db.get("short").intact is None
        assert db.get(nine(6, "")["memory_id"]).extra == {"mood": {"deep": [1, None]}}
        assert len(db.problems()) == len(NO_MEMORIES)
        report = db.verify()
        assert (report.memories, report.chained, report.unchecked) == (len(ELSEWHERE), 0, 1)
        assert [problem.kind for problem in report.problems] == ["quarantine"] * len(NO_MEMORIES)
    assert elsewhere.read_bytes() == before


def test_a_journal_written_elsewhere_goes_on_and_old_bytes_stay(elsewhere: Path) -> None:
    before = elsewhere.read_bytes()
    with MemoryDB(elsewhere) as db:
        added = db.remember("mare", "joy", "tornati al mare")
        assert db.recall(limit=1) == [added]
        assert db.verify().chained == 1
        assert {problem.kind for problem in db.verify().problems} == {"quarantine"}
    after = elsewhere.read_bytes()
    assert after.startswith(before)
    record = json.loads(after[len(before) + 8 :])
    assert list(record) == [*nine(1, ""), "utc_offset", "chain"]
    nine_keys = {key: record[key] for key in nine(1, "")}
    assert after[len(before) + 8 :].startswith(json.dumps(nine_keys, ensure_ascii=False)[:-1].encode())


def test_nothing_is_made_until_something_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.mnheme"
    with MemoryDB(path) as db:
        assert (db.count(), db.recall(), db.concepts(), db.feelings(), db.problems()) == (0, [], {}, [], ())
        assert db.on_this_day() == []
        assert db.concept_timeline("none") == []
        with pytest.raises(NoSuchMemoryError):
            db.get("none")
    assert not path.parent.exists()


def test_what_is_remembered_is_what_is_found(tmp_path: Path) -> None:
    at = datetime(1999, 8, 14, 20, 30, tzinfo=timezone(timedelta(hours=2)))
    with MemoryDB(tmp_path / "a.mnheme") as db:
        now = db.remember(
            " Mare ", Feeling.JOY, "now", note="n", tags=["a", " b "], media_type=MediaType.AUDIO
        )
        then = db.remember("Mare", "gioia", "then", at=at)
        layer = db.remember("Mare", "love", "again", revisits=then.memory_id)
        assert db.get(now.memory_id) == now
        assert db.recall(oldest_first=True) == [then, now, layer]
        assert db.revisited_by(then.memory_id) == [layer]
        assert then.local_time.isoformat() == "1999-08-14T20:30:00+02:00"
        with pytest.raises(NoSuchMemoryError):
            db.remember("Mare", "love", "of nothing", revisits="none")
        assert db.count() == 3
    with MemoryDB(tmp_path / "a.mnheme") as db:
        assert db.recall(oldest_first=True) == [then, now, layer]


def test_both_bounds_of_time_are_included(tmp_path: Path) -> None:
    moments = [datetime(2020, 1, 1, 12, 0, 0, micro, tzinfo=UTC) for micro in (0, 1, 2)]
    with MemoryDB(tmp_path / "a.mnheme") as db:
        for moment in moments:
            db.remember("c", "joy", "x", at=moment)
        found = db.recall(since=moments[0], until=moments[1], oldest_first=True)
        assert [memory.time for memory in found] == moments[:2]
        for least, most in ((datetime.min, datetime.max), (datetime.min.replace(tzinfo=UTC), None)):
            assert len(db.recall(since=least, until=most)) == 3
        assert db.recall(since=moments[2], until=moments[0]) == []


@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_on_this_day_is_the_local_day(tmp_path: Path, zone: str) -> None:
    script = f"""
import time; time.tzset()
from datetime import date, datetime
from mnemo import MemoryDB
with MemoryDB({str(tmp_path / "a.mnheme")!r}) as db:
    for year in (1, 2, 1970, 1999, 2019, 2020):
        for hour in ((0, 0, 0), (23, 59, 59)):
            try:
                db.remember("c", "joy", str(year), at=datetime(year, 3, 28, *hour))
            except ValueError:
                assert year == 1
    db.remember("c", "joy", "the day after", at=datetime(2019, 3, 29))
    db.remember("c", "joy", "the day before", at=datetime(2019, 3, 27, 23, 59, 59, 999999))
    print([memory.content for memory in db.on_this_day(date(2020, 3, 28))])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(["2019"] * 2 + ["1999"] * 2 + ["1970"] * 2 + ["2"] * 2)


def test_the_29th_of_february_is_not_lost(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        leap = db.remember("c", "joy", "leap", at=datetime(2020, 2, 29, 12))
        assert db.on_this_day(date(2024, 2, 29)) == [leap]
        assert db.on_this_day(date(2023, 2, 28)) == [leap]
        assert db.on_this_day(date(2024, 2, 28)) == []


def test_a_clock_that_jumps_back_orders_by_the_time_told(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        late = db.remember("c", "joy", "late", at=datetime(2030, 1, 1, tzinfo=UTC))
        early = db.remember("c", "joy", "early", at=datetime(2010, 1, 1, tzinfo=UTC))
        same = db.remember("c", "joy", "same", at=datetime(2030, 1, 1, tzinfo=UTC))
        assert db.recall() == [same, late, early]
        assert db.verify().sound


def test_many_are_read_lazily_and_equal_their_list(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "a.mnheme") as db:
        made = db.remember_many({"concept": "c", "feeling": "joy", "content": str(n)} for n in range(100))
        assert len(made) == 100
        assert made[-1].content == "99"
        assert [memory.content for memory in made[10:13]] == ["10", "11", "12"]
        assert made == list(made)
        assert db.remember_many([]) == []
        with pytest.raises(IndexError):
            made[100]


@pytest.mark.parametrize(
    "bad", [{"concept": ""}, {"feeling": "?"}, {"content": ""}, {"tags": "text"}, {"content": "\ud800"}]
)
def test_one_bad_record_of_many_leaves_nothing(tmp_path: Path, bad: dict[str, Any]) -> None:
    good = {"concept": "c", "feeling": "joy", "content": "x" * 3000}
    with MemoryDB(tmp_path / "a.mnheme", fsync_policy="never") as db:
        with pytest.raises(InvalidMemoryError):
            db.remember_many([good] * 3000 + [good | bad])
        assert db.count() == 0
        assert db.path.stat().st_size == 0


def test_unknown_feelings_are_refused_and_unknown_concepts_find_nothing(elsewhere: Path) -> None:
    with MemoryDB(elsewhere) as db:
        with pytest.raises(InvalidMemoryError, match="unknown feeling"):
            db.recall(feelings="hunger")
        assert db.recall("none such") == []
        assert db.count("none such") == 0
        assert db.count(feeling="relief") == 0


def test_a_missing_id_is_one_plain_line(elsewhere: Path) -> None:
    with MemoryDB(elsewhere) as db, pytest.raises(NoSuchMemoryError) as missing:
        db.get("none")
    assert str(missing.value) == "no memory has the id none"


def test_a_closed_journal_says_so_whatever_is_asked(elsewhere: Path) -> None:
    db = MemoryDB(elsewhere)
    ref = db.listing().refs[0]
    db.close()
    db.close()
    asked = (
        db.count,
        db.recall,
        db.verify,
        db.concepts,
        lambda: db.read(ref),
        lambda: db.remember("c", "joy", "x"),
    )
    for ask in asked:
        with pytest.raises(JournalError, match="closed"):
            ask()


def test_a_journal_behind_a_symlink(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "a.mnheme"
    link.symlink_to(elsewhere)
    with MemoryDB(link) as db, MemoryDB(elsewhere) as real:
        added = db.remember("mare", "joy", "through the link")
        assert real.get(added.memory_id) == added
    assert link.is_symlink()


_AS_NOBODY = """
import os, sys
from mnemo.storage import MemoryDB, AppendFailedError

def use(path):
    with MemoryDB(path) as db:
        print(db.count(), len(db.recall()), len(db.search("mare")), db.verify().memories)
        try:
            db.remember("c", "joy", "x")
        except AppendFailedError as error:
            print(error)

use(sys.argv[2])  # everything is imported while the interpreter's own files may still be read
os.setegid(65534), os.seteuid(65534)
use(sys.argv[1])
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not write")
@pytest.mark.parametrize("mode", [0o400, 0o444])
def test_a_journal_that_may_only_be_read(tmp_path: Path, mode: int) -> None:
    folder = Path("/tmp") / f"mnemo-readonly-{os.getpid()}"
    folder.mkdir(mode=0o755)
    path = folder / "a.mnheme"
    try:
        with MemoryDB(path, fsync_policy="never") as db:
            db.remember_many({"concept": "c", "feeling": "joy", "content": "mare"} for _ in range(2100))
        for each in path.with_name("a.mnemo").iterdir():
            each.unlink()
        path.with_name("a.mnemo").rmdir()
        path.chmod(mode)
        if mode == 0o400:
            os.chown(path, 65534, 65534)
        folder.chmod(0o555)
        before = path.read_bytes()
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(path), str(tmp_path / "warm.mnheme")],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        _, counts, refusal = done.stdout.splitlines()
        assert counts == "2100 2100 2100 2100"
        assert refusal.startswith("cannot write ")
        assert path.read_bytes() == before
        assert list(folder.iterdir()) == [path]
    finally:
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()


def test_a_full_disk_is_one_clear_line_and_the_next_write_works(tmp_path: Path) -> None:
    script = f"""
import resource
from mnemo.storage import MemoryDB, AppendFailedError
with MemoryDB({str(tmp_path / "a.mnheme")!r}) as db:
    first = db.remember("c", "joy", "before")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    for write in (
        lambda: db.remember("c", "joy", "x" * 30_000),
        lambda: db.remember_many([{{"concept": "c", "feeling": "joy", "content": "x" * 3000}}] * 3000),
    ):
        try:
            write()
        except AppendFailedError as error:
            print(error)
        assert db.recall() == [first]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    last = db.remember("c", "joy", "after")
    assert db.recall() == [last, first]
    assert db.verify().sound
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert all(line.startswith("cannot write ") for line in done.stdout.splitlines())


def test_an_opening_that_is_cancelled_leaves_nothing_open(tmp_path: Path, elsewhere: Path) -> None:
    class CancelledError(Exception):
        pass

    def cancel(done: int, total: int) -> None:
        raise CancelledError

    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(CancelledError):
        MemoryDB(elsewhere, on_progress=cancel)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_replaced_journal_is_followed(tmp_path: Path, elsewhere: Path) -> None:
    path = tmp_path / "a.mnheme"
    with MemoryDB(path) as db:
        for number in range(5):
            db.remember("c", "joy", str(number))
        restored = tmp_path / "restored"
        restored.write_bytes(elsewhere.read_bytes())
        restored.rename(path)
        assert db.count() == len(ELSEWHERE)
        assert db.concepts() == {"mare": 5, "Amici": 1}
        added = db.remember("mare", "joy", "after the restore")
        assert db.recall(limit=1) == [added]
        path.unlink()
        assert db.count() == 0
        assert db.recall() == []
        again = db.remember("c", "joy", "begun again")
        assert db.recall() == [again]
        assert db.verify().sound


def test_a_bad_place_for_a_journal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "a.mnheme"):
        with pytest.raises(JournalError, match="cannot open"):
            MemoryDB(path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "a.mnheme")
    with MemoryDB(tmp_path / "dangling") as db:
        assert db.count() == 0
        with pytest.raises(AppendFailedError, match="cannot write"):
            db.remember("c", "joy", "x")
