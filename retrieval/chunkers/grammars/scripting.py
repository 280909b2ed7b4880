"""Python, Ruby, PHP, Lua, Elixir and the shells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .base import Definition, Grammar, child_of, field_name, first_child, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["ELIXIR", "LUA", "PHP", "PYTHON", "RUBY", "SHELL"]

# -- Python --------------------------------------------------------------------------------------------------


def _python_names(node: Node) -> Iterator[str]:
    if node.type == "type_alias_statement":
        yield text_of(node.child_by_field_name("left")).partition("[")[0]
    inner = first_child(node) if node.type == "expression_statement" else None
    while inner is not None and inner.type == "assignment":
        left = inner.child_by_field_name("left")
        if left is not None and left.type == "identifier":
            yield text_of(left)
        elif left is not None and left.type in ("pattern_list", "tuple_pattern"):
            yield from (text_of(child) for child in left.named_children if child.type == "identifier")
        inner = inner.child_by_field_name("right")


PYTHON: Final = Grammar(
    module="tree_sitter_python",
    kinds={"function_definition": "function", "class_definition": "class"},
    imports=frozenset({"import_statement", "import_from_statement", "future_import_statement"}),
    wrappers=frozenset({"decorated_definition"}),
    conditional=frozenset(
        {
            "if_statement",
            "else_clause",
            "elif_clause",
            "try_statement",
            "except_clause",
            "finally_clause",
            "with_statement",
            "block",
        }
    ),
    names=_python_names,
)

# -- Ruby ----------------------------------------------------------------------------------------------------

_RUBY_IMPORTS: Final = frozenset({"require", "require_relative", "load", "autoload"})
_RUBY_ACCESSORS: Final = frozenset(
    {"attr_reader", "attr_writer", "attr_accessor", "scope", "belongs_to", "has_many"}
)


def _ruby_call(node: Node) -> Definition | None:
    """``private def name``."""
    arguments = node.child_by_field_name("arguments")
    inner = child_of(arguments, "method", "singleton_method") if arguments is not None else None
    if inner is None:
        return None
    return Definition(node, field_name(inner), "function", inner.child_by_field_name("body"))


def _ruby_assignment(node: Node) -> Definition | None:
    """``Move = Struct.new(:cents) do ... end``."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or left.type != "constant" or right is None or right.type != "call":
        return None
    block = right.child_by_field_name("block")
    if block is None or text_of(right.child_by_field_name("method")) not in ("new", "define"):
        return None
    return Definition(node, text_of(left), "class", block)


def _ruby_names(node: Node) -> Iterator[str]:
    if node.type == "assignment":
        left = node.child_by_field_name("left")
        if left is not None and left.type in ("constant", "identifier"):
            yield text_of(left)
    elif node.type == "call" and text_of(node.child_by_field_name("method")) in _RUBY_ACCESSORS:
        arguments = node.child_by_field_name("arguments")
        for child in arguments.named_children if arguments is not None else ():
            if child.type == "simple_symbol":
                yield text_of(child).lstrip(":")


def _ruby_is_import(node: Node) -> bool:
    return node.type == "call" and text_of(node.child_by_field_name("method")) in _RUBY_IMPORTS


RUBY: Final = Grammar(
    module="tree_sitter_ruby",
    kinds={"class": "class", "module": "module", "method": "function", "singleton_method": "function"},
    transparent=frozenset({"body_statement", "singleton_class"}),
    special={"call": _ruby_call, "assignment": _ruby_assignment},
    names=_ruby_names,
    is_import=_ruby_is_import,
)

# -- PHP -----------------------------------------------------------------------------------------------------


def _php_names(node: Node) -> Iterator[str]:
    if node.type in ("const_declaration", "property_declaration"):
        for child in node.named_children:
            if child.type in ("const_element", "property_element") and child.named_children:
                yield text_of(child.named_children[0]).lstrip("$")
    elif node.type == "enum_case":
        yield field_name(node)


def _php_is_import(node: Node) -> bool:
    inner = first_child(node) if node.type == "expression_statement" else None
    return inner is not None and inner.type.startswith(("require", "include"))


PHP: Final = Grammar(
    module="tree_sitter_php",
    entry="language_php",
    kinds={
        "class_declaration": "class",
        "interface_declaration": "interface",
        "trait_declaration": "trait",
        "enum_declaration": "enum",
        "function_definition": "function",
        "method_declaration": "function",
    },
    imports=frozenset({"namespace_use_declaration", "namespace_definition", "declare_statement"}),
    leads=frozenset({"comment", "php_tag"}),
    conditional=frozenset({"if_statement", "compound_statement"}),
    names=_php_names,
    is_import=_php_is_import,
)

# -- Lua -----------------------------------------------------------------------------------------------------


def _lua_name(node: Node) -> str:
    return field_name(node).replace(":", ".")


def _lua_assignment(node: Node) -> Definition | None:
    """``name = function() ... end``, local or not."""
    inner = child_of(node, "assignment_statement") if node.type == "variable_declaration" else node
    if inner is None or len(inner.named_children) < 2:
        return None
    names, values = inner.named_children[:2]
    if names.named_child_count != 1 or values.named_child_count != 1:
        return None
    name, value = names.named_children[0], values.named_children[0]
    if value.type != "function_definition":
        return None
    return Definition(node, text_of(name).replace(":", "."), "function", value.child_by_field_name("body"))


def _lua_names(node: Node) -> Iterator[str]:
    inner = child_of(node, "assignment_statement") if node.type == "variable_declaration" else node
    if inner is not None and inner.type == "assignment_statement":
        names = child_of(inner, "variable_list")
        for name in names.named_children if names is not None else ():
            if name.type in ("identifier", "dot_index_expression"):
                yield text_of(name).rpartition(".")[2]


def _lua_is_import(node: Node) -> bool:
    return (
        node.type == "variable_declaration"
        and node.start_point[0] == node.end_point[0]
        and "require" in text_of(node)
    )


LUA: Final = Grammar(
    module="tree_sitter_lua",
    kinds={"function_declaration": "function"},
    special={"assignment_statement": _lua_assignment, "variable_declaration": _lua_assignment},
    name=_lua_name,
    names=_lua_names,
    is_import=_lua_is_import,
)

# -- Elixir --------------------------------------------------------------------------------------------------

_ELIXIR_FUNCTIONS: Final = frozenset(
    {"def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defdelegate"}
)
_ELIXIR_MODULES: Final = {"defmodule": "module", "defprotocol": "interface", "defimpl": "impl"}
_ELIXIR_LEADS: Final = frozenset({"doc", "spec", "impl", "typedoc", "deprecated", "since", "tag"})


def _elixir_call(node: Node) -> Definition | None:
    target = text_of(node.child_by_field_name("target"))
    arguments = child_of(node, "arguments")
    first = first_child(arguments) if arguments is not None else None
    if first is None:
        return None
    block = child_of(node, "do_block")
    if target in _ELIXIR_MODULES:
        return Definition(node, text_of(first), _ELIXIR_MODULES[target], block)
    if target not in _ELIXIR_FUNCTIONS:
        return None
    while first is not None and first.type == "binary_operator":  # name(args) when guard
        first = first.child_by_field_name("left")
    if first is not None and first.type == "call":
        first = first.child_by_field_name("target")
    return Definition(node, text_of(first), "function", block) if first is not None else None


def _elixir_names(node: Node) -> Iterator[str]:
    if node.type == "unary_operator" and (operand := node.child_by_field_name("operand")) is not None:
        if operand.type == "call":
            yield text_of(operand.child_by_field_name("target"))
    elif node.type == "call" and text_of(node.child_by_field_name("target")) == "defstruct":
        yield "defstruct"


def _elixir_is_import(node: Node) -> bool:
    target = node.child_by_field_name("target") if node.type == "call" else None
    return target is not None and text_of(target) in ("import", "alias", "use", "require")


def _elixir_is_lead(node: Node) -> bool:
    operand = node.child_by_field_name("operand") if node.type == "unary_operator" else None
    return operand is not None and text_of(operand.child_by_field_name("target")) in _ELIXIR_LEADS


ELIXIR: Final = Grammar(
    module="tree_sitter_elixir",
    kinds={},
    special={"call": _elixir_call},
    names=_elixir_names,
    is_import=_elixir_is_import,
    is_lead=_elixir_is_lead,
    clauses=True,
)

# -- Shell ---------------------------------------------------------------------------------------------------


def _shell_names(node: Node) -> Iterator[str]:
    if node.type == "variable_assignment":
        yield field_name(node)
    elif node.type == "declaration_command":
        for child in node.named_children:
            yield from _shell_names(child)


def _shell_is_import(node: Node) -> bool:
    return node.type == "command" and field_name(node) in ("source", ".")


SHELL: Final = Grammar(
    module="tree_sitter_bash",
    kinds={"function_definition": "function"},
    conditional=frozenset({"if_statement", "else_clause", "compound_statement"}),
    names=_shell_names,
    is_import=_shell_is_import,
)
