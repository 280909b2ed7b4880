"""Take parts out of a text, and write in their place what went."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from .languages import COMMENTS, SHAPES, words
from .worth import names_in

if TYPE_CHECKING:
    from .parts import Block, Outline, Part

__all__ = ["Cut", "Cutter", "Elision"]

NAMES: Final = 4
NAMES_OF_IMPORTS: Final = 8
NAME_CHARS: Final = 24
CLOSE: Final = 0.03
"""Share of the characters by which a cut may miss before another is tried."""
TRIES: Final = 8
WORTH_A_MARK: Final = 0.75
"""A mark of more than this share of the characters that it stands for is not worth what it hides, save
where it says as much."""
WORTH_NAMES: Final = 1 / 3
"""The same for one that names what went; a longer one only counts its lines."""

_KINDS: Final = {
    "import": ("import", "imports"),
    "assignment": ("assignment", "assignments"),
    "log": ("log statement", "log statements"),
    "comment": ("comment", "comments"),
    "docstring": ("docstring", "docstrings"),
    "element": ("item", "items"),
    "paragraph": ("paragraph", "paragraphs"),
}
_SUMMARIES: Final = frozenset({"import", "assignment", "log"})
_NAMED: Final = frozenset({"import", "assignment", "statement", "definition"})
_WORD: Final = re.compile(r"[^\W\d][\w.]*")
_QUOTED: Final = re.compile(r"[\"'<]([^\"'<>]+)[\"'>]")
_IMPORT_WORDS: Final = words(
    "import from use using include require require_relative as static type package const var let pub crate"
    " public extern alias self super namespace declare export func open typealias go defmodule"
    " __future__"
)
_NOT_NAME: Final = re.compile(r"[^\w.@$/-]")


@dataclass(frozen=True, slots=True)
class Elision:
    """Lines ``line_start`` to ``line_end`` (from 1, inclusive) that went; ``lines`` of them were not blank.
    ``mark`` is what stands there now."""

    line_start: int
    line_end: int
    lines: int
    kind: str
    mark: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A text with parts taken out."""

    text: str
    size: int
    elisions: tuple[Elision, ...]


class Cutter:
    """Cuts one text in as many ways as it takes to come near a size."""

    def __init__(self, language: str, lines: Sequence[str], outline: Outline) -> None:
        self._lines = lines
        self._outline = outline
        self._open, self._close = COMMENTS.get(language, ("", ""))
        self._filler = SHAPES[language].filler if language in SHAPES else ""
        self._filled = [0, *accumulate(1 if line.strip() else 0 for line in lines)]
        self._chars = [0, *accumulate(len(line) + 1 for line in lines)]
        self._marks: dict[tuple[int, int], str] = {}
        self._gaps = self._narrowed()
        narrow = {row for start, end in self._gaps for row in range(start + 1, end)}
        self._left = [
            0,
            *accumulate(0 if row in narrow else len(line) + 1 for row, line in enumerate(lines)),
        ]

    def best(self, steps: Sequence[Sequence[int]], target: float, least: float) -> Cut:
        """Take steps in order until about ``target`` of the characters are left, ``least`` at the least."""
        whole = self._chars[-1] - 1
        wanted = target * whole
        remaining = list(steps)
        best: tuple[float, list[Sequence[int]]] = whole - wanted, []
        for _ in range(TRIES):
            low, high = 0, len(remaining)
            while low < high:  # the fewest steps that make it small enough
                middle = (low + high) // 2
                if self._size(remaining[:middle]) <= wanted:
                    high = middle
                else:
                    low = middle + 1
            tries = [remaining[:low], remaining[: max(low - 1, 0)]]
            if low and len(remaining[low - 1]) > 1:
                tries.append(self._with_some_of(remaining[:low], wanted))
            for tried in tries:
                size = self._size(tried)
                if size >= least * whole and abs(size - wanted) < best[0]:
                    best = abs(size - wanted), tried
            if low == 0 or best[0] <= CLOSE * whole or low == len(remaining):
                break
            del remaining[low - 1]  # too large a step: go on with the smaller ones after it
        return self._cut(best[1])

    def _with_some_of(self, steps: list[Sequence[int]], wanted: float) -> list[Sequence[int]]:
        """The steps, of the last as many parts as leave ``wanted`` characters or more."""
        *before, last = steps
        low, high = 0, len(last)
        while low < high:
            middle = (low + high + 1) // 2
            if self._size([*before, last[:middle]]) >= wanted:
                low = middle
            else:
                high = middle - 1
        return [*before, last[:low]]

    def _size(self, steps: Sequence[Sequence[int]]) -> int:
        saved = sum(
            self._left[end] - self._left[start] - len(mark) - 1
            for start, end, mark, _, _ in self._places({number for step in steps for number in step})
        )
        return self._left[-1] - 1 - saved

    def _narrowed(self) -> list[tuple[int, int]]:
        """Ranges of several blank lines between parts of the structure."""
        found = []
        for first, end in self._outline.gaps:
            start = next((row for row in range(first, end) if not self._lines[row].strip()), end)
            stop = next((row for row in range(start, end) if self._lines[row].strip()), end)
            if stop - start > 1:
                found.append((start, stop))
        return found

    def _places(self, gone: set[int]) -> list[tuple[int, int, str, int, int]]:
        """Ranges of lines that make room for a shorter mark: start, end, mark, first and last part."""
        parts = self._outline.parts
        found = []
        for block in self._outline.blocks:
            runs: list[tuple[int, int]] = []
            previous = -1
            for number in block.parts:
                if number not in gone:
                    continue
                if runs and number == previous + 1 and self._touch(previous, number):
                    runs[-1] = runs[-1][0], number
                else:
                    runs.append((number, number))
                previous = number
            places = []
            for first, last in runs:
                size = self._chars[parts[last].end] - self._chars[parts[first].start]
                mark = self._mark(first, last)
                kinds = {parts[number].kind for number in range(first, last + 1)}
                if len(mark) + 1 <= size * (1.0 if kinds <= _SUMMARIES else WORTH_A_MARK):
                    places.append((parts[first].start, parts[last].end, mark, first, last))
            if places and block.needs and block.kept == 0 and self._emptied(block, places):
                start, end, mark, first, last = places[0]
                places[0] = start, end, f"{block.indent}{self._filler}  {mark.lstrip()}", first, last
            found += places
        return found

    def _emptied(self, block: Block, places: Sequence[tuple[int, int, str, int, int]]) -> bool:
        """Whether nothing but comments stays in a block."""
        parts = self._outline.parts
        gone = {number for _, _, _, first, last in places for number in range(first, last + 1)}
        return all(number in gone or parts[number].kind == "comment" for number in block.parts)

    def _touch(self, first: int, second: int) -> bool:
        """Whether two parts can share a mark: nothing between them, and imports only with imports."""
        one, other = self._outline.parts[first], self._outline.parts[second]
        alike = (one.kind == "import") == (other.kind == "import")
        return alike and self._filled[other.start] == self._filled[one.end]

    def _mark(self, first: int, last: int) -> str:
        mark = self._marks.get((first, last))
        if mark is None:
            mark = self._marks[first, last] = self._write(first, last)
        return mark

    def _write(self, first: int, last: int) -> str:
        parts = self._outline.parts[first : last + 1]
        start, end = parts[0].start, parts[-1].end
        count = self._filled[end] - self._filled[start]
        kinds = {part.kind for part in parts}
        only = next(iter(kinds)) if len(kinds) == 1 else ""
        said = []
        if only in _KINDS:
            said.append(f"{len(parts)} {_KINDS[only][len(parts) != 1]}")
        if only not in _KINDS or len(parts) != count:
            said.append(f"{count} line{'s' * (count != 1)}")
        names = self._names(parts, only)
        head = self._lines[start]
        indent = head[: len(head) - len(head.lstrip())]
        bare = f"{indent}{self._open}[{', '.join(said)}]{self._close}"
        room = WORTH_NAMES * (self._chars[end] - self._chars[start] - (end - start) * len(indent))
        for count in range(len(names), 0, -1):
            shown = ", ".join(names[:count] if count == len(names) else [*names[:count], "..."])
            told = f"{bare[: -1 - len(self._close)]}: {shown}]{self._close}"
            if only in _SUMMARIES or len(told) - len(indent) <= room:
                return told
        return bare

    def _names(self, parts: Sequence[Part], only: str) -> list[str]:
        limit = NAMES_OF_IMPORTS if only == "import" else NAMES
        found: dict[str, None] = {}
        for part in parts:
            kind, start, end = part.kind, part.start, part.end
            if kind not in _NAMED:
                continue
            names = self._imported(start, end) if kind == "import" else names_in([self._lines[start].strip()])
            for name in names:
                short = _NOT_NAME.sub("", name)[:NAME_CHARS].strip("./-")
                if short:
                    found[short] = None
            if len(found) > limit:
                break
        names = list(found)
        return names if len(names) <= limit else [*names[:limit], "..."]

    def _imported(self, start: int, end: int) -> list[str]:
        """The module that an import names: what it quotes, or its first word that is no keyword."""
        text = " ".join(self._lines[start:end])
        quoted = _QUOTED.search(text)
        if quoted and not text.lstrip().startswith("from"):
            return [quoted[1].rpartition("/")[2] or quoted[1]]
        text = text.replace("::", ".").replace("\\", ".")
        for word in _WORD.findall(text):
            if word not in _IMPORT_WORDS:
                return [word]
        return []

    def _cut(self, steps: Sequence[Sequence[int]]) -> Cut:
        places = sorted(self._places({number for step in steps for number in step}))
        edits: list[tuple[int, int, list[str]]] = [(start, end, [mark]) for start, end, mark, _, _ in places]
        starts = [start for start, *_ in places]
        for start, end in self._gaps:
            at = bisect_right(starts, start) - 1
            if at < 0 or places[at][1] <= start:
                edits.append((start, end, [self._lines[start]]))  # the text's own: spaces may stand in it
        edits.sort()
        kept: list[str] = []
        at = 0
        for start, end, instead in edits:
            kept += self._lines[at:start]
            kept += instead
            at = end
        kept += self._lines[at:]
        text = "\n".join(kept)
        parts = self._outline.parts
        elisions = tuple(
            Elision(
                start + 1,
                end,
                self._filled[end] - self._filled[start],
                "/".join(sorted({part.kind for part in parts[first : last + 1]})),
                mark.strip(),
            )
            for start, end, mark, first, last in places
        )
        return Cut(text, len(text), elisions)
