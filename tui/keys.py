"""How keys are declared: each with an id, so that settings can give it others, and a word on what it does."""

from __future__ import annotations

from textual.binding import Binding

__all__ = ["key"]


def key(keys: str, action: str, label: str, name: str, tooltip: str, *, show: bool = False) -> Binding:
    """A binding; ``name`` is its id, ``show`` puts it in the bar of keys."""
    return Binding(keys, action, label, id=name, tooltip=tooltip, show=show)
