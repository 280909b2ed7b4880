"""Export, then import: the same journal, extra keys, foreign tokens and files included."""

from __future__ import annotations

import csv
import io
import json
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo import MemoryDB
from mnemo.storage import ImportRefusedError, JournalError
from mnemo.storage.codec import decode, from_record
from mnemo.storage.media import Incoming
from mnemo.storage.memory import Attachment, Memory, checksum_of, new_record
from mnemo.storage.transfer import Defaults, detect_format, export_memories, export_to, import_file

FORMATS = ["mnheme", "json", "jsonl", "markdown", "dayone"]
SUFFIX = {
    "mnheme": "mnheme",
    "json": "json",
    "jsonl": "jsonl",
    "markdown": "md",
    "dayone": "zip",
    "csv": "csv",
}


def foreign(**changes: object) -> Memory:
    record = {
        "memory_id": "0b9e7a3e-1111-4222-8333-444455556666",
        "concept": "Nonna",
        "feeling": "serenità",
        "media_type": "text",
        "content": "Il profumo del pane.",
        "note": "",
        "tags": ["casa", "casa"],
        "timestamp": "2023-05-01T10:00:00+00:00",
        "checksum": checksum_of("Il profumo del pane."),
    }
    record.update(changes)
    return from_record(record)


def fill(db: MemoryDB, folder: Path) -> list[Memory]:
    """A journal with one of everything that can be in one."""
    photo = folder / "photo.jpg"
    photo.write_bytes(b"a photo")
    rome = datetime(2024, 7, 1, 23, 30, tzinfo=timezone(timedelta(hours=2)))
    first = db.remember(
        "sea", "joy", "the sea\n\nand ---\n---\nkey: value\n---\n", at=rome, tags=["a b", "c"]
    )
    db.remember("sea", "nostalgia", "  again \r\n", note="multi\nline: note", revisits=first.memory_id)
    db.remember('Größe: "x"', "fear", "# Title\n\n`code` \u2028 \x7f \x85 \ufeff end", attachments=[photo])
    db.attach(first.memory_id, b"%PDF", name="a (scan).pdf")
    db.append_memories(
        [
            foreign(),
            foreign(memory_id="not a uuid / at all", feeling="boh", media_type="hologram", checksum=""),
            foreign(
                memory_id="0b9e7a3e-1111-4222-8333-444455550001",
                feeling="speranza",
                timestamp="2019-01-01T00:00:00.123Z",
                lines=3,
                extra={"lines": 1, "nested": [1, 2.5, None, True, {"k": "v"}]},
                starred=True,
                reading={"provider": "p", "model": "m", "text": "t"},
            ),
            foreign(memory_id="0b9e7a3e-1111-4222-8333-444455550002", timestamp="1969-12-31T23:00:00+05:30"),
            foreign(memory_id="0b9e7a3e-1111-4222-8333-444455550003", content="", checksum=checksum_of("")),
        ]
    )
    return list(db.recall(oldest_first=True))


def records(db: MemoryDB) -> list[dict[str, object]]:
    return [memory.record() for memory in db.recall(oldest_first=True)]


@pytest.mark.parametrize("format", FORMATS)
def test_export_then_import_gives_the_same_journal(tmp_path: Path, format: str) -> None:
    output = tmp_path / f"out.{SUFFIX[format]}"
    with MemoryDB(tmp_path / "old.mnheme") as old, MemoryDB(tmp_path / "new.mnheme") as new:
        memories = fill(old, tmp_path)
        report = export_memories(old, format, output, with_files=True)
        assert report == (len(memories), 2, ())
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
        assert detect_format(output) == format
        back = import_file(new, output)
        assert (back.found, back.added, back.skipped, back.files, back.missing) == (
            len(memories),
            len(memories),
            0,
            2,
            (),
        )
        assert records(new) == records(old)
        for memory in new.recall():
            for found in new.files_of(memory):
                assert found.path is not None
                assert found.path.read_bytes() in (b"a photo", b"%PDF")
        assert new.verify().sound
        # Again: nothing twice, nothing changed.
        before = new.path.read_bytes()
        assert import_file(new, output)[2:4] == (0, len(memories))
        assert new.path.read_bytes() == before


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_journal_round_trips(tmp_path: Path, format: str) -> None:
    output = tmp_path / f"out.{SUFFIX[format]}"
    with MemoryDB(tmp_path / "j.mnheme") as db:
        assert export_memories(db, format, output).memories == 0
        assert import_file(db, output, format=format).found == 0
        assert not db.path.exists()


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
name = text.filter(lambda value: bool(value.strip()))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
memories = st.builds(
    lambda content, concept, note, tags, at, extra, feeling, number: new_record(
        concept,
        feeling,
        content,
        note=note,
        tags=tags,
        at=at,
        extra={f"x_{key}": value for key, value in extra.items()},
        memory_id=f"{number:032x}",
    ),
    text.filter(bool) | st.from_regex(r"(---\n|a: b\n|\n|# x\n|\r\n|`){1,6}", fullmatch=True),
    name,
    text,
    st.lists(name, max_size=3),
    st.datetimes(
        datetime(1900, 1, 1),
        datetime(2100, 1, 1),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3.5))]),
    ),
    st.dictionaries(text, values, max_size=2),
    st.sampled_from(["joy", "paura"]),
    st.integers(0, 2**100),
)


@pytest.mark.parametrize("format", FORMATS)
@given(st.lists(memories, max_size=4, unique_by=lambda memory: memory.memory_id))
@settings(max_examples=40)
def test_whatever_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, format: str, written: list[Memory]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    output = folder / "out"
    with (
        MemoryDB(folder / "old.mnheme", fsync_policy="never") as old,
        MemoryDB(folder / "new.mnheme", fsync_policy="never") as new,
    ):
        old.append_memories(written)
        export_memories(old, format, output)
        assert import_file(new, output, format=format).added == len(written)
        key = lambda record: str(record["memory_id"])  # noqa: E731
        assert sorted(records(new), key=key) == sorted(records(old), key=key)


def test_the_json_export_has_the_reference_shape_newest_first(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        fill(db, tmp_path)
        out = io.BytesIO()
        export_to(db, "json", out)
        document = json.loads(out.getvalue())
        assert list(document) == ["exported_at", "memories"]
        assert [each["memory_id"] for each in document["memories"]] == [
            each.memory_id for each in db.recall()
        ]
        assert list(document["memories"][0])[:9] == [
            *(
                "memory_id",
                "concept",
                "feeling",
                "media_type",
                "content",
                "note",
                "tags",
                "timestamp",
                "checksum",
            )
        ]
        assert "chain" not in document["memories"][0]


def test_filters_choose_what_goes_out(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        fill(db, tmp_path)
        export_memories(db, "jsonl", tmp_path / "sea.jsonl", concept="sea", feelings=["joy"])
        lines = (tmp_path / "sea.jsonl").read_bytes().splitlines()
        assert [(decode(line).concept, decode(line).feeling) for line in lines] == [("sea", "joy")] * 2


def test_csv_is_a_table(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        fill(db, tmp_path)
        export_memories(db, "csv", tmp_path / "t.csv")
        with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == db.count()
        by_id = {memory.memory_id: memory for memory in db.recall()}
        for row in rows:
            memory = by_id[row["memory_id"]]
            assert (row["content"], row["feeling"]) == (memory.content, memory.feeling)
        assert {"photo.jpg", "a (scan).pdf"} <= {row["attachments"] for row in rows}


def test_without_files_names_and_hashes_stay_and_the_files_can_follow(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "old.mnheme") as old, MemoryDB(tmp_path / "new.mnheme") as new:
        fill(old, tmp_path)
        export_memories(old, "json", tmp_path / "bare.json")
        report = import_file(new, tmp_path / "bare.json")
        assert {name for _, name in report.missing} == {"photo.jpg", "a (scan).pdf"}
        assert [problem.kind for problem in new.verify().problems] == ["attachment", "attachment"]
        export_memories(old, "json", tmp_path / "full.json", with_files=True)
        again = import_file(new, tmp_path / "full.json")
        assert (again.added, again.files, again.missing) == (0, 2, ())
        assert new.verify().sound


def test_a_file_that_is_not_the_one_a_record_names_is_refused(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "old.mnheme") as old, MemoryDB(tmp_path / "new.mnheme") as new:
        fill(old, tmp_path)
        export_memories(old, "jsonl", tmp_path / "out.jsonl", with_files=True)
        for path in (tmp_path / "out_files").rglob("*photo.jpg"):
            path.write_bytes(b"A PHOTO")
        with pytest.raises(ImportRefusedError, match=r"photo\.jpg"):
            import_file(new, tmp_path / "out.jsonl")
        assert new.count() == 0
        assert not new.path.exists()


def test_two_journals_that_grew_apart_merge(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "home.mnheme") as home:
        fill(home, tmp_path)
        home.backup(tmp_path / "away")
    with MemoryDB(tmp_path / "home.mnheme") as home, MemoryDB(tmp_path / "away" / "home.mnheme") as away:
        shared = home.count()
        home.remember("c", "joy", "at home")
        away.remember("c", "joy", "on the road", attachments=[Incoming.from_bytes(b"road", "road.jpg")])
        assert import_file(home, away.path)[2:5] == (1, shared, 1)
        assert import_file(away, home.path)[2:4] == (1, shared + 1)
        assert records(home) == records(away)
        assert home.verify().sound
        assert away.verify().sound


def test_what_recall_prints_as_json_can_be_imported(tmp_path: Path) -> None:
    memory = foreign(extra_key=[1])
    listed = {**memory.record(), "feeling": "serenity", "feeling_token": "serenità", "intact": True}
    listed["extra"] = {"extra_key": listed.pop("extra_key")}
    listed |= {"attachments": [], "revisits": None}
    source = tmp_path / "listing.json"
    source.write_text(json.dumps([listed]))
    with MemoryDB(tmp_path / "j.mnheme") as db:
        import_file(db, source)
        assert records(db) == [memory.record()]


def test_records_of_the_reference_engine_without_mnemos_keys_are_the_same_memory(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        db.remember(
            "c",
            "joy",
            "x",
            at=datetime(2024, 1, 1, tzinfo=UTC),
            revisits=db.remember("c", "joy", "y").memory_id,
        )
        nine = list(foreign().record())
        plain = [{key: memory.record()[key] for key in nine} for memory in db.recall()]
        (tmp_path / "plain.json").write_text(json.dumps({"exported_at": "now", "memories": plain}))
        assert import_file(db, tmp_path / "plain.json")[2:4] == (0, 2)


def test_files_of_the_reference_engine_come_along_though_its_records_do_not_name_them(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "old.mnheme") as old:
        memory = old.remember("c", "joy", "x")
        own = old.files_dir / "memories" / memory.memory_id[:8] / memory.memory_id
        own.mkdir(parents=True)
        (own / "holiday.mov").write_bytes(b"film")
        with MemoryDB(tmp_path / "new.mnheme") as new:
            assert import_file(new, old.path).files == 1
            [back] = new.recall()
            assert [(each.name, each.media_type, each.size) for each in back.attachments] == [
                ("holiday.mov", "video", 4)
            ]
            assert import_file(new, old.path)[2:4] == (0, 1)


def test_handwritten_jsonl_gets_ids_from_its_words(tmp_path: Path) -> None:
    source = tmp_path / "notes.jsonl"
    source.write_text(
        '{"content": "first", "timestamp": "2024-05-01T10:00:00+02:00", "tags": [" a ", ""], "mood": 3}\n'
        "\n"
        '{"content": "second", "timestamp": "2024-05-02", "concept": "own", "feeling": "Speranza"}\n'
        '{"content": "first", "timestamp": "2024-05-01T08:00:00Z"}\n'
    )
    with MemoryDB(tmp_path / "j.mnheme") as db:
        report = import_file(db, source, defaults=Defaults("diary", "gioia"))
        assert (report.found, report.added, report.skipped) == (3, 2, 1)
        first, second = db.recall(oldest_first=True)
        assert (first.concept, first.feeling, first.tags, dict(first.extra)) == (
            "diary",
            "joy",
            ("a",),
            {"mood": 3},
        )
        assert (first.timestamp, first.utc_offset) == ("2024-05-01T08:00:00+00:00", "+02:00")
        assert (second.concept, second.feeling, second.feeling_token) == ("own", "hope", "speranza")
        assert import_file(db, source, defaults=Defaults("diary", "gioia")).added == 0


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "old.mnheme") as old, MemoryDB(tmp_path / "new.mnheme") as new:
        fill(old, tmp_path)
        export_memories(old, "dayone", tmp_path / "out.zip")
        report = import_file(new, tmp_path / "out.zip", dry_run=True)
        assert (report.added, report.files, report.dry_run) == (old.count(), 2, True)
        assert not new.path.exists()
        assert not new.files_dir.exists()


def test_exports_never_touch_a_journal(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        db.remember("c", "joy", "x", attachments=[Incoming.from_bytes(b"x", "x")])
        other = tmp_path / "other.dat"
        other.write_bytes(db.path.read_bytes())
        before = db.path.read_bytes()
        for place in (db.path, other, db.files_dir / "x.json", tmp_path, tmp_path / "no" / "folder.json"):
            with pytest.raises(JournalError, match="cannot export"):
                export_memories(db, "mnheme", place)
        assert db.path.read_bytes() == other.read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".mnemo") == [
            "j.mnheme",
            "j_files",
            "other.dat",
        ]


def test_attachments_of_a_hostile_record_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    evil = foreign(
        attachments=[{"name": "../../secret", "sha256": "../secret", "size": 6, "media_type": "doc"}]
    )
    (tmp_path / "evil.jsonl").write_text(json.dumps(evil.record()))
    (tmp_path / "evil_files").mkdir()
    with MemoryDB(tmp_path / "home" / "j.mnheme") as db:
        assert import_file(db, tmp_path / "evil.jsonl").missing == ((evil.memory_id, "../../secret"),)
        [memory] = db.recall()
        assert memory.attachments == (Attachment("../../secret", "../secret", 6, "doc"),)
        assert db.files_of(memory)[0].path is None
        export_memories(db, "dayone", tmp_path / "out.zip")
        export_memories(db, "jsonl", tmp_path / "out.jsonl", with_files=True)
    assert b"secret" not in b"".join(
        path.read_bytes() for path in (tmp_path / "out_files").rglob("*") if path.is_file()
    )
