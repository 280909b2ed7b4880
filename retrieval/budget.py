"""Choose what goes out: best value first, nothing twice, never over the budget."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = ["Choice", "Offer", "fill"]

TRIES = 400  # offers that are looked at once the budget has begun to refuse


class Offer(NamedTuple):
    """A chunk on offer, by its row; ``floor`` is what its block surely costs."""

    row: int
    file_id: int
    content_id: int
    line_start: int
    line_end: int
    floor: int = 0


class Choice:
    """The rows taken, in order, those that the budget refused (with their cost), why others were passed
    over, and how many were made smaller to fit.
    """

    __slots__ = ("passed", "refused", "squeezed", "taken", "used")

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.refused: list[tuple[int, int]] = []
        self.passed: dict[int, str] = {}
        self.used = 0
        self.squeezed = 0


def fill(
    offers: Iterable[tuple[int, int, int, int, int, int]],
    budget: int,
    cost: Callable[[int], int],
    *,
    squeeze: Callable[[int, int], int | None] = lambda _row, _room: None,
    limit: int | None = None,
    per_file: int | None = None,
) -> Choice:
    """Take offers (best first, `Offer` or what it holds) while they fit; one that does not is skipped, and
    smaller ones may follow.

    ``cost`` gives the tokens of a row's block; it is not asked where the floor alone does not fit.
    ``squeeze`` may make a row that does not fit smaller: it is given the room that is left, and gives the
    row's new cost, or None where it cannot or will not. An offer whose content was taken already, or most of
    whose lines were, is passed over.
    """
    choice = Choice()
    contents: set[int] = set()
    ranges: dict[int, list[tuple[int, int]]] = {}
    counts: dict[int, int] = {}
    refusals = 0
    for row, file_id, content_id, line_start, line_end, floor in offers:
        if limit is not None and len(choice.taken) >= limit:
            break
        if per_file is not None and counts.get(file_id, 0) >= per_file:
            choice.passed[row] = f"{per_file} of its file already"
            continue
        if content_id in contents:
            choice.passed[row] = "same content"
            continue
        taken_lines = ranges.get(file_id)
        if taken_lines and _covered(line_start, line_end, taken_lines):
            choice.passed[row] = "its lines are there already"
            continue
        room = budget - choice.used
        price = floor if floor > room else cost(row)
        if price > room and (smaller := squeeze(row, room)) is not None:
            price = smaller
            choice.squeezed += 1
        if price > room:
            choice.refused.append((row, price))
            refusals += 1
            if refusals >= TRIES:
                break
            continue
        choice.taken.append(row)
        choice.used += price
        contents.add(content_id)
        ranges.setdefault(file_id, []).append((line_start, line_end))
        counts[file_id] = counts.get(file_id, 0) + 1
    return choice


def _covered(first: int, last: int, taken: list[tuple[int, int]]) -> bool:
    """Whether these lines were taken already. Windows overlap by a few lines: more than a third counts.

    Pieces of one long line are told apart by their contents.
    """
    if first == last:
        return any(start <= first <= end and start != end for start, end in taken)
    shared = 0
    for start, end in taken:
        if start <= last and first <= end:
            shared += (end if end < last else last) - (start if start > first else first) + 1
    return shared * 3 > last - first + 1
