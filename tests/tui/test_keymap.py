"""The user's own keys: every action can have others, and what cannot be is told, once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mnemo import settings as config
from mnemo.settings import Settings
from mnemo.tui.composer.screen import Composer
from mnemo.tui.keymap import actions, faults, sound
from mnemo.tui.settings.screen import SettingsScreen
from textual.binding import Binding
from textual.dom import DOMNode


def below(kind: type) -> list[type]:
    return [each for child in kind.__subclasses__() for each in (child, *below(child))]


def words(app) -> str:
    """The screen without lines."""
    return " ".join(app.screen_text.replace("│", " ").split())


def test_every_binding_of_every_place_has_an_id_of_its_own_and_words():
    assert len({action.name for action in actions()}) > 150
    for place in below(DOMNode):
        if place.__module__.startswith("mnemo."):
            for binding in Binding.make_bindings(place.__dict__.get("BINDINGS", ())):
                assert binding.id, (place, binding.key)
                assert binding.tooltip or binding.description, binding.id


def test_no_two_actions_of_a_place_share_a_key_unless_only_one_is_valid():
    assert faults(
        {action.name: ",".join(action.keys) for action in actions() if action.name[:4] == "app."}
    ) == ["q is both settings.back and app.quit: in Settings it is settings.back"]


@pytest.mark.parametrize(("keymap", "message"), [
    ({"app.blnk": "f9"}, "there is no action app.blnk: did you mean app.blank?"),
    ({"timeline.compose": "ctrl+foo"}, "timeline.compose: there is no key ctrl+foo, so it keeps its own"),
    ({"timeline.compose": "w, "}, "timeline.compose: there is no key without a name, so it keeps its own"),
    ({"timeline.compose": "slash"}, "slash is both timeline.compose and timeline.search"),
    ({"timeline.compose": "/"}, "slash is both timeline.compose and timeline.search"),
    ({"list.down": "n"}, "n is both list.down and timeline.compose: in Memories it is list.down"),
    ({"app.quit": "space"}, "space is both cache.play and app.quit: in Cache it is cache.play"),
    ({"app.blank": "W"}, "W is both explore.watch and app.blank: in Explore it is app.blank"),
])  # fmt: skip
def test_what_cannot_be_is_said(keymap, message):
    assert message in faults(keymap)


@pytest.mark.parametrize("keymap", [
    {}, {"app.blank": "f7"}, {"timeline.compose": "w,ctrl+n,N"}, {"app.quit": "ctrl+shift+f12,€"},
    {"timeline.compose": "z", "timeline.search": "n"}, {"prompt.cancel": "ctrl+c", "choice.cancel": "n"},
])  # fmt: skip
def test_what_can_be_is_not_complained_of(keymap):
    assert faults(keymap) == []
    assert sound(keymap) == keymap


async def test_faults_are_one_message_and_what_is_sound_holds(driven, journal):
    keymap = {"timeline.compose": "ctrl+foo", "timeline.search": "w", "nothing.at_all": "x"}
    async with driven(journal, settings=Settings(keymap=keymap)) as app:
        (message,) = app.toasts
        assert "timeline.compose: there is no key ctrl+foo" in message
        assert "there is no action nothing.at_all" in message
        await app.press("w")
        assert app.app.focused.id == "search"
        await app.press("escape", "n")
        assert isinstance(app.app.screen, Composer), "a key that there is not leaves the one there was"


async def test_tabs_go_by_the_keys_that_they_were_given(driven, journal):
    async with driven(journal, settings=Settings(keymap={"app.arc": "f7"})) as app:
        assert " f7 " in app.screen_text.splitlines()[0]
        assert not app.toasts
        await app.press("f7")
        assert app.app.pane.id == "arc"


async def test_the_settings_screen_refuses_what_cannot_be(driven, journal, home):
    async with driven(journal, save_setting=config.save) as app:
        await app.press("f12")
        assert isinstance(app.app.screen, SettingsScreen)
        options = app.app.screen.query_one("#settings-list")
        options.highlighted = options.get_option_index("own keymap")
        await app.press("enter")
        field = app.app.screen.query_one("Input")
        field.value = "app.blank = ctrl+foo"
        await app.press("enter")
        assert "there is no key ctrl+foo" in words(app)
        field.value = "app.blank = f8"
        await app.settle()
        assert "f8 is both compose.discard and app.blank" in words(app), "but it may"
        await app.press("enter")
        await app.until(lambda: config.load().keymap == {"app.blank": "f8"})


def test_the_command_line_is_told_by_a_process_of_its_own():
    asked = subprocess.run(
        [sys.executable, "-m", "mnemo.tui.keymap"],
        input=json.dumps({"app.blnk": "f9"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(asked.stdout) == ["there is no action app.blnk: did you mean app.blank?"]
