"""What Explore says: where there is nothing to show, and in its line of state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .model import MODES

if TYPE_CHECKING:
    from pathlib import Path

    from .model import Asked, Result

__all__ = ["TIPS", "answer_words", "asked_words", "nothing_words", "pieces", "unindexed_words"]

TIPS: Final = """Ask in the line above: words, a symbol, a path, an error message.

space pins a piece, x leaves it out, u says it was of use; y copies the answer, w writes it to a file. \
Tab goes to the knobs: the budget and what each signal weighs. c asks your journal instead."""
_UNINDEXED: Final = """This is where the code that answers a question stands, within a budget of tokens.

Nothing is indexed yet in

  {folder}

Press i to index this folder. The index stays in its .mnemosyne folder, and nothing leaves this machine."""


def unindexed_words(folder: Path) -> str:
    """What to say of a folder without an index."""
    return _UNINDEXED.format(folder=folder)


def nothing_words(result: Result) -> str:
    """What to say where nothing is listed."""
    if result.missed:
        least = min(missed.cost for missed in result.missed)
        return f"Nothing fits in {result.asked.budget:,} tokens: something costs {least:,}."
    return "Nothing answers this." if result.asked.text.strip() else TIPS


def asked_words(asked: Asked, mode: str, *, watching: bool) -> str:
    """What is asked, and how it is shown."""
    parts = [asked.corpus, asked.output, f"{asked.budget:,} tokens"]
    if asked.pinned:
        parts.append(f"{len(asked.pinned)} pinned")
    if asked.excluded:
        parts.append(f"{len(asked.excluded)} left out")
    if mode != MODES[0]:
        parts.append(mode)
    if watching:
        parts.append("watching")
    return " · ".join(parts)


def pieces(count: int) -> str:
    """So many pieces."""
    return f"{count:,} piece{'' if count == 1 else 's'}"


def answer_words(result: Result | None) -> str:
    """How much answers, and what of it is no longer so."""
    if result is None or not result.hits:
        return ""
    stale = sum(bool(hit.stale) for hit in result.hits)
    words = f"{pieces(len(result.hits))}, {result.used:,} tokens"
    return f"{words}, {stale} changed since: i indexes" if stale else words
