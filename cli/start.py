"""Open the app: the one place of the command line that loads a screen, and loads no parser."""

from __future__ import annotations

from .session import Session, UsageError, interactive

__all__ = ["open_app"]


def open_app(
    session: Session, *, theme: str | None = None, pane: str = "timeline", demo: bool = False
) -> None:
    """Run the app until it is left.

    Raises:
        SettingsError: there is no such theme.
        UsageError: there is no terminal to draw on.
    """
    if not interactive():
        raise UsageError("the app needs a terminal; mnemo --help lists what works without one")
    from ..tui.app import run

    run(
        session.settings,
        session.places,
        theme=theme,
        pane=pane,
        project_dir=session.project,
        demo=demo,
        no_color=session.no_color,
        verbose=session.verbose,
    )
