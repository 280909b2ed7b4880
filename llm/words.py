"""Words, and patterns of words: what the perceiver and the answers without a model read texts with.

Text is folded (case, accents) and cut into tokens: words (an apostrophe parts them, so that ``l'amore``
has ``amore``), numbers, emoji, emoticons, and runs of ``!`` and ``?``. Other punctuation ends a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from typing import Final, Generic, NamedTuple, TypeVar

from ..storage.feelings import fold

__all__ = [
    "Match",
    "Patterns",
    "ends_clause",
    "guess_language",
    "is_word",
    "keywords",
    "rows",
    "small_words",
    "stem",
    "tokens",
]

_TOKEN: Final = re.compile(
    r"(?:<3|:'?-?[()]|(?<!\w)(?::d|xd)(?!\w))"
    r"|[^\W\d_]+|\d+(?:[.,:]\d+)*"
    r"|[!?]+|\.\.\.|[.,;:()\n\"«»“”—–…]"
    r"|[\u2600-\u27bf\U0001f300-\U0001faff]"
)
_ENDS: Final = frozenset('.,;:()\n"«»“”—–…') | {"..."}
_GAP: Final = 4
_MAX_TEXT: Final = 20_000

_Value = TypeVar("_Value")


def tokens(text: str) -> list[str]:
    """Cut a text into folded tokens; only its first 20,000 characters are read."""
    return _TOKEN.findall(fold(text[:_MAX_TEXT]))


def is_word(token: str) -> bool:
    """Whether a token is a word."""
    return token[0].isalpha()


def ends_clause(token: str) -> bool:
    """Whether a token ends a clause."""
    return token in _ENDS or token[0] in "!?"


def rows(name: str) -> Iterator[list[str]]:
    """The lines of a file of the lexicon, cut at tabs, without comments."""
    text = (resources.files(__package__) / "lexicon" / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


@lru_cache(maxsize=1)
def _small() -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in rows("small.tsv")}


def small_words(name: str) -> frozenset[str]:
    """The small words of a language (``en``, ``it``) or of a kind (``negators`` and so on)."""
    return _small()[name]


class Match(NamedTuple, Generic[_Value]):
    """A pattern found: the positions of its tokens, what it stands for, whether its words are written out."""

    at: tuple[int, ...]
    value: _Value
    exact: bool


class _Pattern(NamedTuple, Generic[_Value]):
    """Tokens after the first; each with whether it begins a word and how many tokens may stand before it."""

    rest: tuple[tuple[str, bool, int], ...]
    value: _Value
    exact: bool


class Patterns(Generic[_Value]):
    """Patterns of tokens, found in one pass over a text.

    ``word*`` begins a word, ``..`` leaves room for up to four tokens of the same clause.
    """

    def __init__(self, patterns: Iterable[tuple[str, _Value]]) -> None:
        self._whole: dict[str, list[_Pattern[_Value]]] = {}
        self._begun: dict[str, list[_Pattern[_Value]]] = {}
        self._longest = 0
        for text, value in patterns:
            parts: list[tuple[str, bool, int]] = []
            gap = 0
            for part in text.split():
                if part == "..":
                    gap = _GAP
                    continue
                begins = part.endswith("*") and len(part) > 1
                cut = tokens(part.rstrip("*") if begins else part) or [part]
                for last, token in enumerate(cut, 1):
                    parts.append((token, begins and last == len(cut), gap))
                    gap = 0
            (first, begins, _), *rest = parts
            table = self._begun if begins else self._whole
            exact = not begins and not any(part[1] for part in rest)
            table.setdefault(first, []).append(_Pattern(tuple(rest), value, exact))
            if begins:
                self._longest = max(self._longest, len(first))

    def find(self, text: list[str]) -> list[Match[_Value]]:
        """Every match that lies within no longer one, in the order of the text.

        Of matches of the same words, those written out take the place of those that only begin them.
        """
        found: list[Match[_Value]] = []
        for start, token in enumerate(text):
            for pattern in self._starting_with(token):
                at = _follow(text, start, pattern.rest)
                if at:
                    found.append(Match(at, pattern.value, pattern.exact))
        covers: dict[int, list[Match[_Value]]] = {}
        for match in found:
            for place in match.at:
                covers.setdefault(place, []).append(match)
        return [match for match in found if not any(_within(match, o) for o in covers[match.at[0]])]

    def _starting_with(self, token: str) -> Iterator[_Pattern[_Value]]:
        yield from self._whole.get(token, ())
        for size in range(1, min(len(token), self._longest) + 1):
            yield from self._begun.get(token[:size], ())


def _within(match: Match[_Value], other: Match[_Value]) -> bool:
    if match.at == other.at:
        return other.exact and not match.exact
    return set(match.at) < set(other.at)


def _follow(text: list[str], start: int, rest: tuple[tuple[str, bool, int], ...]) -> tuple[int, ...]:
    at = [start]
    place = start
    for wanted, begins, gap in rest:
        for place in range(place + 1, min(place + 2 + gap, len(text))):  # noqa: B020
            token = text[place]
            if token == wanted or (begins and token.startswith(wanted)):
                at.append(place)
                break
            if token in _ENDS:
                return ()
        else:
            return ()
    return tuple(at)


_STOP_EN: Final = small_words("en")
_STOP_IT: Final = small_words("it")
_SHARED: Final = _STOP_EN & _STOP_IT


def guess_language(text: list[str]) -> str:
    """``"en"`` or ``"it"``, by the small words; empty where they do not tell."""
    english = sum(token in _STOP_EN and token not in _SHARED for token in text)
    italian = sum(token in _STOP_IT and token not in _SHARED for token in text)
    if english == italian:
        return ""
    return "en" if english > italian else "it"


def keywords(text: Iterable[str]) -> list[str]:
    """The words that carry meaning: three letters or more, without the small ones."""
    return [
        token
        for token in text
        if len(token) > 2 and is_word(token) and token not in _STOP_EN and token not in _STOP_IT
    ]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word without its inflection, cut lightly and alike for English and Italian.

    English plurals and ``-ing``/``-ed`` lose their ending, Italian words their last vowel, so that
    ``debt``/``debts``, ``banca``/``banche`` and ``walked``/``walking`` meet.
    """
    if len(word) > 4 and word.endswith("'s"):
        word = word[:-2]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] in "aeiou":
        word = word[:-1]
        if len(word) > 4 and word[-1] == "i":
            word = word[:-1]
        if len(word) > 4 and word.endswith(("ch", "gh")):
            word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word
