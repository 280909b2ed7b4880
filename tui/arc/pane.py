"""The Arc: how memories feel over time, as a line, by period, through the year, and one after another."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual import on
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from ...llm.answers import LOCAL, Reflection
from ...storage.clock import local_moment
from ..counting import counted
from ..inert import inert, one_line
from ..keys import key
from ..note import NO_BLURB, Blurb, Note
from ..panes import MemoryWanted, Pane, WritingWanted
from ..timeline.text import cut_lines
from .following import FollowingView
from .line import LineChart
from .model import Arc, Look, Read, Scene, Shown
from .reading import read, read_shown, scene_as, tell, write_svg
from .stack import StackChart
from .viewport import Viewport
from .views import ArcView
from .year import YearView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from ...llm.pacing import Cancel
    from ...settings import Settings
    from ...storage.affect import Span
    from ..backend import Answer, Backend, Failed
    from ..ink import Ink

__all__ = ["ArcPane"]

_EMPTY: Final = """This is where your memories become a line: how they felt, from the first to the last, \
each a point to go to. By period, as a calendar, and what feeling follows what, too."""
_DRAWN: Final = frozenset(("land", "zoom", "view", "reflect", "export", "concept", "span", "whole"))
"""Actions that need something to be drawn."""
_VIEWS: Final = ("line", "stack", "year", "following")
_SPANS: Final[tuple[Span | None, ...]] = (None, "day", "week", "month", "year")
_PAN: Final = 0.5
_REST: Final = 1.0
"""Seconds between what was drawn and what came since."""


class Told(Message):
    """All that was told so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts."""
        return isinstance(message, Told)


class ArcPane(Pane):
    """One concept's way through time, or everything's."""

    STYLES = "arc.tcss"
    HELP = "How your memories feel over time. Left and right go along them, enter goes to the one you are on."
    HELP_TITLE = "Arc"
    BINDINGS: ClassVar = [
        key("f5", "retry", "Retry", "arc.retry", "Try again what failed", show=True),
        key("enter", "land", "Go to it", "arc.land", "Show this memory in the Timeline", show=True),
        key("v,tab", "view", "View", "arc.view", "The line, the periods, the year, what follows", show=True),
        key("plus,equals_sign,i", "zoom(1)", "Zoom in", "arc.zoom_in", "See less time, closer", show=True),
        key("minus,o", "zoom(-1)", "Zoom out", "arc.zoom_out", "See more time", show=True),
        key("c", "concept", "Concept", "arc.concept", "Choose whose arc it is", show=True),
        key("R", "reflect", "Reflect", "arc.reflect", "Tell the arc in words, beneath", show=True),
        key("e", "export", "SVG", "arc.export", "Write the picture to a file", show=True),
        key("right,l", "along(1)", "Later", "arc.later", "The next memory to the right"),
        key("left,h", "along(-1)", "Earlier", "arc.earlier", "The next memory to the left"),
        key("down,j", "step(1)", "Next", "arc.next", "The very next memory; in the year the next day"),
        key("up,k", "step(-1)", "Before", "arc.before", "The memory before; in the year the day before"),
        key("home,g", "edge(0)", "First", "arc.first", "The first memory"),
        key("end,G", "edge(1)", "Last", "arc.last", "The last memory"),
        key("L,shift+right", "pan(1)", "Pan later", "arc.pan_later", "Half a screen later"),
        key("H,shift+left", "pan(-1)", "Pan earlier", "arc.pan_earlier", "Half a screen earlier"),
        key("0", "whole", "All time", "arc.whole", "See everything again"),
        key("b", "span", "Period", "arc.span", "Take together by day, week, month or year"),
        key("escape", "close", "Close", "arc.close", "Put the words away"),
        key("n", "write", "Write", "arc.write", "Write the first memory", show=True),
    ]

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str = "arc") -> None:  # noqa: A002
        super().__init__(backend, ink, settings, id=id)
        self.concept = ""
        """Whose arc was asked for last; empty for everything."""
        self.arc: Arc | None = None
        """The arc that was read last."""
        self.viewport: Viewport | None = None
        """Where one is in it; None while it has no memories."""
        self._drawn: tuple[object, ...] = ()
        """What the scene was last asked for."""
        self.view = "line"
        self.span: Span | None = None
        self.shown: Shown | None = None
        self._cancel: Cancel | None = None
        """Ends what is being told."""
        self._reading = False
        self._outdated = False
        self._resting: Timer | None = None
        """Until what comes may be read again."""

    def compose(self) -> ComposeResult:
        """Lay out the drawings."""
        self.line = LineChart(self.ink, id="arc-line")
        self.stack = StackChart(self.ink, self.line, id="arc-stack")
        self.year = YearView(self.ink, id="arc-year")
        self.following = FollowingView(self.ink, id="arc-following")
        yield Static(" ", id="arc-head", markup=False)
        yield Note(self.ink, id="arc-empty")
        yield self.line
        yield self.stack
        with Container(id="arc-lower"):
            yield self.year
            yield self.following
        with VerticalScroll(id="arc-words"):
            yield Static("", id="arc-words-text", markup=False)
        yield Static(" ", id="arc-foot", markup=False)

    def on_mount(self) -> None:
        """Begin with the line."""
        self.add_class("-line")
        self.focus_first()

    def load_rest(self) -> None:
        """Read the arc, and follow the journal."""
        self.ask(self.concept)
        self.backend.watch(self)

    def focus_first(self) -> None:
        """Take the keys, in the drawing that is looked at."""
        self.query_one("#arc-empty" if self.has_class("-empty") else f"#arc-{self.view}").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that have nothing to act on stand back."""
        if action == "retry":
            return bool(self.failures)
        if action == "write":
            return self.arc is not None and self.viewport is None
        return action not in _DRAWN or self.viewport is not None

    def ask(self, concept: str) -> None:
        """Ask for a concept's arc; empty for everything."""
        self.concept = concept
        language = self.settings.language
        before, look = self.arc, self._look(concept)
        self._outdated, self._reading = False, True
        self.backend.read_journal(
            self,
            "arc.read",
            "reading the arc",
            lambda db, ticket: read(db, concept, language, ticket, before, look),
        )

    def _look(self, concept: str) -> Look:
        """How a concept's arc is looked at now."""
        viewport = self.viewport
        same = viewport is not None and viewport.arc.concept == concept
        window = viewport.chosen if viewport is not None and same else None
        return Look(window, self.line.dots(self.size.width), self.span, self.ink.dates.first_weekday)

    # -- answers --------------------------------------------------------------------------------

    def show_answer(self, message: Answer) -> None:
        """Show what was found."""
        match message.value:
            case Read() as found:
                self._reading = False
                self._show(found)
                self._rest()
            case Scene() as scene:
                self._show_scene(scene)
            case Shown() as shown:
                self.shown = shown
            case Reflection() as told:
                by = f"\n\n- {one_line(told.provider, 40)}" if told.provider != LOCAL else ""
                note = f"\n\n{told.confidence_note}"
                self.query_one("#arc-words-text", Static).update(inert(f"{told.text}{by}{note}".rstrip()))
            case Path() as path:
                self.notify(str(path), title="Written", markup=False)
            case _:
                pass

    def show_failure(self, message: Failed) -> None:
        """Say what went wrong and how to try again."""
        if message.ticket.group == "arc.read":
            self._reading = False
            self.arc = self.viewport = None
            self.note(self.failed_words(message.error))
        elif message.ticket.group.startswith("arc."):
            self.notify(f"{message.error}; F5 tries again", severity="error", markup=False)

    def on_journal_changed(self) -> None:
        """Draw what was added: now, or a moment after what was read last, or once the pane is looked at.

        To draw a million memories anew for each that comes would leave keys no time.
        """
        self._outdated = True
        self._catch_up()

    def on_show(self) -> None:
        """Catch up with what was added meanwhile."""
        self._catch_up()

    def _catch_up(self) -> None:
        if self._outdated and self.display and not self._reading and self._resting is None:
            self.ask(self.concept)

    def _rest(self) -> None:
        """Read nothing that comes for a moment."""

        def rested() -> None:
            self._resting = None
            self._catch_up()

        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST, rested)

    def _show(self, found: Read) -> None:
        self.arc = arc = found.arc
        self.viewport = Viewport(arc, self.viewport) if arc.days else None
        self.note(NO_BLURB if arc.days else self._empty_words())
        if arc.days:
            self.year.show({day.day: day for day in arc.days})
            self.following.show({(str(one), str(other)): n for (one, other), n in arc.transitions.items()})
            if found.scene is not None and found.look == self._look(arc.concept):
                self.backend.cancel("arc.scene")  # of the arc before
                self._drawn = (id(arc), found.look)
                self._show_scene(found.scene)
            self._point()
            if self.has_class("-words"):
                self.action_reflect()

    def _show_scene(self, scene: Scene) -> None:
        self.line.show(scene)
        self.stack.show(scene)

    def _empty_words(self) -> Blurb:
        key = (self.key_of("arc.write", "n"), "write the first one")
        return Blurb("No memories yet", _EMPTY, (key,))

    def _draw(self) -> None:
        """Ask for the window's scene, unless it was asked for already."""
        viewport = self.viewport
        if viewport is None:
            return
        arc = viewport.arc
        look = self._look(arc.concept)
        viewport.columns = look.columns
        if self._drawn == (id(arc), look):
            return
        self._drawn = (id(arc), look)
        self.backend.request(self, "arc.scene", "drawing the arc", lambda _: scene_as(arc, look))
        self.say_where()

    def say_where(self) -> None:
        """Say whose arc it is, what is on screen, and which memory is under the cursor."""
        viewport, shown = self.viewport, self.shown
        head = self.query_one("#arc-head", Static)
        if viewport is None:
            head.update(f" {one_line(self.concept, 40) or 'All memories'}")
            self.say("")
            return
        arc, window = viewport.arc, viewport.window
        count = len(arc.columns.times)
        first, last = (date.fromordinal(day).isoformat() for day in window)
        parts = [
            one_line(arc.concept, 40) or "All memories",
            f"{first} to {last}" if last > first else first,
            arc.words,
        ]
        text = " · ".join(part for part in parts if part)
        short = " · ".join(parts[:-1])
        head.update(f" {text if cell_len(text) < head.size.width else short}", layout=False)
        self.say(counted(count, "memory", "memories"))
        if shown is not None:
            look, _ = self.ink.feeling(str(shown.feeling))
            foot = self.query_one("#arc-foot", Static)
            here = local_moment(shown.us)
            # One narrow line is the memory's as well as the day's.
            brief = foot.size.height < 2 and foot.size.width < 64
            when = f"{here.day} {here:%b %Y}" if brief else self.ink.dates.written(here)
            text = f"{when} · {look.glyph} {one_line(look.word, 40)} · {shown.concept}: {shown.text}"
            foot.update(cut_lines(text, *foot.size), layout=False)

    # -- the cursor and the window --------------------------------------------------------------

    def _point(self) -> None:
        """Show the window, and the memory under the cursor everywhere."""
        viewport = self.viewport
        if viewport is None:
            return
        times, feelings, refs, names = viewport.arc.columns
        cursor, moment = viewport.cursor, viewport.moment
        self.line.point_at((moment, str(names[feelings[cursor]])))
        self.year.point_at(date.fromordinal(int(moment)))
        self._draw()
        ref, us = refs[cursor], times[cursor]
        self.backend.read_journal(
            self, "arc.memory", "reading the memory", lambda db, _: read_shown(db, ref, us)
        )

    def action_along(self, by: int) -> None:
        """To the next memory that stands in another column, or in the year a week on."""
        if self.viewport is not None:
            if self.year.has_focus:
                self.viewport.by_days(7 * by)
            else:
                self.viewport.along(by)
            self._point()

    def action_step(self, by: int) -> None:
        """To the very next memory, or in the year a day on."""
        if self.viewport is not None:
            if self.year.has_focus:
                self.viewport.by_days(by)
            else:
                self.viewport.go(self.viewport.cursor + by)
            self._point()

    def action_edge(self, last: int) -> None:
        """To the first or the last memory."""
        if self.viewport is not None:
            self.viewport.edge(last=bool(last))
            self._point()

    def action_land(self) -> None:
        """Show the memory in the Timeline."""
        if self.viewport is not None:
            self.post_message(MemoryWanted(self.viewport.arc.columns.refs[self.viewport.cursor]))

    def action_write(self) -> None:
        """Write the first memory."""
        self.post_message(WritingWanted())

    def action_zoom(self, closer: int) -> None:
        """Zoom around the cursor."""
        if self.viewport is not None:
            self.viewport.zoom(closer=closer > 0)
            self._draw()

    def action_pan(self, by: int) -> None:
        """Half a screen to a side."""
        self._pan(by * _PAN)

    def _pan(self, share: float) -> None:
        if self.viewport is not None:
            self.viewport.pan(share)
            self._draw()

    def action_whole(self) -> None:
        """Everything again."""
        if self.viewport is not None:
            self.viewport.whole()
            self._draw()

    def action_span(self) -> None:
        """Another period; after the last, what suits the window."""
        self.span = _SPANS[(_SPANS.index(self.span) + 1) % len(_SPANS)]
        self._draw()

    # -- messages of the drawings ---------------------------------------------------------------

    @on(ArcView.RoomChanged)
    def _room_changed(self) -> None:
        self._draw()
        self.say_where()

    @on(ArcView.Zoomed)
    def _zoomed(self, message: ArcView.Zoomed) -> None:
        if self.viewport is not None:
            self.viewport.zoom(closer=message.closer, share=message.share)
            self._draw()

    @on(ArcView.Panned)
    def _panned(self, message: ArcView.Panned) -> None:
        self._pan(message.share)

    @on(ArcView.DayPicked)
    def _picked(self, message: ArcView.DayPicked) -> None:
        """Go to the memory nearest to where was clicked."""
        if self.viewport is not None:
            self.viewport.pick(message.ordinal, message.valence)
            self._point()

    # -- views, words, files --------------------------------------------------------------------

    def action_view(self) -> None:
        """The next drawing."""
        self.remove_class(f"-{self.view}")
        self.view = _VIEWS[(_VIEWS.index(self.view) + 1) % len(_VIEWS)]
        self.add_class(f"-{self.view}")
        self.after_frame(self.focus_first)

    def action_reflect(self) -> None:
        """Tell the arc in words, beneath."""
        from ...llm.pacing import Cancel  # noqa: PLC0415 -- nobody reflects before the first frame

        if self.viewport is None:
            return
        arc = self.viewport.arc

        self._stop_telling()
        self.add_class("-words")
        self._cancel = cancel = Cancel()
        language = self.settings.language
        self.backend.read_journal(
            self,
            "arc.reflect",
            "reflecting",
            lambda db, ticket: tell(db, arc, language, lambda text: ticket.tell(Told(text)), cancel),
        )

    def _stop_telling(self) -> None:
        if self._cancel is not None:
            self._cancel.cancel()
            self._cancel = None

    def on_unmount(self) -> None:
        """Whoever is still telling may stop."""
        self._stop_telling()

    @on(Told)
    def _told(self, message: Told) -> None:
        """Show the words as they come."""
        if self._cancel is not None:
            self.query_one("#arc-words-text", Static).update(inert(message.text))

    def action_close(self) -> None:
        """Put the words away."""
        self._stop_telling()
        self.backend.cancel("arc.reflect")
        self.remove_class("-words")
        self.focus_first()

    def action_concept(self) -> None:
        """Choose whose arc it is."""
        from .dialogs import choose_concept  # noqa: PLC0415

        if self.arc is not None:
            choose_concept(self.app, self.arc, self.ask)

    def action_export(self) -> None:
        """Ask for a file and write the picture."""
        from .dialogs import ask_output  # noqa: PLC0415

        if self.viewport is None:
            return
        arc, theme, language = self.viewport.arc, self.ink.theme, self.settings.language

        def write(output: Path) -> None:
            self.backend.read_journal(
                self,
                "arc.export",
                "writing the picture",
                lambda db, _: write_svg(db, arc, theme, language, output),
            )

        ask_output(self.app, arc, write)

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        super().restyle(ink)
        self.say_where()
