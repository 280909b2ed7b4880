"""What Mind asks: whether words may leave this machine, and what a memory is to be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.suggester import SuggestFromList

from ...storage.feelings import Feeling
from ..dialogs.choice import Choice
from ..dialogs.prompt import Prompt
from ..inert import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import App

    from ...llm.answers import Perception
    from ..ink import Ink
    from .reading import ConsentWanted

__all__ = ["ask_concept", "ask_consent", "choose_concept", "choose_feeling"]


def ask_consent(app: App[None], wanted: ConsentWanted) -> None:
    """Ask whether words may be sent to a host, and tell who waits."""
    plain = "" if wanted.encrypted else " over a line that is not encrypted"
    title = (
        f"{wanted.name} is at {wanted.host}: your words and memories would leave this machine{plain}. "
        "Send them there?"
    )
    options = [
        ("later", "Not this time: mnemo answers by itself"),
        ("yes", "Yes, to this host from now on"),
        ("no", "No, never to this host"),
    ]
    replies = {"yes": True, "no": False}

    def done(chosen: str | None) -> None:
        wanted.reply(replies.get(chosen or ""))

    app.push_screen(Choice(title, options, chosen="later"), done)


def ask_concept(
    app: App[None], proposal: Perception, concepts: Sequence[str], then: Callable[[str], None]
) -> None:
    """Ask for another concept for what is proposed."""

    def check(text: str) -> str:
        if not text.strip():
            raise ValueError("a memory needs a concept")
        return "a concept of yours" if text.strip() in concepts else "a new concept"

    def done(text: str | None) -> None:
        if text is not None:
            then(text.strip())

    names = SuggestFromList(concepts, case_sensitive=False)
    value = one_line(proposal.extracted_concept, 200)
    app.push_screen(Prompt("What it is about", check, value=value, suggester=names), done)


def choose_feeling(app: App[None], proposal: Perception, ink: Ink, then: Callable[[Feeling], None]) -> None:
    """Ask for another feeling for what is proposed, the likely ones first."""
    likely = [proposal.extracted_feeling, *(each.feeling for each in proposal.alternatives)]
    looks = [(feeling, ink.feeling(feeling)[0]) for feeling in dict.fromkeys([*likely, *Feeling])]

    def done(chosen: str | None) -> None:
        if chosen is not None:
            then(Feeling(chosen))

    options = [(str(feeling), f"{look.glyph} {look.word}") for feeling, look in looks]
    app.push_screen(Choice("How it feels", options), done)


def choose_concept(app: App[None], concepts: Sequence[str], then: Callable[[str], None]) -> None:
    """Ask which concept to look back on."""
    # A concept may hold anything, an option's id may not: the place stands for the name.
    options = [(f"c{place}", one_line(name, 60)) for place, name in enumerate(concepts)]

    def done(chosen: str | None) -> None:
        if chosen is not None:
            then(concepts[int(chosen[1:])])

    app.push_screen(Choice("Look back on", options), done)
