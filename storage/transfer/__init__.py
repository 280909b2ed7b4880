"""Everything in and out: a module a family of formats, one engine for each direction."""

from .exporting import BINARY_FORMATS, EXPORT_FORMATS, ExportReport, export_memories, export_to
from .importing import IMPORT_FORMATS, ImportReport, detect_format, import_file
from .records import Defaults, Fault

__all__ = [
    "BINARY_FORMATS",
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
    "Defaults",
    "ExportReport",
    "Fault",
    "ImportReport",
    "detect_format",
    "export_memories",
    "export_to",
    "import_file",
]
