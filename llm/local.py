"""The perceiver that needs no model: feeling, concept, tags and a note from the text alone.

What the words say (:mod:`.affect_words`) is joined with what the journal's own memories teach
(:mod:`.vocabulary`), which counts the more the larger the journal is. English and Italian.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..storage.feelings import fold
from .affect_words import Cue, cues, evidence, probabilities
from .answers import Perception, Scored
from .topics import Topic, topics_of
from .vocabulary import Vocabulary
from .words import guess_language, is_word, keywords, stem, tokens

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB

__all__ = ["Perceiver"]

_LEARN_FROM: Final = 2000
# From how many memories on the journal counts half of what it may.
_HALF_TRUST: Final = 100
_JOURNAL_WEIGHT: Final = 0.8
_NAMED: Final = 4.0
_SAME_TOPIC: Final = 1.2
_GOOD_CONCEPT: Final = 1.6
_GOOD_TAG: Final = 0.5
_MOST_TAGS: Final = 4
_FULL_TOPIC: Final = 2
_NOTE_FROM: Final = 240
_NOTE_LENGTH: Final = 120
_NO_TOPIC: Final = Topic("Everyday", "Quotidiano")


class Perceiver:
    """Proposes what a text is about; any number of threads may share it.

    Args:
        db: The journal whose words and concepts are reused; None to go by the text alone.
        language: ``en`` or ``it`` for new concepts where the text does not tell its language.
    """

    def __init__(self, db: MemoryDB | None = None, language: str = "en") -> None:
        self._db = db
        self._language = language
        self._learned = Vocabulary()
        self._state = (0, -1)

    def learn(self) -> None:
        """Read the journal's newest memories again if enough of it is new; done by itself when needed."""
        if self._db is None:
            return
        count, generation = self._db.state()
        known, of = self._state
        if generation == of and abs(count - known) <= known // 50:
            return
        self._learned = Vocabulary(self._db.recall(limit=_LEARN_FROM))
        self._state = (count, generation)

    def perceive(self, text: str) -> Perception:
        """What a text seems to be about; any text has an answer, an empty one too."""
        self.learn()
        words = tokens(text)
        language = guess_language(words)
        found = cues(words, language)
        stems = {stem(word) for word in keywords(words)}
        topics = topics_of(words)
        concept = self._concept(words, stems, topics, language or self._language)
        logits = evidence(found)
        learned = self._learned
        if learned.size:
            weight = _JOURNAL_WEIGHT * learned.size / (learned.size + _HALF_TRUST)
            for feeling, value in learned.feeling_evidence(stems, concept).items():
                logits[feeling] = logits.get(feeling, 0.0) + weight * value
        ranked = sorted(
            (Scored(feeling, score) for feeling, score in probabilities(logits).items()),
            key=lambda scored: -scored.score,
        )
        best, *others = ranked
        return Perception(
            content=text,
            extracted_concept=concept,
            extracted_feeling=best.feeling,
            score=best.score,
            alternatives=tuple(others),
            extracted_tags=self._tags(words, stems, topics, concept),
            note=_telling_sentence(text, found),
        )

    def _concept(
        self, words: list[str], stems: set[str], topics: dict[Topic, list[str]], language: str
    ) -> str:
        """The journal's concept that fits, else the text's topic."""
        learned = self._learned
        if learned.size:
            scores = learned.concepts.evidence(stems)
            for name in learned.concepts.counts:
                score = scores.get(name, 0.0)
                if _names(name, words):
                    score += _NAMED
                score += _SAME_TOPIC * sum(
                    min(len(topics[topic]), 2) for topic in learned.topics(name) if topic in topics
                )
                scores[name] = score
            best = max(scores, key=lambda name: (scores[name], learned.concepts.counts[name]))
            if scores[best] >= _GOOD_CONCEPT:
                return best
        return next(iter(topics), _NO_TOPIC).name(language)

    def _tags(
        self, words: list[str], stems: set[str], topics: dict[Topic, list[str]], concept: str
    ) -> tuple[str, ...]:
        """The journal's tags that fit, then the words that made the topics."""
        own = self._learned.tags.likely(stems)
        own |= {name: 1.0 for name in self._learned.tags.counts if _names(name, words)}
        chosen = [name for name in sorted(own, key=lambda name: (-own[name], name)) if own[name] >= _GOOD_TAG]
        del chosen[_MOST_TAGS - 1 :]
        taken = {stem(fold(name)) for name in (*chosen, concept)}
        for place, found in enumerate(topics.values()):
            if place and len(found) < _FULL_TOPIC:
                break  # a single word outside of the main topic is there by chance more often than not
            for word in found:
                if len(chosen) < _MOST_TAGS and len(word) > 2 and stem(word) not in taken:
                    taken.add(stem(word))
                    chosen.append(word)
        return tuple(chosen)


def _names(name: str, words: list[str]) -> bool:
    """Whether a text has every word of a name, inflected or not."""
    wanted = {stem(word) for word in tokens(name) if is_word(word)} - {"the", "il", "l", "th"}
    return bool(wanted) and wanted <= {stem(word) for word in words}


def _telling_sentence(text: str, found: list[Cue]) -> str:
    """The sentence of a long text that bears most of its feeling; empty for a short text."""
    if len(text) < _NOTE_FROM:
        return ""
    weights = 0.0
    best = ""
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", text):
        clean = " ".join(sentence.split())
        weight = sum(max(cue.weights.values(), default=0.0) for cue in cues(tokens(clean)))
        if clean and weight > weights and len(clean) <= _NOTE_LENGTH:
            weights, best = weight, clean
    return best
