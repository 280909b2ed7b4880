"""The journal: an append-only log that is the truth, and what is derived from it."""

from .backup import BackupReport
from .errors import AppendFailedError, InvalidMemoryError, JournalError, NoSuchMemoryError, QuarantinedError
from .feelings import LATER_FEELINGS, Feeling, LaterFeeling, canonical_feeling, fold
from .journal import Listing, MemoryDB, TimelinePoint
from .memory import Attachment, MediaType, Memory
from .snapshot import Damage
from .verify import Problem, VerifyReport
from .watch import Change

__all__ = [
    "LATER_FEELINGS",
    "AppendFailedError",
    "Attachment",
    "BackupReport",
    "Change",
    "Damage",
    "Feeling",
    "InvalidMemoryError",
    "JournalError",
    "LaterFeeling",
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
]
