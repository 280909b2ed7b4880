"""The verb ``compress``: what compression makes of a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .inert import inert, one_line
from .options import Json
from .session import session_of, warn, write

__all__ = ["VERBS"]

_RULE = "─" * 60


def compress(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(show_default=False)],
    ratio: Annotated[
        float | None,
        typer.Option(
            "--ratio", metavar="R", min=0.0, max=1.0, help="Share of the characters to keep, from 0 to 1."
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", metavar="TEXT", help="Keep what answers this whole.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a file as compression leaves it, with marks for what went."""
    from dataclasses import asdict

    from ..retrieval.compress.preview import compress_file
    from ..retrieval.config import Config
    from ..retrieval.errors import NoIndexError
    from ..retrieval.project import open_project

    session = session_of(ctx)
    try:
        project = open_project(session.project)
    except NoIndexError:
        if session.project is not None:
            raise
        config = Config()
    else:
        config = project.config
        for line in project.notices:
            warn(line)
    found = compress_file(file, config.compression, ratio=ratio, query=query)
    done = found.compressed
    if json:
        session.printer(as_json=True).facts(
            {
                "file": found.path,
                "language": found.language,
                "original_tokens": found.original_tokens,
                "tokens": found.tokens,
                "ratio": round(done.ratio, 4),
                "target_ratio": done.target,
                "reason": done.reason,
                "elisions": [asdict(elision) for elision in done.elisions],
                "content": done.text,
            }
        )
        return
    lines = [
        f"File: {one_line(found.path)}",
        f"Original tokens: {found.original_tokens:,}",
        f"Compressed: {found.tokens:,}",
        f"Char ratio: {done.ratio:.1%}",
    ]
    if done.reason:
        lines.append(f"Asked for: {done.target:.1%} ({done.reason})")
    text = "\n".join([*lines, _RULE, done.text]) + "\n"
    write(inert(text) if sys.stdout.isatty() else text)


VERBS = {"compress": compress}
