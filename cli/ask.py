"""Asking on the terminal, with completion."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .inert import one_line

if TYPE_CHECKING:
    from ..storage.feelings import Feeling

__all__ = ["ask_concept", "ask_feeling", "choice"]


def ask_concept(known: Sequence[str], default: str = "") -> str:
    """Ask what a memory is about, completing from the concepts that the journal has."""
    hint = f" (such as {', '.join(one_line(name, 24) for name in known[:4])}; Tab completes)" if known else ""
    suggestion = f" [{one_line(default, 60)}]" if default else ""
    while True:
        answer = _line(f"What is it about?{hint}{suggestion} ", known).strip()
        if answer or default:
            return answer or default


def ask_feeling(default: Feeling | None = None) -> Feeling:
    """Ask for one of the fifteen feelings; the beginning of one is enough when it is the only one."""
    from ..storage.errors import InvalidMemoryError
    from ..storage.feelings import Feeling, fold

    names = [feeling.value for feeling in Feeling]
    sys.stderr.write(f"Feelings: {', '.join(names)}\n")
    suggestion = f" [{default}]" if default else ""
    while True:
        answer = _line(f"How does it feel?{suggestion} ", names).strip()
        if not answer:
            if default:
                return default
            continue
        try:
            return Feeling.parse(answer)
        except InvalidMemoryError as error:
            begun = [name for name in names if name.startswith(fold(answer))]
            if len(begun) == 1:
                return Feeling(begun[0])
            sys.stderr.write(f"{one_line(str(error), 400)}\n")


def choice(question: str, answers: str) -> str:
    """Ask for one letter of ``answers``; the first is taken for an empty line."""
    while True:
        answer = _line(f"{question} [{answers[0].upper()}/{'/'.join(answers[1:])}] ", ()).strip().lower()[:1]
        if not answer:
            return answers[0]
        if answer in answers:
            return answer


def _line(prompt: str, names: Iterable[str]) -> str:
    """Read a line with the keys of a shell; an end of input is an interruption.

    Raises:
        KeyboardInterrupt: there is no more input.
    """
    try:
        import readline
    except ImportError:  # a Python built without it still asks
        pass
    else:
        readline.set_completer_delims("")
        readline.set_completer(_completer([name for name in names if name.isprintable()]))
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    try:
        return input(prompt)
    except EOFError:
        sys.stderr.write("\n")
        raise KeyboardInterrupt from None


def _completer(names: Sequence[str]) -> Callable[[str, int], str | None]:
    from ..storage.feelings import fold

    def complete(text: str, state: int) -> str | None:
        found = [name for name in names if fold(name).startswith(fold(text))]
        return found[state] if state < len(found) else None

    return complete
