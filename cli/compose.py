"""Writing a memory in the user's editor, and the drafts that keep what is not saved yet.

A draft is a Markdown file with the memory's fields above the text, in the journal's folder of
drafts. It stays until its memory is on the disk; the next composing offers what stayed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from ..settings import Settings, private_dir
from .ask import choice
from .inert import one_line
from .session import Failure, UsageError

__all__ = ["Draft", "editor", "keep_draft", "open_draft", "read_draft"]

_FIELDS: Final = ("concept", "feeling", "tags", "note")
_RULE: Final = "---"


class Draft(NamedTuple):
    """What a draft file says: its text, and its fields where they are filled in."""

    content: str
    fields: Mapping[str, str]


def open_draft(folder: Path, settings: Settings, fields: Mapping[str, str]) -> tuple[Path, bool]:
    """Let the user write, in a new draft or one that stayed; gives the file and whether it holds anything.

    Raises:
        Failure: the editor did not run or failed; the draft stays if it was changed.
    """
    path = _left_behind(folder)
    template = ""
    if path is None:
        template = _template(fields)
        path = keep_draft(folder, template)
    command = editor(settings)
    try:
        code = subprocess.run([*command, str(path)], check=False).returncode  # noqa: S603 - the user's own editor
        failed = f"{command[0]} ended with {code}" if code else ""
    except OSError as error:
        failed = f"cannot run the editor {command[0]}: {error.strerror}; set $EDITOR or journal.editor"
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    changed = text != template and bool(_split(text)[1].strip())
    if not changed:
        path.unlink()
    if failed:
        raise Failure(failed + (f"; the text is kept in {path}" if changed else ""))
    return path, changed


def keep_draft(folder: Path, text: str) -> Path:
    """Write a draft file (0600) that no other has; gives its path."""
    private_dir(folder)
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    for number in range(1000):
        path = folder / f"{stamp}-{os.getpid()}{f'-{number}' if number else ''}.md"
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return path
    raise FileExistsError(17, "too many drafts", str(folder))


def read_draft(path: Path) -> Draft:
    """Read a draft file.

    Raises:
        UsageError: it is not UTF-8, or a line above the text is no field.
    """
    try:
        header, body = _split(path.read_bytes().decode())
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    fields: dict[str, str] = {}
    for line in header:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or name not in _FIELDS:
            raise UsageError(
                f"{one_line(line, 60)!r} is none of {', '.join(_FIELDS)}, each followed by a colon"
            )
        if value.strip():
            fields[name] = value.strip()
    return Draft(body.strip("\n").rstrip(), fields)


def _template(fields: Mapping[str, str]) -> str:
    from ..storage.feelings import Feeling

    lines = [f"{name}: {fields.get(name, '')}" for name in _FIELDS]
    lines.insert(1, f"# {', '.join(Feeling)}")
    return "\n".join((_RULE, *lines, _RULE, "", ""))


def _split(text: str) -> tuple[list[str], str]:
    """The lines between the rules, and what follows them; a text without rules is all text."""
    lines = text.split("\n")
    if lines[0].strip() == _RULE:
        for end, line in enumerate(lines[1:], 1):
            if line.strip() == _RULE:
                return lines[1:end], "\n".join(lines[end + 1 :])
    return [], text


def _left_behind(folder: Path) -> Path | None:
    """A draft that stayed and that the user wants to go on with."""
    for path in sorted(folder.glob("????-??-??-??????-*.md"), reverse=True):
        if _in_use(path):
            continue
        text = _split(path.read_text(encoding="utf-8", errors="replace"))[1].strip()
        if text:
            answer = choice(
                f"A memory is unfinished: {one_line(text, 60)} - go on (y), leave it (n), discard (d)?", "ynd"
            )
            if answer == "y":
                return path
            if answer == "n":
                continue
        path.unlink()
    return None


def _in_use(path: Path) -> bool:
    """Whether the process that made a draft still runs."""
    pid = path.stem.split("-")[4:5]
    if not pid or not pid[0].isdigit() or int(pid[0]) == os.getpid():
        return False
    try:
        os.kill(int(pid[0]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def editor(settings: Settings) -> list[str]:
    """The command of the user's editor.

    Raises:
        Failure: there is none.
    """
    named = settings.editor or os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        command = shlex.split(named or "")
    except ValueError as error:
        raise Failure(f"cannot read the editor's command {named!r}: {error}") from None
    if command:
        return command
    for name in ("nano", "vim", "vi"):
        if shutil.which(name):
            return [name]
    raise Failure("there is no editor: set $EDITOR, or give the text with the command")
