"""A session in a real terminal, for people to read: mnemo in tmux, a capture as text after each step.

It writes for a while, explores a project, copies what answers, watches a file change, reads the cache, asks.
Each step waits for what it must show; where that never comes the run ends. Needs tmux, and mnemo installed.

``python benchmarks/session_capture.py PROJECT OUT [--mnemo COMMAND] [--size 100x30]``
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_LIMIT = 90.0


class Tmux:
    """One tmux server of its own with one window."""

    def __init__(self, folder: Path, size: tuple[int, int], env: dict[str, str], out: Path) -> None:
        self._socket = str(folder / "tmux")
        self._env = env
        self._out = out
        self._shots = 0
        width, height = size
        self._call("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "sh")
        self._call("set", "-g", "set-clipboard", "on")

    def _call(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            env=self._env,
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
        if done.returncode:
            raise SystemExit(f"tmux {arguments[0]}: {done.stderr.strip()}")
        return done.stdout

    @property
    def screen(self) -> str:
        """What stands there now."""
        return self._call("capture-pane", "-p")

    @property
    def clipboard(self) -> str:
        """What was copied last."""
        return self._call("show-buffer")

    def type(self, text: str) -> None:
        """Type letters as they stand."""
        self._call("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names, Escape apart from what follows: together they are one with Alt."""
        for key in keys:
            self._call("send-keys", key)
            if key == "Escape":
                time.sleep(0.3)

    def until(self, *texts: str) -> None:
        """Wait until all of it is shown."""
        end = time.monotonic() + _LIMIT
        while not all(text in (screen := self.screen) for text in texts):
            if time.monotonic() > end:
                raise SystemExit(f"{texts} never came; there stood:\n{screen}")
            time.sleep(0.05)

    def shot(self, title: str) -> None:
        """Keep what is shown, once it has come to rest."""
        before = ""
        end = time.monotonic() + 5
        while (now := self.screen) != before and time.monotonic() < end:
            before = now
            time.sleep(0.4)
        self._shots += 1
        name = f"{self._shots:02}-{title.replace(' ', '-')}.txt"
        (self._out / name).write_text(f"{now.rstrip()}\n", encoding="utf-8")
        print(name)

    def close(self) -> None:
        """End the server."""
        subprocess.run(
            ["tmux", "-S", self._socket, "kill-server"], capture_output=True, check=False, timeout=30
        )


def _session(tmux: Tmux, mnemo: str, project: Path) -> None:
    tmux.type(f"cd {shlex.quote(str(project))} && {mnemo}\n")
    tmux.until("Start a journal")
    tmux.shot("first run")
    tmux.press("Escape")
    tmux.until("Timeline", "Mind")
    tmux.shot("nothing written yet")
    for text, concept, feeling in (
        ("Walked to the harbour before work. The sea was flat as glass.", "Sea", "serenity"),
        ("The migration failed twice; the third time I read the docs first.", "Work", "pride"),
        ("Called my sister. We laughed about the summer of the broken tent.", "Family", "nostalgia"),
    ):
        tmux.press("n")
        tmux.until("What happened?")
        tmux.type(text)
        tmux.until("draft kept")
        tmux.shot(f"writing {concept}")
        for word in (concept, feeling):
            tmux.press("Tab")
            tmux.type(word)
        tmux.until(feeling)
        tmux.press("F2")
        tmux.until(text[:12], "All memories")
    tmux.shot("three memories")
    tmux.press("/")
    tmux.type("harb")
    tmux.until("harb")
    tmux.shot("searching")
    tmux.press("Enter")
    tmux.press("Escape")
    tmux.press("Escape")
    tmux.press("2")
    tmux.shot("arc")
    tmux.press("3")
    tmux.until("index this folder")
    tmux.shot("explore without an index")
    tmux.press("i")
    tmux.until("i stops")
    tmux.shot("indexing")
    tmux.until("chunks")
    tmux.shot("indexed")
    tmux.type("where is the csrf token checked")
    tmux.until("pieces")
    tmux.shot("asked")
    tmux.press("Enter")
    tmux.press("Down", "Space")
    tmux.until("1 pinned")
    tmux.press("y")
    tmux.shot("copied")
    copied = tmux.clipboard
    print(f"copied: {len(copied):,} characters, {copied.splitlines()[0] if copied else 'nothing'!r}")
    tmux.press("W")
    tmux.until("watching")
    new = project / "harbour_master.py"
    new.write_text(
        'def berth_for(ship):\n    """The berth that a ship is given in the harbour."""\n    return ship\n'
    )
    tmux.press("/")
    tmux.press("C-u")
    tmux.until("words, a symbol")
    tmux.type("berth for a ship")
    tmux.until("berth_for")
    tmux.shot("watched")
    tmux.press("Enter")
    tmux.press("W")
    tmux.press("4")
    tmux.shot("cache")
    tmux.press("r")
    tmux.shot("replay")
    tmux.press("5")
    tmux.until("What do you want to know?")
    tmux.type("what did I do at the sea?")
    tmux.press("Enter")
    tmux.until("harbour")
    tmux.shot("asked the mind")
    tmux.press("Escape")
    tmux.press("?")
    tmux.shot("help")
    tmux.press("Escape")
    tmux.press("C-q")
    tmux.until(f"&& {mnemo}")  # the shell's own screen again
    tmux.type("echo left with $?\n")
    tmux.until("left with 0")
    tmux.shot("left")


def main() -> None:
    """Run the session and say where its captures are."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("project", type=Path, help="a project; a copy of it is indexed")
    arguments.add_argument("out", type=Path, help="where the captures go")
    arguments.add_argument("--mnemo", default=str(Path(sys.executable).with_name("mnemo")))
    arguments.add_argument("--size", default="100x30")
    chosen = arguments.parse_args()
    width, height = map(int, chosen.size.split("x"))
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        project = home / "project"
        shutil.copytree(chosen.project, project, ignore=shutil.ignore_patterns(".mnemosyne"), symlinks=True)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        env = {**kept, "HOME": folder, "PS1": "$ ", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}
        tmux = Tmux(home, (width, height), env, chosen.out)
        try:
            _session(tmux, chosen.mnemo, project)
        finally:
            tmux.close()


if __name__ == "__main__":
    main()
