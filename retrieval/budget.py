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
    offers: Iterable[Offer],
    budget: int,
    cost: Callable[[int], int],
    *,
    squeeze: Callable[[int, int], int | None] = lambda _row, _room: None,
    limit: int | None = None,
    per_file: int | None = None,
) -> Choice:
    """Take offers (best first) while they fit; one that does not is skipped, and smaller ones may follow.

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
    for offer in offers:
        if limit is not None and len(choice.taken) >= limit:
            break
        if per_file is not None and counts.get(offer.file_id, 0) >= per_file:
            choice.passed[offer.row] = f"{per_file} of its file already"
            continue
        if offer.content_id in contents:
            choice.passed[offer.row] = "same content"
            continue
        taken_lines = ranges.setdefault(offer.file_id, [])
        if taken_lines and _covered(offer, taken_lines):
            choice.passed[offer.row] = "its lines are there already"
            continue
        price = offer.floor
        if choice.used + price <= budget:
            price = cost(offer.row)
        if choice.used + price > budget and (smaller := squeeze(offer.row, budget - choice.used)) is not None:
            price = smaller
            choice.squeezed += 1
        if choice.used + price > budget:
            choice.refused.append((offer.row, price))
            refusals += 1
            if refusals >= TRIES:
                break
            continue
        choice.taken.append(offer.row)
        choice.used += price
        contents.add(offer.content_id)
        taken_lines.append((offer.line_start, offer.line_end))
        counts[offer.file_id] = counts.get(offer.file_id, 0) + 1
    return choice


def _covered(offer: Offer, taken: list[tuple[int, int]]) -> bool:
    """Whether lines of the offer were taken already. Windows overlap by a few lines: more than a third
    counts.

    Pieces of one long line are told apart by their contents.
    """
    if offer.line_start == offer.line_end:
        return any(start <= offer.line_start <= end and start != end for start, end in taken)
    first, last = offer.line_start, offer.line_end
    shared = 0
    for start, end in taken:
        if start <= last and first <= end:
            shared += (end if end < last else last) - (start if start > first else first) + 1
    return shared * 3 > last - first + 1
