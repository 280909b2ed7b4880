"""The printers for pipes: plain text for people and their tools, JSON for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..storage.clock import on_local_clock
from .inert import UNSAFE, inert, one_line
from .printer import Count, Detail, Facts, clock, feeling_word, short_id

if TYPE_CHECKING:
    from ..settings import Settings
    from ..storage.memory import Memory
    from .arc_data import Arc

__all__ = ["JsonPrinter", "PlainPrinter", "detail_lines", "encode_stdout", "number"]


class PlainPrinter:
    """Text without colour or width: memories whole, counts as ``name TAB count``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        encode_stdout(sys.stdout.encoding)

    def memories(self, memories: Iterable[Memory]) -> int:
        """A line with date, feeling, concept, tags and id, then the indented text, then an empty line."""
        count = 0
        for memory in memories:
            count += 1
            local = on_local_clock(memory.time)
            head = [
                clock(local, self._settings),
                one_line(feeling_word(memory.feeling, self._settings)),
                one_line(memory.concept),
                *(f"#{one_line(tag)}" for tag in memory.tags),
                one_line(short_id(memory.memory_id)),
            ]
            _write("  ".join(head), *_indented(memory.content))
            if memory.note:
                _write(*_indented(f"note: {memory.note}"))
            if memory.attachments:
                _write(f"  files: {', '.join(one_line(each.name) for each in memory.attachments)}")
            if memory.intact is False:
                _write("  damaged: this is not what was written, see mnemo verify")
            _write("")
        return count

    def detail(self, detail: Detail) -> None:
        """Name and value by line, then the text."""
        for name, value in detail_lines(detail, self._settings):
            _write(f"{name}: {value}")
        _write("", inert(detail.memory.content))

    def saved(self, memory: Memory) -> None:
        """The id alone."""
        _write(memory.memory_id)

    def counts(self, kind: str, rows: Sequence[Count]) -> None:
        """``name TAB count`` by line."""
        for name, count in rows:
            shown = feeling_word(name, self._settings) if kind == "feeling" else name
            _write(f"{one_line(shown)}\t{count}")

    def facts(self, facts: Facts) -> None:
        """``name: value`` by line, ``section.name: value`` within a section."""
        for name, value in facts.items():
            if isinstance(value, Mapping):
                self.facts({f"{name}.{key}": each for key, each in value.items()})
            elif isinstance(value, (list, tuple)):
                for each in value:
                    _write(f"{name}: {one_line(_shown(each), 2000)}")
            else:
                _write(f"{name}: {one_line(_shown(value), 2000)}")

    def rows(self, rows: Sequence[Facts]) -> None:
        """Values by line, a TAB between them."""
        for row in rows:
            _write("\t".join(one_line(_shown(value), 200) for value in row.values()))

    def arc(self, arc: Arc) -> None:
        """``start TAB memories TAB valence TAB smoothed TAB feelings`` by period."""
        from .arc_data import signed, strongest

        for period, smoothed in zip(arc.periods, arc.smoothed, strict=True):
            feelings = ", ".join(
                f"{one_line(feeling_word(str(name), self._settings))} {n}"
                for name, n in strongest(period.feelings)
            )
            valence = signed(period.affect.valence) if period.affect else "-"
            line = "-" if smoothed is None else signed(smoothed)
            _write("\t".join((period.start.isoformat(), str(period.size), valence, line, feelings)))

    def value(self, value: object) -> None:
        """One value alone."""
        if isinstance(value, Mapping):
            self.facts(value)
        else:
            _write(one_line(_shown(value), 2000))


class JsonPrinter:
    """One JSON document in UTF-8; arrays have one element a line."""

    def __init__(self) -> None:
        encode_stdout("utf-8")

    def memories(self, memories: Iterable[Memory]) -> int:
        """An array of memories, written while they come."""
        return _array(memory.document() for memory in memories)

    def detail(self, detail: Detail) -> None:
        """An array of one memory, with the ids of its later layers."""
        layers = [layer.memory_id for layer in detail.layers]
        _array(iter([{**detail.memory.document(), "revisited_by": layers}]))

    def saved(self, memory: Memory) -> None:
        """An array of one memory."""
        _array(iter([memory.document()]))

    def counts(self, kind: str, rows: Sequence[Count]) -> None:
        """An array of objects."""
        _array({kind: str(name), "count": count} for name, count in rows)

    def facts(self, facts: Facts) -> None:
        """An object."""
        _write(_dumps(facts))

    def rows(self, rows: Sequence[Facts]) -> None:
        """An array of objects."""
        _array(iter(rows))

    def arc(self, arc: Arc) -> None:
        """An object with the periods, the shifts and the arc in words."""
        from .arc_data import arc_json

        _write(_dumps(arc_json(arc)))


def detail_lines(detail: Detail, settings: Settings) -> Iterator[tuple[str, str]]:
    """What to tell about a memory beside its text, by name."""
    memory = detail.memory
    local = on_local_clock(memory.time)
    yield "id", one_line(memory.memory_id)
    yield "date", clock(local, settings)
    if memory.local_time.utcoffset() != local.utcoffset():
        yield "written at", f"{clock(memory.local_time, settings)} {one_line(memory.utc_offset)}"
    yield "concept", one_line(memory.concept)
    yield "feeling", one_line(feeling_word(memory.feeling, settings))
    if memory.tags:
        yield "tags", " ".join(f"#{one_line(tag)}" for tag in memory.tags)
    if memory.media_type != "text":
        yield "media type", one_line(str(memory.media_type))
    if memory.note:
        yield "note", one_line(memory.note, 10_000)
    for file in detail.files:
        where = one_line(str(file.path), 1000) if file.path else "LOST"
        shared = f", shared by {file.shared_by}" if file.shared_by > 1 else ""
        yield "file", f"{one_line(file.name)} ({number(file.size)} bytes{shared}) {where}"
    if memory.revisits:
        older = detail.revisits
        yield (
            "revisits",
            _layer(older, settings) if older else f"{one_line(memory.revisits)} (not in this journal)",
        )
    for layer in detail.layers:
        yield "revisited by", _layer(layer, settings)
    if memory.reading:
        yield "reading", one_line(str(memory.reading.get("text", "")), 10_000)
    intact = {True: "yes", False: "NO: the text is not what was written", None: "unknown, it has no checksum"}
    yield "intact", intact[memory.intact]


def _layer(memory: Memory, settings: Settings) -> str:
    when = clock(on_local_clock(memory.time), settings)
    return f"{short_id(memory.memory_id)}  {when}  {one_line(memory.content, 60)}"


def number(value: int) -> str:
    """A count with its thousands apart."""
    return f"{value:,}"


def _indented(text: str) -> Iterator[str]:
    for line in inert(text).split("\n"):
        yield f"  {line}" if line else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "-"
    return str(value)


def encode_stdout(encoding: str) -> None:
    """Print what the terminal's encoding has no character for as its number."""
    stdout: Any = sys.stdout
    if hasattr(stdout, "reconfigure"):
        stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def _write(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


def _default(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (Path, datetime)):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def _dumps(value: object) -> str:
    # What JSON leaves as it is and a terminal that shows the document would obey.
    text = json.dumps(value, ensure_ascii=False, default=_default)
    return (
        text
        if text.isascii() and text.isprintable()
        else re.sub(UNSAFE, lambda match: f"\\u{ord(match[0]):04x}", text)
    )


def _array(elements: Iterator[Mapping[str, Any]]) -> int:
    count = 0
    for count, element in enumerate(elements, 1):
        sys.stdout.write(("[\n" if count == 1 else ",\n") + _dumps(element))
    _write("\n]" if count else "[]")
    return count
