"""The index of the folder: bringing it up to date, following what changes, and how far either is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.message import Message

from ..counting import counted
from .reading import ingest, watch

if TYPE_CHECKING:
    from textual.widget import Widget

    from ...retrieval.ingest import Progress
    from ..backend import Backend
    from .model import Ingested

__all__ = ["CodeChanged", "Indexing", "Progressed", "Said", "report_words"]

_BAR: Final = 16


class Progressed(Message):
    """How far an ingest is."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts."""
        return isinstance(message, Progressed)


class CodeChanged(Message):
    """Watching brought the index up to date."""

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts: who is told asks anew."""
        return isinstance(message, CodeChanged)


class Said(Message):
    """A line from the watch."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class Indexing:
    """At most one ingest and one watch of a pane; groups ``explore.ingest`` and ``explore.watch``."""

    def __init__(self, node: Widget, backend: Backend) -> None:
        self._node = node
        self._backend = backend
        self.working = ""
        """How far the ingest is; empty where none runs."""
        self.watching = False

    def start(self) -> None:
        """Index what changed."""
        self.working = "looking for files"
        self._backend.write_code(
            self._node,
            "explore.ingest",
            "indexing",
            lambda engine, ticket: ingest(engine, ticket, lambda now: ticket.tell(Progressed(now))),
        )

    def stop(self) -> None:
        """Index no further; what was read so far stays."""
        self._backend.cancel("explore.ingest")
        self._backend.code_changed()
        self.working = ""

    def progressed(self, now: Progress, *, ascii_only: bool) -> None:
        """Take in how far it is."""
        if not self.working:
            return
        if now.total:
            bar = ("=" if ascii_only else "━") * (now.done * _BAR // now.total)
            self.working = (
                f"{now.phase} {bar:<{_BAR}} {now.done:,}/{now.total:,} {now.files_per_second:.0f}/s"
            )
        else:
            self.working = f"{now.phase}, {counted(now.done, 'file')}"

    def switch_watch(self) -> None:
        """Follow what changes in the folder, or no longer."""
        self.watching = not self.watching
        if self.watching:
            self._backend.write_code(
                self._node,
                "explore.watch",
                "watching",
                lambda engine, ticket: watch(
                    engine,
                    ticket,
                    lambda: ticket.tell(CodeChanged()),
                    lambda line: ticket.tell(Said(line)),
                ),
            )
        else:
            self._backend.cancel("explore.watch")

    def failed(self, group: str) -> None:
        """One of them ended by itself."""
        if group == "explore.ingest":
            self.working = ""
        elif group == "explore.watch":
            self.watching = False


def report_words(done: Ingested) -> str:
    """A finished ingest in a line."""
    parts = [counted(done.changed, "file")] if done.changed else []
    parts += [f"{done.removed:,} gone"] if done.removed else []
    parts += [f"{done.failed:,} failed"] if done.failed else []
    return f"{', '.join(parts)} in {done.seconds:.1f} s" if parts else "nothing had changed"
