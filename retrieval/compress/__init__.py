"""Make code smaller and keep it true.

Four stages. What bears the structure is locked: signatures, conditions and loops, returns, raises, yields,
assertions, docstrings, TODO-like comments. Then go, each behind a comment that says what went and how many
lines: blocks of imports, runs of plain assignments and of log calls, lines nearly the same as one before;
and, the least telling first, other statements and comments, until the text is as small as asked. A text
with a grammar stays one that parses, statement for statement what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..config import CompressionConfig
from .cut import Cut, Cutter, Elision
from .languages import SHAPES
from .layout import by_layout
from .order import order
from .parts import Outline, by_tree
from .worth import answers, near_duplicates, worths

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["LEAST", "TOLERANCE", "Compressed", "Elision", "compress"]

LEAST: Final = 0.3
"""Share of the characters that always stays."""
TOLERANCE: Final = 0.05
ANSWERS: Final = 0.5
"""Share of what is to be left that definitions may have which answer the question and stay whole."""
_DEFAULTS: Final = CompressionConfig()


@dataclass(frozen=True, slots=True)
class Compressed:
    """A text made smaller. ``ratio`` is the share of characters that is left, marks included; ``reason``
    says why it is not within 5 points of the one asked for, where it is not."""

    text: str
    ratio: float
    target: float
    elisions: tuple[Elision, ...]
    reason: str | None = None


def compress(
    text: str,
    language: str,
    *,
    config: CompressionConfig = _DEFAULTS,
    ratio: float | None = None,
    question: Mapping[str, float] | None = None,
    strict: bool = False,
) -> Compressed:
    """Keep about ``ratio`` of the characters of ``text`` (default: the config's ``target_ratio``).

    ``question`` weighs stems of words that are asked for; the definitions that answer it best stay whole. In
    a ``strict`` text (one symbol, which is wanted for itself) only summaries take the place of lines: of
    imports, runs of assignments and log calls, comments, elements of literals. A text whose first line is
    indented is a piece of a block, and is not left without a statement. Pure.
    """
    asked = config.target_ratio if ratio is None else ratio
    target = max(asked, LEAST)
    lines = text.split("\n")
    outline = _outline(language, lines, config)
    if not text or target >= 1 or not outline.parts:
        return Compressed(text, 1.0, asked, (), _reason(1.0, asked, outline, lines, strict=strict))
    cutter = Cutter(language, lines, outline)
    worth, answering = worths(outline, lines, question or {})
    alike = set[int]() if strict else near_duplicates(outline, lines)

    def cut_with(locked: set[int]) -> Cut:
        steps = order(outline, lines, worth, alike, answering, locked, config, strict=strict)
        return cutter.best(steps, target, LEAST)

    if strict or not question:
        cut = cut_with(set())
    else:
        room = target * len(text)
        cut = cut_with(answers(outline, lines, question, ANSWERS * room))
        if cut.size > (target + TOLERANCE) * len(text):
            cut = cut_with(answers(outline, lines, question, len(text)))  # out of reach: what answers stays
    left = cut.size / len(text)
    return Compressed(
        cut.text, left, asked, cut.elisions, _reason(left, asked, outline, lines, strict=strict)
    )


def _outline(language: str, lines: list[str], config: CompressionConfig) -> Outline:
    """What can go, by the syntax tree where there is one."""
    if language not in SHAPES:
        return by_layout(language, lines, config)
    found = _parsed(language, lines)
    if found is None:
        return by_layout(language, lines, config)
    root, first = found
    return by_tree(language, lines, root, first, config, fragment=lines[0][:1].isspace())


def _parsed(language: str, lines: list[str]) -> tuple[Node, int] | None:
    """The tree of the lines, and its row for the first of them; in the context where it fits best."""
    from ..chunkers.syntax import code_of, parse  # noqa: PLC0415  (tree-sitter, for who compresses code)

    best: tuple[Node, int] | None = None
    text = "\n".join(lines)
    for before, behind in SHAPES[language].contexts:
        root = parse(language, code_of(f"{before}{text}{behind}"))
        if root is None:
            return None
        if not root.has_error:
            return root, before.count("\n")
        best = best or (root, before.count("\n"))
    return best


def _reason(ratio: float, asked: float, outline: Outline, lines: list[str], *, strict: bool) -> str | None:
    if abs(ratio - asked) <= TOLERANCE:
        return None
    if asked < LEAST and ratio <= LEAST + TOLERANCE:
        return f"at most {1 - LEAST:.0%} of a text goes"
    if ratio < asked:
        return "what went next was one large part"
    if not outline.parts:
        return "nothing in it can go"
    if max(sum(map(len, lines[part.start : part.end])) for part in outline.parts) > (1 - LEAST) * sum(
        map(len, lines)
    ):
        return f"what could go is one large part, and at most {1 - LEAST:.0%} of a text goes"
    if strict:
        return "live statements of a symbol stay"
    return "the rest is what stays: signatures, control flow, returns, docstrings, what answers"
