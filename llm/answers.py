"""What the five operations give, whoever answered: a model, or mnemo by itself (``provider`` is ``"local"``).

What is **computed** is there in either case: which memories were used, the alternatives of a perception,
the arc's points and shifts, who is linked in a dream, the portrait's counts. A **model** adds language:
the enriched reading, the answer's prose and which memories it cites, the reflection, what connects the
memories of a dream, the portrait. Without a model the prose is plain sentences made of what was computed.

``as_json`` gives the shapes that ``--json`` prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from ..storage.feelings import Feeling
from ..storage.memory import Memory

__all__ = [
    "LOCAL",
    "Answer",
    "Confidence",
    "Connection",
    "Dream",
    "Perception",
    "Portrait",
    "Reflection",
    "Scored",
]

_MORE_THAN_A_GUESS: Final = 0.1
"""How likely the best of fifteen feelings is at least where a word speaks for it; chance is 0.067."""
LOCAL: Final = "local"
"""The provider's name where no model took part."""


class Confidence(StrEnum):
    """How far the memories bear the answer out."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"
    """The journal holds nothing on it."""


class Scored(NamedTuple):
    """A feeling with how likely it is, 0 to 1; all fifteen together make 1."""

    feeling: Feeling
    score: float


class Connection(NamedTuple):
    """What links some memories of a dream: their ids, and the link in words."""

    memory_ids: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Perception:
    """What a text seems to be about.

    Attributes:
        content: The user's words, as written.
        extracted_concept: A concept of the journal where one fits, else a new one; never empty.
        extracted_feeling: The best of the fifteen.
        score: How likely that feeling is, 0 to 1.
        alternatives: The other feelings, best first; empty where whoever answered gave none.
        extracted_tags: A few tags, the journal's own before new ones.
        note: One line of context, or empty.
        enriched_content: A model's reading of the words; empty without a model.
        provider: Who answered.
        memory: The memory as saved, or None while it is not.
    """

    content: str
    extracted_concept: str
    extracted_feeling: Feeling
    score: float
    alternatives: tuple[Scored, ...] = ()
    extracted_tags: tuple[str, ...] = ()
    note: str = ""
    enriched_content: str = ""
    provider: str = LOCAL
    memory: Memory | None = None

    @property
    def undecided(self) -> bool:
        """Whether the words tell no feeling, so the chosen one is a guess, or a habit of the journal."""
        return self.provider == LOCAL and bool(self.alternatives) and self.score < _MORE_THAN_A_GUESS

    def as_json(self) -> dict[str, Any]:
        """What ``perceive --json`` prints."""
        return {
            "content": self.content,
            "concept": self.extracted_concept,
            "feeling": self.extracted_feeling.value,
            "alternatives": [
                {"feeling": other.feeling.value, "score": round(other.score, 4)}
                for other in self.alternatives
            ],
            "tags": list(self.extracted_tags),
            "note": self.note,
            "enriched": self.enriched_content,
            "provider": self.provider,
            "saved": self.memory is not None,
            "memory_id": None if self.memory is None else self.memory.memory_id,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer from memories alone.

    Attributes:
        text: The answer in words.
        memories_used: The memories it was made from, most relevant first (oldest first in a reflection).
        cited: The ids among them that the text names.
        confidence: How far they bear it out.
        confidence_note: The same in a sentence.
        provider: Who answered.
        seconds: Wall time from the question to the last word.
    """

    text: str
    memories_used: tuple[Memory, ...] = ()
    cited: frozenset[str] = frozenset()
    confidence: Confidence = Confidence.NONE
    confidence_note: str = ""
    provider: str = LOCAL
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """What ``--json`` prints: the keys that the four operations share, then their own."""
        return {
            "text": self.text,
            "memories": [
                {"memory_id": memory.memory_id, "cited": memory.memory_id in self.cited}
                for memory in self.memories_used
            ],
            "confidence": self.confidence.value,
            "confidence_note": self.confidence_note,
            "provider": self.provider,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Reflection(Answer):
    """The way of a concept through time.

    Attributes:
        concept: The concept.
        arc: The way in one sentence: from what to what.
    """

    concept: str = ""
    arc: str = ""

    def as_json(self) -> dict[str, Any]:
        """What ``reflect --json`` prints."""
        return {**Answer.as_json(self), "concept": self.concept, "arc": self.arc}


@dataclass(frozen=True, slots=True)
class Dream(Answer):
    """Memories far apart, and what links them.

    Attributes:
        connections: The links, each naming its memories.
        seed: What the sampling started from; the same seed over the same journal gives the same memories.
    """

    connections: tuple[Connection, ...] = ()
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """What ``dream --json`` prints."""
        return {
            **Answer.as_json(self),
            "connections": [
                {"memory_ids": list(link.memory_ids), "text": link.text} for link in self.connections
            ],
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Portrait(Answer):
    """Who seems to be writing.

    Attributes:
        dominant_concepts: Concepts with how many memories they have, most first.
        emotional_map: Feelings, as shown, with how many memories have them, most first.
        patterns: What comes again, a sentence each.
        tensions: What pulls apart, a sentence each.
        resources: What helps, a sentence each.
    """

    dominant_concepts: Mapping[str, int] = field(default_factory=dict, hash=False)
    emotional_map: Mapping[str, int] = field(default_factory=dict, hash=False)
    patterns: tuple[str, ...] = ()
    tensions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What ``introspect --json`` prints."""
        return {
            **Answer.as_json(self),
            "dominant_concepts": dict(self.dominant_concepts),
            "emotional_map": dict(self.emotional_map),
            "patterns": list(self.patterns),
            "tensions": list(self.tensions),
            "resources": list(self.resources),
        }
