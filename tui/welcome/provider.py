"""Point mnemo at a model: four fields, checked as they are typed, written to the user's own ``.env``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ...llm.errors import ModelError
from ..backend import Answer, Failed
from ..composer.fields import NameSuggester
from ..inert import inert
from ..keys import key

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from ..backend import Backend

__all__ = ["ProviderScreen"]

_FIELDS: Final = (
    ("name", "Name", "OLLAMA, LM_STUDIO, ANTHROPIC, OPENAI, GROQ… or your own"),
    ("model", "Model", "as the provider calls it, e.g. llama3.2"),
    ("key", "Key", "none for a model on this machine"),
    ("url", "URL", "known names need none"),
)


class ProviderScreen(ModalScreen[bool]):
    """Dismissed with whether a provider was set up."""

    CSS_PATH = "provider.tcss"
    HELP = (
        "Enter goes on, and saves in the last field. The key is kept in your config folder, in a file that"
        " only you can read. Before any word of yours leaves this machine you are asked, once for each host."
    )
    HELP_TITLE = "Point at a provider"
    BINDINGS: ClassVar = [
        key("escape", "cancel", "Cancel", "provider.cancel", "Leave it", show=True),
        key("f2,ctrl+s", "save", "Save", "provider.save", "Set it up", show=True),
        key("f1", "app.help", "Help", "provider.help", "The keys of where you are", show=True),
    ]

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend

    def compose(self) -> ComposeResult:
        """A title, the fields, and what they come to."""
        from ...llm.providers import KNOWN  # noqa: PLC0415 -- not needed for the first frame

        with VerticalScroll(classes="dialog", can_focus=False) as box:
            box.border_subtitle = "tab goes on · F2 sets it up · esc leaves"
            yield Static(self.HELP_TITLE, classes="dialog-title")
            for name, label, placeholder in _FIELDS:
                yield Static(label, classes="provider-label")
                yield Input(
                    id=f"provider-{name}",
                    placeholder=placeholder,
                    password=name == "key",
                    compact=True,
                    suggester=NameSuggester(KNOWN) if name == "name" else None,
                )
            yield Static(" ", classes="dialog-hint", markup=False)

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#provider-name").focus()

    def on_resize(self) -> None:
        """Where there is no room for a border, the title says how to go on."""
        how = " · F2 sets it up" if self.size.height < 18 or self.size.width < 64 else ""
        self.query_one(".dialog-title", Static).update(f"{self.HELP_TITLE}{how}")

    def _typed(self) -> dict[str, str]:
        return {name: self.query_one(f"#provider-{name}", Input).value for name, _, _ in _FIELDS}

    def _say(self, text: str, *, wrong: bool) -> None:
        hint = self.query_one(".dialog-hint", Static)
        hint.update(Content(inert(text)))
        hint.set_class(wrong, "-wrong")

    @on(Input.Changed)
    def _changed(self) -> None:
        from ...llm.env_file import described  # noqa: PLC0415

        typed = self._typed()
        try:
            provider, _ = described(typed["name"], typed["model"], typed["url"], typed["key"])
        except ModelError as error:
            self._say(str(error) if typed["name"] and typed["model"] else " ", wrong=True)
            return
        where = provider.address.shown
        if provider.needs_key and not provider.key:
            self._say(f"{where} wants a key", wrong=False)
        elif provider.needs_consent:
            self._say(f"{where} is asked once you allow it", wrong=False)
        else:
            self._say(f"{where} is asked; nothing leaves your own network", wrong=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "provider-url":
            self.action_save()
        else:
            self.focus_next()

    def action_save(self) -> None:
        """Set it up, in a worker."""
        from ...llm.env_file import described, set_up  # noqa: PLC0415

        typed = self._typed()
        try:
            provider, variables = described(typed["name"], typed["model"], typed["url"], typed["key"])
        except ModelError as error:
            self._say(str(error), wrong=True)
            return
        self.backend.request(
            self, "provider", "setting the provider up", lambda _: set_up(variables, provider.name)
        )

    def on_answer(self, message: Answer) -> None:
        """It is set up."""
        file: Path = message.value  # type: ignore[assignment]
        self.notify(f"Kept in {file}", title="Provider set up", markup=False)
        self.dismiss(True)

    def on_failed(self, message: Failed) -> None:
        """Say why not."""
        self._say(message.error, wrong=True)

    def action_cancel(self) -> None:
        """Leave it."""
        self.dismiss(False)
