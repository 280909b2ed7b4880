"""Reading a whole log to say whether it is sound, and where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from . import chain
from .codec import decode
from .errors import QuarantinedError
from .frames import frame, scan
from .log import Log
from .media import Media
from .memory import Attachment

__all__ = ["Problem", "Progress", "VerifyReport", "verify_log"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all; what it raises ends the work."""


class Problem(NamedTuple):
    """Something unsound: a range of bytes of the log, what kind, and in words.

    ``kind`` is one of ``damage`` (no frame), ``quarantine`` (a frame without a memory), ``checksum``
    (the content is not what was written), ``chain`` (altered, dropped or reordered), ``tail`` (bytes
    after the last whole frame), ``expect`` (the expected head is not in the chain) and ``attachment``.
    """

    kind: str
    start: int
    end: int
    message: str
    memory_id: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What :meth:`MemoryDB.verify` found.

    Attributes:
        size: Bytes read.
        memories: Readable memories.
        chained: How many of them are links of the chain; the others verify by checksum alone.
        unchecked: Memories of other writers without a checksum.
        head: The chain's last link, 64 zeros where there is none.
        since_expected: Links after the expected head; None where none was expected or it is missing.
        problems: Everything unsound, in log order, then attachments.
        files: Attachment files read.
        orphans: Files that no memory names, left by a crash; harmless, so no problem.
    """

    size: int
    memories: int
    chained: int
    unchecked: int
    head: str
    since_expected: int | None
    problems: tuple[Problem, ...]
    files: int = 0
    orphans: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_log(
    log: Log, media: Media, *, expect: str | None = None, on_progress: Progress | None = None
) -> VerifyReport:
    """Check every frame, checksum, link and attachment of a log as it stands now.

    Args:
        log: The log; appends meanwhile are left for the next time.
        media: Where its attachments are.
        expect: A head of the chain as an earlier run printed it; missing from the chain, the log was
            cut off or rewritten since.
        on_progress: Called after every few thousand frames and after each attachment, whose bytes
            join the sum when the log is done.
    """
    with log.settled() as size:
        pass
    problems: list[Problem] = []
    memories = chained = unchecked = 0
    link, gap = chain.NO_LINK, sha256()
    since_expected = 0 if expect == link else None
    end = 0
    named: list[tuple[str, Attachment]] = []
    ranges: dict[str, tuple[int, int]] = {}
    for count, (start, end, payload) in enumerate(scan(log, 0, size)):
        if on_progress is not None and not count % 4096:
            on_progress(start, size)
        if payload is None:
            problems.append(Problem("damage", start, end, f"{end - start:,} bytes hold no whole record"))
            log.hash_into(gap, start, end)
            continue
        memory_id = ""
        try:
            memory = decode(payload)
        except QuarantinedError as error:
            problems.append(Problem("quarantine", start, end, str(error)))
        else:
            memories += 1
            memory_id = memory.memory_id
            if memory.attachments:
                named += [(memory_id, attachment) for attachment in memory.attachments]
                ranges[memory_id] = start, end
            intact = memory.intact
            unchecked += intact is None
            if intact is False:
                problems.append(
                    Problem("checksum", start, end, "the content is not what was written", memory_id)
                )
        sealed = chain.split(payload)
        if sealed is None:
            gap.update(frame(payload))
            continue
        chained += 1
        if chain.link_of(sealed[0], link, gap.hexdigest()) != sealed[1]:
            message = (
                "the chain breaks here: this record was altered, or records before it were dropped or moved"
            )
            problems.append(Problem("chain", start, end, message, memory_id))
        link, gap = sealed[1], sha256()
        if since_expected is not None:
            since_expected += 1
        if link == expect:
            since_expected = 0
    if end < size:
        message = f"{size - end:,} bytes after the last whole record: the next write sets them aside"
        problems.append(Problem("tail", end, size, message))
    if expect is not None and since_expected is None:
        message = (
            f"the expected head {expect[:16]}… is not in the chain: the journal was cut off or rewritten"
        )
        problems.append(Problem("expect", size, size, message))
    if on_progress is not None:
        on_progress(size, size)
    files = media.verify(named, on_progress=_after(size, on_progress))
    problems += [
        Problem("attachment", *ranges[damage.memory_id], f"{damage.name}: {damage.reason}", damage.memory_id)
        for damage in files.damages
    ]
    return VerifyReport(
        size,
        memories,
        chained,
        unchecked,
        link,
        since_expected,
        tuple(problems),
        files=files.files,
        orphans=files.orphans,
    )


def _after(size: int, on_progress: Progress | None) -> Progress | None:
    """Progress that goes on where the log's ended."""
    if on_progress is None:
        return None
    return lambda done, total: on_progress(size + done, size + total)
