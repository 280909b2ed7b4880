"""What is kept of screens that are closed, let go of: in an hour it came to tens of megabytes."""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from textual._styles_cache import StylesCache

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

__all__ = ["Closed", "forget_closed"]

_IDLE_SECONDS: Final = 2.0


class Closed:
    """Looks after what is closed in an app: what Textual keeps goes at once, its cycles in a quiet moment.

    The collector of the app hardly ever looks at what is old, for that would be felt in a key; a closed
    screen is a cycle of ten thousand objects.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._timer: Timer | None = None

    def changed(self, _: object) -> None:
        """Another screen is shown."""
        self._app.call_later(forget_closed, self._app)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._app.set_timer(_IDLE_SECONDS, gc.collect)


def forget_closed(app: App[Any]) -> None:
    """Let go of the widgets of closed screens, and of what was drawn of them.

    Textual 8.2 remembers two colours for each of 1,024 widgets, and with them, as its key, all the lines
    that the widget drew; and a TextArea watches the app's theme until the theme changes, closed or not.
    """
    with suppress(AttributeError):  # both are Textual's own: another version may keep neither
        StylesCache.get_inner_outer.cache_clear()
        watchers = getattr(app, "__watchers", {}).get("theme", [])
        watchers[:] = [each for each in watchers if not each[0]._closing]  # as Textual does when it changes
