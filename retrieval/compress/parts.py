"""What of a text can go: statements, members, comments and elements that have whole lines to themselves.

Only leaves of the structure are parts. Whatever holds a block of its own (a definition, a condition, a loop,
a call that is given a function) stays with all its lines, and is looked into.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..chunkers.grammars import GRAMMARS
from ..chunkers.syntax import definition_of
from .languages import SHAPES

if TYPE_CHECKING:
    from tree_sitter import Node

    from ..config import CompressionConfig

__all__ = ["MARKED", "Block", "Outline", "Part", "by_tree", "plain_kind"]

DATA_LINES: Final = 6
"""A literal of fewer lines is one with its statement."""

MARKED: Final = re.compile(r"\b(?:TODO|FIXME|HACK|NOTE|XXX)\b")
_LIVE: Final = re.compile(r"\b(?:return|yield|raise|throw|throws|assert|await)\b|\bpanic!?\(|\bassert\w*!?\(")
_CONTROL: Final = re.compile(
    r"(?:async\s+|\}\s*)?(?:if|elif|elsif|else|unless|for|foreach|while|until|loop|do|switch|case|default|when|match"
    r"|select|try|catch|except|finally|rescue|ensure|with|using|lock|synchronized|return|raise|throw|yield|assert"
    r"|break|continue|goto|defer|go|guard|retry|redo|next|fallthrough|pass|global|nonlocal|exit|package|namespace"
    r"|module|super)\b|[@})\]]|\.\.\."
)
_LOG: Final = re.compile(
    r"(?:await\s+)?(?:[\w.]*\b_?(?:log|logger|logging|LOG|LOGGER|slog|klog|console|tracing)\b(?:\(\))?(?:\.|::)\w+!?\s*\("
    r"|(?:fmt\.)?[Pp]rint(?:ln|f)?!?\s*\(|eprintln!\s*\(|System\.(?:out|err)\.print\w*\(|Console\.Write\w*\("
    r"|(?:debug|info|warn|error|trace)!\s*\(|(?:puts|echo)\s|Log\.[deivw]\()"
)
_ASSIGNMENT: Final = re.compile(
    r"(?:(?:const|let|var|val|local|final|static|private|public|protected|mut|auto)\s+)*"
    r"(?P<target>[@$A-Za-z_][\w.$]*(?:->\w+)*)\s*(?::[^=\n]{1,60})?\s*:?=\s*"
    r"(?:[-+!&*@$]?[\w.$]+(?:->\w+)*|\"[^\"\n]*\"|'[^'\n]*'|\[\]|\{\}|\(\)|None)\s*[;,]?\s*(?:(?:#|//|--).*)?$"
)
_NEVER: Final = frozenset({"text", "preproc_if", "preproc_ifdef", "preproc_call"})
_HEREDOC: Final = re.compile(r"<<[-~]?[\"'`A-Z_a-z]")
_BEGINS_ON: Final = tuple("([`")
"""What a statement would go on with the one before it, where line ends may end statements."""
_DOC_COMMENT: Final = ("/**", "///", "//!", "/*!", "-- |", "##", '"""')
_REST: Final = re.compile(rb"[;,)]{0,2}\s*(?:(?:#|//|--).*|/\*.*\*/)?$")


@dataclass(slots=True)
class Block:
    """A place that holds parts; ``kept`` counts what is no part, comments left out."""

    indent: str
    needs: bool = False
    """Whether it must not be left empty."""
    kept: int = 0
    parts: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """Lines ``start`` to ``end`` (0-based, end left out) that can go together.

    ``kind`` is import, assignment, log, statement, comment, docstring, definition, element, line or
    paragraph.
    """

    start: int
    end: int
    kind: str
    block: int


@dataclass(slots=True)
class Outline:
    """The parts of a text in line order, the blocks that hold them, ranges of blank lines that may shrink to
    one, and the lines of each definition."""

    parts: list[Part] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    definitions: list[tuple[int, int]] = field(default_factory=list)


def plain_kind(text: str) -> str:
    """assignment, log or statement: what a line of code is by its looks."""
    if _LOG.match(text):
        return "log"
    return "assignment" if _ASSIGNMENT.match(text) else "statement"


def by_tree(
    language: str, lines: list[str], root: Node, first: int, config: CompressionConfig, *, fragment: bool
) -> Outline:
    """Find the parts of ``lines`` by the syntax tree under ``root``.

    Line 0 is the tree's row ``first``; ``fragment`` says that the lines are a piece of something larger.
    """
    walk = _Walk(language, lines, first, config)
    walk.go(root, fragment)
    walk.found.parts.sort(key=lambda part: part.start)
    for number, part in enumerate(walk.found.parts):
        walk.found.blocks[part.block].parts.append(number)
    return walk.found


class _Walk:
    """Goes over one tree, without recursion: a tree may be as deep as its author likes."""

    def __init__(self, language: str, lines: list[str], first: int, config: CompressionConfig) -> None:
        self.found = Outline()
        self._lines = lines
        self._bytes = [line.encode("utf-8", "surrogatepass") for line in lines]
        self._first = first
        self._shape = SHAPES[language]
        self._grammar = GRAMMARS[language]
        self._python = language == "python"
        self._heredocs = language in ("ruby", "shell")
        self._piece: Node | None = None
        self._config = config
        self._blocks: list[tuple[Node, bool]] = []

    def go(self, root: Node, fragment: bool) -> None:
        if root.has_error:
            self._sound_definitions(root)
        else:
            self._piece = root if fragment else None
            self._blocks = [(root, fragment)]
        while self._blocks:
            node, needs = self._blocks.pop()
            if node.type in self._shape.data:
                self._elements(node)
            elif node.type in self._shape.blocks:
                self._block(node, needs)
            else:
                self._look_into(node)

    def _sound_definitions(self, root: Node) -> None:
        """Queue what can be trusted of a text that does not parse: definitions without a fault in them.

        In Python only those before the first fault: where a literal is left open, its grammar goes on as if
        what stands in it were code.
        """
        trusted = _first_fault(root) if self._python else root.end_byte
        queue = [root]
        while queue:
            for child in queue.pop().named_children:
                if child.has_error:
                    queue.append(child)
                elif child.end_byte <= trusted and definition_of(self._grammar, child) is not None:
                    self.found.definitions.append(self._rows(child))
                    self._look_into(child)

    def _rows(self, node: Node) -> tuple[int, int]:
        """First line and the line after the last."""
        end, column = node.end_point
        start = node.start_point[0]
        return start - self._first, max(end + 1 if column else end, start + 1) - self._first

    def _alone(self, node: Node) -> bool:
        """Whether nothing else shares the node's lines but a comment behind it."""
        (row, column), (last, end) = node.start_point, node.end_point
        row, last = row - self._first, last - self._first
        if not 0 <= row <= last < len(self._bytes) + (end == 0) or self._bytes[row][:column].strip():
            return False
        return end == 0 or _REST.match(self._bytes[last][end:].lstrip()) is not None

    def _look_into(self, node: Node) -> None:
        """Queue the blocks below ``node``."""
        shape = self._shape
        queue = [node]
        while queue:
            for child in queue.pop().named_children:
                start, end = child.start_point[0], child.end_point[0]
                if start == end and not (child.type in shape.blocks and self._fresh(child)):
                    continue
                if child.type in shape.blocks or (child.type in shape.data and end - start >= DATA_LINES):
                    self._blocks.append((child, True))
                else:
                    queue.append(child)

    def _fresh(self, node: Node) -> bool:
        """Whether a node begins its line."""
        row, column = node.start_point
        return (
            0 <= row - self._first < len(self._bytes) and not self._bytes[row - self._first][:column].strip()
        )

    def _holds_blocks(self, node: Node) -> bool:
        before = len(self._blocks)
        self._look_into(node)
        return len(self._blocks) > before

    def _block(self, node: Node, needs: bool) -> None:
        children = node.named_children
        if not children:
            return
        number = len(self.found.blocks)
        first = next((child for child in children if "comment" not in child.type), children[0])
        indent = self._indent(self._rows(first)[0])
        block = Block(indent, needs and bool(self._shape.filler))
        self.found.blocks.append(block)
        last = len(children) - 1
        while last > 0 and "comment" in children[last].type:
            last -= 1
        after = -1
        piece = node == self._piece
        for place, child in enumerate(children):
            start, end = self._rows(child)
            if start < 0 or end > len(self._lines):
                continue
            if piece and (found := self._indent(start)) != block.indent:
                # The end of one block and what follows it: the lines that opened it are elsewhere.
                number = len(self.found.blocks)
                block = Block(found, block.needs)
                self.found.blocks.append(block)
            if start - after > 2 and after >= 0:
                self.found.gaps.append((after, start))
            after = end
            kind = self._kind(children, place, last)
            if piece and (
                (child.named_child_count == 1 and child.named_children[0].type == "sequence_expression")
                or (child.text or b"").endswith(b",")
            ):
                kind = None  # more likely the rest of a list whose beginning is elsewhere
            if kind is None:
                block.kept += "comment" not in child.type
            else:
                self.found.parts.append(Part(start, end, kind, number))

    def _indent(self, row: int) -> str:
        if not 0 <= row < len(self._lines):
            return ""
        line = self._lines[row]
        return line[: len(line) - len(line.lstrip())]

    def _kind(self, children: list[Node], place: int, last: int) -> str | None:
        """What kind of part a child is; None when it stays. Queues the blocks inside it."""
        child = children[place]
        start, end = self._rows(child)
        if "comment" in child.type:
            return self._comment(children, place)
        grammar = self._grammar
        kind = child.type
        defines = (
            kind in grammar.kinds or kind in grammar.special or kind in grammar.wrappers
        ) and definition_of(grammar, child) is not None
        if defines:
            if not self._config.preserve_signatures and self._goes_whole(start, end) and self._alone(child):
                return "definition"
            self.found.definitions.append((start, end))
            self._look_into(child)
            return None
        if end - start > 1 and self._holds_blocks(child):
            return None
        if not self._alone(child) or kind in grammar.transparent or kind in _NEVER:
            return None
        text = "\n".join(self._lines[start:end]).strip()
        if MARKED.search(text):
            return None
        if kind in grammar.imports or grammar.is_import(child):
            return "import" if self._config.collapse_imports else None
        if grammar.is_lead(child) or (self._python and self._is_string(child)):
            return None if self._config.preserve_docstrings else "docstring"
        if kind in grammar.leads or _CONTROL.match(text) or _LIVE.search(text):
            return None
        if self._shape.tail and (place == last or (place == 0 and child.parent == self._piece)):
            return None  # the value of its block; or of one that was opened before this piece begins
        if self._heredocs and _HEREDOC.search(text):
            return None  # its text lies behind it
        if (
            place + 1 < len(children)
            and (children[place + 1].text or b"")[:1].decode("latin-1") in _BEGINS_ON
        ):
            return None
        return plain_kind(text)

    def _goes_whole(self, start: int, end: int) -> bool:
        return (end - start) * 2 < len(self._lines)

    @staticmethod
    def _is_string(node: Node) -> bool:
        if node.type != "expression_statement" or node.named_child_count != 1:
            return False
        inner = node.named_child(0)
        return inner is not None and inner.type in ("string", "concatenated_string")

    def _comment(self, children: list[Node], place: int) -> str | None:
        child = children[place]
        start, end = self._rows(child)
        text = "\n".join(self._lines[start:end]).strip()
        if not self._alone(child) or MARKED.search(text) or text.startswith("#!"):
            return None
        if text.startswith(_DOC_COMMENT) or self._documents(children, place):
            return None if self._config.preserve_docstrings else "docstring"
        return "comment"

    def _documents(self, children: list[Node], place: int) -> bool:
        """Whether the comments from here on stand right above a definition; Python documents inside."""
        if self._python:
            return False
        _, end = self._rows(children[place])
        for child in children[place + 1 :]:
            start, after = self._rows(child)
            if start > end:
                return False
            if "comment" not in child.type:
                kind = child.type
                grammar = self._grammar
                known = kind in grammar.kinds or kind in grammar.special or kind in grammar.wrappers
                return known and definition_of(grammar, child) is not None
            end = after
        return False

    def _elements(self, node: Node) -> None:
        """Elements of a literal, each on lines of its own with its comma behind it."""
        children = node.named_children
        number = len(self.found.blocks)
        self.found.blocks.append(Block(self._indent(self._rows(children[0])[0]) if children else "", kept=1))
        for place, child in enumerate(children):
            start, end = self._rows(child)
            if self._holds_blocks(child) or not self._alone(child):
                continue
            if start < 0 or end > len(self._lines):
                continue
            if "comment" in child.type:
                continue
            column = child.end_point[1]
            rest = self._bytes[child.end_point[0] - self._first][column:].lstrip()
            if place + 1 < len(children) and not rest.startswith((b",", b";")):
                continue
            text = "\n".join(self._lines[start:end])
            if not MARKED.search(text):
                self.found.parts.append(Part(start, end, "element", number))


def _first_fault(root: Node) -> int:
    """The byte where the first node with a fault begins that has none with one below it."""
    node = root
    while (faulty := next((child for child in node.children if child.has_error), None)) is not None:
        node = faulty
    return node.start_byte
