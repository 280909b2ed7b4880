"""What a chunk says in comments and which names it uses, read with two regular expressions.

A parser knows this too, but visiting every leaf of the tree costs four times what parsing does.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import filterfalse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Lexicon", "lexicon"]

_Form = tuple[str, str, str]
"""A string or comment: the character that opens it, the rest of it as an expression, and what it is."""


def _quoted(mark: str) -> _Form:
    return mark, rf"[^{mark}\\\n]*(?:\\.[^{mark}\\\n]*)*{mark}", ""


def _tripled(mark: str) -> _Form:
    two, three = mark * 2, mark * 3
    return mark, rf"{two}([^{mark}\\]*(?:(?:\\.|{mark}(?!{two}))[^{mark}\\]*)*)(?:{three}|\Z)", "doc"


def _comment(opening: str, rest: str) -> _Form:
    return opening, f"({rest})", "comment"


_STRINGS: Final = (_quoted('"'), _quoted("'"))
_DOUBLE_ONLY: Final = (_quoted('"'), ("'", r"(?:[^'\\\n]|\\.)'", ""))
_TRIPLES: Final = (_tripled('"'), _tripled("'"))
_BACKTICKS: Final = (("`", r"[^`\\]*(?:\\.[^`\\]*)*`", ""),)
_HASH: Final = (_comment("#", r"[^\n]*"),)
_BLOCK: Final = _comment("/", r"\*.*?(?:\*/|\Z)")
_SLASH: Final = (_comment("/", r"/[^\n]*|\*.*?(?:\*/|\Z)"),)
_DASH: Final = (_comment("-", r"-\[\[.*?(?:\]\]|\Z)|-[^\n]*"),)

_FAMILIES: Final[dict[str, tuple[_Form, ...]]] = {
    "python": (*_TRIPLES, *_STRINGS, *_HASH),
    # $# and ${#name} in the shell, a#b in YAML are no comments.
    "hash": (*_STRINGS, _comment("#", r"(?<![\w$&{]#)[^\n]*")),
    "elixir": (*_TRIPLES, *_DOUBLE_ONLY, *_HASH),
    "slash": (*_STRINGS, *_SLASH),
    "template": (*_STRINGS, *_BACKTICKS, *_SLASH),
    # 'a in Rust is a lifetime, a' in Haskell a name.
    "char": (*_DOUBLE_ONLY, *_SLASH),
    "php": (*_STRINGS, *_SLASH, _comment("#", r"(?!\[)[^\n]*")),
    "triple": (*_TRIPLES, *_DOUBLE_ONLY, *_SLASH),
    "dash": (*_STRINGS, *_DASH),
    "haskell": (*_DOUBLE_ONLY, _comment("{", r"-.*?(?:-\}|\Z)"), _comment("-", r"-[^\n]*")),
    "sql": (("'", r"[^']*(?:''[^']*)*'", ""), *_DASH, _BLOCK),
    "css": (*_STRINGS, _BLOCK),
    # Strings run over lines; \" in Clojure and ?\" in Emacs Lisp are characters.
    "lisp": (('"', r'[^"\\]*(?:\\.[^"\\]*)*"', ""), ("\\", ".", ""), _comment(";", r"[^\n]*")),
    "ml": (*_DOUBLE_ONLY, _comment("(", r"\*(?!\)).*?(?:\*\)|\Z)"), _comment("/", r"/[^\n]*")),
    "percent": (*_DOUBLE_ONLY[:1], _comment("%", r"[^\n]*")),
    "bang": (*_STRINGS, _comment("!", r"[^\n]*")),
    "ini": (_comment("#", r"[^\n]*"), _comment(";", r"[^\n]*")),
    "markup": (_comment("<", r"!--.*?(?:-->|\Z)"),),
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
    **dict.fromkeys(
        ("cmake", "crystal", "docker", "graphql", "hcl", "make", "nim", "nix", "perl", "powershell", "r"),
        "hash",
    ),
    **dict.fromkeys(("d", "glsl", "objc", "proto", "solidity", "verilog"), "slash"),
    **dict.fromkeys(("dart", "groovy"), "triple"),
    "clojure": "lisp",
    "lisp": "lisp",
    "erlang": "percent",
    "fortran": "bang",
    "fsharp": "ml",
    "ocaml": "ml",
    "cython": "python",
    "julia": "elixir",
    "ini": "ini",
    "html": "markup",
    "template": "markup",
    "vue": "markup",
    "svelte": "markup",
}
_NAME: Final = re.compile(r"[^\W\d]\w+").findall
_ASCII_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]+").findall
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
        self._split: Callable[[str], list[str | None]] | None = None
        self._find: Callable[[str], Iterator[re.Match[str]]] | None = None
        if family is not None:
            forms = _FAMILIES[family]
            # The characters that may open one come first: the engine then runs over all others in one loop.
            openings = re.escape("".join(dict.fromkeys(opening for opening, _, _ in forms)))
            rest = "|".join(f"(?<={re.escape(opening)}){rest}" for opening, rest, _ in forms)
            pattern = re.compile(f"[{openings}](?:{rest})", re.S)
            self._split, self._find = pattern.split, pattern.finditer
            self._groups = ["", *(opening if kind == "comment" else "" for opening, _, kind in forms if kind)]

    def inner_lines(self, code: str) -> Iterator[int]:
        """Lines (from 0) that begin inside a string or a comment."""
        if self._find is None:
            return
        at = line = 0
        for match in self._find(code):
            if "\n" in match[0]:
                line += code.count("\n", at, match.start())
                at = match.end()
                end = line + match[0].count("\n")
                yield from range(line + 1, end + 1)
                line = end

    def read(self, code: str) -> tuple[str, tuple[str, ...]]:
        """Give the comment text of ``code`` and the names it uses outside strings and comments."""
        if self._split is None:
            return "", ()
        # The code between strings and comments; after each piece of it what the groups took, if anything.
        pieces = self._split(code)
        groups = self._groups
        width = len(groups)
        bare: list[str] = pieces[::width]  # type: ignore[assignment]
        said: list[str] = []
        if len(bare) > 1:
            for at, text in enumerate(pieces):
                if text is None or not (group := at % width):
                    continue
                if opening := groups[group]:
                    said.append(opening + text)
                elif not bare[at // width].rstrip(" \t").endswith(("=", "(", ",", "return")):
                    said.append(text.strip("\"'"))
        find = _ASCII_NAME if code.isascii() else _NAME
        names = dict.fromkeys(find(" ".join(bare)))
        doc = ""
        if said:
            doc = "\n".join(filter(None, _COMMENT_MARKS.sub("", "\n".join(said)).split("\n")))
        return doc, tuple(filterfalse(_KEYWORDS.__contains__, names))


@cache
def lexicon(language: str) -> Lexicon:
    """The reader for ``language``; one that finds nothing for prose and plain data."""
    return Lexicon(_FAMILY_OF.get(language))
