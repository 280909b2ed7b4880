"""How many tokens a text costs a model: an upper estimate of cl100k, the same on every machine.

The text is cut as cl100k cuts it before it merges bytes (the "pretokens" of byte-pair encoding); a table
gives the cost of the most frequent ones, and the shape of every other one prices it.
``benchmarks/calibrate_tokens.py`` makes the table and prints how far the estimate lies from the truth.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache, partial
from operator import mul
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["count_tokens", "exact_counter", "line_weights", "prefix_within", "tokens_of"]

# cl100k's own expression in the terms of ``re``, a line at a time: \p{L} is [^\W\d_], and marks count as
# punctuation in both.
# As text, like that of runs below: `re` compiles and keeps it once something but ASCII is counted.
PRETOKEN: Final = (
    r"'(?:[sdmt]|ll|ve|re)|(?:[^\n\w]|_)?[^\W\d_]+|\d{1,3}| ?(?:[^\s\w]|_)+\n?|\s*\n|\s+(?!\S)|\s+|."
)
_ascii: Final = re.compile(
    r"'(?:[sdmt]|ll|ve|re)|[^\nA-Za-z0-9]?[A-Za-z]+|[0-9]{1,3}| ?[^\sA-Za-z0-9]+\n?|\s*\n|\s+(?!\S)|\s+"
).findall
_any: Final = partial(re.findall, PRETOKEN)
_LETTERS: Final = r"[A-Za-z]+"
_RUN: Final = r"(?s:(.)\1*)"
_MEMO_SIZE: Final = 60_000
_LONGEST: Final = 64
"""Characters that a token stands for at most, save in runs of one mark."""
SHAPES: Final = 16
RUN: Final = 63
"""Marks in a row that a mark's price in the table is for: a length that no long token of cl100k has."""
_UNIT: Final = 1_000_000
"""Weights are whole millionths of a token: sums come out the same in any order."""


def count_tokens(text: str, language: str = "unknown") -> int:
    """Estimate from above how many cl100k tokens ``text`` makes; 0 for no text.

    Calibrated by language to be at least the truth for 99% of the chunks of real projects. Two texts joined
    by a line feed never count more than each by itself.
    """
    return tokens_of(sum(line_weights(text.split("\n"), language))) if text else 0


def line_weights(lines: list[str], language: str = "unknown") -> list[int]:
    """What each line adds to a text that it is part of; ``tokens_of`` their sum is what the text counts.

    A blank line adds nothing: cl100k merges line feeds.
    """
    table = _table()
    margin = table.margin(language)
    weight = table.__getitem__
    return [
        0
        if not line or line.isspace()
        else sum(map(weight, (_ascii if line.isascii() else _any)(line + "\n"))) * margin
        for line in lines
    ]


def tokens_of(weight: int) -> int:
    """Tokens of a text whose lines weigh ``weight`` together."""
    return -(-(weight + _table().start) // _UNIT)


def prefix_within(text: str, limit: int, language: str = "unknown") -> int:
    """How many characters of ``text``, from its start, stay within ``limit`` tokens by ``count_tokens``.

    At least one, so that a loop that cuts piece by piece comes to an end. For a single line, as many as fit
    up to the end of a word; blank lines are taken to cost something here.
    """
    table = _table()
    margin = table.margin(language)
    room = limit * _UNIT - table.start - table["\n"] * margin
    text = text[: max(limit, 1) * _LONGEST]
    for match in re.finditer(PRETOKEN, text):
        room -= table[match[0]] * margin
        if room < 0:
            end = match.start() or match.end()
            break
    else:
        end = len(text)
    while end > 1 and (count := count_tokens(text[:end], language)) > limit:
        end = max(1, min(end * 7 // 8, end * limit // count))
    return end


@cache
def exact_counter() -> Callable[[str], int] | None:
    """Count cl100k tokens exactly; None without the extra ``tokens``."""
    try:
        from rs_bpe.bpe import openai  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return None
    count: Callable[[str], int] = openai.cl100k_base().count
    remembered = lru_cache(maxsize=4096)(count)  # the same chunks answer many questions

    def exact(text: str) -> int:
        try:
            return remembered(text) if len(text) < 4000 else count(text)
        except UnicodeEncodeError:  # half a character, which is written as the mark for one
            return count(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))

    return exact


class Pieces:
    """The words that cl100k has as one token, of two letters up to ``longest``: ``told`` has them by their
    first two letters, separated by spaces, and only those that are asked for are taken apart.
    """

    def __init__(self, told: dict[str, str], longest: int) -> None:
        self._told = told
        self._known: dict[str, frozenset[str]] = {}
        self.longest = longest

    def beginning(self, start: str) -> frozenset[str]:
        """Those that begin with these two letters."""
        known = self._known.get(start)
        if known is None:
            known = self._known[start] = frozenset(self._told.get(start, "").split())
        return known


def shape(pretoken: str, pieces: Pieces, runs: dict[str, int]) -> list[int]:
    """What the price of a pretoken that is not in the table is made of; ``calibrate_tokens.py`` learns the
    weights.

    In order: a word that is one piece, by itself, after a space, after a mark; the pieces of a longer word,
    that it is one, that a mark leads it; white space; digits; runs of one ASCII mark, and what the run adds
    to its first; other marks that are known; bytes of unknown ones, the first two of each run, and
    how many follow; letters of two bytes, of East Asian scripts, of other scripts.
    """
    found = [0] * SHAPES
    last = pretoken[-1]
    if last.isalpha():
        lead = 0 if pretoken[0].isalpha() else 1 if pretoken[0] == " " else 2
        bare = pretoken[1:] if lead else pretoken
        if bare.isascii():
            count = _pieces(bare, pieces)
            if count == 1:
                found[lead] = 1
            else:
                found[3], found[4], found[5] = count, 1, lead // 2
            if pretoken[0] > "\x7f":
                price = runs.get(pretoken[0], 0)
                found[10] += -(-price // RUN)
                found[11] += 0 if price else _utf8_length(pretoken[0])
        else:
            found[3] = sum(_pieces(part, pieces) for part in re.findall(_LETTERS, bare))
            found[4] = 1
            for char in bare:
                if char > "\u07ff":
                    found[14 if "\u2e80" <= char <= "\ud7ff" else 15] += 1
                elif char > "\x7f":
                    found[13] += 1
    elif pretoken.isspace():
        found[6] = 1
    elif last.isdecimal():
        found[7] = 1
    else:
        for match in re.finditer(_RUN, pretoken.strip()):
            run = match[0]
            price = runs.get(run[0], 0)
            if run[0] < "\x80":
                found[8] += 1
                found[9] += -(-(len(run) - 1) * price // RUN)
            elif price:
                # A space before it takes the mark's first byte to itself.
                found[10] += -(-len(run) * price // RUN) + (pretoken[0] == " " and pretoken[1] == run[0])
            else:
                found[11] += _utf8_length(run[:2])
                found[12] += len(run[2:])
    return found


def _pieces(word: str, pieces: Pieces) -> int:
    """How many of ``pieces`` make ``word``, the longest first; a letter is always one."""
    longest = pieces.longest
    count = at = 0
    while at < len(word):
        known = pieces.beginning(word[at : at + 2])
        end = min(len(word), at + longest) if known else at + 1
        while end > at + 1 and word[at:end] not in known:
            end -= 1
        at = end
        count += 1
    return count


def _utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


class _Table(dict[str, int]):
    """Weights of pretokens in thousandths: those of the file, and each other one once it has been seen."""

    def __init__(self, data: dict[str, Any]) -> None:
        weights: list[int] = [round(weight * 1000) for weight in data["weights"]]
        super().__init__()
        self._known = {int(cost) * weights[0]: known for cost, known in data["pretokens"].items()}
        self._begin()
        self._pieces = Pieces(data["pieces"], data["longest"])
        self._runs = {mark: int(cost) for cost, marks in data["runs"].items() for mark in marks}
        self._weights: list[int] = weights[1:-1]
        self._margins: dict[str, int] = {
            language: round(margin * 1000) for language, margin in data["margins"].items()
        }
        self._widest = max(self._margins.values())
        self.start: int = weights[-1] * 1000
        """Millionths of a token that every text costs, whatever it holds."""

    def _begin(self) -> None:
        self.clear()
        for weight, pretokens in self._known.items():
            self.update(dict.fromkeys(pretokens, weight))

    def margin(self, language: str) -> int:
        """Thousandths by which a weight counts in ``language``."""
        return self._margins.get(language, self._widest)

    def __missing__(self, pretoken: str) -> int:
        if len(self) >= _MEMO_SIZE:
            self._begin()
        weight: int = sum(map(mul, self._weights, shape(pretoken, self._pieces, self._runs)))
        if len(pretoken) < 40:
            self[pretoken] = weight
        return weight


@cache
def _table() -> _Table:
    return _Table(json.loads((Path(__file__).parent / "cl100k_estimate.json").read_bytes()))
