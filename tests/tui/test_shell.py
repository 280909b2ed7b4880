"""The shell: settings that change how things are written, landing on a memory, tabs."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from mnemo.cli.tui import PANES as NAMED
from mnemo.settings import Settings
from mnemo.tui.dialogs.help import HelpScreen
from mnemo.tui.panes import PANES, MemoryWanted
from mnemo.tui.timeline.model import Query
from rich.cells import cell_len
from textual.screen import ModalScreen


def test_the_command_line_names_the_panes_that_there_are():
    assert tuple(entry.name for entry in PANES) == NAMED
    assert len({entry.key for entry in PANES}) == len(PANES)


async def test_times_and_feelings_are_written_as_the_settings_say(driven, journal):
    async with driven(journal, size=(160, 50)) as app:
        english = app.screen_text
    settings = Settings(time_format="12h", language="it", first_weekday="sunday")
    async with driven(journal, size=(160, 50), settings=settings) as app:
        assert " PM " in app.screen_text
        assert " PM " not in english
        assert "serenità" in app.screen_text
        assert "serenity" not in app.screen_text
        assert app.app.ink.dates.first_weekday == 6
        app.app.theme = "light"
        await app.settle()
        assert "serenità" in app.screen_text, "in another theme, too"


async def test_landing_on_a_memory_lifts_the_filters_that_hide_it(driven, journal):
    async with driven(journal) as app:
        await app.press("end")
        oldest = app.pane.current
        app.pane.ask(Query(feelings=frozenset({"joy"}) - {str(oldest.feeling)}, text="zebra"))
        await app.settle()
        assert app.pane.current != oldest
        app.pane.post_message(MemoryWanted(oldest.memory_id))
        await app.settle()
        assert app.pane.current == oldest
        assert app.pane.asked == Query()
        await app.press("home")
        newest = app.pane.memories.current_ref
        await app.press("end")
        app.pane.post_message(MemoryWanted(newest))
        await app.settle()
        assert app.pane.memories.cursor == 0


def shape(app) -> tuple[int, int]:
    """The columns and lines that are drawn."""
    lines = app.screen_text.splitlines()
    return cell_len(lines[0]), len(lines)


async def test_every_pane_is_whole_at_any_size_and_while_it_changes(driven, journal, tmp_path):
    async with driven(journal, (80, 24), project=tmp_path) as app:
        for pane in PANES:
            await app.app.show_pane(pane.name)
            for width, height in ((40, 12), (300, 100), (64, 18), (20, 5), (160, 36), (80, 24)):
                await app.pilot.resize_terminal(width, height)
                await app.until(lambda size=(width, height): shape(app) == size)
                await app.settle()
                lines = app.screen_text.splitlines()
                assert {cell_len(line) for line in lines} == {width}, (pane.name, width)
                assert lines[0].startswith((" mnemo ", " 1 ")), "the tabs"
                assert app.app.focused is not None, (pane.name, width, height, "keys go somewhere")


async def test_what_waits_for_a_frame_does_not_hang_on_a_screen_that_lies_over_it(driven, journal):
    async with driven(journal) as app:
        called: list[str] = []
        over, free = ModalScreen[None](), asyncio.Event()
        await app.app.push_screen(over)
        await app.settle()
        over.call_later(free.wait)  # what is left to it now is never done if it is closed
        app.pane.after_frame(called.append, "once")
        async with asyncio.timeout(60):
            while not called:
                await asyncio.sleep(0.005)
        free.set()
        over.dismiss()
        await app.settle()
        assert called == ["once"]


async def test_tabs_and_keys_are_clicked(driven, journal):
    async with driven(journal, (120, 40)) as app:
        lines = app.screen_text.splitlines()
        await app.pilot.click("#tabs", offset=(lines[0].index("Arc"), 0))
        await app.settle()
        assert app.app.pane.id == "arc"
        await app.pilot.click("#keys", offset=(app.screen_text.splitlines()[-1].index("Help"), 0))
        await app.settle()
        assert isinstance(app.app.screen, HelpScreen)


async def test_without_animations_nothing_moves_by_itself(driven, journal):
    async with driven(journal, settings=Settings(animations=True)) as app:
        app.app.use_settings(Settings(animations=False))
        assert app.app.animation_level == "none"
        app.app.use_settings(Settings())
        assert app.app.animation_level == "full"


@pytest.mark.parametrize("key", ["n", "question_mark", "ctrl+p"])
async def test_a_screen_that_is_closed_leaves_nothing_behind(driven, journal, key):
    def drawn(screen):
        widgets = screen.walk_children(with_self=True)
        return [weakref.ref(each) for widget in widgets for each in (widget, widget._styles_cache)]

    def kept():
        gc.collect()
        return [each() for each in left if each() is not None]

    async with driven(journal) as app:
        await app.press(key)
        assert len(app.app.screen_stack) == 2
        left = drawn(app.app.screen)
        await app.press("escape")
        assert len(app.app.screen_stack) == 1
        await app.until(lambda: not kept())
