"""What one run of the command line holds: its global options, settings, journal and printer."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .inert import one_line
from .progress import Progress

if TYPE_CHECKING:
    import typer

    from ..settings import Places, Settings
    from ..storage.journal import MemoryDB
    from .printer import Printer

__all__ = ["Failure", "Session", "UsageError", "interactive", "say", "session_of", "warn", "write"]


class Failure(Exception):  # noqa: N818 - it ends the command, and need not be an error
    """The command cannot do what it was asked; the message is one line that says why."""

    exit_code = 1


class UsageError(Failure):
    """The command was called wrongly."""

    exit_code = 2


class Session:
    """The global options, and what follows from them. Commands of the code index read no settings."""

    def __init__(self, journal: Path | None = None) -> None:
        self.journal = journal
        self.project: Path | None = None
        self.no_color = False
        self.verbose = False

    @cached_property
    def settings(self) -> Settings:
        """The user's settings; keys that mnemo does not know are told of, once."""
        from .. import settings as config

        settings = config.load()
        for key in settings.unknown:
            warn(f"{config.config_file()}: there is no setting {key}; it has no effect")
        if self.verbose:
            config.open_log(verbose=True)
        return settings

    @cached_property
    def places(self) -> Places:
        """Where the journal and what belongs to it are."""
        from ..settings import places

        return places(self.settings, self.journal)

    def open(self) -> MemoryDB:
        """Open the journal, with progress on stderr while a large one is indexed for the first time.

        Raises:
            JournalError: it cannot be opened.
            SettingsError: the settings are wrong.
        """
        from ..storage.journal import MemoryDB

        with Progress("Indexing the journal") as progress:
            return MemoryDB(
                self.places.journal,
                files_dir=self.places.files_dir,
                fsync_policy=self.settings.fsync,
                on_progress=progress,
            )

    def printer(self, *, as_json: bool = False, settings: Settings | None = None) -> Printer:
        """The way to print results: JSON where asked, rich on a terminal, else plain."""
        if as_json:
            from .plain import JsonPrinter

            return JsonPrinter()
        if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            from .pretty import RichPrinter

            color = not (self.no_color or os.environ.get("NO_COLOR"))
            return RichPrinter(settings or self.settings, color=color)
        from .plain import PlainPrinter

        return PlainPrinter(settings or self.settings)


def session_of(ctx: typer.Context) -> Session:
    """The session that a command runs in."""
    session = ctx.find_root().obj
    assert isinstance(session, Session)
    return session


def interactive() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def write(text: str) -> None:
    """Write what was asked for to stdout, as it is; what its encoding has no character for as a number."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdout.write(text)
    sys.stdout.flush()


def say(*lines: str) -> None:
    """Write lines to stdout."""
    write("".join(f"{line}\n" for line in lines))


def warn(message: str) -> None:
    """Tell something beside the result: one line on stderr."""
    sys.stderr.write(f"mnemo: {one_line(message, 1000)}\n")
    sys.stderr.flush()
