"""A question to a journal: its words, with their inflections, and the spans of time that it names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...storage.analysis import analyse
from ...storage.when import UnreadableTimeError, When, parse_when
from ..irregular import IRREGULAR
from ..porter import porter
from ..query_text import STOP_WORDS as STOP_WORDS_OF_CODE

__all__ = ["JournalQuestion", "Word", "inflections", "plain_words", "spans_of", "weigh"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_WORDS = 32  # a pasted text is asked for by its rarest words
READ_WORDS = 400
STOP_WORDS = (
    STOP_WORDS_OF_CODE
    | _words(
        "we us feel feeling felt remember memory memories ever last think thought much many go went"
        " che di il la un per non con mi sono più ho si le cosa come quando dove chi io è e i a in al del"
        " della der die das ich nicht mit ist und ein eine war wie warum wann wo les une dans pour est très"
        " je que qui quoi el los las una por muy cuándo dónde"
    )
) - _words("work works working use uses using happen happens implemented implementation implement")
SHARE_OF_VARIANT = 0.7
_TOGETHER = {form: group.split() for group in IRREGULAR for form in group.split()}
_STOP = frozenset(analyse(" ".join(sorted(STOP_WORDS))).split())


class Word(NamedTuple):
    """A word of the question: ``variants`` are the forms of it that the journal holds, with how much an
    occurrence of each counts; ``idf`` is the inverse document frequency of all of them together.
    """

    text: str
    variants: Mapping[str, float]
    idf: float


@dataclass(frozen=True, slots=True)
class JournalQuestion:
    """A question as read: words, rarest first, and named spans of time."""

    words: tuple[Word, ...]
    spans: tuple[When, ...]

    @property
    def total_idf(self) -> float:
        """The weight of the whole question."""
        return sum(word.idf for word in self.words) or 1.0


def plain_words(text: str) -> list[str]:
    """The distinct words to look for, as full text analyses them, stop words left out unless there is
    nothing else.
    """
    every = [word for word in dict.fromkeys(analyse(text[:100_000]).split()) if word][:READ_WORDS]
    # The last character of a run of an unspaced script stands for its end, and is asked for by its pair.
    every = [
        word for at, word in enumerate(every) if not (at and len(word) == 1 and every[at - 1][1:] == word)
    ]
    kept = [word for word in every if word not in _STOP]
    return kept or every


def inflections(word: str) -> dict[str, float]:
    """Forms that may mean the same: those of one Porter stem, of an irregular verb, and other last vowels
    (libro, libri). A form's worth is 1 for the word itself, less for the others.
    """
    found = {word: 1.0}
    for other in _TOGETHER.get(word, _TOGETHER.get(word.removesuffix("s"), ())):
        found.setdefault(other, SHARE_OF_VARIANT)
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return found
    root = porter(word)
    base = root[:-1] if root.endswith("i") else root
    double = base + base[-1]
    single = word.removesuffix("s")
    for start in dict.fromkeys(
        (base, base.removesuffix("e"), word, double, single, single.removesuffix("e"))
    ):
        for end in ("", "e", "s", "es", "ed", "ing", "er", "ers", "y", "ies", "ied", "ly"):
            form = start + end
            if form not in found and porter(form) == root:
                found[form] = SHARE_OF_VARIANT
    if word[-1] in "aeio" and len(word) >= 5:
        for vowel in "aeio":
            found.setdefault(word[:-1] + vowel, SHARE_OF_VARIANT)
    return found


def weigh(forms: Mapping[str, Mapping[str, float]], memories: int, counts: Mapping[str, int]) -> list[Word]:
    """Words with those of their forms that occur, rarest first; ``forms`` and ``counts`` go by word."""
    words = []
    for text, variants in forms.items():
        known = {form: worth for form, worth in variants.items() if counts.get(form)}
        if known:
            frequency = min(memories, sum(counts[form] for form in known))
            idf = math.log(1 + (memories - frequency + 0.5) / (frequency + 0.5))
            words.append(Word(text, known, idf))
    words.sort(key=lambda word: (-word.idf, word.text))
    return words[:MAX_WORDS]


_NAMES_TIME = re.compile(
    r"(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?|today|yesterday|(?:last|this) (?:week|month|year)"
    r"|(?:last|on) (?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:\d{1,3}|a|an|one) (?:days?|weeks?|months?|years?) ago",
    re.IGNORECASE,
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
    "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
)  # fmt: skip
_MONTH_OF_YEAR = re.compile(rf"\b({'|'.join(_MONTHS)})\s+(?:of\s+)?((?:19|20)\d\d)\b", re.IGNORECASE)


def spans_of(text: str, now: datetime) -> tuple[When, ...]:
    """The spans of time that a question names: ``2019``, ``May 2020``, ``last week``, ``3 days ago``."""
    head = text[:2_000]
    found: list[When] = []

    def month(match: re.Match[str]) -> str:
        return f"{match[2]}-{_MONTHS.index(match[1].lower()) % 12 + 1:02d}"

    for match in _NAMES_TIME.finditer(_MONTH_OF_YEAR.sub(month, head)):
        try:
            found.append(parse_when(match[0].removeprefix("on ").removeprefix("On "), now=now))
        except UnreadableTimeError:
            continue
    return tuple(found[:8])
