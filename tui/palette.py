"""The command palette: every action that is valid where it was opened, with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.binding import ActiveBinding

__all__ = ["Actions"]


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
        # The places around the focus first: what moves the cursor comes last.
        for spot, active in reversed(found.items()):
            binding = active.binding

            async def act(action: str = binding.action, node: object = active.node) -> None:
                await screen.app.run_action(action, node)  # type: ignore[arg-type]

            yield binding.description, f"{binding.tooltip} ({' '.join(keys[spot])})", act
        own = () if screen.is_modal else (screen.app,)
        for node in (*screen.walk_children(), *own):
            more = getattr(node, "palette_entries", None)
            if more is not None and node.display:
                yield from more()

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for name, help_text, act in self._actions():
            yield DiscoveryHit(name, act, help=help_text)

    async def search(self, query: str) -> Hits:
        """What the typed text matches, in name or help."""
        matcher = self.matcher(query)
        for name, help_text, act in self._actions():
            score = max(matcher.match(name), matcher.match(help_text) * 0.8)
            if score > 0:
                yield Hit(score, matcher.highlight(name), act, help=help_text)
