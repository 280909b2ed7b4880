"""The fifteen feelings, the tokens that stand for them, and the later ones found in real journals.

A stored token is never rewritten. Reading shows the canonical feeling for the fifteen (in English
or Italian), a later feeling under its own English name, and any other token as it stands.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from .errors import InvalidMemoryError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LATER_FEELINGS",
    "Feeling",
    "LaterFeeling",
    "canonical_feeling",
    "fold",
    "kin_of",
    "match_feelings",
]


class Feeling(StrEnum):
    """One of the fifteen feelings that mnemo writes; the value is the token in the log."""

    JOY = "joy"
    SADNESS = "sadness"
    ANGER = "anger"
    FEAR = "fear"
    NOSTALGIA = "nostalgia"
    LOVE = "love"
    MELANCHOLY = "melancholy"
    SERENITY = "serenity"
    SURPRISE = "surprise"
    ANXIETY = "anxiety"
    GRATITUDE = "gratitude"
    SHAME = "shame"
    PRIDE = "pride"
    BOREDOM = "boredom"
    CURIOSITY = "curiosity"

    @property
    def italian(self) -> str:
        """The Italian token that existing journals hold."""
        return _ITALIAN[self]

    @classmethod
    def parse(cls, text: str) -> Feeling:
        """Read a feeling in English or Italian, case and accents folded.

        Raises:
            InvalidMemoryError: ``text`` names none of the fifteen.
        """
        found = _BY_TOKEN.get(text)
        if not isinstance(found, Feeling):
            found = _BY_FOLDED_NAME.get(fold(text.strip()))
        if found is None:
            raise InvalidMemoryError(f"unknown feeling {text!r}: use one of {', '.join(cls)}")
        return found


class LaterFeeling(NamedTuple):
    """A feeling beyond the fifteen, as found in real journals."""

    name: str
    token: str
    kin: Feeling
    """Whose place it takes for colour, order and valence."""


_ITALIAN: Final[dict[Feeling, str]] = dict(
    zip(
        Feeling,
        (
            "gioia",
            "tristezza",
            "rabbia",
            "paura",
            "nostalgia",
            "amore",
            "malinconia",
            "serenità",
            "sorpresa",
            "ansia",
            "gratitudine",
            "vergogna",
            "orgoglio",
            "noia",
            "curiosità",
        ),
        strict=True,
    )
)

_LATER: Final = (
    LaterFeeling("relief", "sollievo", Feeling.SERENITY),
    LaterFeeling("guilt", "senso_di_colpa", Feeling.SHAME),
    LaterFeeling("hope", "speranza", Feeling.JOY),
    LaterFeeling("disappointment", "delusione", Feeling.SADNESS),
    LaterFeeling("loneliness", "solitudine", Feeling.SADNESS),
    LaterFeeling("confusion", "confusione", Feeling.ANXIETY),
    LaterFeeling("envy", "invidia", Feeling.ANGER),
    LaterFeeling("embarrassment", "imbarazzo", Feeling.SHAME),
    LaterFeeling("excitement", "eccitazione", Feeling.JOY),
    LaterFeeling("resignation", "rassegnazione", Feeling.MELANCHOLY),
    LaterFeeling("amazement", "stupore", Feeling.SURPRISE),
    LaterFeeling("neutrality", "neutralità", Feeling.BOREDOM),
    LaterFeeling("wonder", "meraviglia", Feeling.CURIOSITY),
)

LATER_FEELINGS: Final[dict[str, LaterFeeling]] = {later.name: later for later in _LATER}
"""Later feelings by their English name."""


def fold(text: str) -> str:
    """Fold case and accents, for comparing names: ``"Serenità"`` and ``"serenita"`` are one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


_BY_TOKEN: Final[dict[str, Feeling | str]] = {
    **{feeling.value: feeling for feeling in Feeling},
    **{token: feeling for feeling, token in _ITALIAN.items()},
    **{later.token: later.name for later in _LATER},
}
_BY_FOLDED_NAME: Final[dict[str, Feeling]] = {
    fold(token): feeling for token, feeling in _BY_TOKEN.items() if isinstance(feeling, Feeling)
}


def canonical_feeling(token: str) -> Feeling | str:
    """What a stored token is shown as: one of the fifteen, a later feeling's name, or itself."""
    return _BY_TOKEN.get(token, token)


def kin_of(feeling: str) -> Feeling | None:
    """Which of the fifteen lends its colour and place: itself, a later feeling's kin, None if unknown."""
    known = _BY_TOKEN.get(feeling, feeling)
    if isinstance(known, Feeling):
        return known
    later = LATER_FEELINGS.get(known)
    return later.kin if later else None


def match_feelings(wanted: Iterable[Feeling | str], stored: Iterable[str]) -> set[str]:
    """Choose the stored tokens that any wanted name stands for.

    A name is taken in English or Italian, or as the stored token itself, case and accents folded.

    Raises:
        InvalidMemoryError: a name is neither a known feeling nor a stored token.
    """
    by_folded: dict[str, set[str]] = {}
    for token in stored:
        by_folded.setdefault(fold(canonical_feeling(token)), set()).add(token)
        by_folded.setdefault(fold(token), set()).add(token)
    tokens: set[str] = set()
    for name in wanted:
        folded = fold(name.strip())
        shown = _BY_FOLDED_NAME.get(folded)
        if shown is None and folded not in by_folded and not _is_later(folded):
            raise InvalidMemoryError(f"unknown feeling {name!r}: use one of {', '.join(Feeling)}")
        tokens |= by_folded.get(shown if shown is not None else folded, set())
    return tokens


def _is_later(folded: str) -> bool:
    return any(folded in (later.name, fold(later.token)) for later in _LATER)
