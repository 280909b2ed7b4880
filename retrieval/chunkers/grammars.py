"""What the walk needs to know of each grammar: which nodes define, which wrap, which import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

__all__ = ["GRAMMARS", "Grammar"]


def text_of(node: Node) -> str:
    """The source of ``node``."""
    return (node.text or b"").decode("utf-8", "replace")


def _field_name(node: Node) -> str:
    name = node.child_by_field_name("name")
    return text_of(name) if name is not None else ""


def _field_body(node: Node) -> Node | None:
    return node.child_by_field_name("body")


def _no_names(_: Node) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language's nodes."""

    module: str
    kinds: dict[str, str]
    """Nodes that define, and the kind of chunk each makes."""
    imports: frozenset[str]
    leads: frozenset[str] = frozenset({"comment"})
    """Comments and attributes, which belong to what follows them."""
    wrappers: frozenset[str] = frozenset()
    """Nodes around one definition: decorators, ``export``, ``template<>``."""
    transparent: frozenset[str] = frozenset()
    """Nodes whose children count as their parent's."""
    conditional: frozenset[str] = frozenset()
    """Those of ``transparent`` that are so only when a definition lies in them."""
    special: dict[str, Callable[[Node], tuple[Node, str, str] | None]] = field(default_factory=dict)
    """Nodes that define only in some shapes: the defining node, its name, its kind."""
    name: Callable[[Node], str] = _field_name
    body: Callable[[Node], Node | None] = _field_body
    names: Callable[[Node], list[str]] = _no_names
    """Names that a statement defines: variables, constants, fields."""
    entry: str = "language"


def _python_names(node: Node) -> list[str]:
    if node.type != "expression_statement" or (inner := node.named_child(0)).type != "assignment":
        return []
    left = inner.child_by_field_name("left")
    if left is None:
        return []
    if left.type == "identifier":
        return [text_of(left)]
    if left.type in ("pattern_list", "tuple_pattern"):
        return [text_of(child) for child in left.named_children if child.type == "identifier"]
    return []


_PYTHON_BLOCKS: Final = frozenset(
    {
        "if_statement",
        "else_clause",
        "elif_clause",
        "try_statement",
        "except_clause",
        "finally_clause",
        "with_statement",
    }
)

GRAMMARS: Final[dict[str, Grammar]] = {
    "python": Grammar(
        module="tree_sitter_python",
        kinds={"function_definition": "function", "class_definition": "class"},
        imports=frozenset({"import_statement", "import_from_statement", "future_import_statement"}),
        wrappers=frozenset({"decorated_definition"}),
        transparent=_PYTHON_BLOCKS | {"block", "ERROR"},
        conditional=_PYTHON_BLOCKS | {"block"},
        names=_python_names,
    ),
}
