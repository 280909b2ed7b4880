"""Markdown to lines of text: inert, wrapped to a width, line breaks as the writer set them.

Parsed by markdown-it with HTML, links and images left as the text they are written in, so that
nothing of what was written vanishes and nothing in it acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.style import Style
from rich.text import Text

from ..inert import cut, inert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

    from ..ink import Ink

__all__ = ["MARKDOWN_LIMIT", "cut_lines", "markdown_lines", "plain_lines"]

MARKDOWN_LIMIT: Final = 200_000
"""Characters beyond which a text is shown as plain: no diary entry is that long, pasted logs are."""

_WRAPPER: Final = Console(width=80, color_system=None, force_terminal=False, legacy_windows=False)
_MARKS: Final = {"strong": "bold", "em": "italic", "s": "strike"}


def plain_lines(text: str, width: int, style: Style) -> list[Text]:
    """Wrap inert text without reading any markup in it."""
    lines: list[Text] = []
    for line in inert(text).expandtabs(4).split("\n"):
        lines += _wrapped(Text(line, style), width)
    return lines


def cut_lines(text: str, width: int, height: int) -> str:
    """Wrap inert text, and end it with an ellipsis where it has more lines than there is room for."""
    lines = [line.plain.rstrip() for line in plain_lines(text, width, Style.null())]
    if len(lines) > height > 0:
        lines[height - 1] = cut(f"{lines[height - 1]} {lines[height]}", width)
    return "\n".join(lines[:height])


def markdown_lines(text: str, width: int, ink: Ink) -> list[Text]:
    """Read ``text`` as Markdown and wrap it to ``width`` cells."""
    text = inert(text)
    if len(text) > MARKDOWN_LIMIT:
        return plain_lines(text, width, ink.text)
    from markdown_it import MarkdownIt  # noqa: PLC0415 -- only a screen that shows a memory pays for it

    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    parser.disable(["image", "entity"])
    return _Renderer(ink, width).render(parser.parse(text))


def _wrapped(text: Text, width: int) -> list[Text]:
    if not text.plain:
        return [Text("", text.style)]
    return list(text.wrap(_WRAPPER, max(2, width), overflow="fold"))


class _Renderer:
    """Walks the tokens once, keeping the prefix that quotes and lists put before each line."""

    def __init__(self, ink: Ink, width: int) -> None:
        self.ink = ink
        self.width = width
        self.lines: list[Text] = []
        self._prefixes: list[tuple[str, Style]] = []
        self._bullet: tuple[str, Style] | None = None
        self._numbers: list[int | None] = []
        self._tight: list[bool] = []
        self._table: list[list[Text]] = []

    def render(self, tokens: list[Token]) -> list[Text]:
        """Render all tokens; blank lines stand between blocks, none at the ends."""
        heading = 0
        for token in tokens:
            match token.type:
                case "heading_open":
                    heading = int(token.tag[1])
                case "heading_close":
                    heading = 0
                case "inline" if self._table:
                    self._table[-1].append(self._inline(token.children or ()))
                case "inline":
                    self._paragraph(self._inline(token.children or ()), heading)
                case "paragraph_close" if not token.hidden:
                    self._blank()
                case "blockquote_open":
                    self._prefixes.append(("│ " if not self.ink.ascii_only else "| ", self.ink.muted))
                case "blockquote_close":
                    self._drop_blank()
                    self._prefixes.pop()
                    self._blank()
                case "bullet_list_open":
                    self._numbers.append(None)
                case "ordered_list_open":
                    self._numbers.append(int(token.attrGet("start") or 1))
                case "bullet_list_close" | "ordered_list_close":
                    self._numbers.pop()
                    self._blank(unless_listed=True)
                case "list_item_open":
                    number = self._numbers[-1]
                    sign = ("• " if not self.ink.ascii_only else "- ") if number is None else f"{number}. "
                    if number is not None:
                        self._numbers[-1] = number + 1
                    self._bullet = (sign, self.ink.heading)
                    self._prefixes.append((" " * len(sign), self.ink.text))
                case "list_item_close":
                    self._prefixes.pop()
                    self._bullet = None
                case "hr":
                    self._emit(
                        [Text(("─" if not self.ink.ascii_only else "-") * self._room(), self.ink.muted)]
                    )
                    self._blank()
                case "fence" | "code_block":
                    code = token.content.rstrip("\n").split("\n")
                    style = self.ink.style("secondary")
                    for line in code:
                        self._emit(_wrapped(Text("  " + line.expandtabs(4), style), self._room()))
                    self._blank()
                case "tr_open":
                    self._table.append([])
                case "table_close":
                    self._emit_table()
                case _:
                    pass
        while self.lines and not self.lines[-1].plain.strip():
            self.lines.pop()
        return self.lines

    def _inline(self, tokens: Iterable[Token]) -> Text:
        text = Text("", self.ink.text)
        marks: list[str] = []
        href = ""
        for token in tokens:
            style = Style.parse(" ".join(marks)) if marks else Style()
            match token.type:
                case "text":
                    text.append(token.content, style)
                case "code_inline":
                    text.append(token.content, style + self.ink.style("secondary"))
                case "softbreak" | "hardbreak":
                    text.append("\n")
                case "link_open":
                    marks.append("underline")
                    href = inert(str(token.attrGet("href") or ""))
                case "link_close":
                    marks.pop()
                    if href and href not in text.plain:
                        text.append(f" <{href}>", self.ink.muted)
                case _ if token.type.endswith("_open"):
                    marks.append(_MARKS[token.tag if token.tag in _MARKS else "em"])
                case _ if token.type.endswith("_close"):
                    marks.pop()
                case _:
                    text.append(token.content, style)
        return text

    def _paragraph(self, text: Text, heading: int) -> None:
        if heading:
            text.style = self.ink.heading if heading < 3 else self.ink.strong
        for line in text.split("\n", allow_blank=True):
            line.style = text.style
            self._emit(_wrapped(line, self._room()))
        if heading:
            self._blank()

    def _room(self) -> int:
        return max(2, self.width - sum(len(prefix) for prefix, _ in self._prefixes))

    def _emit(self, lines: Iterable[Text]) -> None:
        for line in lines:
            whole = Text()
            prefixes = list(self._prefixes)
            if self._bullet is not None and prefixes:
                prefixes[-1] = self._bullet
                self._bullet = None
            for prefix, style in prefixes:
                whole.append(prefix, style)
            whole.append_text(line)
            whole.rstrip()
            self.lines.append(whole)

    def _blank(self, *, unless_listed: bool = False) -> None:
        if unless_listed and self._numbers:
            return
        if self.lines and self.lines[-1].plain.strip(" │|"):
            self.lines.append(Text("").join([Text(prefix, style) for prefix, style in self._prefixes]))

    def _drop_blank(self) -> None:
        while self.lines and not self.lines[-1].plain.strip(" │|"):
            self.lines.pop()

    def _emit_table(self) -> None:
        columns = max((len(row) for row in self._table), default=0)
        widths = [
            max((row[column].cell_len for row in self._table if column < len(row)), default=0)
            for column in range(columns)
        ]
        room = self._room()
        while columns and sum(widths) + 3 * (columns - 1) > room and max(widths) > 4:
            widths[widths.index(max(widths))] -= 1
        bar = " │ " if not self.ink.ascii_only else " | "
        for number, row in enumerate(self._table):
            cells = []
            for column in range(columns):
                cell = row[column].copy() if column < len(row) else Text()
                cell.plain = cell.plain.replace("\n", " ")
                cell.truncate(widths[column], overflow="ellipsis", pad=True)
                if number == 0:
                    cell.stylize("bold")
                cells.append(cell)
            self._emit([Text(bar, self.ink.muted).join(cells)])
        self._table = []
        self._blank()
