"""The journal: an append-only log that is the truth, and what is derived from it."""

from .backup import BackupReport
from .errors import (
    AppendFailedError,
    AttachmentError,
    InvalidMemoryError,
    JournalError,
    NoSuchMemoryError,
    QuarantinedError,
)
from .feelings import LATER_FEELINGS, Feeling, LaterFeeling, canonical_feeling, fold
from .fsprobe import Capabilities, FsProbe, LinkStrategy
from .journal import Listing, MemoryDB, TimelinePoint
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
    "Damage",
    "Feeling",
    "FsProbe",
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
