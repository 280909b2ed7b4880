"""Java, Kotlin, Scala, C# and Swift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .base import Definition, Grammar, child_of, field_name, first_child, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["CSHARP", "JAVA", "KOTLIN", "SCALA", "SWIFT"]


def _spans_lines(node: Node) -> bool:
    return bool(node.start_point[0] != node.end_point[0])


# -- Java ----------------------------------------------------------------------------------------------------


def _java_names(node: Node) -> Iterator[str]:
    if node.type in ("field_declaration", "constant_declaration"):
        for child in node.children_by_field_name("declarator"):
            yield field_name(child)
    elif node.type in ("enum_constant", "annotation_type_element_declaration"):
        yield field_name(node)


JAVA: Final = Grammar(
    module="tree_sitter_java",
    kinds={
        "class_declaration": "class",
        "record_declaration": "class",
        "interface_declaration": "interface",
        "annotation_type_declaration": "interface",
        "enum_declaration": "enum",
        "method_declaration": "function",
        "constructor_declaration": "function",
        "compact_constructor_declaration": "function",
    },
    imports=frozenset({"import_declaration", "package_declaration"}),
    leads=frozenset({"line_comment", "block_comment"}),
    transparent=frozenset({"enum_body_declarations"}),
    names=_java_names,
)

# -- C# ------------------------------------------------------------------------------------------------------


def _csharp_property(node: Node) -> Definition | None:
    """A property with code of its own; ``{ get; set; }`` is a field."""
    if not _spans_lines(node):
        return None
    name = "this" if node.type == "indexer_declaration" else field_name(node)
    body = node.child_by_field_name("accessors") or node.child_by_field_name("value")
    return Definition(node, name, "property", body) if name else None


def _csharp_operator(node: Node) -> Definition | None:
    symbol = text_of(node.child_by_field_name("operator") or node.child_by_field_name("type"))
    return Definition(node, f"operator {symbol}", "function", node.child_by_field_name("body"))


def _csharp_names(node: Node) -> Iterator[str]:
    if node.type in ("field_declaration", "event_field_declaration"):
        inner = child_of(node, "variable_declaration")
        for child in inner.named_children if inner is not None else ():
            if child.type == "variable_declarator":
                yield field_name(child) or text_of(first_child(child))
    elif node.type in ("property_declaration", "enum_member_declaration", "event_declaration"):
        yield field_name(node)


CSHARP: Final = Grammar(
    module="tree_sitter_c_sharp",
    kinds={
        "class_declaration": "class",
        "record_declaration": "class",
        "record_struct_declaration": "struct",
        "struct_declaration": "struct",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "delegate_declaration": "type",
        "method_declaration": "function",
        "constructor_declaration": "function",
        "destructor_declaration": "function",
        "local_function_statement": "function",
    },
    imports=frozenset({"using_directive", "extern_alias_directive", "file_scoped_namespace_declaration"}),
    leads=frozenset({"comment", "attribute_list"}),
    transparent=frozenset(
        {
            "namespace_declaration",
            "declaration_list",
            "preproc_if",
            "preproc_else",
            "preproc_elif",
            "global_statement",
        }
    ),
    special={
        "property_declaration": _csharp_property,
        "indexer_declaration": _csharp_property,
        "event_declaration": _csharp_property,
        "operator_declaration": _csharp_operator,
        "conversion_operator_declaration": _csharp_operator,
    },
    names=_csharp_names,
)

# -- Kotlin --------------------------------------------------------------------------------------------------


def _kotlin_body(node: Node) -> Node | None:
    return child_of(node, "class_body", "enum_class_body", "function_body", "block")


def _kotlin_name(node: Node) -> str:
    """An extension function belongs to the type that it extends."""
    name = field_name(node)
    for child in node.named_children:
        if child.type in ("user_type", "nullable_type"):
            return f"{text_of(child).rstrip('?').partition('<')[0]}.{name}"
        if child.type == "function_value_parameters" or text_of(child) == name:
            break
    return name


def _kotlin_class(node: Node) -> Definition | None:
    kind = "class"
    for child in node.children:
        if child.type == "interface":
            kind = "interface"
        elif child.type == "enum_class_body":
            kind = "enum"
    return Definition(node, field_name(node), kind, _kotlin_body(node))


def _kotlin_object(node: Node) -> Definition | None:
    return Definition(node, field_name(node), "object", _kotlin_body(node))


def _kotlin_constructor(node: Node) -> Definition | None:
    return Definition(node, "constructor", "function", _kotlin_body(node))


def _kotlin_property(node: Node) -> Definition | None:
    accessor = child_of(node, "getter", "setter")
    name = next(iter(_kotlin_names(node)), "")
    if accessor is None or not name or not _spans_lines(node):
        return None
    return Definition(node, name, "property", accessor)


def _kotlin_names(node: Node) -> Iterator[str]:
    if node.type == "property_declaration":
        inner = child_of(node, "variable_declaration")
        if inner is not None:
            yield text_of(child_of(inner, "identifier"))
    elif node.type == "enum_entry":
        yield text_of(child_of(node, "identifier"))
    elif node.type == "type_alias":
        yield text_of(node.child_by_field_name("type"))


KOTLIN: Final = Grammar(
    module="tree_sitter_kotlin",
    kinds={"function_declaration": "function"},
    imports=frozenset({"import", "package_header", "file_annotation", "import_list", "import_header"}),
    leads=frozenset({"line_comment", "block_comment", "multiline_comment", "comment"}),
    transparent=frozenset({"companion_object", "class_body"}),
    special={
        "class_declaration": _kotlin_class,
        "object_declaration": _kotlin_object,
        "secondary_constructor": _kotlin_constructor,
        "property_declaration": _kotlin_property,
    },
    name=_kotlin_name,
    body=_kotlin_body,
    names=_kotlin_names,
)

# -- Scala ---------------------------------------------------------------------------------------------------


def _scala_package(node: Node) -> Definition | None:
    body = node.child_by_field_name("body")
    return Definition(node, field_name(node), "object", body) if node.type == "package_object" else None


def _scala_names(node: Node) -> Iterator[str]:
    if node.type in ("val_definition", "var_definition", "val_declaration", "var_declaration"):
        pattern = node.child_by_field_name("pattern") or node.child_by_field_name("name")
        if pattern is not None and pattern.type == "identifier":
            yield text_of(pattern)
    elif node.type in ("function_declaration", "simple_enum_case", "full_enum_case"):
        yield field_name(node)


SCALA: Final = Grammar(
    module="tree_sitter_scala",
    kinds={
        "class_definition": "class",
        "trait_definition": "trait",
        "object_definition": "object",
        "enum_definition": "enum",
        "type_definition": "type",
        "function_definition": "function",
        "given_definition": "function",
    },
    imports=frozenset({"import_declaration", "export_declaration", "package_clause"}),
    leads=frozenset({"comment", "block_comment", "annotation"}),
    transparent=frozenset({"extension_definition", "template_body", "enum_case_definitions"}),
    special={"package_object": _scala_package},
    names=_scala_names,
)

# -- Swift ---------------------------------------------------------------------------------------------------

_SWIFT_KINDS: Final = {
    "struct": "struct",
    "enum": "enum",
    "extension": "impl",
    "class": "class",
    "actor": "class",
}


def _swift_class(node: Node) -> Definition | None:
    kind = next((_SWIFT_KINDS[child.type] for child in node.children if child.type in _SWIFT_KINDS), "class")
    return Definition(node, field_name(node), kind, node.child_by_field_name("body"))


def _swift_special(node: Node) -> Definition | None:
    name = node.type.partition("_")[0]  # init, deinit, subscript
    body = node.child_by_field_name("body") or child_of(node, "computed_property")
    return Definition(node, name, "function", body)


def _swift_property(node: Node) -> Definition | None:
    body = node.child_by_field_name("computed_value")
    name = next(iter(_swift_names(node)), "")
    if body is None or not name or not _spans_lines(node):
        return None
    return Definition(node, name, "property", body)


def _swift_names(node: Node) -> Iterator[str]:
    if node.type in ("property_declaration", "protocol_property_declaration", "enum_entry"):
        for name in node.children_by_field_name("name"):
            yield text_of(name).rpartition(" ")[2]
    elif node.type in ("protocol_function_declaration", "associatedtype_declaration"):
        yield field_name(node)


SWIFT: Final = Grammar(
    module="tree_sitter_swift",
    kinds={
        "function_declaration": "function",
        "protocol_declaration": "interface",
        "typealias_declaration": "type",
        "macro_declaration": "macro",
    },
    imports=frozenset({"import_declaration"}),
    leads=frozenset({"comment", "multiline_comment"}),
    special={
        "class_declaration": _swift_class,
        "init_declaration": _swift_special,
        "deinit_declaration": _swift_special,
        "subscript_declaration": _swift_special,
        "property_declaration": _swift_property,
    },
    names=_swift_names,
)
