"""The journal: an append-only log that is the truth, and what is derived from it.

The public names are imported on first use, so that each costs what it needs and no more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .backup import BackupReport
    from .errors import (
        AppendFailedError,
        AttachmentError,
        ImportRefusedError,
        InvalidMemoryError,
        JournalError,
        NoSuchMemoryError,
        QuarantinedError,
    )
    from .feelings import LATER_FEELINGS, Feeling, LaterFeeling, canonical_feeling, fold
    from .fsprobe import Capabilities, FsProbe, LinkStrategy
    from .journal import Columns, Listing, MemoryDB, TimelinePoint
    from .media import AttachedFile, AttachmentReport, media_type_of
    from .memory import Attachment, MediaType, Memory
    from .snapshot import Damage
    from .verify import Problem, VerifyReport
    from .watch import Change

__all__ = [
    "LATER_FEELINGS",
    "AppendFailedError",
    "AttachedFile",
    "Attachment",
    "AttachmentError",
    "AttachmentReport",
    "BackupReport",
    "Capabilities",
    "Change",
    "Columns",
    "Damage",
    "Feeling",
    "FsProbe",
    "ImportRefusedError",
    "InvalidMemoryError",
    "JournalError",
    "LaterFeeling",
    "LinkStrategy",
    "Listing",
    "MediaType",
    "Memory",
    "MemoryDB",
    "NoSuchMemoryError",
    "Problem",
    "QuarantinedError",
    "TimelinePoint",
    "VerifyReport",
    "canonical_feeling",
    "fold",
    "media_type_of",
]

_MODULES = {
    "backup": ("BackupReport",),
    "errors": (
        "AppendFailedError",
        "AttachmentError",
        "ImportRefusedError",
        "InvalidMemoryError",
        "JournalError",
        "NoSuchMemoryError",
        "QuarantinedError",
    ),
    "feelings": ("LATER_FEELINGS", "Feeling", "LaterFeeling", "canonical_feeling", "fold"),
    "fsprobe": ("Capabilities", "FsProbe", "LinkStrategy"),
    "journal": ("Columns", "Listing", "MemoryDB", "TimelinePoint"),
    "media": ("AttachedFile", "AttachmentReport", "media_type_of"),
    "memory": ("Attachment", "MediaType", "Memory"),
    "snapshot": ("Damage",),
    "verify": ("Problem", "VerifyReport"),
    "watch": ("Change",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        return getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
