"""The four tiers as bars against the capacity, with the target; and the policies' hit rates as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...drawing.canvas import bar
from ..lines import Drawing, Piece
from .model import TIERS, Tier
from .replay import POLICIES

if TYPE_CHECKING:
    from rich.style import Style

    from ...storage.cache import ArcState
    from ..ink import Ink
    from .replay import Replay

__all__ = ["Race", "Tiers", "policy_style", "tier_style"]

_NUMBER = 7


def tier_style(ink: Ink, tier: Tier) -> Style:
    """What holds contents is bright, what remembers keys stands back."""
    colours = {"T1": "primary", "T2": "success", "B1": "muted", "B2": "muted"}
    return ink.style(colours[tier])


def policy_style(ink: Ink, name: str) -> Style:
    """A policy's colour."""
    colours = {"ARC": "accent", "LRU": "primary", "LFU": "success"}
    return ink.style(colours[name], "bold" if name == "ARC" else "")


class Tiers(Drawing, can_focus=False):
    """T1, T2, B1 and B2, each as long as its share of the capacity; the target of T1 marks its bar."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.state: ArcState[str] | None = None
        self.capacity = 1

    def show(self, state: ArcState[str] | None, capacity: int) -> None:
        """Draw another state."""
        if (state, capacity) != (self.state, self.capacity):
            self.state, self.capacity = state, capacity
            self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """A line for each tier, and one for the target; a heading where there is room."""
        ink, state = self.ink, self.state
        if state is None:
            return []
        words = width >= 56
        label = max(len(text) for text in TIERS.values()) + 6 if words else 5
        room = max(1, width - label - _NUMBER - 2)
        target = min(room - 1, int(state.p / self.capacity * room))
        mark, ghost, empty = ("|", ":", ".") if ink.ascii_only else ("┃", "▒", "·")
        lines: list[list[Piece]] = []
        if height > len(TIERS) + 1:
            lines.append([(f" Tiers · {self.capacity:,} entries at most", ink.heading)])
        for tier, text in TIERS.items():
            keys = getattr(state, tier.lower())
            filled = bar(len(keys) / self.capacity, room, ascii_only=ink.ascii_only)
            if tier[0] == "B":
                filled = ghost * len(filled)
            if keys and not filled:
                filled = ghost if tier[0] == "B" else mark
            cells = filled + empty * (room - len(filled))
            name = [(f" {tier} ", ink.strong), (f"{text if words else '':<{label - 4}}", ink.muted)]
            style = tier_style(ink, tier)
            drawn: list[Piece] = [(cells[: len(filled)], style), (cells[len(filled) :], ink.muted)]
            if tier == "T1":
                before, after = cells[:target], cells[target + 1 :]
                seen = max(0, len(filled) - target - 1)
                drawn = [
                    (before[: len(filled)], style),
                    (before[len(filled) :], ink.muted),
                    (mark, ink.heading),
                    (after[:seen], style),
                    (after[seen:], ink.muted),
                ]
            lines.append([*name, *drawn, (f"{len(keys):>{_NUMBER},} ", ink.text)])
        pointer = "^" if ink.ascii_only else "▲"
        said = f"target of T1: {state.p:,.1f}" if words else f"p {state.p:,.1f}"
        if target + len(said) + 2 <= room + _NUMBER:
            shown = f"{' ' * target}{pointer} {said}"
        else:
            shown = f"{said} {pointer}".rjust(target + 1)
        lines.append([(f"{' p' if words else '':<{label}}", ink.strong), (shown, ink.heading)])
        return lines


class Race(Drawing, can_focus=False):
    """The hit rate of each policy so far, the best marked."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(ink, id=id)
        self.replay: Replay | None = None

    def show(self, replay: Replay) -> None:
        """Draw what the policies made of it by now."""
        self.replay = replay
        self.again()

    def draw(self, width: int, height: int) -> list[list[Piece]]:
        """A line for each policy; a heading where there is room."""
        ink, replay = self.ink, self.replay
        if replay is None:
            return []
        lines: list[list[Piece]] = []
        if height > len(POLICIES):
            lines.append([(" Hit rate so far", ink.heading)])
        rates = {name: replay.rate(name) for name in POLICIES}
        best = max(rates.values())
        room = max(1, width - 16)
        star = "*" if ink.ascii_only else "★"
        for name, rate in rates.items():
            filled = bar(rate, room, ascii_only=ink.ascii_only)
            lines.append(
                [
                    (f" {name} ", ink.strong),
                    (filled, policy_style(ink, name)),
                    (" " * (room - len(filled)), ink.text),
                    (f" {rate:>6.1%} ", ink.text),
                    (star if rate == best and best > 0 else " ", ink.heading),
                ]
            )
        return lines
