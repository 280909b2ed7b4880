"""The journal as a corpus: the stages that answer a question from code, over memories."""

from .query import query_journal
from .results import JournalAnswer, MemoryResult

__all__ = ["JournalAnswer", "MemoryResult", "query_journal"]
