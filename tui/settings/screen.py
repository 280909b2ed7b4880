"""The settings: every key with what it is now, where that comes from, and a way to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ... import settings as config
from ..backend import Answer, Failed
from ..chrome import HeaderLine, KeyBar
from ..editor import open_at
from ..inert import cut, inert, one_line, tail
from ..keys import key
from .reading import Changed, Row, check, read_rows

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from ..ink import Ink
    from ..shell import MnemoApp

__all__ = ["SettingsScreen"]

_LABEL: Final = 24
_NARROW_LABEL: Final = 14


class SettingsScreen(Screen[None]):
    """Lists the settings; each change is written at once, and the app follows where it can."""

    CSS_PATH = "settings.tcss"
    HELP = (
        "Enter changes what is under the cursor: true and false at once, all else by asking. It is written to"
        " the file at once, and the comments there stay. A mark stands where the file says other than"
        " the default."
    )
    HELP_TITLE = "Settings"
    BINDINGS: ClassVar = [
        key("space", "edit", "Change", "settings.edit", "Change it; Enter does so too", show=True),
        key("d,delete", "reset", "Default", "settings.reset", "Back to the default", show=True),
        key("e", "file", "File", "settings.file", "Open the file in the editor", show=True),
        key("f5,R", "retry", "Read anew", "settings.retry", "Read the file again"),
        key("j", "move('down')", "Down", "settings.down", "The next"),
        key("k", "move('up')", "Up", "settings.up", "The one before"),
        key("escape,q", "close", "Back", "settings.back", "Back to where you were", show=True),
    ]
    app: MnemoApp

    def __init__(self, ink: Ink) -> None:
        super().__init__()
        self.ink = ink
        self.rows: tuple[Row, ...] = ()
        self.trouble = ""
        """Why there are none."""
        self._width = 0

    def compose(self) -> ComposeResult:
        """The list, and beside or beneath it what is under the cursor."""
        self.state = HeaderLine(self.ink, id="settings-state")
        yield self.state
        with Container(id="settings-body"):
            yield OptionList(id="settings-list")
            yield Static(id="settings-about", markup=False)
        yield KeyBar(self.ink)

    def on_mount(self) -> None:
        """Read the files."""
        self.query_one(OptionList).focus()
        self.action_retry()

    def action_retry(self) -> None:
        """Read the files again."""
        project = self.app.here.folder
        self.app.backend.request(
            self,
            "settings.read",
            "reading the settings",
            lambda _: Changed(None, *read_rows(None, project)),
        )

    def on_answer(self, message: Answer) -> None:
        """Show what was read."""
        if isinstance(message.value, Changed):
            self.app.use_settings(message.value.settings)
            self.settings_changed(message.value)

    def on_failed(self, message: Failed) -> None:
        """Say what is wrong with the file."""
        self.rows, self.trouble = (), message.error
        self._draw()

    def settings_changed(self, changed: Changed) -> None:
        """Show the settings as they are now."""
        self.rows, self.trouble = changed.rows, ""
        self._draw()

    def restyle(self, ink: Ink) -> None:
        """Draw with another theme."""
        self.ink = ink
        self._draw()

    def on_resize(self) -> None:
        """The values get the room there is."""
        if self._width != self.size.width:
            self._width = self.size.width
            self.call_after_refresh(self._draw)

    # -- drawing --------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.state.say("Settings", tail(str(config.config_file()), max(8, self.size.width - 14)).strip())
        options = self.query_one(OptionList)
        at, current = options.highlighted, self.current
        drawn: list[Option] = []
        section = ""
        for row in self.rows:
            if row.section != section:
                section = row.section
                drawn.append(Option(Content.styled(f" {section}", "$accent bold"), disabled=True))
            drawn.append(Option(self._line(row, options.size.width - 1), id=_id(row)))
        options.set_options(drawn)
        if not drawn:
            self._about()
            return
        wanted = _id(current) if current is not None else None
        options.highlighted = next(
            (place for place, each in enumerate(drawn) if each.id is not None and each.id == wanted),
            min(at or 1, len(drawn) - 1),
        )
        self._about()

    def _line(self, row: Row, width: int) -> Content:
        room = _LABEL if width >= 60 else _NARROW_LABEL
        mark = ("*" if self.ink.ascii_only else "•") if row.changed else " "
        shown = row.value or ("…" if row.kind == "table" else "unset")
        if self.ink.ascii_only:
            shown = shown.replace("…", "...")
        style = "" if row.changed or row.value != row.default else "$text-muted"
        return Content.assemble(
            (f" {mark} ", "$primary"),
            cut(one_line(row.label), room) + " ",
            (cut(inert(shown), max(4, width - room - 5)).rstrip(), style),
        )

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        option = self.query_one(OptionList).highlighted_option
        return next((row for row in self.rows if option is not None and _id(row) == option.id), None)

    @on(OptionList.OptionHighlighted)
    def _about(self) -> None:
        row = self.current
        about = self.query_one("#settings-about", Static)
        if row is None:
            how = "\n\ne opens the file, R reads it again." if self.trouble else ""
            about.update(Content.assemble((inert(self.trouble), "$error"), how))
            return
        lines: list[str | tuple[str, str]] = [(f"{one_line(row.key)}\n", "bold"), f"{row.help}\n"]
        facts = [("takes", row.expected), ("now", row.value or "unset")]
        if row.kind != "table" and not row.entry:
            facts.append(("default", row.default or "unset"))
        facts += [("from", row.origin)] if row.origin else []
        if row.late:
            facts.append(("follows", "when mnemo starts again"))
        for name, value in facts:
            lines += [(f"{name:<8} ", "$text-muted"), f"{inert(value)}\n"]
        about.update(Content.assemble(*lines))
        self.refresh_bindings()

    # -- changing -------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_edit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        row = self.current if self.is_mounted else None
        if action == "edit":
            return row is not None
        if action == "reset":
            return row is not None and row.changed
        return True

    def action_edit(self) -> None:
        """Change the setting under the cursor."""
        row = self.current
        if row is None:
            return
        if row.key == "app.theme" and not row.project:
            self.app.action_themes()
        elif row.kind == "flag":
            self.app.change_setting(row, "false" if row.value == "true" else "true")
        elif row.choices:
            self._choose(row)
        else:
            self._ask(row)

    def _choose(self, row: Row) -> None:
        from ..dialogs.choice import Choice  # noqa: PLC0415

        def done(value: str | None) -> None:
            if value is not None:
                self.app.change_setting(row, value)

        options = [(each, f"{each}, the default" if each == row.default else each) for each in row.choices]
        self.app.push_screen(Choice(one_line(row.key), options, chosen=row.value), done)

    def _ask(self, row: Row) -> None:
        from ..dialogs.prompt import Prompt  # noqa: PLC0415

        def done(text: str | None) -> None:
            if text is not None:
                self.app.change_setting(row, text)

        value = "" if row.kind == "table" else row.default if row.written is None else row.written
        prompt = Prompt(
            one_line(row.key),
            lambda text: check(row, text),
            value=value if value.isprintable() else "",  # a field draws what it holds as it is
            placeholder="name = value" if row.kind == "table" else row.expected,
        )
        self.app.push_screen(prompt, done)

    def action_reset(self) -> None:
        """Back to the default: the file says nothing of it any more."""
        row = self.current
        if row is not None and row.changed:
            self.app.change_setting(row, None)

    def action_file(self) -> None:
        """Open the file in the editor, and read it again."""
        row = self.current
        file = config.config_file()
        if row is not None and row.project:
            from .reading import config_of  # noqa: PLC0415

            file = config_of(self.app.here.folder) or file
        try:
            if not file.exists():
                config.replace_file(file, b"")
        except OSError as error:
            self.notify(f"{file}: {error.strerror}", severity="error", markup=False)
            return
        open_at(self.app, file, 1, self.app.settings.editor)
        self.action_retry()

    def action_move(self, direction: str) -> None:
        """Move as the arrows do."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if direction == "down" else options.action_cursor_up)()

    def action_close(self) -> None:
        """Back to where the settings were called from."""
        self.dismiss()


def _id(row: Row) -> str:
    return f"{'project' if row.project else 'own'} {row.key}"
