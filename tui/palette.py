"""The command palette: every action that is valid where it was opened, with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape
from textual.screen import Screen

from .inert import one_line
from .panes import Pane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.binding import ActiveBinding
    from textual.dom import DOMNode

__all__ = ["Actions"]


def _rank(node: DOMNode) -> int:
    return 0 if isinstance(node, Pane | Screen) else 1 if isinstance(node, App) else 2


class Actions(Provider):
    """The bindings that are active now, from the focus outwards, and what the panes add of their own."""

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        keys: dict[tuple[int, str], list[str]] = {}
        found: dict[tuple[int, str], ActiveBinding] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if not active.enabled or binding.system or binding.id is None or not binding.description:
                continue
            spot = (id(active.node), binding.action)
            keys.setdefault(spot, []).append(screen.app.get_key_display(binding))
            found.setdefault(spot, active)
        # What the pane or dialog does, then the app; what moves the cursor comes last.
        for spot, active in sorted(found.items(), key=lambda each: _rank(each[1].node)):
            binding = active.binding

            async def act(action: str = binding.action, node: object = active.node) -> None:
                await screen.app.run_action(action, node)  # type: ignore[arg-type]

            yield binding.description, f"{binding.tooltip} ({' '.join(keys[spot])})", act
        own = () if screen.is_modal else (screen.app,)
        for node in (*screen.walk_children(), *own):
            more = getattr(node, "palette_entries", None)
            if more is not None and node.display:
                for name, help_text, act in more():
                    yield one_line(name, 200), one_line(help_text, 400), act

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for name, help_text, act in self._actions():
            yield DiscoveryHit(Content(name), act, text=name, help=escape(help_text))

    async def search(self, query: str) -> Hits:
        """What the typed text matches, in name or help."""
        matcher = self.matcher(query)
        for name, help_text, act in self._actions():
            score = max(matcher.match(name), matcher.match(help_text) * 0.8)
            if score > 0:
                # The matcher's own highlighting reads markup, and a name may be anybody's.
                shown = Content(name)
                for place in matcher.fuzzy_search.match(query, name)[1]:
                    shown = shown.stylize(matcher.match_style, place, place + 1)
                yield Hit(score, shown, act, text=name, help=escape(help_text))
