"""Make foreign text harmless to draw: no escape sequence, override or invisible mark takes effect.

Widths are those of Rich, which the screen is laid out by, so what is cut here fits there.
"""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len

__all__ = ["cut", "cut_parts", "inert", "one_line", "tail"]


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    table[0x7F] = "␡"
    table.update(dict.fromkeys(range(0x80, 0xA0), "�"))
    del table[ord("\n")], table[ord("\t")]
    table[0x85] = table[0x2028] = table[0x2029] = "\n"
    # What draws nothing but changes what is around it: joiners and selectors make widths that
    # terminals disagree on, directional marks reorder the line, tags and annotations hide text.
    invisible = [0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F)]
    invisible += [*range(0x2060, 0x2070), *range(0xFE00, 0xFE10), *range(0xFFF9, 0xFFFC)]
    invisible += [*range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0)]
    table.update(dict.fromkeys(invisible, None))
    table.update(dict.fromkeys(range(0xD800, 0xE000), "�"))
    return table


_TABLE: Final = _table()
_NEWLINES: Final = re.compile(r"\r\n?")
_PILED_MARKS: Final = re.compile("([\u0300-\u036f\u0489\u20d0-\u20ff]{3})[\u0300-\u036f\u0489\u20d0-\u20ff]+")


def inert(text: str) -> str:
    """Return ``text`` with controls made visible and invisible marks dropped; newlines and tabs stay.

    ``\\r`` and ``\\r\\n`` become newlines; a pile of combining marks keeps its first three.
    """
    if text.isascii() and text.isprintable():
        return text
    return _PILED_MARKS.sub(r"\1", _NEWLINES.sub("\n", text).translate(_TABLE))


def one_line(text: str, limit: int = 400) -> str:
    """The start of ``text`` on one line, at most ``limit`` characters, white space run together."""
    return " ".join(inert(text[: limit * 2]).split())[:limit]


def cut(text: str, width: int) -> str:
    """Fit ``text`` (inert, one line) to exactly ``width`` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return ""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    size = cell_len(text)
    if size <= width:
        return text + " " * (width - size)
    kept = text[: width - 1]
    size = cell_len(kept)
    while size > width - 1:
        kept = kept[:-1]
        size = cell_len(kept)
    return kept + "…" + " " * (width - 1 - size)


def tail(text: str, width: int) -> str:
    """Fit ``text`` as :func:`cut` does, but keep its end: that of a path tells most, from a slash on."""
    if len(text) <= width:
        return cut(text, width)
    end = text[-(width - 1) :]
    slash = end.find("/", 0, len(end) // 2)
    return cut(f"…{end[max(0, slash) :]}", width)


def cut_parts(text: str, width: int) -> str:
    """Fit ``text`` as :func:`cut` does; one whose parts middle dots part ends after a whole one, where that
    leaves no more than half of the width blank."""
    short = cut(text, width)
    whole = short.rpartition(" · ")[0]
    return short if cell_len(text) <= width or 2 * cell_len(whole) < width else cut(f"{whole} …", width)
