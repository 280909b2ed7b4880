"""What Explore says: where there is nothing to show, and in its line of state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..counting import counted
from ..note import Blurb
from .model import MODES

if TYPE_CHECKING:
    from pathlib import Path

    from ..panes import Pane
    from .model import Asked, Result

__all__ = [
    "answer_words",
    "asked_words",
    "indexing_words",
    "nothing_words",
    "pieces",
    "tips",
    "unindexed_words",
]

_TIPS: Final = (
    ("enter", "explore.open", "to the results, and there to the editor"),
    ("space", "explore.pin", "keep a piece, whatever is asked"),
    ("x", "explore.exclude", "leave a piece out"),
    ("y", "explore.copy", "copy the answer within its budget"),
    ("w", "explore.write", "write it to a file"),
    ("tab", "explore.tuning", "the knobs: budget, weight of each signal"),
)
_UNINDEXED: Final = """This is where the code that answers a question stands, within a budget of tokens. \
The folder is

{folder}

Its index stays in its .mnemosyne, and nothing leaves this machine."""


def unindexed_words(folder: Path, pane: Pane) -> Blurb:
    """What to say of a folder without an index."""
    keys = (
        (pane.key_of("explore.ingest", "i"), "index this folder"),
        (pane.key_of("explore.corpus", "c"), "ask your journal instead"),
    )
    return Blurb("Nothing is indexed yet", _UNINDEXED.format(folder=folder), keys)


def indexing_words(folder: Path, pane: Pane) -> Blurb:
    """What to say while a folder is indexed for the first time."""
    stop = (pane.key_of("explore.ingest", "i"), "stop; what is read by then stays")
    return Blurb("Indexing", f"Questions can be asked in a moment. The folder is\n\n{folder}", (stop,))


def tips(asked: Asked, pane: Pane) -> Blurb:
    """What can be done with an answer, before there is one."""
    code = asked.corpus == "code"
    what = "words, a symbol, a path or an error" if code else "words, a name or a time"
    keys = tuple((pane.key_of(name, key), words) for key, name, words in _TIPS)
    other = (pane.key_of("explore.corpus", "c"), f"ask your {'journal' if code else 'code'} instead")
    return Blurb(f"Ask your {asked.corpus}", f"Write {what} above. Then", (*keys, other))


def nothing_words(result: Result, pane: Pane) -> Blurb:
    """What to say where nothing is listed."""
    asked = result.asked
    if result.missed:
        least = min(missed.cost for missed in result.missed)
        more = (pane.key_of("explore.budget", "b"), "another budget")
        return Blurb(f"Nothing fits in {asked.budget:,} tokens", f"The least costs {least:,}.", (more,))
    if not asked.text.strip():
        return tips(asked, pane)
    other = "journal" if asked.corpus == "code" else "code"
    keys = (
        (pane.key_of("explore.corpus", "c"), f"ask your {other} instead"),
        (pane.key_of("explore.past", "H"), "ask again what you asked before"),
    )
    return Blurb("Nothing answers this", "Other words may. Esc leaves the line for the keys.", keys)


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
    return counted(count, "piece")


def answer_words(result: Result | None) -> str:
    """How much answers, and what of it is no longer so."""
    if result is None or not result.hits:
        return ""
    stale = sum(bool(hit.stale) for hit in result.hits)
    words = f"{pieces(len(result.hits))}, {result.used:,} tokens"
    return f"{words}, {stale} changed since: i indexes" if stale else words
