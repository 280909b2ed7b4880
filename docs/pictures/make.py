"""Draw README's pictures: each pane of the app as it is, over the demo journal and a small project.

python docs/pictures/make.py [FOLDER]

The same at every run: ids, clocks, the zone and the size are fixed, and no font is fetched from anywhere.
The code panes look at ``library/`` beside this script, which stays as it is when mnemo's own code changes.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from mnemo.retrieval.engine import RetrievalEngine
from mnemo.settings import places_beside
from mnemo.storage import MemoryDB
from mnemo.storage.memory import Memory, new_record
from mnemo.tui.backend import Backend
from mnemo.tui.demo import demo_records
from mnemo.tui.opening import Opening
from mnemo.tui.shell import MnemoApp
from mnemo.tui.theme_watch import read
from mnemo.tui.timeline.model import Query
from mnemo.tui.timeline.reading import head
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

HERE: Final = Path(__file__).parent
SIZE: Final = (120, 36)


def memories() -> list[Memory]:
    """The demo's memories, with the same ids at every run."""
    ids: dict[str, str] = {}
    made = []
    for number, record in enumerate(demo_records()):
        memory_id = str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_OID, f"demo {number}").bytes, version=4))
        ids[record["at"].strftime("%Y-%m-%d %H:%M")] = memory_id
        if "revisits" in record:
            record["revisits"] = ids[record["revisits"]]
        made.append(new_record(**record, memory_id=memory_id))
    return made


class Sitting:
    """Somebody at the app: presses keys, and waits for what each sets going."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self._pilot = pilot
        self.app: Any = pilot.app

    async def settle(self) -> None:
        """Wait until no worker runs and no message waits."""
        quiet = 0
        while quiet < 3:
            await self._pilot.pause()
            busy = any(not worker.is_finished for worker in self.app.workers)
            quiet = 0 if busy else quiet + 1

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self._pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*({" ": "space", "?": "question_mark"}.get(char, char) for char in text))


async def timeline(sitting: Sitting) -> None:
    """A memory that has layers, under the cursor."""
    await sitting.press("j", "j", "j")


async def arc(sitting: Sitting) -> None:
    """One concept, and what is said of it."""
    await sitting.press("c", "down", "enter", "R")


async def explore(sitting: Sitting) -> None:
    """A question with its answer in a small budget, one result pinned."""
    await sitting.type("how is a late book fined")
    await sitting.press("down", "b")
    sitting.app.screen.query_one(Input).value = "500"
    await sitting.press("enter", "down", "space")


async def cache(sitting: Sitting) -> None:
    """A made-up workload, in the middle of its replay."""
    pane = sitting.app.pane
    pane.play("mixed")
    await sitting.settle()
    pane.action_step(7_950)
    await sitting.settle()


async def mind(sitting: Sitting) -> None:
    """A question, answered without a model."""
    await sitting.type("When did Father play the piano")
    await sitting.press("enter")
    pane = sitting.app.pane
    pane.turns[0].found = replace(pane.turns[0].found, seconds=0.2)  # as long as it may take
    pane.talk.draw()
    await sitting.press("escape", "down")


PANES: Final[dict[str, Callable[[Sitting], Awaitable[None]]]] = {
    "timeline": timeline,
    "arc": arc,
    "explore": explore,
    "cache": cache,
    "mind": mind,
}


async def draw(pane: str, log: Path, project: Path) -> str:
    """One pane as SVG."""
    opening = Opening(lambda: MemoryDB(log), lambda db: head(db, Query()))
    themes = read(None).themes
    backend = Backend(
        opening, places_beside(log).drafts_dir, log.with_name("filters.toml"), project_dir=project
    )
    app = MnemoApp(
        backend, theme=themes["dark"], pane=pane, name="demo", after_first_frame=lambda: read(None)
    )
    app.animation_level = "none"
    async with app.run_test(size=SIZE) as pilot:
        sitting = Sitting(pilot)
        await sitting.settle()
        await PANES[pane](sitting)
        app.clear_notifications()
        for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
            field.cursor_blink = False
        await sitting.settle()
        picture = app.export_screenshot(title="mnemo")
    opening.close()
    return without_fonts(picture)


def without_fonts(picture: str) -> str:
    """The picture with the reader's own monospaced font: a page that shows it fetches nothing."""
    picture = re.sub(r"\s*@font-face \{.*?\}\n", "\n", picture, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]*;", "font-family: monospace;", picture)


def main(folder: Path) -> None:
    """Draw every pane into ``folder``."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnemo-pictures-")))
        os.environ |= {"TZ": "UTC", "HOME": str(home), "MNEMO_CONFIG": str(home / "config")}
        for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
            os.environ.pop(name, None)
        time.tzset()
        # Stages that take no time: the milliseconds of a query are not part of a picture.
        still = SimpleNamespace(perf_counter=lambda: 0.0)
        stack.enter_context(patch("mnemo.retrieval.trace.time", still))
        log = home / "demo.mnheme"
        with MemoryDB(log, fsync_policy="never") as db:
            db.append_memories(memories())
        project = Path(shutil.copytree(HERE / "library", home / "library"))
        with RetrievalEngine.open(project) as engine:
            engine.ingest()
        os.chdir(home)
        for pane in PANES:
            (folder / f"{pane}.svg").write_text(asyncio.run(draw(pane, log, project)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else HERE)
