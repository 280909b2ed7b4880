"""What Explore asks the backend for, each in a group of its own that begins with ``explore.``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .past import keep_code, keep_journal, past_of_code, past_of_journal
from .preview import preview
from .reading import act, ask_code, ask_journal, counts, deliver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from textual.dom import DOMNode

    from ..backend import Backend
    from ..ink import Ink
    from .model import Asked, Hit, Result

__all__ = ["ExploreRequests"]


class ExploreRequests:
    """The requests of one pane; it gets what they find as :class:`~mnemo.tui.backend.Answer`."""

    def __init__(self, backend: Backend, node: DOMNode) -> None:
        self._backend = backend
        self._node = node

    def ask(self, asked: Asked) -> None:
        """Ask for the :class:`Result` of a question, or for :class:`Unindexed`, in the group ``ask``."""
        if asked.corpus == "code":
            self._backend.read_code(
                self._node, "explore.ask", "asking the code", lambda engine, _: ask_code(engine, asked)
            )
        else:
            self._backend.read_journal(
                self._node, "explore.ask", "asking the journal", lambda db, _: ask_journal(db, asked)
            )

    def count(self) -> None:
        """Ask for the :class:`Counts` of the index, or for :class:`Unindexed`, in the group ``count``."""
        self._backend.read_code(self._node, "explore.count", "counting", lambda engine, _: counts(engine))

    def preview(self, hit: Hit, mode: str, question: str, ink: Ink) -> None:
        """Ask for the :class:`Preview` of a hit, in the group ``preview``."""
        self._backend.request(
            self._node, "explore.preview", "reading it", lambda _: preview(hit, mode, question, ink)
        )

    def deliver(self, result: Result, path: Path | None) -> None:
        """Write an answer to a file, or to be copied; :class:`Delivered`, in the group ``deliver``."""
        self._backend.request(
            self._node, "explore.deliver", "writing the answer", lambda _: deliver(result, path)
        )

    def teach(self, asked: Asked, hits: Sequence[Hit], kind: str) -> None:
        """Say that pieces were ``used`` or ``selected``; :class:`Acted`, in the group of that name.

        Only of code, and only where something was asked: nothing is learned from anything else.
        """
        if asked.corpus == "code" and asked.text.strip():
            ids = [hit.id for hit in hits]
            self._backend.read_code(
                self._node, f"explore.{kind}", "noting it", lambda engine, _: act(engine, asked, ids, kind)
            )

    # -- questions of before --------------------------------------------------------------------

    def load_past(self) -> None:
        """Ask for the :class:`Past` of the code and of the journal, each in a group."""
        folder, doing = self._backend.drafts_dir, "looking for past questions"
        self._backend.read_code(self._node, "explore.past", doing, lambda engine, _: past_of_code(engine))
        self._backend.read_journal(
            self._node, "explore.past_journal", doing, lambda db, _: past_of_journal(db, folder)
        )

    def keep_past(self, corpus: str, questions: Sequence[Asked]) -> None:
        """Write down the questions to a corpus, in the group ``keep``."""
        folder, doing = self._backend.drafts_dir, "keeping the question"
        if corpus == "code":
            self._backend.read_code(
                self._node, "explore.keep", doing, lambda engine, _: keep_code(engine, questions)
            )
        else:
            self._backend.request(
                self._node, "explore.keep", doing, lambda _: keep_journal(folder, questions)
            )
