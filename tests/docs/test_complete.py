"""Nothing that a user can meet is left out of the pages: commands, settings, variables, errors, names."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mnemo
import pytest
from mnemo.cli.app import VERBS, app, run
from mnemo.cli.mcp_server import Tools
from mnemo.retrieval.config import _SECTIONS
from mnemo.retrieval.reply import METHODS
from mnemo.settings import SCHEMA
from pages import ROOT, pages
from typer.main import get_command

PAGES = pages()
BY_NAME = {page.name: page for page in PAGES}
WRITTEN = [page for page in PAGES if page.name not in ("docs/cli.md", "docs/keys.md", "CHANGELOG.md")]
"""The pages that are written by hand."""
CODE = [
    path
    for folder in ("cli", "llm", "retrieval", "storage", "themes")
    for path in (ROOT / folder).rglob("*.py")
]
CODE += ROOT.glob("*.py")

# Raised and caught inside mnemo: no user ever reads them.
INNER = {
    "AssertionError", "AttributeError", "BrokenIndexError", "FileExistsError", "IndexError", "KeyError",
    "NoDaemonError", "OSError", "RuntimeError", "StoppedError", "TypeError", "ValueError", "ToolError",
    "_PassingError", "_SilentError",
}  # fmt: skip
# Faults of whoever calls from Python, and of code that holds what was closed.
FROM_PYTHON = (
    "must be text, not",
    "must be a datetime, not",
    "a tag must be text, not",
    "tags are a list of words, not one text",
    "is closed",
    "records that are being written cannot write",
)


def all_text() -> str:
    return "\n".join(page.text for page in PAGES)


@pytest.mark.parametrize("verb", [verb for verbs in VERBS.values() for verb in verbs])
def test_every_verb_is_spoken_of_in_a_page_written_by_hand(verb: str) -> None:
    assert any(re.search(rf"mnemo {verb}\b|`{verb}\b", page.text) for page in WRITTEN)


def spoken() -> Iterator[tuple[str, list[str]]]:
    """Every ``mnemo VERB ...`` in running text, with where it stands."""
    for page in PAGES:
        for text in re.findall(r"`(mnemo [^`\n]+)`", page.prose):
            bare = re.sub(r"[\[\]…|]|\.\.\.", " ", text.replace("\\|", " ").partition(" && ")[0])
            try:
                yield f"{page.name}: {text}", shlex.split(bare)[1:]
            except ValueError:
                pytest.fail(f"{page.name}: {text}")


def test_commands_in_running_text_exist_with_the_options_that_they_name() -> None:
    root: Any = get_command(app)
    for where, words in spoken():
        command = root
        for word in words:
            if word in getattr(command, "commands", {}):
                command = command.commands[word]
        if command is root:
            assert words[0].startswith("-") or words[0].isupper(), where
            continue
        known = {
            option
            for param in (*command.params, *root.params)
            for option in (*param.opts, *param.secondary_opts)
        }
        named = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert named <= known | {"--help"}, where


def test_every_setting_of_the_user_and_of_a_project_is_documented() -> None:
    page = BY_NAME["docs/themes-and-keys.md"].text
    for key, setting in SCHEMA.items():
        assert f"| `{key}` |" in page
        assert all(f"`{choice}`" in page for choice in setting.choices), key
    pages_of_keys = BY_NAME["docs/querying.md"].text + BY_NAME["docs/compression.md"].text
    for name, section in _SECTIONS.items():
        for key in section().as_dict():
            assert f"`{name}.{key}`" in pages_of_keys or f"`{key}`" in pages_of_keys, f"{name}.{key}"


def test_the_defaults_in_the_table_of_a_project_s_config_are_the_defaults() -> None:
    rows = dict(
        re.findall(
            r"^\| `([a-z]+\.[a-z0-9_]+)` \| `([^`]+)` \|", BY_NAME["docs/querying.md"].text, re.MULTILINE
        )
    )
    assert len(rows) > 15
    for key, told in rows.items():
        section, name = key.split(".")
        default = getattr(_SECTIONS[section], name)
        shown = (
            str(default).lower()
            if isinstance(default, bool)
            else f'"{default}"'
            if isinstance(default, str)
            else str(default)
        )
        assert told == shown or (isinstance(default, tuple) and told in default), key


def test_every_variable_of_the_environment_that_mnemo_reads_is_documented() -> None:
    text = all_text()
    read = set(re.findall(r"MNEMO_[A-Z_]+", "".join(path.read_text() for path in CODE))) - {"MNEMO_"}
    assert read >= {"MNEMO_JOURNAL", "MNEMO_CONFIG"}
    assert [name for name in read if name not in text] == []


def test_every_exit_code_is_told_and_true() -> None:
    table = BY_NAME["docs/cli.md"].text
    for code in (0, 1, 2, 3, 130):
        assert f"| {code} |" in table
        assert re.search(
            rf"\b{code}\b[^.]*(done|failed|wrong usage|nothing found|interrupted)", BY_NAME["README.md"].text
        )
    assert run(["recall"]) == 0
    assert run(["show", "nobody"]) == 1
    assert run(["recall", "--limit", "few"]) == 2
    assert run(["recall", "--fail-empty"]) == 3


def test_every_public_name_is_documented() -> None:
    text = all_text()
    assert [name for name in mnemo.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_tools_for_agents_and_the_methods_of_the_daemon_are_told() -> None:
    page = BY_NAME["docs/mcp.md"].text
    tools = [name for name in vars(Tools) if not name.startswith("_") and name != "close"]
    assert "query" in tools
    for name in tools:
        parameters = [each for each in inspect.signature(getattr(Tools, name)).parameters if each != "self"]
        assert f"| `{name}({', '.join(parameters)})` |" in page
    page = BY_NAME["docs/daemon.md"].text
    assert [name for name in METHODS if f"`{name}`" not in page] == []


def test_the_figures_that_readme_quotes_are_those_that_the_benchmarks_printed() -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    printed = set(re.findall(r"[0-9][0-9.,]*[0-9]|[0-9]", results))
    table = BY_NAME["README.md"].text.partition("| | mnemo | peer |")[2].partition("\n\n")[0]
    quoted = {
        figure
        for row in table.splitlines()[2:]
        for cell in row.split("|")[2:4]
        for figure in re.findall(r"[0-9][0-9.,]*[0-9]|[0-9]", cell)
    }
    assert len(quoted) > 15
    assert quoted <= printed, "README quotes what RESULTS.md does not have"


# -- errors ---------------------------------------------------------------------------------------


def told() -> Iterator[tuple[str, str]]:
    """Every message that a user can meet, with where it is made; a NUL stands for what is filled in."""
    for path in CODE:
        where = path.relative_to(ROOT)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                kind = ast.unparse(node.func).rpartition(".")[2]
                error = (kind.endswith("Error") or kind == "Failure") and kind not in INNER
                if error or kind == "_failed" or (kind == "warn" and where.parts[0] == "cli"):
                    for text in _texts(node.args[0]):
                        yield f"{where}:{node.lineno}", text
            if isinstance(node, ast.FunctionDef) and node.name == "refusal":
                for each in ast.walk(node):
                    if isinstance(each, ast.Return) and each.value is not None:
                        for text in _texts(each.value):
                            yield f"{where}:{each.lineno}", text


def _texts(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return ["".join(str(each.value) if isinstance(each, ast.Constant) else "\0" for each in values)]
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) + _texts(other)
        case ast.BinOp(left=left, right=right):
            return [one + other for one in _texts(left) for other in _texts(right)]
    return ["\0"]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("`", "").replace("\\|", "|"))


def test_every_error_is_in_the_page_on_trouble() -> None:
    page = plain(BY_NAME["docs/troubleshooting.md"].text)
    missing = []
    for where, message in told():
        text = plain(message)
        pieces = [piece.strip() for piece in text.split("\0") if len(piece.strip(" :,'()")) > 2]
        if any(each in text.replace("\0", "") for each in FROM_PYTHON):
            continue
        if pieces and not re.search(".{0,70}?".join(map(re.escape, pieces)), page):
            missing.append(f"{where}: {text.replace(chr(0), '…')}")
    assert not missing, "tell of these in docs/troubleshooting.md:\n" + "\n".join(missing)


def test_every_file_of_the_repository_that_a_page_names_is_there() -> None:
    folders = "cli|storage|retrieval|llm|tui|themes|drawing|benchmarks|tests|docs|fuzz"
    for page in PAGES:
        for name in re.findall(rf"`((?:{folders})/[\w./-]+)`", page.prose):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_pages_say_nothing_of_a_machine_or_of_those_who_wrote_them() -> None:
    for page in PAGES:
        assert not re.search(r"/work/|/root/|/tmp/(?!mnemo)", page.text), page.name


def test_there_is_a_licence_and_every_page_is_text() -> None:
    assert "MIT License" in (ROOT / "LICENSE").read_text()
    for page in PAGES:
        assert all(line == line.rstrip() for line in page.text.splitlines()), page.name
        assert Path(ROOT / page.name).read_bytes().isascii() or "\r" not in page.text
