"""The verb ``query``: what a codebase has to say to a question, within a budget."""

import json as encoder
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .inert import inert, one_line
from .options import Concept, FailEmpty, FeelingFilter, Since, TagFilter, Until, empty_code, filters
from .session import Session, UsageError, session_of, warn, write
from .stdin import text_argument

if TYPE_CHECKING:
    from ..retrieval.journal import JournalAnswer
    from ..retrieval.reply import Reply

__all__ = ["VERBS"]

Form = Literal["plain", "json", "markdown", "xml"]


def query(
    ctx: typer.Context,
    text: Annotated[
        str, typer.Argument(help="The question: words, a symbol, a path, an error, code; - is stdin.")
    ],
    budget: Annotated[
        int | None, typer.Option("--budget", "-b", metavar="N", min=1, help="At most so many tokens.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to write the answer.")] = "plain",
    json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", metavar="N", min=0, help="At most so many chunks; 0 is all."),
    ] = None,
    per_file: Annotated[
        int | None,
        typer.Option("--per-file", metavar="N", min=0, help="At most so many of one file; 0 is all."),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="GLOB", help="Only from these files, or below this folder."),
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", metavar="L", help="Only in this language.")] = None,
    corpus: Annotated[
        Literal["code", "journal"], typer.Option("--corpus", help="Ask the code, or your journal.")
    ] = "code",
    concept: Concept = None,
    feeling: FeelingFilter = None,
    tag: TagFilter = None,
    since: Since = None,
    until: Until = None,
    session_name: Annotated[
        str | None,
        typer.Option(
            "--session", metavar="ID", help="What this session was given before comes as what changed."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what the session was given.")] = False,
    no_learn: Annotated[
        bool, typer.Option("--no-learn", help="Put nothing down: neither the question nor what it found.")
    ] = False,
    no_compress: Annotated[
        bool, typer.Option("--no-compress", help="Leave out what does not fit, rather than compress it.")
    ] = False,
    no_refresh: Annotated[
        bool, typer.Option("--no-refresh", help="Do not look for changed files first.")
    ] = False,
    show_scores: Annotated[bool, typer.Option("--show-scores", help="Show what each signal says.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell on stderr what every stage did, and how long it took.")
    ] = False,
    fail_empty: FailEmpty = False,
) -> int:
    """Find the code that answers a question, best first, within a budget of tokens.

    With --corpus journal, the memories that answer it; concept, feeling, tag, since and until filter those.
    """
    session = session_of(ctx)
    asked = text_argument(text)
    if not asked.strip():
        raise UsageError("the question is empty")
    if session_name is not None and not session_name.strip():
        raise UsageError("the session needs a name")
    if fresh and session_name is None:
        raise UsageError("--fresh is for a session: name it with --session")
    form = "json" if json else form
    chosen = {"--concept": concept, "--feeling": feeling, "--tag": tag, "--since": since, "--until": until}
    if corpus == "journal":
        _refuse("code", {"--path": path, "--lang": lang, "--per-file": per_file, "--session": session_name})
        memories = _ask_journal(
            session,
            asked,
            budget=budget,
            output=form,
            limit=limit,
            concept=concept,
            show_scores=show_scores,
            trace=explain,
            **filters(session, feeling, tag, since, until),
        )
        if explain:
            stages = [(each.name, each.came, each.went, each.ms, each.why) for each in memories.trace.stages]
            _explain(stages, [(left.label, left.cost) for left in memories.left_out[:10]])
        return empty_code(len(memories), fail_empty)
    _refuse("the journal", chosen)

    options = {
        "budget": budget,
        "output": form,
        "limit": limit,
        "per_file": per_file,
        "path": path,
        "language": lang,
        "show_scores": show_scores,
        "refresh": not no_refresh,
        "compress": not no_compress,
        "session": session_name,
        "fresh": fresh,
        "learn": not no_learn,
        "now": time.time(),
        "trace": explain,
    }
    reply = _ask(session, asked, options)
    if explain:
        _explain(reply["stages"], reply["left_out"])
    return empty_code(reply["found"], fail_empty)


def _ask(session: Session, asked: str, options: dict[str, Any]) -> "Reply":
    """Have the project's daemon answer, or an engine of our own where none runs, and print the answer."""
    from ..retrieval.daemon.client import NoDaemonError, call
    from ..retrieval.locate import find_project_dir

    reply: Reply
    try:
        reply = call(find_project_dir(session.project), "query", {"text": asked, **options})
    except NoDaemonError:
        pass
    else:
        _print(reply, options["output"])
        return reply
    from ..retrieval.engine import RetrievalEngine
    from ..retrieval.project import open_project
    from ..retrieval.reply import query as answer

    with RetrievalEngine(open_project(session.project)) as engine:
        reply = answer(engine, asked, options)
        _print(reply, options["output"])
        for line in engine.put_down():
            warn(line)
    return reply


def _print(reply: "Reply", form: Form) -> None:
    output = reply["output"]
    if output:
        write(inert(output) if form != "json" and sys.stdout.isatty() else output)
    elif reply["least"] is not None:
        _say_what_it_takes(reply["budget"], reply["least"])
    else:
        warn("nothing found")
    for line in reply["notices"]:
        warn(line)


def _refuse(corpus: str, options: Mapping[str, object]) -> None:
    """Options that mean something for the other corpus only."""
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name} is for questions to {corpus}")


def _ask_journal(session: Session, asked: str, *, budget: int | None, **options: Any) -> "JournalAnswer":
    from datetime import datetime

    from ..retrieval.config import RetrievalConfig
    from ..retrieval.journal import query_journal
    from .find import index_words

    form, show_scores = options["output"], options["show_scores"]
    with session.open() as journal:
        index_words(journal)
        answer = query_journal(
            journal,
            asked,
            budget=RetrievalConfig().token_budget if budget is None else budget,
            now=datetime.now().astimezone(),
            **options,
        )
    if form == "json":
        shown = [result.as_dict() for result in answer]
        write(encoder.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    elif answer:
        from ..retrieval.journal.formats import document

        output = document(form, asked, answer.budget, answer, show_scores=show_scores)
        write(inert(output) if sys.stdout.isatty() else output)
    elif answer.left_out:
        _say_what_it_takes(answer.budget, answer.left_out[0].cost)
    else:
        warn("nothing found")
    return answer


def _say_what_it_takes(budget: int, least: int) -> None:
    warn(f"nothing fits in {budget} tokens: the best costs {least}")


def _explain(stages: Iterable[tuple[str, int, int, float, str]], left_out: Iterable[tuple[str, int]]) -> None:
    lines = [f"{'stage':<10} {'came':>9} {'went':>9} {'ms':>8}  why"]
    lines += [f"{name:<10} {came:>9,} {went:>9,} {ms:>8.1f}  {why}" for name, came, went, ms, why in stages]
    lines += [f"did not fit: {one_line(label)} ({cost} tokens)" for label, cost in left_out]
    sys.stderr.write("".join(f"{line}\n" for line in lines))


VERBS = {"query": query}
