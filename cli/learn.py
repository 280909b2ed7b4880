"""The verbs that teach and tell what was learned: feedback, analytics."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .engine import own_engine
from .inert import one_line
from .options import Json
from .session import session_of

if TYPE_CHECKING:
    from ..retrieval.usage.analytics import Analytics, ChunkUse
    from .printer import Printer

__all__ = ["VERBS"]

_NONE = "no feedback yet (mnemo feedback CHUNK_ID used)"
SessionName = Annotated[str | None, typer.Option("--session", metavar="ID", help="Of this session alone.")]


def feedback(
    ctx: typer.Context,
    chunk_id: Annotated[str, typer.Argument(metavar="CHUNK_ID", help="As query --format json gives it.")],
    verdict: Annotated[Literal["used", "ignored"], typer.Argument(help="Whether it was of use.")],
    session_name: SessionName = None,
    json: Json = False,
) -> None:
    """Say that a chunk was of use, or not: later queries learn from it."""
    session = session_of(ctx)
    with own_engine(session) as engine:
        counted = engine.feedback(chunk_id, verdict, session=session_name)
    if json:
        session.printer(as_json=True).facts(
            {"chunk_id": chunk_id.lower(), "verdict": verdict, "counted": counted}
        )
        return
    of = "the query that delivered it" if counted else "the chunk alone: no query of the session delivered it"
    typer.echo(f"Noted: {chunk_id.lower()} {verdict}, for {of}")


def analytics(
    ctx: typer.Context,
    session_name: SessionName = None,
    top_chunks: Annotated[
        int, typer.Option("--top-chunks", metavar="N", min=0, help="So many of the most used chunks.")
    ] = 5,
    json: Json = False,
) -> None:
    """Tell how well queries did by your feedback, and what is used most."""
    session = session_of(ctx)
    with own_engine(session) as engine:
        found = engine.analytics(session=session_name, top=top_chunks)
    printer = session.printer(as_json=json)
    if json:
        printer.facts(asdict(found))
        return
    if sys.stdout.isatty():
        _tables(printer, found)
        return
    for line in _lines(found):
        typer.echo(line)


def _tables(printer: "Printer", found: "Analytics") -> None:
    """The same on a terminal: facts, and a table for each list."""
    printer.facts(
        {
            "queries": f"{found.queries:,} ({found.judged:,} with feedback)",
            **{kind: f"{count:,}" for kind, count in found.events.items()},
            "precision": found.precision if found.judged else _NONE,
            **{f"precision at {k}": f"{value:.3f}" for k, value in found.at_k.items()},
        }
    )
    sessions = [
        {"session": one.session, "began": one.began[:16], "queries": one.queries, "judged": one.judged}
        | _at_rows(one.at_k)
        for one in found.sessions
    ]
    days = [{"day": day.day, "judged": day.judged} | _at_rows(day.at_k) for day in found.over_time[-14:]]
    chunks = [
        {"chunk": chunk.id, "used": chunk.used, "ignored": chunk.ignored, "where": _where(chunk)}
        for chunk in found.top_chunks
    ]
    pairs = [{"chunks": " ".join(pair.chunks), "sittings": pair.sittings} for pair in found.co_occurrence]
    for title, rows in (
        ("Sessions", sessions),
        ("Over time", days),
        ("Most used chunks", chunks),
        ("Used together", pairs),
    ):
        if rows:
            typer.echo(f"\n{title}")
            printer.rows(rows)


def _at_rows(at_k: dict[str, float]) -> dict[str, str | None]:
    return {f"@{k}": f"{at_k[str(k)]:.3f}" if at_k else None for k in (1, 3, 5, 10)}


def _where(chunk: "ChunkUse") -> str:
    if chunk.file_path is None:
        return "gone from the index"
    name = f" {chunk.symbol_name}" if chunk.symbol_name else ""
    return one_line(f"{chunk.file_path} {chunk.line_start}-{chunk.line_end}{name}")


def _lines(found: "Analytics") -> list[str]:
    lines = [f"Queries: {found.queries:,} ({found.judged:,} with feedback)"]
    lines += [f"{kind.capitalize()}: {count:,}" for kind, count in found.events.items()]
    if found.precision is None:
        lines.append(f"Precision: {_NONE}")
    else:
        lines.append(f"Precision: {found.precision:.3f} ({_at(found.at_k)})")
    if found.sessions:
        lines += ["", "Sessions:"]
        for one in found.sessions:
            said = f"{one.precision:.3f} ({_at(one.at_k)})" if one.precision is not None else "no feedback"
            lines.append(
                f"  {one_line(one.session, 40)}  {one.began[:16]}  {one.queries:,} queries,"
                f" {one.used:,} of {one.retrieved:,} used, precision {said}"
            )
    if found.over_time:
        lines += ["", "Over time:"]
        lines += [f"  {day.day}  {day.judged:,} judged  {_at(day.at_k)}" for day in found.over_time[-14:]]
    if found.top_chunks:
        lines += ["", "Most used chunks:"]
        for chunk in found.top_chunks:
            lines.append(
                f"  {chunk.id}  used {chunk.used:,}, ignored {chunk.ignored:,}, retrieved {chunk.retrieved:,}"
                f"  {_where(chunk)}"
            )
    if found.co_occurrence:
        lines += ["", "Used together:"]
        lines += [f"  {' '.join(pair.chunks)}  {pair.sittings:,} times" for pair in found.co_occurrence]
    return lines


def _at(at_k: dict[str, float]) -> str:
    return ", ".join(f"@{k} {value:.3f}" for k, value in at_k.items())


VERBS = {"feedback": feedback, "analytics": analytics}
