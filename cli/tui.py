"""The verb that opens the app: tui. The only place of the command line that loads a screen."""

from __future__ import annotations

from typing import Annotated

import typer

from . import complete
from .session import Session, UsageError, interactive, session_of

__all__ = ["VERBS", "open_app"]

_PANES = ("timeline",)


def tui(
    ctx: typer.Context,
    pane: Annotated[
        str, typer.Option(metavar="NAME", help=f"Begin there: {', '.join(_PANES)}.")
    ] = "timeline",
    theme: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Use this theme for this run.", autocompletion=complete.themes),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Look around in a journal that ships with mnemo; nothing is kept.")
    ] = False,
) -> None:
    """Open the app: write, find and read memories."""
    if pane not in _PANES:
        raise UsageError(f"there is no pane {pane!r}: use one of {', '.join(_PANES)}")
    open_app(session_of(ctx), theme=theme, demo=demo)


def open_app(session: Session, *, theme: str | None = None, demo: bool = False) -> None:
    """Run the app until it is left.

    Raises:
        UsageError: there is no terminal to draw on, or no such theme.
    """
    if not interactive():
        raise UsageError("the app needs a terminal; mnemo --help lists what works without one")
    from ..tui.app import run

    run(
        session.settings,
        session.places,
        theme=theme,
        demo=demo,
        no_color=session.no_color,
        verbose=session.verbose,
    )


VERBS = {"tui": tui}
