"""What follows from a beginning that was chosen, wherever the choice was offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..shell import MnemoApp

__all__ = ["begin", "entries", "offer"]


def offer(app: MnemoApp) -> None:
    """Offer what to begin with, and do what is chosen."""
    from .screen import Welcome  # noqa: PLC0415 -- most runs never show it

    def chosen(name: str | None) -> None:
        app.save_setting("app.welcome", False)
        if name is not None:
            app.call_later(begin, app, name)

    app.push_screen(Welcome(app.ink, app.here.journal, app.here.folder), chosen)


async def begin(app: MnemoApp, name: str) -> None:
    """Go where a beginning leads to."""
    match name:
        case "journal":
            await app.show_pane("timeline")
            await app.run_action("compose", app.pane)
        case "index":
            await app.show_pane("explore")
            await app.run_action("ingest", app.pane)
        case "provider":
            point_at_provider(app)
        case "demo":
            app.exit("demo")


def point_at_provider(app: MnemoApp) -> None:
    """Ask for a provider; where one was set up, go and talk with it."""
    from .provider import ProviderScreen  # noqa: PLC0415

    async def talk() -> None:
        pane = await app.show_pane("mind")
        pane.load_rest()

    def done(set_up: bool | None) -> None:
        if set_up:
            app.call_later(talk)

    app.push_screen(ProviderScreen(app.backend), done)


def entries(app: MnemoApp) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """What the palette offers of all this."""
    if app.here.demo:
        yield "Leave the demo", "Back to your own journal and code", lambda: app.exit("home")
        return
    yield "First steps", "Start a journal, index this folder, point at a provider", lambda: offer(app)
    yield "Point at a provider", "A model to talk with your memories", lambda: point_at_provider(app)
    yield "Look around in the demo", "A journal and an index that ship with mnemo", lambda: app.exit("demo")
