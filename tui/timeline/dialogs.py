"""What the Timeline asks in a line: a date, a range, a name, which draft."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..dialogs.choice import Choice
from ..dialogs.prompt import Prompt
from ..inert import one_line
from ..moments import Span
from .layout import microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from textual.app import App

    from ...storage.media import AttachedFile
    from ..drafts import Draft
    from ..moments import Dates
    from .model import Query

__all__ = ["ask_date", "ask_export", "ask_name", "ask_span", "choose_draft", "choose_file"]


def ask_date(app: App[None], dates: Dates, then: Callable[[int], None]) -> None:
    """Ask for a date; ``then`` gets the last microsecond of what it names."""

    def check(text: str) -> str:
        return f"the last memory up to {dates.written(dates.read(text).end)}"

    def done(text: str | None) -> None:
        if text is not None:
            then(microseconds(dates.read(text).end))

    app.push_screen(Prompt("Jump to a date", check, placeholder="2024-05, yesterday, 3 weeks ago"), done)


def ask_span(app: App[None], dates: Dates, value: str, then: Callable[[str, Span], None]) -> None:
    """Ask for a range of dates; an empty one is all time."""

    def check(text: str) -> str:
        if not text.strip():
            return "all time"
        since, until = dates.span_of(text)
        first = dates.written(since) if since else "the beginning"
        return f"{first} to {dates.written(until) if until else 'now'}"

    def done(text: str | None) -> None:
        if text is not None:
            then(text.strip(), dates.span_of(text) if text.strip() else Span(None, None))

    app.push_screen(
        Prompt("Only between", check, value=value, placeholder="2024, 2024-01 .. 2024-05, since 2023"), done
    )


def ask_name(app: App[None], query: Query, taken: Container[str], then: Callable[[str], None]) -> None:
    """Ask for the name to keep a filter under."""

    def check(text: str) -> str:
        if not text.strip():
            raise ValueError("give it a name")
        return (
            f"takes the place of the one you have: {query.describe()}"
            if text.strip() in taken
            else query.describe()
        )

    def done(text: str | None) -> None:
        if text is not None:
            then(text.strip())

    app.push_screen(Prompt("Keep these filters as", check), done)


_FORMATS: Final = {
    ".jsonl": "jsonl",
    ".json": "json",
    ".md": "markdown",
    ".csv": "csv",
    ".mnheme": "mnheme",
    ".zip": "dayone",
}


def ask_export(app: App[None], count: str, folder: Path, then: Callable[[str, Path], None]) -> None:
    """Ask for the file to export to; its ending tells the format."""

    def place(text: str) -> tuple[str, Path]:
        path = Path(text.strip()).expanduser()
        kind = _FORMATS.get(path.suffix.lower())
        if kind is None:
            raise ValueError(f"end the name with one of {' '.join(_FORMATS)}")
        if not path.is_absolute():
            path = folder / path
        return kind, path

    def check(text: str) -> str:
        kind, path = place(text)
        return f"{count} as {kind} to {path}"

    def done(text: str | None) -> None:
        if text is not None:
            then(*place(text))

    app.push_screen(Prompt("Export to", check, value="mnemo.jsonl"), done)


def choose_draft(
    app: App[None], dates: Dates, drafts: Sequence[Draft], then: Callable[[Draft], None]
) -> None:
    """Ask which draft to go on with."""
    by_id = {draft.draft_id: draft for draft in drafts}

    def done(draft_id: str | None) -> None:
        if draft_id is not None:
            then(by_id[draft_id])

    options = [(draft.draft_id, f"{_begun(draft, dates)}  {one_line(draft.text, 60)}") for draft in drafts]
    app.push_screen(Choice("Drafts", options), done)


def choose_file(app: App[None], files: Sequence[AttachedFile], then: Callable[[Path], None]) -> None:
    """Ask which file to open; a single one is not asked about, and a lost one is told of."""

    def done(number: str | None) -> None:
        if number is None:
            return
        file = files[int(number)]
        if file.path is None:
            app.notify(f"{one_line(file.name, 80)} is missing", severity="error", markup=False)
        else:
            then(file.path)

    if len(files) == 1:
        done("0")
    elif files:
        options = [(str(number), one_line(file.name, 60)) for number, file in enumerate(files)]
        app.push_screen(Choice("Open", options), done)


def _begun(draft: Draft, dates: Dates) -> str:
    try:
        return dates.written(datetime.fromisoformat(draft.started))
    except ValueError:
        return dates.written(datetime.now(UTC))
