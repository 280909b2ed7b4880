"""What texts and concepts are about: thirty topics with their words, in English and Italian.

A topic is what makes *money*, *bank* and *Debt* kin without a model: it proposes a concept for a text, and
widens a question to the words and concepts near its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from .words import Patterns, rows, tokens

__all__ = ["Topic", "topics_of", "topics_of_name", "words_of"]


class Topic(NamedTuple):
    """A topic's name in English and in Italian."""

    english: str
    italian: str

    def name(self, language: str) -> str:
        """The name in a language."""
        return self.italian if language == "it" else self.english


@lru_cache(maxsize=1)
def _table() -> dict[Topic, tuple[str, ...]]:
    return {
        Topic(english, italian): tuple(pattern.strip() for pattern in patterns.split(" | "))
        for english, italian, patterns in rows("topics.tsv")
    }


@lru_cache(maxsize=1)
def _patterns() -> Patterns[Topic]:
    found: list[tuple[str, Topic]] = []
    for topic, patterns in _table().items():
        names = {topic.english.lower(), topic.italian.lower()}
        found += [(pattern, topic) for pattern in {*patterns, *names}]
    return Patterns(found)


def topics_of(text: list[str]) -> dict[Topic, list[str]]:
    """The topics of a text's tokens with their words as they stand in it, the fullest topic first."""
    found: dict[Topic, list[str]] = {}
    for match in _patterns().find(text):
        word = " ".join(text[place] for place in match.at)
        words = found.setdefault(match.value, [])
        if word not in words:
            words.append(word)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def words_of(topic: Topic) -> tuple[str, ...]:
    """The words of a topic, as patterns."""
    return _table()[topic]


@lru_cache(maxsize=4096)
def topics_of_name(name: str) -> frozenset[Topic]:
    """The topics that a concept's or a tag's name belongs to."""
    return frozenset(topics_of(tokens(name)))
