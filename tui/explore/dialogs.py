"""What Explore asks in a line: a budget, a file to write, a question of before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..dialogs.choice import Choice
from ..dialogs.prompt import Prompt
from ..inert import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import App

    from .model import Asked

__all__ = ["ask_budget", "ask_file", "choose_past"]

_ENDINGS: Final = {"plain": "txt", "markdown": "md", "xml": "xml", "json": "json"}


def ask_budget(app: App[None], asked: Asked, then: Callable[[int], None]) -> None:
    """Ask for a budget; ``then`` gets the tokens."""

    def check(text: str) -> str:
        return f"{asked.budgeted(_tokens(text)).budget:,} tokens"

    def done(text: str | None) -> None:
        if text is not None:
            then(_tokens(text))

    app.push_screen(Prompt("Budget", check, value=str(asked.budget)), done)


def _tokens(text: str) -> int:
    digits = text.strip().lower().replace(",", "").replace("_", "")
    scale = 1000 if digits.endswith("k") else 1
    if not digits.removesuffix("k").isdecimal():
        raise ValueError("write a number of tokens: 8000, or 8k")
    return int(digits.removesuffix("k")) * scale


def ask_file(app: App[None], asked: Asked, then: Callable[[Path], None]) -> None:
    """Ask for the file to write the answer to."""

    def check(text: str) -> str:
        path = _place(text)
        return f"takes the place of {path}" if path.exists() else f"{asked.output} to {path}"

    def done(text: str | None) -> None:
        if text is not None:
            then(_place(text))

    app.push_screen(Prompt("Write to", check, value=f"context.{_ENDINGS[asked.output]}"), done)


def _place(text: str) -> Path:
    if not text.strip():
        raise ValueError("give it a name")
    path = Path(text.strip()).expanduser().absolute()
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}")
    return path


def choose_past(app: App[None], past: Sequence[Asked], then: Callable[[Asked], None]) -> None:
    """Ask which question of before to ask again, with what was pinned then."""

    def done(number: str | None) -> None:
        if number is not None:
            then(past[int(number)])

    options = []
    for number, asked in enumerate(past):
        text = one_line(asked.text, 200)
        told = [f"{len(asked.pinned)} pinned"] if asked.pinned else []
        told += ["journal"] if asked.corpus == "journal" else []
        options.append((str(number), f"{text}  ({', '.join(told)})" if told else text))
    app.push_screen(Choice("Ask again", options), done)
