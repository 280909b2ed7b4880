"""Lines and points on terminal cells: braille, or plain ASCII where that is all there is.

A braille cell (U+2800 onwards) has two dots across and four down. In ASCII a cell has one across and three
down, drawn as ``'``, ``-`` and ``.``. Each cell has one style, that of what was drawn on it last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

__all__ = ["Canvas", "Run", "bar", "diverging_bar", "spread"]

_BRAILLE: Final = 0x2800
# The bit of the dot in each row of a cell's left and right column.
_LEFT: Final = (0x01, 0x02, 0x04, 0x40)
_RIGHT: Final = (0x08, 0x10, 0x20, 0x80)
_ASCII: Final = ("'", "-", ".")
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"

_Style = TypeVar("_Style")


class Run(NamedTuple, Generic[_Style]):
    """Cells in a row of one style; None where nothing is drawn."""

    text: str
    style: _Style | None


class Canvas(Generic[_Style]):
    """A field of dots over ``width`` by ``height`` cells; (0, 0) is at the top left.

    ``across`` and ``down`` say how many dots there are. What is drawn outside of them is left out.
    """

    def __init__(self, width: int, height: int, *, ascii_only: bool = False) -> None:
        self.width, self.height = max(width, 0), max(height, 0)
        self._ascii = ascii_only
        self._columns, self._rows = (1, len(_ASCII)) if ascii_only else (2, len(_LEFT))
        self.across, self.down = self.width * self._columns, self.height * self._rows
        self._bits = [[0] * self.width for _ in range(self.height)]
        self._marks: dict[tuple[int, int], str] = {}
        self._styles: dict[tuple[int, int], _Style] = {}

    def dot(self, x: int, y: int, style: _Style) -> None:
        """Set one dot."""
        if 0 <= x < self.across and 0 <= y < self.down:
            column, row = x // self._columns, y // self._rows
            if self._ascii:
                self._bits[row][column] = 1 << (y % self._rows)
            else:
                self._bits[row][column] |= (_RIGHT if x % 2 else _LEFT)[y % 4]
            self._styles[column, row] = style

    def line(self, x0: int, y0: int, x1: int, y1: int, style: _Style) -> None:
        """Set the dots of a straight line, by its longer side (Bresenham 1965)."""
        dx, dy = abs(x1 - x0), -abs(y1 - y0)
        step_x, step_y = (1 if x0 < x1 else -1), (1 if y0 < y1 else -1)
        error = dx + dy
        while True:
            self.dot(x0, y0, style)
            if x0 == x1 and y0 == y1:
                return
            twice = 2 * error
            if twice >= dy:
                error += dy
                x0 += step_x
            if twice <= dx:
                error += dx
                y0 += step_y

    def copy(self) -> Canvas[_Style]:
        """Another canvas with the same on it."""
        other: Canvas[_Style] = Canvas(self.width, self.height, ascii_only=self._ascii)
        other._bits = [list(line) for line in self._bits]
        other._marks, other._styles = dict(self._marks), dict(self._styles)
        return other

    def under(self, x: int, y: int, style: _Style) -> None:
        """Set one dot where its cell is still empty, or has this style."""
        place = (x // self._columns, y // self._rows)
        if self._styles.get(place, style) == style:
            self.dot(x, y, style)

    def cover(self, upper: Canvas[_Style]) -> None:
        """Lay another canvas of the same size over this one; where it has dots, what was there is gone."""
        for row, line in enumerate(upper._bits):
            for column, bits in enumerate(line):
                if bits:
                    self._bits[row][column] = bits
                    self._marks.pop((column, row), None)
                    self._styles[column, row] = upper._styles[column, row]

    def mark(self, x: int, y: int, char: str, style: _Style) -> None:
        """Put one character over the cell that holds a dot."""
        if 0 <= x < self.across and 0 <= y < self.down:
            place = (x // self._columns, y // self._rows)
            self._marks[place] = char
            self._styles[place] = style

    def text(self, column: int, row: int, text: str, style: _Style) -> None:
        """Write over cells, cut at the edges; one character a cell."""
        for place, char in enumerate(text, column):
            if 0 <= place < self.width and 0 <= row < self.height:
                self._marks[place, row] = char
                self._styles[place, row] = style

    def rows(self) -> Iterator[list[Run[_Style]]]:
        """Every row of cells as runs of one style."""
        for row in range(self.height):
            runs: list[Run[_Style]] = []
            for column in range(self.width):
                style = self._styles.get((column, row))
                char = self._marks.get((column, row)) or self._char(self._bits[row][column])
                if runs and runs[-1].style == style:
                    runs[-1] = Run(runs[-1].text + char, style)
                else:
                    runs.append(Run(char, style))
            yield runs

    def _char(self, bits: int) -> str:
        if not bits:
            return " "
        return _ASCII[bits.bit_length() - 1] if self._ascii else chr(_BRAILLE + bits)


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar of a share (0 to 1) of ``width`` cells, in eighths of a cell; without padding."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    if ascii_only:
        return "#" * round(eighths / 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def diverging_bar(value: float, half: int, *, ascii_only: bool = False) -> tuple[str, str]:
    """A bar from the middle for a value of -1 to 1: its left and its right half, ``half`` cells each."""
    cells = min(half, round(abs(value) * half))
    block = "#" if ascii_only else "█"
    if value < 0:
        return " " * (half - cells) + block * cells, " " * half
    return " " * half, block * cells + " " * (half - cells)


def spread(counts: Sequence[int], width: int) -> list[int]:
    """Share ``width`` cells among counts by largest remainders (Hamilton); they make ``width`` together."""
    whole = sum(counts)
    if not whole or width <= 0:
        return [0] * len(counts)
    exact = [count * width / whole for count in counts]
    cells = [int(part) for part in exact]
    order = sorted(range(len(counts)), key=lambda at: (-(exact[at] - cells[at]), at))
    for at in order[: width - sum(cells)]:
        cells[at] += 1
    return cells
