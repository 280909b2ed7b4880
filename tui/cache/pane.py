"""The Cache: what it holds, how it adapts, and a workload played against three policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from ...storage.cache import ArcState
from ..backend import Working
from ..chrome import HeaderLine
from ..counting import counted
from ..editor import open_at
from ..keys import key
from ..note import NO_BLURB, Blurb, Note
from ..panes import Pane
from .board import Board
from .listening import Listening
from .lists import KeyList
from .live import Live
from .model import Cleared, Deaf, Look, Unindexed, Warmed, Workload
from .player import FRAMES, Player
from .reading import clear, index, look, recorded, warm
from .workloads import SYNTHETIC, synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.timer import Timer

    from ...settings import Settings
    from ..backend import Answer, Backend, Failed
    from ..ink import Ink
    from .replay import Replay

__all__ = ["CachePane"]

_UNINDEXED: Final = """This is where you watch the cache of queries adapt: what it holds, what it gave up, \
and what it learned from that. The folder is

{folder}"""
_EVERY: Final = 1.0
"""Seconds from one look to the next."""
_VIEWS: Final = ("tiers", "rates", "events", "keys")
_LIVE: Final = frozenset(("warm", "clear", "source"))
_REPLAYED: Final = frozenset(("play", "speed", "step", "restart", "workload", "room", "live"))


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
        self.live = Live()
        self.player = Player()
        """Without a replay the cache is looked at live."""
        self.listening = Listening(self, backend)
        self._working = ""
        self._clock: Timer
        self._next_look: Timer | None = None

    def compose(self) -> ComposeResult:
        """The board, or a note in its place."""
        self.state = HeaderLine(self.ink, id="cache-state")
        self.board = Board(self.ink, id="cache-body")
        yield self.state
        yield Note(self.ink, id="cache-empty")
        yield self.board

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
            (self if self.small and not self.has_class("-keys") else self.board.keys).focus()

    def on_hide(self) -> None:
        """Nobody looks: neither look nor play."""
        self._stop_looking()
        self._clock.pause()
        self.listening.end()

    def on_show(self) -> None:
        """Go on."""
        if self.player.playing:
            self._clock.resume()
        if self.live.look is not None or self.live.unindexed:
            self._ask()

    # -- looking --------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Look now, and again a while after the answer."""
        self._stop_looking()
        before, own = self.live.look, self.live.own
        self.backend.read_code(
            self, "cache.look", "looking at the cache", lambda engine, _: look(engine, before, own=own)
        )

    def on_heard(self) -> None:
        """Show it at once; tiers and rates follow with the next look."""
        shown = [self.live.hear(event) for event in self.listening.heard()]
        if any(shown) and self.replay is None:
            self.board.show_events(self.live)

    def _stop_looking(self) -> None:
        if self._next_look is not None:
            self._next_look.stop()
            self._next_look = None

    def show_answer(self, message: Answer) -> None:
        """Show what was found."""
        match message.value:
            case Look() as found:
                self._see(found)
            case Unindexed(folder):
                self.live.lost(unindexed=True)
                if self.replay is None:
                    self.note(self._unindexed_words(folder))
            case Deaf():
                self.listening.on = False
            case Warmed(chunks):
                self.notify(
                    f"{counted(chunks, 'chunk')} taken in" if chunks else "It holds all there is to take in"
                )
                self._ask()
            case Cleared(keys):
                self.notify(f"{counted(keys, 'key')} forgotten")
                self._ask()
            case Workload() as workload:
                self._begin(workload)
            case int() as files:
                self._working = ""
                self.notify(f"{counted(files, 'file')} indexed")
                self._ask()
            case _:
                pass
        if message.ticket.group == "cache.look" and self.display:
            self._next_look = self.set_timer(_EVERY, self._ask)

    def show_failure(self, message: Failed) -> None:
        """Say in the pane what went wrong and how to try again."""
        if message.ticket.group == "cache.index":
            self._working = ""
        if message.ticket.group == "cache.look" and self.replay is None:
            self.live.lost()
            self.note(self.failed_words(message.error))

    def on_working(self, message: Working) -> None:
        """Show how far the index is."""
        if self._working:
            self._working = message.text
            self.say_where()

    def _unindexed_words(self, folder: Path) -> Blurb:
        keys = (
            (self.key_of("cache.index", "i"), "index this folder"),
            (self.key_of("cache.replay", "r"), "watch a workload that is made up"),
        )
        return Blurb("Nothing is indexed yet", _UNINDEXED.format(folder=folder), keys)

    def _see(self, found: Look) -> None:
        before = self.live.look
        if self.display and (before is None or before.state != found.state):
            self.listening.begin(found.folder)
        if self.live.see(found) or self.has_class("-empty"):
            self._draw()

    def _draw(self) -> None:
        """Show the cache as it is, or what is replayed."""
        if self.replay is not None:
            self.note(NO_BLURB)
            self.board.show_replay(self.replay)
        elif self.live.look is not None:
            self.note(NO_BLURB)
            self.board.show_live(self.live)

    def say_where(self) -> None:
        """Say what is looked at, and how it does."""
        right = self._working
        trouble = self.trouble
        if trouble:
            right = "F5 tries again"
        if self.replay is not None:
            replay = self.replay
            total = len(replay.workload.requests)
            left = f"Replay: {replay.workload.name} · {replay.place:,} of {total:,}"
            left += f" · capacity {replay.capacity:,} · {replay.workload.words}"
            doing = "playing" if self.player.playing else "done" if replay.done else "paused"
            self.state.say(left, right or f"{doing}, {self.player.speed:,}/s", trouble)
            self.say(f"replay, {replay.rate('ARC'):.1%}")
        else:
            self.state.say(self.live.words(), right, trouble)
            self.say(self.live.short_words())
        self.offer()

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
        self.live.switch()
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
            self.say_where()

    def action_retry(self) -> None:
        """Try again what failed; else look."""
        if self.failures:
            super().action_retry()
        else:
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
        self.offer()
        if self.display and self.screen.focused in (None, self, self.board.keys):
            self.focus_first()

    @on(KeyList.Opened)
    def _opened(self, message: KeyList.Opened) -> None:
        look = self.live.look
        if look is not None:
            place = message.place
            open_at(self.app, look.root / place.path, place.line, self.settings.editor)

    # -- replay ---------------------------------------------------------------------------------

    def action_replay(self) -> None:
        """Play what was recorded here, or what is made up; again, back to the cache."""
        if self.replay is not None:
            self.action_live()
        elif self._asked_before():
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
        self.say_where()

    def _frame(self) -> None:
        if self.player.frame():
            self._played()

    def action_live(self) -> None:
        """Back to the cache as it is."""
        self.backend.cancel("cache.workload")
        self.player.unload()
        self.remove_class("-replay")
        if self.live.look is None:
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
        self.say_where()

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
        return [*(["recorded"] if self._asked_before() else []), *SYNTHETIC]

    def _asked_before(self) -> bool:
        look = self.live.look
        return look is not None and look.state != ArcState()

    # -- what can be done -----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        if action in _REPLAYED:
            return self.replay is not None
        if action in _LIVE:
            # What is warmed and cleared is the shared one.
            live = self.live
            return self.replay is None and live.look is not None and (action == "source" or not live.own)
        if action == "index":
            return self.live.unindexed and self.replay is None
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
