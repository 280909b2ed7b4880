"""The Cache: what it holds, how it adapts, and a workload played against three policies."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import SuspendNotSupported
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from ...storage.cache import ArcState
from ..backend import Answer, Failed, Working
from ..chrome import HeaderLine
from ..editor import open_at
from ..inert import inert
from ..keys import key
from ..panes import Pane
from .lists import EventStream, KeyList
from .model import Cleared, Deaf, Look, Unindexed, Warmed, Workload, happened
from .player import FRAMES, Player
from .rates import Line, Rates
from .reading import clear, index, listen, look, recorded, warm
from .replay import POLICIES
from .tiers import Race, Tiers
from .workloads import SYNTHETIC, synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.timer import Timer

    from ...settings import Settings
    from ...storage.cache import CacheEvent
    from ..backend import Backend
    from ..ink import Ink
    from .replay import Replay

__all__ = ["CachePane"]

_UNINDEXED: Final = """This is where you watch the cache of queries adapt: what it holds, what it gave up, \
and what it learned from that.

Nothing is indexed yet in

  {folder}

Press i to index this folder, or r to watch a workload that is made up."""
_QUIET: Final = "No queries yet. Ask with mnemo query, or have an agent ask. r plays a workload."
_EVERY: Final = 1.0
"""Seconds from one look to the next."""
_VIEWS: Final = ("tiers", "rates", "events", "keys")
_LIVE: Final = frozenset(("warm", "clear", "source"))
_REPLAYED: Final = frozenset(("play", "speed", "step", "restart", "workload", "room", "live"))
_KEPT: Final = 2_000


class Heard(Message):
    """The daemon's cache did something."""

    def __init__(self, event: CacheEvent) -> None:
        self.event = event
        super().__init__()


class _Note(Static, can_focus=True):
    """What stands in place of everything; it takes the keys meanwhile."""


class CachePane(Pane, can_focus=True):
    """The tiers of the cache, live or replayed."""

    STYLES = "cache.tcss"
    HELP = (
        "The adaptive cache of queries. T1 holds what was asked for once, T2 what was asked for again; B1 and"
        " B2 remember what each gave up. A key that comes back from there moves the target of T1."
    )
    HELP_TITLE = "Cache"
    BINDINGS: ClassVar = [
        key("v,tab", "view", "View", "cache.view", "Tiers, hit rates, events or keys", show=True),
        key("space", "play", "Play", "cache.play", "Play the workload, or pause", show=True),
        key("plus,equals_sign", "speed(1)", "Faster", "cache.faster", "More requests a second", show=True),
        key("minus", "speed(-1)", "Slower", "cache.slower", "Fewer requests a second", show=True),
        key("n,full_stop", "step(1)", "Step", "cache.step", "One request", show=True),
        key("N", "step(100)", "Stride", "cache.stride", "A hundred requests"),
        key("o", "workload", "Workload", "cache.workload", "Play the next workload", show=True),
        key("0", "restart", "Restart", "cache.restart", "From the beginning"),
        key("right_square_bracket", "room(True)", "Double", "cache.double", "Replay with twice the capacity"),
        key("left_square_bracket", "room(False)", "Halve", "cache.halve", "Replay with half the capacity"),
        key("r", "replay", "Replay", "cache.replay", "A workload against ARC, LRU and LFU", show=True),
        key("escape", "live", "Live", "cache.live", "Back to the cache as it is"),
        key("w", "warm", "Warm", "cache.warm", "Take in what queries delivered most", show=True),
        key("c,x", "clear", "Clear", "cache.clear", "Empty it, after asking", show=True),
        key("s", "source", "Source", "cache.source", "The cache all share, or that of this app", show=True),
        key("i", "index", "Index", "cache.index", "Index this folder", show=True),
        key("f5,R", "retry", "Retry", "cache.retry", "Try again what failed, or look again"),
    ]

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str = "cache") -> None:  # noqa: A002
        super().__init__(backend, ink, settings, id=id)
        self.look: Look | None = None
        """The cache as it was last looked at."""
        self.own = False
        """Whether it is this app's own engine that is looked at."""
        self.events: deque[CacheEvent] = deque(maxlen=200)
        self.rates: deque[float] = deque(maxlen=_KEPT)
        """The hit rate of what was asked between two looks."""
        self.player = Player()
        """Without a replay the cache is looked at live."""
        self.unindexed = False
        self.listening = False
        """Whether the daemon, if one runs, is listened to."""
        self._heard: set[object] = set()
        """Keys it spoke of since the shared cache was last seen to change: nobody is told twice."""
        self._failures: dict[str, Failed] = {}
        self._working = ""
        self._clock: Timer
        self._next_look: Timer | None = None

    def compose(self) -> ComposeResult:
        """Tiers, rates and events beside the keys."""
        self.state = HeaderLine(self.ink, id="cache-state")
        self.tiers = Tiers(self.ink, id="cache-tiers")
        self.race = Race(self.ink, id="cache-race")
        self.chart = Rates(self.ink, id="cache-rates")
        self.stream = EventStream(self.ink, id="cache-events")
        self.keys = KeyList(self.ink, id="cache-keys")
        yield self.state
        yield _Note("", id="cache-empty", markup=False)
        with Container(id="cache-body"):
            with Container(id="cache-left"):
                yield self.tiers
                yield self.race
                yield self.chart
                yield self.stream
            yield self.keys

    def on_mount(self) -> None:
        """Begin live."""
        self.add_class("-tiers")
        self._clock = self.set_interval(1 / FRAMES, self._frame, pause=True)
        self.focus_first()

    def load_rest(self) -> None:
        """Look at the cache."""
        self._ask()

    def focus_first(self) -> None:
        """Take the keys."""
        if self.has_class("-empty"):
            self.query_one("#cache-empty").focus()
        else:
            (self if self.small and not self.has_class("-keys") else self.keys).focus()

    def on_hide(self) -> None:
        """Nobody looks: neither look nor play."""
        self._stop_looking()
        self._clock.pause()
        self.backend.cancel("cache.listen")
        self.listening = False

    def on_show(self) -> None:
        """Go on."""
        if self.player.playing:
            self._clock.resume()
        if self.look is not None or self.unindexed:
            self._ask()

    # -- looking --------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Look now, and again a while after the answer."""
        self._stop_looking()
        before, own = self.look, self.own
        self.backend.read_code(
            self, "cache.look", "looking at the cache", lambda engine, _: look(engine, before, own=own)
        )

    def _listen(self, folder: Path) -> None:
        """Hear from the daemon what queries do the moment they do it."""
        if not self.listening and self.display:
            self.listening = True
            self.backend.request(
                self,
                "cache.listen",
                "listening to the daemon",
                lambda ticket: listen(folder, ticket, lambda event: ticket.tell(Heard(event))),
            )

    def on_heard(self, message: Heard) -> None:
        """Show it at once; tiers and rates follow with the next look."""
        if not self.own:
            self.events.append(message.event)
            self._heard.add(message.event.key)
            if self.replay is None and self.look is not None:
                self.stream.show(self.events, self.look.places, "")

    def _stop_looking(self) -> None:
        if self._next_look is not None:
            self._next_look.stop()
            self._next_look = None

    def on_answer(self, message: Answer) -> None:
        """Show what was found."""
        if message.ticket.stale:
            return
        self._failures.pop(message.ticket.group, None)
        match message.value:
            case Look() as found:
                self.unindexed = False
                self._see(found)
            case Unindexed(folder):
                self.unindexed, self.look = True, None
                if self.replay is None:
                    self._note(_UNINDEXED.format(folder=folder))
            case Deaf():
                self.listening = False
            case Warmed(chunks):
                self.notify(f"{chunks:,} chunks taken in" if chunks else "It holds all there is to take in")
                self._ask()
            case Cleared(keys):
                self.notify(f"{keys:,} keys forgotten")
                self._ask()
            case Workload() as workload:
                self._begin(workload)
            case int() as files:
                self._working = ""
                self.notify(f"{files:,} files indexed")
                self._ask()
            case _:
                pass
        if message.ticket.group == "cache.look" and self.display:
            self._next_look = self.set_timer(_EVERY, self._ask)
        self._say()

    def on_failed(self, message: Failed) -> None:
        """Say in the pane what went wrong and how to try again."""
        self._failures[message.ticket.group] = message
        if message.ticket.group == "cache.index":
            self._working = ""
        if message.ticket.group == "cache.look" and self.replay is None:
            self.look = None
            self._note(f"{message.error}\n\nPress R to try again.")
        self._say()

    def on_working(self, message: Working) -> None:
        """Show how far the index is."""
        if self._working:
            self._working = message.text
            self._say()

    def _see(self, found: Look) -> None:
        before, self.look = self.look, found
        if before is None or before.state != found.state:
            self._listen(found.folder)
        if before is not None:
            was, now = before.state, found.state
            asked = now.hits + now.misses - was.hits - was.misses
            if asked < 0:
                self.events.clear()
                self.rates.clear()
            elif asked:
                self.events.extend(each for each in happened(was, now) if each.key not in self._heard)
                self._heard.clear()
                self.rates.append((now.hits - was.hits) / asked)
            elif found == before and not self.has_class("-empty"):
                return
        self._draw()

    def _draw(self) -> None:
        """Show the cache as it is, or what is replayed."""
        if self.replay is not None:
            self._note("")
            replay = self.replay
            state = replay.cache.state
            self.tiers.show(state, replay.capacity)
            self.race.show(replay)
            slots = -(-len(replay.workload.requests) // replay.part)
            self.chart.show(tuple(Line(name, replay.rates(name)) for name in POLICIES), slots=slots)
            self.stream.show(replay.events, replay.workload.places, "Press space, or n for one request")
            self.keys.show(state, replay.workload.places)
        elif self.look is not None:
            self._note("")
            state, places = self.look.state, self.look.places
            self.tiers.show(state, self.look.capacity)
            self.chart.show((Line("ARC", tuple(self.rates)),), words="It begins with the next query.")
            self.stream.show(self.events, places, "Waiting for queries" if state != ArcState() else _QUIET)
            self.keys.show(state, places)

    def _note(self, text: str) -> None:
        """Show a text in place of the drawings, or the drawings again where it is empty."""
        if self.has_class("-empty") != bool(text):
            self.set_class(bool(text), "-empty")
            if self.display and self.app.screen is self.screen:
                self.call_after_refresh(self.focus_first)
        self.query_one("#cache-empty", Static).update(inert(text))

    def _say(self) -> None:
        right = self._working
        trouble = next((failed.error for failed in self._failures.values()), "")
        if trouble:
            right = "R tries again"
        if self.replay is not None:
            replay = self.replay
            total = len(replay.workload.requests)
            left = f"Replay: {replay.workload.name} · {replay.place:,} of {total:,}"
            left += f" · capacity {replay.capacity:,} · {replay.workload.words}"
            doing = "playing" if self.player.playing else "done" if replay.done else "paused"
            self.state.say(left, right or f"{doing}, {self.player.speed:,}/s", trouble)
            self.say(f"replay, {replay.rate('ARC'):.1%}")
        else:
            left = "This app's own cache" if self.own else "The cache all queries share"
            if self.look is not None:
                now = self.look.state
                asked = now.hits + now.misses
                left += f" · {now.hit_rate:.1%} of {asked:,} hit" if asked else " · nothing asked yet"
                left += f" · {now.ghost_hits:,} ghost hits" if now.ghost_hits else ""
                self.say(f"{len(now.t1) + len(now.t2):,} held")
            else:
                self.say("nothing indexed" if self.unindexed else "")
            self.state.say(left, right, trouble)
        self.refresh_bindings()

    # -- the cache itself -----------------------------------------------------------------------

    def action_warm(self) -> None:
        """Take in what queries delivered most."""
        self.backend.read_code(self, "cache.warm", "warming the cache", lambda engine, _: warm(engine))

    def action_clear(self) -> None:
        """Empty it, after asking."""
        from ..dialogs.choice import Choice  # noqa: PLC0415

        def done(answer: str | None) -> None:
            if answer == "clear":
                self.backend.read_code(
                    self, "cache.clear", "clearing the cache", lambda engine, _: clear(engine)
                )

        options = [("keep", "Keep it"), ("clear", "Forget every key and count; queries fill it again")]
        self.app.push_screen(Choice("Empty the cache?", options, chosen="keep"), done)

    def action_source(self) -> None:
        """Look at the other cache."""
        self.own = not self.own
        self.look = None
        self.events.clear()
        self.rates.clear()
        self._ask()

    def action_index(self) -> None:
        """Index the folder."""
        if not self._working:
            self._working = "indexing"
            self.backend.write_code(
                self,
                "cache.index",
                "indexing",
                lambda engine, ticket: index(engine, ticket, lambda text: ticket.tell(Working(text))),
            )
            self._say()

    def action_retry(self) -> None:
        """Try again what failed; else look."""
        failures, self._failures = self._failures, {}
        for failed in failures.values():
            failed.retry()
        if not failures:
            self._ask()

    def action_view(self) -> None:
        """Show the next part, where there is room for one only."""
        now = next(n for n, name in enumerate(_VIEWS) if self.has_class(f"-{name}"))
        self.show_view(_VIEWS[(now + 1) % len(_VIEWS)])

    def show_view(self, view: str) -> None:
        """Show a part, where there is room for one only."""
        for name in _VIEWS:
            self.set_class(name == view, f"-{name}")
        self.focus_first()

    @property
    def small(self) -> bool:
        """Whether there is room for one part only."""
        return self.screen.has_class("-tiny") or self.screen.has_class("-short")

    def on_resize(self) -> None:
        """The keys may be away now, or back."""
        if self.display and self.app.focused in (None, self, self.keys):
            self.focus_first()

    @on(KeyList.Opened)
    def _opened(self, message: KeyList.Opened) -> None:
        if self.look is not None:
            try:
                open_at(
                    self.app, self.look.root / message.place.path, message.place.line, self.settings.editor
                )
            except SuspendNotSupported:
                self.notify("This terminal cannot be handed to an editor", severity="error")
            except OSError as error:
                said = f"The editor could not be started: {error.strerror}"
                self.notify(said, severity="error", markup=False)

    # -- replay ---------------------------------------------------------------------------------

    def action_replay(self) -> None:
        """Play what was recorded here, or what is made up; again, back to the cache."""
        if self.replay is not None:
            self.action_live()
        elif self.look is not None and self.look.state != ArcState():
            self.play("recorded")
        else:
            self.play(next(iter(SYNTHETIC)))

    @property
    def replay(self) -> Replay | None:
        """What is played, or would be; None while the cache is looked at live."""
        return self.player.replay

    def play(self, name: str) -> None:
        """Prepare a workload by name."""
        if name == "recorded":
            self.backend.read_code(
                self, "cache.workload", "reading the past queries", lambda engine, _: recorded(engine)
            )
        else:
            self.backend.request(self, "cache.workload", "making up a workload", lambda _: synthetic(name))

    def _begin(self, workload: Workload) -> None:
        if workload.requests:
            self.player.load(workload, workload.capacity)
            self.add_class("-replay")
            self._played()
        else:
            self.play(next(iter(SYNTHETIC)))

    def _played(self) -> None:
        """Show how far the replay is, and go on if it is to."""
        if self.player.playing:
            self._clock.resume()
        else:
            self._clock.pause()
        self._draw()
        self._say()

    def _frame(self) -> None:
        if self.player.frame():
            self._played()

    def action_live(self) -> None:
        """Back to the cache as it is."""
        self.backend.cancel("cache.workload")
        self.player.unload()
        self.remove_class("-replay")
        if self.look is None:
            self._ask()
        self._played()

    def action_play(self) -> None:
        """Play, or pause; at the end, again from the beginning."""
        self.player.toggle()
        self._played()

    def action_step(self, requests: int) -> None:
        """Make some requests, and wait."""
        self.player.step(requests)
        self._played()

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self.player.faster(by)
        self._say()

    def action_restart(self) -> None:
        """From the beginning."""
        self.player.again()
        self._played()

    def action_room(self, double: bool) -> None:
        """Replay from the beginning with another capacity."""
        self.player.again(double=double)
        self._played()

    def action_workload(self) -> None:
        """Play the next workload."""
        if self.replay is not None:
            names = self._offered()
            self.play(names[(names.index(self.replay.workload.name) + 1) % len(names)])

    def _offered(self) -> list[str]:
        asked = self.look is not None and self.look.state != ArcState()
        return [*(["recorded"] if asked else []), *SYNTHETIC]

    # -- what can be done -----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        if action in _REPLAYED:
            return self.replay is not None
        if action in _LIVE:
            # What is warmed and cleared is the shared one.
            return self.replay is None and self.look is not None and (action == "source" or not self.own)
        if action == "index":
            return self.unindexed and self.replay is None
        if action == "view":
            return self.small
        return True

    def palette_entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Each workload by name."""
        for name in self._offered():

            def take(name: str = name) -> None:
                self.play(name)

            words = SYNTHETIC.get(name, "what queries delivered here")
            yield f"Replay {name}", f"ARC, LRU and LFU on {words}", take
