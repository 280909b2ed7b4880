"""The few errors that the code index raises on purpose; each message is one line fit for a user."""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "IndexBusyError",
    "IndexDamagedError",
    "IndexUnwritableError",
    "NoIndexError",
    "NoSuchChunkError",
    "NoSuchSessionError",
    "OutsideProjectError",
    "RetrievalError",
    "UnreadableFileError",
]


class RetrievalError(Exception):
    """Base of everything that retrieval raises on purpose."""


class ConfigError(RetrievalError, ValueError):
    """``config.toml`` cannot be used as it stands; the message names the key and what it takes."""


class NoIndexError(RetrievalError):
    """There is no ``.mnemosyne/`` here nor in any folder above, up to the git root."""


class NoSuchChunkError(RetrievalError, LookupError):
    """No chunk has that id, nor had."""


class NoSuchSessionError(RetrievalError, LookupError):
    """No session has that name."""


class OutsideProjectError(RetrievalError, ValueError):
    """A path given by hand lies outside the project."""


class IndexBusyError(RetrievalError):
    """Another process writes the index; ``holder`` says who."""

    def __init__(self, message: str, holder: str) -> None:
        super().__init__(message)
        self.holder = holder


class IndexDamagedError(RetrievalError):
    """The index cannot be read. It is made of the project's files alone: the next ingest rebuilds it."""


class IndexUnwritableError(RetrievalError):
    """The index cannot be written: a read-only project, or a full disk. What was committed stays."""


class UnreadableFileError(RetrievalError):
    """A file that was named cannot be read as text."""
