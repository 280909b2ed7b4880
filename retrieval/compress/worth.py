"""What each part of a text is worth: rare words, words of the question, names that kept lines read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from ..analysis import parts_of, stem

if TYPE_CHECKING:
    from .parts import Outline

__all__ = ["answers", "asked_in", "names_in", "near_duplicates", "worths"]

ASKED: Final = 3.0
"""How much more a word of the question counts than its rarity says."""
NEIGHBOUR: Final = 0.5
"""What a line beside one that answers has of its worth: what is asked for rarely stands in one line."""
READ: Final = 0.3
"""What a statement gains from binding a name that lines which stay read."""
ALSO: Final = 0.3
SIMILAR: Final = 0.85
WINDOW: Final = 20
COMPARED: Final = 1000
"""Pairs of lines that are compared letter by letter, up to 1 ms each; in long data others stay."""
SHORTEST: Final = 24
"""Characters below which two lines are alike by chance."""
KIND_FACTOR: Final = {"comment": 0.8, "element": 0.6, "import": 0.5, "log": 0.5}

_NAME: Final = re.compile(r"[^\W\d]\w*")
_DEFINED: Final = re.compile(
    r"\b(?:class|def|function|func|fun|fn|struct|interface|enum|trait|type|module)\s+([\w.$]+)"
)
_TARGET: Final = re.compile(r"([\w.$@]+)\s*(?::[^=\n]*)?(?::=|=(?![=>]))|([\w.$@]+)!?\s*\(")


def asked_in(text: str, words: Sequence[str]) -> dict[str, float]:
    """The stems of ``words``, weighed by their inverse document frequency over the lines of ``text``."""
    roots = [set(map(stem, parts_of(line))) for line in text.split("\n") if line.strip()]
    times = Counter(root for found in roots for root in found)
    wanted = {stem(word) for word in words}
    return {root: math.log(1 + (len(roots) - times[root] + 0.5) / (times[root] + 0.5)) for root in wanted}


def worths(
    outline: Outline, lines: Sequence[str], question: Mapping[str, float]
) -> tuple[list[float], list[bool]]:
    """A worth for each part, per square root of its length; and whether it shares a word with the question.

    The words of a part weigh by inverse document frequency over the lines of the text (smoothed:
    ``ln(1 + N / df)``), those of ``question`` (stems with weights of the caller's) on top of it.
    """
    terms = [set(parts_of("\n".join(lines[part.start : part.end]))) for part in outline.parts]
    frequency = Counter(term for found in terms for term in found)
    count = max(len(terms), 1)
    rarity = {term: math.log(1 + count / times) for term, times in frequency.items()}
    asked = {}
    if question:
        asked = {term: question[root] for term in frequency if (root := stem(term)) in question}
    read = _read_by_kept(outline, lines)
    found: list[float] = []
    answers: list[float] = []
    for part, words in zip(outline.parts, terms, strict=True):
        size = sum(len(line.strip()) + 1 for line in lines[part.start : part.end])
        worth = sum(map(rarity.__getitem__, words))
        if (
            read
            and part.kind in ("assignment", "statement")
            and (target := _TARGET.match(lines[part.start].strip()))
        ):
            bound = target[1]
            if bound and bound.rpartition(".")[2] in read:
                worth *= 1 + READ
        found.append(worth * KIND_FACTOR.get(part.kind, 1.0) / math.sqrt(size + 1))
        answers.append(ASKED * sum(asked[word] for word in words if word in asked))
    for number, part in enumerate(outline.parts):
        near = 0.0
        for other in (number - 1, number + 1):
            if 0 <= other < len(answers) and outline.parts[other].block == part.block:
                near = max(near, answers[other])
        found[number] += answers[number] + NEIGHBOUR * near
    return found, [bool(answer) for answer in answers]


def answers(outline: Outline, lines: Sequence[str], question: Mapping[str, float], room: float) -> set[int]:
    """Parts of the definitions that answer the question best, as many as ``room`` characters hold.

    Definitions without others inside are ranked by BM25 (k1 1.2, b 0.5; a word of the first line counts
    three times) and taken while they score at least `ALSO` of what the best does. The best may be twice as
    large as ``room``.
    """
    spans = sorted(outline.definitions)
    inner = [span for span, after in zip_longest(spans, spans[1:]) if after is None or after[0] >= span[1]]
    if not question or not inner:
        return set()
    sizes = [sum(len(line) + 1 for line in lines[start:end]) for start, end in inner]
    mean = sum(sizes) / len(sizes)
    scored = []
    for (start, end), size in zip(inner, sizes, strict=True):
        times = Counter(map(stem, parts_of("\n".join([lines[start], lines[start], *lines[start:end]]))))
        norm = 1.2 * (0.5 + 0.5 * size / mean)
        score = sum(
            weight * times[term] / (times[term] + norm) for term, weight in question.items() if term in times
        )
        scored.append((score, -start, start, end, size))
    scored.sort(reverse=True)
    whole: list[tuple[int, int]] = []
    for score, _, start, end, size in scored:
        if score <= 0 or score < ALSO * scored[0][0]:
            break
        if size <= room or (not whole and size <= 2 * room):
            room -= size
            whole.append((start, end))
    return {
        number
        for number, part in enumerate(outline.parts)
        if any(start <= part.start and part.end <= end for start, end in whole)
    }


def _read_by_kept(outline: Outline, lines: Sequence[str]) -> set[str]:
    """Names in the lines that stay."""
    going = {row for part in outline.parts for row in range(part.start, part.end)}
    return {name for row, line in enumerate(lines) if row not in going for name in _NAME.findall(line)}


def near_duplicates(outline: Outline, lines: Sequence[str]) -> set[int]:
    """Parts of one line that are nearly the same as one of the last twenty of their block before them."""
    found: set[int] = set()
    compared = 0
    for block in outline.blocks:
        recent: list[tuple[str, Counter[str]]] = []
        for number in block.parts:
            part = outline.parts[number]
            text = lines[part.start].strip()
            if part.end - part.start > 1 or len(text) < SHORTEST or part.kind in ("import", "docstring"):
                continue
            bag = Counter(text)
            for other, others in recent:
                if text == other:
                    break
                if compared < COMPARED and _may_be_alike(text, bag, other, others):
                    compared += 1
                    if SequenceMatcher(None, other, text, autojunk=False).ratio() > SIMILAR:
                        break
            else:
                recent.append((text, bag))
                del recent[:-WINDOW]
                continue
            found.add(number)
    return found


def _may_be_alike(text: str, bag: Counter[str], other: str, others: Counter[str]) -> bool:
    """Whether lengths and letters allow it."""
    together = SIMILAR * (len(text) + len(other))
    return 2 * min(len(text), len(other)) > together and (
        2 * sum(min(times, others[char]) for char, times in bag.items() if char in others) > together
    )


def names_in(lines: Sequence[str]) -> list[str]:
    """What statements are about, in a word each: the name that one binds or calls first."""
    found = []
    for line in lines:
        if match := _DEFINED.search(line) or _TARGET.search(line):
            found.append((match[1] or match[2]).rpartition(".")[2])
        elif name := _NAME.search(line):
            found.append(name[0])
    return found
