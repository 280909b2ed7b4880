"""One piece in full, highlighted: as it is, compressed, or what compressing takes away. Knows no widget."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from rich.text import Text

from .model import Hit, Preview
from .reading import shown_text

if TYPE_CHECKING:
    from rich.style import Style

    from ..ink import Ink

__all__ = ["preview"]

_LARGEST = 200_000
"""Characters beyond which nothing is highlighted: reading so much takes seconds."""


def preview(hit: Hit, mode: str, question: str, ink: Ink) -> Preview:
    """A hit as ``original``, ``compressed`` or ``difference``, ready to draw; original where compressing
    makes it no smaller."""
    original = shown_text(hit.content).rstrip()  # a chunk ends before the next, blank lines and all
    if mode == "original" or not hit.language:
        return Preview(hit.id, "original", _highlighted(original, hit.language, ink), hit.line, "", hit.stale)
    from ...retrieval.compress import compress  # noqa: PLC0415 -- only for who looks at it
    from ...retrieval.compress.worth import asked_in  # noqa: PLC0415
    from ...retrieval.query_text import read_query  # noqa: PLC0415
    from ...retrieval.tokens import count_tokens  # noqa: PLC0415

    words = asked_in(hit.content, read_query(question).parts) if question.strip() else None
    done = compress(hit.content, hit.language, question=words)
    tokens = count_tokens(done.text, hit.language)
    if tokens >= hit.tokens:
        note = f"{hit.tokens:,} tokens; compressing takes none of them away"
        return Preview(
            hit.id, "original", _highlighted(original, hit.language, ink), hit.line, note, hit.stale
        )
    note = f"{hit.tokens:,} tokens, compressed {tokens:,}"
    if done.reason:
        note += f"; {done.reason}"
    compressed = shown_text(done.text).rstrip()
    if mode == "compressed":
        return Preview(hit.id, mode, _highlighted(compressed, hit.language, ink), 0, note, hit.stale)
    return Preview(hit.id, mode, _difference(original, compressed, ink), 0, note, hit.stale)


def _difference(before: str, after: str, ink: Ink) -> tuple[Text, ...]:
    old, new = before.split("\n"), after.split("\n")
    lines: list[Text] = []
    for kind, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [Text(f"  {line}", ink.text) for line in old[a:b]]
        else:
            lines += [Text(f"- {line}", ink.style("error")) for line in old[a:b]]
            lines += [Text(f"+ {line}", ink.good) for line in new[c:d]]
    return tuple(lines)


def _highlighted(code: str, language: str, ink: Ink) -> tuple[Text, ...]:
    if not language or ink.theme.plain or len(code) > _LARGEST:
        return tuple(Text(line, ink.text) for line in code.split("\n"))
    from rich.syntax import Syntax  # noqa: PLC0415 -- slow to import

    lexer = Syntax("", _LEXERS.get(language, language)).lexer
    if lexer is None:
        return tuple(Text(line, ink.text) for line in code.split("\n"))
    styles = _styles(ink)
    text = Text("", ink.text)
    for kind, value in lexer.get_tokens(code):
        style = None
        token: object = kind
        while style is None and token is not None:
            style = styles.get(str(token)[6:])
            token = getattr(token, "parent", None)
        text.append(value, style)
    lines = tuple(text.split("\n", allow_blank=True))
    return lines[: code.count("\n") + 1]  # a lexer may add a line feed


_LEXERS = {
    "csharp": "c#",
    "shell": "bash",
    "restructuredtext": "rst",
    "tsx": "typescript",
    "jsx": "javascript",
    "svelte": "html",
    "template": "html",
}


def _styles(ink: Ink) -> dict[str, Style]:
    """Styles of the theme by kind of token."""
    return {
        "Comment": ink.muted,
        "Literal.String": ink.good,
        "Literal.String.Doc": ink.muted,
        "Literal.Number": ink.style("warning"),
        "Keyword": ink.style("accent"),
        "Operator.Word": ink.style("accent"),
        "Name.Function": ink.style("primary"),
        "Name.Class": ink.style("primary", "bold"),
        "Name.Decorator": ink.style("secondary"),
        "Name.Builtin": ink.style("secondary"),
        "Name.Tag": ink.style("primary"),
        "Generic.Heading": ink.heading,
    }
