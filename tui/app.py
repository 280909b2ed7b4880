"""Start the app: the journal begins to open before the screen's libraries are even loaded."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from .. import settings as config
from ..settings import SettingsError
from ..themes import load_theme, theme_names
from . import terminal
from .opening import Opening
from .welcome.here import Here, look_around

if TYPE_CHECKING:
    from pathlib import Path

    from ..settings import Places, Settings
    from ..storage.journal import MemoryDB
    from ..themes import Theme
    from .demo.project import DemoProject
    from .shell import MnemoApp
    from .theme_watch import Found as Themes
    from .timeline.model import Found

__all__ = ["COLLECTED", "run"]

COLLECTED: Final = (5_000, 2, 500)
"""How often garbage is collected: seldom enough to cost little, often enough that no key waits for it."""
_BY_SIGNAL: Final = 128
"""What a shell adds to the number of the signal that ended a program."""


def run(
    settings: Settings,
    places: Places,
    *,
    theme: str | None = None,
    pane: str = "timeline",
    project_dir: Path | None = None,
    demo: bool = False,
    no_color: bool = False,
    verbose: bool = False,
) -> None:
    """Run the app until the user leaves it; the demo and what is real are runs of their own.

    Args:
        settings: The user's settings.
        places: Where the journal and what belongs to it are.
        theme: A theme's name, for this run.
        pane: The pane to begin with.
        project_dir: Where to look for the code's project; the working directory if None.
        demo: Show a journal and a project that ship with mnemo instead, in a folder that is deleted
            afterwards.
        no_color: Draw without any colour.
        verbose: Log everything that happens.

    Raises:
        SettingsError: there is no such theme.
    """
    folder = config.themes_dir()
    name = theme or terminal.theme_for(settings.theme, terminal.colours())
    chosen = load_theme("mono" if no_color else name, folder)
    if theme is not None and chosen is None:
        raise SettingsError(f"there is no theme {theme!r}: use one of {', '.join(theme_names(folder))}")
    while True:
        here = look_around(settings, places.journal, project_dir)._replace(demo=demo)
        with ExitStack() as stack:
            # Nearly all that is made until the first frame stays: looking through it for garbage takes a
            # tenth of the wait.
            gc.disable()
            app = _app(stack, settings, places, here, chosen, pane, project_dir, verbose=verbose)
            with terminal.own_title():
                wanted = app.run()
            still_running = app.backend.finish()
            chosen = app.ink.theme
        if wanted is None:
            break
        demo, pane = wanted == "demo", "timeline"
        with suppress(SettingsError):  # what was changed meanwhile
            settings = config.load()
    ended_by = (app.return_code or 0) - _BY_SIGNAL
    if still_running or ended_by > 0:
        # All that is to be kept is. The interpreter's own end would stop at threads that read or wait.
        with suppress(OSError):  # the terminal has gone
            sys.stdout.flush()
            sys.stderr.flush()
        if ended_by > 0:  # as whoever sent it is to see
            signal.signal(ended_by, signal.SIG_DFL)
            os.kill(os.getpid(), ended_by)
        os._exit(app.return_code or 0)


def _app(
    stack: ExitStack,
    settings: Settings,
    places: Places,
    here: Here,
    theme: Theme | None,
    pane: str,
    project_dir: Path | None,
    *,
    verbose: bool,
) -> MnemoApp:
    """The app over the journal, or over the demo; ``stack`` puts away what it leaves."""
    filters = config.config_dir() / "filters.toml"
    project: DemoProject | None = None
    if here.demo:
        from .demo import demo_journal  # noqa: PLC0415 -- most runs are not the demo
        from .demo.project import DemoProject  # noqa: PLC0415

        places = config.places_beside(stack.enter_context(demo_journal()))
        project = DemoProject(places.journal.with_name("code"))
        stack.callback(project.close)
        filters = places.journal.with_name("filters.toml")
        here = Here(places.journal, places.journal.with_name("code"), demo=True)

    def open_journal() -> MemoryDB:
        from ..storage.journal import MemoryDB  # noqa: PLC0415 -- loads while the screen's libraries do

        return MemoryDB(places.journal, files_dir=places.files_dir, fsync_policy=settings.fsync)

    def look(db: MemoryDB) -> Found:
        from .timeline.model import Query  # noqa: PLC0415
        from .timeline.reading import head  # noqa: PLC0415

        return head(db, Query())

    def after_first_frame() -> Themes:
        gc.freeze()
        gc.set_threshold(*COLLECTED)
        gc.enable()
        sys.setswitchinterval(0.001)  # a key waits no longer for a thread that reads
        for number in (signal.SIGHUP, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(
                number, partial(app.exit, return_code=_BY_SIGNAL + number)
            )
        if isinstance(app._driver, TerminalDriver):
            asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, app._driver.go_on)
        config.open_log(verbose=verbose)
        if project is not None:
            project.begin()
        from .theme_watch import read  # noqa: PLC0415

        return read(config.themes_dir())

    opening = Opening(open_journal, look)
    stack.callback(opening.close)

    from .backend import Backend  # noqa: PLC0415 -- the journal opens while this loads
    from .driver import TerminalDriver, driver_for  # noqa: PLC0415
    from .moments import Dates  # noqa: PLC0415
    from .shell import MnemoApp  # noqa: PLC0415

    backend = Backend(
        opening,
        places.drafts_dir,
        filters,
        Dates(first_weekday=settings.week_begins),
        language=settings.language,
        project_dir=project.ready if project is not None else project_dir,
    )
    app = MnemoApp(
        backend,
        settings,
        theme=theme,
        pane=pane,
        ascii_only=not _speaks_unicode(),
        save_setting=config.save,
        after_first_frame=after_first_frame,
        themes_dir=config.themes_dir(),
        name="demo" if here.demo else "",
        here=here,
    )
    app.driver_class = driver_for(app.driver_class)
    if not settings.animations:
        app.animation_level = "none"
    return app


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
