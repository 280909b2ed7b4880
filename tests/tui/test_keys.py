"""Every key of the Timeline, on the state and messages that it changes."""

from __future__ import annotations

import base64
import json
import time

import pytest
from mnemo.settings import Settings
from mnemo.storage import MemoryDB
from mnemo.storage.feelings import Feeling
from mnemo.tui.chrome import Blank
from mnemo.tui.composer.screen import Composer
from mnemo.tui.dialogs.choice import Choice
from mnemo.tui.dialogs.help import HelpScreen
from mnemo.tui.dialogs.prompt import Prompt
from mnemo.tui.timeline.filters import FilterPanel
from mnemo.tui.timeline.model import Query
from mnemo.tui.timeline.search_bar import SearchBar


async def test_the_newest_memory_is_under_the_cursor_and_shown_in_full(driven, journal):
    async with driven(journal) as app:
        assert app.pane.memories.cursor == 0
        assert app.shown.startswith("Counting, at the oak table")
        assert len(app.pane.memories.listing.refs) == 277


@pytest.mark.parametrize(("keys", "place"), [
    ("j", 1), ("down", 1), ("j j k", 1), ("down down up", 1), ("G", 276), ("end", 276), ("end home", 0),
    ("G g", 0), ("k", 0), ("end down", 276),
])  # fmt: skip
async def test_the_cursor_moves_by_arrows_and_by_vim(driven, journal, keys, place):
    async with driven(journal) as app:
        await app.press(*keys.split())
        assert app.pane.memories.cursor == place
        assert app.pane.detail.detail.ref == app.pane.memories.current_ref


async def test_pages_and_days(driven, journal):
    async with driven(journal) as app:
        await app.press("pagedown")
        page = app.pane.memories.cursor
        assert page > 3
        await app.press("ctrl+f", "pageup", "ctrl+b")
        assert app.pane.memories.cursor == 0
        await app.press("right_square_bracket", "right_square_bracket")
        two_days = app.pane.memories.cursor
        assert two_days == 2
        await app.press("left_square_bracket")
        assert app.pane.memories.cursor == 1


async def test_rows_far_down_are_read_when_they_are_reached(driven, journal):
    async with driven(journal) as app:
        assert app.pane.memories.row_at(276) is None
        await app.press("end")
        assert app.pane.memories.row_at(276).excerpt.startswith("Midnight on the shop floor")


async def test_f_goes_through_the_feelings_and_back_to_all(driven, journal):
    async with driven(journal) as app:
        seen = []
        for _ in Feeling:
            await app.press("f")
            (feeling,) = app.pane.asked.feelings
            assert str(app.pane.current.feeling) == feeling
            seen.append(feeling)
        assert seen == [str(feeling) for feeling in Feeling]
        await app.press("f")
        assert app.pane.asked == Query()


async def test_filters_are_switched_in_their_panel(driven, journal):
    async with driven(journal) as app:
        await app.press("F")
        assert isinstance(app.app.focused, FilterPanel)
        await app.press("down", "space")
        assert app.pane.asked.feelings == {"joy"}
        await app.press("j", "enter")
        assert app.pane.asked.feelings == {"joy", "sadness"}
        assert len(app.pane.memories.listing.refs) == 37 + 21
        await app.press("k", "space")
        assert app.pane.asked.feelings == {"sadness"}
        await app.press("right_square_bracket", "space")
        assert app.pane.asked.concepts == {"Father"}
        assert {m.concept for m in (app.pane.current,)} == {"Father"}
        await app.press("F", "c")
        assert app.pane.asked == Query()


async def test_a_filter_keeps_the_memory_under_the_cursor_if_it_can(driven, journal):
    async with driven(journal) as app:
        await app.press("j", "j")
        before = app.pane.memories.current_ref
        feeling = str(app.pane.current.feeling)
        app.pane.ask(app.pane.asked.toggled("feelings", feeling), keep=True)
        await app.settle()
        assert app.pane.memories.current_ref == before
        assert 0 < len(app.pane.memories.listing.refs) < 277


async def test_feelings_are_counted_under_the_other_filters(driven, journal):
    async with driven(journal) as app:
        app.pane.ask(Query(concepts=frozenset({"Debt"})))
        await app.settle()
        assert sum(app.pane.facets.shown.values()) == 19
        assert app.pane.facets.shown["love"] == 0


async def test_search_narrows_with_each_key_and_escape_ends_it(driven, journal):
    async with driven(journal) as app:
        await app.press("slash")
        assert isinstance(app.app.focused, SearchBar)
        await app.type("rig")
        assert app.pane.memories.listing.query.text == "rig"
        before = set(app.pane.memories.listing.refs)
        await app.press("backspace", "backspace")
        await app.type("ieg")
        assert app.pane.memories.listing.query.text == "rieg", "the word being typed may go on"
        assert set(app.pane.memories.listing.refs) != before
        await app.type("er")
        found = app.pane.memories.listing
        assert found.best
        assert all("Rieger" in row.excerpt or row.concept for row in found.best)
        await app.press("down", "j")
        assert app.pane.memories.has_focus
        assert app.pane.memories.cursor == 1
        await app.press("slash", "escape")
        assert app.pane.asked.text == ""
        assert not app.app.query(SearchBar)
        assert len(app.pane.memories.listing.refs) == 277


async def test_search_joins_the_filters(driven, journal):
    async with driven(journal) as app:
        await app.press("f", "slash")
        await app.type("garden")
        assert app.pane.asked.feelings == {"joy"}
        assert {row.feeling for row in app.pane.memories.listing.best} == {"joy"}


async def test_t_jumps_to_a_date(driven, journal):
    async with driven(journal) as app:
        await app.press("t")
        assert isinstance(app.app.screen, Prompt)
        await app.type("2022-05-16")
        assert "2022" in app.screen_text
        await app.press("enter")
        assert app.pane.current.timestamp.startswith("2022-05-16T09:30")
        await app.press("t")
        await app.type("the day of days")
        await app.press("enter")
        assert isinstance(app.app.screen, Prompt)
        assert "cannot read" in app.screen_text
        await app.press("escape")
        assert app.pane.current.timestamp.startswith("2022-05-16T09:30")


async def test_a_date_range_is_a_filter(driven, journal):
    async with driven(journal) as app:
        await app.press("D")
        await app.type("2020 .. 2021-06")
        await app.press("enter")
        years = {app.pane.memories.listing.times[0], app.pane.memories.listing.times[-1]}
        assert app.pane.asked.dates == "2020 .. 2021-06"
        assert [time.gmtime(us / 1e6).tm_year for us in sorted(years)] == [2020, 2021]
        assert "2020 .. 2021-06" in app.screen_text


async def test_y_copies_through_the_terminal(driven, journal):
    async with driven(journal) as app:
        written = []
        app.app._driver.write = written.append
        await app.press("y")
        (sequence,) = [text for text in written if text.startswith("\x1b]52;c;")]
        assert base64.b64decode(sequence[7:-1]).decode() == app.shown


async def test_enter_reads_and_escape_comes_back(driven, journal):
    async with driven(journal, size=(40, 12)) as app:
        assert not app.pane.detail.display
        await app.press("enter")
        assert app.pane.detail.has_focus
        assert app.pane.detail.display
        await app.press("escape")
        assert app.pane.memories.has_focus
        assert not app.pane.detail.display


async def test_layers_are_chosen_and_gone_to(driven, journal):
    async with driven(journal) as app:
        assert app.pane.detail.detail.layers[0].relation == "revisits"
        await app.press("enter", "right_square_bracket", "enter")
        assert app.shown.startswith("Midnight on the shop floor")
        assert app.pane.memories.cursor == 276
        layers = {layer.relation for layer in app.pane.detail.detail.layers}
        assert layers == {"revisited by", "concept"}


async def test_a_layer_that_the_filters_leave_out_is_shown_all_the_same(driven, journal):
    async with driven(journal) as app:
        app.pane.ask(Query(feelings=frozenset({"serenity"})))
        await app.settle()
        await app.press("enter", "right_square_bracket", "enter")
        assert app.shown.startswith("Midnight on the shop floor")
        assert app.pane.memories.cursor == 0


async def test_s_keeps_filters_under_a_name(driven, journal, tmp_path):
    async with driven(journal) as app:
        app.pane.ask(Query(feelings=frozenset({"joy"}), concepts=frozenset({"Piano"})))
        await app.settle()
        await app.press("S")
        await app.type("Bright keys")
        await app.press("enter")
        assert "Bright keys" in app.pane.saved
        await app.press("c")
        assert app.pane.asked == Query()
    async with driven(journal) as app:
        assert app.pane.saved["Bright keys"].concepts == {"Piano"}
        await app.press("F", "down", "space")
        assert app.pane.asked.feelings == {"joy"}
        await app.press("delete")
        assert not app.pane.saved
    assert (tmp_path / "config" / "filters.toml").stat().st_mode & 0o777 == 0o600


async def test_e_exports_what_the_list_shows(driven, journal, tmp_path):
    target = tmp_path / "out.jsonl"
    async with driven(journal) as app:
        app.pane.ask(Query(concepts=frozenset({"Debt"})))
        await app.settle()
        await app.press("E")
        app.app.screen.query_one("Input").value = str(target)
        await app.press("enter")
        assert any("19 memories" in toast for toast in app.toasts)
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert {line["concept"] for line in lines} == {"Debt"}
    assert len(lines) == 19


async def test_question_mark_tells_the_keys_of_where_the_focus_is(driven, journal):
    async with driven(journal) as app:
        await app.press("question_mark")
        assert isinstance(app.app.screen, HelpScreen)
        titles = [title for title, _, _ in app.app.screen.parts]
        assert titles == ["Memories", "Timeline", "Everywhere"]
        keys = dict(app.app.screen.parts[1][2])
        assert keys["n"] == "Write a memory"
        assert "r" in keys
        assert "d" not in keys, "no draft waits, so its key is not offered"
        await app.press("escape", "F", "question_mark")
        assert app.app.screen.parts[0][0] == "Filters"


async def test_the_palette_offers_what_is_valid_now(driven, journal):
    async with driven(journal) as app:
        await app.press("ctrl+p")
        await app.type("only feeling love")
        await app.until(lambda: app.app.screen.query_one("CommandList").option_count == 1)
        await app.press("down", "enter")
        await app.until(lambda: app.pane.asked.feelings == {"love"})


async def test_themes_preview_and_escape_reverts(driven, journal):
    saved = []
    async with driven(journal, save_setting=lambda *kept: saved.append(kept)) as app:
        await app.press("ctrl+t")
        assert isinstance(app.app.screen, Choice)
        await app.press("j")
        assert app.app.theme == "light"
        assert app.pane.memories.ink.theme.name == "light"
        await app.press("escape")
        assert app.app.theme == "dark"
        assert app.pane.memories.ink.theme.name == "dark"
        assert saved == []
        await app.press("ctrl+t", "j", "j", "enter")
        assert app.app.theme == "contrast"
        assert saved == [("app.theme", "contrast")]


async def test_one_key_hides_everything_and_any_key_shows_it_again(driven, journal):
    async with driven(journal) as app:
        await app.press("f9")
        assert isinstance(app.app.screen, Blank)
        assert not app.screen_text.strip()
        await app.press("n")
        assert not isinstance(app.app.screen, (Blank, Composer))
        await app.press("n", "f9")
        assert isinstance(app.app.screen, Blank), "while writing, too"


async def test_keys_can_be_given_others(driven, journal):
    async with driven(journal, settings=Settings(keymap={"timeline.compose": "w", "list.down": "e"})) as app:
        await app.press("e")
        assert app.pane.memories.cursor == 1
        await app.press("n")
        assert not isinstance(app.app.screen, Composer)
        await app.press("w")
        assert isinstance(app.app.screen, Composer)


async def test_every_binding_has_an_id_and_a_tooltip(driven, journal):
    async with driven(journal) as app:
        await app.press("enter")
        nodes = [app.app, app.pane, app.pane.memories, app.pane.panel, app.pane.detail]
        bindings = [
            b for node in nodes for _, b in node._bindings if type(node).__module__.startswith("mnemo")
        ]
        own = [b for b in bindings if b.id and "." in b.id]
        assert len(own) > 60
        assert all(b.tooltip for b in own)


async def test_the_mouse_works(driven, journal):
    async with driven(journal) as app:
        await app.pilot.click("#list", offset=(10, 5))
        await app.settle()
        assert app.pane.memories.cursor == 1
        await app.pilot.click("#filters", offset=(5, 4))
        await app.settle()
        assert app.pane.asked.feelings == {"joy"}


async def test_a_memory_of_another_process_appears_and_nothing_moves(driven, journal):
    async with driven(journal) as app:
        await app.press("j", "j", "j")
        reading = app.pane.memories.current_ref
        line = app.pane.memories._cursor_line() - app.pane.memories.scroll_offset.y
        with MemoryDB(journal) as other:
            other.remember("Father", "joy", "Written elsewhere")
        await app.until(lambda: len(app.pane.memories.listing.refs) == 278)
        await app.settle()
        assert app.pane.memories.current_ref == reading
        assert app.pane.memories.cursor == 4
        assert app.pane.facets.total == 278
        await app.press("pagedown", "pagedown")
        reading = app.pane.memories.current_ref
        line = app.pane.memories._cursor_line() - app.pane.memories.scroll_offset.y
        with MemoryDB(journal) as other:
            other.remember("Father", "joy", "And again")
        await app.until(lambda: len(app.pane.memories.listing.refs) == 279)
        await app.settle()
        assert app.pane.memories.current_ref == reading
        assert app.pane.memories._cursor_line() - app.pane.memories.scroll_offset.y == line


async def test_an_empty_journal_says_what_it_is_for(driven, tmp_path):
    async with driven(tmp_path / "new.mnheme") as app:
        assert "write the first one" in app.screen_text
        await app.press("j", "enter", "f", "y", "r", "t", "o")
        assert not app.pane.memories.listing.refs
        await app.press("n")
        assert isinstance(app.app.screen, Composer)
        assert not (tmp_path / "new.mnheme").exists(), "looking writes nothing"


async def test_quitting(driven, journal):
    async with driven(journal) as app:
        await app.pilot.press("q")
        await app.until(lambda: not app.app.is_running)


async def test_escape_leaves_the_filters_for_the_list_and_keeps_them(driven, journal):
    async with driven(journal) as app:
        await app.press("F", "down", "space")
        assert app.pane.panel.has_focus
        await app.press("escape")
        assert app.pane.memories.has_focus
        assert app.pane.asked.feelings == {"joy"}
        await app.press("escape")
        assert not app.pane.asked.feelings


async def test_a_notice_leaves_with_its_pane_and_a_fault_does_not(driven, journal):
    async with driven(journal) as app:
        app.app.notify("Copied")
        app.app.notify("No space", severity="error")
        await app.settle()
        assert app.toasts == ["Copied", "No space"]
        await app.press("2")
        assert app.toasts == ["No space"]
