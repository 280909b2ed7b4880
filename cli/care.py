"""Verbs that take care of the journal: verify, backup."""

from pathlib import Path
from typing import Annotated

import typer

from .options import Json
from .progress import Progress
from .session import UsageError, session_of, warn

__all__ = ["VERBS"]


def verify(
    ctx: typer.Context,
    expect: Annotated[
        str | None,
        typer.Option(metavar="HEAD", help="A head from earlier: was the end cut off since?"),
    ] = None,
    json: Json = False,
) -> int:
    """Check every record, link and attachment.

    Exits with 1 if anything is unsound, and says where. The head that it prints is the chain's last
    link: kept elsewhere and given to --expect later, it proves that all of then is still there.
    """
    session = session_of(ctx)
    if expect is not None:
        expect = expect.strip().lower()
        if len(expect) != 64 or set(expect) - set("0123456789abcdef"):
            raise UsageError("--expect takes the head that verify printed: 64 hexadecimal digits")
    try:
        with session.open() as journal, Progress("Verifying the journal") as progress:
            report = journal.verify(expect=expect, on_progress=progress)
            path = journal.path
    except KeyboardInterrupt:
        warn("stopped before the end; nothing was changed")
        raise
    facts = {
        "sound": report.sound,
        "journal": str(path),
        "head": report.head,
        "size": report.size,
        "memories": report.memories,
        "chained": report.chained,
        "without_checksum": report.unchecked,
        "since_expected": report.since_expected,
        "files": report.files,
        "orphans": list(report.orphans),
    }
    if json:
        facts["problems"] = [problem._asdict() for problem in report.problems]
    else:
        if expect is None:
            del facts["since_expected"]
        if not report.orphans:
            del facts["orphans"]
        facts["problem"] = [
            f"{each.kind} at byte {each.start}"
            + (f", memory {each.memory_id}" if each.memory_id else "")
            + f": {each.message}"
            for each in report.problems
        ]
    session.printer(as_json=json).facts(facts)
    return 0 if report.sound else 1


def backup(
    ctx: typer.Context,
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder, or the copy's file name.")],
    json: Json = False,
) -> None:
    """Copy the journal and its files.

    The copy is read back before it replaces an older backup of the same journal.
    """
    session = session_of(ctx)
    with session.open() as journal:
        report = journal.backup(destination)
    session.printer(as_json=json).facts(
        {"backup": str(report.path), "size": report.size, "files": report.files}
    )


VERBS = {"verify": verify, "backup": backup}
