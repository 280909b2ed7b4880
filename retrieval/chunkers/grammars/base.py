"""What the walk over a syntax tree needs to know of one language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tree_sitter import Node

__all__ = ["Definition", "Grammar", "child_of", "field_body", "field_name", "first_child", "text_of"]


class Definition(NamedTuple):
    """A node that defines something."""

    node: Node
    """Where its signature starts."""
    name: str
    """Dotted where the source qualifies it."""
    kind: str
    body: Node | None
    """What lies inside; the signature ends before it."""


def text_of(node: Node | None) -> str:
    """The source of ``node``; nothing for none."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def child_of(node: Node, *kinds: str) -> Node | None:
    """The first named child of one of these types."""
    for child in node.named_children:
        if child.type in kinds:
            return child
    return None


def first_child(node: Node) -> Node | None:
    """The first named child, if there is one."""
    return node.named_child(0) if node.named_child_count else None


def field_name(node: Node) -> str:
    """The text of the field ``name``."""
    return text_of(node.child_by_field_name("name"))


def field_body(node: Node) -> Node | None:
    """The field ``body``."""
    return node.child_by_field_name("body")


def _nothing(_: Node) -> Iterable[str]:
    return ()


def _never(_: Node) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Grammar:
    """The node types of one language, and functions for what types alone do not tell."""

    module: str
    kinds: Mapping[str, str]
    """Nodes that define, and the kind of chunk that each makes."""
    entry: str = "language"
    imports: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset({"comment"})
    """Comments and attributes, which belong to what follows them."""
    wrappers: frozenset[str] = frozenset()
    """Nodes around one definition: decorators, ``export``, ``template<>``."""
    transparent: frozenset[str] = frozenset()
    """Nodes whose children count as their parent's."""
    conditional: frozenset[str] = frozenset()
    """Nodes whose children count as their parent's when a definition is among them."""
    macros: frozenset[str] = frozenset()
    """Calls whose braces may hold whole definitions, which the grammar leaves as tokens."""
    special: Mapping[str, Callable[[Node], Definition | None]] = field(default_factory=dict)
    """Nodes that define in some shapes only."""
    name: Callable[[Node], str] = field_name
    body: Callable[[Node], Node | None] = field_body
    names: Callable[[Node], Iterable[str]] = _nothing
    """What a statement or field defines: variables, constants, members."""
    is_import: Callable[[Node], bool] = _never
    is_lead: Callable[[Node], bool] = _never
    clauses: bool = False
    """Whether a function may be written in several definitions that follow each other."""
