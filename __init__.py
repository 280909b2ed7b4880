"""mnemo: one terminal app over two kinds of memory, a journal and a codebase.

The public names are imported on first use, so that ``import mnemo`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .llm.brain import Brain
    from .retrieval.config import Config
    from .retrieval.engine import RetrievalEngine
    from .storage import Feeling, FsProbe, MediaType, Memory, MemoryDB

__version__ = "0.1.0"

__all__ = [
    "Brain",
    "Config",
    "Feeling",
    "FsProbe",
    "MediaType",
    "Memory",
    "MemoryDB",
    "RetrievalEngine",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name == "Brain":
        from .llm import brain  # noqa: PLC0415

        return brain.Brain
    if name == "Config":
        from .retrieval import config  # noqa: PLC0415

        return config.Config
    if name == "RetrievalEngine":
        from .retrieval import engine  # noqa: PLC0415

        return engine.RetrievalEngine
    if name in __all__:
        from . import storage  # noqa: PLC0415

        return getattr(storage, name)
    raise AttributeError(f"module 'mnemo' has no attribute {name!r}")
