"""Memories as quoted data in a prompt: within a budget of tokens, each under an id that can be cited."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from ..retrieval.tokens import count_tokens, prefix_within
from ..storage.feelings import Feeling
from ..storage.memory import Memory

__all__ = [
    "MOST_NAMES",
    "Labels",
    "answer_tokens",
    "block",
    "cut",
    "fitting",
    "mark",
    "prompt_room",
    "quoted",
    "quoted_names",
]

MOST_NAMES: Final = 60
"""The journal's concepts that a model is told of."""
_LONGEST_ANSWER: Final = 1024
_INSTRUCTIONS: Final = 400
_MARGIN: Final = 0.85
"""Of the window: other models cut texts into more tokens than the estimate's."""
_MOST_TEXT: Final = 6000

_SHORT = re.compile(r"[0-9a-z-]{4,8}")


def mark() -> str:
    """A word that nobody can know beforehand: what ends a quotation cannot stand in it."""
    return secrets.token_hex(6)


def quoted(text: str) -> str:
    """A text with every line marked as quoted, whatever its lines end with."""
    return "\n".join(f"| {line}" for line in text.splitlines()) or "| "


def quoted_names(names: Iterable[str]) -> str:
    """The first :data:`MOST_NAMES` names, a quoted line each."""
    return quoted("\n".join(" ".join(name.split()) for name in islice(names, MOST_NAMES)))


def answer_tokens(context: int) -> int:
    """How many tokens an answer may take of a window of ``context`` tokens."""
    return min(_LONGEST_ANSWER, context // 4)


def prompt_room(context: int) -> int:
    """Tokens that quoted data may take in a prompt, for a window of ``context`` tokens."""
    return int((context - answer_tokens(context)) * _MARGIN) - _INSTRUCTIONS


def cut(text: str, room: int) -> str:
    """The beginning of a text within ``room`` tokens, taken as 50 at least and 6,000 at most."""
    text = text[: _MOST_TEXT * 4]
    return text[: prefix_within(text, max(50, min(room, _MOST_TEXT)))]


class Labels:
    """Short ids of some memories: the first eight characters where they are plain and tell them apart."""

    def __init__(self, memories: Iterable[Memory]) -> None:
        self._ids: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self.add(memories)

    def add(self, memories: Iterable[Memory]) -> None:
        """Give more memories their labels."""
        for memory in memories:
            memory_id = memory.memory_id
            if memory_id in self._labels:
                continue
            label = memory_id[:8]
            if label in self._ids or not _SHORT.fullmatch(label):
                label = f"m{len(self._labels) + 1:04d}"
            self._ids[label] = memory_id
            self._labels[memory_id] = label

    def of(self, memory: Memory) -> str:
        """A memory's label."""
        return self._labels[memory.memory_id]

    def find(self, text: str) -> str | None:
        """The label that a citation stands for: the label itself, or the whole id; None if invented."""
        folded = text.strip().lower()
        if folded in self._ids:
            return folded
        return self._labels.get(folded) or self._labels.get(text.strip())

    def memory_id(self, label: str) -> str:
        """The id behind a label."""
        return self._ids[label]

    def some(self, n: int) -> list[str]:
        """Labels for an example."""
        return list(islice(self._ids, n))


def block(memory: Memory, labels: Labels, language: str, limit: int | None = None) -> str:
    """A memory as quoted lines: id, date, concept, feeling and tags above the text, which ``limit`` cuts."""
    feeling = memory.feeling
    if language == "it" and isinstance(feeling, Feeling):
        feeling = feeling.italian
    head = [f"[{labels.of(memory)}] {memory.local_time.date().isoformat()}", memory.concept, str(feeling)]
    head += [f"#{tag}" for tag in memory.tags[:6]]
    text = memory.content
    if text.startswith("data:"):
        text = text.partition(",")[0]
    if memory.note:
        text += f"\n({memory.note})"
    if limit is not None:
        cut = prefix_within(text, max(1, limit))
        text = text if cut >= len(text) else f"{text[:cut].rstrip()}…"
    return quoted(" · ".join(" ".join(each.split()) for each in head) + "\n" + text)


def fitting(memories: Sequence[Memory], labels: Labels, language: str, room: int, each: int) -> list[str]:
    """Blocks of the first memories that fit in ``room`` tokens, each text cut at ``each``; one at least."""
    found: list[str] = []
    for memory in memories:
        text = block(memory, labels, language, each)
        room -= count_tokens(text) + 1
        if room < 0 and found:
            break
        found.append(text)
    return found
