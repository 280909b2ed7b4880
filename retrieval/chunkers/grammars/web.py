"""JavaScript and TypeScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .base import Definition, Grammar, child_of, field_name, first_child, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["JAVASCRIPT", "TSX", "TYPESCRIPT"]

_FUNCTIONS: Final = frozenset(
    {
        "arrow_function",
        "function_expression",
        "generator_function",
        "function",
        "generator_function_declaration",
    }
)
NAME_CHARS: Final = 120
_DECLARATIONS: Final = ("lexical_declaration", "variable_declaration")


def _value(outer: Node, name: str, value: Node | None) -> Definition | None:
    """What ``name = value`` defines, where the value is a function, a class or an object of functions."""
    while value is not None and value.type in (
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
    ):
        value = first_child(value)
    if value is None:
        return None
    if value.type in _FUNCTIONS:
        name = name or field_name(value)
        return Definition(outer, name, "function", value.child_by_field_name("body")) if name else None
    if value.type == "class":
        name = name or field_name(value)
        return Definition(outer, name, "class", value.child_by_field_name("body")) if name else None
    if value.type == "object" and name and _has_functions(value):
        return Definition(outer, name, "module", value)
    if value.type == "call_expression" and name and value.start_point[0] != value.end_point[0]:
        arguments = value.child_by_field_name("arguments")
        inner = child_of(arguments, *_FUNCTIONS) if arguments is not None else None
        if inner is not None:  # memo(() => ...), forwardRef(function ...)
            return Definition(outer, name, "function", inner.child_by_field_name("body"))
    return None


def _has_functions(value: Node) -> bool:
    return any(
        child.type == "method_definition"
        or (
            child.type == "pair"
            and (inner := child.child_by_field_name("value"))
            and inner.type in _FUNCTIONS
        )
        for child in value.named_children
    )


def _declaration(node: Node) -> Definition | None:
    declarators = [child for child in node.named_children if child.type == "variable_declarator"]
    if len(declarators) != 1 or (name := declarators[0].child_by_field_name("name")) is None:
        return None
    if name.type != "identifier":
        return None
    return _value(node, text_of(name), declarators[0].child_by_field_name("value"))


def _statement(node: Node) -> Definition | None:
    """``app.use = function () {}``, ``exports.use = ...``, ``Type.prototype.use = ...``."""
    inner = first_child(node)
    if inner is None or inner.type != "assignment_expression":
        return None
    left = inner.child_by_field_name("left")
    value = inner.child_by_field_name("right")
    while value is not None and value.type == "assignment_expression":  # exports = module.exports = ...
        value = value.child_by_field_name("right")
    if left is None or left.type not in ("member_expression", "identifier"):
        return None
    name = text_of(left).replace("?.", ".").replace(".prototype.", ".")
    for prefix in ("module.exports.", "exports.", "window.", "globalThis.", "this."):
        name = name.removeprefix(prefix)
    name = name.removesuffix(".prototype")
    if name in ("module.exports", "exports"):
        return _value(node, "", value) or _value(node, "exports", value)
    return _value(node, name, value) if len(name) <= NAME_CHARS else None


def _field(node: Node) -> Definition | None:
    name = node.child_by_field_name("property") or node.child_by_field_name("name")
    return _value(node, text_of(name), node.child_by_field_name("value"))


def _pair(node: Node) -> Definition | None:
    key = node.child_by_field_name("key")
    value = node.child_by_field_name("value")
    if key is None or value is None or value.type not in _FUNCTIONS:
        return None
    return _value(node, text_of(key).strip("'\""), value)


def _export(node: Node) -> Definition | None:
    """A definition that is exported; one without a name is ``default``."""
    value = node.child_by_field_name("value")
    if value is not None:
        return _value(node, "", value) or _value(node, "default", value)
    inner = node.child_by_field_name("declaration")
    while inner is not None and inner.type == "ambient_declaration":
        inner = next((child for child in inner.named_children if child.type != "comment"), None)
    if inner is None:
        return None
    if inner.type in _DECLARATIONS:
        return _declaration(inner)
    if inner.type in _KINDS:
        kind = _KINDS[inner.type]
        return Definition(inner, _name(inner) or "default", kind, inner.child_by_field_name("body"))
    return None


def _name(node: Node) -> str:
    return field_name(node).strip("'\"")


def _names(node: Node) -> Iterator[str]:
    if node.type in ("export_statement", "ambient_declaration"):
        inner = node.child_by_field_name("declaration") or first_child(node)
        if inner is not None:
            yield from _names(inner)
    elif node.type in _DECLARATIONS:
        for child in node.named_children:
            name = child.child_by_field_name("name") if child.type == "variable_declarator" else None
            if name is not None and name.type == "identifier":
                yield text_of(name)
    elif node.type in _MEMBERS:
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        if name is not None:
            yield text_of(name).strip("'\"")
    elif node.type in ("property_identifier", "shorthand_property_identifier"):
        yield text_of(node)


def _is_import(node: Node) -> bool:
    """``const x = require('x')`` and ``export ... from 'x'``."""
    if node.type == "export_statement":
        return node.child_by_field_name("source") is not None
    if node.type in _DECLARATIONS and node.start_point[0] == node.end_point[0]:
        return "require(" in text_of(node)[:200]
    return False


_KINDS: Final = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_signature": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "enum_declaration": "enum",
    "type_alias_declaration": "type",
    "internal_module": "module",
    "module": "module",
    "method_definition": "function",
}
_MEMBERS: Final = frozenset(
    {
        "field_definition",
        "public_field_definition",
        "property_signature",
        "method_signature",
        "abstract_method_signature",
        "enum_assignment",
    }
)
_SPECIAL: Final = {
    **dict.fromkeys(_DECLARATIONS, _declaration),
    "expression_statement": _statement,
    "export_statement": _export,
    "field_definition": _field,
    "public_field_definition": _field,
    "pair": _pair,
}


def _grammar(module: str, entry: str = "language") -> Grammar:
    return Grammar(
        module=module,
        entry=entry,
        kinds=_KINDS,
        imports=frozenset({"import_statement"}),
        leads=frozenset({"comment", "decorator", "html_comment"}),
        wrappers=frozenset({"ambient_declaration"}),
        special=_SPECIAL,
        name=_name,
        names=_names,
        is_import=_is_import,
    )


JAVASCRIPT: Final = _grammar("tree_sitter_javascript")
TYPESCRIPT: Final = _grammar("tree_sitter_typescript", "language_typescript")
TSX: Final = _grammar("tree_sitter_typescript", "language_tsx")
