"""Workloads made up to show what tells the policies apart; the same ones every time. Knows no screen."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import Final

from .model import Place, Workload

__all__ = ["SYNTHETIC", "synthetic"]

_LENGTH: Final = 12_000
_CAPACITY: Final = 100


def _popular(random_: random.Random, keys: range, size: int) -> list[int]:
    """Requests by Zipf's law: the n-th key 1/n times as often as the first."""
    weights = list(accumulate(1 / place for place in range(1, len(keys) + 1)))
    return random_.choices(keys, cum_weights=weights, k=size)


def _scans(random_: random.Random) -> list[int]:
    """Every so often somebody reads through everything once: what LRU is flooded by."""
    requests: list[int] = []
    unseen = 1000
    while len(requests) < _LENGTH:
        requests += _popular(random_, range(120), 600)
        requests += range(unseen, unseen + 200)
        unseen += 200
    return requests[:_LENGTH]


def _shifts(random_: random.Random) -> list[int]:
    """The work moves on to other files: what LFU is held back by."""
    requests: list[int] = []
    for turn in range(_LENGTH // 1500):
        requests += _popular(random_, range(turn * 200, turn * 200 + 200), 1500)
    return requests


def _steady(random_: random.Random) -> list[int]:
    """The same files are always the popular ones: where counting is right."""
    return _popular(random_, range(1500), _LENGTH)


def _mixed(random_: random.Random) -> list[int]:
    """Work that moves on, with walks through everything between: neither of the two will do."""
    requests: list[int] = []
    unseen = 100_000
    for turn in range(_LENGTH // 1500):
        for _ in range(3):
            requests += _popular(random_, range(turn * 200, turn * 200 + 200), 350)
            requests += range(unseen, unseen + 150)
            unseen += 150
    return requests


_MADE: Final = {"mixed": _mixed, "scans": _scans, "shifts": _shifts, "steady": _steady}
SYNTHETIC: Final = {
    "mixed": "work that moves on, with walks through everything between",
    "scans": "popular files, and now and then a walk through everything",
    "shifts": "work that moves on to other files",
    "steady": "files that stay as popular as they are",
}
"""Name and description of each."""


def synthetic(name: str) -> Workload:
    """Make a workload.

    Raises:
        KeyError: there is none of that name.
    """
    requests = [f"{number:012x}" for number in _MADE[name](random.Random(name))]  # noqa: S311 -- no secret
    places = {key: Place(f"file {int(key, 16)}") for key in set(requests)}
    return Workload(name, SYNTHETIC[name], requests, places, _CAPACITY)
