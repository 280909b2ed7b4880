"""How a text feels, from its words alone: an affect lexicon with negation, intensity and contrast.

The lexicon is data (``lexicon/en.tsv``, ``it.tsv``, ``emoji.tsv``): patterns of words with weights for
feelings. Evidence adds up by feeling, repeated evidence less each time, and a softmax over the sums gives
the probabilities. Valence shifters follow Polanyi and Zaenen, *Contextual Valence Shifters* (2006): a
negated word counts for what is left when the feeling is denied, an intensifier more, a diminisher less,
and what follows a *but* more than what stands before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from ..storage.feelings import Feeling
from .words import Patterns, ends_clause, guess_language, rows, small_words

__all__ = ["Cue", "cues", "evidence", "probabilities"]

# Evidence, in nats before the softmax, of a pattern that hints, suggests, says or names a feeling.
_WEIGHT: Final = (0.0, 0.35, 0.9, 1.8, 2.6)
_REPEATED: Final = 0.6
_NEGATED_SCOPE: Final = 3
_INTENSE, _SLIGHT = 1.3, 0.75
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.3

_NEGATORS: Final = small_words("negators")
_CONTRACTED: Final = small_words("contracted")
_INTENSIFIERS: Final = small_words("intensifiers")
_DIMINISHERS: Final = small_words("diminishers")
_CONTRASTS: Final = small_words("contrasts")
_CONCESSIONS: Final = small_words("concessions")

# What is left of a feeling that is denied.
_DENIED: Final[Mapping[Feeling, Mapping[Feeling, float]]] = {
    Feeling.JOY: {Feeling.SADNESS: 0.5, Feeling.MELANCHOLY: 0.4},
    Feeling.SERENITY: {Feeling.ANXIETY: 0.5, Feeling.ANGER: 0.2},
    Feeling.PRIDE: {Feeling.SHAME: 0.7},
    Feeling.LOVE: {Feeling.SADNESS: 0.3},
    Feeling.GRATITUDE: {Feeling.ANGER: 0.3},
    Feeling.CURIOSITY: {Feeling.BOREDOM: 0.5},
    Feeling.SURPRISE: {Feeling.BOREDOM: 0.2},
    Feeling.SADNESS: {Feeling.MELANCHOLY: 0.4, Feeling.SERENITY: 0.2},
    Feeling.MELANCHOLY: {Feeling.SERENITY: 0.3},
    Feeling.ANXIETY: {Feeling.SERENITY: 0.7},
    Feeling.FEAR: {Feeling.SERENITY: 0.4, Feeling.PRIDE: 0.2},
    Feeling.ANGER: {Feeling.SERENITY: 0.3},
    Feeling.SHAME: {Feeling.PRIDE: 0.4},
    Feeling.BOREDOM: {Feeling.JOY: 0.3},
    Feeling.NOSTALGIA: {},
}

# Whose evidence speaks a little for whom: feelings that people take for one another.
_NEAR: Final[tuple[tuple[Feeling, Feeling, float], ...]] = (
    (Feeling.FEAR, Feeling.ANXIETY, 0.2),
    (Feeling.SADNESS, Feeling.MELANCHOLY, 0.2),
    (Feeling.NOSTALGIA, Feeling.MELANCHOLY, 0.15),
    (Feeling.JOY, Feeling.PRIDE, 0.1),
    (Feeling.JOY, Feeling.LOVE, 0.1),
    (Feeling.JOY, Feeling.SERENITY, 0.1),
    (Feeling.GRATITUDE, Feeling.LOVE, 0.15),
    (Feeling.ANGER, Feeling.SADNESS, 0.1),
    (Feeling.SHAME, Feeling.SADNESS, 0.1),
    (Feeling.SURPRISE, Feeling.CURIOSITY, 0.1),
    (Feeling.MELANCHOLY, Feeling.BOREDOM, 0.1),
)


class Cue(NamedTuple):
    """A pattern that was found: the positions of its tokens, and its evidence by feeling."""

    at: tuple[int, ...]
    weights: Mapping[Feeling, float]


@lru_cache(maxsize=4)
def _lexicon(language: str) -> Patterns[Mapping[Feeling, float]]:
    merged: dict[str, dict[Feeling, float]] = {}
    for name in ("emoji.tsv", *(("en.tsv", "it.tsv") if not language else (f"{language}.tsv",))):
        for heading, patterns in rows(name):
            for named in heading.split():
                feeling, _, weight = named.partition(":")
                for pattern in patterns.split(" | "):
                    weights = merged.setdefault(pattern.strip(), {})
                    value = _WEIGHT[int(weight)]
                    weights[Feeling(feeling)] = max(value, weights.get(Feeling(feeling), 0.0))
    return Patterns(merged.items())


def cues(text: list[str], language: str | None = None) -> list[Cue]:
    """Find the patterns of the lexicon in a text's tokens, shifted by their context.

    ``language`` is ``en``, ``it``, empty for both, or None to guess it.
    """
    chosen = guess_language(text) if language is None else language
    emphasis = _emphasis(text)
    found = []
    for match in _lexicon(chosen).find(text):
        weights = match.value
        if text[match.at[0]][0].isalnum() and _negated(text, match.at[0]):
            weights = _denied(weights)
        factor = emphasis[match.at[0]] * _intensity(text, match.at[0])
        found.append(Cue(match.at, {feeling: weight * factor for feeling, weight in weights.items()}))
    return found


def evidence(found: list[Cue]) -> dict[Feeling, float]:
    """Add cues up by feeling: the strongest whole, each further one less; near feelings get a share."""
    by_feeling: dict[Feeling, list[float]] = {}
    for cue in found:
        for feeling, weight in cue.weights.items():
            by_feeling.setdefault(feeling, []).append(weight)
    sums = {
        feeling: sum(weight * _REPEATED**place for place, weight in enumerate(sorted(weights, reverse=True)))
        for feeling, weights in by_feeling.items()
    }
    spread = dict(sums)
    for one, other, share in _NEAR:
        for giver, taker in ((one, other), (other, one)):
            if giver in sums:
                spread[taker] = spread.get(taker, 0.0) + share * sums[giver]
    return spread


def probabilities(logits: Mapping[Feeling, float]) -> dict[Feeling, float]:
    """Softmax over the fifteen; a feeling without evidence has the logit 0. They make 1 together."""
    powers = {feeling: math.exp(logits.get(feeling, 0.0)) for feeling in Feeling}
    whole = sum(powers.values())
    return {feeling: power / whole for feeling, power in powers.items()}


def _denied(weights: Mapping[Feeling, float]) -> dict[Feeling, float]:
    left: dict[Feeling, float] = {}
    for feeling, weight in weights.items():
        for other, share in _DENIED[feeling].items():
            left[other] = left.get(other, 0.0) + weight * share
    return left


def _negated(text: list[str], start: int) -> bool:
    for place in range(start - 1, max(-1, start - 1 - _NEGATED_SCOPE), -1):
        word = text[place]
        if ends_clause(word):
            return False
        if word in _NEGATORS or (word == "t" and place and text[place - 1] in _CONTRACTED):
            return True
    return False


def _intensity(text: list[str], start: int) -> float:
    near = text[max(0, start - 2) : start]
    if any(token in _DIMINISHERS for token in near):
        return _SLIGHT
    return _INTENSE if any(token in _INTENSIFIERS for token in near) else 1.0


def _emphasis(text: list[str]) -> list[float]:
    """How much each token counts: less before a *but* of its sentence and after an *although*."""
    emphasis = [1.0] * len(text)
    for start, end in _sentences(text):
        turn = next((at for at in range(start + 1, end) if text[at] in _CONTRASTS), None)
        if turn is not None:
            emphasis[start:turn] = [_BEFORE_BUT] * (turn - start)
            emphasis[turn:end] = [_AFTER_BUT] * (end - turn)
        elif text[start] in _CONCESSIONS:
            comma = next((at for at in range(start, end) if text[at] == ","), start)
            emphasis[start:comma] = [_BEFORE_BUT] * (comma - start)
    return emphasis


def _sentences(text: list[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for at, word in enumerate(text):
        if word in (".", "\n") or word[0] in "!?":
            if at > start:
                yield start, at
            start = at + 1
    if start < len(text):
        yield start, len(text)
