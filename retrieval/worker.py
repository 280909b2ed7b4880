"""Read, judge, chunk and analyse files: the part of an ingest that needs no database, in processes of its
own.

`main` serves one parent: batches come pickled on stdin, their outcomes go out on stdout, and the end of
stdin is the end of the process, so that no worker outlives a parent however that one dies.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import BinaryIO, Literal, NamedTuple

import xxhash

from .analysis import TOKENIZER_VERSION, analyse, fold
from .chunkers.types import ChunkCandidate, ChunkedFile, ChunkOptions
from .detect import Content, content_hash, read_content, signed64
from .inversion import MAX_DOCS, Inverted, Inverter
from .records import RECORD_VERSION, ChunkRecord, FileRecord

__all__ = ["Batch", "Job", "Outcome", "Settings", "process", "recipe_of"]

_SIZE = struct.Struct("<Q")
NICE = 10  # of 19: a worker for each processor leaves none to whoever types meanwhile


@dataclass(frozen=True, slots=True)
class Settings:
    """What every file of an ingest is read by."""

    root: str
    cap: int
    options: ChunkOptions


class Job(NamedTuple):
    """One file to look at. ``xxh3`` and ``sha256`` are those it was last indexed with, by today's recipe."""

    path: str
    xxh3: int | None
    sha256: bytes | None


class Outcome(NamedTuple):
    """What became of a job: "changed" carries all rows, "left out" and "failed" a note, "touched"
    only stat's word.
    """

    kind: Literal["changed", "touched", "left out", "failed", "gone"]
    record: FileRecord


def recipe_of(options: ChunkOptions) -> int:
    """A number for everything but the file itself that its rows depend on."""
    told = repr((RECORD_VERSION, TOKENIZER_VERSION, *astuple(options)))
    return xxhash.xxh3_64_intdigest(told.encode()) >> 33


def process(settings: Settings, jobs: list[Job]) -> list[Outcome]:
    """Look at each file once. Never raises for what a file holds."""
    from .chunkers import chunk_file  # noqa: PLC0415 - syntax trees are only for those who cut files

    return [_one(settings, job, chunk_file) for job in jobs]


def _one(settings: Settings, job: Job, chunk_file: Callable[..., ChunkedFile]) -> Outcome:
    content = read_content(
        f"{settings.root}/{job.path}", cap=settings.cap, known=job.xxh3, now_ns=time.time_ns()
    )
    if content.kind == "same":
        return Outcome("touched", _record(job.path, content))
    if content.kind == "skip":
        kind: Literal["gone", "left out"] = "gone" if content.reason == GONE else "left out"
        return Outcome(kind, _record(job.path, content, note=content.reason))
    digest = content_hash(content.text)
    if digest == job.sha256:
        return Outcome("touched", _record(job.path, content))
    try:
        cut = chunk_file(content.text, job.path, options=settings.options)
        chunks = _chunk_records(job.path, cut)
    except Exception as error:  # noqa: BLE001 - one file that a grammar cannot take must not stop the others
        note = f"failed: {type(error).__name__}: {error}".splitlines()[0][:200]
        return Outcome("failed", _record(job.path, content, note=note))
    record = _record(
        job.path,
        content,
        sha256=digest,
        language=cut.language,
        lines=content.text.count("\n") + (not content.text.endswith("\n") and content.text != ""),
        note=content.reason,
        chunks=chunks,
        imports=[(item.line, item.module, " ".join(item.names)) for item in cut.imports],
    )
    return Outcome("changed", record)


GONE = f"unreadable: {os.strerror(2)}"


def _record(
    path: str,
    content: Content,
    *,
    sha256: bytes | None = None,
    language: str | None = None,
    lines: int = 0,
    note: str | None = None,
    chunks: list[ChunkRecord] | None = None,
    imports: list[tuple[int, str, str]] | None = None,
) -> FileRecord:
    return FileRecord(
        path,
        content.size,
        content.mtime_ns if content.settled else 0,
        content.ctime_ns,
        content.xxh3,
        sha256,
        language,
        lines,
        note,
        chunks or [],
        imports or [],
    )


def _chunk_records(path: str, cut: ChunkedFile) -> list[ChunkRecord]:
    seen: dict[tuple[str, str | None], int] = {}
    records: list[ChunkRecord] = []
    for chunk in cut.chunks:
        number = seen[chunk.chunk_type, chunk.symbol] = seen.get((chunk.chunk_type, chunk.symbol), -1) + 1
        records.append(_chunk_record(path, chunk, number))
    return records


def _chunk_record(path: str, chunk: ChunkCandidate, number: int) -> ChunkRecord:
    symbol = chunk.symbol or ""
    terms = analyse(
        chunk.content, doc=chunk.doc, signature=chunk.signature, defines=chunk.defines, refers=chunk.refers
    )
    digest = content_hash(chunk.content)
    identity = f"{path}\0{chunk.chunk_type}\0{symbol}\0{number}"
    symbols = _symbols(chunk)
    told = "\0".join(
        [
            str(chunk.tokens),
            chunk.chunk_type,
            symbol,
            chunk.signature,
            chunk.doc,
            *chunk.defines,
            "",
            *chunk.types,
            "",
            *chunk.refers,
        ]
    )
    stamp = xxhash.xxh3_64_intdigest(digest + told.encode())
    # A small window and little memory: setting zlib up costs more than packing a chunk.
    packer = zlib.compressobj(6, zlib.DEFLATED, -12, 5)
    return ChunkRecord(
        hash=digest,
        body=packer.compress(chunk.content.encode()) + packer.flush(),
        tokens=chunk.tokens,
        uid=xxhash.xxh3_64_intdigest(identity.encode()) >> 16,
        stamp=signed64(stamp),
        line_start=chunk.line_start,
        line_end=chunk.line_end,
        type=chunk.chunk_type,
        symbol=chunk.symbol,
        signature=chunk.signature or None,
        symbols=symbols,
        terms=terms,
    )


def _symbols(chunk: ChunkCandidate) -> list[tuple[str, str, str]]:
    own = chunk.symbol.rpartition(".")[2] if chunk.symbol else None
    callables = chunk.chunk_type in ("function", "method")
    return [
        (
            fold(name),
            name,
            "type" if name in chunk.types else "function" if callables and name == own else "variable",
        )
        for name in dict.fromkeys(chunk.defines)
    ]


class Batch(NamedTuple):
    """Outcomes, and the full text of all their chunks where a worker process inverted it: they hold
    no terms then.
    """

    outcomes: list[Outcome]
    inverted: Inverted | None


def process_batch(settings: Settings, jobs: list[Job], inverter: Inverter) -> list[Batch]:
    """`process`, and invert: one `Batch`, or several where the chunks are more than a segment holds."""
    from .chunkers import chunk_file  # noqa: PLC0415

    batches: list[Batch] = []
    outcomes: list[Outcome] = []
    for job in jobs:
        outcome = _one(settings, job, chunk_file)
        chunks = outcome.record.chunks
        if outcomes and len(inverter) + len(chunks) > MAX_DOCS:
            batches.append(Batch(outcomes, inverter.take()))
            outcomes = []
        if len(chunks) <= MAX_DOCS:
            for chunk in chunks:
                assert chunk.terms is not None
                inverter.add(chunk.terms)
            bare = [chunk._replace(terms=None) for chunk in chunks]
            outcomes.append(outcome._replace(record=outcome.record._replace(chunks=bare)))
        else:
            note = f"failed: more than {MAX_DOCS} chunks in one file"
            record = outcome.record._replace(sha256=None, chunks=[], imports=[], note=note)
            outcomes.append(Outcome("failed", record))
    batches.append(Batch(outcomes, inverter.take()))
    return batches


def send(stream: BinaryIO, message: object) -> None:
    """Write one pickled message with its length before it."""
    data = pickle.dumps(message, protocol=5)
    stream.write(_SIZE.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> object:
    """Read one message. Raises EOFError when the other side is gone. Only ever from a process of our own."""
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        raise EOFError
    size = _SIZE.unpack(head)[0]
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301


def main() -> None:
    """Serve a parent until it closes the pipe."""
    os.nice(NICE)
    gc.disable()  # once a batch is often enough
    inverter = Inverter()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not break the protocol
    try:
        settings = receive(sys.stdin.buffer)
        while True:
            jobs = receive(sys.stdin.buffer)
            send(answers, process_batch(settings, jobs, inverter))  # type: ignore[arg-type]
            gc.collect()
            gc.freeze()  # modules and caches stay: no later collection need look at them
    except (EOFError, BrokenPipeError):
        os._exit(0)
