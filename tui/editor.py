"""Hand the terminal to the user's own editor, and take it back whatever happens there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import App

__all__ = ["at_line", "edit", "editor_command", "open_at"]


def editor_command(chosen: str) -> list[str]:
    """What is ``chosen``, else ``$VISUAL`` or ``$EDITOR``, else the first of nano, vim, vi that is here."""
    for text in (chosen, os.environ.get("VISUAL", ""), os.environ.get("EDITOR", "")):
        command = shlex.split(text)
        if command:
            return command
    return [next((each for each in ("nano", "vim", "vi") if shutil.which(each)), "vi")]


def at_line(command: list[str], path: Path, line: int) -> list[str]:
    """An editor's whole command for a file at a line (from 1), each editor having its own way to say so."""
    name = os.path.basename(command[0])  # noqa: PTH119 -- a command, not a file here
    if name in ("code", "codium", "code-insiders"):
        where = ["--goto", f"{path}:{line}"]
    elif name in ("hx", "helix", "subl", "zed"):
        where = [f"{path}:{line}"]
    else:  # vi and all its kin, nano, emacs, micro, joe, kak
        where = [f"+{line}", str(path)]
    return [*command, *where]


def open_at(app: App[Any], path: Path, line: int, chosen: str = "") -> None:
    """Open a file in the editor at a line (from 1); where there is none to open, the app says so."""
    command = at_line(editor_command(chosen), path, line)
    try:
        with app.suspend():
            subprocess.run(command, check=False)  # noqa: S603 -- the user's own editor
    except SuspendNotSupported:
        app.notify("This terminal cannot be handed to an editor", severity="error")
    except OSError as error:
        said = f"The editor could not be started: {error.strerror}"
        app.notify(said, severity="error", markup=False)


def edit(app: App[Any], path: Path, chosen: str = "") -> str | None:
    """Open a file in the editor and give its text afterwards; None if the editor reports a failure.

    The file is deleted once its text has been read.

    Raises:
        OSError: there is no such editor, or the file cannot be read back.
    """
    with app.suspend():
        done = subprocess.run([*editor_command(chosen), str(path)], check=False)  # noqa: S603 -- the user's own editor
    if done.returncode != 0:
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    path.unlink(missing_ok=True)
    return text.removesuffix("\n")
