"""The inverted index on disk: the part of full text that is already committed, in tantivy.

tantivy is given words that :mod:`~mnemo.storage.analysis` made and queries built as objects, never
text to take apart. What the index covers is read from its own newest memory. Any number of
processes read while one, under the lock of :meth:`InvertedIndex.locked`, adds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .analysis import ANALYSIS_VERSION
from .tail import OPEN_ENDED_SCORE, Corpus, Document, Scored, idf, rank_of, unranked

if TYPE_CHECKING:
    import tantivy

    from .analysis import Clause, Query
    from .index import Selection

__all__ = ["BrokenIndexError", "Committed", "InvertedIndex", "View"]

# The first three fields of a Selection, in its order.
_NAMES: Final = ("concept", "feeling", "tag")
_NUMBERS: Final = ("ref", "end", "us", "length")
_HEAP_BYTES: Final = 64_000_000
_LONGEST_PATTERN: Final = 100
_LARGEST_EXPANSION: Final = 8_000
_LOCK_POLL_SECONDS: Final = 0.05
_FOOTER_END: Final = struct.Struct("<II")
_FOOTER_MAGIC: Final = 1337
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
def _breaking() -> Iterator[None]:
    """Tell all that tantivy raises on a damaged or full disk as one error."""
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
        """Tell how many memories have each word."""
        with _breaking():
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
        with _breaking():
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
            for field, names in zip(_NAMES, wanted[:3], strict=True)
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


class InvertedIndex:
    """The index's place on disk: one folder, named by the way of analysis and the log it is of.

    Args:
        folder: Where everything derived from the log is; made when the index is first written.
        identity: Hex that names the log; an index of another log is never opened.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._sound: set[Path] = set()
        self.path = folder / f"text-{ANALYSIS_VERSION}-{identity[:16]}"

    def stamp(self) -> tuple[int, int] | None:
        """What changes with every commit; None where there is no index."""
        try:
            status = (self.path / "meta.json").stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def open(self) -> View:
        """Open what is committed now.

        Raises:
            BrokenIndexError: it is damaged, gone, or of another version of tantivy.
        """
        import tantivy  # noqa: PLC0415

        with _breaking(), self._openable() as path:
            index = tantivy.Index.open(str(path))
            # Its own reader would follow commits by itself, in the middle of a search.
            index.config_reader("manual")
            return View(index)

    @contextmanager
    def _openable(self) -> Iterator[Path]:
        """The index's folder, or links to its files where tantivy could not make its lock there."""
        if os.access(self.path, os.W_OK):
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="mnemo-") as folder:
            for file in self.path.iterdir():
                if not file.name.endswith(".lock"):
                    (Path(folder) / file.name).symlink_to(file.absolute())
            yield Path(folder)

    def sound(self) -> bool:
        """Whether every file still has the checksum it was written with; each file is read once.

        tantivy itself looks at none when it opens an index: a flipped bit would be a wrong answer.
        """
        try:
            files = {file for file, is_committed in self._segment_files() if is_committed}
            sound = all(map(_has_its_checksum, files - self._sound))
        except (OSError, ValueError, KeyError, TypeError, struct.error):
            return False
        self._sound |= files
        return sound

    def _segment_files(self) -> Iterator[tuple[Path, bool]]:
        """The files that hold words, and whether each belongs to what is committed."""
        meta = json.loads((self.path / "meta.json").read_bytes())
        segments = {segment["segment_id"].replace("-", "") for segment in meta["segments"]}
        for file in self.path.iterdir():
            name, _, kind = file.name.partition(".")
            if name and kind != "json":
                yield file, name in segments

    @contextmanager
    def locked(self, *, wait: bool, cancelled: Callable[[], bool] | None = None) -> Iterator[bool]:
        """Be the one process that adds; yields False where another is and ``wait`` is not to be.

        Raises:
            OSError: the folder cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "text.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _try_lock(descriptor):
                if not wait or (cancelled is not None and cancelled()):
                    yield False
                    return
                time.sleep(_LOCK_POLL_SECONDS)
            yield True
        finally:
            os.close(descriptor)

    def delete(self) -> None:
        """Remove the index, under the lock; whoever has it open keeps what is mapped."""
        shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def adding(self) -> Iterator[Adder]:
        """Add memories, under the lock; an error loses what was added since the last commit.

        Raises:
            BrokenIndexError: the index is damaged, or the disk is full.
        """
        for other in self._folder.glob("text-*-*"):
            if other != self.path:
                shutil.rmtree(other, ignore_errors=True)
        self.path.mkdir(mode=0o700, exist_ok=True)
        with _breaking():
            adder = Adder(self.path)
        try:
            yield adder
            adder.commit()
        except BrokenIndexError:
            adder.close()
            self._sweep()
            raise
        finally:
            adder.close()

    def _sweep(self) -> None:
        """Remove what was written and not committed: it may be what filled the disk."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            for file, is_committed in list(self._segment_files()):
                if not is_committed:
                    file.unlink()


class Adder:
    """Adds memories to an index and commits them."""

    def __init__(self, path: Path) -> None:
        import tantivy  # noqa: PLC0415

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="words", index_option="position")
        for name in _NAMES:
            builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
        for name in _NUMBERS:
            builder.add_integer_field(name, fast=True)
        words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index = tantivy.Index(builder.build(), str(path))
        index.config_reader("manual")  # nobody searches through this one
        index.register_tokenizer("words", words)
        self._path = path
        self._document = tantivy.Document
        self._writer: Any = index.writer(_HEAP_BYTES, 1)
        self._waits = True

    def add(self, documents: Iterable[Document]) -> None:
        """Add some memories.

        Raises:
            BrokenIndexError: as :meth:`InvertedIndex.adding`.
        """
        with _breaking():
            for document in documents:
                self._writer.add_document(self._fields(document))

    def _fields(self, document: Document) -> tantivy.Document:
        memory = document.memory
        parts = memory.parts()
        return self._document(
            text=parts,
            concept=name_key(memory.concept),
            feeling=name_key(memory.feeling),
            tag=[name_key(tag) for tag in memory.tags],
            ref=document.ref,
            end=document.end,
            us=document.us,
            length=sum([len(part.split()) for part in parts]),
        )

    def commit(self) -> None:
        """Make all that was added durable, and visible to every process.

        Raises:
            BrokenIndexError: as :meth:`InvertedIndex.adding`.
        """
        with _breaking():
            self._writer.commit()
            self._keep_private()

    def leave_merges(self) -> None:
        """Do not wait for merges when closing; a later adder does them again."""
        self._waits = False

    def close(self) -> None:
        """Give the index free; what was not committed is lost."""
        writer, self._writer = self._writer, None
        if writer is not None and self._waits:
            with suppress(BrokenIndexError), _breaking():
                writer.wait_merging_threads()
                self._keep_private()

    def _keep_private(self) -> None:
        # tantivy makes its files by the process' umask, which threads share; the folder is 0700.
        for file in self._path.iterdir():
            with suppress(OSError):
                file.chmod(0o600)


def name_key(name: str) -> str:
    """A name as one term of the index: itself, or its hash where the index takes no such term."""
    if name.isascii() and len(name) <= _LONGEST_NAME:
        return name
    raw = name.encode("utf-8", "surrogatepass")
    if len(raw) <= _LONGEST_NAME and not _SURROGATES.search(name):
        return name
    return hashlib.sha256(raw).hexdigest()


def _has_its_checksum(file: Path) -> bool:
    """Check a file against its footer: JSON with the CRC-32 of all before it, its length, a magic."""
    with file.open("rb") as data:
        size = data.seek(-_FOOTER_END.size, os.SEEK_END)
        length, magic = _FOOTER_END.unpack(data.read())
        if magic != _FOOTER_MAGIC or length > size:
            return False
        data.seek(size - length)
        expected = json.loads(data.read(length))["crc"]
        data.seek(0)
        left, checksum = size - length, 0
        while left > 0 and (part := data.read(min(left, 1 << 20))):
            checksum = zlib.crc32(part, checksum)
            left -= len(part)
    return bool(checksum == expected)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
