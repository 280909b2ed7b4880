"""What Textual keeps of screens that are closed, let go of: in an hour it came to tens of megabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual._styles_cache import StylesCache

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["forget_closed"]


def forget_closed(app: App[Any]) -> None:
    """Let go of the widgets of closed screens, and of what was drawn of them.

    Textual 8.2 remembers two colours for each of 1,024 widgets, and with them, as its key, all the lines
    that the widget drew; and a TextArea watches the app's theme until the theme changes, closed or not.
    """
    StylesCache.get_inner_outer.cache_clear()
    watchers = getattr(app, "__watchers", {}).get("theme", [])
    watchers[:] = [each for each in watchers if not each[0]._closing]  # as Textual does when it changes
