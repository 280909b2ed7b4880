"""The user's own keys: which actions there are, and what of a keymap cannot be, in words.

``python -m mnemo.tui.keymap`` reads a keymap as JSON and writes its faults: the command line asks in a
process of its own, so that no verb loads a screen.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key
from textual.screen import ModalScreen, Screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Action", "actions", "clashes", "faults", "sound", "unusable"]

_MODIFIERS: Final = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_SIGNS: Final = frozenset(_character_to_key(chr(code)) for code in range(0x21, 0x7F))
_NAMED: Final = frozenset(key.value.rpartition("+")[2] for key in Keys) | {"space"}


class Action(NamedTuple):
    """Something that keys do: its id, where it does it, and the keys it has by default."""

    name: str
    place: type[DOMNode]
    keys: tuple[str, ...]
    first: bool
    """Whether it acts before all others."""

    @property
    def title(self) -> str:
        """What the place is called."""
        return str(getattr(self.place, "HELP_TITLE", "") or self.place.__name__)


@cache
def actions() -> tuple[Action, ...]:
    """Every action of every place of the app; loads all of them."""
    package = str(__package__)
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if module.name != f"{package}.keymap":
            importlib.import_module(module.name)
    found: dict[tuple[str, type[DOMNode]], list[Binding]] = {}
    for place in _below(DOMNode):
        if place.__module__.startswith(package):
            for binding in Binding.make_bindings(place.__dict__.get("BINDINGS", ())):
                if binding.id is not None:
                    found.setdefault((binding.id, place), []).append(binding)
    return tuple(
        Action(name, place, tuple(each.key for each in bindings), bindings[0].priority)
        for (name, place), bindings in found.items()
    )


def _below(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _is_key(text: str) -> bool:
    *modifiers, key = text.split("+") if text != "+" else (text,)
    known = len(key) == 1 or key in _NAMED or key in _SIGNS
    return known and all(each in _MODIFIERS for each in modifiers)


def _normal(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key


def _split(keys: str) -> list[str]:
    return [each.strip() for each in keys.split(",")]


def sound(keymap: Mapping[str, str]) -> dict[str, str]:
    """What of a keymap can be used: known actions, with keys that there are."""
    known = {action.name for action in actions()}
    return {name: keys for name, keys in keymap.items() if name in known and all(map(_is_key, _split(keys)))}


def faults(keymap: Mapping[str, str]) -> list[str]:
    """All that is wrong with a keymap, a line each: unknown actions and keys, and one key for two actions."""
    return [*unusable(keymap), *clashes(sound(keymap))]


def unusable(keymap: Mapping[str, str]) -> Iterator[str]:
    """Unknown actions and keys."""
    known = sorted({action.name for action in actions()})
    for name, keys in keymap.items():
        if name not in known:
            from difflib import get_close_matches  # noqa: PLC0415 -- most keymaps have no fault

            near = get_close_matches(name, known, 1)
            yield f"there is no action {name}" + (f": did you mean {near[0]}?" if near else "")
            continue
        for key in _split(keys):
            if not _is_key(key):
                yield f"{name}: there is no key {key or 'without a name'}, so it keeps its own"


def clashes(keymap: Mapping[str, str]) -> Iterator[str]:
    """Pairs of which the keymap named one; where an action stands in several places, the first."""
    held: dict[str, list[Action]] = {}
    for action in actions():
        given = keymap.get(action.name)
        for key in action.keys if given is None else map(_normal, _split(given)):
            held.setdefault(key, []).append(action)
    told: set[frozenset[str]] = set()
    for key, holders in held.items():
        for one, other in combinations(holders, 2):
            pair = frozenset((one.name, other.name))
            if len(pair) == 2 and pair & keymap.keys() and pair not in told and _meet(one, other):
                told.add(pair)
                yield f"{key} is both {_in_words(one, other)}"


def _in_words(one: Action, other: Action) -> str:
    inner, outer = sorted((one, other), key=_depth)
    if inner.place is outer.place:
        return f"{inner.name} and {outer.name}"
    meant = outer if outer.first else inner
    return f"{inner.name} and {outer.name}: in {inner.title} it is {meant.name}"


def _depth(action: Action) -> int:
    """How far out a place is."""
    if issubclass(action.place, App):
        return 3
    if issubclass(action.place, Screen):
        return 2
    return 1 if action.place.__module__.endswith(".pane") else 0


def _meet(one: Action, other: Action) -> bool:
    """Whether both could be meant by one key press."""
    if one.place is other.place:
        return True
    inner, outer = sorted((one, other), key=_depth)
    if issubclass(inner.place, ModalScreen) or _depth(inner) == _depth(outer):
        return False
    if _depth(outer) == 3:
        return True
    return _folder(inner) == _folder(outer)


def _folder(action: Action) -> str:
    return action.place.__module__.rpartition(".")[0]


def _write(lines: Iterable[str]) -> None:
    json.dump(list(lines), sys.stdout)


if __name__ == "__main__":
    _write(faults(json.load(sys.stdin)))
