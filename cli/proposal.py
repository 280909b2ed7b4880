"""A proposal for a text, shown and asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TextIO

from .ask import ask_concept, ask_feeling, choice
from .inert import one_line
from .printer import feeling_word
from .session import Session, warn

if TYPE_CHECKING:
    from ..llm.answers import Perception

__all__ = ["NO_FEELING", "keep_or_change", "show_perception"]

NO_FEELING: Final = "the words tell no feeling"


def show_perception(found: Perception, session: Session, out: TextIO) -> None:
    """Show what was chosen for a text."""
    others = () if found.undecided else found.alternatives
    lines = [
        ("concept", found.extracted_concept),
        (
            "feeling",
            NO_FEELING if found.undecided else feeling_word(found.extracted_feeling, session.settings),
        ),
        ("or", ", ".join(feeling_word(each.feeling, session.settings) for each in others[:3])),
        ("tags", " ".join(f"#{tag}" for tag in found.extracted_tags)),
        ("note", found.note),
        ("reading", found.enriched_content),
        ("by", found.provider),
    ]
    for name, value in lines:
        if value:
            out.write(f"{name:<8} {one_line(value, 2000)}\n")
    out.flush()


def keep_or_change(found: Perception, known: Sequence[str]) -> Perception | None:
    """Ask whether to save it as shown, with another concept and feeling, or not at all (None).

    ``known`` are the journal's concepts, to complete from.
    """
    if found.undecided:
        answer = choice("Say how it feels (c), or save nothing (n)?", "cn")
    else:
        answer = choice("Save it so (y), change it (c), or not at all (n)?", "ycn")
    if answer == "n":
        warn("nothing is saved")
        return None
    if answer == "y":
        return found
    concept = ask_concept(known, found.extracted_concept)
    feeling = ask_feeling(None if found.undecided else found.extracted_feeling)
    return replace(found, extracted_concept=concept, extracted_feeling=feeling)
