"""The verb ``daemon``: a warm engine that this project's commands share."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Json
from .session import Failure, session_of, warn

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VERBS"]

NO_SOCKETS = "there are no Unix sockets here: every command answers by itself, with the same answer"


def _about() -> None:
    """Keep a warm engine for this project: queries use it by themselves while it runs."""


def start(
    ctx: typer.Context,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in this process, until Ctrl-C.")
    ] = False,
    idle: Annotated[
        float,
        typer.Option(
            "--idle", metavar="MINUTES", min=0, help="End after so long without a request; 0 is never."
        ),
    ] = 60.0,
) -> None:
    """Start it, unless it runs."""
    folder = _folder(ctx)
    if foreground:
        import asyncio

        from ..retrieval.daemon.server import Server

        async def serve() -> None:
            await Server(folder, idle=idle * 60).run()

        asyncio.run(serve())
        return
    from ..retrieval.daemon.control import start as begin

    found, fresh = begin(folder, idle=idle * 60)
    typer.echo(f"{'Started' if fresh else 'Already running'}: process {found['pid']}, {found['socket']}")


def stop(ctx: typer.Context) -> None:
    """Stop it."""
    from ..retrieval.daemon.control import stop as end

    pid = end(_folder(ctx))
    typer.echo("Not running" if pid is None else f"Stopped: process {pid}")


def status(ctx: typer.Context, json: Json = False) -> int:
    """Tell whether it runs, and what it did; exit 1 when not."""
    from ..retrieval.daemon.control import status as ask

    found = ask(_folder(ctx))
    if json:
        session_of(ctx).printer(as_json=True).facts({"running": found is not None, **(found or {})})
    elif found is None:
        typer.echo("Not running")
    else:
        for line in _lines(found):
            typer.echo(line)
    return 0 if found else 1


def _lines(found: dict[str, Any]) -> list[str]:
    minutes, seconds = divmod(int(found["seconds"]), 60)
    return [
        f"Running: process {found['pid']}, for {minutes} min {seconds} s",
        f"Version: {found['version']}",
        f"Project: {found['project']}",
        f"Socket: {found['socket']}",
        f"Requests: {found['requests']:,}",
        f"Clients: {found['clients']}",
        f"Engines: {found['workers']}",
        f"Watching files: {'yes' if found['watching'] else 'no, every query looks by itself'}",
    ]


def _folder(ctx: typer.Context) -> "Path":
    from ..retrieval.daemon.control import available
    from ..retrieval.locate import find_project_dir

    if not available():
        warn(NO_SOCKETS)
        raise Failure("no daemon can run")
    return find_project_dir(session_of(ctx).project)


VERBS = {"daemon": {"": _about, "start": start, "stop": stop, "status": status}}
