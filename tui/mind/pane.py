"""Mind: a conversation with your memories, whoever answers."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Container
from textual.widgets import Input, Static

from ...llm.answers import Answer as Found
from ...llm.answers import Perception
from ..inert import one_line
from ..keys import key
from ..panes import MemoryWanted, Pane
from .line import MindLine
from .model import OPERATIONS, Asked, Turn, Who, read_asked
from .modes import Modes
from .reading import ConsentWanted, Mind, Told, keep, save
from .talk import Talk
from .words import HINTS, welcome

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ...llm.pacing import Cancel
    from ...settings import Settings
    from ...storage.feelings import Feeling
    from ..backend import Answer, Backend, Failed
    from ..ink import Ink

__all__ = ["MindPane"]

_SERIAL: Final = count(1)
_PROPOSAL: Final = frozenset(("save", "concept", "feeling", "put_away"))
_LONGEST_ASKED: Final = 20_000


class MindPane(Pane):
    """Perceive, ask, reflect, dream and introspect, turn by turn."""

    STYLES = "mind.tcss"
    HELP = "Talk with your memories. Nothing is saved, and nothing leaves this machine, unless you say so."
    HELP_TITLE = "Mind"
    BINDINGS: ClassVar = [
        key("escape", "stop", "Stop", "mind.stop", "Stop the answer at once", show=True),
        key("escape", "swap", "Line or keys", "mind.swap", "From the line to the keys, and back", show=True),
        key("s,ctrl+s", "save", "Save", "mind.save", "Save what is proposed", show=True),
        key("f5", "retry", "Retry", "mind.retry", "Ask again what failed or was stopped", show=True),
        key("a", "mode('ask')", "Ask", "mind.ask", "Ask your memories", show=True),
        key("p", "mode('perceive')", "Perceive", "mind.perceive", "Have words perceived", show=True),
        key("r", "reflect", "Reflect", "mind.reflect", "Look back on a concept", show=True),
        key("d", "go('dream')", "Dream", "mind.dream", "Draw memories far apart", show=True),
        key("i", "go('introspect')", "Introspect", "mind.introspect", "A portrait of who writes", show=True),
        key("slash", "command", "Command", "mind.command", "Write /ask, /perceive, /reflect…"),
        key("c", "concept", "Concept", "mind.concept", "Give the proposal another concept"),
        key("f", "feeling", "Feeling", "mind.feeling", "Give the proposal another feeling"),
        key("x", "put_away", "Not at all", "mind.put_away", "Do not save the proposal"),
        key("y", "copy", "Copy", "mind.copy", "Copy the answer"),
        key("C", "clear", "Clear", "mind.clear", "Begin another conversation"),
    ]

    def __init__(self, backend: Backend, ink: Ink, settings: Settings, *, id: str = "mind") -> None:  # noqa: A002
        super().__init__(backend, ink, settings, id=id)
        self.mind = Mind(None if settings.mind_language == "auto" else settings.mind_language)
        self.mode = "ask"
        """What plain words are taken as."""
        self.turns: list[Turn] = []
        self.who: Who | None = None
        """Who would answer; None until that is known."""
        self._cancel: Cancel | None = None
        """What stops the turn that runs."""
        self._consent: ConsentWanted | None = None
        """A question that waits until the pane is looked at."""
        self._saving: Turn | None = None
        """Whose proposal is being saved."""

    def compose(self) -> ComposeResult:
        """The conversation over the line."""
        self.talk = Talk(self.ink, id="mind-talk")
        self.line = MindLine(id="mind-line")
        yield self.talk
        yield Modes(self.ink, self.mode, id="mind-modes")
        with Container(id="mind-bar"):
            yield Static("", id="mind-mode", markup=False)
            yield self.line

    def on_mount(self) -> None:
        """Begin in the line."""
        self._use_mode(self.mode)
        self._welcome()
        self.focus_first()

    def load_rest(self) -> None:
        """Ask who answers."""
        self.backend.read_journal(self, "mind.who", "looking who answers", lambda db, _: self.mind.who(db))

    def focus_first(self) -> None:
        """Take the keys, in the line."""
        self.line.focus()

    def on_unmount(self) -> None:
        """Nobody waits for an answer any more."""
        if self._cancel is not None:
            self._cancel.cancel()
        self._release()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that have nothing to act on stand back."""
        match action:
            case "stop":
                return self.running is not None
            case "swap":
                return self.running is None
            case "retry":
                return bool(self.failures) or self._again() is not None
            case "copy" | "clear":
                return bool(self.turns)
        return action not in _PROPOSAL or self._proposed() is not None

    @property
    def running(self) -> Turn | None:
        """The turn that is being answered."""
        return self.turns[-1] if self.turns and self.turns[-1].running else None

    # -- asking ---------------------------------------------------------------------------------

    @on(Input.Submitted, "#mind-line")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        line = event.value[:_LONGEST_ASKED]
        if not line.strip() and self.mode == "reflect":
            self.action_reflect()
            return
        try:
            asked = read_asked(line, self.mode)
        except ValueError as error:
            self.notify(one_line(str(error)), severity="warning", markup=False)
            return
        self.line.keep(event.value)
        self.begin(asked)

    def begin(self, asked: Asked) -> None:
        """Ask; what is being answered is stopped."""
        self.action_stop()
        self.turns.append(Turn(asked))
        self._run(self.turns[-1])

    def _run(self, turn: Turn) -> None:
        from ...llm.pacing import Cancel  # noqa: PLC0415 -- not needed for the first frame

        cancel = self._cancel = Cancel()
        self.backend.read_journal(
            self,
            "mind.answer",
            f"{turn.asked.operation}ing" if turn.asked.operation != "perceive" else "perceiving",
            lambda db, ticket: self.mind.answer(db, ticket, turn, cancel),
        )
        self._drawn(to_end=True)

    def action_stop(self) -> None:
        """Stop the answer at once; what came of it stays."""
        turn = self.running
        if turn is not None:
            self.backend.cancel("mind.answer")
            self._end(turn)

    def _end(self, turn: Turn) -> None:
        if self._cancel is not None:
            self._cancel.cancel()
        self._cancel = self._consent = None
        turn.running = False
        self._drawn()

    def _drawn(self, *, to_end: bool = False) -> None:
        """Draw the conversation, and the keys that are valid now."""
        self.talk.draw(self.turns, to_end=to_end)
        self.offer()

    # -- answers --------------------------------------------------------------------------------

    def on_told(self, message: Told) -> None:
        """Draw what has come."""
        if message.turn is self.running:
            self.talk.draw()

    def show_answer(self, message: Answer) -> None:
        """Show what was found."""
        match message.value:
            case Who() as who:
                self.who = who
                self.line.completion.concepts = who.concepts
                self._welcome()
            case (Perception() | Found()) as found if message.ticket.group == "mind.answer":
                turn = self.turns[-1]
                turn.found = found
                self._end(turn)
                if turn.proposal is not None:
                    self._keep()
                    if not self.line.value:
                        self.talk.focus()
                        self.talk.stand_on(turn)
            case Perception() as found:
                self._saved(found)

    def show_failure(self, message: Failed) -> None:
        """Say what went wrong and how to try again."""
        match message.ticket.group:
            case "mind.answer":
                del self.failures["mind.answer"]  # the turn itself says so, and is asked again
                self.turns[-1].error = message.error
                self._end(self.turns[-1])
            case "mind.who":
                self._welcome()
            case "mind.save":
                del self.failures["mind.save"]  # what is proposed is still here, and so is its key
                self._saving = None
                said = f"{message.error}; what is proposed is still here, s tries again"
                self.notify(said, severity="error", markup=False)
            case _:
                self.notify(f"{message.error}; F5 tries again", severity="error", markup=False)

    def on_show(self) -> None:
        """Look who answers now, and ask what waited."""
        self.load_rest()
        self._ask_consent()

    def _welcome(self) -> None:
        failed = self.failures.get("mind.who")
        self.talk.welcome(welcome(self.who, failed.error if failed is not None else ""))
        if self.who is not None:
            self.say(self.who.provider or "mnemo itself")

    # -- consent --------------------------------------------------------------------------------

    def on_consent_wanted(self, message: ConsentWanted) -> None:
        """Ask, as soon as the pane is looked at."""
        if self.running is not None:
            self._consent = message
            self._ask_consent()

    def _ask_consent(self) -> None:
        from .dialogs import ask_consent  # noqa: PLC0415

        wanted = self._consent
        if wanted is not None and self.display:
            self._consent = None
            ask_consent(self.app, wanted)

    # -- the proposal ---------------------------------------------------------------------------

    def _proposed(self) -> Turn | None:
        """The turn whose proposal is meant: the one under the cursor, else the last that waits."""
        now = self.talk.current
        turns = [*self.turns, *([now.turn] if now is not None else [])]
        return next((turn for turn in reversed(turns) if turn.proposal is not None), None)

    def action_save(self) -> None:
        """Save what is proposed."""
        turn = self._proposed()
        if turn is not None and turn.proposal is not None and self._saving is None:
            proposal = turn.proposal
            self._saving = turn
            drafts, draft = self.backend.writing.drafts, turn.draft
            self.backend.read_journal(
                self, "mind.save", "saving", lambda db, _: save(db, proposal, drafts, draft)
            )

    def _saved(self, found: Perception) -> None:
        turn, self._saving = self._saving, None
        if turn is not None:
            self._change(turn, found)
            self.talk.stand_on(turn)
        self.load_rest()

    def _change(self, turn: Turn, found: Perception) -> None:
        turn.found = found
        self.talk.forget(turn)
        self._drawn()

    def _release(self) -> int:
        """Let the drafts of what was not saved be gone on with elsewhere; how many they are."""
        unsaved = [turn.draft for turn in self.turns if turn.draft is not None and turn.proposal is not None]
        for draft in unsaved:
            self.backend.writing.drafts.release(draft.draft_id)
        return len(unsaved)

    def _keep(self, *gone: Turn) -> None:
        """Keep all that is proposed as drafts: a quit or a crash loses none of it."""
        waiting = []
        for turn in self.turns:
            turn.draft = draft = turn.drafted() or turn.draft
            if draft is not None and turn.proposal is not None:
                waiting.append(draft)
        unwanted = [turn.draft for turn in gone if turn.draft is not None]
        drafts, serial = self.backend.writing.drafts, next(_SERIAL)
        self.backend.request(
            self,
            "mind.draft",
            "keeping what is proposed",
            lambda _: keep(drafts, serial, waiting, unwanted),
        )

    def action_concept(self) -> None:
        """Another concept for what is proposed."""
        from .dialogs import ask_concept  # noqa: PLC0415

        turn = self._proposed()
        if turn is None or turn.proposal is None:
            return
        proposal, concepts = turn.proposal, self.who.concepts if self.who is not None else ()

        def take(concept: str) -> None:
            if turn.proposal is proposal:
                self._change(turn, replace(proposal, extracted_concept=concept))
                self._keep()

        ask_concept(self.app, proposal, concepts, take)

    def action_feeling(self) -> None:
        """Another feeling for what is proposed."""
        from .dialogs import choose_feeling  # noqa: PLC0415

        turn = self._proposed()
        if turn is None or turn.proposal is None:
            return
        proposal = turn.proposal

        def take(feeling: Feeling) -> None:
            if turn.proposal is proposal:
                self._change(turn, replace(proposal, extracted_feeling=feeling))
                self._keep()

        choose_feeling(self.app, proposal, self.ink, take)

    def action_put_away(self) -> None:
        """Do not save what is proposed."""
        turn = self._proposed()
        if turn is not None:
            turn.put_away = True
            self._keep(turn)
            self.talk.forget(turn)
            self._drawn()

    # -- keys -----------------------------------------------------------------------------------

    def _use_mode(self, mode: str) -> None:
        self.mode = self.line.completion.mode = mode
        self.query_one("#mind-modes", Modes).choose(mode)
        self.query_one("#mind-mode", Static).update(mode)
        self.line.placeholder = HINTS[mode]

    @on(MindLine.ModeWanted)
    def _mode_wanted(self, message: MindLine.ModeWanted) -> None:
        self._use_mode(OPERATIONS[(OPERATIONS.index(self.mode) + message.by) % len(OPERATIONS)])

    @on(MindLine.PageWanted)
    def _page_wanted(self, message: MindLine.PageWanted) -> None:
        self.talk.action_page(message.by)

    @on(Modes.Picked)
    def _picked(self, message: Modes.Picked) -> None:
        self.action_mode(message.operation)

    @on(Talk.Chosen)
    def _chosen(self, message: Talk.Chosen) -> None:
        if message.memory is None:
            self.action_save()
        else:
            self.post_message(MemoryWanted(message.memory.memory_id))

    def action_mode(self, mode: str) -> None:
        """Write, for one of the operations."""
        self._use_mode(mode)
        self.line.focus()

    def action_go(self, operation: str) -> None:
        """Do at once what needs no words."""
        self.begin(Asked(operation, ""))

    def action_reflect(self) -> None:
        """Choose a concept to look back on."""
        from .dialogs import choose_concept  # noqa: PLC0415

        concepts = self.who.concepts if self.who is not None else ()
        if concepts:
            choose_concept(self.app, concepts, lambda name: self.begin(Asked("reflect", name)))
        else:
            self.notify("There is nothing to look back on yet", markup=False)

    def action_command(self) -> None:
        """Write a command."""
        self.line.value = "/"
        self.line.cursor_position = 1
        self.line.focus()

    def action_swap(self) -> None:
        """From the line to the conversation, and back."""
        if self.line.has_focus:
            self.talk.focus()
            if self.talk.current is None and self.turns:
                self.talk.stand_on(self.turns[-1])
        else:
            self.line.focus()

    def action_copy(self) -> None:
        """Copy the answer under the cursor, or the last."""
        now = self.talk.current
        turn = now.turn if now is not None else self.turns[-1]
        self.app.copy_to_clipboard(turn.text or turn.asked.text)
        self.notify("Copied the answer")

    def action_clear(self) -> None:
        """Begin another conversation."""
        self.action_stop()
        if self._release():
            self.notify("What was not saved waits as a draft in the Timeline")
        self.turns.clear()
        self._drawn()
        self._welcome()

    def _again(self) -> Turn | None:
        """The last turn, if it failed or was stopped."""
        turn = self.turns[-1] if self.turns else None
        return turn if turn is not None and not turn.running and turn.found is None else None

    def action_retry(self) -> None:
        """Try again what failed."""
        super().action_retry()
        turn = self._again()
        if turn is not None:
            turn.begin()
            self._run(turn)
