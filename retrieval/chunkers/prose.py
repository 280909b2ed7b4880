"""Prose: sections by their headings, divided into paragraphs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .units import Unit, spans

if TYPE_CHECKING:
    from .source import Source

__all__ = ["PROSE", "prose"]

PROSE: Final = frozenset({"markdown", "rst", "text"})

_HASHES: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_RULE: Final = re.compile(r"([=\-~^\"'`#*+.:_<>])\1{2,}[ \t]*$")
_MARKUP: Final = re.compile(r"[*_`]+|\[([^\]]*)\]\([^)]*\)|<[^>]*>|:\w+:(?=`)")


def prose(source: Source) -> list[Unit]:
    """Plan a text: a unit for each heading, up to the next one."""
    headings = _headings(source)
    units: list[Unit] = []
    first = headings[0][0] if headings else len(source.lines)
    units.extend(_blocks(source, 0, first))
    path: list[tuple[int, str]] = []
    starts = [start for start, _, _, _ in headings]
    for (start, body, level, title), end in zip(headings, [*starts[1:], len(source.lines)], strict=False):
        path = [above for above in path if above[0] < level]
        path.append((level, title))
        symbol = " > ".join(name for _, name in path)
        unit = Unit(start, end, "section", symbol, title, owner=path[-2][1] if len(path) > 1 else None)
        unit.divide = lambda body=body, end=end: _blocks(source, body, end)
        units.append(unit)
    return units


def _headings(source: Source) -> list[tuple[int, int, int, str]]:
    """First line, line after the heading, level and title of each."""
    lines = source.lines
    found: list[tuple[int, int, int, str]] = []
    levels: list[str] = []
    hashes = source.language == "markdown"
    fence = ""
    at = 0
    while at < len(lines):
        line = lines[at]
        if hashes and (mark := _FENCE.match(line)):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        if fence or not line.strip():
            at += 1
            continue
        if hashes and (match := _HASHES.match(line)) and match[2]:
            found.append((at, at + 1, len(match[1]), _plain(match[2])))
        elif (rule := _underline(lines, at)) and not (hashes and rule[0] not in "=-"):
            above = at > 0 and _RULE.match(lines[at - 1]) and lines[at - 1][0] == rule[0]
            if hashes:
                level = "=-".index(rule[0]) + 1
            else:
                style = f"{rule[0]}{'+' if above else ''}"
                if style not in levels:
                    levels.append(style)
                level = levels.index(style) + 1
            found.append((at - 1 if above else at, at + 2, level, _plain(line)))
            at += 1
        at += 1
    return found


def _underline(lines: list[str], at: int) -> str:
    """The mark that underlines this line as a title, if one does."""
    title = lines[at].rstrip()
    if (
        at + 1 >= len(lines)
        or _RULE.match(title)
        or (title[0].isspace() and at and lines[at - 1].strip() == "")
    ):
        return ""
    rule = lines[at + 1].rstrip()
    if not _RULE.match(rule) or len(rule) < len(title.strip()) * 0.8:
        return ""
    overlined = at > 0 and lines[at - 1].rstrip() == rule
    return rule[0] if overlined or at == 0 or not lines[at - 1].strip() else ""


def _plain(title: str) -> str:
    return _MARKUP.sub(lambda match: match[1] or "", title).strip()


def _blocks(source: Source, first: int, last: int) -> list[Unit]:
    """Paragraphs, each with what is indented below it, and fenced blocks whole."""
    lines = source.lines
    starts: list[int] = []
    fence = ""
    blank = True
    for at in range(first, last):
        line = lines[at]
        if mark := _FENCE.match(line):
            if fence and mark[1].startswith(fence):
                fence = ""
                continue
            if not fence:
                fence = mark[1]
        if not line.strip():
            blank = not fence
            continue
        if blank and (not starts or not line[0].isspace()):
            starts.append(at)
        blank = False
    units = []
    for start, end in spans(starts, last):
        unit = Unit(start, end, "paragraph")
        unit.divide = lambda start=start, end=end: _pieces(source, start, end)
        units.append(unit)
    return units


def _pieces(source: Source, first: int, last: int) -> list[Unit]:
    """What blank lines part within a paragraph and its indented rest; list items where none do."""
    lines = source.lines
    starts = [
        at
        for at in range(first, last)
        if lines[at].strip()
        and (at == first or not lines[at - 1].strip() or lines[at].lstrip()[:2] in ("- ", "* "))
    ]
    return [Unit(start, end, "paragraph") for start, end in spans(starts, last)]
