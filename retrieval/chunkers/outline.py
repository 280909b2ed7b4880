"""Structure told by indentation: data files, markup, style sheets, and code whose grammar is not installed.

A unit starts at each line of the least indentation and runs to the next one; what is indented deeper lies in
it and is laid out the same way when the unit has to be divided. A closing bracket belongs to what it closes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from .grammars import GRAMMARS
from .heads import GENERAL, OWN, head_of
from .lexicon import lexicon
from .units import TYPE_KINDS, Unit, spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Source

__all__ = ["level", "outline"]

_CONTINUES: Final = re.compile(
    r"[})\]{]|</|/>|(?i:end)\b|else\b|elif\b|elsif\b|except\b|finally\b|catch\b|rescue\b|ensure\b|then\b|do\b|\*|\{%-?\s*(?:end|else)"
)
_COMMENT: Final = re.compile(r"#|//|/\*|\*|--|<!--|@\w|\[\w+\]$|\"\"\"|;|%|!|\(\*|-(?:spec|doc|callback)\b")
_KEY: Final = re.compile(
    r"""\s*(?:-\s+)?(?:"([^"\n]+)"|'([^'\n]+)'|([\w.@/$+ -]+?))\s*[:=](?:\s|$|["'\[{\d])"""
)
_TABLE: Final = re.compile(r"\[\[?\s*([\w.\"'\s-]+?)\s*\]\]?\s*(?:#.*)?$")
_STATEMENT: Final = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:\w+\s+)*?"
    r"(?P<kind>table|view|function|procedure|trigger|index|type|schema)\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`\[\]]+)",
    re.IGNORECASE,
)
_STYLE_NAME: Final = re.compile(
    r"(?<![\w-])[.#]([A-Za-z_][\w-]*)|(--[\w-]+)\s*:|@mixin\s+([\w-]+)|(\$[\w-]+)\s*:"
)
_ELEMENT_NAME: Final = re.compile(r"\bid\s*=\s*[\"']([\w-]+)[\"']|\{%-?\s*block\s+(\w+)")

_NO_QUOTES: Final = str.maketrans("", "", "\"'`[]")
_DATA: Final = frozenset({"json", "yaml", "toml", "ini"})


def outline(source: Source) -> list[Unit]:
    """Plan a whole file."""
    last = len(source.lines)
    if source.language in ("toml", "ini"):
        return list(_tables(source))
    if source.language == "sql":
        return list(_statements(source))
    return level(source, 0, last)


def level(source: Source, first: int, last: int, owner: str | None = None, holder: str = "") -> list[Unit]:
    """Units of the least indentation among these lines."""
    lines = source.lines
    inner = _inner_lines(source)
    indents = {
        at: source.indent(at)
        for at in range(first, last)
        if lines[at].strip() and at not in inner and not _CONTINUES.match(lines[at].lstrip())
    }
    if not indents:
        return []
    base = min(indents.values())
    starts: list[int] = []
    before = ""
    for at, indent in indents.items():
        line = lines[at].strip()
        joined = before.endswith((",", "\\")) and not before.startswith(('"', "'"))
        listed = line.startswith("- ") and starts and lines[starts[-1]].rstrip().endswith(":")
        if indent == base and not (starts and (listed or (joined and source.language not in _DATA))):
            starts.append(at)
        before = line
    return [_unit(source, start, end, owner, holder) for start, end in spans(starts, last)]


@lru_cache(maxsize=1)
def _inner_lines(source: Source) -> frozenset[int]:
    """Lines of an outlined language that begin inside a string or a comment, whatever their indentation."""
    if source.language in GRAMMARS:  # broken, then, or without its grammar: quotes are not to be relied on
        return frozenset()
    return frozenset(lexicon(source.language).inner_lines(source.text))


def _unit(source: Source, start: int, end: int, owner: str | None, holder: str) -> Unit:
    start, end = source.trim(start, end)
    language = source.language
    line = source.lines[start]
    unit = Unit(start, end, owner=owner)
    if language in _DATA:
        unit.kind = "key"
        key = _KEY.match(line)
        if key and end - start > 1:
            name = next(filter(None, key.groups()))
            unit.symbol = f"{owner}.{name}" if owner else name
            unit.defines = [name]
    elif language in ("html", "template"):
        unit.kind = "element"
        unit.defines = _found(_ELEMENT_NAME, source, unit)
    elif language == "css":
        unit.kind = "rule"
        unit.defines = _found(_STYLE_NAME, source, unit)
    else:
        _code(unit, line.rstrip(), language, owner, holder)
    inside = (unit.symbol, unit.kind) if unit.symbol else (owner, holder)
    if end - start > 1:
        unit.divide = lambda: level(source, start + 1, end, *inside)
    return unit


def _found(pattern: re.Pattern[str], source: Source, unit: Unit) -> list[str]:
    matches = pattern.findall(source.content(unit.start, unit.end))
    return list(dict.fromkeys(name for groups in matches for name in groups if name))


def _code(unit: Unit, line: str, language: str, owner: str | None, holder: str) -> None:
    """Name a unit of code by its first line."""
    head = head_of(line, OWN.get(language, ()), holder)
    if head is None and _COMMENT.match(line.lstrip()):
        unit.leads = True
        return
    if head is None and unit.end - unit.start > 1:
        head = head_of(line, GENERAL, holder)
    if head is None:
        return
    unit.kind, name = head
    unit.symbol = f"{owner}.{name}" if owner else name
    unit.signature = line.strip(" {:=")
    unit.defines = [name.rpartition(".")[2]]
    unit.types = unit.defines if unit.kind in TYPE_KINDS and unit.kind not in ("impl", "module") else []


def _tables(source: Source) -> Iterator[Unit]:
    """The tables of a TOML file, the sections of an INI file."""
    lines = source.lines
    starts: list[int] = []
    for head in [at for at, line in enumerate(lines) if _TABLE.match(line)]:
        start = head
        while start > 0 and lines[start - 1].startswith("#"):  # its comment
            start -= 1
        starts.append(start)
    yield from level(source, 0, starts[0] if starts else len(lines))
    for start, end in spans(starts, len(lines)):
        head = next(at for at in range(start, end) if _TABLE.match(lines[at]))
        match = _TABLE.match(lines[head])
        name = match[1].translate(_NO_QUOTES) if match else ""
        unit = Unit(start, end, "key", name, lines[head].strip(), [name])
        unit.divide = lambda head=head, end=end, name=name: level(source, head + 1, end, name)
        yield unit


def _statements(source: Source) -> Iterator[Unit]:
    """The statements of an SQL file: a semicolon at a line's end closes one, but not inside a quoted body."""
    start = None
    quoted = False
    for at, line in enumerate([*source.lines, ";"]):
        if not line.strip():
            continue
        start = at if start is None else start
        if line.count("$$") % 2:
            quoted = not quoted
        if quoted or not line.partition("--")[0].rstrip().endswith(";"):
            continue
        unit = Unit(start, min(at + 1, len(source.lines)), "statement")
        head = next((text for text in source.lines[start : at + 1] if _STATEMENT.match(text)), "")
        if match := _STATEMENT.match(head):
            unit.symbol = match["name"].translate(_NO_QUOTES)
            unit.kind = "function" if match["kind"].lower() in ("function", "procedure") else "statement"
            unit.signature = head.strip(" (")
            unit.defines = [unit.symbol.rpartition(".")[2]]
            unit.types = unit.defines if match["kind"].lower() in ("table", "view", "type") else []
        if unit.start < unit.end:
            yield unit
        start = None
