"""jrnl's journals: the plain text it keeps, and its JSON export.

An entry begins with a time and a title in one line, ``[2024-05-01 09:30] Title``; what follows is its
body. jrnl 1.x wrote no brackets. The time's shape is the user's own setting; which one a file has is
told by its first entry, and only lines of that shape begin an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..errors import InvalidMemoryError
from ..memory import Attachment, Memory
from ..pool import Incoming
from .records import BOM, Defaults, Fault, Found, compose, json_items, parse_json, parse_moment

__all__ = ["JrnlReader", "is_jrnl"]

_CLOCK: Final = (
    r"[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:\s?(?P<half>[AaPp]\.?[Mm]\.?))?"
)
_DATES: Final = (
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
    r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    r"(?P<first>\d{1,2})/(?P<second_number>\d{1,2})/(?P<year>\d{4})",
)
_SHAPES: Final = tuple(
    re.compile(shape)
    for date in _DATES
    for shape in (
        rf"\[{date}(?:{_CLOCK})?\](?:[ \t]+(?P<title>.*)|$)",
        rf"{date}{_CLOCK}[ \t]+(?P<title>.*)$",
    )
)
_STRANGER: Final = re.compile(r"\[(?=[^\]]*\d{4})[\d\s:./-]+(?:[AaPp][Mm])?\](?:\s|$)")
_TAG: Final = re.compile(r"(?<!\S)@([-+*#/\w]+)")


class _Entry(NamedTuple):
    line: int
    header: re.Match[str]
    body: list[str]


def is_jrnl(text: str) -> bool:
    """Whether a text's first line that is not empty begins an entry."""
    first = text.lstrip("\ufeff \t\r\n").partition("\n")[0]
    return _shape_of(first.rstrip("\r")) is not None


def _shape_of(line: str) -> re.Pattern[str] | None:
    return next((shape for shape in _SHAPES if shape.match(line)), None)


class JrnlReader:
    """A jrnl journal as text or JSON."""

    def __init__(self, path: Path, defaults: Defaults) -> None:
        self.path = path
        self.defaults = defaults

    def file_of(self, memory: Memory, attachment: Attachment) -> Incoming | None:
        """jrnl has no attachments."""
        return None

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every entry as a memory or a fault."""
        data = self.path.read_bytes().removeprefix(BOM)
        if data.lstrip()[:1] == b"{":
            yield from self._json(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            yield Fault(f"line {line}", "it is not UTF-8 text (decrypt an encrypted journal first)")
            return
        yield from self._text(text.replace("\r\n", "\n").split("\n"))

    # -- text -------------------------------------------------------------------------------------

    def _text(self, lines: list[str]) -> Iterator[Found | Fault]:
        first = next((number for number, line in enumerate(lines) if line.strip()), None)
        if first is None:
            return
        shape = _shape_of(lines[first])
        if shape is None:
            yield Fault(
                f"line {first + 1}", "no entry begins here: expected a line like [2024-05-01 09:30] Title"
            )
            return
        entries: list[_Entry] = []
        for number, line in enumerate(lines[first:], first + 1):
            header = shape.match(line)
            if header is not None:
                entries.append(_Entry(number, header, []))
            elif shape.pattern.startswith(r"\[") and _STRANGER.match(line):
                yield Fault(
                    f"line {number}",
                    "it looks like the beginning of an entry, but its date is not written as the first one's;"
                    " put a space before it if it is text",
                )
            else:
                entries[-1].body.append(line)
        day_first = _day_comes_first(entries)
        for entry in entries:
            where = f"line {entry.line}"
            try:
                moment = self._moment(entry.header, day_first)
                title, starred = _unstarred(entry.header["title"] or "")
                content = "\n".join([title, *entry.body]).strip("\n").rstrip()
                memory = self._compose(content, moment, _TAG.findall(content), starred=starred)
            except InvalidMemoryError as error:
                yield Fault(where, str(error))
            else:
                yield Found(where, memory, derived=True)

    def _moment(self, header: re.Match[str], day_first: bool | None) -> datetime:
        parts = header.groupdict()
        if "first" in parts:
            if day_first is None:
                raise InvalidMemoryError(
                    f"{parts['first']}/{parts['second_number']} may be day and month or the reverse, and no "
                    "date of this journal tells: set jrnl's timeformat to %Y-%m-%d %H:%M and export it again"
                )
            order = ("day", "month") if day_first else ("month", "day")
            parts.update(zip(order, (parts["first"], parts["second_number"]), strict=True))
        hour = int(parts["hour"] or 0)
        half = (parts["half"] or "").lower()[:1]
        if half and hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        return parse_moment(
            f"{parts['year']}-{int(parts['month']):02}-{int(parts['day']):02}T{hour:02}:"
            f"{parts['minute'] or '00'}:{parts['second'] or '00'}",
            self.defaults.zone,
        )

    def _compose(self, content: str, moment: datetime, tags: list[str], *, starred: bool) -> Memory:
        extra = {"starred": True} if starred else None
        lowered = dict.fromkeys(tag.lower() for tag in tags)  # as jrnl itself compares them
        return compose(self.defaults, content, moment, tags=lowered, extra=extra)

    # -- JSON -------------------------------------------------------------------------------------

    def _json(self, data: bytes) -> Iterator[Found | Fault]:
        for item in json_items(data, "entries"):
            if isinstance(item, Fault):
                yield item
                continue
            where, raw = item
            try:
                memory = self._entry(parse_json(raw))
            except InvalidMemoryError as error:
                yield Fault(where, str(error))
            else:
                yield Found(where, memory, derived=True)

    def _entry(self, entry: Any) -> Memory:
        if not isinstance(entry, dict):
            raise InvalidMemoryError("the entry is no JSON object")
        for key in ("title", "body", "date", "time"):
            if not isinstance(entry.get(key, ""), str):
                raise InvalidMemoryError(f"its {key} is no text")
        tags = entry.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise InvalidMemoryError("its tags are no list of text")
        if not entry.get("date"):
            raise InvalidMemoryError("it has no date")
        moment = parse_moment(f"{entry['date']}T{entry.get('time') or '00:00'}", self.defaults.zone)
        content = "\n".join(part for part in (entry.get("title", ""), entry.get("body", "")) if part).rstrip()
        names = [tag.lstrip("@#") for tag in tags]
        return self._compose(content, moment, names, starred=entry.get("starred") is True)


def _unstarred(title: str) -> tuple[str, bool]:
    """jrnl marks a favourite by a lone star before or after the title."""
    title = title.strip()
    if title.endswith(" *") or title == "*":
        return title[:-1].rstrip(), True
    if title.startswith("* "):
        return title[2:].lstrip(), True
    return title, False


def _day_comes_first(entries: list[_Entry]) -> bool | None:
    """For ``08/03/2024``: what the other dates of the journal tell; None where none does."""
    for entry in entries:
        parts = entry.header.groupdict()
        if "first" in parts and int(parts["first"]) != int(parts["second_number"]):
            if int(parts["first"]) > 12:
                return True
            if int(parts["second_number"]) > 12:
                return False
    return None
