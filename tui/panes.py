"""The panes of the app: what a pane is, and the list of those that there are.

A pane is one tab. Each lives in a folder of its own, ``tui/<name>/``, and is made known here by one
function that loads it and one line of :data:`PANES`. Nothing of a pane is imported before it is first
shown, so none slows the first frame of another.

What a pane promises:

- ``tui/<name>/pane.py`` holds its :class:`Pane`; beside it lies its style sheet, named by ``STYLES``. Ids of
  its widgets and every selector of the sheet begin with the pane's name (``#arc``, ``#arc-canvas``), for
  style sheets know no borders. The folder is listed in ``pyproject.toml``, its ``*.tcss`` as package data.
- It is made with the :class:`~mnemo.tui.backend.Backend`, the :class:`~mnemo.tui.ink.Ink` to draw with and
  the user's settings, and composes only what its first frame needs. ``load_rest`` is called once, after
  that frame: ask the backend there.
- It gives the focus to its first widget when it is mounted, and again in ``focus_first``.
- It touches neither storage nor retrieval nor llm. ``tui/<name>/reading.py`` (and the like) holds plain
  functions from a journal or an engine to frozen data, and the pane has the backend run them in a worker:
  ``backend.read_journal(self, "arc.curve", "drawing the arc", lambda db, ticket: curve(db, query, ticket))``;
  ``read_code`` does so with the engine of the project.
  Groups begin with the pane's name. What comes back is an ``Answer`` or a ``Failed`` with the way to retry,
  shown in the pane; a work that takes long looks at ``ticket.stale`` and tells of progress with
  ``ticket.tell(message)``.
- While another pane is shown, ``display`` is off and Textual sends ``Hide``, later ``Show``: stop polling.
- ``say`` puts a few words at the right of the tab bar. :class:`MemoryWanted` asks the app to go to a memory,
  :class:`WritingWanted` to write one.
- Its bindings have ids (``arc.zoom_in``), tooltips and, where the bar of keys is to show them, ``show``;
  ``HELP`` and ``HELP_TITLE`` are what the help says; ``palette_entries`` may add commands to the palette;
  every widget that draws with the ink has ``restyle(ink)``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.actions import parse
from textual.containers import Container
from textual.keys import format_key
from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..settings import Settings
    from .backend import Answer, Backend, Failed
    from .ink import Ink
    from .note import Blurb

__all__ = ["PANES", "Entry", "MemoryWanted", "Pane", "WritingWanted", "entry_of"]


class MemoryWanted(Message):
    """The Timeline is to be shown with the cursor on a memory, given by its id or its ref in the log."""

    def __init__(self, memory: str | int) -> None:
        self.memory = memory
        super().__init__()


class WritingWanted(Message):
    """A memory is to be written, in the Timeline."""


class Pane(Container):
    """One tab's whole content."""

    STYLES: ClassVar[str]
    """The style sheet beside the module."""

    class StatusChanged(Message):
        """The pane has something else to say in the tab bar."""

        def __init__(self, pane: Pane) -> None:
            self.pane = pane
            super().__init__()

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.backend = backend
        self.ink = ink
        self.settings = settings
        self.status = ""
        """What the tab bar says while this pane is shown."""
        self.failures: dict[str, Failed] = {}
        """What failed and was not answered since, by group, the last one last."""
        self._actions = dict.fromkeys(parse(each.action)[1:] for _, each in self._bindings)
        self._could: tuple[bool | None, ...] = ()

    @classmethod
    def style_path(cls) -> Path:
        """Where the pane's style sheet is."""
        return Path(str(sys.modules[cls.__module__].__file__)).with_name(cls.STYLES)

    def load_rest(self) -> None:
        """Ask for everything that can come after the pane's first frame."""

    def focus_first(self) -> None:
        """Take the keys."""
        raise NotImplementedError

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme from now on; the widgets are told themselves."""
        self.ink = ink

    def key_of(self, name: str, default: str) -> str:
        """A key as it is shown, by its binding's id and what it is where the user's keymap says nothing."""
        return format_key(self.settings.keymap.get(name, default).partition(",")[0])

    def note(self, blurb: Blurb) -> None:
        """Show a text in place of all else, in the pane's Note; where there is none, all else again."""
        from .note import NO_BLURB, Note  # noqa: PLC0415 -- not in the first frame of the Timeline

        if self.has_class("-empty") != (blurb != NO_BLURB):
            self.set_class(blurb != NO_BLURB, "-empty")
            if self.display and self.screen.is_active:
                self.after_frame(self.focus_first)
        self.query_one(Note).say(blurb)

    def after_frame(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call it once this pane is painted; soon, where a screen lies over it.

        Textual leaves what waits for a frame to the screen on top, and one that is closed forgets it.
        """
        call = self.call_after_refresh if self.screen.is_active else self.call_later
        call(callback, *arguments)

    def failed_words(self, error: str) -> Blurb:
        """What to say in place of all else when nothing could be read."""
        from .note import Blurb  # noqa: PLC0415

        name = str(self.id)
        return Blurb(error, keys=((self.key_of(f"{name}.retry", "f5"), "try again"),), failed=True)

    # -- answers and failures -------------------------------------------------------------------

    def show_answer(self, message: Answer) -> None:
        """Show what the backend found; it is still wanted."""

    def show_failure(self, message: Failed) -> None:
        """Show in the pane what failed, beside :attr:`trouble`; there is a key to try again."""

    def say_where(self) -> None:
        """Say how things stand: what is shown, what is under way, what is wrong."""

    @property
    def trouble(self) -> str:
        """What went wrong last; empty where all is well."""
        return next((failed.error for failed in reversed(self.failures.values())), "")

    def on_answer(self, message: Answer) -> None:
        """Show what the backend found, if nothing newer was asked."""
        if not message.ticket.stale:
            self.failures.pop(message.ticket.group, None)
            self.show_answer(message)
            self.say_where()
            self.offer()

    def on_failed(self, message: Failed) -> None:
        """Say in the pane what went wrong, if nothing newer was asked."""
        if not message.ticket.stale:
            self.failures.pop(message.ticket.group, None)
            self.failures[message.ticket.group] = message
            self.show_failure(message)
            self.say_where()
            self.offer()

    def action_retry(self) -> None:
        """Try again what failed."""
        failures, self.failures = self.failures, {}
        for failed in failures.values():
            failed.retry()
        self.say_where()
        self.offer()

    def offer(self) -> None:
        """Show other keys beneath, if what can be done has changed."""
        can = tuple(self.check_action(name, parameters) for name, parameters in self._actions)
        if can != self._could:
            self._could = can
            self.refresh_bindings()

    def say(self, status: str) -> None:
        """Put a few words at the right of the tab bar."""
        if status != self.status:
            self.status = status
            self.post_message(self.StatusChanged(self))


class Entry(NamedTuple):
    """A tab: the pane's name (its widget's id, and what ``--pane`` takes), its title, key and class."""

    name: str
    title: str
    key: str
    tooltip: str
    load: Callable[[], type[Pane]]


def _timeline() -> type[Pane]:
    from .timeline.pane import TimelinePane  # noqa: PLC0415

    return TimelinePane


def _arc() -> type[Pane]:
    from .arc.pane import ArcPane  # noqa: PLC0415

    return ArcPane


def _explore() -> type[Pane]:
    from .explore.pane import ExplorePane  # noqa: PLC0415

    return ExplorePane


def _cache() -> type[Pane]:
    from .cache.pane import CachePane  # noqa: PLC0415

    return CachePane


def _mind() -> type[Pane]:
    from .mind.pane import MindPane  # noqa: PLC0415

    return MindPane


PANES: Final = (
    Entry("timeline", "Timeline", "1", "Your memories by time", _timeline),
    Entry("arc", "Arc", "2", "How your memories feel over time", _arc),
    Entry("explore", "Explore", "3", "The code and the memories that answer a question", _explore),
    Entry("cache", "Cache", "4", "What the cache of queries holds, and how it adapts", _cache),
    Entry("mind", "Mind", "5", "A conversation with your memories", _mind),
)


def entry_of(name: str) -> Entry:
    """The entry of a pane.

    Raises:
        KeyError: there is none of that name.
    """
    for entry in PANES:
        if entry.name == name:
            return entry
    raise KeyError(name)
