"""The verb that lists themes: themes."""

import typer

from ..settings import themes_dir
from ..themes import load_themes
from .options import Json
from .session import session_of, warn

__all__ = ["VERBS"]


def themes(ctx: typer.Context, json: Json = False) -> None:
    """List the themes, built-in and your own.

    mnemo config set app.theme NAME chooses one.
    """
    session = session_of(ctx)
    found, faults = load_themes(themes_dir())
    if faults is not None:
        warn(f"{themes_dir()}: {faults}")
    chosen = session.settings.theme
    rows = [
        {"theme": name, "label": theme.label, "dark": theme.dark, "chosen": name == chosen}
        for name, theme in found.items()
    ]
    session.printer(as_json=json).rows(rows)


VERBS = {"themes": themes}
