"""What Mind says before anything was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..inert import one_line

if TYPE_CHECKING:
    from .model import Who

__all__ = ["HINTS", "welcome"]

HINTS: Final = {
    "ask": "What do you want to know?",
    "perceive": "Write; a concept and a feeling are proposed",
    "reflect": "A concept to look back on; Enter alone lists them",
    "dream": "Enter draws five memories; or write how many",
    "introspect": "Enter draws a portrait of who writes",
}
"""What stands in the empty line, by operation."""
_ASKS: Final = {
    "unasked": "; before anything is sent to it, you are asked",
    "no": "; your config says that nothing is sent to it, so mnemo answers by itself",
    "never": "; LLM_CONSENT is never, so mnemo answers by itself",
}


def welcome(who: Who | None, trouble: str) -> list[tuple[str, bool]]:
    """Lines, and whether each is a title; ``who`` answers is None while it is not known."""
    said = [("A conversation with your memories", True), ("", False)]
    if trouble:
        said.append((f"{one_line(trouble)}\nF5 tries again.", False))
    elif who is not None:
        said.append((_who_words(who), False))
        said += [(one_line(notice), False) for notice in who.notices]
    return [
        *said,
        ("", False),
        ("Ask, and press Enter: the answer rests on your memories alone, and names them.", False),
        ("Tab goes on to perceive, reflect, dream and introspect; Esc leaves the line for the keys.", False),
    ]


def _who_words(who: Who) -> str:
    if not who.memories:
        return "There are no memories yet. Press Tab and write: what is perceived is the first."
    if not who.provider:
        return "No model is set up: mnemo answers by itself. mnemo providers says how to add one."
    return f"{who.provider} answers{_ASKS.get(who.consent, '')}."
