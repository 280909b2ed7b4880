"""What of a text without a grammar can go: paragraphs of prose, lines of data that open nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .parts import MARKED, Block, Outline, Part

if TYPE_CHECKING:
    from ..config import CompressionConfig

__all__ = ["by_layout"]

_PROSE: Final = frozenset({"markdown", "rst", "text"})
LONG: Final = 12
"""Lines of a paragraph above which each goes by itself."""

_FENCE: Final = re.compile(r"\s*(```+|~~~+)")
_HEADING: Final = re.compile(r"#{1,6}\s|\.\. |\[[^\]]+\]:|={3,}\s*$|-{3,}\s*$|~{3,}\s*$|\*{3,}\s*$")
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
_UNDERLINE: Final = re.compile(r"([=\-~^\"'`#*+.])\1{2,}\s*$")
_STAYS: Final = re.compile(
    r"\s*(?:</|\[|@|#!|---|%|\{%|(?:if|else|elif|end|for|while|return|raise|throw|create|alter|select|begin|commit)\b)",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"\s*(?:#|//|--|/\*|<!--|;)")
_TAG: Final = re.compile(r"<(/?)[A-Za-z][^<>]*?(/?)>")
_VOID: Final = re.compile(
    r"<(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b[^<>]*>", re.I
)


def by_layout(language: str, lines: list[str], config: CompressionConfig) -> Outline:
    """Find the parts of ``lines`` by blank lines, indentation and brackets. Comments that document are not
    told from others here, so ``preserve_docstrings`` keeps every comment."""
    return _prose(lines) if language in _PROSE else _lines(lines, config)


def _prose(lines: list[str]) -> Outline:
    found = Outline()
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            start = at
            while at < len(lines) and not lines[at].strip():
                at += 1
            if at - start > 1:
                found.gaps.append((start, at))
            continue
        start = at
        if fence := _FENCE.match(line):
            at += 1
            while at < len(lines) and not lines[at].lstrip().startswith(fence[1]):
                at += 1
            at = min(at + 1, len(lines))
        else:
            at += 1
            while at < len(lines) and _goes_on(lines[at]):
                at += 1
            if _HEADING.match(line) or (at - start > 1 and _UNDERLINE.match(lines[start + 1])):
                continue
            if at - start == 1 and at < len(lines) and _UNDERLINE.match(lines[at]):
                continue
        if at - start > LONG and not fence:  # a table, a log, verses: no paragraph has so many
            for row in range(start, at):
                if not MARKED.search(lines[row]):
                    _add(found, lines, row, row + 1, "line")
        elif not any(map(MARKED.search, lines[start:at])):
            _add(found, lines, start, at, "paragraph")
    return found


def _goes_on(line: str) -> bool:
    return bool(line.strip()) and not (_FENCE.match(line) or _HEADING.match(line) or _ITEM.match(line))


def _lines(lines: list[str], config: CompressionConfig) -> Outline:
    found = Outline()
    filled = [number for number, line in enumerate(lines) if line.strip()]
    for place, number in enumerate(filled):
        line = lines[number]
        after = filled[place + 1] if place + 1 < len(filled) else None
        if after is not None and after - number > 2:
            found.gaps.append((number + 1, after))
        if after is not None and _indent(lines[after]) > _indent(line):
            continue
        if _COMMENT.match(line) and config.preserve_docstrings:
            continue
        if _STAYS.match(line) or MARKED.search(line) or not _balanced(line):
            continue
        _add(found, lines, number, number + 1, "line")
    return found


def _add(found: Outline, lines: list[str], start: int, end: int, kind: str) -> None:
    """A part in the block of its indentation: neighbours of one depth share a mark."""
    indent = lines[start][: _indent(lines[start])]
    if not found.blocks or found.blocks[-1].indent != indent:
        found.blocks.append(Block(indent, kept=1))
    found.blocks[-1].parts.append(len(found.parts))
    found.parts.append(Part(start, end, kind, len(found.blocks) - 1))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _balanced(line: str) -> bool:
    """Whether the line closes what it opens."""
    for opening, closing in ("()", "[]", "{}"):
        if line.count(opening) != line.count(closing):
            return False
    depth = 0
    for end, alone in _TAG.findall(_VOID.sub("", line)):
        depth += -1 if end else 0 if alone else 1
    return depth == 0 and line.count('"""') % 2 == 0
