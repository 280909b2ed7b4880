"""What full text calls a word, in memories and in queries alike. Knows no index.

Every text is brought into one form, words with a space between them, and all that searches works
on that form: case and accents are folded in any script, every run of a script that writes without
spaces (Han, kana, Hangul, Thai and their kin) becomes overlapping pairs of characters and its last
character alone, and an emoji or other symbol is a word of its own. Nothing is stemmed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .memory import Memory

__all__ = ["ANALYSIS_VERSION", "LONGEST_WORD", "Clause", "Query", "Searchable", "analyse", "parse"]

ANALYSIS_VERSION: Final = 1
"""Part of the index's name: raise it with any change to what a text's words are."""

LONGEST_WORD: Final = 4096
"""A longer word is cut to this many characters; the index takes no term above 65,530 bytes."""

# Letters that no decomposition takes apart, though people type them without their stroke.
_STROKES: Final = {
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŋ": "n", "ŧ": "t",
    "æ": "ae", "œ": "oe", "þ": "th", "ƀ": "b", "ɨ": "i", "ƶ": "z", "ɓ": "b", "ɗ": "d",
}  # fmt: skip

# Variation selectors and skin tones: they change how the character before them looks.
_ONLY_SHAPES: Final = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")

_UNSPACED: Final = (
    "\u0e00-\u0edf"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3005-\u3007\u3031-\u3035\u303b\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"  # kana, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\uac00-\ud7a3"  # Hangul
    "\uff66-\uff9f"  # half-width kana
    "\U0001b000-\U0001b16f\U00020000-\U000323af"  # kana supplements, Han extensions
)
_UNSPACED_CHARACTER: Final = re.compile(f"[{_UNSPACED}]")
_UNSPACED_RUN: Final = re.compile(f"[{_UNSPACED}]+")


def _folded(char: str) -> str:
    """One character's share of the analysed text: letters, nothing, or a separating space."""
    if _UNSPACED_CHARACTER.match(char) and unicodedata.category(char)[0] in "LNM":
        return char  # a voicing mark is no accent, and a Hangul syllable stays whole
    result = ""
    for part in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char.casefold()).casefold()):
        category = unicodedata.category(part)
        if unicodedata.combining(part) or category in ("Cf", "Me") or _ONLY_SHAPES.match(part):
            continue
        if category[0] in "LNM":
            result += _STROKES.get(part, part)
        elif category == "So":
            result += f" {part} "
        else:
            result += " "
    return " " if result.isspace() else result


class _Folds(dict[int, str]):
    """The table of ``str.translate``, filled with the characters that occur."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _folded(char) if code > 0x7F or char.isalnum() else " "
        self[code] = folded
        return folded


_FOLDS: Final = _Folds()
_ASCII: Final = {code: _FOLDS[code] for code in range(0x80)}


def _code_page() -> tuple[bytes, bytes, re.Pattern[str]]:
    """A table over cp1252, the characters that vanish in it, and those that it cannot fold.

    Nearly every European text fits that code page, where ``bytes.translate`` folds it in one pass.
    """
    table, gone, other = bytearray(b" " * 256), bytearray(), ""
    for byte in range(256):
        char = bytes((byte,)).decode("cp1252", "replace")
        folded = _FOLDS[ord(char)]
        if not folded:
            gone.append(byte)
        elif len(folded) == 1 and folded.isascii():
            table[byte] = ord(folded)
        elif char != "\ufffd":
            other += char
    return bytes(table), bytes(gone), re.compile(f"[{re.escape(other)}]")


_CP1252, _CP1252_GONE, _CP1252_OTHER = _code_page()


def analyse(text: str) -> str:
    """Bring a text into the form that is indexed and searched: its words, spaces between them.

    The number of spaces has no meaning; ``analyse(text).split()`` are the words.
    """
    words = text.translate(_ASCII) if text.isascii() else _european(text) or _any_script(text)
    if len(words) > LONGEST_WORD:
        return " ".join([word[:LONGEST_WORD] for word in words.split()])
    return words


@lru_cache(maxsize=4096)
def _analyse_name(name: str) -> str:
    return analyse(name)


def _european(text: str) -> str | None:
    try:
        raw = text.encode("cp1252")
    except UnicodeEncodeError:
        return None
    if _CP1252_OTHER.search(text):
        return None
    return raw.translate(_CP1252, _CP1252_GONE).decode("ascii")


def _any_script(text: str) -> str:
    # Composed first: kana may come with its voicing mark apart, and Hangul as single jamo.
    words = unicodedata.normalize("NFKC", text).translate(_FOLDS)
    if _UNSPACED_CHARACTER.search(words):
        words = _UNSPACED_RUN.sub(_pairs, words)
    return words


def _pairs(run: re.Match[str]) -> str:
    chars = run.group()
    return " " + " ".join([chars[at : at + 2] for at in range(len(chars))]) + " "


class Searchable(NamedTuple):
    """What full text reads of a memory: what it filters by, as stored, and the texts."""

    concept: str
    feeling: str
    tags: Sequence[str]
    content: str
    note: str
    reading: str

    @classmethod
    def of(cls, memory: Memory) -> Searchable:
        """Take it from a memory."""
        reading = (memory.reading or {}).get("text")
        return cls(
            memory.concept,
            memory.feeling_token,
            memory.tags,
            memory.content,
            memory.note,
            reading if isinstance(reading, str) else "",
        )

    def parts(self) -> list[str]:
        """Analyse the texts, one by one; no phrase reaches from one into the next."""
        content = self.content
        if content.startswith("data:"):
            content = content.partition(";base64,")[0]
        parts = [analyse(content), _analyse_name(self.concept)]
        if self.note:
            parts.append(analyse(self.note))
        parts += map(_analyse_name, self.tags)
        if self.reading:
            parts.append(analyse(self.reading))
        return parts


class Clause(NamedTuple):
    """Words that must stand side by side in one part of a memory; ``open_ended``: the last may go on."""

    words: tuple[str, ...]
    open_ended: bool = False


Query = tuple[tuple[Clause, ...], ...]
"""Alternatives; within one, every clause must match. Empty: the text has no words."""

_QUOTED_OR_NOT: Final = re.compile(r'"([^"]*)"(\*?)|([^\s"]+)|"')
_QUOTES: Final = str.maketrans("“”„‟«»", '""""""')


@lru_cache(maxsize=8)
def parse(text: str) -> Query:
    """Read a query: words are AND, ``OR`` between alternatives, ``"phrases"``, ``prefix*``.

    AND binds tighter than OR. An OR with nothing beside it, a quote without its partner and all
    other punctuation mean nothing; a word that punctuation takes apart (``e-mail``) is a phrase.
    No text is an error.
    """
    alternatives: list[tuple[Clause, ...]] = []
    clauses: dict[Clause, None] = {}
    for phrase, star, word in _QUOTED_OR_NOT.findall(text.translate(_QUOTES)):
        if word == "OR":
            alternatives.append(tuple(clauses))
            clauses = {}
        elif word != "AND":
            clause = _clause(phrase or word, is_open=bool(star) or (phrase or word).endswith("*"))
            if clause is not None:
                clauses[clause] = None
    alternatives.append(tuple(clauses))
    return tuple(dict.fromkeys(found for found in alternatives if found))


def _clause(text: str, *, is_open: bool) -> Clause | None:
    words = tuple(analyse(text).split())
    if not words:
        return None
    if _UNSPACED_CHARACTER.match(words[-1]):
        # In a memory the run may go on: its last character alone stands only at a run's end.
        follows_pair = len(words) > 1 and len(words[-2]) == 2 and words[-2][1:] == words[-1]
        if len(words[-1]) == 1 and follows_pair:
            return Clause(words[:-1])
        return Clause(words, open_ended=len(words[-1]) == 1)
    return Clause(words, open_ended=is_open)
