"""The verb ``query``: what a codebase has to say to a question, within a budget."""

from __future__ import annotations

import json as encoder
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .inert import inert, one_line
from .options import FailEmpty, empty_code
from .session import UsageError, session_of, warn
from .stdin import text_argument

if TYPE_CHECKING:
    from ..retrieval.results import Answer

__all__ = ["VERBS"]


def query(
    ctx: typer.Context,
    text: Annotated[
        str, typer.Argument(help="The question: words, a symbol, a path, an error, code; - is stdin.")
    ],
    budget: Annotated[
        int | None, typer.Option("--budget", "-b", metavar="N", min=1, help="At most so many tokens.")
    ] = None,
    form: Annotated[
        Literal["plain", "json", "markdown", "xml"], typer.Option("--format", help="How to write the answer.")
    ] = "plain",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", metavar="N", min=0, help="At most so many chunks; 0 is all."),
    ] = None,
    per_file: Annotated[
        int | None,
        typer.Option("--per-file", metavar="N", min=0, help="At most so many of one file; 0 is all."),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="GLOB", help="Only from these files, or below this folder."),
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="L", help="Only in this language.")] = None,
    no_refresh: Annotated[
        bool, typer.Option("--no-refresh", help="Do not look for changed files first.")
    ] = False,
    show_scores: Annotated[bool, typer.Option("--show-scores", help="Show what each signal says.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell on stderr what every stage did, and how long it took.")
    ] = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Find the code that answers a question, best first, within a budget of tokens."""
    from ..retrieval.engine import RetrievalEngine
    from ..retrieval.project import open_project

    session = session_of(ctx)
    asked = text_argument(text)
    if not asked.strip():
        raise UsageError("the question is empty")
    project = open_project(session.project)
    for line in project.notices:
        warn(line)
    with RetrievalEngine(project) as engine:
        answer = engine.query(
            asked,
            budget=budget,
            output="json" if json else form,
            limit=limit,
            per_file=per_file,
            path=path,
            language=lang,
            show_scores=show_scores,
            refresh=not no_refresh,
            trace=explain,
        )
    for line in answer.notices:
        warn(line)
    if json or form == "json":
        _write(encoder.dumps([result.as_dict() for result in answer], ensure_ascii=False, indent=1) + "\n")
    elif answer or answer.left_out:
        from ..retrieval.formats import document

        if answer:
            output = document(form, asked, answer.budget, answer, show_scores=show_scores)
            _write(inert(output) if sys.stdout.isatty() else output)
        else:
            warn(f"nothing fits in {answer.budget} tokens: the best costs {answer.left_out[0].cost}")
    else:
        warn("nothing found")
    if explain:
        _explain(answer)
    return empty_code(len(answer), fail_empty)


def _write(text: str) -> None:
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdout.write(text)
    sys.stdout.flush()


def _explain(answer: Answer) -> None:
    lines = [f"{'stage':<10} {'came':>9} {'went':>9} {'ms':>8}  why"]
    lines += [
        f"{stage.name:<10} {stage.came:>9,} {stage.went:>9,} {stage.ms:>8.1f}  {stage.why}"
        for stage in answer.trace.stages
    ]
    for left in answer.left_out[:10]:
        name = f" {one_line(left.symbol_name)}" if left.symbol_name else ""
        where = f"{one_line(left.file_path)} {left.line_start}-{left.line_end}{name}"
        lines.append(f"did not fit: {where} ({left.cost} tokens)")
    sys.stderr.write("".join(f"{line}\n" for line in lines))


VERBS = {"query": query}
