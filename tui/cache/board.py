"""All that draws a cache: its tiers, the policies' race, the rates, the events, and the keys by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Container

from ...storage.cache import ArcState
from .lists import EventStream, KeyList
from .rates import Line, Rates
from .replay import POLICIES
from .tiers import Race, Tiers

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ..ink import Ink
    from .live import Live
    from .replay import Replay

__all__ = ["Board"]

_QUIET: Final = "No queries yet. Ask with mnemo query, or have an agent ask. r plays a workload."


class Board(Container):
    """The tiers, rates and events of a cache beside its keys."""

    def __init__(self, ink: Ink, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.tiers = Tiers(ink, id="cache-tiers")
        self.race = Race(ink, id="cache-race")
        self.rates = Rates(ink, id="cache-rates")
        self.events = EventStream(ink, id="cache-events")
        self.keys = KeyList(ink, id="cache-keys")

    def compose(self) -> ComposeResult:
        """Tiers, rates and events beside the keys."""
        with Container(id="cache-left"):
            yield self.tiers
            yield self.race
            yield self.rates
            yield self.events
        yield self.keys

    def show_replay(self, replay: Replay) -> None:
        """Draw how far a replay is."""
        state, places = replay.cache.state, replay.workload.places
        self.tiers.show(state, replay.capacity)
        self.race.show(replay)
        slots = -(-len(replay.workload.requests) // replay.part)
        self.rates.show(tuple(Line(name, replay.rates(name)) for name in POLICIES), slots=slots)
        self.events.show(replay.events, places, "Press space, or n for one request")
        self.keys.show(state, places)

    def show_live(self, live: Live) -> None:
        """Draw the cache as it was last looked at, if it was."""
        look = live.look
        if look is not None:
            self.tiers.show(look.state, look.capacity)
            self.rates.show((Line("ARC", tuple(live.rates)),), words="It begins with the next query.")
            self.show_events(live)
            self.keys.show(look.state, look.places)

    def show_events(self, live: Live) -> None:
        """Draw what the cache did, and nothing else anew."""
        look = live.look
        if look is not None:
            waiting = "Waiting for queries" if look.state != ArcState() else _QUIET
            self.events.show(live.events, look.places, waiting)
