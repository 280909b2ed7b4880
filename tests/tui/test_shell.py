"""The shell: settings that change how things are written, landing on a memory, tabs."""

from __future__ import annotations

from mnemo.cli.tui import PANES as NAMED
from mnemo.settings import Settings
from mnemo.tui.panes import PANES, MemoryWanted
from mnemo.tui.timeline.model import Query


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
