"""What compression needs to know of each language: where statements lie, and how a comment is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["COMMENTS", "SHAPES", "Shape", "words"]


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Shape:
    """Node types of one grammar whose children can go, each with whole lines of its own."""

    blocks: frozenset[str]
    """Nodes whose named children are statements, members or declarations."""
    data: frozenset[str] = frozenset()
    """Literals whose named children are elements, one or more lines each."""
    filler: str = ""
    """What an emptied block needs to be valid."""
    tail: bool = False
    """Whether the last expression of a block is its value."""
    contexts: tuple[tuple[str, str], ...] = (("", ""),)
    """Texts to put around a piece of a file so that it can be parsed; the first that works is taken."""


_OPEN: Final = (("", "\n}"), ("{\n", ""))
"""The beginning of something whose end is elsewhere, and the end of it."""
_BRACES: Final = (("", ""), *_OPEN)
_CLASS: Final = (("", ""), ("class X {\n", "\n}"), *_OPEN)
_SCRIPT: Final = (*_CLASS, ("class X {\n", "\n}\n}"), ("({\n", "\n})"), ("switch (x) {\n", "\n}"))
_SCRIPT_BLOCKS: Final = words("program statement_block class_body switch_case switch_default")

SHAPES: Final[dict[str, Shape]] = {
    "python": Shape(words("module block"), words("list dictionary"), filler="..."),
    "javascript": Shape(_SCRIPT_BLOCKS, words("object array"), contexts=_SCRIPT),
    "typescript": Shape(
        _SCRIPT_BLOCKS | words("interface_body object_type"), words("object array"), contexts=_SCRIPT
    ),
    "tsx": Shape(
        _SCRIPT_BLOCKS | words("interface_body object_type"), words("object array"), contexts=_SCRIPT
    ),
    "go": Shape(
        words("source_file statement_list field_declaration_list"),
        words("literal_value"),
        contexts=_BRACES,
    ),
    "rust": Shape(
        words("source_file block declaration_list field_declaration_list"), tail=True, contexts=_BRACES
    ),
    "java": Shape(
        words(
            "program block class_body interface_body constructor_body switch_block_statement_group"
            " enum_body_declarations"
        ),
        words("array_initializer"),
        contexts=_CLASS,
    ),
    "csharp": Shape(words("compilation_unit block declaration_list switch_section"), contexts=_CLASS),
    "kotlin": Shape(words("source_file block class_body lambda_literal"), tail=True, contexts=_CLASS),
    "scala": Shape(words("compilation_unit template_body block"), tail=True, contexts=_CLASS),
    "swift": Shape(
        words("source_file statements class_body protocol_body"),
        words("array_literal dictionary_literal"),
        tail=True,
        contexts=_CLASS,
    ),
    "c": Shape(
        words("translation_unit compound_statement field_declaration_list declaration_list case_statement"),
        words("initializer_list"),
        contexts=_BRACES,
    ),
    "cpp": Shape(
        words("translation_unit compound_statement field_declaration_list declaration_list case_statement"),
        words("initializer_list"),
        contexts=(("", ""), ("class X {\n", "\n};"), ("", "\n};"), *_OPEN),
    ),
    "ruby": Shape(words("program body_statement block_body then do"), words("array hash"), tail=True),
    "php": Shape(
        words("program compound_statement declaration_list case_statement"),
        words("array_creation_expression"),
        contexts=(
            ("<?php\n", ""),
            ("<?php class X {\n", "\n}"),
            ("<?php\n", "\n}"),
            ("<?php {\n", ""),
            ("", ""),
        ),
    ),
    "lua": Shape(words("chunk block"), words("table_constructor")),
    "elixir": Shape(words("source do_block else_block after_block body"), tail=True),
    "zig": Shape(words("source_file block"), contexts=_BRACES),
    "shell": Shape(words("program compound_statement do_group"), filler=":"),
    "haskell": Shape(words("haskell imports")),
}
"""Languages whose compression follows the syntax tree; every other text is read by its layout."""

_HASH: Final = ("# ", "")
_SLASHES: Final = ("// ", "")
_MARKUP: Final = ("<!-- ", " -->")
_DASHES: Final = ("-- ", "")

COMMENTS: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(
        words(
            "python ruby elixir shell yaml toml ini cmake crystal cython docker graphql hcl julia make nim"
            " nix perl powershell r"
        ),
        _HASH,
    ),
    **dict.fromkeys(
        words(
            "javascript typescript tsx go rust java csharp kotlin scala swift c cpp php zig json d dart"
            " fsharp glsl groovy objc proto solidity verilog"
        ),
        _SLASHES,
    ),
    **dict.fromkeys(("lua", "haskell", "sql"), _DASHES),
    **dict.fromkeys(("markdown", "html", "template", "vue", "svelte"), _MARKUP),
    **dict.fromkeys(("clojure", "lisp"), (";; ", "")),
    "css": ("/* ", " */"),
    "erlang": ("% ", ""),
    "fortran": ("! ", ""),
    "ocaml": ("(* ", " *)"),
    "vim": ('" ', ""),
    "rst": (".. ", ""),
}
"""How a comment opens and closes; JSON has none and takes what its readers accept most often. Any other
format takes the bare words in brackets."""
