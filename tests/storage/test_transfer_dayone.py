"""Day One's exports: JSON, and zips with photos; hostile zips."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mnemo import Memory, MemoryDB
from mnemo.storage import AttachmentError, ImportRefusedError
from mnemo.storage.media import Incoming
from mnemo.storage.transfer import Defaults, ImportReport, export_memories, import_file

DIARY = Defaults("diary", "joy")
PHOTO, PDF = b"\xff\xd8 a photo", b"%PDF a letter"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def entry(**changes: Any) -> dict[str, Any]:
    """An entry with the keys that Day One writes."""
    return {
        "uuid": "2F8DDCA258634D9994DF3A4FEE328035",
        "creationDate": "2021-03-03T11:48:50Z",
        "modifiedDate": "2021-03-03T11:59:09Z",
        "timeZone": "Australia/Sydney",
        "text": "# All packed up\\. 3\\-4 days\\!\n\n![](dayone-moment://76F9B0AC37954B51BF8B9146498B29C2)\n\n"
        "1\\. not a list, `a\\.b` stays\\. \\*star\\*",
        "richText": '{"contents": []}',
        "tags": ["travel", "two words"],
        "starred": True,
        "isPinned": False,
        "duration": 0,
        "creationDevice": "a phone",
        "location": {"localityName": "Wanniassa", "latitude": -35.4, "longitude": 149.1},
        "weather": {"conditionsDescription": "Mostly Clear", "temperatureCelsius": 12},
        "photos": [
            {
                "identifier": "76F9B0AC37954B51BF8B9146498B29C2",
                "md5": md5(PHOTO),
                "type": "jpeg",
                "filename": "IMG_8615.HEIC",
                "orderInEntry": 0,
            }
        ],
        **changes,
    }


def pack(path: Path, journals: dict[str, list[dict[str, Any]]], files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, entries in journals.items():
            archive.writestr(name, json.dumps({"metadata": {"version": "1.0"}, "entries": entries}, indent=2))
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def bring(folder: Path, source: Path) -> tuple[ImportReport, list[Memory]]:
    with MemoryDB(folder / "j.mnheme") as db:
        return import_file(db, source, defaults=DIARY), db.recall(oldest_first=True)


def test_a_zip_with_photos(tmp_path: Path) -> None:
    letter = entry(
        uuid="11111111-2222-4333-8444-555555555555",
        creationDate="2022-01-01T00:00:00Z",
        timeZone="GMT-0330",
        text="",
        photos=[],
        pdfAttachments=[{"identifier": "AA" * 16, "md5": md5(PDF), "type": "pdf", "filename": "letter"}],
        starred=False,
    )
    empty = entry(uuid="0" * 32, text="", photos=[])
    source = pack(
        tmp_path / "export.zip",
        {"Journal.json": [entry(), empty], "Work.json": [letter]},
        {f"photos/{md5(PHOTO)}.jpeg": PHOTO, f"pdfs/{md5(PDF)}.pdf": PDF},
    )
    report, (packed, scan) = bring(tmp_path, source)
    assert (report.format, report.found, report.added, report.files, report.missing) == (
        "dayone",
        2,
        2,
        2,
        (),
    )
    assert packed.memory_id == "2f8ddca2-5863-4d99-94df-3a4fee328035"
    assert (
        packed.content
        == "# All packed up. 3-4 days!\n\n![](IMG_8615.jpeg)\n\n1\\. not a list, `a\\.b` stays. \\*star\\*"
    )
    assert packed.time == datetime(2021, 3, 3, 11, 48, 50, tzinfo=UTC)
    assert packed.local_time.isoformat() == "2021-03-03T22:48:50+11:00"
    assert packed.tags == ("travel", "two words")
    assert (packed.concept, packed.feeling, packed.media_type) == ("diary", "joy", "text")
    assert packed.extra["starred"] is True
    assert packed.extra["dayone"]["weather"]["temperatureCelsius"] == 12
    assert packed.extra["dayone"]["timeZone"] == "Australia/Sydney"
    assert "richText" not in packed.extra["dayone"]
    assert [(each.name, each.size) for each in packed.attachments] == [("IMG_8615.jpeg", len(PHOTO))]
    assert (scan.content, scan.media_type, scan.utc_offset) == ("letter.pdf", "doc", "-03:30")
    assert scan.extra["dayone"]["journal"] == "Work"
    with MemoryDB(tmp_path / "j.mnheme") as db:
        assert db.verify().sound
        path = db.files_of(packed)[0].path
        assert path is not None
        assert path.read_bytes() == PHOTO
    assert bring(tmp_path, source)[0][2:4] == (0, 2)


def test_json_alone_with_its_folders_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / f"{md5(PHOTO)}.jpeg").write_bytes(PHOTO)
    (folder / "Journal.json").write_text(json.dumps({"metadata": {}, "entries": [entry()]}))
    report, [memory] = bring(tmp_path, folder / "Journal.json")
    assert (report.format, report.files) == ("dayone", 1)
    assert memory.attachments[0].sha256 == hashlib.sha256(PHOTO).hexdigest()


def test_a_photo_that_the_export_lacks_is_told(tmp_path: Path) -> None:
    report, [memory] = bring(tmp_path, pack(tmp_path / "e.zip", {"Journal.json": [entry()]}, {}))
    assert report.missing == ((memory.memory_id, "IMG_8615.jpeg"),)
    assert "dayone-moment://76F9" in memory.content


def test_an_edited_entry_is_refused_and_named(tmp_path: Path) -> None:
    files = {f"photos/{md5(PHOTO)}.jpeg": PHOTO}
    bring(tmp_path, pack(tmp_path / "e.zip", {"Journal.json": [entry()]}, files))
    edited = pack(tmp_path / "f.zip", {"Journal.json": [entry(text="Other words")]}, files)
    with pytest.raises(ImportRefusedError, match="line 6: the journal has the id 2f8ddca2"):
        bring(tmp_path, edited)


@pytest.mark.parametrize("offset", ["+ab:00", "+0200", "Z", "+02:00:30"])
def test_an_offset_in_another_writers_way_goes_out_as_utc(tmp_path: Path, offset: str) -> None:
    record = {"memory_id": "a", "concept": "c", "feeling": "joy", "content": "x", "utc_offset": offset}
    source = tmp_path / "a.jsonl"
    source.write_text(json.dumps(record | {"timestamp": "0099-05-01T00:00:00.5+00:00"}))
    with MemoryDB(tmp_path / "old.mnheme") as db:
        import_file(db, source)
        export_memories(db, "dayone", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        [written] = json.loads(archive.read("Journal.json"))["entries"]
    assert (written["timeZone"], written["creationDate"]) == ("UTC", "0099-05-01T00:00:00Z")


def test_what_mnemo_writes_is_a_day_one_export(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "old.mnheme") as db:
        memory = db.remember(
            "sea",
            "joy",
            "see ![](a b.jpg) and ![](<a b.jpg>)",
            tags=["x"],
            attachments=[Incoming.from_bytes(PHOTO, "a b.jpg")],
        )
        db.remember(
            "sea",
            "joy",
            "sound",
            attachments=[Incoming.from_bytes(PHOTO, "a.mp3"), Incoming.from_bytes(b"z", "z.tar")],
        )
        export_memories(db, "dayone", tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        document = json.loads(archive.read("Journal.json"))
    assert names == {
        "Journal.json",
        f"photos/{md5(PHOTO)}.jpeg",
        f"audios/{md5(PHOTO)}.mp3",
        f"files/{md5(b'z')}.tar",
    }
    first, second = document["entries"]
    assert first["uuid"] == memory.memory_id.replace("-", "").upper()
    assert datetime.strptime(first["creationDate"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=UTC
    ) == memory.time.replace(microsecond=0)
    assert first["tags"] == ["x", "sea", "joy"]
    [photo] = first["photos"]
    assert (photo["md5"], photo["type"]) == (md5(PHOTO), "jpeg")
    assert f"and ![](dayone-moment://{photo['identifier']})" in first["text"]
    assert second["text"].endswith(f"![](dayone-moment:/audio/{second['audios'][0]['identifier']})")


# -- hostile zips -----------------------------------------------------------------------------------


def hostile(path: Path, *members: zipfile.ZipInfo | str, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Journal.json", json.dumps({"metadata": {}, "entries": [entry()]}))
        for member in members:
            archive.writestr(member, content, compress_type=zipfile.ZIP_DEFLATED)
    return path


def link_member() -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("photos/link.jpeg")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "size", "reason"),
    [
        ("../evil.jpeg", 1, "outside"),
        ("/etc/cron.d/evil", 1, "outside"),
        ("photos\\..\\..\\evil.jpeg", 1, "outside"),
        ("C:evil.jpeg", 1, "outside"),
        (link_member(), 1, "link"),
        ("photos/bomb.jpeg", 20 << 20, "bomb"),
    ],
)
def test_tricks_in_zips_are_refused_by_name(
    tmp_path: Path, member: zipfile.ZipInfo | str, size: int, reason: str
) -> None:
    (tmp_path / "in").mkdir()
    source = hostile(tmp_path / "in" / "e.zip", member, content=bytes(size))
    with pytest.raises(ImportRefusedError) as refused:
        bring(tmp_path, source)
    assert reason in " ".join(fault for _, fault in refused.value.faults)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_overlapping_members_are_a_bomb(tmp_path: Path) -> None:
    source = hostile(tmp_path / "e.zip", "photos/1.jpeg", "photos/2.jpeg", content=bytes(range(256)) * 400)
    data = source.read_bytes()
    with zipfile.ZipFile(source) as archive:
        first, second = [member.header_offset.to_bytes(4, "little") for member in archive.infolist()[1:]]
    directory = data.index(b"PK\x01\x02")
    # The second member points at the first one's bytes.
    source.write_bytes(data[:directory] + data[directory:].replace(second, first))
    with pytest.raises(ImportRefusedError, match="not a safe archive"):
        bring(tmp_path, source)
    assert not (tmp_path / "j.mnheme").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and nothing more", b"PK\x05\x06" + bytes(18)])
def test_broken_zips_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e.zip").write_bytes(content)
    with MemoryDB(tmp_path / "j.mnheme") as db, pytest.raises(ImportRefusedError):
        import_file(db, tmp_path / "e.zip", format="dayone")


def test_a_damaged_photo_imports_nothing(tmp_path: Path) -> None:
    photo = bytes(range(256)) * 500
    stored = [{**entry()["photos"][0], "md5": md5(photo)}]
    files = {f"photos/{md5(photo)}.jpeg": photo}
    source = pack(tmp_path / "e.zip", {"Journal.json": [entry(photos=stored)]}, files)
    data = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        start = archive.getinfo(f"photos/{md5(photo)}.jpeg").header_offset
    data[start + 200] ^= 0xFF
    source.write_bytes(data)
    with MemoryDB(tmp_path / "j.mnheme") as db:
        with pytest.raises(AttachmentError, match="damaged"):
            import_file(db, source, defaults=DIARY)
        assert db.count() == 0
