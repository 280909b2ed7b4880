"""What a journal teaches: which of its words go with which feeling, concept and tag.

Counts over its newest memories. A label's evidence from a word is the logarithm of how much more likely
the word makes it, shrunk towards no evidence where the word is rare (the m-estimate of Cestnik,
*Estimating Probabilities: A Crucial Task in Machine Learning*, 1990); words are taken as independent, as
in naive Bayes, and tempered, because they are not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from ..storage.feelings import Feeling, kin_of
from ..storage.memory import Memory
from .topics import Topic, topics_of_name
from .words import keywords, stem, tokens

__all__ = ["Labels", "Vocabulary"]

_SHRINK: Final = 6.0
# A stem seen this often tells half of what it seems to.
_RARE: Final = 2.0
_Label = TypeVar("_Label")


class Labels(Generic[_Label]):
    """Labels of one kind, counted by the stems of the memories that have them."""

    def __init__(self) -> None:
        self.counts: Counter[_Label] = Counter()
        self._memories = 0
        self._by_stem: dict[str, Counter[_Label]] = {}
        self._with_stem: Counter[str] = Counter()

    def add(self, labels: Iterable[_Label], stems: Iterable[str]) -> None:
        """Count one memory."""
        self._memories += 1
        labels = tuple(labels)
        self.counts.update(labels)
        for each in stems:
            self._with_stem[each] += 1
            if labels:
                self._by_stem.setdefault(each, Counter()).update(labels)

    def evidence(self, stems: Iterable[str]) -> dict[_Label, float]:
        """Evidence for each label that goes with some stem, in nats; 0 is none either way."""
        found: dict[_Label, float] = {}
        known = [each for each in stems if each in self._by_stem]
        labels = set().union(*(self._by_stem[each] for each in known))
        for label in labels:
            prior = self.counts[label] / self._memories
            for each in known:
                ratio = (self._by_stem[each][label] + _SHRINK * prior) / (
                    (self._with_stem[each] + _SHRINK) * prior
                )
                found[label] = found.get(label, 0.0) + math.log(ratio)
        return {label: value / math.sqrt(len(known)) for label, value in found.items()}

    def likely(self, stems: Iterable[str]) -> dict[_Label, float]:
        """The part of the memories with a stem that has the label, of the stem that tells most; 0 to 1."""
        found: dict[_Label, float] = {}
        for each in stems:
            for label, count in self._by_stem.get(each, {}).items():
                found[label] = max(found.get(label, 0.0), count / (self._with_stem[each] + _RARE))
        return found


class Vocabulary:
    """The labels of a journal's memories: feelings, concepts, tags, and feelings by concept."""

    def __init__(self, memories: Iterable[Memory] = ()) -> None:
        self.size = 0
        self.feelings: Labels[Feeling] = Labels()
        self.concepts: Labels[str] = Labels()
        self.tags: Labels[str] = Labels()
        self._of_concept: dict[str, Counter[Feeling]] = {}
        self._topics: dict[str, frozenset[Topic]] = {}
        for memory in memories:
            self._add(memory)

    def _add(self, memory: Memory) -> None:
        self.size += 1
        stems = {stem(word) for word in keywords(tokens(f"{memory.content}\n{memory.note}"))}
        self.concepts.add((memory.concept,), stems)
        self.tags.add(set(memory.tags), stems)
        feeling = kin_of(memory.feeling)
        if feeling is not None:
            self.feelings.add((feeling,), stems)
            self._of_concept.setdefault(memory.concept, Counter())[feeling] += 1

    def topics(self, name: str) -> frozenset[Topic]:
        """The topics of a concept's or a tag's name."""
        found = self._topics.get(name)
        if found is None:
            found = self._topics[name] = topics_of_name(name)
        return found

    def feeling_evidence(self, stems: Iterable[str], concept: str) -> dict[Feeling, float]:
        """Evidence for feelings from a text's stems, from its concept and from how often each is felt."""
        found = self.feelings.evidence(stems)
        of_concept = self._of_concept.get(concept, Counter())
        seen = of_concept.total()
        for feeling in Feeling:
            prior = (self.feelings.counts[feeling] + 1) / (self.feelings.counts.total() + len(Feeling))
            given = (of_concept[feeling] + _SHRINK * prior) / (seen + _SHRINK)
            found[feeling] = (
                found.get(feeling, 0.0) + math.log(given / prior) + 0.5 * math.log(prior * len(Feeling))
            )
        return found
