"""Write what is made from mnemo's own commands and keys; a test checks that all of it is current.

``docs/cli.md``, ``docs/keys.md``, and in ``docs/shell/`` the manual page and the completions of bash, zsh
and fish.

python docs/make_cli.py
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mnemo.tui
import typer
from mnemo import __version__
from mnemo.cli.app import VERBS, app, run
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character
from typer._completion_shared import get_completion_script
from typer.main import get_command

DOCS = Path(__file__).parent

HEAD = """\
# The command line

This page is made from `mnemo --help`. Every reading command draws for people on a terminal, writes plain
lines when piped, and one JSON document with `--json` ([scripting](scripting.md) has the shapes). stdout holds
the result alone; progress and warnings go to stderr. `NO_COLOR` is honoured. Where a TEXT is taken, `-` reads
it from standard input.

| exit code | what it means |
|---|---|
| 0 | done |
| 1 | failed: one line on stderr says what, and what to do |
| 2 | wrong usage |
| 3 | nothing found, with `--fail-empty` |
| 130 | interrupted |

**Times** (`--at`, `--since`, `--until`) are local: ISO 8601 (`2024`, `2024-05`, `2024-05-31 21:30`),
`yesterday 21:30`, `3 days ago`, `last week`, a day of the week. `--since` and `--until` both include what
they name. **Filters** of one kind are OR, kinds are AND. Concepts and tags match as written first, else with
case and accents folded; feelings are taken in English or Italian. `--limit` is 50 unless given; 0 is all.

Four options work before and after any verb: `--journal PATH` uses another journal, `--project DIR` another
project, `--no-color` writes without colour, `--verbose` logs everything that happens.
"""

CODES = (
    ("0", "done"),
    ("1", "failed: one line on stderr says what, and what to do"),
    ("2", "wrong usage"),
    ("3", "nothing found, with --fail-empty"),
    ("130", "interrupted"),
)
VARIABLES = (
    ("MNEMO_JOURNAL", "The journal, in place of the one in the data folder."),
    ("MNEMO_FILES_DIR", "The folder of attachments, in place of the one beside the journal."),
    ("MNEMO_CONFIG", "The folder of config.toml, themes and .env."),
    ("VISUAL, EDITOR", "The editor for composing, and for config edit."),
    ("NO_COLOR", "Write without colour."),
    (
        "NAME_MODEL, NAME_URL, NAME_API_KEY, LLM_CONSENT, ...",
        "Models; docs/providers.md lists all of them.",
    ),
)
FILES = (
    (
        "~/.local/share/mnemo/journal.mnheme",
        "The journal (the platform's data folder; mnemo doctor prints it).",
    ),
    ("~/.config/mnemo/config.toml", "The settings (mnemo config path prints it)."),
    ("~/.config/mnemo/themes/*.toml", "Themes of your own."),
    ("~/.config/mnemo/.env", "Models."),
    ("~/.local/state/mnemo/log/mnemo.log", "What went wrong, without a word of yours."),
    (".mnemosyne/", "The code index of a project."),
)


def commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command with the heading that it stands under, each group before its own commands."""
    for heading, verbs in VERBS.items():
        for verb in verbs:
            yield heading, (verb,)
            group: Any = _command((verb,))
            for name in getattr(group, "commands", ()):
                yield heading, (verb, name)


def page() -> str:
    """``cli.md``, as it should stand."""
    parts, last = [HEAD], ""
    for heading, words in commands():
        if heading != last:
            parts.append(f"## {heading}\n")
            last = heading
        parts.append(_section(words))
    return "\n".join(parts)


def _section(words: tuple[str, ...]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run([*words, "--help"]) == 0
    help_text = out.getvalue().partition("\nGlobal options:")[0].rstrip()
    return f"### {' '.join(words)}\n\n```text\n{help_text}\n```\n"


def _command(words: tuple[str, ...]) -> Any:
    found: Any = get_command(app)
    for word in words:
        found = found.commands[word]
    return found


# -- the manual page ----------------------------------------------------------------------------


def manual() -> str:
    """``mnemo.1``, as it should stand: the language is that of man(7)."""
    lines = [
        '.\\" Made by docs/make_cli.py; do not edit.',
        f'.TH MNEMO 1 "" "mnemo {__version__}" "User Commands"',
        ".SH NAME",
        "mnemo \\- an append-only journal and a code index in the terminal",
        ".SH SYNOPSIS",
        ".B mnemo",
        "[\\fIGLOBAL OPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        _roff(
            "One terminal app over two kinds of memory: a journal, an append-only log whose memories have a "
            "concept and a feeling, and a code index that answers a question within a budget of tokens. "
            "Without a command, on a terminal, the app opens."
        ),
        ".PP",
        _roff(
            "Reading commands write plain lines when piped and one JSON document with --json. Standard "
            "output holds the result alone; progress and warnings go to standard error. Where a TEXT is "
            "taken, - reads it from standard input."
        ),
    ]
    last = ""
    for heading, words in commands():
        if heading != last:
            lines.append(f'.SH "{heading.upper()}"')
            last = heading
        lines += _entry(words)
    lines += [".SH GLOBAL OPTIONS", _roff("They work before and after the command.")]
    lines += _options(_command(("recall",)), only_global=True)
    for title, rows in (("EXIT STATUS", CODES), ("ENVIRONMENT", VARIABLES), ("FILES", FILES)):
        lines.append(f'.SH "{title}"')
        for name, text in rows:
            lines += [".TP", f".B {_roff(name)}", _roff(text)]
    return "\n".join(lines) + "\n"


_GLOBAL = ("journal", "project", "no_color", "verbose")


def _entry(words: tuple[str, ...]) -> list[str]:
    command = _command(words)
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    usage = []
    for param in arguments:
        name = param.human_readable_name + ("..." if param.nargs == -1 else "")
        usage.append(name if param.required else f"[{name}]")
    group = hasattr(command, "commands")
    usage += ["COMMAND"] if group else []
    shown = " ".join(f"\\fI{_roff(word)}\\fR" for word in usage)
    paragraphs = [" ".join(each.split()) for each in command.help.split("\n\n")]
    lines = [
        f'.SS "{" ".join(("mnemo", *words))}"',
        f"\\fBmnemo {_roff(' '.join(words))}\\fR {shown} [\\fIOPTIONS\\fR]".replace("  ", " "),
    ]
    for paragraph in paragraphs:
        lines += [".PP", _roff(paragraph)]
    return lines + _options(command)


def _options(command: Any, *, only_global: bool = False) -> list[str]:
    ctx = typer.Context(command, info_name=command.name)
    lines = []
    for param in command.params:
        record = param.get_help_record(ctx)
        if record is None or (param.name in _GLOBAL) != only_global:
            continue
        name, text = record
        lines += [".TP", f"\\fB{_roff(name)}\\fR", _roff(" ".join(text.split())) or "\\&"]
    return lines


def _roff(text: str) -> str:
    """A text as troff takes it: no character of it means anything."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^\.", r"\\&.", text)


# -- completions --------------------------------------------------------------------------------


def completions() -> dict[str, str]:
    """The completion script of each shell, by the file name under which that shell looks for it."""
    made = {
        shell: get_completion_script(prog_name="mnemo", complete_var="_MNEMO_COMPLETE", shell=shell).strip()
        for shell in ("bash", "zsh", "fish")
    }
    # In a folder of functions the file is the body of `_mnemo`, which has to complete whenever it is called.
    registered = "compdef _mnemo_completion mnemo"
    assert made["zsh"].endswith(registered)
    zsh = made["zsh"].removesuffix(registered) + (
        f'if [[ $funcstack[1] == _mnemo ]]; then\n  _mnemo_completion "$@"\nelse\n  {registered}\nfi'
    )
    return {"mnemo.bash": made["bash"] + "\n", "_mnemo": zsh + "\n", "mnemo.fish": made["fish"] + "\n"}


# -- keys ---------------------------------------------------------------------------------------

KEYS_HEAD = """\
# Keys of the app

This page is made from the app's own bindings. `?` in the app shows those of where you are, `ctrl+p` every
action by name. To give an action other keys, name it in `[keymap]` of your settings:
[themes and keys](themes-and-keys.md).
"""
PLACES = (
    "Everywhere",
    "First steps",
    "Timeline",
    "Memories",
    "Filters",
    "Search",
    "Memory",
    "Writing",
    "Feeling",
    "Arc",
    "Explore",
    "Question",
    "Results",
    "Preview",
    "Knobs",
    "Cache",
    "Keys",
    "Mind",
    "Line",
    "Conversation",
    "Settings",
    "Point at a provider",
    "Choice",
    "Prompt",
    "Help",
    "Blank",
)
"""The places that have keys, in the order of a tour; whatever is not named here comes after them."""


def keys() -> str:
    """``keys.md``, as it should stand."""
    places: dict[str, list[Binding]] = {}
    for kind in _app_classes():
        title = kind.__dict__.get("HELP_TITLE") or kind.__name__.removesuffix("Screen")
        bindings = [each for each in kind.__dict__.get("BINDINGS", ()) if each.id]
        if bindings:
            places.setdefault(title, []).extend(bindings)
    order = [*(place for place in PLACES if place in places), *sorted(places.keys() - set(PLACES))]
    parts = [KEYS_HEAD]
    for place in order:
        rows = "".join(
            f"| {_keys_of(each)} | `{each.id}` | {each.tooltip or each.description} |\n"
            for each in places[place]
        )
        parts.append(f"## {place}\n\n| keys | action | what it does |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def _app_classes() -> list[type[DOMNode]]:
    for module in pkgutil.walk_packages(mnemo.tui.__path__, "mnemo.tui."):
        importlib.import_module(module.name)
    found: list[type[DOMNode]] = []
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("mnemo.") and kind not in found:
            found.append(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def _keys_of(binding: Binding) -> str:
    shown = []
    for name in binding.key.split(","):
        *modifiers, last = name.split("+")
        character = "/" if last == "slash" else key_to_character(last)
        printable = character is not None and character.isprintable() and character != " "
        text = "+".join((*modifiers, character if printable and character else last))
        shown.append("`` ` ``" if text == "`" else "`\\|`" if text == "|" else f"`{text}`")
    return " ".join(shown)


def files() -> dict[Path, str]:
    """All that is made, by its place."""
    shell = DOCS / "shell"
    return {
        DOCS / "cli.md": page(),
        DOCS / "keys.md": keys(),
        shell / "mnemo.1": manual(),
        **{shell / name: text for name, text in completions().items()},
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
