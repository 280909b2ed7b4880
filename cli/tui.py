"""The verb that opens the app: tui."""

from typing import Annotated

import typer

from . import complete
from .session import UsageError, session_of
from .start import open_app

__all__ = ["VERBS"]

PANES = ("timeline", "arc", "explore", "cache", "mind")
"""The panes that there are, as the app knows them; the command line loads no screen to ask."""


def tui(
    ctx: typer.Context,
    pane: Annotated[str, typer.Option(metavar="NAME", help=f"Begin there: {', '.join(PANES)}.")] = "timeline",
    theme: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Use this theme for this run.", autocompletion=complete.themes),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="Look around in a journal and code that ship with mnemo; nothing is kept."
        ),
    ] = False,
) -> None:
    """Open the app: write, find and read memories."""
    if pane not in PANES:
        raise UsageError(f"there is no pane {pane!r}: use one of {', '.join(PANES)}")
    open_app(session_of(ctx), theme=theme, pane=pane, demo=demo)


VERBS = {"tui": tui}
