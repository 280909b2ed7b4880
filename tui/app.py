"""Start the app: the journal begins to open before the screen's libraries are even loaded."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from .. import settings
from ..storage.journal import MemoryDB
from .opening import Opening

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run"]


def run(
    journal: Path | None = None, *, theme: str | None = None, demo: bool = False, no_color: bool = False
) -> None:
    """Run the app until the user leaves it.

    Args:
        journal: The journal; the user's own if None.
        theme: A theme's name, for this run.
        demo: Show a journal that ships with mnemo instead, in a folder that is deleted afterwards.
        no_color: Draw without any colour.

    Raises:
        SettingsError: the settings cannot be read, or there is no such theme.
    """
    chosen = settings.load()
    with ExitStack() as stack:
        if demo:
            from .demo import demo_journal  # noqa: PLC0415 -- most runs are not the demo

            journal = stack.enter_context(demo_journal())
        places = settings.places(chosen, journal)
        opening = Opening(
            lambda: MemoryDB(places.journal, files_dir=places.files_dir, fsync_policy=chosen.fsync)
        )
        stack.callback(opening.close)

        from .backend import Backend  # noqa: PLC0415 -- the journal opens while this loads
        from .drafts import DraftStore  # noqa: PLC0415
        from .shell import MnemoApp  # noqa: PLC0415

        settings.open_log()
        backend = Backend(opening, DraftStore(places.drafts_dir), settings.config_dir() / "filters.toml")
        app = MnemoApp(
            backend,
            theme="mono" if no_color else theme or chosen.theme,
            theme_folder=settings.themes_dir(),
            keymap=chosen.keymap,
            ascii_only=not _speaks_unicode(),
            save_theme=lambda name: settings.save("app.theme", name),
            name="demo" if demo else "",
        )
        if not chosen.animations:
            app.animation_level = "none"
        app.run()


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
