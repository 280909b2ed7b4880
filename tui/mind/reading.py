"""What the Mind pane asks of the mind: plain functions, called in threads. Knows no widgets."""

from __future__ import annotations

import threading
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from textual.message import Message

from ..inert import one_line
from .model import Who

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...llm.answers import Answer, Perception
    from ...llm.brain import Brain
    from ...llm.pacing import Cancel
    from ...llm.providers import Provider
    from ...llm.router import Router
    from ...storage.journal import MemoryDB
    from ..backend import Ticket
    from ..drafts import Draft, DraftStore
    from .model import Turn

__all__ = ["ConsentWanted", "Mind", "Told", "keep", "save"]

_CONCEPTS: Final = 500


class Told(Message):
    """More of a turn has come; its parts hold it."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """What came in between is drawn with the last."""
        return isinstance(message, Told) and message.turn is self.turn


class ConsentWanted(Message):
    """May words be sent to a host? The worker waits for :meth:`reply`."""

    def __init__(self, name: str, host: str, encrypted: bool, answers: SimpleQueue[bool | None]) -> None:
        self.name = name
        self.host = host
        self.encrypted = encrypted
        self._answers = answers
        super().__init__()

    def reply(self, allowed: bool | None) -> None:
        """Yes or no, which is kept; None for neither."""
        self._answers.put(allowed)


class Mind:
    """The models that are set up, read anew for each question; one router while they stay the same.

    So a provider that was just chosen answers at once, and the limit on requests a minute holds from one
    question to the next.

    Args:
        language: ``en`` or ``it``; None for the journal's own.
    """

    def __init__(self, language: str | None) -> None:
        self._language = language
        self._router: Router | None = None
        self._lock = threading.Lock()  # over _router
        self._asking = threading.local()

    def who(self, db: MemoryDB) -> Who:
        """Who would answer, and what about.

        Raises:
            ProviderError: a variable that describes a provider is wrong.
            SettingsError: the user's config is.
        """
        concepts = tuple(islice(db.concepts(), _CONCEPTS))
        router = self._open()
        chosen = router.setup.chosen[:1] if router is not None else ()
        notices = router.setup.notices if router is not None else ()
        if router is None or not chosen:
            return Who("", "free", notices, db.count(), concepts)
        name = f"{chosen[0].name} ({chosen[0].model})"
        return Who(one_line(name, 80), router.consent.state(chosen[0]), notices, db.count(), concepts)

    def answer(self, db: MemoryDB, ticket: Ticket, turn: Turn, cancel: Cancel) -> Answer | Perception:
        """Do what a turn asks; text and notes go into it as they come.

        Raises:
            ModelError: the setup is wrong, the answer broke off or was stopped.
            SettingsError: the user's config is wrong.
        """
        from ...llm.brain import Brain  # noqa: PLC0415 -- loaded when the first question is asked

        parts, notes = turn.parts, turn.notes

        def on_text(text: str) -> None:
            parts.append(text)
            ticket.tell(Told(turn))

        self._asking.ask = lambda provider: _may_send(provider, ticket, cancel)
        brain = Brain(db, self._open(), language=self._language, on_note=notes.append)
        return _answer(brain, turn, on_text, lambda done, of: _step(ticket, turn, done, of), cancel)

    def _may_send(self, provider: Provider) -> bool:
        """The router is shared, the question is the one of the thread that asks."""
        return bool(self._asking.ask(provider))

    def _open(self) -> Router | None:
        from ...llm.router import open_router  # noqa: PLC0415 -- not needed for the first frame

        fresh = open_router(ask=self._may_send)
        with self._lock:
            if fresh is None or self._router is None or fresh.setup != self._router.setup:
                self._router = fresh
            return self._router


def save(db: MemoryDB, found: Perception, drafts: DraftStore, draft: Draft | None) -> Perception:
    """Save a perception as the user has left it, and only then forget its draft."""
    from ...llm.brain import Brain  # noqa: PLC0415 -- loaded already by what made the perception

    saved = Brain(db).save(found)
    if draft is not None:
        drafts.discard(draft.draft_id)
    return saved


def keep(drafts: DraftStore, serial: int, waiting: Sequence[Draft], gone: Sequence[Draft]) -> None:
    """Keep what waits to be saved as drafts, and forget what nobody wants.

    Raises:
        OSError: the disk refused.
    """
    for draft in waiting:
        drafts.keep(draft, serial)
    for draft in gone:
        drafts.discard(draft.draft_id)


def _answer(
    brain: Brain,
    turn: Turn,
    on_text: Callable[[str], None],
    on_step: Callable[[int, int], None],
    cancel: Cancel,
) -> Answer | Perception:
    operation, text, size = turn.asked
    match operation:
        case "perceive":
            return brain.perceive(text, save=False, cancel=cancel)
        case "reflect":
            return brain.reflect(text, on_text=on_text, on_step=on_step, cancel=cancel)
        case "dream":
            return brain.dream(size, on_text=on_text, cancel=cancel)
        case "introspect":
            return brain.introspect(on_text=on_text, cancel=cancel)
        case _:
            return brain.ask(text, on_text=on_text, cancel=cancel)


def _step(ticket: Ticket, turn: Turn, done: int, of: int) -> None:
    turn.step = f"reading the years, {done} of {of}"
    ticket.tell(Told(turn))


def _may_send(provider: Provider, ticket: Ticket, cancel: Cancel) -> bool:
    """Have the user asked, and wait: for the answer, or for the question being stopped.

    Raises:
        StoppedError: it was stopped.
        NoModelError: the user wants neither, this time.
    """
    from ...llm.errors import NoModelError, StoppedError  # noqa: PLC0415

    answers: SimpleQueue[bool | None] = SimpleQueue()
    forget = cancel.on_cancel(lambda: answers.put(None))
    name, host = one_line(provider.name, 80), one_line(provider.consent_key, 300)
    ticket.tell(ConsentWanted(name, host, provider.address.scheme == "https", answers))
    allowed = answers.get()
    forget()
    if cancel.cancelled:
        raise StoppedError("stopped")
    if allowed is None:
        raise NoModelError((f"{name}: not asked this time",))
    return allowed
