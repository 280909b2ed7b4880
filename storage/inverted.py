"""The inverted index on disk: the part of full text that is already committed, in tantivy.

tantivy is given words that :mod:`~mnemo.storage.analysis` made and queries built as objects, never
text to take apart. What the index covers is read from its own newest memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .tail import OPEN_ENDED_SCORE, Corpus, Scored, idf, rank_of, unranked

if TYPE_CHECKING:
    import tantivy

    from .analysis import Clause, Query
    from .index import Selection

__all__ = ["NAMES", "BrokenIndexError", "Committed", "View", "breaking", "name_key"]

NAMES: Final = ("concept", "feeling", "tag")
"""The fields that filters go by: the first three of a Selection, in its order."""

_LONGEST_PATTERN: Final = 100
_LARGEST_EXPANSION: Final = 8_000
_LONGEST_NAME: Final = 1_000
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class BrokenIndexError(Exception):
    """The index on disk is damaged, or cannot be written; the cause is in ``__cause__``."""


class Committed(NamedTuple):
    """How many memories an index holds, and the frame and time of its newest."""

    memories: int = 0
    ref: int = 0
    end: int = 0
    us: int = 0


@contextmanager
def breaking() -> Iterator[None]:
    """Tell all that tantivy raises on a damaged or full disk as one error.

    Raises:
        BrokenIndexError: it did.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, BrokenIndexError):
        raise
    except BaseException as error:
        # A panic in Rust reaches Python as a class of its own below BaseException.
        if isinstance(error, (ValueError, OSError, RuntimeError, SystemError)) or _is_panic(error):
            raise BrokenIndexError(str(error)) from error
        raise


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"


class View:
    """One committed state of the index, searched by any number of threads."""

    def __init__(self, index: tantivy.Index) -> None:
        import tantivy  # noqa: PLC0415 - 40 ms that only searching needs

        self._tantivy = tantivy
        self._query = tantivy.Query
        self._schema = index.schema
        self._searcher = index.searcher()
        self.committed = Committed()
        self.average_length = 0.0
        if self._searcher.num_docs:
            self._measure()

    def _measure(self) -> None:
        measured = self._searcher.aggregate(
            self._query.all_query(),
            {"ref": {"max": {"field": "ref"}}, "length": {"avg": {"field": "length"}}},
        )
        ref = int(measured["ref"]["value"])
        newest = self._hits(self._range("ref", ref, ref), 1, by_time=True)
        (end,) = self._searcher.fast_field_values("end", [address for _, address in newest])
        (us,) = self._searcher.fast_field_values("us", [address for _, address in newest])
        self.committed = Committed(self._searcher.num_docs, ref, int(end or 0), int(us or 0))
        self.average_length = float(measured["length"]["value"])

    def frequencies(self, words: Iterable[str]) -> dict[str, int]:
        """Tell how many memories have each word.

        Raises:
            BrokenIndexError: the index cannot be read.
        """
        with breaking():
            return {word: self._searcher.doc_freq("text", word) for word in words}

    def best(
        self, query: Query, wanted: Selection, corpus: Corpus, *, size: int, limit: int | None
    ) -> Iterator[Scored]:
        """Give the best memories, and those that tie with the last of them, in no order.

        Args:
            query: What to match.
            wanted: Filters, applied before the limit.
            corpus: The whole that scores are measured by, this index and what is not in it yet.
            size: Only frames that end at or before this offset of the log.
            limit: How many at least; all if None.
        """
        by_time = unranked(query)
        with breaking():
            request = self._request(query, wanted, corpus, size)
            take = self._matching(request) if limit is None else 4 * limit + 64
            hits = self._hits(request, take, by_time=by_time)
            # tantivy breaks ties its own way: ask for more until the last of the best has none left.
            while limit is not None and len(hits) == take and _tie(hits[limit - 1], hits[-1]):
                take *= 8
                hits = self._hits(request, take, by_time=by_time)
            addresses = [address for _, address in hits]
            times = self._searcher.fast_field_values("us", addresses)
            refs = self._searcher.fast_field_values("ref", addresses)
        scores = [OPEN_ENDED_SCORE] * len(hits) if by_time else [score for score, _ in hits]
        return map(Scored, map(rank_of, scores), times, refs, scores)  # type: ignore[arg-type]

    def _matching(self, request: tantivy.Query) -> int:
        # At least one: tantivy takes no smaller limit.
        found: Any = self._searcher.search(request, 1)
        return max(1, int(found.count))

    def _hits(self, request: tantivy.Query, limit: int, *, by_time: bool) -> list[tuple[Any, Any]]:
        order = "us" if by_time else None
        return self._searcher.search(request, limit, count=False, order_by_field=order).hits

    def _request(self, query: Query, wanted: Selection, corpus: Corpus, size: int) -> tantivy.Query:
        own = self.frequencies(corpus.frequencies)
        must, should = self._tantivy.Occur.Must, self._tantivy.Occur.Should
        alternatives = [
            self._query.boolean_query([(must, self._clause(clause, corpus, own)) for clause in clauses])
            for clauses in query
        ]
        filters = [
            self._query.term_set_query(self._schema, field, sorted(map(name_key, names)))
            for field, names in zip(NAMES, wanted[:3], strict=True)
            if names is not None
        ]
        if wanted.since is not None or wanted.until is not None:
            filters.append(self._range("us", wanted.since, wanted.until))
        if size < self.committed.end:
            filters.append(self._range("end", None, size))
        text = self._query.boolean_query([(should, each) for each in alternatives])
        weightless = [(must, self._query.const_score_query(each, 0.0)) for each in filters]
        return self._query.boolean_query([(must, text), *weightless])

    def _range(self, field: str, lowest: int | None, highest: int | None) -> tantivy.Query:
        return self._query.range_query(self._schema, field, self._tantivy.FieldType.Integer, lowest, highest)

    def _clause(self, clause: Clause, corpus: Corpus, own: dict[str, int]) -> tantivy.Query:
        words = clause.words
        if clause.open_ended:
            return self._query.const_score_query(self._open_ended(words), OPEN_ENDED_SCORE)
        if len(words) == 1:
            found = self._query.term_query(self._schema, "text", words[0], index_option="freq")
        else:
            found = self._query.phrase_query(self._schema, "text", list(words))
        if corpus.memories == self.committed.memories:
            return found
        # tantivy weighs words by what is committed; this is what they weigh in the whole.
        whole = sum(idf(corpus.frequencies[word], corpus.memories) for word in words)
        here = sum(idf(own[word], self.committed.memories) for word in words)
        return self._query.boost_query(found, whole / here)

    def _open_ended(self, words: tuple[str, ...]) -> tantivy.Query:
        """Match words side by side where the last may go on, however many words that stands for."""
        *first, prefix = words
        pattern = max(map(len, words)) <= _LONGEST_PATTERN
        if pattern and not first:
            return self._query.regex_query(self._schema, "text", f"{prefix}.*")
        whole = [word for word, _ in self._searcher.terms_with_prefix("text", prefix)]
        if not first:
            return self._query.term_set_query(self._schema, "text", whole)
        if pattern and 0 < len(whole) <= _LARGEST_EXPANSION:
            return self._query.regex_phrase_query(self._schema, "text", [*first, f"{prefix}.*"])
        each: list[tantivy.Query] = []
        if pattern:
            longer = {word[: len(prefix) + 1] for word in whole} - {prefix}
            each = [self._open_ended((*first, start)) for start in sorted(longer)]
            whole = [word for word in whole if word == prefix]
        each += [self._query.phrase_query(self._schema, "text", [*first, word]) for word in whole]
        return self._query.boolean_query([(self._tantivy.Occur.Should, one) for one in each])


def _tie(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    return one[0] == other[0] or (type(one[0]) is float and rank_of(one[0]) == rank_of(other[0]))


def name_key(name: str) -> str:
    """A name as one term of the index: itself, or its hash where the index takes no such term."""
    if name.isascii() and len(name) <= _LONGEST_NAME:
        return name
    raw = name.encode("utf-8", "surrogatepass")
    if len(raw) <= _LONGEST_NAME and not _SURROGATES.search(name):
        return name
    return hashlib.sha256(raw).hexdigest()
