"""Day One's JSON export, alone or in a zip with its photos, videos, sounds and PDFs.

A zip holds one JSON file a journal and the files as ``photos/<md5>.jpeg``, ``videos/``, ``audios/``,
``pdfs/``; the text is Markdown that names a file by ``![](dayone-moment://<identifier>)``. What mnemo
writes carries each record whole under the key ``mnemo``, which Day One passes over.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from ..errors import InvalidMemoryError
from ..media import AttachedFile, media_type_of
from ..memory import Attachment, Memory
from ..pool import Incoming
from .records import Defaults, Fault, Found, compose, json_items, parse_json, parse_moment, read_record
from .sources import Archive

__all__ = ["DayOneReader", "is_day_one", "write_day_one"]


class _Kind(NamedTuple):
    key: str
    folder: str
    link: str


_KINDS: Final = {
    "image": _Kind("photos", "photos", "dayone-moment://"),
    "video": _Kind("videos", "videos", "dayone-moment:/video/"),
    "audio": _Kind("audios", "audios", "dayone-moment:/audio/"),
    "pdf": _Kind("pdfAttachments", "pdfs", "dayone-moment:/pdfAttachment/"),
}
_MOMENT: Final = re.compile(r"!\[[^\]\n]*\]\(dayone-moment:/{1,2}(?:[A-Za-z]+/)?([0-9A-Fa-f-]{8,64})\)")
_CODE: Final = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([.!()+\-])")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{32}")
_OFFSET: Final = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_GMT: Final = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2}):?(\d{2})?")
_TAKEN: Final = frozenset(
    (
        "text",
        "richText",
        "creationDate",
        "uuid",
        "tags",
        "starred",
        "mnemo",
        *(kind.key for kind in _KINDS.values()),
    )
)
_IN_MEMORY: Final = 16 << 20


def is_day_one(document: Mapping[str, Any]) -> bool:
    """Tell Day One's JSON from others that have ``entries`` too."""
    entries = document.get("entries")
    first = entries[0] if isinstance(entries, list) and entries else None
    return "metadata" in document or (isinstance(first, dict) and "creationDate" in first)


# -- reading --------------------------------------------------------------------------------------


class DayOneReader:
    """A Day One export: a zip, or its JSON with the folders of its files beside it."""

    def __init__(self, path: Path, defaults: Defaults) -> None:
        self.path = path
        self.defaults = defaults
        self._archive = Archive(path) if zipfile.is_zipfile(path) else None
        self._members = self._list_members()
        self._carried: dict[str, str] = {}  # sha256 -> member, of mnemo's own exports

    def _list_members(self) -> dict[str, str]:
        """Member by ``folder/md5``."""
        if self._archive is not None:
            names = self._archive.names()
        else:
            folders = (
                self.path.parent / folder for folder in ("photos", "videos", "audios", "pdfs", "files")
            )
            names = [
                file.relative_to(self.path.parent).as_posix()
                for folder in folders
                if folder.is_dir() and not folder.is_symlink()
                for file in sorted(folder.iterdir())
                if file.is_file() and not file.is_symlink()
            ]
        return {name.rpartition(".")[0].lower(): name for name in names}

    def file_of(self, memory: Memory, attachment: Attachment) -> Incoming | None:
        """The bytes of an attachment that a record of mnemo's own names."""
        member = self._carried.get(attachment.sha256)
        return None if member is None else self._incoming(member, attachment.name)

    def _incoming(self, member: str, name: str) -> Incoming:
        if self._archive is not None:
            return self._archive.incoming(member, name)
        return Incoming.from_path(self.path.parent / member, name)

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every entry as a memory or a fault; entries without words and files are passed over."""
        if self._archive is None:
            yield from self._journal(self.path.read_bytes(), self.path.stem, "")
            return
        journals = [
            name
            for name in self._archive.names()
            if name.lower().endswith(".json") and not name.startswith("__MACOSX/")
        ]
        if not journals:
            yield Fault("archive", "it holds no JSON: is it a Day One export?")
        for name in journals:
            within = f"{name}: " if len(journals) > 1 else ""
            yield from self._journal(self._archive.read(name), Path(name).stem, within)

    def _journal(self, data: bytes, journal: str, within: str) -> Iterator[Found | Fault]:
        for item in json_items(data, "entries"):
            if isinstance(item, Fault):
                yield Fault(within + item.where, item.reason)
                continue
            where, raw = within + item[0], item[1]
            try:
                found = self._entry(where, parse_json(raw), journal)
            except InvalidMemoryError as error:
                yield Fault(where, str(error))
            else:
                if found is not None:
                    yield found

    def _entry(self, where: str, entry: Any, journal: str) -> Found | None:
        if not isinstance(entry, dict):
            raise InvalidMemoryError("the entry is no JSON object")
        own = entry.get("mnemo")
        if isinstance(own, dict) and "record" in own:
            memory, derived = read_record(own["record"], self.defaults)
            members = own.get("files")
            for sha256, member in members.items() if isinstance(members, dict) else ():
                if isinstance(member, str) and member in self._members.values():
                    self._carried[sha256] = member
            return Found(where, memory, derived)
        text, tags = entry.get("text", ""), entry.get("tags", [])
        if not isinstance(text, str):
            raise InvalidMemoryError("its text is no text")
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise InvalidMemoryError("its tags are no list of text")
        files, names, lost = self._files_of(entry)
        content = _words(text, names)
        if not content.strip():
            if not files:
                return None
            content = files[0].name
        media_type = media_type_of(content).value if content == (files[0].name if files else "") else "text"
        identity = _identity(entry.get("uuid"))
        extra: dict[str, Any] = {"starred": True} if entry.get("starred") is True else {}
        extra["dayone"] = {key: value for key, value in entry.items() if key not in _TAKEN}
        if journal not in ("Journal", self.path.stem):
            extra["dayone"]["journal"] = journal
        memory = compose(
            self.defaults,
            content,
            _moment(entry),
            tags=tags,
            media_type=media_type,
            extra=extra,
            memory_id=identity,
        )
        return Found(where, memory, derived=not identity, files=tuple(files), lost=tuple(lost))

    def _files_of(self, entry: Mapping[str, Any]) -> tuple[list[Incoming], dict[str, str], list[str]]:
        """The entry's files, their names by identifier, and the names of those the export lacks."""
        files, names, lost = [], {}, []
        for kind in _KINDS.values():
            listed = entry.get(kind.key) or []
            if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
                raise InvalidMemoryError(f"its {kind.key} are no list of objects")
            for each in sorted(listed, key=_order):
                md5, identifier = str(each.get("md5", "")), str(each.get("identifier", ""))
                member = self._members.get(f"{kind.folder}/{md5.lower()}", "")
                extension = member.rpartition(".")[2] if member else str(each.get("type", ""))
                name = f"{Path(str(each.get('filename') or md5 or identifier)).stem}.{extension}".rstrip(".")
                if member:
                    files.append(self._incoming(member, name))
                    names[identifier.upper()] = name
                else:
                    lost.append(name)
        return files, names, lost


def _order(each: Mapping[str, Any]) -> int:
    order = each.get("orderInEntry", 0)
    return order if isinstance(order, int) else 0


def _identity(given: Any) -> str:
    if isinstance(given, str) and _HEX.fullmatch(given.replace("-", "")):
        return str(uuid.UUID(given))
    return ""


def _words(text: str, names: Mapping[str, str]) -> str:
    """The words as they were typed: without Day One's escapes, files by their names."""
    parts = _CODE.split(text)
    parts[::2] = [_unescaped(part) for part in parts[::2]]
    return _MOMENT.sub(lambda found: _image(names.get(found[1].upper()), found[0]), "".join(parts)).strip()


def _unescaped(text: str) -> str:
    """Take away the backslashes without which Markdown would read the same."""

    def plain(found: re.Match[str]) -> str:
        mark, before = found[1], text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        after = text[found.end() : found.end() + 1]
        needed = (
            (mark in "+-" and not before.strip())
            or (mark in ".)" and before.strip().isdigit())
            or (mark == "!" and after == "[")
            or (mark in "()" and before.endswith("]"))
            or before.endswith("\\")
        )
        return found[0] if needed else mark

    return _ESCAPED.sub(plain, text)


def _image(name: str | None, otherwise: str) -> str:
    if name is None:
        return otherwise
    return f"![](<{name}>)" if re.search(r"[\s()<>]", name) else f"![]({name})"


def _moment(entry: Mapping[str, Any]) -> datetime:
    created = entry.get("creationDate")
    if not isinstance(created, str):
        raise InvalidMemoryError("it has no creationDate")
    moment = parse_moment(created, UTC)
    zone = _zone(str(entry.get("timeZone") or ""))
    return moment if zone is None else moment.astimezone(zone)


def _zone(name: str) -> tzinfo | None:
    fixed = _GMT.fullmatch(name)
    if fixed is not None:
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3] or 0))
        return timezone(-offset if fixed[1] == "-" else offset) if offset < timedelta(days=1) else None
    with suppress(ValueError, OSError, KeyError):
        return ZoneInfo(name) if name else None
    return None


# -- writing --------------------------------------------------------------------------------------


def write_day_one(
    memories: Iterable[Memory], out: BinaryIO, files_of: Callable[[Memory], list[AttachedFile]]
) -> None:
    """A zip that Day One imports: ``Journal.json`` and the files that are there."""
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        tempfile.SpooledTemporaryFile(_IN_MEMORY) as entries,
    ):
        written: set[str] = set()
        separator = b'{"metadata": {"version": "1.0"}, "entries": [\n'
        for memory in memories:
            entry = _day_one_entry(memory, files_of(memory), archive, written)
            entries.write(separator + json.dumps(entry).encode())
            separator = b",\n"
        entries.write(separator if separator != b",\n" else b"")
        entries.write(b"\n]}\n")
        entries.seek(0)
        with archive.open("Journal.json", "w", force_zip64=True) as member:
            shutil.copyfileobj(cast("IO[bytes]", entries), member)


def _day_one_entry(
    memory: Memory, files: list[AttachedFile], archive: zipfile.ZipFile, written: set[str]
) -> dict[str, Any]:
    try:
        identity = uuid.UUID(memory.memory_id)
    except ValueError:
        identity = uuid.uuid5(uuid.NAMESPACE_OID, memory.memory_id)
    # By hand: the C library does not pad years.
    created = memory.time.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    entry: dict[str, Any] = {
        "uuid": identity.hex.upper(),
        "creationDate": created,
        "modifiedDate": created,
        "timeZone": _zone_name(memory.utc_offset),
        "starred": memory.extra.get("starred") is True,
        "tags": list(dict.fromkeys((*memory.tags, memory.concept, str(memory.feeling)))),
    }
    text, members = memory.content, {}
    for order, file in enumerate(files):
        if file.path is None:
            continue
        extension = file.name.rpartition(".")[2].lower().replace("jpg", "jpeg") if "." in file.name else "bin"
        kind = _KINDS.get("pdf" if extension == "pdf" else file.media_type)
        md5 = _md5(file.path)
        member = f"{kind.folder if kind else 'files'}/{md5}.{extension}"
        members[file.sha256] = member
        if member not in written:
            written.add(member)
            archive.write(file.path, member, compress_type=zipfile.ZIP_STORED)
        if kind is None:
            continue
        identifier = uuid.uuid5(identity, file.name).hex.upper()
        entry.setdefault(kind.key, []).append(
            {
                "identifier": identifier,
                "md5": md5,
                "type": extension,
                "filename": file.name,
                "fileSize": file.size,
                "orderInEntry": order,
            }
        )
        shown, link = _image(file.name, ""), f"![]({kind.link}{identifier})"
        text = text.replace(shown, link) if shown in text else f"{text}\n\n{link}"
    entry["text"] = text
    entry["mnemo"] = {"record": memory.record(), "files": members}
    return entry


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _zone_name(utc_offset: str) -> str:
    """A zone name that Day One knows; names of fixed zones have their sign the other way round."""
    known = _OFFSET.fullmatch(utc_offset)
    if known is None or utc_offset[1:] == "00:00":  # none, or another writer's own way
        return "UTC"
    sign, hours, minutes = known.groups()
    if minutes == "00":
        return f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}"
    return f"GMT{sign}{hours}{minutes}"
