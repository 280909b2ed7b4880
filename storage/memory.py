"""What a memory is, and how a new one is made. Knows no disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from .errors import InvalidMemoryError, QuarantinedError
from .feelings import Feeling

__all__ = [
    "MEDIA_TYPES",
    "NO_EXTRA",
    "Attachment",
    "MediaType",
    "Memory",
    "checksum_of",
    "new_record",
    "offset_text",
    "to_microseconds",
]


class MediaType(StrEnum):
    """What kind of thing a memory's content is."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOC = "doc"


MEDIA_TYPES: Final[dict[str, MediaType]] = {kind.value: kind for kind in MediaType}


class Attachment(NamedTuple):
    """A file that a memory names: its own name, SHA-256 (hex), size in bytes and media type."""

    name: str
    sha256: str
    size: int
    media_type: str


NO_EXTRA: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory, as it stands in the log and for ever.

    Attributes:
        memory_id: UUID text; other writers' ids are kept as they stand.
        concept: What it is about, stripped, case kept.
        feeling: One of the fifteen, a later feeling's name, or the stored text where it is unknown.
        media_type: A :class:`MediaType`, or the stored text where it is unknown.
        content: The words, or an attachment's original name.
        timestamp: UTC ISO 8601 text as stored; :attr:`time` is the same as a datetime.
        checksum: SHA-256 hex of ``content`` in UTF-8, or empty where the writer left it out.
        feeling_token: The feeling's token as stored.
        utc_offset: The writer's own offset (``+02:00``), empty where unknown.
        revisits: The id of the older memory that this layer refers to, empty for none.
        reading: What a model made of the words (provider, model, text), or None.
        extra: Keys that mnemo does not know, kept for whoever does.
        chain: This record's link of the hash chain, empty for other writers' records.
    """

    memory_id: str
    concept: str
    feeling: Feeling | str
    media_type: MediaType | str
    content: str
    note: str
    tags: tuple[str, ...]
    timestamp: str
    checksum: str
    feeling_token: str
    utc_offset: str = ""
    attachments: tuple[Attachment, ...] = ()
    revisits: str = ""
    reading: Mapping[str, str] | None = field(default=None, hash=False)
    extra: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRA, hash=False)
    chain: str = ""

    @property
    def time(self) -> datetime:
        """The moment, in UTC.

        Raises:
            QuarantinedError: the record's time is none.
        """
        return _EPOCH + timedelta(microseconds=to_microseconds(self.timestamp))

    @property
    def local_time(self) -> datetime:
        """The moment on the writer's own clock where the record holds it, else on this machine's."""
        try:
            return self.time.astimezone(_zone(self.utc_offset) if self.utc_offset else None)
        except (OverflowError, ValueError):  # the first and last hours there are
            return self.time

    @property
    def intact(self) -> bool | None:
        """Whether the content still has its checksum; None where the record never had one."""
        if not self.checksum:
            return None
        return checksum_of(self.content) == self.checksum

    def record(self) -> dict[str, Any]:
        """The nine keys and mnemo's own after them, in the order of the log, without the link."""
        record: dict[str, Any] = {
            "memory_id": self.memory_id,
            "concept": self.concept,
            "feeling": self.feeling_token,
            "media_type": str(self.media_type),
            "content": self.content,
            "note": self.note,
            "tags": list(self.tags),
            "timestamp": self.timestamp,
            "checksum": self.checksum,
        }
        if self.utc_offset:
            record["utc_offset"] = self.utc_offset
        if self.attachments:
            record["attachments"] = [attachment._asdict() for attachment in self.attachments]
        if self.revisits:
            record["revisits"] = self.revisits
        if self.reading is not None:
            record["reading"] = dict(self.reading)
        record.update(self.extra)
        return record

    def document(self) -> dict[str, Any]:
        """The memory as programs get it; ``extra`` holds every key of the record beyond the ones named."""
        record = self.record()
        attachments = record.pop("attachments", [])
        revisits = record.pop("revisits", None)
        nine = {key: record.pop(key) for key in list(record)[:9]}
        if self.chain:
            record["chain"] = self.chain
        return {
            **nine,
            "feeling": str(self.feeling),
            "feeling_token": self.feeling_token,
            "attachments": attachments,
            "revisits": revisits,
            "intact": self.intact,
            "extra": record,
        }


def checksum_of(content: str) -> str:
    """SHA-256 hex of the content in UTF-8, of nothing else."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=256)
def _zone(utc_offset: str) -> timezone:
    try:
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{utc_offset}").utcoffset()
    except ValueError:
        offset = None
    return timezone(offset) if offset is not None else UTC


def new_record(
    concept: str,
    feeling: Feeling | str,
    content: str,
    *,
    media_type: MediaType | str = MediaType.TEXT,
    note: str = "",
    tags: Iterable[str] = (),
    at: datetime | None = None,
    attachments: Iterable[Attachment] = (),
    revisits: str | None = None,
    reading: Mapping[str, str] | None = None,
    memory_id: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Memory:
    """Make a memory that may be written: checked, stamped, with a fresh UUID4.

    ``at`` is an aware datetime, or a naive one on this machine's local clock; now if None.

    Raises:
        InvalidMemoryError: a field is empty or of the wrong type.
    """
    for name, value in (("concept", concept), ("feeling", feeling), ("content", content), ("note", note)):
        if not isinstance(value, str):
            raise InvalidMemoryError(f"{name} must be text, not {type(value).__name__}")
    concept = concept.strip()
    if not concept:
        raise InvalidMemoryError("the concept is empty: say what the memory is about")
    if not content:
        raise InvalidMemoryError("the memory has no content: write at least a word")
    known = Feeling.parse(feeling)
    kind = MEDIA_TYPES.get(media_type)
    if kind is None:
        raise InvalidMemoryError(f"unknown media type {media_type!r}: use one of {', '.join(MediaType)}")
    if at is None:
        moment = datetime.now(UTC)
        utc_offset = _local_offset(int(moment.timestamp()) // 900)
    else:
        if not isinstance(at, datetime):
            raise InvalidMemoryError(f"at must be a datetime, not {type(at).__name__}")
        try:
            moment = at.astimezone(UTC)
            utc_offset = offset_text(at if at.tzinfo is not None else at.astimezone())
        except (OverflowError, ValueError):
            raise InvalidMemoryError(f"{at} is outside of the years 1 to 9999 in UTC") from None
    return Memory(
        memory_id=_new_id() if memory_id is None else memory_id,
        concept=concept,
        feeling=known,
        media_type=kind,
        content=content,
        note=note,
        tags=_clean_tags(tags),
        timestamp=moment.isoformat(),
        checksum=checksum_of(content),
        feeling_token=known.value,
        utc_offset=utc_offset,
        attachments=tuple(attachments),
        revisits=revisits or "",
        reading=reading,
        extra=NO_EXTRA if not extra else MappingProxyType(dict(extra)),
    )


def _new_id() -> str:
    """A UUID4 (RFC 9562), three times as fast as the library's, which counts in a bulk import."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise InvalidMemoryError("tags are a list of words, not one text")
    clean = []
    for tag in tags:
        if not isinstance(tag, str):
            raise InvalidMemoryError(f"a tag must be text, not {type(tag).__name__}")
        if stripped := tag.strip():
            clean.append(stripped)
    return tuple(clean)


@lru_cache(maxsize=8)
def _local_offset(quarter: int) -> str:
    """This machine's offset; zones change theirs on the quarter of an hour."""
    return offset_text(datetime.fromtimestamp(quarter * 900, UTC).astimezone())


def offset_text(moment: datetime) -> str:
    """A moment's offset from UTC as the log has it, ``+02:00``; a naive one has ``+00:00``."""
    offset = moment.utcoffset() or timedelta()
    # Zones before standard time have seconds; offsets in the log have hours and minutes only.
    minutes = round(offset / timedelta(minutes=1))
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# An offset can put a moment outside of what datetime holds in UTC.
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def to_microseconds(timestamp: str) -> int:
    """Microseconds since 1970 in UTC of an ISO 8601 text; one without an offset is taken as UTC.

    Raises:
        QuarantinedError: the text is no moment.
    """
    try:
        moment = datetime.fromisoformat(timestamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        us = (moment - _EPOCH) // _MICROSECOND
        if _FIRST <= us <= _LAST:
            return us
    except (ValueError, OverflowError):
        pass
    raise QuarantinedError(f"timestamp {timestamp[:40]!r} is no moment in time")
