"""Write a memory: the text, and beside it concept, feeling, tags, note, date and files.

Everything typed is kept as a draft while it is typed; only a save or an explicit discard ends it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import SuspendNotSupported
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from ..backend import Answer, Backend, Failed
from ..chrome import KeyBar
from ..editor import edit
from ..inert import one_line
from ..keys import key
from .fields import FeelingInput, LastWordSuggester, NameSuggester, PathSuggester, feeling_of
from .requests import Saved, complete_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from ...llm.answers import Perception
    from ...storage.memory import Memory
    from ..drafts import Draft
    from ..ink import Ink

__all__ = ["Composer"]

_FIELDS: Final = ("concept", "feeling", "tags", "note", "when", "files")
_SERIAL: Final = count(1)
_PLACEHOLDERS: Final = {"concept": "what it is about", "feeling": "how it felt", "tags": "commas between"}
_REST: Final = 0.3
"""Seconds without a key after which mnemo proposes."""
_ENOUGH_WORDS: Final = 3


class Composer(Screen[tuple[int, int] | None]):
    """Dismissed with time and ref of the memory that was saved, or None when it was left as a draft."""

    CSS_PATH = "composer.tcss"
    HELP = "Write. What you type is kept as a draft at once; save makes it a memory, for good."
    HELP_TITLE = "Writing"
    BINDINGS: ClassVar = [
        key("f2,ctrl+s", "save", "Save", "compose.save", "Make it a memory", show=True),
        key("f3", "accept", "Accept", "compose.accept", "Fill in what mnemo proposes", show=True),
        key("f4,ctrl+g", "edit", "Editor", "compose.editor", "Write the text in $EDITOR", show=True),
        key("escape", "leave", "Keep for later", "compose.leave", "Leave; the draft is kept", show=True),
        key("f8", "discard", "Discard", "compose.discard", "Throw the draft away; asks first", show=True),
        # Before the field takes it: what is typed ahead then goes to the field that Tab leads to.
        key("tab", "app.focus_next", "Next field", "compose.next", "To the next field", first=True),
        key("shift+tab", "app.focus_previous", "Field before", "compose.before", "A field back", first=True),
    ]

    def __init__(
        self,
        backend: Backend,
        ink: Ink,
        draft: Draft,
        *,
        concepts: Sequence[str] = (),
        tags: Sequence[str] = (),
        about: Memory | None = None,
        editor: str = "",
    ) -> None:
        super().__init__()
        self.editor = editor
        self._sure: Draft | None = None
        self.backend = backend
        self.ink = ink
        self.draft = draft
        self.concepts = concepts
        self.known_tags = tags
        self.about = about
        """The memory that this one looks back on."""
        self.proposed: dict[str, str] = {}
        """What mnemo proposes for the fields that are empty, by field."""

    def compose(self) -> ComposeResult:
        """The text, the fields beside it, one line that says how things stand."""
        draft = self.draft
        title = "Look back on" if self.about is not None else "Write a memory"
        yield Static(self._title(title), id="compose-title", markup=False)
        with Horizontal(id="compose-body"):
            yield TextArea(
                draft.text,
                id="text",
                compact=True,
                soft_wrap=True,
                highlight_cursor_line=False,
                placeholder="What happened?",
            )
            with VerticalScroll(id="compose-fields", can_focus=False):
                yield from self._field(
                    "Concept",
                    Input(
                        draft.concept,
                        id="concept",
                        placeholder=_PLACEHOLDERS["concept"],
                        suggester=NameSuggester(self.concepts),
                        compact=True,
                    ),
                )
                yield from self._field("Feeling", FeelingInput(draft.feeling, id="feeling"))
                yield from self._field(
                    "Tags",
                    Input(
                        draft.tags,
                        id="tags",
                        placeholder=_PLACEHOLDERS["tags"],
                        suggester=LastWordSuggester(self.known_tags),
                        compact=True,
                    ),
                )
                yield from self._field(
                    "Note", Input(draft.note, id="note", placeholder="beside the text", compact=True)
                )
                yield from self._field("When", Input(draft.when, id="when", placeholder="now", compact=True))
                yield from self._field(
                    "Files",
                    Input(
                        draft.files,
                        id="files",
                        placeholder="paths, commas between",
                        suggester=PathSuggester(complete_path),
                        compact=True,
                    ),
                )
        yield Static(" ", id="compose-state", markup=False)
        yield KeyBar(self.ink)

    def _title(self, title: str) -> str:
        if self.about is None:
            return f" {title}"
        about = self.about
        what = (
            f"{one_line(about.concept, 40)}, {self.ink.dates.written(about.time)}: {one_line(about.content)}"
        )
        return f" {title}: {what}"

    def _field(self, label: str, field: Input) -> ComposeResult:
        yield Static(label, classes="field-label", markup=False)
        yield field
        yield Static(" ", id=f"{field.id}-hint", classes="field-hint", markup=False)

    def on_mount(self) -> None:
        """Start in the text, at its end."""
        text = self.query_one("#text", TextArea)
        text.focus()
        text.move_cursor(text.document.end)
        self._hint()

    # -- the draft ------------------------------------------------------------------------------

    @on(TextArea.Changed)
    @on(Input.Changed)
    def _typed(self) -> None:
        draft = replace(
            self.draft,
            text=self.query_one("#text", TextArea).text,
            **{name: self.query_one(f"#{name}", Input).value for name in _FIELDS},
        )
        if draft != self.draft:
            self.draft = draft
            self.backend.writing.keep_draft(self, draft, next(_SERIAL))
            self.run_worker(
                self._propose_soon(), exclusive=True, exit_on_error=False, group="soon", description="waiting"
            )
        self._hint()

    # -- what is proposed -----------------------------------------------------------------------

    async def _propose_soon(self) -> None:
        """Ask for proposals once the keys have rested."""
        await asyncio.sleep(_REST)
        if len(self.draft.text.split()) >= _ENOUGH_WORDS:
            self.backend.writing.propose(self, self.draft.text)
        else:
            self._offer({})

    def _take_in(self, found: Perception) -> None:
        """Offer what was perceived, for fields that the user left empty and where it is more than a guess."""
        feeling = found.extracted_feeling
        self._offer(
            {
                "concept": found.extracted_concept,
                "feeling": self.ink.feeling(feeling)[0].word if not found.undecided else "",
                "tags": ", ".join(found.extracted_tags),
            }
        )

    def _offer(self, proposed: dict[str, str]) -> None:
        """Show proposals where the fields are empty; nothing is filled in."""
        self.proposed = {name: one_line(text, 200) for name, text in proposed.items() if text}
        for name, placeholder in _PLACEHOLDERS.items():
            text = self.proposed.get(name)
            self.query_one(f"#{name}", Input).placeholder = f"{text}?" if text else placeholder
        self.refresh_bindings()

    def _open(self) -> dict[str, str]:
        """The proposals whose fields are still empty."""
        return {name: text for name, text in self.proposed.items() if not getattr(self.draft, name).strip()}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to accept, no key for it."""
        return bool(self._open()) if action == "accept" else True

    def action_accept(self) -> None:
        """Fill in what is proposed, but for what the user has written."""
        for name, text in self._open().items():
            field = self.query_one(f"#{name}", Input)
            field.value = text
            field.cursor_position = len(text)
        self.refresh_bindings()

    def _hint(self) -> None:
        """Show what feeling and date are taken for."""
        feeling = feeling_of(self.draft.feeling)
        hint = self.query_one("#feeling-hint", Static)
        if feeling is not None:
            look, _ = self.ink.feeling(feeling)
            hint.update(f"{look.glyph} {look.word}")
        else:
            hint.update("one of the fifteen" if self.draft.feeling.strip() else " ")
        when = self.query_one("#when-hint", Static)
        try:
            moment = self.ink.dates.read(self.draft.when).moment if self.draft.when.strip() else None
            when.update(self.ink.dates.written(moment) if moment is not None else " ")
        except ValueError as error:
            when.update(str(error))

    def _say(self, text: str, *, wrong: bool = False) -> None:
        state = self.query_one("#compose-state", Static)
        state.update(f" {text}")
        state.set_class(wrong, "-wrong")

    # -- answers --------------------------------------------------------------------------------

    def on_answer(self, message: Answer) -> None:
        """The draft was kept, or the memory saved."""
        if message.ticket.group == "propose" and not message.ticket.stale:
            self._take_in(cast("Perception", message.value))
        elif isinstance(message.value, Saved):
            self.dismiss((message.value.us, message.value.ref))
        elif message.ticket.group == "draft":
            self._say("draft kept")

    def on_failed(self, message: Failed) -> None:
        """Say what went wrong; what was typed stays where it is."""
        if message.ticket.group == "propose":
            return  # nobody asked for it
        self._say(message.error, wrong=True)

    # -- actions --------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Make it a memory, or say what is missing and go there."""
        draft = self.draft
        for name, missing in (
            ("text", "Write at least a word." if not (draft.text.strip() or draft.files.strip()) else ""),
            ("concept", "Say what it is about." if not draft.concept.strip() else ""),
            ("feeling", "Say how it felt: one of the fifteen." if feeling_of(draft.feeling) is None else ""),
        ):
            if missing:
                self._say(missing, wrong=True)
                self.query_one(f"#{name}").focus()
                return
        try:
            at = self.ink.dates.read(draft.when).moment if draft.when.strip() else None
        except ValueError as error:
            self._say(str(error), wrong=True)
            self.query_one("#when").focus()
            return
        self._say("saving")
        self.backend.writing.save(self, draft, at)

    def action_edit(self) -> None:
        """Write the text in $EDITOR."""
        text = self.query_one("#text", TextArea)
        try:
            changed = edit(self.app, self.backend.writing.drafts.editor_file(self.draft), self.editor)
        except SuspendNotSupported:
            self._say("This terminal cannot be handed to an editor.", wrong=True)
            return
        except OSError as error:
            self._say(f"The editor could not be started: {error.strerror or error}", wrong=True)
            return
        if changed is not None and changed != text.text:
            text.load_text(changed)
            text.move_cursor(text.document.end)

    def action_leave(self) -> None:
        """Leave; what was typed waits as a draft."""
        self._put_down()
        if self.draft.worth_keeping:
            self.notify("Kept as a draft: d goes on with it")
        self.dismiss(None)

    def on_unmount(self) -> None:
        """Whatever ended the writing, a quit of the app too: what was typed waits."""
        self._put_down()

    def _put_down(self) -> None:
        """Write what was typed last; a draft that was saved or discarded stays gone."""
        drafts = self.backend.writing.drafts
        try:
            if self.draft.worth_keeping:
                drafts.keep(self.draft, next(_SERIAL))
                drafts.release(self.draft.draft_id)
            else:
                drafts.discard(self.draft.draft_id)
        except OSError as error:
            self.notify(f"The draft could not be kept: {error.strerror}", severity="error", markup=False)

    def action_discard(self) -> None:
        """Throw the draft away, after a second press."""
        if self._sure is self.draft:
            self.backend.writing.drafts.discard(self.draft.draft_id)
            self.dismiss(None)
        else:
            self._sure = self.draft
            self._say("Once more throws this draft away; typing on keeps it.", wrong=True)
