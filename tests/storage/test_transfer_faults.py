"""Faulty sources: each is refused, its line is named, and not a byte is written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from mnemo import MemoryDB
from mnemo.storage import ImportRefusedError, InvalidMemoryError
from mnemo.storage.codec import encode
from mnemo.storage.frames import frame
from mnemo.storage.memory import checksum_of, new_record
from mnemo.storage.transfer import Defaults, import_file

BOTH = Defaults("diary", "joy")


def record(**changes: Any) -> str:
    whole = {
        "memory_id": "0b9e7a3e-1111-4222-8333-444455556666",
        "concept": "c",
        "feeling": "joy",
        "media_type": "text",
        "content": "x",
        "note": "",
        "tags": [],
        "timestamp": "2024-01-01T00:00:00+00:00",
        "checksum": checksum_of("x"),
    } | changes
    return json.dumps({key: value for key, value in whole.items() if value is not ...})


GOOD = record(memory_id="0b9e7a3e-1111-4222-8333-444455550000")
DEEP = "[" * 300 + "]" * 300


def jsonl(line: str | bytes) -> bytes:
    data = line if isinstance(line, bytes) else line.encode()
    return GOOD.encode() + b"\n\n" + data + b"\n" + GOOD.encode() + b"\n"


def day_one(**changes: Any) -> str:
    entry = {"uuid": "A" * 32, "creationDate": "2024-01-01T00:00:00Z", "text": "x"} | changes
    return '{"metadata": {},\n"entries": [\n' + json.dumps(entry) + "]}"


FRAMES = [frame(encode(new_record("c", "joy", text))) for text in ("one", "two", "three")]

FAULTS: dict[str, tuple[str, str | bytes, str, str]] = {
    # name: format, source, where, reason
    "torn json": ("jsonl", jsonl('{"content": "x", '), "line 3", "not JSON"),
    "no object": ("jsonl", jsonl("[1, 2]"), "line 3", "no JSON object"),
    "not utf-8": ("jsonl", jsonl(b'{"content": "\xff"}'), "line 3", "not UTF-8"),
    "half a character": ("jsonl", jsonl(record(content="\ud800", checksum="")), "line 3", "half a character"),
    "no content": ("jsonl", jsonl(record(content=...)), "line 3", "no content"),
    "content is a number": ("jsonl", jsonl(record(content=5)), "line 3", "content is int"),
    "content is null": ("jsonl", jsonl(record(content=None)), "line 3", "content is null"),
    "tags are null": ("jsonl", jsonl(record(tags=None)), "line 3", "tags"),
    "tags are text": ("jsonl", jsonl(record(tags="a, b")), "line 3", "tags"),
    "note is a list": ("jsonl", jsonl(record(note=[])), "line 3", "note"),
    "no such day": ("jsonl", jsonl(record(timestamp="2024-02-30T00:00:00Z")), "line 3", "no moment"),
    "no time": ("jsonl", jsonl(record(timestamp=...)), "line 3", "timestamp"),
    "altered content": ("jsonl", jsonl(record(content="y")), "line 3", "checksum"),
    "empty id": ("jsonl", jsonl(record(memory_id=" ")), "line 3", "memory_id"),
    "blank concept": ("jsonl", jsonl(record(concept="  ")), "line 3", "concept is empty"),
    "one id, two contents": (
        "jsonl",
        jsonl(record(memory_id=json.loads(GOOD)["memory_id"], content="y", checksum="")),
        "line 3",
        "stands twice",
    ),
    "unknown feeling by hand": (
        "jsonl",
        jsonl(record(memory_id=..., feeling="meh")),
        "line 3",
        "unknown feeling",
    ),
    "unknown medium by hand": (
        "jsonl",
        jsonl(record(memory_id=..., media_type="smell")),
        "line 3",
        "media type",
    ),
    "attachment without a hash": (
        "jsonl",
        jsonl(record(memory_id=..., attachments=["a.jpg"])),
        "line 3",
        "attachments",
    ),
    "nested too deeply": ("jsonl", jsonl(record(x=json.loads(DEEP[100:500]))), "line 3", "deeply"),
    "a list of texts": ("json", '["a",\n"b"]', "line 1", "no JSON object"),
    "a json document cut off": ("json", '{"memories": [\n' + GOOD + ",\n", "line 3", "not JSON"),
    "another json document": ("json", '{"rows": []}', "line 1", "memories"),
    "a fault in a document's middle": ("json", f"[\n{GOOD},\n{{\n}}\n]", "line 3", "content"),
    "bad bytes in a document": ("json", b'[\n"\xff"]', "line 2", "UTF-8"),
    "a jrnl that begins with text": (
        "jrnl",
        "\nDear diary\n[2024-01-01 10:00] x\n",
        "line 2",
        "no entry begins",
    ),
    "a jrnl day that never was": (
        "jrnl",
        "[2024-01-01 10:00] x\n\n[2024-13-45 10:00] y\n",
        "line 3",
        "no date",
    ),
    "a jrnl of two date formats": (
        "jrnl",
        "[2024-01-01 10:00] x\n[01.02.2024 10:00] y\n",
        "line 2",
        "first one's",
    ),
    "a jrnl date that may be two": ("jrnl", "[01/02/2024 10:00] x\n", "line 1", "reverse"),
    "a jrnl entry without words": (
        "jrnl",
        "[2024-01-01 10:00] x\n[2024-01-02 10:00]\n",
        "line 2",
        "no content",
    ),
    "jrnl json without a date": ("jrnl", '{"entries": [\n{"title": "x"}]}', "line 2", "no date"),
    "jrnl json with odd tags": ("jrnl", '{"entries": [{"date": "2024-01-01", "tags": 1}]}', "line 1", "tags"),
    "an encrypted jrnl": ("jrnl", b"\x80\x81\x82", "line 1", "decrypt"),
    "day one without a date": ("dayone", day_one(creationDate=None), "line 3", "creationDate"),
    "day one with a bad date": ("dayone", day_one(creationDate="soon"), "line 3", "no date"),
    "day one with bad photos": ("dayone", day_one(photos=[1]), "line 3", "photos"),
    "day one with bad text": ("dayone", day_one(text=[]), "line 3", "text"),
    "markdown with endless lines": (
        "markdown",
        f'---\nmemory_id: "a"\nlines: {"9" * 5000}\n---\n\nx\n',
        "line 1",
        "not the 999999999 lines",
    ),
    "markdown without a date": ("markdown", "---\ntags: [a]\n---\n\nwords\n", "line 1", "no date"),
    "markdown with broken front matter": ("markdown", "---\na: [1\n---\nx\n", "line ", "YAML"),
    "markdown with an alias": ("markdown", "---\na: &x 1\nb: *x\n---\nx\n", "line 2", "alias"),
    "markdown of fewer lines than it says": (
        "markdown",
        '---\ndate: 2024-01-01\nmemory_id: "x"\nlines: 9\n---\n\nx\n',
        "line 1",
        "lines",
    ),
    "markdown with a file above its folder": (
        "markdown",
        "---\ndate: 2024-01-01\nattachments: [../secret]\n---\nx\n",
        "line 1",
        "below",
    ),
    "markdown with a file that is not there": (
        "markdown",
        "---\ndate: 2024-01-01\nattachments: [none.jpg]\n---\nx\n",
        "line 1",
        "does not exist",
    ),
    "a log with a hole": ("mnheme", FRAMES[0] + b"\0" * 40 + FRAMES[1], "record 2", "no whole record"),
    "a log that is cut off": ("mnheme", b"".join(FRAMES)[:-4], "byte ", "no whole record"),
    "a log with a null": ("mnheme", FRAMES[0] + frame(record(note=None).encode()), "record 2", "note"),
    "a log with a flipped byte": (
        "mnheme",
        FRAMES[0] + FRAMES[1].replace(b"two", b"tvo"),
        "record 2",
        "checksum",
    ),
    "a log with a flipped byte elsewhere": (
        "mnheme",
        FRAMES[0].replace(b'"c"', b'"\xff"'),
        "record 1",
        "UTF-8",
    ),
    "a log with half a character": (
        "mnheme",
        frame(record(content="\ud800", checksum="").encode()),
        "record 1",
        "Unicode",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_source_writes_nothing(tmp_path: Path, name: str) -> None:
    kind, source, where, reason = FAULTS[name]
    path = tmp_path / "source"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    with MemoryDB(tmp_path / "journal" / "j.mnheme") as db:
        db.remember("c", "joy", "here before")
        before = db.path.read_bytes()
        with pytest.raises(ImportRefusedError) as refused:
            import_file(db, path, format=kind, defaults=BOTH)
        assert db.path.read_bytes() == before
        assert not db.files_dir.exists()
        assert db.count() == 1
    fault = refused.value.faults[0]
    assert fault[0].startswith(where), fault
    assert reason in fault[1], fault
    assert f"{fault[0]}: {fault[1]}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_there_are_enough_of_them() -> None:
    assert len(FAULTS) >= 30


def test_every_fault_is_named(tmp_path: Path) -> None:
    source = tmp_path / "many.jsonl"
    source.write_text("\n".join(["{}", GOOD, "nonsense", GOOD, "[]"]))
    with MemoryDB(tmp_path / "j.mnheme") as db, pytest.raises(ImportRefusedError) as refused:
        import_file(db, source, defaults=BOTH)
    assert [where for where, _ in refused.value.faults] == ["line 1", "line 3", "line 5"]
    assert "2 more faults" in str(refused.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text('{"content": "x", "timestamp": "2024-01-01"}')
    with MemoryDB(tmp_path / "j.mnheme") as db:
        with pytest.raises(ImportRefusedError, match=r"no concept and no feeling: .*--concept and --feeling"):
            import_file(db, source)
        with pytest.raises(ImportRefusedError, match=r"no feeling: .*--feeling"):
            import_file(db, source, defaults=Defaults("c"))
        with pytest.raises(InvalidMemoryError, match="unknown feeling 'meh'"):
            import_file(db, source, defaults=Defaults("c", "meh"))


def test_an_id_that_exists_with_other_content_is_refused_and_named(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        memory = db.remember("c", "joy", "mine", tags=["a"])
        for change in (
            {"content": "theirs", "checksum": ""},
            {"tags": ["b"]},
            {"feeling": "fear"},
            {"note": "n"},
        ):
            (tmp_path / "a.jsonl").write_text(json.dumps(memory.record() | change))
            with pytest.raises(
                ImportRefusedError, match=f"line 1: the journal has the id {memory.memory_id}"
            ):
                import_file(db, tmp_path / "a.jsonl")
        # The same moment and words, said otherwise, are no other content.
        same = memory.record() | {"timestamp": memory.timestamp.replace("+00:00", "Z"), "checksum": ""}
        (tmp_path / "a.jsonl").write_text(json.dumps(same))
        assert import_file(db, tmp_path / "a.jsonl").skipped == 1


@pytest.mark.parametrize("name", ["missing.json", "folder"])
def test_sources_that_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with MemoryDB(tmp_path / "j.mnheme") as db, pytest.raises(ImportRefusedError, match="cannot import"):
        import_file(db, tmp_path / name, format="json")


def test_a_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with MemoryDB(tmp_path / "j.mnheme") as db:
        for kind in (None, "jsonl"):
            with pytest.raises(ImportRefusedError, match="read twice"):
                import_file(db, tmp_path / "pipe", format=kind)


def test_a_source_that_changes_between_the_passes_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text(GOOD + "\n" + record() + "\n")

    def shorten(stage: str, done: int, total: int) -> None:
        if stage == "reading" and done == total:
            source.write_text(GOOD + "\n")

    with MemoryDB(tmp_path / "j.mnheme") as db:
        with pytest.raises(ImportRefusedError, match="changed"):
            import_file(db, source, on_progress=shorten)
        assert db.count() == 0
        assert db.path.read_bytes() == b""


def test_stopping_an_import_writes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text("\n".join(record(memory_id=f"id-{number}") for number in range(9000)))

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "writing" and done > 4000:
            raise KeyboardInterrupt

    with MemoryDB(tmp_path / "j.mnheme") as db:
        with pytest.raises(KeyboardInterrupt):
            import_file(db, source, on_progress=stop)
        assert db.count() == 0
        assert import_file(db, source).added == 9000


# -- Markdown by hand -------------------------------------------------------------------------------


def test_a_folder_of_notes_kept_by_hand(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    (notes / "2024").mkdir(parents=True)
    (notes / ".obsidian").mkdir()
    (notes / ".obsidian" / "x.md").write_text("not a note")
    (notes / "photo.jpg").write_bytes(b"photo")
    (notes / "a day.md").write_text(
        "---\ntitle: A day at the sea\ndate: 2024-05-01T10:00:00+02:00\n"
        "tags:\n  - sea\n  - '#sun'\nmood: no\n"
        "attachments: [photo.jpg]\nconcept: sea\n---\nWe swam.\n\n---\n\nThen we ate.\n"
    )
    (notes / "2024" / "2024-05-02 walk.md").write_bytes(b"\xef\xbb\xbfA walk.\r\nAnother line.\n")
    with MemoryDB(tmp_path / "j.mnheme") as db:
        report = import_file(db, notes, defaults=BOTH)
        assert (report.format, report.added, report.files) == ("markdown", 2, 1)
        sea, walk = db.recall(oldest_first=True)
        assert sea.content == "# A day at the sea\n\nWe swam.\n\n---\n\nThen we ate."
        assert (sea.concept, sea.feeling, sea.tags, dict(sea.extra)) == (
            "sea",
            "joy",
            ("sea", "sun"),
            {"mood": "no"},
        )
        assert (sea.timestamp, sea.utc_offset) == ("2024-05-01T08:00:00+00:00", "+02:00")
        assert sea.attachments[0].name == "photo.jpg"
        assert walk.content == "A walk.\r\nAnother line."
        assert walk.local_time.date().isoformat() == "2024-05-02"
        assert import_file(db, notes, defaults=BOTH)[2:4] == (0, 2)


def test_notes_reach_no_file_through_a_link(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    (notes / "out").symlink_to(tmp_path / "secret")
    (notes / "2024-01-01.md").write_text("---\nattachments: out/key\n---\nx\n")
    with (
        MemoryDB(tmp_path / "j.mnheme") as db,
        pytest.raises(ImportRefusedError, match=r"line 1.*link"),
    ):
        import_file(db, notes, defaults=BOTH)
