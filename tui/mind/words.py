"""What Mind says before anything was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..inert import one_line
from ..note import Blurb

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


_FORMS: Final = (
    ("/ask", "what your memories say of it, and which of them"),
    ("/perceive", "write: a concept and a feeling are proposed"),
    ("/reflect", "how a concept went, from the first to the last"),
    ("/dream", "memories far apart, and what links them"),
    ("/introspect", "a portrait of who writes"),
)


def welcome(who: Who | None, trouble: str) -> Blurb:
    """What to say before anything was asked; ``who`` answers is None while it is not known."""
    said = []
    if trouble:
        said.append(f"{one_line(trouble)}\nF5 tries again.")
    elif who is not None:
        said += [_who_words(who), *map(one_line, who.notices)]
    said.append("Write in the line below, and Tab chooses what becomes of it; Esc leaves it for the keys.")
    return Blurb("A conversation with your memories", "\n\n".join(said), _FORMS)


def _who_words(who: Who) -> str:
    if not who.memories:
        return "There are no memories yet. Press Tab and write: what is perceived is the first."
    if not who.provider:
        return "No model is set up: mnemo answers by itself. Point at a provider, in the palette, adds one."
    return f"{who.provider} answers{_ASKS.get(who.consent, '')}."
