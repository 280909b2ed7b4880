"""C, C++, Go, Rust, Zig and Haskell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .base import Definition, Grammar, child_of, field_name, first_child, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["CPP", "GO", "HASKELL", "RUST", "ZIG", "C"]

# -- C and C++ -----------------------------------------------------------------------------------------------

_TYPE_ARGUMENTS: Final = re.compile(r"<[^<>]*>")
_RECORDS: Final = {
    "struct_specifier": "struct",
    "union_specifier": "struct",
    "enum_specifier": "enum",
    "class_specifier": "class",
}


def _declared(node: Node | None) -> str:
    """The name inside a declarator, its qualification dotted, without template arguments."""
    while node is not None:
        inner = node.child_by_field_name("declarator")
        if inner is None and node.type in (
            "reference_declarator",
            "parenthesized_declarator",
            "attributed_declarator",
            "structured_binding_declarator",
        ):
            inner = first_child(node)
        if inner is None:
            break
        node = inner
    name = text_of(node)
    while "<" in name and not name.startswith("operator") and (bare := _TYPE_ARGUMENTS.sub("", name)) != name:
        name = bare
    return name.replace("::", ".").strip(". ") if len(name) < 160 else ""


def _c_function(node: Node) -> Definition | None:
    name = _declared(node.child_by_field_name("declarator"))
    body = node.child_by_field_name("body")
    return Definition(node, name, "function", body) if name else None


def _c_record(node: Node) -> Definition | None:
    """A struct, union, enum or class with its members, not a mere mention of it."""
    body = node.child_by_field_name("body")
    name = _declared(node.child_by_field_name("name"))
    return Definition(node, name, _RECORDS[node.type], body) if body is not None and name else None


def _c_typedef(node: Node) -> Definition | None:
    """``typedef struct {...} name``."""
    inner = node.child_by_field_name("type")
    body = inner.child_by_field_name("body") if inner is not None else None
    name = _declared(node.child_by_field_name("declarator"))
    if inner is None or body is None or not name:
        return None
    return Definition(node, name, _RECORDS.get(inner.type, "type"), body)


def _c_declaration(node: Node) -> Definition | None:
    """``struct name {...} variable;``."""
    inner = node.child_by_field_name("type")
    return _c_record(inner) if inner is not None and inner.type in _RECORDS else None


def _c_macro(node: Node) -> Definition | None:
    if node.end_point[0] - node.start_point[0] < 2:
        return None
    return Definition(node, field_name(node), "macro", node.child_by_field_name("value"))


def _c_names(node: Node) -> Iterator[str]:
    if node.type in ("declaration", "field_declaration", "type_definition"):
        for declarator in node.children_by_field_name("declarator"):
            if name := _declared(declarator):
                yield name.rpartition(".")[2]
    elif node.type in (
        "preproc_def",
        "preproc_function_def",
        "enumerator",
        "alias_declaration",
        "concept_definition",
        "namespace_alias_definition",
    ):
        yield field_name(node)
    elif node.type == "template_declaration" and node.named_children:
        yield from _c_names(node.named_children[-1])


_C_BLOCKS: Final = frozenset(
    {
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
    }
)
_C_SPECIAL: Final = {
    **dict.fromkeys(_RECORDS, _c_record),
    "function_definition": _c_function,
    "type_definition": _c_typedef,
    "declaration": _c_declaration,
    "preproc_def": _c_macro,
    "preproc_function_def": _c_macro,
}

C: Final = Grammar(
    module="tree_sitter_c",
    kinds={},
    imports=frozenset({"preproc_include"}),
    transparent=_C_BLOCKS,
    special=_C_SPECIAL,
    names=_c_names,
)

CPP: Final = Grammar(
    module="tree_sitter_cpp",
    kinds={},
    imports=frozenset({"preproc_include", "import_declaration"}),
    leads=frozenset({"comment", "access_specifier"}),
    wrappers=frozenset({"template_declaration"}),
    transparent=_C_BLOCKS | {"namespace_definition"},
    special={**_C_SPECIAL, "field_declaration": _c_declaration},
    names=_c_names,
)

# -- Go ------------------------------------------------------------------------------------------------------

_GO_TYPES: Final = {"struct_type": "struct", "interface_type": "interface"}


def _go_method(node: Node) -> Definition | None:
    receiver = node.child_by_field_name("receiver")
    owner = text_of(receiver).strip("() ").split(" ")[-1].lstrip("*").partition("[")[0]
    name = field_name(node)
    return Definition(node, f"{owner}.{name}" if owner else name, "method", node.child_by_field_name("body"))


def _go_type(node: Node) -> Definition | None:
    inner = node.child_by_field_name("type")
    kind = _GO_TYPES.get(inner.type, "type") if inner is not None else "type"
    body = None
    if inner is not None and kind != "type":
        body = child_of(inner, "field_declaration_list") or inner
    return Definition(node, field_name(node), kind, body)


def _go_names(node: Node) -> Iterator[str]:
    if node.type in ("const_spec", "var_spec", "field_declaration", "method_elem"):
        for name in node.children_by_field_name("name"):
            yield text_of(name)
    elif node.type in ("const_declaration", "var_declaration", "var_spec_list"):
        for child in node.named_children:
            yield from _go_names(child)


GO: Final = Grammar(
    module="tree_sitter_go",
    kinds={"function_declaration": "function"},
    imports=frozenset({"import_declaration", "package_clause"}),
    transparent=frozenset({"type_declaration"}),
    special={"method_declaration": _go_method, "type_spec": _go_type, "type_alias": _go_type},
    names=_go_names,
)

# -- Rust ----------------------------------------------------------------------------------------------------


def _rust_impl(node: Node) -> Definition | None:
    name = text_of(node.child_by_field_name("type")).lstrip("&").removeprefix("mut ").partition("<")[0]
    name = name.strip().rpartition("::")[2]
    return Definition(node, name, "impl", node.child_by_field_name("body")) if name else None


def _rust_module(node: Node) -> Definition | None:
    body = node.child_by_field_name("body")
    return Definition(node, field_name(node), "module", body) if body is not None else None


def _rust_names(node: Node) -> Iterator[str]:
    if node.type in (
        "const_item",
        "static_item",
        "type_item",
        "associated_type",
        "function_signature_item",
        "field_declaration",
        "enum_variant",
    ):
        yield field_name(node)


def _rust_is_import(node: Node) -> bool:
    return node.type == "mod_item" and node.child_by_field_name("body") is None


RUST: Final = Grammar(
    module="tree_sitter_rust",
    kinds={
        "function_item": "function",
        "struct_item": "struct",
        "union_item": "struct",
        "enum_item": "enum",
        "trait_item": "trait",
        "type_item": "type",
        "macro_definition": "macro",
    },
    imports=frozenset({"use_declaration", "extern_crate_declaration"}),
    leads=frozenset({"line_comment", "block_comment", "attribute_item", "inner_attribute_item"}),
    transparent=frozenset({"foreign_mod_item", "declaration_list"}),
    macros=frozenset({"macro_invocation"}),
    special={"impl_item": _rust_impl, "mod_item": _rust_module},
    names=_rust_names,
    is_import=_rust_is_import,
)

# -- Zig -----------------------------------------------------------------------------------------------------

_ZIG_TYPES: Final = {
    "struct_declaration": "struct",
    "union_declaration": "struct",
    "opaque_declaration": "struct",
    "enum_declaration": "enum",
    "error_set_declaration": "enum",
}


def _zig_variable(node: Node) -> Definition | None:
    """``const Name = struct {...};``."""
    body = child_of(node, *_ZIG_TYPES)
    name = text_of(child_of(node, "identifier"))
    return Definition(node, name, _ZIG_TYPES[body.type], body) if body is not None and name else None


def _zig_names(node: Node) -> Iterator[str]:
    if node.type == "variable_declaration":
        yield text_of(child_of(node, "identifier"))
    elif node.type == "container_field":
        yield field_name(node)


def _zig_is_import(node: Node) -> bool:
    return (
        node.type == "variable_declaration"
        and node.start_point[0] == node.end_point[0]
        and "@import(" in text_of(node)
    )


ZIG: Final = Grammar(
    module="tree_sitter_zig",
    kinds={"function_declaration": "function"},
    special={"variable_declaration": _zig_variable},
    names=_zig_names,
    is_import=_zig_is_import,
)

# -- Haskell -------------------------------------------------------------------------------------------------


def _haskell_function(node: Node) -> Definition | None:
    name = field_name(node)
    before = node.prev_named_sibling
    if before is not None and before.type == "signature" and field_name(before) == name:
        return Definition(before, name, "function", node)
    return Definition(node, name, "function", node.child_by_field_name("match")) if name else None


def _haskell_class(node: Node) -> Definition | None:
    kind = "impl" if node.type == "instance" else "interface"
    return Definition(node, field_name(node), kind, node.child_by_field_name("declarations"))


def _haskell_data(node: Node) -> Definition | None:
    return Definition(node, field_name(node), "type", None)


def _haskell_names(node: Node) -> Iterator[str]:
    if node.type == "signature":
        yield field_name(node)


HASKELL: Final = Grammar(
    module="tree_sitter_haskell",
    kinds={},
    imports=frozenset({"import"}),
    leads=frozenset({"comment", "haddock", "pragma", "signature"}),
    transparent=frozenset({"imports", "declarations", "class_declarations", "instance_declarations"}),
    special={
        "function": _haskell_function,
        "bind": _haskell_function,
        "class": _haskell_class,
        "instance": _haskell_class,
        **dict.fromkeys(
            ("data_type", "newtype", "type_synonym", "type_family", "data_family"), _haskell_data
        ),
    },
    names=_haskell_names,
    clauses=True,
)
