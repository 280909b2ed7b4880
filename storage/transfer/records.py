"""What every import format shares: one record checked and made a memory, or told what is wrong with it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from ..codec import encode, from_record
from ..errors import InvalidMemoryError, QuarantinedError
from ..feelings import LATER_FEELINGS, Feeling, canonical_feeling, fold
from ..frames import MAX_PAYLOAD
from ..memory import MEDIA_TYPES, Attachment, MediaType, Memory, checksum_of, offset_text, to_microseconds
from ..pool import Incoming

__all__ = [
    "BOM",
    "Defaults",
    "Fault",
    "Found",
    "Reader",
    "compose",
    "json_items",
    "known_feeling",
    "parse_json",
    "parse_moment",
    "read_bytes",
    "read_common",
    "read_record",
    "same_memory",
]

BOM: Final = b"\xef\xbb\xbf"
_NAMESPACE: Final = uuid.UUID("6d6e656d-6f00-5000-8000-696d706f7274")
_WRITERS_OWN: Final = frozenset(("intact", "feeling_token", "extra"))


class Fault(NamedTuple):
    """Something wrong in a source: where (``line 12``), and what in words."""

    where: str
    reason: str


class Found(NamedTuple):
    """A memory of a source."""

    where: str
    memory: Memory
    derived: bool = False
    """Whether the source had no id, so that one was made of content, time and concept."""
    files: tuple[Incoming, ...] = ()
    """Files to attach that the record does not name yet (their hashes are unknown)."""
    lost: tuple[str, ...] = ()
    """Names of files that the source speaks of and does not bring."""


class Reader(Protocol):
    """A source of one format. It is read twice, with the same result."""

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every memory and every fault, in the order of the source.

        With ``oldest_first`` a list that runs from the newest to the oldest is given the other way round.
        """

    def file_of(self, memory: Memory, attachment: Attachment) -> Incoming | None:
        """The bytes of an attachment that a record names, where the source brings them."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What to take where a source does not say it.

    Attributes:
        concept: The concept of memories without one; empty for none.
        feeling: Likewise the feeling, in English or Italian.
        zone: The zone of times that name none, this machine's if None.
    """

    concept: str = ""
    feeling: str = ""
    zone: tzinfo | None = None


def parse_json(data: bytes | bytearray | memoryview) -> Any:
    """Read JSON as strictly as it can be stored again.

    Raises:
        InvalidMemoryError: it is not UTF-8, not JSON, or not Unicode text.
    """
    try:
        return msgspec.json.decode(data)
    except UnicodeDecodeError:
        raise InvalidMemoryError("it is not UTF-8 text") from None
    except RecursionError:
        raise InvalidMemoryError("its JSON is nested too deeply") from None
    except (msgspec.DecodeError, ValueError):
        pass
    # Python's own writer, which the reference engine uses, writes NaN and the like.
    try:
        value = json.loads(bytes(data).decode())
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise InvalidMemoryError("it is not UTF-8 text") from None
    except UnicodeEncodeError:
        raise InvalidMemoryError("it holds half a character (a lone surrogate)") from None
    except json.JSONDecodeError as error:
        raise InvalidMemoryError(f"it is not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise InvalidMemoryError("its JSON is nested too deeply") from None
    except ValueError:  # more digits than Python reads
        raise InvalidMemoryError("it holds a number that is too long") from None
    return value


def json_items(data: bytes, key: str) -> Iterator[tuple[str, bytes] | Fault]:
    """The items of a JSON list, bare or under a key of an object, each with the line it begins in."""
    data = data.removeprefix(BOM)
    try:
        listed: Any = data
        if data.lstrip()[:1] == b"{":
            listed = msgspec.json.decode(data, type=dict[str, msgspec.Raw])[key]
        items = msgspec.json.decode(listed, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        yield from _json_items_slowly(data, key)
        return
    position, line = 0, 1
    for item in items:
        record = bytes(item)
        start = data.find(record, position)
        line += data.count(b"\n", position, start)
        position = start
        yield f"line {line}", record


def _json_items_slowly(data: bytes, key: str) -> Iterator[tuple[str, bytes] | Fault]:
    """Say what is wrong with a document; or read what is right in Python's eyes alone (NaN)."""
    try:
        document = json.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield Fault(f"line {line}", "it is not UTF-8 text")
        return
    except json.JSONDecodeError as error:
        yield Fault(f"line {error.lineno}", f"it is not JSON: {error.msg} at column {error.colno}")
        return
    except RecursionError:
        yield Fault("line 1", "its JSON is nested too deeply")
        return
    except ValueError:  # more digits than Python reads
        yield Fault("line 1", "it holds a number that is too long")
        return
    items = document.get(key) if isinstance(document, dict) else document
    if not isinstance(items, list):
        yield Fault("line 1", f'it is neither a list nor an object with a list of "{key}"')
        return
    for number, item in enumerate(items, 1):
        yield f"item {number}", json.dumps(item).encode()


def read_record(record: object, defaults: Defaults) -> tuple[Memory, bool]:
    """Make a memory of a JSON record; also tell whether its id was derived.

    A record with an id is another journal's and is kept as it stands: token, time, checksum, unknown
    keys. One without is somebody's own writing and has to be right.

    Raises:
        InvalidMemoryError: what is wrong, fit to follow ``line 12: ``.
    """
    if not isinstance(record, dict):
        raise InvalidMemoryError("it is no JSON object")
    if "feeling_token" in record:  # as `recall --json` writes it
        record = _from_listing(record)
    if "concept" not in record or "feeling" not in record or "memory_id" not in record:
        record = {
            **record,
            "concept": record.get("concept") or defaults.concept,
            "feeling": record.get("feeling") or defaults.feeling,
        }
    _demand(record["concept"], record["feeling"])
    derived = record.get("memory_id") is None
    try:
        if "content" not in record:
            raise InvalidMemoryError("it has no content")
        memory = from_record({**record, "memory_id": ""} if derived else record)
    except QuarantinedError as error:
        raise InvalidMemoryError(error.reason) from None
    except KeyError as missing:
        raise InvalidMemoryError(f"it has no {missing.args[0]}") from None
    if derived:
        listed = record.get("attachments") or ()
        if len(listed) != len(memory.attachments) or not all(each.sha256 for each in memory.attachments):
            raise InvalidMemoryError("each of its attachments needs name, sha256, size and media_type")
        memory = _completed(memory)
    _check(memory)
    return memory, derived


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """A record as mnemo and the reference engine write it, the common case."""

    memory_id: str
    concept: str
    feeling: str
    media_type: str
    content: str
    note: str
    tags: list[str]
    timestamp: str
    checksum: str
    utc_offset: str = ""
    revisits: str = ""
    chain: str = ""


_row = msgspec.json.Decoder(_Row)


def read_bytes(data: bytes, defaults: Defaults) -> tuple[Memory, bool]:
    """:func:`read_record` of a record in JSON; several times faster for records without rare keys.

    Raises:
        InvalidMemoryError: what is wrong.
    """
    memory = read_common(data)
    if memory is None:
        return read_record(parse_json(data), defaults)
    _check(memory)
    return memory, False


def read_common(data: bytes) -> Memory | None:
    """A record in JSON with the common keys only, each of the right type; None for any other."""
    try:
        row = _row.decode(data)
        to_microseconds(row.timestamp)
    except (msgspec.MsgspecError, UnicodeDecodeError, QuarantinedError, RecursionError):
        return None
    if not (row.concept and row.feeling):
        return None
    return Memory(
        row.memory_id,
        row.concept,
        canonical_feeling(row.feeling),
        MEDIA_TYPES.get(row.media_type, row.media_type),
        row.content,
        row.note,
        tuple(row.tags),
        row.timestamp,
        row.checksum,
        row.feeling,
        row.utc_offset,
        revisits=row.revisits,
    )


def _from_listing(record: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in record.items() if key not in _WRITERS_OWN}
    plain["feeling"] = record["feeling_token"]
    if isinstance(extra := record.get("extra"), dict):
        plain = {**extra, **plain}
    if not plain.get("revisits"):
        plain.pop("revisits", None)
    return plain


def _demand(concept: object, feeling: object) -> None:
    missing = [name for name, value in (("concept", concept), ("feeling", feeling)) if not value]
    if missing:
        flags = " and ".join(f"--{name}" for name in missing)
        raise InvalidMemoryError(f"it has no {' and no '.join(missing)}: say one for all with {flags}")


def _check(memory: Memory) -> None:
    if not memory.memory_id.strip() or len(memory.memory_id) > 200:
        raise InvalidMemoryError("its memory_id is empty or longer than 200 characters")
    if not memory.concept.strip():
        raise InvalidMemoryError("its concept is empty")
    if not memory.feeling_token.strip():
        raise InvalidMemoryError("its feeling is empty")
    if memory.intact is False:
        raise InvalidMemoryError("its content does not match its checksum: it was altered or damaged")
    if len(memory.content) + len(memory.note) > MAX_PAYLOAD // 8 and len(encode(memory)) + 100 > MAX_PAYLOAD:
        raise InvalidMemoryError("it is larger than a record may be (64 MiB): attach it as a file instead")


def _completed(memory: Memory) -> Memory:
    """Hold a record without an id to what mnemo itself would write."""
    moment = datetime.fromisoformat(memory.timestamp)
    made = compose(
        Defaults(memory.concept, memory.feeling_token),
        memory.content,
        moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC),
        tags=memory.tags,
        note=memory.note,
        media_type=str(memory.media_type),
        extra=memory.extra,
    )
    return replace(
        made,
        checksum=memory.checksum or made.checksum,
        utc_offset=memory.utc_offset or (made.utc_offset if moment.utcoffset() else ""),
        attachments=memory.attachments,
        revisits=memory.revisits,
        reading=memory.reading,
    )


def compose(
    defaults: Defaults,
    content: str,
    moment: datetime,
    *,
    tags: Iterable[str] = (),
    note: str = "",
    media_type: str = "text",
    extra: Mapping[str, Any] | None = None,
    memory_id: str = "",
) -> Memory:
    """Make a memory of a source that is no journal of mnemo's; ``moment`` is aware.

    Without an id it gets one from its words, time and concept, so that importing again finds it.

    Raises:
        InvalidMemoryError: something is missing or unknown.
    """
    concept = defaults.concept.strip()
    _demand(concept, defaults.feeling)
    if not content.strip():
        raise InvalidMemoryError("it has no content")
    if media_type not in tuple(MediaType):
        raise InvalidMemoryError(f"unknown media type {media_type!r}: use one of {', '.join(MediaType)}")
    token, feeling = known_feeling(defaults.feeling)
    timestamp = moment.astimezone(UTC).isoformat()
    if not memory_id:
        words = " ".join(content.split())
        memory_id = str(uuid.uuid5(_NAMESPACE, f"{timestamp}\n{concept}\n{words}"))
    return Memory(
        memory_id=memory_id,
        concept=concept,
        feeling=feeling,
        media_type=MediaType(media_type),
        content=content,
        note=note,
        tags=tuple(clean for tag in tags if (clean := tag.strip())),
        timestamp=timestamp,
        checksum=checksum_of(content),
        feeling_token=token,
        utc_offset=offset_text(moment),
        extra=MappingProxyType(dict(extra or {})),
    )


def known_feeling(name: str) -> tuple[str, Feeling | str]:
    """The token and the shown feeling of a name: one of the fifteen, or a later one.

    Raises:
        InvalidMemoryError: it is none.
    """
    for later in LATER_FEELINGS.values():
        if fold(name.strip()) in (fold(later.name), fold(later.token)):
            return later.token, later.name
    feeling = Feeling.parse(name)
    return feeling.value, feeling


def parse_moment(text: str, zone: tzinfo | None = None) -> datetime:
    """Read an ISO 8601 date and time, or a date alone (its midnight), as an aware moment.

    Raises:
        InvalidMemoryError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone is not None else moment.astimezone()
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidMemoryError(f"{text[:40]!r} is no date and time") from None
    return moment


def same_memory(old: Memory, new: Memory) -> bool:
    """Whether two records of one id say the same; a key that only one of them has is no difference."""
    if (
        old.content != new.content
        or old.concept != new.concept
        or old.feeling != new.feeling
        or old.note != new.note
        or old.tags != new.tags
        or old.media_type != new.media_type
        or old.time != new.time
        or (old.checksum and new.checksum and old.checksum != new.checksum)
    ):
        return False
    mine, other = _added(old), _added(new)
    return all(mine[key] == other[key] for key in mine.keys() & other.keys())


def _added(memory: Memory) -> dict[str, Any]:
    added: dict[str, Any] = dict(memory.extra)
    if memory.utc_offset:
        added["utc_offset"] = memory.utc_offset
    if memory.attachments:
        added["attachments"] = {(attachment.name, attachment.sha256) for attachment in memory.attachments}
    if memory.revisits:
        added["revisits"] = memory.revisits
    if memory.reading is not None:
        added["reading"] = dict(memory.reading)
    return added
