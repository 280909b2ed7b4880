"""The inverted index's place on disk: one folder, one process that adds, checksums, a lock."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..places import private_dir
from .analysis import ANALYSIS_VERSION
from .inverted import NAMES, BrokenIndexError, View, breaking, name_key
from .tail import Document

if TYPE_CHECKING:
    import tantivy

__all__ = ["Adder", "InvertedIndex"]

_NUMBERS: Final = ("ref", "end", "us", "length")
_HEAP_BYTES: Final = 64_000_000
_LOCK_POLL_SECONDS: Final = 0.05
_FOOTER_END: Final = struct.Struct("<II")
_FOOTER_MAGIC: Final = 1337


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

        with breaking(), self._openable() as path:
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
        private_dir(self._folder)
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
        with breaking():
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
        for name in NAMES:
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
        with breaking():
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
        with breaking():
            self._writer.commit()
            self._keep_private()

    def leave_merges(self) -> None:
        """Do not wait for merges when closing; a later adder does them again."""
        self._waits = False

    def close(self) -> None:
        """Give the index free; what was not committed is lost."""
        writer, self._writer = self._writer, None
        if writer is not None and self._waits:
            with suppress(BrokenIndexError), breaking():
                writer.wait_merging_threads()
                self._keep_private()

    def _keep_private(self) -> None:
        # tantivy makes its files by the process' umask, which threads share; the folder is 0700.
        for file in self._path.iterdir():
            with suppress(OSError):
                file.chmod(0o600)


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
