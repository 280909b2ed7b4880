"""Verbs that bring memories in and take them out: import, export."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from . import complete
from .options import Concept, FeelingFilter, Json, Since, TagFilter, Until, filters
from .progress import Progress
from .session import UsageError, session_of, warn

__all__ = ["VERBS"]

_SUFFIXES: Final = {
    ".mnheme": "mnheme",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".zip": "dayone",
}
_IN: Final = "mnheme|json|jsonl|jrnl|dayone|markdown"
_OUT: Final = "mnheme|json|jsonl|markdown|csv|dayone"
_NAMED: Final = 20  # places told for one reason


def _in_formats(incomplete: str) -> list[str]:
    return [name for name in _IN.split("|") if name.startswith(incomplete)]


def _out_formats(incomplete: str) -> list[str]:
    return [name for name in _OUT.split("|") if name.startswith(incomplete)]


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder of Markdown files.")],
    format: Annotated[  # noqa: A002 - the flag's name
        str | None,
        typer.Option(metavar="F", help=f"{_IN}; told from the file.", autocompletion=_in_formats),
    ] = None,
    concept: Concept = None,
    feeling: Annotated[
        str | None,
        typer.Option(
            "--feeling",
            "-f",
            metavar="F",
            help="The feeling of memories that name none.",
            autocompletion=complete.feelings,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing.")] = False,
    json: Json = False,
) -> int:
    """Add another journal's memories and files.

    All of them or none: every fault is named with its line. What is there already is passed over, so
    the same file can be imported again. Concept and feeling are for memories that name none.
    """
    from ..storage.errors import ImportRefusedError
    from ..storage.transfer import IMPORT_FORMATS, Defaults, import_file

    session = session_of(ctx)
    if format is not None and format not in IMPORT_FORMATS:
        raise UsageError(f"unknown format {format!r}: use one of {', '.join(IMPORT_FORMATS)}")
    with session.open() as journal, Progress("Importing") as progress:
        try:
            report = import_file(
                journal,
                file.expanduser(),
                format=format,
                defaults=Defaults(concept or "", feeling or ""),
                dry_run=dry_run,
                on_progress=lambda stage, done, total: progress(done if total else 0, total or 1),
            )
        except ImportRefusedError as error:
            progress.__exit__(None, None, None)
            warn(str(error))
            for line in _grouped(error.faults[1:]):
                warn(line)
            return 1
    if report.missing:
        names = ", ".join(name for _, name in report.missing[:3])
        warn(
            f"{len(report.missing)} attachments are named but not beside {file} ({names}"
            f"{', …' if len(report.missing) > 3 else ''}): import again when they are"
        )
    session.printer(as_json=json).facts(
        {
            "format": report.format,
            "found": report.found,
            "would_import" if dry_run else "imported": report.added,
            "already_there": report.skipped,
            "files": report.files,
        }
    )
    return 0


def _grouped(faults: Sequence[tuple[str, str]]) -> list[str]:
    """One line a reason: where it is so, and what."""
    places: dict[str, list[str]] = {}
    for where, reason in faults:
        places.setdefault(reason, []).append(where)
    lines = []
    for reason, found in places.items():
        more = f" and {len(found) - _NAMED:,} more places" if len(found) > _NAMED else ""
        lines.append(f"{', '.join(found[:_NAMED])}{more}: {reason}")
    return lines


def export(
    ctx: typer.Context,
    format: Annotated[  # noqa: A002 - the flag's name
        str | None,
        typer.Option(
            metavar="F",
            help=f"{_OUT}; told from the output's name, else json.",
            autocompletion=_out_formats,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to; standard output unless given."),
    ] = None,
    with_files: Annotated[
        bool,
        typer.Option(
            "--with-files", help="Take the attachments along, in a folder beside FILE (dayone: inside)."
        ),
    ] = False,
    concept: Concept = None,
    feeling: FeelingFilter = None,
    tag: TagFilter = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Take memories out, all or those that the filters choose.

    mnheme, json, jsonl, markdown and dayone come back by import as they were; csv is for spreadsheets.
    """
    from ..storage.transfer import BINARY_FORMATS, EXPORT_FORMATS, export_memories, export_to

    session = session_of(ctx)
    if output == Path("-"):
        output = None
    name = format or _SUFFIXES.get(output.suffix.lower() if output else "", "json")
    if name not in EXPORT_FORMATS:
        raise UsageError(f"unknown format {name!r}: use one of {', '.join(EXPORT_FORMATS)}")
    chosen: dict[str, Any] = {"concept": concept, **filters(session, feeling, tag, since, until)}
    if output is None:
        if with_files and name != "dayone":
            raise UsageError("--with-files needs --output FILE, to put the files beside it")
        if name in BINARY_FORMATS and sys.stdout.isatty():
            raise UsageError(f"{name} is not for a terminal: say where to with --output FILE")
        with session.open() as journal:
            report = export_to(journal, name, sys.stdout.buffer, **chosen)
    else:
        output = output.expanduser()
        with session.open() as journal, Progress("Exporting") as progress:
            report = export_memories(
                journal, name, output, with_files=with_files, on_progress=progress, **chosen
            )
        session.printer().facts({"exported": str(output), "memories": report.memories, "files": report.files})
    if report.missing:
        warn(f"{len(report.missing)} attachments are lost here and not in the export: see mnemo verify")


VERBS = {"import": import_, "export": export}
