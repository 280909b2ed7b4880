"""From a syntax tree to the plan of a file.

One walk for all languages, over the nodes that hold definitions and no deeper: the body of a function is looked into only
when the function is too large for one chunk. What differs between languages is data, in ``grammars``.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from .grammars import GRAMMARS
from .units import TYPE_KINDS, Unit

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

    from .grammars import Grammar

__all__ = ["SyntaxPlan", "parse"]

SIGNATURE_CHARS: Final = 240
_SPACE: Final = re.compile(r"\s+")


@cache
def _parser(language: str) -> Parser | None:
    """The parser of ``language``, or None where its grammar is not installed."""
    grammar = GRAMMARS[language]
    try:
        from tree_sitter import Language, Parser  # noqa: PLC0415

        module = importlib.import_module(grammar.module)
    except ImportError:
        return None
    return Parser(Language(getattr(module, grammar.entry)()))


def parse(language: str, source: bytes) -> Tree | None:
    """Parse ``source``; None where the language has no grammar here."""
    parser = _parser(language) if language in GRAMMARS else None
    return parser.parse(source) if parser else None


class SyntaxPlan:
    """Walks one tree."""

    def __init__(self, language: str, source: bytes, *, whole_types: bool) -> None:
        self._grammar: Grammar = GRAMMARS[language]
        self._source = source
        self._whole_types = whole_types

    def units(self, root: Node) -> list[Unit]:
        """Plan the file whose tree has this root."""
        return self._inside(root, None, "")

    def _inside(self, node: Node, owner: str | None, holder: str) -> list[Unit]:
        """Units of the children of ``node``; ``holder`` is the kind of the definition that owns them."""
        found: list[Unit] = []
        for child in node.named_children:
            self._visit(child, owner, holder, found)
        return found

    def _visit(self, node: Node, owner: str | None, holder: str, found: list[Unit]) -> None:
        grammar = self._grammar
        kind = node.type
        if kind in grammar.leads:
            found.append(Unit(*_lines(node), owner=owner, leads=True))
        elif kind in grammar.imports:
            found.append(Unit(*_lines(node), "imports", owner=owner))
        elif (definition := self._definition(node)) is not None:
            self._define(node, *definition, owner, holder, found)
        elif kind in grammar.transparent and (kind not in grammar.conditional or self._holds(node)):
            found.extend(self._inside(node, owner, holder))
        else:
            unit = Unit(*_lines(node), owner=owner)
            if holder not in ("function", "method"):
                unit.defines = grammar.names(node)
            if node.named_child_count:
                unit.divide = lambda: self._inside(node, owner, holder)
            found.append(unit)

    def _holds(self, node: Node) -> bool:
        """Whether a definition lies directly in this conditional block."""
        transparent = self._grammar.transparent
        return any(
            self._definition(child) is not None or (child.type in transparent and self._holds(child))
            for child in node.named_children
        )

    def _definition(self, node: Node) -> tuple[Node, str, str] | None:
        """The node that defines, its name and its kind, where ``node`` is a definition, wrapped or not."""
        grammar = self._grammar
        while node.type in grammar.wrappers:
            inner = [child for child in node.named_children if child.type not in grammar.leads]
            if not inner:
                return None
            node = inner[-1]
        if (special := grammar.special.get(node.type)) is not None:
            return special(node)
        kind = grammar.kinds.get(node.type)
        if kind is None:
            return None
        name = grammar.name(node)
        return (node, name, kind) if name else None

    def _define(
        self,
        outer: Node,
        inner: Node,
        name: str,
        kind: str,
        owner: str | None,
        holder: str,
        found: list[Unit],
    ) -> None:
        symbol = f"{owner}.{name}" if owner else name
        if kind == "function" and holder in TYPE_KINDS:
            kind = "method"
        start, end = _lines(outer)
        body = self._grammar.body(inner)
        signature = self._signature(outer, inner, body)
        short = name.rpartition(".")[2]
        types = [short] if kind in TYPE_KINDS and kind not in ("impl", "module") else []
        defines = [short] if kind != "impl" else []
        unit = Unit(start, end, kind, symbol, signature, defines, types, owner)
        if body is not None:
            if kind not in TYPE_KINDS:
                unit.divide = lambda: self._inside(body, symbol, kind)
            else:
                unit.divide = lambda: self._members(unit, body)
                if not self._whole_types:
                    found.extend(self._members(unit, body))
                    return
        found.append(unit)

    def _members(self, unit: Unit, body: Node) -> list[Unit]:
        """A type's header and fields as one, its methods each by itself."""
        inner = self._inside(body, unit.symbol, unit.kind)
        first = min([unit.end, *(member.start for member in inner if member.start > unit.start)])
        header = Unit(
            unit.start, first, unit.kind, unit.symbol, unit.signature, unit.defines, unit.types, unit.symbol
        )
        for member in inner:
            if member.symbol is None:
                member.kind, member.symbol, member.signature = unit.kind, unit.symbol, unit.signature
        return [header, *inner]

    def _signature(self, outer: Node, inner: Node, body: Node | None) -> str:
        stop = body.start_byte if body is not None else inner.end_byte
        text = self._source[inner.start_byte : min(stop, inner.start_byte + 4 * SIGNATURE_CHARS)]
        line = _SPACE.sub(" ", text.decode("utf-8", "replace")).strip(" {:=")
        return line[:SIGNATURE_CHARS]


def _lines(node: Node) -> tuple[int, int]:
    """First line and the line after the last."""
    (start, _), (end, column) = node.start_point, node.end_point
    return start, end + 1 if column else max(end, start + 1)
