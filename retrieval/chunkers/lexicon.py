"""What a chunk says in comments and which names it uses, read with two regular expressions.

A parser knows this too, but visiting every leaf of the tree costs four times what parsing does.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

__all__ = ["Lexicon", "lexicon"]

_STRING: Final = r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'"
_DOUBLE_ONLY: Final = r'"(?:[^"\\\n]|\\.)*"' + r"|'(?:[^'\\\n]|\\.)'"
_TRIPLE: Final = r'(?P<triple>"""(?:[^\\]|\\.)*?(?:"""|\Z)|' + r"'''(?:[^\\]|\\.)*?(?:'''|\Z))"
_BACKTICK: Final = r"`(?:[^`\\]|\\.)*`"
_HASH: Final = r"#[^\n]*"
_SLASH: Final = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_DASH: Final = r"--\[\[.*?(?:\]\]|\Z)|--[^\n]*"

_FAMILIES: Final[dict[str, str]] = {
    "python": rf"{_TRIPLE}|{_STRING}|(?P<comment>{_HASH})",
    # $# and ${#name} in the shell, a#b in YAML are no comments.
    "hash": rf"{_STRING}|(?P<comment>(?<![\w$&{{]){_HASH})",
    "elixir": rf"{_TRIPLE}|{_DOUBLE_ONLY}|(?P<comment>{_HASH})",
    "slash": rf"{_STRING}|(?P<comment>{_SLASH})",
    "template": rf"{_STRING}|{_BACKTICK}|(?P<comment>{_SLASH})",
    # 'a in Rust is a lifetime, a' in Haskell a name.
    "char": rf"{_DOUBLE_ONLY}|(?P<comment>{_SLASH})",
    "php": rf"{_STRING}|(?P<comment>{_SLASH}|#(?!\[)[^\n]*)",
    "triple": rf"{_TRIPLE}|{_DOUBLE_ONLY}|(?P<comment>{_SLASH})",
    "dash": rf"{_STRING}|(?P<comment>{_DASH})",
    "haskell": rf"{_DOUBLE_ONLY}|(?P<comment>\{{-.*?(?:-\}}|\Z)|--[^\n]*)",
    "sql": rf"'(?:[^']|'')*'|(?P<comment>{_DASH}|/\*.*?(?:\*/|\Z))",
    "css": rf"{_STRING}|(?P<comment>/\*.*?(?:\*/|\Z))",
    "markup": r"(?P<comment><!--.*?(?:-->|\Z))",
}
_FAMILY_OF: Final[dict[str, str]] = {
    "python": "python",
    "ruby": "hash",
    "shell": "hash",
    "yaml": "hash",
    "toml": "hash",
    "elixir": "elixir",
    "javascript": "template",
    "typescript": "template",
    "tsx": "template",
    "go": "template",
    "rust": "char",
    "java": "triple",
    "kotlin": "triple",
    "scala": "triple",
    "swift": "triple",
    "csharp": "triple",
    "c": "slash",
    "cpp": "slash",
    "zig": "char",
    "php": "php",
    "lua": "dash",
    "haskell": "haskell",
    "sql": "sql",
    "css": "css",
    "html": "markup",
    "vue": "markup",
    "svelte": "markup",
}
_NAME: Final = re.compile(r"[^\W\d]\w+")
_COMMENT_MARKS: Final = re.compile(
    r"^[ \t]*(?:/\*+!?|\*+/|\*|//[/!]*|#+!?|--+\[\[|--+|\{-+\|?|<!--+)?[ \t]?"
    r"|[ \t]*(?:\*/|-->|-\}|\]\])?[ \t]*$",
    re.M,
)

_KEYWORDS: Final = frozenset(
    """
    abstract alias and any as assert async auto await base begin bool boolean break byte case catch char
    checked class companion const constexpr continue crate debugger def default defer defmodule defp del
    delete do double dyn elif else elsif elseif end endif ensure enum esac except exec explicit export
    extends extension extern false fi file final finally float fn for foreach from fun func function get
    global go goto guard has if impl implements implicit import in include infix init inline inner
    instanceof int interface internal is it lambda lateinit lazy let local long loop macro match mod
    module move mut mutable namespace native new nil none nonlocal not noexcept null nullptr object of
    open operator or out override package partial pass private protected protocol pub public raise
    readonly record ref require rescue return sealed select self set short signed sizeof static string
    struct sub super suspend switch synchronized template then this throw throws trait transient true try
    type typealias typedef typeof typename undefined union unless unsafe unsigned until use using val var
    virtual void volatile when where while with yield None True False NULL Self str dict list tuple len
    cls String Some Ok Err number usize size_t
    """.split()  # noqa: SIM905
)
"""Words of the languages themselves; one that is a keyword elsewhere rarely tells files apart."""


class Lexicon:
    """Reads comments and names in one family of languages."""

    def __init__(self, family: str | None) -> None:
        self._skip = re.compile(_FAMILIES[family], re.S) if family else None

    def read(self, code: str) -> tuple[str, tuple[str, ...]]:
        """Give the comment text of ``code`` and the names it uses outside strings and comments."""
        if self._skip is None:
            return "", ()
        said: list[str] = []

        def strip(match: re.Match[str]) -> str:
            if (kind := match.lastgroup) == "comment":
                said.append(match[0])
            elif kind == "triple" and not code[: match.start()].rstrip(" \t").endswith(
                ("=", "(", ",", "return")
            ):
                said.append(match[0].strip("\"'"))
            return " "

        bare = self._skip.sub(strip, code)
        names = dict.fromkeys(_NAME.findall(bare))
        doc = "\n".join(line for text in said for line in _COMMENT_MARKS.sub("", text).split("\n") if line)
        return doc, tuple(name for name in names if name not in _KEYWORDS)


@cache
def lexicon(language: str) -> Lexicon:
    """The reader for ``language``; one that finds nothing for prose and plain data."""
    return Lexicon(_FAMILY_OF.get(language))
