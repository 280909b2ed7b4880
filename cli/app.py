"""The root command, and what an error becomes: one line, an exit code, and nothing lost."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Final

import typer
from typer.main import get_command

from .commands import Root
from .session import Failure, UsageError, interactive, session_of, warn

__all__ = ["VERBS", "app", "guarded", "run"]

VERBS: Final = {
    "Journal": {
        "remember": "write",
        "recall": "find",
        "search": "find",
        "show": "show",
        "concepts": "tally",
        "feelings": "tally",
        "tags": "tally",
        "timeline": "find",
        "arc": "arc",
        "on-this-day": "find",
        "revisit": "write",
        "attach": "write",
        "import": "transfer",
        "export": "transfer",
        "verify": "care",
        "backup": "care",
    },
    "Mind": {
        "perceive": "mind",
        "ask": "mind",
        "reflect": "mind",
        "dream": "mind",
        "introspect": "mind",
        "providers": "providers",
    },
    "Code context": {
        "init": "code",
        "ingest": "code",
        "query": "query",
        "feedback": "learn",
        "analytics": "learn",
        "compress": "compress",
        "cache": "cache",
        "watch": "code",
        "stats": "code",
        "delta": "code",
        "outline": "code",
        "audit": "code",
        "gc": "code",
        "mcp": "mcp",
        "daemon": "daemon",
    },
    "App": {
        "tui": "tui",
        "config": "config",
        "themes": "themes",
        "doctor": "doctor",
    },
}
"""The module of each verb, by the heading that it stands under in the help."""


class _Mnemo(Root):
    groups = VERBS


app = typer.Typer(cls=_Mnemo, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"mnemo {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Two kinds of memory in one terminal: your journal, and your codebase."""
    if ctx.invoked_subcommand is None:
        if interactive():
            from .start import open_app

            open_app(session_of(ctx))
        else:
            typer.echo(ctx.get_help())


def run(args: Sequence[str]) -> int:
    """Run the command line; gives the exit code, having said on stderr what went wrong.

    0 done, 1 failed, 2 wrong usage, 3 nothing found (where asked to tell), 130 interrupted.
    """
    return guarded(lambda: _run(args))


def guarded(work: Callable[[], int]) -> int:
    """Do ``work`` and give its exit code; an error becomes one line and a code of its own."""
    try:
        return work()
    except typer.TyperException as error:
        ctx = getattr(error, "ctx", None)
        path = ctx.command_path if ctx is not None else "mnemo"
        hint = f" (mnemo {path.partition(' ')[2]} --help tells more)".replace("  ", " ")
        return _fail(
            error.format_message().rstrip(".") + (hint if error.exit_code == 2 else ""), error.exit_code
        )
    except Failure as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        return _leave_quietly()
    except OSError as error:
        if error.errno == errno.EPIPE:
            return _leave_quietly()
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 1)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:  # noqa: BLE001 - the last place where a bug can become one line
        return _explain(error)


def _run(args: Sequence[str]) -> int:
    for number, arg in enumerate(args, 1):
        if not arg.isascii() and any("\ud800" <= char <= "\udfff" for char in arg):
            raise UsageError(f"argument {number} is not valid UTF-8")
    code = get_command(app).main(list(args), prog_name="mnemo", standalone_mode=False)
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    from ..settings import SettingsError
    from ..storage.errors import JournalError

    if isinstance(error, SettingsError):
        return _fail(str(error), 1)
    if isinstance(error, JournalError):
        # What storage was given wrongly is wrong usage here.
        return _fail(str(error), 2 if isinstance(error, ValueError) else 1)
    from ..llm.errors import ModelError

    if isinstance(error, ModelError):
        return _fail(str(error), 1)
    from ..retrieval.errors import OutsideProjectError, RetrievalError

    if isinstance(error, RetrievalError):
        return _fail(str(error), 2 if isinstance(error, OutsideProjectError) else 1)
    from .bug import report

    return _fail(report(error), 1)


def _fail(message: str, code: int) -> int:
    with suppress(OSError):
        warn(message)
    return code


def _leave_quietly() -> int:
    """Whoever read our output has gone: keep the interpreter from complaining about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
