"""Foreign text made harmless to print: no escape sequence, override or invisible end of line takes effect."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["UNSAFE", "inert", "one_line"]

# C0 and C1 controls but for tab and newline, directional overrides and isolates, the other line
# separators, and halves of surrogate pairs. As text, for `re` to compile
# once something foreign is printed.
UNSAFE: Final = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def inert(text: str) -> str:
    """``text`` with what could act on a terminal shown instead; tabs and newlines stay.

    Controls become their pictures (``␛``), all else its number (``⟨U+202E⟩``); the end of line of
    other systems becomes a newline.
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(UNSAFE, _shown, text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = 200) -> str:
    """The beginning of ``text`` on one line, white space run together, inert, cut with an ellipsis."""
    line = inert(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
