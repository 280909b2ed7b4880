"""From a syntax tree to the plan of a file.

One walk for all languages, over the nodes that hold definitions and no deeper: the body of a function is
looked into only when the function is too large for one chunk. What differs between languages is data, in
``grammars``.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import TYPE_CHECKING, Final

from .grammars import GRAMMARS, Definition
from .outline import level
from .units import DEEPEST, TYPE_KINDS, Unit

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

    from .grammars import Grammar
    from .source import Source

__all__ = ["code_of", "definition_of", "parse", "syntax"]

SIGNATURE_CHARS: Final = 240
LONGEST_LINE: Final = 10_000
"""Bytes; a longer line is blank to the parser."""
READ_BYTES: Final = 1024
"""A slice of the source as the parser takes it: every look at a node's text runs over one whole."""
STEPS_AT_LEAST: Final = 1_000
BYTES_A_STEP: Final = 20
"""A sound program takes a parser a step for about 150 bytes; 34 were the fewest seen in 18,000 files."""
_SPACE: Final = re.compile(r"\s+")
_BODIES: Final = frozenset({"function", "method", "property", "macro"})


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


def code_of(text: str) -> bytes:
    """``text`` as a parser reads it: lines too long for a program are blank, byte for byte."""
    code = text.encode("utf-8", "surrogatepass")
    lines = code.split(b"\n")
    if max(map(len, lines)) <= LONGEST_LINE:  # data or minified: a parser may need gigabytes for it
        return code
    return b"\n".join(line if len(line) <= LONGEST_LINE else b" " * len(line) for line in lines)


def parse(language: str, code: bytes) -> Node | None:
    """Parse ``code`` by a language of `GRAMMARS`; None without its grammar.

    None too for text that makes the parser work out of all proportion to its length: noise in the guise of a
    program takes it minutes and gigabytes. Its steps are counted, not timed, so that the same file gives the
    same chunks everywhere.
    """
    parser = _parser(language)
    if parser is None:
        return None
    steps = STEPS_AT_LEAST + len(code) // BYTES_A_STEP

    def too_long(_offset: int, _failed: bool) -> bool:
        nonlocal steps
        steps -= 1
        return steps < 0

    try:
        return parser.parse(lambda at, _: code[at : at + READ_BYTES], progress_callback=too_long).root_node
    except ValueError:
        parser.reset()
        return None
    except BaseException as error:
        parser.reset()  # else the next file is parsed as this one's rest, and its tree ends beyond its text
        if isinstance(error, SystemError) and isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None  # what C makes of one that arrived in one of the two callbacks
        raise


def parse_between(language: str, code: bytes, node: Node) -> Node:
    """Parse what lies between the brackets of ``node`` as a file of its own, at its place in ``code``."""
    from tree_sitter import Parser, Range  # noqa: PLC0415

    parser = _parser(language)
    assert parser is not None
    (first, left), (last, right) = node.start_point, node.end_point
    inner = Range((first, left + 1), (last, max(right - 1, 0)), node.start_byte + 1, node.end_byte - 1)
    return Parser(parser.language, included_ranges=[inner]).parse(code).root_node


def syntax(source: Source, *, whole_types: bool) -> tuple[list[Unit] | None, Node | None]:
    """Plan a file by its syntax tree and give the tree's root; None twice where it cannot be parsed.

    With ``whole_types`` a type stays one unit, divided only when it is too large.
    """
    if source.language not in GRAMMARS:
        return None, None
    code = code_of(source.text)
    root = parse(source.language, code)
    if root is None:
        return None, None
    return _Walk(source, code, whole_types=whole_types).units(root), root


def definition_of(grammar: Grammar, node: Node) -> Definition | None:
    """What ``node`` defines, wrapped or not."""
    while node.type in grammar.wrappers:
        inner = [child for child in node.named_children if child.type not in grammar.leads]
        if not inner:
            return None
        node = inner[-1]
    if (special := grammar.special.get(node.type)) is not None:
        return special(node)
    kind = grammar.kinds.get(node.type)
    name = grammar.name(node) if kind else ""
    return Definition(node, name, kind, grammar.body(node)) if kind and name else None


class _Walk:
    """Goes over one tree."""

    def __init__(self, source: Source, code: bytes, *, whole_types: bool) -> None:
        self._source = source
        self._grammar = GRAMMARS[source.language]
        self._code = code
        self._whole_types = whole_types
        self._depth = 0

    def units(self, root: Node) -> list[Unit]:
        """Units of the file whose tree has this root."""
        return self._inside(root, None, "")

    def _inside(self, node: Node, owner: str | None, holder: str) -> list[Unit]:
        """Units of what lies in ``node``; ``holder`` is the kind of the definition that owns it."""
        found: list[Unit] = []
        if self._depth > DEEPEST:
            return found
        self._depth += 1
        for child in node.named_children:
            mine: list[Unit] = []
            self._visit(child, owner, holder, mine)
            if holder not in _BODIES and child.has_error:
                mine = self._repaired(child, mine, owner, holder)
            found += mine
        self._depth -= 1
        return found

    def _repaired(self, node: Node, units: list[Unit], owner: str | None, holder: str) -> list[Unit]:
        """Where the parser lost its way, take the layout by indentation if that finds more definitions."""
        if node.type in self._grammar.transparent or node.type in self._grammar.conditional:
            return units
        start, end = _lines(node)
        guess = level(self._source, start, end, owner, holder)
        return guess if len(_roots(guess, owner)) > len(_roots(units, owner)) else units

    def _visit(self, node: Node, owner: str | None, holder: str, found: list[Unit]) -> None:
        grammar = self._grammar
        kind = node.type
        if kind in grammar.leads or grammar.is_lead(node):
            found.append(Unit(*_lines(node), owner=owner, leads=True))
        elif kind in grammar.imports or (holder not in _BODIES and grammar.is_import(node)):
            found.append(Unit(*_lines(node), "imports", owner=owner))
        elif (
            kind in grammar.macros
            and holder not in _BODIES
            and (inside := self._in_macro(node, owner, holder))
        ):
            found.extend(inside)
        elif (definition := definition_of(grammar, node)) is not None:
            self._define(node, definition, owner, holder, found)
        elif (
            kind == "ERROR"
            or kind in grammar.transparent
            or (kind in grammar.conditional and self._holds(node, 0))
        ):
            found.extend(self._inside(node, owner, holder))
        else:
            unit = Unit(*_lines(node), owner=owner)
            if holder not in _BODIES:
                unit.defines = [name for name in grammar.names(node) if name]
            if unit.end - unit.start > 1 and node.named_child_count:
                unit.divide = lambda: self._inside(node, owner, holder)
            found.append(unit)

    def _in_macro(self, node: Node, owner: str | None, holder: str) -> list[Unit]:
        """Definitions between the braces of ``cfg_something! { ... }``; none where that is no code."""
        (first, _), (last, _) = node.start_point, node.end_point
        tokens = node.children[-1] if node.child_count else None
        if (
            last - first < 2
            or tokens is None
            or self._code[tokens.start_byte : tokens.start_byte + 1] != b"{"
        ):
            return []
        root = parse_between(self._source.language, self._code, tokens)
        return [] if root.has_error else self._inside(root, owner, holder)

    def _holds(self, node: Node, depth: int) -> bool:
        """Whether a definition lies directly in this conditional block."""
        conditional = self._grammar.conditional
        return any(
            definition_of(self._grammar, child) is not None
            or (depth < DEEPEST and child.type in conditional and self._holds(child, depth + 1))
            for child in node.named_children
        )

    def _define(
        self, outer: Node, definition: Definition, owner: str | None, holder: str, found: list[Unit]
    ) -> None:
        inner, name, kind, body = definition
        name = name.replace("::", ".").strip(".")
        short = name.rpartition(".")[2] or name
        start, end = _lines(outer)
        if kind == "function" and (holder in TYPE_KINDS or "." in name):
            kind = "method"
        if kind == "method" and body is None and holder in TYPE_KINDS and not self._grammar.clauses:
            found.append(Unit(start, end, owner=owner, defines=[short]))  # a mere declaration is like a field
            return
        symbol = f"{owner}.{name}" if owner else name
        unit = Unit(start, end, kind, symbol, self._signature(inner, body), owner=owner)
        unit.defines = [short] if kind != "impl" else []
        if kind in TYPE_KINDS and kind != "impl" and (kind != "module" or short[:1].isupper()):
            unit.types = [short]
        unit.at = inner.start_point[0]
        unit.clause = self._grammar.clauses
        if kind not in TYPE_KINDS:
            unit.divide = lambda: self._inside(body if body is not None else inner, symbol, kind)
        elif body is not None:
            if not self._whole_types:
                found.extend(self._members(unit, inner, body))
                return
            unit.divide = lambda: self._members(unit, inner, body)
        found.append(unit)

    def _members(self, unit: Unit, inner: Node, body: Node) -> list[Unit]:
        """A type's header and fields as one, its methods each by itself."""
        members: list[Unit] = []
        for (
            child
        ) in inner.named_children:  # comments before the first member lie outside the body in some grammars
            if child.start_byte >= body.start_byte:
                break
            if child.type in self._grammar.leads and child.start_point[0] > unit.start:
                members.append(Unit(*_lines(child), owner=unit.symbol, leads=True))
        members += self._inside(body, unit.symbol, unit.kind)
        first = min([unit.end, *(member.start for member in members if member.start > unit.start)])
        header = Unit(
            unit.start, first, unit.kind, unit.symbol, unit.signature, unit.defines, unit.types, unit.symbol
        )
        header.at = unit.at
        for member in members:
            if member.symbol is None and member.kind == "block":
                member.kind, member.symbol, member.signature = unit.kind, unit.symbol, unit.signature
        return [header, *members]

    def _signature(self, inner: Node, body: Node | None) -> str:
        start = inner.start_byte
        stop = body.start_byte if body is not None and body.start_byte > start else inner.end_byte
        for child in inner.named_children:
            if child.type == "comment" and start < child.start_byte < stop:
                stop = child.start_byte
        text = self._code[start : min(stop, start + 4 * SIGNATURE_CHARS)]
        line = _SPACE.sub(" ", text.decode("utf-8", "replace")).strip(" {:=\\")
        return line[:SIGNATURE_CHARS]


def _roots(units: list[Unit], owner: str | None) -> set[str]:
    """Names that are defined in ``owner``, each with all that is in it counted once."""
    prefix = f"{owner}." if owner else ""
    return {unit.symbol.removeprefix(prefix).partition(".")[0] for unit in units if unit.symbol}


def _lines(node: Node) -> tuple[int, int]:
    """First line and the line after the last."""
    (start, _), (end, column) = node.start_point, node.end_point
    return start, end + 1 if column else max(end, start + 1)
