"""Every key of the five panes is pressed where it can act, and does; every command of the palette runs.

What each key brings about is asserted beside its pane; here none is left out, whatever is added.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import mnemo.tui
import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage import JournalError, MemoryDB
from mnemo.tui.drafts import Draft, DraftStore
from mnemo.tui.panes import PANES
from textual.actions import parse
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

OWN = ("timeline", "arc", "explore", "cache", "mind")
ELSEWHERE = {
    "timeline.open": "starts what the desktop has for a file",
    "explore.open": "hands the terminal to an editor: test_explore",
    "keys.open": "hands the terminal to an editor: test_cache",
    "mind.stop": "while an answer streams: test_mind",
    "arc.write": "only while there are no memories: test_arc",
}


def bound() -> Iterator[tuple[type, Binding]]:
    """Every binding that mnemo declares, with its class."""
    for module in pkgutil.walk_packages(mnemo.tui.__path__, "mnemo.tui."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, DOMNode) and kind.__module__ == module.name:
                for binding in kind.__dict__.get("BINDINGS", ()):
                    if isinstance(binding, Binding) and binding.id is not None:
                        yield kind, binding


def test_keys_have_ids_of_their_own_and_say_what_they_do():
    names: dict[str, str] = {}
    for kind, binding in bound():
        assert binding.tooltip, (kind, binding)
        assert names.setdefault(binding.id, kind.__name__) == kind.__name__, binding.id
    assert len(names) > 150


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.py").write_text(f"def number_{name}():\n    return 1\n" * 3)
    with RetrievalEngine.open(folder) as engine:
        engine.ingest()
        engine.query("number")
    return folder


class Place(NamedTuple):
    """Where keys are pressed: the pane, what leads there, and what is special about it."""

    pane: str
    keys: tuple[str, ...] = ()
    state: str = ""
    size: tuple[int, int] = (120, 40)


TYPED = ("slash", *"number", "down")
PLACES = [
    Place("timeline", ("f",)),
    Place("timeline", ("enter",)),
    Place("timeline", ("f", "F")),
    Place("timeline", ("slash",)),
    Place("arc"),
    *(Place("arc", ("v",) * turns) for turns in (1, 2, 3)),
    Place("explore"),
    Place("explore", TYPED),
    Place("explore", (*TYPED, "right")),
    Place("explore", (*TYPED, "tab", "down")),
    Place("cache"),
    Place("cache", ("r",)),
    Place("cache", (), "", (40, 12)),
    Place("cache", (), "bare"),
    Place("mind"),
    Place("mind", ("escape", "i")),
    Place("mind", (), "proposed"),
    *(Place(entry.name, ("escape",), "broken") for entry in PANES),
]
PRESSED: set[str] = set()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join((place.pane, *place.keys, place.state)))
async def test_keys_act(driven, journal, project, tmp_path, place, monkeypatch):
    monkeypatch.setenv("MNEMO_CONFIG", str(tmp_path / "settings"))
    store = DraftStore(journal.with_name("journal_drafts"))
    draft = dataclasses.replace(Draft.new(), text="Begun")
    store.keep(draft, 1)
    store.release(draft.draft_id)
    acted: list[str] = []
    act = App.run_action

    async def run_action(self: App, action: str, default_namespace: object = None) -> bool:
        ran = await act(self, action, default_namespace)
        if ran:
            acted.append(action)
        return ran

    monkeypatch.setattr(App, "run_action", run_action)

    def opener() -> MemoryDB:
        if place.state == "broken":
            raise JournalError("cannot open it")
        return MemoryDB(journal)

    if place.state == "broken":
        (project / ".mnemosyne" / "config.toml").write_text("[retrieval]\ntoken_budget = 'many'\n")
    folder = tmp_path if place.state == "bare" else project
    async with driven(
        journal, pane=place.pane, project=folder, size=place.size, opener=opener, first=False
    ) as app:
        pane = app.app.pane

        async def go() -> None:
            while len(app.app.screen_stack) > 1:
                app.app.pop_screen()
            await app.app.show_pane(place.pane)
            pane.focus_first()
            await app.settle()
            if place.state == "proposed":
                pane.line.value = "/perceive Walked on the beach"
                await app.press("enter")
            await app.press(*place.keys)

        await go()
        node = app.app.focused
        assert node is not None

        def ready(widget: DOMNode, binding: Binding) -> bool:
            _, name, parameters = parse(binding.action)
            return bool(widget.check_action(name, parameters))

        kinds = [
            type(each) for each in node.ancestors_with_self if type(each).__module__.startswith("mnemo.")
        ]
        for kind in kinds:
            for binding in kind.BINDINGS:
                if binding.id is None or binding.id in {*ELSEWHERE, *PRESSED} or issubclass(kind, App):
                    continue
                holder = holder_of(app, kind)
                there = len(app.app.screen_stack) == 1 and type(app.app.focused) is type(node)
                if not there or holder is None or not ready(holder, binding):
                    await go()
                    holder = holder_of(app, kind)
                if holder is None or not ready(holder, binding):
                    continue
                acted.clear()
                # Twice where it begins something that goes on.
                for _ in range(2 if binding.id == "explore.watch" else 1):
                    await app.pilot.press(binding.key.split(",")[0])
                await app.settle()
                if binding.action in acted:
                    PRESSED.add(binding.id)
                assert app.app.is_running, binding.id


def holder_of(app, kind: type) -> DOMNode | None:
    """Where keys of a class would act now."""
    focused = app.app.focused
    return (
        next((each for each in focused.ancestors_with_self if type(each) is kind), None) if focused else None
    )


def test_none_was_left_out(request: pytest.FixtureRequest):
    if sum(item.name.startswith("test_keys_act") for item in request.session.items) < len(PLACES):
        pytest.skip("looks back on all the places")
    panes = {f"mnemo.tui.{name}" for name in OWN}
    wanted = {
        binding.id
        for kind, binding in bound()
        if kind.__module__.rpartition(".")[0] in panes and binding.id not in ELSEWHERE
    }
    assert len(wanted) > 120
    assert wanted - PRESSED == set()


async def test_every_command_of_the_palette_runs(driven, journal, project):
    async with driven(journal, project=project) as app:
        run = 0
        for entry in PANES:
            pane = await app.app.show_pane(entry.name)
            await app.settle()
            for name, help_text, act in list(getattr(pane, "palette_entries", list)()):
                assert name
                assert help_text
                act()
                await app.settle()
                assert app.app.is_running, name
                run += 1
        assert run > 20
