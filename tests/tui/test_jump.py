"""Jump: each place has its letter, and the letter goes there."""

from __future__ import annotations

import pytest
from mnemo.tui.jump.screen import Jump, Target, _labels, targets
from mnemo.tui.timeline.filters import FilterPanel
from mnemo.tui.timeline.list import MemoryList


async def test_a_letter_goes_to_its_place(driven, journal):
    async with driven(journal) as app:
        assert isinstance(app.app.focused, MemoryList)
        await app.press("f6")
        places = {type(target.place): target for target in app.app.screen.places}
        target = places[FilterPanel]
        line = app.screen_text.splitlines()[target.at.y]
        assert line[target.at.x] == target.label
        await app.press(target.label)
        assert isinstance(app.app.focused, FilterPanel)


async def test_every_place_that_is_seen_has_one_and_none_other(driven, journal):
    async with driven(journal, (120, 40)) as app:
        chain = [widget for widget in app.app.screen.focus_chain if widget.region]
        labelled = [target.place for target in targets(app.app.screen) if not isinstance(target.place, str)]
        assert set(chain) == set(labelled)
        assert len(chain) > 2


async def test_a_tab_goes_by_its_own_key_and_escape_stays(driven, journal):
    async with driven(journal) as app:
        await app.press("ctrl+o", "2")
        assert app.app.pane.id == "arc"
        before = app.app.focused
        await app.press("f6", "escape")
        assert not isinstance(app.app.screen, Jump)
        assert app.app.focused is before
        await app.press("f6", "0")
        assert not isinstance(app.app.screen, Jump), "a key that leads nowhere leaves"
        assert app.app.focused is before


async def test_it_is_clicked_and_left_when_all_moves(driven, journal):
    async with driven(journal) as app:
        await app.press("f6")
        target = next(each for each in app.app.screen.places if isinstance(each.place, FilterPanel))
        await app.pilot.click(offset=target.at)
        await app.settle()
        assert isinstance(app.app.focused, FilterPanel)
        await app.press("f6")
        await app.pilot.resize_terminal(60, 20)
        await app.until(lambda: not isinstance(app.app.screen, Jump))


async def test_while_writing_it_goes_from_field_to_field(driven, journal):
    async with driven(journal) as app:
        await app.press("n", "ctrl+o")
        target = next(each for each in app.app.screen.places if getattr(each.place, "id", "") == "tags")
        await app.press(target.label)
        assert app.app.focused.id == "tags"
        assert app.app.focused.value == ""


def test_labels_are_of_one_length():
    assert _labels(3) == ["a", "s", "d"]
    many = _labels(30)
    assert len(set(many)) == 30
    assert {len(label) for label in many} == {2}
    assert Target("a", None, "arc").at is None


@pytest.mark.parametrize(("size", "theme"), [((80, 24), "dark"), ((40, 12), "light"), ((80, 24), "mono")])
async def test_as_a_picture(driven, journal, looks_as_before, size, theme):
    async with driven(journal, size, theme=theme) as app:
        await app.press("f6")
        await looks_as_before(app)
