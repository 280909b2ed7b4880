"""The app driven for real: a journal with fixed ids, a fixed zone, no blinking and no motion."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from mnemo.storage import MemoryDB
from mnemo.storage.memory import Memory, new_record
from mnemo.themes import load_themes
from mnemo.tui.backend import Backend
from mnemo.tui.demo import demo_records
from mnemo.tui.explore.pane import ExplorePane
from mnemo.tui.opening import Opening
from mnemo.tui.shell import MnemoApp
from mnemo.tui.theme_watch import Found
from mnemo.tui.timeline.layout import _midnight
from mnemo.tui.timeline.model import Query
from mnemo.tui.timeline.pane import TimelinePane
from mnemo.tui.timeline.reading import head
from pytest_textual_snapshot import SVGImageExtension
from syrupy import SnapshotAssertion
from syrupy.location import PyTestLocation
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

Driven = Callable[..., AbstractAsyncContextManager["Driver"]]
THEMES = load_themes()[0]
LONGEST = 120.0
"""Seconds after which what is under way counts as stuck."""
SNAPSHOTS = Path(__file__).resolve().parents[2] / "snapshots"


@pytest.fixture(autouse=True)
def no_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilot waits for an idle processor after each key; :meth:`Driver.settle` waits for the work."""

    async def turn(*_: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr("textual.app.wait_for_idle", turn)
    monkeypatch.setattr("textual.pilot.wait_for_idle", turn)
    monkeypatch.setattr("mnemo.tui.composer.screen._REST", 0.0)
    monkeypatch.setattr("mnemo.tui.arc.pane._REST", 0.001)


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch):
    """A fixed zone, and a terminal that is always the same."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    _midnight.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    _midnight.cache_clear()


def fixed_memories() -> list[Memory]:
    """The demo's memories with ids that are the same at every run."""
    ids: dict[object, str] = {}
    memories = []
    for number, record in enumerate(demo_records()):
        memory_id = str(uuid.UUID(int=(0xA11CE << 100) | (number * 7919), version=4))
        ids[record["at"].strftime("%Y-%m-%d %H:%M")] = memory_id
        if "revisits" in record:
            record["revisits"] = ids[record["revisits"]]
        memories.append(new_record(**record, memory_id=memory_id))
    return memories


@pytest.fixture(scope="session")
def demo_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The log of the demo journal, made once."""
    path = tmp_path_factory.mktemp("demo") / "demo.mnheme"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        with MemoryDB(path, fsync_policy="never") as db:
            db.append_memories(fixed_memories())
    return path.read_bytes()


@pytest.fixture
def journal(tmp_path: Path, demo_bytes: bytes) -> Path:
    """A journal of its own for each test, with the demo in it."""
    path = tmp_path / "journal.mnheme"
    path.write_bytes(demo_bytes)
    return path


class Driver:
    """The running app, and how a person would use it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.app = pilot.app

    @property
    def pane(self) -> TimelinePane:
        """The Timeline."""
        return self.app.screen_stack[0].query_one(TimelinePane)

    @property
    def explore(self) -> ExplorePane:
        """The Explore pane."""
        return self.app.screen_stack[0].query_one(ExplorePane)

    @property
    def shown(self) -> str:
        """The text of the memory that is shown."""
        return self.pane.current.content

    @property
    def screen_text(self) -> str:
        """Everything on the screen, as plain lines."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    @property
    def toasts(self) -> list[str]:
        """What the app has said in passing."""
        return [note.message for note in self.app._notifications]

    async def settle(self) -> None:
        """Wait until nothing is under way: no worker runs, no message waits, and nothing waits for a frame.

        Fail where that never is.
        """
        quiet = 0
        end = time.monotonic() + LONGEST
        while quiet < 3:
            await self.pilot.pause()
            busy = [worker.description for worker in self.app.workers if not worker.is_finished]
            busy += ["what waits for a frame" for screen in self.app.screen_stack if screen._callbacks]
            quiet = 0 if busy else quiet + 1
            if time.monotonic() > end:
                pytest.fail(f"still at it: {', '.join(busy) or 'messages without end'}")

    async def until(self, met: Callable[[], object]) -> None:
        """Wait for what something outside the app brings about. Fail where that never is."""
        end = time.monotonic() + LONGEST
        while not met():
            if time.monotonic() > end:
                pytest.fail("the condition never came")
            await self.pilot.pause(0.005)

    async def press(self, *keys: str) -> None:
        """Press keys, and wait for what each sets going."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """Type a text, key by key."""
        for char in text:
            await self.pilot.press({" ": "space", "\n": "enter"}.get(char, char))
        await self.settle()


@pytest.fixture
def driven(tmp_path: Path) -> Driven:
    """Run the app on a journal; what is yielded presses its keys."""

    @asynccontextmanager
    async def drive(
        path: Path,
        size: tuple[int, int] = (120, 40),
        *,
        theme: str = "dark",
        first: bool = True,
        opener: Callable[[], MemoryDB] | None = None,
        project: Path | None = None,
        **options: object,
    ) -> AsyncIterator[Driver]:
        opening = Opening(
            opener or (lambda: MemoryDB(path)), (lambda db: head(db, Query())) if first else None
        )
        drafts = path.with_name(f"{path.stem}_drafts")
        backend = Backend(opening, drafts, tmp_path / "config" / "filters.toml", project_dir=project)
        app = MnemoApp(backend, theme=THEMES[theme], after_first_frame=lambda: Found(THEMES), **options)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(pilot)
            await driver.settle()
            yield driver
        backend.finish()
        opening.close()

    return drive


class _Pictures(SVGImageExtension):
    """Snapshots lie together at the top of the repository."""

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(SNAPSHOTS / test_location.basename)


@pytest.fixture
def looks_as_before(snapshot: SnapshotAssertion) -> Callable[..., Awaitable[None]]:
    """Compare the screen with its accepted picture in ``snapshots/``."""
    pictures = snapshot.use_extension(_Pictures)

    async def compare(driver: Driver, *, under_way: bool = False) -> None:
        for field in (*driver.app.screen.query(Input), *driver.app.screen.query(TextArea)):
            field.cursor_blink = False
        if under_way:
            await driver.pilot.pause()
        else:
            await driver.settle()
        assert driver.app.export_screenshot(title="mnemo") == pictures

    return compare
