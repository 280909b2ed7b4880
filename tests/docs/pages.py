"""The pages that people read, taken apart: their fenced blocks, and how each is to be run.

A comment before a block says what is special about it:

- ``<!-- not run: REASON -->``: no test runs it, nor what ``<!-- test command -->`` marks: it runs the tests;
- ``<!-- terminal: wait "TEXT" type "KEYS" ... -->``: it runs on a terminal, where somebody types;
- ``<!-- shape: COMMAND; open: KEYS -->``: the JSON is what COMMAND prints, key for key; the objects under
  KEYS have keys of the user's own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "cli"))
from terminal import Terminal  # noqa: E402 - found by the line above

LANGUAGES = {"sh", "console", "python", "json", "toml", "ini", "text", "markdown"}
BIN = Path(sys.executable).parent
_NOTE = re.compile(r"<!-- (test command|not run|terminal|shape)(?:: (.*?))? -->", re.DOTALL)
_STEP = re.compile(r'(wait|type) ("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language, its text, and what the comment before it says."""

    page: str
    line: int
    language: str
    text: str
    note: str = ""
    detail: str = ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What somebody at the terminal waits for and types."""
        return [(kind, json.loads(text)) for kind, text in _STEP.findall(self.detail)]


@dataclass(frozen=True)
class Page:
    """A Markdown file of the repository, by its path from the root."""

    name: str

    @cached_property
    def text(self) -> str:
        return (ROOT / self.name).read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return "\n".join(line for line, fenced in self._lines() if not fenced)

    @cached_property
    def anchors(self) -> set[str]:
        """What a link may point to after ``#``, as GitHub makes it of headings."""
        found: set[str] = set()
        for heading in re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE):
            words = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower())
            anchor = name = words.replace(" ", "-")
            number = 0
            while anchor in found:
                number += 1
                anchor = f"{name}-{number}"
            found.add(anchor)
        return found

    @cached_property
    def blocks(self) -> list[Block]:
        lines = self.text.splitlines()
        found: list[Block] = []
        opened: tuple[int, str, str] | None = None
        for number, line in enumerate(lines):
            fence = re.match(r"( *)```(\w*)\s*$", line)
            if fence is None:
                continue
            if opened is None:
                opened = (number, fence[1], fence[2])
            else:
                start, indent, language = opened
                text = "".join(f"{each.removeprefix(indent)}\n" for each in lines[start + 1 : number])
                before = "\n".join(lines[:start]).rstrip()
                note = None
                if before.endswith("-->"):
                    note = _NOTE.fullmatch(before, before.rindex("<!--"))
                found.append(Block(self.name, start + 1, language, text, *(note.groups("") if note else ())))
                opened = None
        assert opened is None, f"{self.name}:{opened}: a fence is not closed"
        return found

    def _lines(self) -> list[tuple[str, bool]]:
        fenced = False
        found = []
        for line in self.text.splitlines():
            fence = line.lstrip().startswith("```")
            found.append((line, fenced or fence))
            fenced ^= fence
        return found


def pages() -> list[Page]:
    """README and its kin, and everything in docs/."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [Page(str(path.relative_to(ROOT))) for path in (*top, *sorted((ROOT / "docs").glob("*.md")))]


class Desk:
    """The folder of a reader who works through a page from its top: what one block leaves, the next finds."""

    def __init__(self, folder: Path, page: Page) -> None:
        self.folder = folder
        self.page = page
        self.cwd = folder
        self.closing = ExitStack()
        self.env = {**os.environ, "PATH": f"{folder / 'bin'}:{BIN}:{os.environ['PATH']}"}
        self.env |= {"EDITOR": "true", "TZ": "UTC", "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "PAGER": "cat"}

    def run(self, block: Block) -> None:
        """Run a block as its page says it works; an AssertionError tells where it does not."""
        match block.language:
            case "console":
                self._console(block)
            case "python":
                self._done(block, [sys.executable, "-W", "error", "-c", block.text], block.text)
            case "sh" if block.note == "terminal":
                self._typed(block)
            case "sh":
                self._done(block, self._bash(block.text), block.text)
            case "json" if block.note == "shape":
                self._shaped(block)

    def output(self, command: str) -> str:
        """What a command writes to standard output; it has to work."""
        done = self._process(self._bash(command))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _done(self, block: Block, args: list[str], shown: str) -> None:
        done = self._process(args)
        said = f"{block.where}: ended with {done.returncode}\n{shown}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, said

    def _console(self, block: Block) -> None:
        """``$ command`` and what it prints; ``…`` stands for whatever the page leaves out."""
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command = f"{command}\n{more}"
            done = self._process(self._bash(command), merge=True)
            wanted = re.escape(expected.strip()).replace("\\\n…", ".*").replace("…", ".*")
            said = f"{block.where}: {command}\n-- the page says\n{expected}\n-- it printed\n{done.stdout}"
            assert re.fullmatch(wanted, done.stdout.strip(), re.DOTALL), said

    def _typed(self, block: Block) -> None:
        assert block.steps, f"{block.where}: nobody types anything"
        script = f"cd '{self.cwd}'\nset -e\n{block.text}"
        terminal = Terminal(["bash", "-c", script], {**self.env, "TERM": "xterm-256color"})
        try:
            for kind, text in block.steps:
                if kind == "wait":
                    terminal.until(text)
                else:
                    terminal.type(text)
            code, rest = terminal.until_end()
        finally:
            terminal.close()
        assert code == 0, f"{block.where}: ended with {code}\n{rest}"

    def _shaped(self, block: Block) -> None:
        command, _, keys = block.detail.partition("; open: ")
        told, printed = json.loads(block.text), json.loads(self.output(command))
        differs = difference(told, printed, frozenset(keys.split()))
        assert not differs, f"{block.where}: {command}\n{differs}"

    def _bash(self, script: str) -> list[str]:
        return ["bash", "-euo", "pipefail", "-c", f"{script}\npwd > '{self.folder}/.cwd'"]

    def _process(self, args: list[str], *, merge: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            args,
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        left_in = self.folder / ".cwd"
        if left_in.exists():
            self.cwd = Path(left_in.read_text().rstrip("\n"))
        return done


def difference(told: Any, printed: Any, opened: frozenset[str]) -> str:
    """Where a document has another shape than the page tells; empty if nowhere.

    Keys are compared one by one (not those below the keys ``opened``), values by type; null stands for any.
    A list that the page tells of has to hold something somewhere, or its shape would not be proven.
    """
    lists: dict[str, bool] = {}
    found = _differs(told, printed, opened, "", lists)
    unproven = sorted(path for path, held in lists.items() if not held)
    return found or (f"nothing was printed of {', '.join(unproven)}" if unproven else "")


def _differs(told: Any, printed: Any, opened: frozenset[str], at: str, lists: dict[str, bool]) -> str:
    if told is None or printed is None:
        return ""
    if isinstance(told, dict) and isinstance(printed, dict):
        if at.rpartition(".")[2] not in opened and told.keys() != printed.keys():
            return (
                f"{at}: told {sorted(told.keys() - printed.keys())}, printed {sorted(printed.keys() - told)}"
            )
        pairs = [(told[key], printed[key], f"{at}.{key}") for key in printed if key in told]
        return next(filter(None, [_differs(one, other, opened, key, lists) for one, other, key in pairs]), "")
    if isinstance(told, list) and isinstance(printed, list):
        if told:
            lists[f"{at}[]"] = lists.get(f"{at}[]", False) or bool(printed)
        elif printed:
            return f"{at}[]: not told"
        return next(filter(None, [_differs(told[0], each, opened, f"{at}[]", lists) for each in printed]), "")
    numbers = isinstance(told, int | float) and isinstance(printed, int | float)
    same = type(told) is type(printed) or (numbers and bool not in (type(told), type(printed)))
    return "" if same else f"{at}: told {told!r}, printed {printed!r}"
