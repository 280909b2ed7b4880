"""One file's text as lines that know what they cost."""

from __future__ import annotations

from itertools import accumulate

from ..tokens import line_weights, tokens_of

__all__ = ["Source"]


class Source:
    """Lines are numbered from 0 and ranges leave out their end."""

    __slots__ = ("_weight", "language", "lines", "text")

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language
        self.lines = text.split("\n")
        self._weight = [0, *accumulate(line_weights(self.lines, language))]

    def tokens(self, start: int, end: int) -> int:
        """What ``content(start, end)`` costs."""
        return tokens_of(self._weight[end] - self._weight[start])

    def content(self, start: int, end: int) -> str:
        """The text of a range."""
        return "\n".join(self.lines[start:end])

    def trim(self, start: int, end: int) -> tuple[int, int]:
        """The range without the blank lines at its ends; empty when it has no other."""
        lines = self.lines
        while start < end and not lines[start].strip():
            start += 1
        while start < end and not lines[end - 1].strip():
            end -= 1
        return start, end

    def indent(self, line: int) -> int:
        """How many characters of white space ``line`` starts with."""
        text = self.lines[line]
        return len(text) - len(text.lstrip())

    def reach(self, start: int, limit: int, tokens: int) -> int:
        """The furthest end of a range from ``start`` within ``limit`` and ``tokens``; one line at least."""
        low, high = start + 1, limit
        while low < high:
            middle = (low + high + 1) // 2
            if self.tokens(start, middle) <= tokens:
                low = middle
            else:
                high = middle - 1
        return low
