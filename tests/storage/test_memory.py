"""What a memory is: to bytes and back without a loss, and whatever other writers make of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.storage import Attachment, Feeling, InvalidMemoryError, MediaType, QuarantinedError
from mnemo.storage.codec import decode, encode
from mnemo.storage.feelings import canonical_feeling
from mnemo.storage.heads import bulk_reader, id_key, read_head
from mnemo.storage.memory import checksum_of, new_record, to_microseconds

SETTINGS = settings(max_examples=400)
NINE = (
    "memory_id", "concept", "feeling", "media_type", "content", "note", "tags", "timestamp", "checksum",
)  # fmt: skip
RECORD: dict[str, Any] = {
    "memory_id": "2f1e8c1a-7a7b-4a55-9c53-0f6d7a0c1d2e",
    "concept": "mare",
    "feeling": "nostalgia",
    "media_type": "text",
    "content": "Il mare d'inverno",
    "note": "",
    "tags": ["estate", "estate"],
    "timestamp": "1999-08-14T18:30:00+00:00",
    "checksum": hashlib.sha256(b"Il mare d'inverno").hexdigest(),
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
some_text = text.filter(bool)
names = text.filter(lambda name: bool(name.strip()))
moments = st.datetimes(
    min_value=datetime(2, 1, 1),
    max_value=datetime(9998, 12, 31),
    timezones=st.one_of(
        st.none(),
        st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
        st.timezones(),
    ),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def dumped(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


# -- to bytes and back ----------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    names,
    st.sampled_from(Feeling),
    some_text,
    st.sampled_from(MediaType),
    text,
    st.lists(text, max_size=4),
    moments,
    st.none() | st.uuids(version=4).map(str),
    st.lists(st.builds(Attachment, some_text, text, st.integers(0, 1 << 60), text), max_size=2),
    st.none() | st.dictionaries(st.sampled_from(["provider", "model", "text"]), text),
    st.dictionaries(text.filter(lambda key: key not in NINE), json_values, max_size=3),
)
def test_what_is_written_is_json_dumps_and_reads_back(
    concept: str,
    feeling: Feeling,
    content: str,
    media_type: MediaType,
    note: str,
    tags: list[str],
    at: datetime,
    revisits: str | None,
    attachments: list[Attachment],
    reading: dict[str, str] | None,
    extra: dict[str, Any],
) -> None:
    extra = {
        key: value
        for key, value in extra.items()
        if key not in ("utc_offset", "attachments", "revisits", "reading", "chain")
    }
    memory = new_record(
        concept, feeling, content, media_type=media_type, note=note, tags=tags, at=at,
        revisits=revisits, attachments=attachments, reading=reading, extra=extra,
    )  # fmt: skip
    payload = encode(memory)
    record = json.loads(payload)
    assert payload == dumped(record) == dumped(memory.record())
    assert tuple(record)[:9] == NINE
    assert decode(payload) == memory
    assert memory.time == at.astimezone(UTC)
    assert memory.local_time == at.astimezone()
    assert memory.intact


def test_the_nine_keys_are_written_as_the_format_says() -> None:
    at = datetime(2024, 5, 1, 21, 30, tzinfo=timezone(timedelta(hours=2)))
    memory = new_record("  il mare ", "gioia", " content kept ", tags=[" a ", "", "b", "a"], at=at)
    record = memory.record()
    assert uuid.UUID(memory.memory_id).version == 4
    assert memory.memory_id == str(uuid.UUID(memory.memory_id))
    assert record == {
        "memory_id": memory.memory_id,
        "concept": "il mare",
        "feeling": "joy",
        "media_type": "text",
        "content": " content kept ",
        "note": "",
        "tags": ["a", "b", "a"],
        "timestamp": "2024-05-01T19:30:00+00:00",
        "checksum": hashlib.sha256(b" content kept ").hexdigest(),
        "utc_offset": "+02:00",
    }


def test_now_is_now() -> None:
    before = datetime.now(UTC)
    memory = new_record("c", "joy", "x")
    assert before <= memory.time <= datetime.now(UTC)
    assert memory.local_time.utcoffset() == datetime.now().astimezone().utcoffset()


@SETTINGS
@given(
    text,
    st.sampled_from(["gioia", "joy", "hope", "speranza", "altro", "JOY", ""]),
    text,
    text,
    st.lists(text),
)
def test_foreign_records_reserialise_byte_for_byte(
    concept: str, feeling: str, content: str, note: str, tags: list[str]
) -> None:
    record = RECORD | {"concept": concept, "feeling": feeling, "content": content, "note": note, "tags": tags}
    payload = dumped(record)
    memory = decode(payload)
    assert encode(memory) == payload
    assert memory.feeling_token == feeling
    assert memory.feeling == canonical_feeling(feeling)


def test_a_memory_is_frozen() -> None:
    memory = decode(dumped(RECORD))
    with pytest.raises(dataclasses.FrozenInstanceError):
        memory.content = "other"  # type: ignore[misc]
    assert not hasattr(memory, "__dict__")
    with pytest.raises(TypeError):
        memory.extra["key"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    "content",
    [
        "\x1b[31mred\x1b[0m \x1b]0;title\x07",
        "[bold red]markup[/] [link=x]y[/link]",
        "nul \x00 and \x7f and \x85",
        "\u202eright to left\u202c שלום مرحبا",
        "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301",
        "MNE\u0905 MNE\u0800",
        "\\u0041 \\ \" ' \r\n\t\u2028\u2029",
        "x" * 5_000_000,
        "ä\u0905" * 1_000_000,
    ],
    ids=["ansi", "markup", "nul", "rtl", "emoji", "magic", "escapes", "5 MB", "5 MB of utf-8"],
)
def test_any_text_survives(content: str) -> None:
    memory = new_record("c", "joy", content, note=content[:100])
    again = decode(encode(memory))
    assert again.content == content
    assert again.note == content[:100]
    assert again.intact


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"concept": "  "},
        {"concept": None},
        {"content": ""},
        {"content": b"bytes"},
        {"feeling": "nosuch"},
        {"feeling": 3},
        {"note": None},
        {"tags": "one text"},
        {"tags": [1]},
        {"media_type": "hologram"},
        {"at": "2024"},
        {"at": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))},
        {"at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))},
    ],
)
def test_what_is_no_memory_is_refused_in_one_line(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidMemoryError) as refused:
        new_record(**{"concept": "c", "feeling": "joy", "content": "x"} | fields)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("field", ["concept", "content", "note"])
def test_half_a_character_is_refused(field: str) -> None:
    fields = {"concept": "c", "feeling": "joy", "content": "x", field: "half \ud800"}
    with pytest.raises(InvalidMemoryError):
        encode(new_record(**fields))


# -- what other writers make ----------------------------------------------------------------------


def test_missing_optional_keys_have_their_defaults() -> None:
    memory = decode(dumped({key: RECORD[key] for key in ("memory_id", "concept", "feeling", "timestamp")}))
    assert (memory.media_type, memory.content, memory.note, memory.tags, memory.checksum) == (
        MediaType.TEXT, "", "", (), "",
    )  # fmt: skip
    assert memory.intact is None


def test_key_order_spaces_and_unknown_keys_do_not_matter() -> None:
    record = dict(reversed(RECORD.items())) | {"mood": {"deep": [1, None]}, "from": "elsewhere"}
    memory = decode(json.dumps(record, separators=(",", ":")).encode())
    assert memory.record() == RECORD | {"mood": {"deep": [1, None]}, "from": "elsewhere"}
    assert memory.extra == {"mood": {"deep": [1, None]}, "from": "elsewhere"}


@pytest.mark.parametrize(
    ("timestamp", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.123Z", 123_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1970-01-01T02:00:00.000001+02:00", 1),
        ("1969-12-31T23:59:59.999999+00:00", -1),
        ("1970-01-01T00:00:00", 0),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999+00:00", 253_402_300_799_999_999),
    ],
)
def test_timestamps_of_other_writers(timestamp: str, us: int) -> None:
    assert to_microseconds(timestamp) == us
    memory = decode(dumped(RECORD | {"timestamp": timestamp}))
    assert memory.time == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    assert memory.timestamp == timestamp
    assert memory.local_time.tzinfo is not None


@pytest.mark.parametrize(
    "timestamp",
    ["", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2024-13-01", "1"],
)
def test_what_is_no_moment_is_quarantined(timestamp: str) -> None:
    with pytest.raises(QuarantinedError, match="no moment"):
        decode(dumped(RECORD | {"timestamp": timestamp}))


@pytest.mark.parametrize("offset", ["", "banana", "+25:00", "+02:00", "-23:59", 7, None, ["+01:00"], "Z"])
def test_no_offset_breaks_the_local_time(offset: object) -> None:
    for timestamp in ("2024-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        memory = decode(dumped(RECORD | {"timestamp": timestamp, "utc_offset": offset}))
        assert memory.local_time == memory.time


@pytest.mark.parametrize(
    "change",
    [
        {"note": None},
        {"tags": None},
        {"tags": "text"},
        {"tags": [None]},
        {"content": ["a", "list"]},
        {"checksum": 5},
        {"memory_id": None},
        {"concept": {}},
        {"media_type": None},
        {"feeling": 1.5},
        {"timestamp": 1_700_000_000},
    ],
)
def test_a_field_of_the_wrong_kind_is_quarantined_and_named(change: dict[str, Any]) -> None:
    with pytest.raises(QuarantinedError, match=next(iter(change))):
        decode(dumped(RECORD | change))


@pytest.mark.parametrize("key", ["memory_id", "concept", "feeling", "timestamp"])
def test_a_missing_key_is_quarantined_and_named(key: str) -> None:
    with pytest.raises(QuarantinedError, match=key):
        decode(dumped({name: value for name, value in RECORD.items() if name != key}))


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"3", b'"text"', b"{", b"{}x", b"\xff", b"NaN", b"[" * 100_000]
)
def test_what_is_no_object_is_quarantined(payload: bytes) -> None:
    with pytest.raises(QuarantinedError):
        decode(payload)


def test_own_keys_of_the_wrong_kind_are_no_reason_to_hide_a_memory() -> None:
    memory = decode(
        dumped(RECORD | {"revisits": 3, "attachments": "x", "reading": [], "chain": None, "utc_offset": {}})
    )
    assert (memory.revisits, memory.attachments, memory.reading, memory.chain) == ("", (), None, "")
    memory = decode(dumped(RECORD | {"attachments": [1, {"name": "a.jpg", "size": "big"}, {"name": None}]}))
    assert memory.attachments == (Attachment("a.jpg", "", 0, "doc"),)


def test_a_flipped_byte_is_readable_and_not_intact() -> None:
    payload = dumped(RECORD).replace(b"inverno", b"inv\xffrno")
    memory = decode(payload)
    assert memory.content == "Il mare d'inv\ufffdrno"
    assert memory.intact is False


def test_checksum_is_of_the_content_alone() -> None:
    assert checksum_of("serenità") == hashlib.sha256("serenità".encode()).hexdigest()


# -- read in bulk ---------------------------------------------------------------------------------


def outcome(read: Callable[[bytes], Any], payload: bytes) -> Any:
    try:
        head = read(payload)
    except QuarantinedError:
        return "quarantined"
    return head._replace(tags=tuple(head.tags))


BULK = bulk_reader()


def agree(payload: bytes) -> None:
    assert outcome(BULK, payload) == outcome(read_head, payload)


json_like = st.recursive(
    st.sampled_from(
        ["null", "true", "1", "-0", "1e999", "01", "NaN", "Infinity", '"x"', '"\\ud800"', '"\\q"', "9" * 4301]
    )
    | text.map(json.dumps)
    | text.map(lambda value: f'"{value}"'),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.lists(inner, max_size=2).map(
            lambda items: "{" + ",".join(f'"k{number}": {item}' for number, item in enumerate(items)) + "}"
        )
    ),
    max_leaves=4,
)


@SETTINGS
@given(st.binary(max_size=60))
def test_bulk_agrees_on_any_bytes(payload: bytes) -> None:
    agree(payload)


@SETTINGS
@given(
    st.lists(
        st.tuples(st.sampled_from([*NINE, "revisits", "chain", "unknown", "con\\u0063ept"]), json_like),
        max_size=4,
    ),
    st.sampled_from(["", " ", ",", "\ufeff", "x"]),
)
def test_bulk_agrees_on_json_of_any_shape(changes: list[tuple[str, str]], after: str) -> None:
    fields = [(key, json.dumps(value, ensure_ascii=False)) for key, value in RECORD.items()]
    body = ", ".join(f'"{key}": {value}' for key, value in [*fields, *changes])
    agree(("{" + body + "}" + after).encode("utf-8", "replace"))


@SETTINGS
@given(st.data())
def test_bulk_agrees_on_flipped_bytes(data: st.DataObject) -> None:
    payload = bytearray(dumped(RECORD | {"revisits": "x", "unknown": {"a": [1, 2.5, "é"]}}))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    agree(bytes(payload))


@pytest.mark.parametrize("depth", [1, 126, 127, 128, 129, 400, 900, 5000, 200_000])
def test_bulk_agrees_on_depth(depth: int) -> None:
    agree(dumped(RECORD)[:-1] + b', "deep": ' + b"[" * depth + b"]" * depth + b"}")


def test_depth_does_not_depend_on_the_stack() -> None:
    payload = dumped(RECORD)[:-1] + b', "deep": ' + b"[" * 127 + b"]" * 127 + b"}"

    def below(frames: int) -> Any:
        return below(frames - 1) if frames else outcome(read_head, payload)

    assert below(0) == below(sys.getrecursionlimit() - 350) != "quarantined"


def test_brackets_in_text_are_no_depth() -> None:
    content = '{"[' * 5000 + '\\"[['
    agree(dumped(RECORD | {"content": content}))
    assert decode(dumped(RECORD | {"content": content})).content == content


def test_absurd_numbers_hide_no_memory() -> None:
    payload = dumped(RECORD)[:-1] + b', "n": %b, "attachments": [{"name": "a", "size": 1e400}]}' % (
        b"9" * 5000
    )
    agree(payload)
    assert decode(payload).content == RECORD["content"]


@SETTINGS
@given(
    st.one_of(
        text,
        st.text("0123456789abcdef-+_ xX４", min_size=36, max_size=36),
        st.uuids().map(str),
        st.builds(
            lambda head: head + "1-aaaa-4aaa-8aaa-aaaaaaaaaaaa", st.text("-+ _0x1aé", min_size=7, max_size=7)
        ),
    )
)
def test_every_id_has_a_key(memory_id: str) -> None:
    assert 0 <= id_key(memory_id) < 1 << 30
