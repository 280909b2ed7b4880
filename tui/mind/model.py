"""What the Mind pane talks about: operations, what was asked, and the turns of the conversation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ...llm.answers import LOCAL, Answer, Perception
from ..drafts import Draft

if TYPE_CHECKING:
    from ...storage.memory import Memory

__all__ = ["OPERATIONS", "Asked", "Turn", "Who", "read_asked"]

OPERATIONS: Final = ("ask", "perceive", "reflect", "dream", "introspect")
_FEWEST: Final = 2
_MOST: Final = 20
_DREAMT: Final = 5
_SOURCES: Final = 12


class Asked(NamedTuple):
    """One question: an operation, the words it is about, and for a dream how many memories."""

    operation: str
    text: str
    size: int = _DREAMT


class Who(NamedTuple):
    """Who would answer, and what there is to talk about.

    ``provider`` is empty where no model is set up; ``consent`` is the state of
    :class:`~mnemo.llm.consent.Consent`; ``notices`` say what in the setup has no effect.
    """

    provider: str
    consent: str
    notices: tuple[str, ...]
    memories: int
    concepts: tuple[str, ...]


@dataclass(slots=True)
class Turn:
    """A question and what came of it; only the screen's own thread changes anything but ``parts``."""

    asked: Asked
    parts: list[str] = field(default_factory=list)
    """The answer as it comes; the worker appends."""
    notes: list[str] = field(default_factory=list)
    """Why no model answered, a line each."""
    step: str = ""
    """How far something long is."""
    found: Answer | Perception | None = None
    error: str = ""
    running: bool = True
    put_away: bool = False
    """The proposal is not to be saved."""
    draft: Draft | None = None
    """The proposal as it is kept until it is saved or put away."""

    @property
    def text(self) -> str:
        """The answer, or as much of it as came."""
        return self.found.text if isinstance(self.found, Answer) else "".join(self.parts)

    @property
    def by_model(self) -> bool:
        """Whether a model speaks."""
        return self.found is not None and self.found.provider != LOCAL

    @property
    def proposal(self) -> Perception | None:
        """What waits to be saved, or not."""
        waits = isinstance(self.found, Perception) and self.found.memory is None and not self.put_away
        return self.found if waits and isinstance(self.found, Perception) else None

    @property
    def sources(self) -> tuple[Memory, ...]:
        """The memories to land on: those that are named, else those that the answer was made from."""
        if isinstance(self.found, Perception):
            return () if self.found.memory is None else (self.found.memory,)
        if self.found is None:
            return ()
        used = self.found.memories_used
        named = tuple(memory for memory in used if memory.memory_id in self.found.cited)
        return (named or used)[:_SOURCES]

    def drafted(self) -> Draft | None:
        """The proposal as a draft that can be gone on with, were everything to end now; None without one."""
        proposal = self.proposal
        if proposal is None:
            return None
        return replace(
            self.draft or Draft.new(),
            text=self.asked.text,
            concept=proposal.extracted_concept,
            feeling=str(proposal.extracted_feeling),
            tags=", ".join(proposal.extracted_tags),
            note=proposal.note,
        )

    def begin(self) -> None:
        """Forget what came of it: it is asked again."""
        self.parts, self.notes, self.found = [], [], None
        self.step = self.error = ""
        self.running = True
        self.put_away = False


def read_asked(line: str, mode: str) -> Asked:
    """What a line asks: ``/reflect Sea`` names the operation, anything else is asked as ``mode``.

    Raises:
        ValueError: it asks nothing; the message says what is missing.
    """
    text = line.strip()
    if text.startswith("/"):
        word, _, text = text[1:].partition(" ")
        mode, text = _operation(word), text.strip()
    match mode:
        case "dream":
            return Asked(mode, "", _number(text))
        case "introspect" if text:
            raise ValueError("introspect takes no words: press Enter on an empty line")
        case "ask" | "perceive" if not text:
            raise ValueError(
                "write what you want to know" if mode == "ask" else "write what is to be perceived"
            )
        case "reflect" if not text:
            raise ValueError("name a concept to look back on")
    return Asked(mode, text)


def _operation(word: str) -> str:
    found = [name for name in OPERATIONS if word and name.startswith(word.lower())]
    if not found:
        raise ValueError(f"there is no /{word}: use {', '.join('/' + name for name in OPERATIONS)}")
    return found[0]


def _number(text: str) -> int:
    if not text:
        return _DREAMT
    if not (text.isdecimal() and _FEWEST <= int(text) <= _MOST):
        raise ValueError(f"a dream takes how many memories, {_FEWEST} to {_MOST}, or nothing")
    return int(text)
