"""docs/format.md is checked against the code: its example, its constants, its claim about the magic."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from mnemo import Feeling
from mnemo.storage.codec import decode
from mnemo.storage.feelings import LATER_FEELINGS
from mnemo.storage.frames import HEADER_SIZE, MAGIC, MAX_PAYLOAD, frame

DOC = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```json\n(.*)\n```", DOC)[0].encode()


def test_the_example_is_a_record_to_the_byte() -> None:
    assert json.dumps(json.loads(EXAMPLE), ensure_ascii=False).encode() == EXAMPLE
    assert decode(EXAMPLE).intact
    assert frame(EXAMPLE)[:HEADER_SIZE].hex(" ") in DOC


def test_the_link_is_computed_as_described() -> None:
    record = json.loads(EXAMPLE)
    link = record.pop("chain")
    without = json.dumps(record, ensure_ascii=False).encode()
    between = hashlib.sha256(b"").hexdigest().encode()
    assert link == hashlib.sha256(b"0" * 64 + between + without).hexdigest()


def test_constants_and_tokens() -> None:
    assert MAGIC.hex(" ").upper() in DOC
    assert f"{MAX_PAYLOAD:,}" in DOC
    for token in (
        *Feeling,
        *(feeling.italian for feeling in Feeling),
        *(each.token for each in LATER_FEELINGS.values()),
    ):
        assert re.search(rf"\b{token}\b", DOC), token


def test_the_magic_can_stand_in_text_but_not_with_a_length_behind_it() -> None:
    assert MAGIC in "MNE\u0800".encode()
    for code in range(0x800, 0x1000):
        encoded = f"MNE{chr(code)}".encode()
        assert encoded.startswith(MAGIC)
        assert encoded[4] > 4
