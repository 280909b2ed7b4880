"""Verbs of the mind: perceive, ask, reflect, dream, introspect. A model answers where one is set up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..storage.clock import on_local_clock
from . import complete
from .inert import inert, one_line
from .options import Json
from .printer import clock, feeling_word, short_id
from .progress import Progress
from .session import Session, UsageError, interactive, session_of, warn
from .stdin import keeping, tell_kept, text_argument

if TYPE_CHECKING:
    from ..llm.answers import Answer
    from ..llm.brain import Brain
    from ..llm.providers import Provider

__all__ = ["VERBS", "EnvFile", "allowed"]

EnvFile = Annotated[
    Path | None,
    typer.Option("--env-file", metavar="FILE", help="Read providers from this file instead of .env."),
]
_SOURCES: Final = 12


def perceive(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words; - reads them from stdin.")],
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture to look at, and to keep with them.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Save nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Save without asking.")] = False,
    env_file: EnvFile = None,
    json: Json = False,
) -> int:
    """Have concept, feeling, tags and note proposed for a text, and save it with them.

    The words are stored as they are; what a model reads in them goes beside.
    """
    session = session_of(ctx)
    may_ask = interactive() and not yes
    if not (may_ask or yes or dry_run):
        raise UsageError("nobody is there to look at the proposal: give --yes to save it, or --dry-run")
    content = text_argument(text)
    if not content.strip():
        raise UsageError("there are no words to perceive")
    from .proposal import NO_FEELING, keep_or_change, show_perception

    kept = "" if dry_run or text != "-" else content
    with keeping(session, kept), _brain(session, env_file) as brain:
        found = brain.perceive(content, image=image, save=False)
        if found.undecided and not (may_ask or dry_run):
            raise UsageError(f"{NO_FEELING}: save them with mnemo remember --feeling")
        if not json:
            show_perception(found, session, sys.stdout if dry_run else sys.stderr)
        if may_ask and not dry_run:
            changed = keep_or_change(found, brain.concepts())
            if changed is None:
                if kept:
                    tell_kept(session, kept)
                return 0
            found = changed
        if not dry_run:
            found = brain.save(found, image=image)
        printer = session.printer(as_json=json)
        if json:
            printer.facts(found.as_json())
        elif found.memory is not None:
            printer.saved(found.memory)
    return 0


def ask(
    ctx: typer.Context,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="What you want to know; - reads it from stdin.")
    ],
    budget: Annotated[
        int | None,
        typer.Option("--budget", "-b", metavar="N", min=1, help="At most so many tokens of memories."),
    ] = None,
    env_file: EnvFile = None,
    json: Json = False,
) -> int:
    """Ask your journal; the answer rests on memories alone, and names them."""
    session = session_of(ctx)
    asked = text_argument(question)
    if not asked.strip():
        raise UsageError("the question is empty")
    with _brain(session, env_file) as brain, _Stream(json) as stream:
        answer: Answer = brain.ask(asked, budget=budget, on_text=stream.show)
        stream.finish(answer, session)
    return 0


def reflect(
    ctx: typer.Context,
    concept: Annotated[
        str, typer.Argument(metavar="CONCEPT", help="What to look back on.", autocompletion=complete.concepts)
    ],
    env_file: EnvFile = None,
    json: Json = False,
) -> int:
    """Look back on one concept: how the feeling about it moved."""
    session = session_of(ctx)
    with _brain(session, env_file) as brain, _Stream(json) as stream:
        with Progress("Reading the years") as progress:

            def show(text: str) -> None:
                progress.clear()
                stream.show(text)

            answer = brain.reflect(concept, on_text=show, on_step=progress)
        stream.finish(answer, session, ("arc", answer.arc))
    return 0


def dream(
    ctx: typer.Context,
    n: Annotated[int, typer.Option("-n", metavar="N", min=2, max=20, help="So many memories.")] = 5,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Draw the same memories again.")] = None,
    env_file: EnvFile = None,
    json: Json = False,
) -> int:
    """Draw memories that lie far apart, and find what links them."""
    session = session_of(ctx)
    with _brain(session, env_file) as brain, _Stream(json) as stream:
        answer = brain.dream(n, seed=seed, on_text=stream.show)
        stream.finish(answer, session, ("seed", str(answer.seed)))
    return 0


def introspect(ctx: typer.Context, env_file: EnvFile = None, json: Json = False) -> int:
    """Draw a portrait of who writes: patterns, tensions, resources."""
    session = session_of(ctx)
    with _brain(session, env_file) as brain, _Stream(json) as stream:
        answer = brain.introspect(on_text=stream.show)
        stream.finish(answer, session)
    return 0


def allowed(provider: "Provider") -> bool:
    """Ask whether words may be sent to a provider's host."""
    from .ask import choice

    host = provider.consent_key
    open_line = " over a line that is not encrypted" if provider.address.scheme == "http" else ""
    sys.stderr.write(
        f"{one_line(provider.name)} is at {one_line(host, 300)}: your words would leave this machine"
        f"{open_line}. The answer is kept; mnemo config set consent.HOST changes it.\n"
    )
    return choice("Send them there?", "ny") == "y"


@contextmanager
def _brain(session: Session, env_file: Path | None) -> "Iterator[Brain]":
    """The brain over the user's journal, with whatever model is set up."""
    from ..llm.brain import Brain
    from ..llm.router import open_router

    settings = session.settings
    router = open_router(env_file, allowed if interactive() else None)
    language = None if settings.mind_language == "auto" else settings.mind_language
    for notice in router.setup.notices if router else ():
        warn(notice)
    with session.open() as journal:
        yield Brain(journal, router, language=language, on_note=warn)


class _Stream:
    """Writes an answer while it comes; with JSON all at its end."""

    def __init__(self, as_json: bool) -> None:
        from .plain import encode_stdout

        self._json = as_json
        self._open = False
        encode_stdout("utf-8" if as_json else sys.stdout.encoding)

    def __enter__(self) -> "_Stream":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            sys.stdout.write("\n")
            sys.stdout.flush()

    def show(self, text: str) -> None:
        """Write more of the answer."""
        if not self._json and text:
            sys.stdout.write(inert(text))
            sys.stdout.flush()
            self._open = not text.endswith("\n")

    def finish(self, answer: "Answer", session: Session, *more: tuple[str, str]) -> None:
        """What the answer rests on, who gave it, and how sure it is."""
        if self._json:
            session.printer(as_json=True).facts(answer.as_json())
            return
        lines = ["\n" if self._open else ""]
        lines += [f"{name}: {one_line(value, 500)}" for name, value in more if value]
        self._open = False
        if answer.provider != "local":
            named = [memory for memory in answer.memories_used if memory.memory_id in answer.cited]
            for memory in named[:_SOURCES]:
                head = [
                    short_id(memory.memory_id),
                    clock(on_local_clock(memory.time), session.settings),
                    feeling_word(memory.feeling, session.settings),
                    one_line(memory.concept, 40),
                    one_line(memory.content, 60),
                ]
                lines.append("  ".join(head))
            if len(named) > _SOURCES:
                lines.append(f"and {len(named) - _SOURCES} more")
            lines.append(f"{one_line(answer.provider)}, {answer.seconds:.1f} s")
        if answer.confidence_note:
            lines.append(answer.confidence_note)
        sys.stdout.write("\n".join(inert(line) for line in lines) + "\n")


VERBS = {"perceive": perceive, "ask": ask, "reflect": reflect, "dream": dream, "introspect": introspect}
