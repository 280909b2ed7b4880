"""A long history made to fit a window: cut into parts by time, each summarised, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ..retrieval.tokens import count_tokens, prefix_within
from .dialects import Prompt
from .pacing import Cancel
from .prompts import texts
from .quoting import Labels, block, mark, quoted
from .reading import spoken

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB
    from ..storage.memory import Memory
    from .router import Model

__all__ = ["summarised"]

_MOST_PARTS: Final = 24
"""However long the history, no more questions than this are asked about it."""
_SUMMARY: Final = 220
_PART: Final = 90
"""Tokens of the window that each part's summary gets at least, its dates among them."""
_LEAST: Final = 24
"""Tokens that are left to a memory before memories are left out."""
_MOST: Final = 300
_HEAD: Final = 30


def summarised(
    db: MemoryDB,
    llm: Model,
    refs: Sequence[int],
    labels: Labels,
    concept: str,
    language: str,
    room: int,
    on_step: Callable[[int, int], None] | None = None,
    cancel: Cancel | None = None,
) -> tuple[str, list[Memory]]:
    """The memories of ``refs``, oldest first, as quoted text within ``room`` tokens; gives those in it too.

    What fits stands as it is. Else consecutive parts are summarised one by one: at most 24, where a
    memory's text is cut, and beyond some 200 tokens' worth of them evenly drawn, so that any number fits.

    Raises:
        NoModelError: nobody summarises.
        StoppedError: ``cancel`` was called.
    """
    room = max(room, 2 * _PART)
    # In a small window there is room for few summaries only; and parts are not filled to the brim.
    whole = room * min(_MOST_PARTS, room // _PART) * 9 // 10
    sample = db.read_many(_evenly(refs, whole // (_LEAST + _HEAD)))
    labels.add(sample)
    each = max(_LEAST, min(_MOST, whole // max(1, len(sample)) - _HEAD))
    blocks = [block(memory, labels, language, each) for memory in sample]
    costs = [count_tokens(text) + 1 for text in blocks]
    if sum(costs) <= room:
        return "\n".join(blocks), sample
    parts = _cut(costs, room)
    length = max(_PART // 2, min(_SUMMARY, room // len(parts) - _HEAD))
    summaries = []
    for number, (begin, end) in enumerate(parts, 1):
        if on_step is not None:
            on_step(number - 1, len(parts))
        system, question = texts(
            "summarise",
            language,
            mark=mark(),
            part=str(number),
            parts=str(len(parts)),
            first=sample[begin].local_time.date().isoformat(),
            last=sample[end - 1].local_time.date().isoformat(),
            concept=" ".join(concept.split()),
            memories="\n".join(blocks[begin:end]),
        )
        reply = llm.converse(Prompt(system, question, max_tokens=length), cancel=cancel)
        summaries.append(_summary(sample[begin], sample[end - 1], reply.text, length))
    if on_step is not None:
        on_step(len(parts), len(parts))
    return "\n".join(summaries), sample


def _summary(first: Memory, last: Memory, text: str, length: int) -> str:
    said = spoken(text)
    span = f"{first.local_time.date().isoformat()} – {last.local_time.date().isoformat()}"
    return quoted(f"{span}\n{said[: prefix_within(said, length)]}")


def _evenly(refs: Sequence[int], most: int) -> Sequence[int]:
    """At most so many of them, evenly over the whole, the first and the last among them."""
    if len(refs) <= most:
        return refs
    step = (len(refs) - 1) / max(1, most - 1)
    return [refs[round(place * step)] for place in range(most)]


def _cut(costs: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Consecutive parts, each within ``room``: as few as that takes."""
    edges = [0]
    spent = 0
    for at, cost in enumerate(costs):
        if spent and spent + cost > room:
            edges.append(at)
            spent = 0
        spent += cost
    return list(pairwise([*edges, len(costs)]))
