"""Explore: a question and its knobs, the pieces that answer it, and each of them in full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.actions import SkipAction
from textual.containers import Container
from textual.widgets import Input

from ..asking import AskingLine
from ..chrome import HeaderLine
from ..counting import counted
from ..editor import open_at
from ..keys import key
from ..note import Blurb
from ..panes import MemoryWanted, Pane
from .indexing import CodeChanged, Indexing, Progressed, Said, report_words
from .model import (
    FORMATS,
    MODES,
    Acted,
    Asked,
    Counts,
    Delivered,
    Hit,
    Ingested,
    Past,
    Preview,
    Result,
    Unindexed,
)
from .question import QuestionLine
from .reader import Reader
from .requests import ExploreRequests
from .results import ResultList
from .tuning import Tuning
from .words import answer_words, asked_words, indexing_words, nothing_words, pieces, tips, unindexed_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.app import ComposeResult

    from ...settings import Settings
    from ..backend import Answer, Backend, Failed
    from ..ink import Ink

__all__ = ["ExplorePane"]

_MOST_PAST: Final = 50


class ExplorePane(Pane):
    """What answers a question, within a budget, and why."""

    STYLES = "explore.tcss"
    HELP = "Ask the code of this folder, or your journal, and take along what answers within a budget."
    HELP_TITLE = "Explore"
    BINDINGS: ClassVar = [
        key("f5,R", "retry", "Retry", "explore.retry", "Try again what failed", show=True),
        key("slash", "question", "Ask", "explore.ask", "Go to the question", show=True, first=True),
        key("space", "pin", "Pin", "explore.pin", "Keep this in the answer, whatever is asked", show=True),
        key("x", "exclude", "Exclude", "explore.exclude", "Leave this out of the answer", show=True),
        key("u", "used", "Used", "explore.used", "Say that this was of use: mnemo learns from it", show=True),
        key("y", "copy", "Copy", "explore.copy", "Copy the answer in the chosen format", show=True),
        key("w", "write", "Write", "explore.write", "Write the answer to a file", show=True),
        key("enter", "open", "Open", "explore.open", "Open it in the editor, at its line", show=True),
        key("v", "mode", "View", "explore.view", "Original, compressed, or what compressing takes away"),
        key("m", "format", "Format", "explore.format", f"The format to copy and write: {', '.join(FORMATS)}"),
        key("b", "budget", "Budget", "explore.budget", "Type a budget of tokens"),
        key("plus,equals_sign", "spend(500)", "More", "explore.more", "500 tokens more"),
        key("minus", "spend(-500)", "Less", "explore.less", "500 tokens less"),
        key("c", "corpus", "Corpus", "explore.corpus", "Ask the code, or the journal"),
        key("tab,F", "tuning", "Knobs", "explore.tuning", "Go to the knobs and back"),
        key("H", "past", "Past", "explore.past", "Ask again what you asked before"),
        key("i", "ingest", "Index", "explore.ingest", "Index what changed in this folder; again stops it"),
        key("W", "watch", "Watch", "explore.watch", "Index what changes, as it changes; again stops it"),
    ]

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str = "explore") -> None:  # noqa: A002
        super().__init__(backend, ink, settings, id=id)
        self.asked = Asked()
        """The question as it stands; what is shown may still answer the one before."""
        self.result: Result | None = None
        self._waiting = False
        """Whether the answer to the question as it stands is still on its way."""
        self.mode = MODES[0]
        self.folder: Path | None = None
        """The folder that is not indexed yet; None where there is an index."""
        self.past: list[Asked] = []
        """Questions that were acted upon, the latest first."""
        self.used: frozenset[str] = frozenset()
        self.requests = ExploreRequests(backend, self)
        self.indexing = Indexing(self, backend)

    def compose(self) -> ComposeResult:
        """The question over knobs, results and preview."""
        self.state = HeaderLine(self.ink, id="explore-state")
        self.tuning = Tuning(self.ink, id="explore-tuning")
        self.results = ResultList(self.ink, id="explore-results")
        self.reader = Reader(self.ink, id="explore-reader")
        self.question = QuestionLine(self.results, id="explore-question")
        yield self.question
        yield self.state
        with Container(id="explore-body"):
            yield self.tuning
            with Container(id="explore-answer"):
                yield self.results
                yield self.reader

    def on_mount(self) -> None:
        """Begin in the question."""
        self.question.focus()
        self.tuning.show(self.asked, None, None)
        self.reader.show(None, blurb=tips(self.asked, self))
        self.say_where()

    def load_rest(self) -> None:
        """Look whether there is an index, and how much is in it."""
        self.requests.count()
        self.ask(self.asked)
        self.requests.load_past()

    def focus_first(self) -> None:
        """Take the keys."""
        self.question.focus()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme from now on."""
        super().restyle(ink)
        self._read(self.results.current)

    # -- asking ---------------------------------------------------------------------------------

    def ask(self, asked: Asked) -> None:
        """Ask; what an older question finds is dropped."""
        self.asked = asked
        self._waiting = True
        self.requests.ask(asked)
        self.say_where()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        if message.value != self.asked.text:
            self.ask(replace(self.asked, text=message.value))

    @on(Tuning.Changed)
    def _turned(self, message: Tuning.Changed) -> None:
        self.ask(replace(self.asked, budget=message.asked.budget, scales=message.asked.scales))

    # -- answers --------------------------------------------------------------------------------

    def show_answer(self, message: Answer) -> None:
        """Show what the backend found."""
        self._show_found(message)
        if message.ticket.group == "explore.ask":
            self._waiting = False
            if self.results.holds_keys:
                self._go_on()

    def _show_found(self, message: Answer) -> None:
        match message.value:
            case Result() as result:
                self._show(result)
            case Unindexed(folder):
                self.folder, self.result = folder, None
                self.say("nothing indexed")
                words = indexing_words if self.indexing.working else unindexed_words
                self._show_nothing(words(folder, self))
                if not self.asked.text:
                    self.results.focus()  # the key that it names would be typed into the question
            case Counts(files, chunks):
                self.folder = None
                self.say(f"{counted(files, 'file')}, {counted(chunks, 'chunk')}")
            case Preview() as shown:
                if self.results.current is not None and shown.id == self.results.current.id:
                    self.reader.show(shown)
            case Past(questions):
                self.past += questions
            case Delivered() as done:
                self._delivered(done)
            case Acted(kind, noted):
                if kind == "used":
                    self.notify("Noted: it was of use" if noted else "It is noted already", markup=False)
            case Ingested() as done:
                self._ingested(done)
            case _:
                pass

    def show_failure(self, message: Failed) -> None:
        """Say in the pane what went wrong and how to try again."""
        self.indexing.failed(message.ticket.group)
        if message.ticket.group == "explore.ask":
            self._waiting = False
            self.results.release_keys(forget=True)
            self.result = None
            self._show_nothing(self.failed_words(message.error))

    def _show(self, result: Result) -> None:
        self.result = result
        if result.asked.corpus == "code":
            self.folder = None
        self.remove_class("-empty")
        self.results.show(result)
        self.tuning.show(self.asked, result, self.results.current)
        if not result.hits:
            self._show_nothing(nothing_words(result, self))

    def _show_nothing(self, blurb: Blurb) -> None:
        if self.result is None:
            self.results.show(None)
            self.tuning.show(self.asked, None, None)
        self.set_class(
            self.result is None or not (self.result.missed or self.result.asked.excluded), "-empty"
        )
        self.reader.show(None, blurb=blurb)

    def say_where(self) -> None:
        """Say what is asked, and how much answers it."""
        indexing = self.indexing
        right = f"{indexing.working}, i stops" if indexing.working else answer_words(self.result)
        left = asked_words(self.asked, self.mode, watching=indexing.watching)
        trouble = "" if self.has_class("-empty") else self.trouble
        self.state.say(left, "F5 tries again" if trouble else right, trouble)

    # -- the parts ------------------------------------------------------------------------------

    @on(ResultList.Highlighted)
    def _highlighted(self, message: ResultList.Highlighted) -> None:
        # After the frame that shows the cursor there: one preview for all the moves within a frame.
        self.after_frame(self._read, message.hit)

    def _read(self, hit: Hit | None) -> None:
        current = self.results.current
        if hit is not None and current is not None and hit.id == current.id:
            self.requests.preview(current, self.mode, self.asked.text, self.ink)
        elif self.results.missed is not None:
            missed = self.results.missed
            blurb = Blurb(missed.name, f"{missed.place} {missed.reason}: it costs {missed.cost:,} tokens")
            self.reader.show(None, blurb=blurb)
        self.tuning.show(self.asked, self.result, current)
        self.offer()

    @on(AskingLine.ResultsWanted)
    def _results_wanted(self) -> None:
        """What was typed ahead acts on what was found: at once, or as soon as that is shown."""
        self.remove_class("-reading", "-tuning")
        if not self._waiting:
            self._go_on()

    def _go_on(self) -> None:
        """Do what was typed ahead; where there is nothing to do it to, back to the question."""
        if self.results.any:
            self.results.release_keys()
        else:
            self.results.release_keys(forget=True)
            if self.results.has_focus and self.folder is None:
                self.question.focus()

    @on(QuestionLine.Left)
    @on(Reader.Left)
    def _to_results(self) -> None:
        self.remove_class("-reading", "-tuning")
        self.results.focus()

    @on(ResultList.ReadWanted)
    def _to_reader(self) -> None:
        self.add_class("-reading")
        self.reader.focus()

    @on(ResultList.Opened)
    def _opened(self) -> None:
        self.action_open()

    @on(QuestionLine.PastWanted)
    def _past_wanted(self) -> None:
        self.action_past()

    # -- actions --------------------------------------------------------------------------------

    def action_question(self) -> None:
        """Go to the question."""
        if self.question.has_focus:
            raise SkipAction  # it is typed
        self.remove_class("-reading", "-tuning")
        self.screen.set_focus(self.question)  # now: what is typed ahead belongs there

    def action_tuning(self) -> None:
        """Go to the knobs, or back."""
        if self.tuning.has_focus:
            self.remove_class("-tuning")
            self.results.focus()
        else:
            self.remove_class("-reading")
            self.add_class("-tuning")
            self.tuning.focus()

    def _switch(self, kind: str) -> Hit | None:
        hit = self.results.current
        if hit is not None:
            self.ask(self.asked.switched(kind, hit))
            self._remember()
        return hit

    def action_pin(self) -> None:
        """Keep the piece in the answer, or no longer."""
        hit = self._switch("pinned")
        if hit is not None and hit in self.asked.pinned:
            self.requests.teach(self.asked, [hit], "selected")

    def action_exclude(self) -> None:
        """Leave the piece out of the answer, or no longer."""
        self._switch("excluded")

    def action_used(self) -> None:
        """Say that the piece was of use."""
        hit = self.results.current
        if hit is not None:
            self.used |= {hit.id}
            self.results.mark_used(self.used)
            self.requests.teach(self.asked, [hit], "used")

    def _remember(self) -> None:
        """Keep the question, to be asked again."""
        asked = self.asked
        if asked.text.strip():
            others = [each for each in self.past if (each.text, each.corpus) != (asked.text, asked.corpus)]
            self.past = [asked, *others][:_MOST_PAST]
            kept = [each for each in self.past if each.corpus == asked.corpus]
            self.requests.keep_past(asked.corpus, kept)

    def action_past(self) -> None:
        """Choose a question of before, with what was pinned then."""
        from .dialogs import choose_past  # noqa: PLC0415

        if not self.past:
            self.notify("What you copy, write, pin or mark is kept here to be asked again")
            return

        def again(asked: Asked) -> None:
            self.asked = asked  # so that the line, when it changes, asks nothing else
            self.question.value = asked.text
            self.ask(asked)

        choose_past(self.app, self.past, again)

    def action_copy(self) -> None:
        """Copy the answer."""
        self._deliver(None)

    def action_write(self) -> None:
        """Ask for a file and write the answer there."""
        from .dialogs import ask_file  # noqa: PLC0415

        if self.result is not None and self.result.hits:
            ask_file(self.app, self.asked, self._deliver)

    def _deliver(self, path: Path | None) -> None:
        result = self.result
        if result is not None and result.hits:
            self._remember()
            self.requests.deliver(result, path)

    def _delivered(self, done: Delivered) -> None:
        if done.path is None:
            self.app.copy_to_clipboard(done.text)
            self.notify(f"Copied {pieces(done.chunks)} as {self.asked.output}")
        else:
            self.notify(f"{pieces(done.chunks)} to {done.path}", title="Written", markup=False)
        if self.result is not None:
            self.requests.teach(self.asked, self.result.hits, "selected")

    def action_open(self) -> None:
        """Open the piece: a file in the editor at its line, a memory in the Timeline."""
        hit, result = self.results.current, self.result
        if hit is None or result is None:
            return
        if result.root is None:
            self.post_message(MemoryWanted(hit.id))
            return
        self._remember()
        self.requests.teach(self.asked, [hit], "selected")
        open_at(self.app, result.root / hit.path, hit.line, self.settings.editor)

    def action_mode(self) -> None:
        """Show the piece another way."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self._read(self.results.current)
        self.say_where()

    def action_format(self) -> None:
        """Take another format to copy and write in."""
        at = FORMATS.index(self.asked.output) + 1
        self.ask(replace(self.asked, output=FORMATS[at % len(FORMATS)]))

    def action_budget(self) -> None:
        """Ask for a budget."""
        from .dialogs import ask_budget  # noqa: PLC0415

        ask_budget(self.app, self.asked, lambda tokens: self.ask(self.asked.budgeted(tokens)))

    def action_spend(self, by: int) -> None:
        """Change the budget by a step."""
        self.ask(self.asked.budgeted(self.asked.budget + by))

    def action_corpus(self) -> None:
        """Ask the other corpus; what is pinned and weighed there means nothing here."""
        corpus = "journal" if self.asked.corpus == "code" else "code"
        self.ask(Asked(self.asked.text, corpus, self.asked.budget, self.asked.output))

    # -- the index ------------------------------------------------------------------------------

    def action_ingest(self) -> None:
        """Index what changed; while that runs, stop it: what is done stays."""
        if self.indexing.working:
            self.indexing.stop()
            self.notify("Stopped; what was read so far stays indexed")
            self.requests.count()
            self.ask(self.asked)
        else:
            self.indexing.start()
            if self.folder is not None:
                self._show_nothing(indexing_words(self.folder, self))
        self.say_where()

    def on_progressed(self, message: Progressed) -> None:
        """Show how far the ingest is."""
        self.indexing.progressed(message.progress, ascii_only=self.ink.ascii_only)
        self.say_where()

    def _ingested(self, done: Ingested) -> None:
        self.indexing.working = ""
        self.notify(report_words(done), title="Indexed", markup=False)
        for line in done.notices:
            self.notify(line, severity="warning", markup=False)
        if self.folder is not None and self.results.has_focus:
            self.question.focus()  # where the first question is typed
        self.requests.count()
        self.ask(self.asked)

    def action_watch(self) -> None:
        """Follow what changes in the folder, or no longer."""
        self.indexing.switch_watch()
        self.say_where()

    def on_code_changed(self, _: CodeChanged) -> None:
        """The index followed a change: ask again."""
        self.backend.code_changed()
        self.requests.count()
        self.ask(self.asked)

    def on_said(self, message: Said) -> None:
        """Tell what the watch has to say."""
        self.notify(message.text, markup=False)

    # -- what can be done -----------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        match action:
            case "pin" | "exclude" | "used" | "open":
                return self.results.current is not None
            case "copy" | "write":
                return self.result is not None and bool(self.result.hits)
            case "retry":
                return bool(self.failures)
            case _:
                return True

    def palette_entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Each format by name."""
        for name in FORMATS:

            def take(name: str = name) -> None:
                self.ask(replace(self.asked, output=name))

            yield f"Format {name}", "Copy and write in this format", take
