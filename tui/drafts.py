"""Half-written memories on the disk: kept while they are typed, offered again after a crash.

They lie in ``<stem>_drafts/`` beside the journal (folder 0700, files 0600), apart from what is derived
from it, because deleting the derived loses nothing and deleting a draft does. One JSON file for
each; whoever is writing one holds a lock on ``<id>.lock``, so that no other app offers it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..places import private_dir

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Draft", "DraftStore"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been typed so far, field by field, as it was typed.

    ``revisits`` is the id of the memory it looks back on; ``started`` ISO 8601 with an offset.
    """

    draft_id: str
    started: str
    text: str = ""
    concept: str = ""
    feeling: str = ""
    tags: str = ""
    note: str = ""
    when: str = ""
    files: str = ""
    revisits: str = ""

    @classmethod
    def new(cls, *, revisits: str = "", concept: str = "") -> Draft:
        """An empty draft, begun now."""
        return cls(
            str(uuid.uuid4()), datetime.now().astimezone().isoformat(), revisits=revisits, concept=concept
        )

    @property
    def worth_keeping(self) -> bool:
        """Whether anything was typed that would be missed."""
        return bool(self.text.strip() or self.note.strip() or self.files.strip())


class DraftStore:
    """The drafts of one journal. Safe to use from several threads and beside other apps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._kept: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def keep(self, draft: Draft, serial: int) -> None:
        """Write a draft, unless one with a later ``serial`` was written already.

        Raises:
            OSError: the disk refused; what was kept before is still there.
        """
        with self._lock:
            if serial <= self._kept.get(draft.draft_id, 0):
                return
            self._hold(draft.draft_id)
            path = self._path(draft.draft_id)
            aside = path.with_suffix(".new")
            data = json.dumps(asdict(draft), ensure_ascii=False).encode("utf-8", "surrogatepass")
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
            self._kept[draft.draft_id] = serial

    def discard(self, draft_id: str) -> None:
        """Delete a draft; later writes of it that are still on their way do nothing."""
        with self._lock:
            self._kept[draft_id] = 1 << 62
            for suffix in (".json", ".md", ".new"):
                self._path(draft_id).with_suffix(suffix).unlink(missing_ok=True)
            self._release(draft_id)

    def release(self, draft_id: str) -> None:
        """Let a draft be offered again: it is no longer being written here."""
        with self._lock:
            self._release(draft_id)

    def left_behind(self) -> list[Draft]:
        """Drafts that nobody is writing now, the last touched first."""
        found: list[tuple[float, Draft]] = []
        with self._lock:
            for path in self.folder.glob("*.json") if self.folder.is_dir() else ():
                draft = self._load(path)
                if draft is not None and draft.worth_keeping and not self._busy(draft.draft_id):
                    found.append((path.stat().st_mtime, draft))
        return [draft for _, draft in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def editor_file(self, draft: Draft) -> Path:
        """Write the text where an editor can change it; a crash in the editor loses nothing either.

        Raises:
            OSError: the disk refused.
        """
        with self._lock:
            self._hold(draft.draft_id)
            path = self._path(draft.draft_id).with_suffix(".md")
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(draft.text.encode("utf-8", "surrogatepass"))
            return path

    # -- within ---------------------------------------------------------------------------------

    def _path(self, draft_id: str) -> Path:
        return self.folder / f"{draft_id}.json"

    def _load(self, path: Path) -> Draft | None:
        try:
            data = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
            known = {each.name for each in fields(Draft)}
            draft = Draft(**{key: str(value) for key, value in data.items() if key in known})
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        if draft.draft_id != path.stem:
            return None
        edited = path.with_suffix(".md")
        with suppress(OSError, ValueError):
            # An editor was open when everything stopped: what it saved is newer.
            if edited.stat().st_mtime >= path.stat().st_mtime:
                draft = replace(draft, text=edited.read_text(encoding="utf-8"))
        return draft

    def _hold(self, draft_id: str) -> None:
        if draft_id not in self._held:
            private_dir(self.folder)
            handle = os.open(self.folder / f"{draft_id}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._held[draft_id] = handle

    def _release(self, draft_id: str) -> None:
        handle = self._held.pop(draft_id, None)
        if handle is not None:
            (self.folder / f"{draft_id}.lock").unlink(missing_ok=True)
            os.close(handle)

    def _busy(self, draft_id: str) -> bool:
        if draft_id in self._held:
            return True
        try:
            handle = os.open(self.folder / f"{draft_id}.lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(handle)
