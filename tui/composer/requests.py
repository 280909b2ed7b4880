"""What writing asks the backend for: drafts, proposals, and the memory that a draft becomes."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...storage.memory import MediaType
from ..drafts import DraftStore
from ..timeline.model import Drafts
from ..timeline.reading import layer_of

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from ...llm.local import Perceiver
    from ...storage.memory import Memory
    from ..backend import Backend, Ticket
    from ..drafts import Draft

__all__ = ["Saved", "WritingRequests", "complete_path", "paths_of"]


class Saved(NamedTuple):
    """A memory that is on the disk now, and where."""

    memory: Memory
    us: int
    ref: int


class WritingRequests:
    """The drafts of one journal, and the requests about them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.drafts = DraftStore(backend.drafts_dir)
        """What is being written."""

    @cached_property
    def _perceiver(self) -> Perceiver:
        """What proposes while one writes; it learns from the journal when it is first asked."""
        from ...llm.local import Perceiver  # noqa: PLC0415 -- loads when it first proposes

        return Perceiver(self._backend.journal(), self._backend.language)

    def propose(self, node: DOMNode, text: str) -> None:
        """Ask for the :class:`Perception` of a text, by mnemo itself, in the group ``propose``."""
        self._backend.request(node, "propose", "proposing", lambda _: self._perceiver.perceive(text))

    def save(self, node: DOMNode, draft: Draft, at: datetime | None) -> None:
        """Make a draft a memory, and only then forget it; ask for :class:`Saved` in the group ``save``."""
        from ...storage.media import media_type_of  # noqa: PLC0415 -- nobody saves before the first frame

        def work(ticket: Ticket) -> object:
            db = self._backend.journal()
            files = paths_of(draft.files)
            content = draft.text.rstrip()
            memory = db.remember(
                draft.concept,
                draft.feeling,
                content or files[0].name,
                media_type=MediaType.TEXT if content else media_type_of(files[0].name),
                attachments=files,
                note=draft.note.strip(),
                tags=tags_of(draft.tags),
                at=at,
                revisits=draft.revisits or None,
            )
            self.drafts.discard(draft.draft_id)
            found = layer_of(db, "concept", memory)
            return Saved(memory, found[0].us, found[0].ref) if found else Saved(memory, 0, -1)

        self._backend.request(node, "save", "saving the memory", work)

    def keep_draft(self, node: DOMNode, draft: Draft, serial: int) -> None:
        """Write a draft as it stands; later ones overtake it. Answers in the group ``draft``."""
        self._backend.request(
            node, "draft", "keeping the draft", lambda ticket: self.drafts.keep(draft, serial)
        )

    def find_drafts(self, node: DOMNode) -> None:
        """Ask for the :class:`Drafts` left behind, in the group ``drafts``."""

        def work(ticket: Ticket) -> object:
            waiting = []
            for draft in self.drafts.left_behind():
                if self._was_saved(draft):
                    self.drafts.discard(draft.draft_id)
                else:
                    waiting.append(draft)
            return Drafts(tuple(waiting))

        self._backend.request(node, "drafts", "looking for drafts", work)

    def _was_saved(self, draft: Draft) -> bool:
        """Whether the app was killed between writing the memory and forgetting its draft."""
        since = datetime.fromisoformat(draft.started)
        return any(
            memory.content == draft.text.rstrip() and memory.concept == draft.concept.strip()
            for memory in self._backend.journal().recall(draft.concept, since=since, limit=50)
        )


def complete_path(text: str) -> str | None:
    """The first path that begins so, folders with a slash; blocks, so call it in a thread."""
    if not text:
        return None
    path = Path(text).expanduser()
    folder, start = (path, "") if text.endswith("/") else (path.parent, path.name)
    with suppress(OSError):
        names = sorted(each.name + "/" * each.is_dir() for each in folder.iterdir())
        for name in names:
            if name.startswith(start) and len(name) > len(start) and (start or not name.startswith(".")):
                return text + name[len(start) :]
    return None


def tags_of(text: str) -> list[str]:
    """Tags as typed: parted by commas, or by spaces where each begins with ``#``."""
    parts = text.replace("#", ",").split(",") if "#" in text else text.split(",")
    return [tag for part in parts if (tag := part.strip())]


def paths_of(text: str) -> list[Path]:
    """Paths as typed, parted by commas; one that exists as a whole is one."""
    whole = Path(text.strip()).expanduser()
    if not text.strip() or whole.exists():
        return [whole] if text.strip() else []
    return [Path(part.strip()).expanduser() for part in text.split(",") if part.strip()]
