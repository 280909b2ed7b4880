"""The Arc: how memories feel over time, as a line, by period, through the year, and one after another."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from ...llm.answers import LOCAL, Reflection
from ...storage.affect import affect_of
from ...storage.clock import local_moment
from ..backend import Answer, Failed
from ..inert import inert, one_line
from ..keys import key
from ..panes import MemoryWanted, Pane
from .following import FollowingView
from .line import LineChart
from .model import Arc, Scene, Shown, Window
from .reading import midnight, read_arc, read_shown, scene_of, tell, write_svg
from .stack import StackChart
from .views import ArcView
from .year import YearView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from ...llm.pacing import Cancel
    from ...settings import Settings
    from ...storage.affect import Span
    from ..backend import Backend
    from ..ink import Ink

__all__ = ["ArcPane"]

_EMPTY: Final = """This is where your memories become a line: how they felt, from the first to the last.

Press 1, then n, to write the first one."""
_DRAWN: Final = frozenset(("land", "zoom", "view", "reflect", "export", "concept", "span", "whole"))
"""Actions that need something to be drawn."""
_VIEWS: Final = ("line", "stack", "year", "following")
_SPANS: Final[tuple[Span | None, ...]] = (None, "day", "week", "month", "year")
_CLOSEST: Final = 7
_ZOOM: Final = 0.5
_PAN: Final = 0.5
_MOST_CONCEPTS: Final = 500


class Told(Message):
    """All that was told so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst counts."""
        return isinstance(message, Told)


class _Note(Static, can_focus=True):
    """What stands in place of the drawings; it takes the keys meanwhile."""


class ArcPane(Pane):
    """One concept's way through time, or everything's."""

    STYLES = "arc.tcss"
    HELP = "How your memories feel over time. Left and right go along them, enter goes to the one you are on."
    HELP_TITLE = "Arc"
    BINDINGS: ClassVar = [
        key("enter", "land", "Go to it", "arc.land", "Show this memory in the Timeline", show=True),
        key("plus,equals_sign,i", "zoom(1)", "Zoom in", "arc.zoom_in", "See less time, closer", show=True),
        key("minus,o", "zoom(-1)", "Zoom out", "arc.zoom_out", "See more time", show=True),
        key("v,tab", "view", "View", "arc.view", "The line, the periods, the year, what follows", show=True),
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
        key("f5", "retry", "Retry", "arc.retry", "Try again what failed", show=True),
    ]

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str = "arc") -> None:  # noqa: A002
        super().__init__(backend, ink, settings, id=id)
        self.concept = ""
        """Whose arc was asked for last; empty for everything."""
        self.arc: Arc | None = None
        self.window: Window | None = None
        """The days on screen; None for all of them."""
        self.cursor = 0
        """Place of the memory under the cursor in the arc's columns."""
        self.view = "line"
        self.span: Span | None = None
        self.shown: Shown | None = None
        self._cancel: Cancel | None = None
        """Ends what is being told."""
        self._outdated = False
        self._retries: dict[str, Callable[[], None]] = {}

    def compose(self) -> ComposeResult:
        """Lay out the drawings."""
        self.line = LineChart(self.ink, id="arc-line")
        self.stack = StackChart(self.ink, id="arc-stack")
        self.year = YearView(self.ink, id="arc-year")
        self.following = FollowingView(self.ink, id="arc-following")
        yield Static(" ", id="arc-head", markup=False)
        yield _Note("", id="arc-empty", markup=False)
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
            return bool(self._retries)
        return True if action not in _DRAWN or (self.arc is not None and self.arc.days) else None

    def _note(self, text: str) -> None:
        """Show a text in place of the drawings, or the drawings again where it is empty."""
        before = self.has_class("-empty")
        self.set_class(bool(text), "-empty")
        self.query_one("#arc-empty", Static).update(inert(text))
        if before != bool(text) and self.display and self.app.screen is self.screen:
            self.call_after_refresh(self.focus_first)
        self.refresh_bindings()

    def ask(self, concept: str) -> None:
        """Ask for a concept's arc; empty for everything."""
        self.concept = concept
        language = self.settings.language
        self._outdated = False
        self.backend.read_journal(
            self, "arc.read", "reading the arc", lambda db, ticket: read_arc(db, concept, language, ticket)
        )

    # -- answers --------------------------------------------------------------------------------

    def on_answer(self, message: Answer) -> None:
        """Show what was found."""
        if message.ticket.stale:
            return
        self._retries.pop(message.ticket.group, None)
        match message.value:
            case Arc() as arc:
                self._show(arc)
            case Scene() as scene:
                self.line.show(scene)
                self.stack.show(scene)
            case Shown() as shown:
                self.shown = shown
                self._say_shown()
            case Reflection() as found:
                by = f"\n\n- {one_line(found.provider, 40)}" if found.provider != LOCAL else ""
                note = f"\n\n{found.confidence_note}"
                self.query_one("#arc-words-text", Static).update(inert(f"{found.text}{by}{note}".rstrip()))
            case Path() as path:
                self.notify(str(path), title="Written", markup=False)
            case _:
                pass

    def on_failed(self, message: Failed) -> None:
        """Say what went wrong and how to try again."""
        self._retries[message.ticket.group] = message.retry
        if message.ticket.group == "arc.read":
            self.arc = None
            self._note(f"{message.error}\n\nPress F5 to try again.")
        elif message.ticket.group.startswith("arc."):
            self.notify(f"{message.error}; F5 tries again", severity="error", markup=False)
            self.refresh_bindings()

    def on_journal_changed(self) -> None:
        """Draw what was added, now or when the pane is looked at again."""
        if self.display:
            self.ask(self.concept)
        else:
            self._outdated = True

    def on_show(self) -> None:
        """Catch up with what was added meanwhile."""
        if self._outdated:
            self.ask(self.concept)

    def _show(self, arc: Arc) -> None:
        before = self.arc
        kept = None
        if before is not None and before.concept == arc.concept and before.days:
            kept = before.columns.times[self.cursor]
            at_end = self.cursor == len(before.columns.times) - 1
        self.arc = arc
        self._note("" if arc.days else _EMPTY)
        if not arc.days:
            self.query_one("#arc-head", Static).update(" ")
            self.say("")
            return
        times = arc.columns.times
        if kept is None:
            self.window = None
            self.cursor = len(times) - 1
        else:
            place = bisect_left(times, kept)
            self.cursor = len(times) - 1 if at_end else min(place, len(times) - 1)
        self.year.show({day.day: day for day in arc.days})
        self.following.show({(str(one), str(other)): n for (one, other), n in arc.transitions.items()})
        self._draw()
        self._point()
        if self.has_class("-words"):
            self.action_reflect()

    def _draw(self) -> None:
        """Ask for the window's scene."""
        arc = self.arc
        if arc is None or not arc.days:
            return
        window, columns, span = self.window or arc.whole, self.line.dots, self.span
        self.backend.request(
            self, "arc.scene", "drawing the arc", lambda _: scene_of(arc, window, columns, span)
        )
        self._say_where()

    def _say_where(self) -> None:
        arc = self.arc
        assert arc is not None
        window = self.window or arc.whole
        count = len(arc.columns.times)
        parts = [
            one_line(arc.concept, 40) or "All memories",
            f"{count:,}" if count != 1 else "one",
            f"{date.fromordinal(window.first).isoformat()} to {date.fromordinal(window.last).isoformat()}",
            arc.words,
        ]
        self.query_one("#arc-head", Static).update(" " + " · ".join(part for part in parts if part))
        self.say(f"{count:,} memories" if count != 1 else "1 memory")

    # -- the cursor -----------------------------------------------------------------------------

    def _moment(self, place: int) -> float:
        """A memory's local day as an ordinal, with the part of the day that has gone."""
        assert self.arc is not None
        us = self.arc.columns.times[place]
        local = local_moment(us)
        return local.date().toordinal() + (local.hour * 60 + local.minute) / 1440

    def _point(self) -> None:
        """Show the memory under the cursor everywhere."""
        arc = self.arc
        if arc is None or not arc.days:
            return
        times, feelings, refs, names = arc.columns
        moment = self._moment(self.cursor)
        self.line.point_at((moment, str(names[feelings[self.cursor]])))
        self.year.point_at(date.fromordinal(int(moment)))
        window = self.window
        if window is not None and not window.first <= moment < window.last + 1:
            self._look(int(moment) - window.days // 2, window.days)
        ref, us = refs[self.cursor], times[self.cursor]
        self.backend.read_journal(
            self, "arc.memory", "reading the memory", lambda db, _: read_shown(db, ref, us)
        )

    def _say_shown(self) -> None:
        shown = self.shown
        if shown is None:
            return
        look, _ = self.ink.feeling(str(shown.feeling))
        when = self.ink.dates.written(local_moment(shown.us))
        self.query_one("#arc-foot", Static).update(
            f" {when} · {look.glyph} {one_line(look.word, 40)} · {shown.concept}: {shown.text}"
        )

    def _go(self, place: int) -> None:
        if self.arc is not None and self.arc.days:
            self.cursor = max(0, min(place, len(self.arc.columns.times) - 1))
            self._point()

    def action_along(self, by: int) -> None:
        """To the next memory that stands in another column, or in the year a week on."""
        arc = self.arc
        if arc is None or not arc.days:
            return
        if self.year.has_focus:
            self._by_days(7 * by)
            return
        window = self.window or arc.whole
        width = window.days * 86_400_000_000 / self.line.dots
        times = arc.columns.times
        now = times[self.cursor]
        place = bisect_left(times, now + width) if by > 0 else bisect_right(times, now - width) - 1
        # The nearest beyond a column's width; where none is left, the last one there is.
        self._go(place)

    def action_step(self, by: int) -> None:
        """To the very next memory, or in the year a day on."""
        if self.year.has_focus:
            self._by_days(by)
        else:
            self._go(self.cursor + by)

    def _by_days(self, by: int) -> None:
        """To the nearest memory at least so many days away."""
        assert self.arc is not None or by
        if self.arc is None or not self.arc.days:
            return
        day = int(self._moment(self.cursor)) + by
        times = self.arc.columns.times
        self._go(bisect_left(times, midnight(day)) if by > 0 else bisect_left(times, midnight(day + 1)) - 1)

    def action_edge(self, last: int) -> None:
        """To the first or the last memory."""
        if self.arc is not None:
            self._go(len(self.arc.columns.times) - 1 if last else 0)

    def action_land(self) -> None:
        """Show the memory in the Timeline."""
        if self.arc is not None and self.arc.days:
            self.post_message(MemoryWanted(self.arc.columns.refs[self.cursor]))

    # -- the window -----------------------------------------------------------------------------

    def _look(self, first: int, days: int) -> None:
        """Show so many days, kept within what there is."""
        assert self.arc is not None
        whole = self.arc.whole
        days = max(days, _CLOSEST)
        if days >= whole.days:
            self.window = None
        else:
            first = max(whole.first, min(first, whole.last - days + 1))
            self.window = Window(first, first + days - 1)
        self._draw()

    def action_zoom(self, closer: int) -> None:
        """Zoom around the cursor."""
        if self.arc is not None and self.arc.days:
            window = self.window or self.arc.whole
            share = (self._moment(self.cursor) - window.first) / window.days
            self._zoom(closer > 0, share if 0 <= share <= 1 else 0.5)

    def _zoom(self, closer: bool, share: float) -> None:
        if self.arc is None or not self.arc.days:
            return
        window = self.window or self.arc.whole
        days = round(window.days * (_ZOOM if closer else 1 / _ZOOM))
        days = max(days, min(_CLOSEST, window.days))
        self._look(round(window.first + share * (window.days - days)), days)

    def action_pan(self, by: int) -> None:
        """Half a screen to a side."""
        self._pan(by * _PAN)

    def _pan(self, share: float) -> None:
        if self.arc is not None and self.window is not None:
            by = round(share * self.window.days) or (1 if share > 0 else -1)
            self._look(self.window.first + by, self.window.days)

    def action_whole(self) -> None:
        """Everything again."""
        if self.arc is not None:
            self.window = None
            self._draw()

    def action_span(self) -> None:
        """Another period; after the last, what suits the window."""
        self.span = _SPANS[(_SPANS.index(self.span) + 1) % len(_SPANS)]
        self._draw()

    # -- messages of the drawings ---------------------------------------------------------------

    @on(ArcView.RoomChanged)
    def _room_changed(self) -> None:
        self._draw()

    @on(ArcView.Zoomed)
    def _zoomed(self, message: ArcView.Zoomed) -> None:
        self._zoom(message.closer, message.share)

    @on(ArcView.Panned)
    def _panned(self, message: ArcView.Panned) -> None:
        self._pan(message.share)

    @on(ArcView.DayPicked)
    def _picked(self, message: ArcView.DayPicked) -> None:
        """Go to the memory nearest to where was clicked; a second click on it lands there."""
        arc = self.arc
        if arc is None or not arc.days:
            return
        times, feelings, _, names = arc.columns
        window = self.window or arc.whole
        us = midnight(int(message.ordinal)) + round((message.ordinal % 1) * 86_400_000_000)
        reach = 3 * window.days * 86_400_000_000 // max(1, self.line.dots)
        near = range(bisect_left(times, us - reach), bisect_right(times, us + reach))
        if not near:
            place = bisect_left(times, us)
            near = range(max(0, place - 1), min(place + 1, len(times)))

        def far(place: int) -> tuple[float, int]:
            affect = affect_of(names[feelings[place]])
            height = message.valence
            off = 0.0 if height is None or affect is None else abs(affect.valence - height)
            return off + abs(times[place] - us) / max(reach, 1), -place

        self._go(min(near[:2000], key=far))

    # -- views, words, files --------------------------------------------------------------------

    def action_view(self) -> None:
        """The next drawing."""
        self.remove_class(f"-{self.view}")
        self.view = _VIEWS[(_VIEWS.index(self.view) + 1) % len(_VIEWS)]
        self.add_class(f"-{self.view}")
        self.call_after_refresh(self.focus_first)

    def action_reflect(self) -> None:
        """Tell the arc in words, beneath."""
        arc = self.arc
        if arc is None or not arc.days:
            return
        from ...llm.pacing import Cancel  # noqa: PLC0415 -- nobody reflects before the first frame

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
        from ..dialogs.choice import Choice  # noqa: PLC0415

        if self.arc is None:
            return
        options = [("", "All memories")]
        for name, n in list(self.arc.concepts.items())[:_MOST_CONCEPTS]:
            options.append((name, f"{one_line(name, 60)}  {n:,}"))

        def done(name: str | None) -> None:
            if name is not None and name != self.concept:
                self.ask(name)

        self.app.push_screen(Choice("Whose arc", options, chosen=self.concept), done)

    def action_export(self) -> None:
        """Ask for a file and write the picture."""
        from ..dialogs.prompt import Prompt  # noqa: PLC0415

        arc = self.arc
        if arc is None or not arc.days:
            return
        name = "".join(char if char.isalnum() else "-" for char in arc.concept.lower()) or "all"

        def check(text: str) -> str:
            if not text.strip():
                raise ValueError("give it a name")
            path = Path(text.strip()).expanduser().absolute()
            return f"{'replaces' if path.exists() else 'writes'} {one_line(str(path), 200)}"

        def done(text: str | None) -> None:
            if text is not None:
                output = Path(text.strip()).expanduser().absolute()
                theme, language = self.ink.theme, self.settings.language
                self.backend.read_journal(
                    self,
                    "arc.export",
                    "writing the picture",
                    lambda db, _: write_svg(db, arc, theme, language, output),
                )

        self.app.push_screen(Prompt("Write the picture to", check, value=f"~/mnemo-arc-{name}.svg"), done)

    def action_retry(self) -> None:
        """Try again what failed."""
        retries, self._retries = self._retries, {}
        for retry in retries.values():
            retry()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        super().restyle(ink)
        self._say_shown()
