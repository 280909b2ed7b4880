"""How keys are declared: each with an id, so that settings can give it others, and a word on what it does."""

from __future__ import annotations

from textual.binding import Binding

__all__ = ["key", "moving", "scrolling"]


def key(
    keys: str, action: str, label: str, name: str, tooltip: str, *, show: bool = False, first: bool = False
) -> Binding:
    """A binding; ``name`` is its id, ``show`` puts it in the bar of keys.

    With ``first`` it acts before the focused field takes the key, over dialogs too, and before any key that
    follows: what is typed ahead goes to where the action leads.
    """
    return Binding(keys, action, label, id=name, tooltip=tooltip, show=show, priority=first)


def moving(place: str, thing: str, *, first: str = "First", last: str = "Last") -> list[Binding]:
    """The keys that move a cursor from thing to thing, by arrows and as in vim.

    ``place`` begins their ids; the actions are ``move``, ``page`` and ``edge``.
    """
    return [
        key("down,j", "move(1)", "Down", f"{place}.down", f"The next {thing}"),
        key("up,k", "move(-1)", "Up", f"{place}.up", f"The {thing} before"),
        key("pagedown,ctrl+f", "page(1)", "Page down", f"{place}.page_down", "A page on"),
        key("pageup,ctrl+b", "page(-1)", "Page up", f"{place}.page_up", "A page back"),
        key("home,g", "edge(0)", first, f"{place}.{first.lower()}", f"The {first.lower()} {thing}"),
        key("end,G", "edge(1)", last, f"{place}.{last.lower()}", f"The {last.lower()} {thing}"),
    ]


def scrolling(place: str, *, page_down: str = "pagedown,ctrl+f") -> list[Binding]:
    """The keys that scroll a text, by arrows and as in vim; ``place`` begins their ids."""
    return [
        key("down,j", "scroll_down", "Down", f"{place}.down", "A line down"),
        key("up,k", "scroll_up", "Up", f"{place}.up", "A line up"),
        key(page_down, "page_down", "Page down", f"{place}.page_down", "A page on"),
        key("pageup,ctrl+b", "page_up", "Page up", f"{place}.page_up", "A page back"),
        key("home,g", "scroll_home", "Top", f"{place}.top", "The top"),
        key("end,G", "scroll_end", "End", f"{place}.end", "The end"),
    ]
