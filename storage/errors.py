"""The few errors that mnemo's storage raises on purpose.

Each message is one line that says what happened and what to do; a face prints it as it is.
Whatever else escapes is a bug.
"""

from __future__ import annotations

__all__ = [
    "AppendFailedError",
    "AttachmentError",
    "CutBackError",
    "ImportRefusedError",
    "InvalidMemoryError",
    "JournalError",
    "NoSuchMemoryError",
    "QuarantinedError",
]


class JournalError(Exception):
    """Base of everything that storage raises on purpose."""


class AppendFailedError(JournalError):
    """An append did not reach the disk; the log ends where it did before (errno in ``errno``)."""

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class AttachmentError(JournalError):
    """A file could not be attached, or the attachments' folder is not as mnemo made it."""


class CutBackError(JournalError):
    """The log was cut back while it was being read: a failed append was taken back."""


class ImportRefusedError(JournalError):
    """An import was refused and nothing was written; ``faults`` holds ``(where, reason)`` pairs, in order."""

    def __init__(self, message: str, faults: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class InvalidMemoryError(JournalError, ValueError):
    """What was to be remembered is not a valid memory: nothing was written."""


class QuarantinedError(JournalError):
    """A whole frame holds something that is no memory; ``reason`` says what."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoSuchMemoryError(JournalError, KeyError):
    """No memory has that id."""

    def __str__(self) -> str:
        return str(self.args[0])
