"""What a file imports, wherever in it: late imports inside functions count too.

A regular expression finds where an import may stand; where there is a tree, it says whether that place is
code.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from .types import Import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

__all__ = ["find_imports"]

_NOT_CODE: Final = re.compile(r"string|comment|quoted|heredoc|text|char|doc")
_SPLIT: Final = re.compile(r"\s*,\s*")

Found = tuple[str, tuple[str, ...]]
"""A module and the names taken from it."""


def _listed(text: str, comment: str = "#") -> tuple[str, ...]:
    """``a, b as c, type D`` is a, b, D."""
    bare = re.sub(rf"{comment}[^\n]*|\\\n", " ", text)
    parts = (part.strip(" \t\r\n()'\"") for part in bare.split(","))
    names = (re.sub(r"^type\s+|\s+(?:as|=>)\s.*$|:.*$", "", part, flags=re.DOTALL) for part in parts)
    return tuple(name for name in names if name)


def _python(match: re.Match[str]) -> Iterator[Found]:
    if match["modules"] is not None:
        for module in _listed(match["modules"]):
            yield module, ()
    else:
        yield match["module"], _listed(match["names"])


def _script(match: re.Match[str]) -> Iterator[Found]:
    clause = match["clause"] or match["bound"] or ""
    names: list[str] = []
    if braces := re.search(r"\{([^}]*)\}", clause):
        names = list(_listed(braces[1], "//"))
        clause = clause[: braces.start()] + clause[braces.end() :]
    if match["clause"]:
        rest = [part for part in _SPLIT.split(clause.strip()) if part]
        if rest and not rest[0].startswith("*"):
            names.insert(0, "default")
        elif rest and match["word"] == "export":
            names.append("*")
    yield match["path"], tuple(names)


def _go(match: re.Match[str]) -> Iterator[Found]:
    for spec in re.finditer(r"(?:([\w.]+)[ \t]+)?[\"`]([^\"`\n]+)[\"`]", match["specs"]):
        yield spec[2], ("*",) if spec[1] == "." else ()


def _java(match: re.Match[str]) -> Iterator[Found]:
    module = match["module"]
    if match["rest"]:
        yield module, ("*",)
    elif match["static"]:
        module, _, name = module.rpartition(".")
        yield module, (name,)
    else:
        yield module, ()


def _scala(match: re.Match[str]) -> Iterator[Found]:
    module = match["module"].rstrip(".")
    if match["names"]:
        names = _listed(match["names"].strip("{}"), "//")
        yield module, tuple("*" if name in ("_", "given") else name for name in names)
    elif module.endswith(("._", ".*")):
        yield module[:-2], ("*",)
    else:
        yield module, ()


def _rust(match: re.Match[str]) -> Iterator[Found]:
    if match["mod"]:
        yield f"self::{match['mod']}", ()
        return
    yield from _rust_tree("", re.sub(r"//[^\n]*|\s+(?!as\b)", "", match["tree"].replace(" as ", "\0")))


def _rust_tree(prefix: str, tree: str) -> Iterator[Found]:
    """``a::{b, c::D}`` is b of a and D of a::c."""
    leaves: list[str] = []
    depth = start = 0
    for at, char in enumerate(f"{tree},"):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == "," and depth <= 0:
            head, brace, inner = tree[start:at].removeprefix("::").partition("{")
            part = head.partition("\0")[0]
            start = at + 1
            if brace:
                yield from _rust_tree(prefix + head, inner.rpartition("}")[0])
            elif part:
                path, _, leaf = f"{prefix}{part}".rpartition("::")
                if path != prefix.removesuffix("::"):
                    yield path, (leaf,)
                elif leaf == "self":
                    yield path, ()
                else:
                    leaves.append(leaf)
    if leaves:
        yield prefix.removesuffix("::"), tuple(leaves)


def _php(match: re.Match[str]) -> Iterator[Found]:
    if match["path"]:
        yield match["path"], ()
        return
    head, brace, inner = match["use"].partition("{")
    if brace:
        yield head.strip().strip("\\"), _listed(inner.strip("}"), "//")
    else:
        for module in _listed(match["use"], "//"):
            yield module.lstrip("\\"), ()


def _elixir(match: re.Match[str]) -> Iterator[Found]:
    yield match["module"].rstrip("."), _listed(match["names"] or "")


def _ruby(match: re.Match[str]) -> Iterator[Found]:
    path = match["path"]
    yield (f"./{path}" if match["relative"] and not path.startswith(".") else path), ()


def _plain(match: re.Match[str]) -> Iterator[Found]:
    yield match["path"], ()


class _Reader(NamedTuple):
    source: str
    read: Callable[[re.Match[str]], Iterator[Found]]


def _reader(source: str, read: Callable[[re.Match[str]], Iterator[Found]] = _plain) -> _Reader:
    return _Reader(source, read)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """Compiled when a file first needs it: every worker process starts with this module."""
    return re.compile(_READERS[language].source, re.MULTILINE | re.VERBOSE)


_SCRIPT: Final = _reader(
    r"""
    (?: \b(?P<word>import|export)\s+ (?:type\s+|typeof\s+)? (?P<clause>[\w$*{},\s]{1,2000}?) \s*\bfrom
      | \bimport
      | (?:(?P<bound>\{[^{}=]*\})\s*=\s*(?:await\s+)?)? \b(?:require|import)\s*\(
    ) \s* (?P<quote>['"]) (?P<path>[^'"\n]+) (?P=quote)
    """,
    _script,
)
_INCLUDE: Final = _reader(r"""^[ \t]*\#[ \t]*(?:include|import)[ \t]*[<"](?P<path>[^>"\n]+)[>"]""")

_READERS: Final[dict[str, _Reader]] = {
    "python": _reader(
        r"""
        ^[ \t]*(?: from[ \t]+(?P<module>\.*[\w.]*)[ \t]*\bimport\b[ \t]*
                   (?P<names>\([^)]*\)|(?:[^\n\#;\\]|\\\n)*)
                 | import[ \t]+(?P<modules>(?:[^\n\#;\\]|\\\n)+) )
        """,
        _python,
    ),
    **dict.fromkeys(("javascript", "typescript", "tsx", "vue", "svelte"), _SCRIPT),
    "go": _reader(r"""^import\s*(?P<specs>\([^)]*\)|(?:[\w.]+[ \t]+)?["`][^"`\n]+["`])""", _go),
    "java": _reader(r"^[ \t]*import\s+(?P<static>static\s+)?(?P<module>[\w.]*\w)(?P<rest>\.\*)?\s*;", _java),
    "kotlin": _reader(r"^[ \t]*import\s+(?P<static>)(?P<module>[\w.`]*[\w`])(?P<rest>\.\*)?", _java),
    "scala": _reader(r"^[ \t]*import\s+(?P<module>[\w.]+[\w.*])(?P<names>\{[^}]*\})?", _scala),
    "csharp": _reader(
        r"^[ \t]*(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?(?P<path>[A-Za-z_][\w.]*)\s*;"
    ),
    "rust": _reader(
        r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:use\s+(?P<tree>[^;]{1,4000});|mod\s+(?P<mod>\w+)\s*;)", _rust
    ),
    "c": _INCLUDE,
    "cpp": _INCLUDE,
    "ruby": _reader(
        r"""
        ^[ \t]*(?:require(?P<relative>_relative)?|load|autoload\s+:\w+,)\s*\(?\s*["'](?P<path>[^"'\n]+)["']
        """,
        _ruby,
    ),
    "php": _reader(
        r"""
        ^[ \t]*(?: use\s+(?:function\s+|const\s+)?(?P<use>[A-Za-z_\\][^;()]*);
                 | (?:require|include)(?:_once)?\b[^;'"\n]*['"](?P<path>[^'"\n]+)['"] )
        """,
        _php,
    ),
    "lua": _reader(r"""\brequire\s*\(?\s*["'](?P<path>[^"'\n]+)["']"""),
    "elixir": _reader(
        r"^[ \t]*(?:alias|import|use|require)\s+(?P<module>[A-Z][\w.]*)(?:\{(?P<names>[^}]*)\})?", _elixir
    ),
    "haskell": _reader(r"^import\s+(?:safe\s+)?(?:qualified\s+)?(?:\"[^\"]*\"\s+)?(?P<path>[A-Z][\w.']*)"),
    "swift": _reader(
        r"""
        ^[ \t]*(?:@\w+\s+)?import\s+
        (?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)? (?P<path>[\w.]+)
        """
    ),
    "shell": _reader(r"""^[ \t]*(?:source|\.)[ \t]+["']?(?P<path>[^\s"';&|]+)"""),
    "zig": _reader(r"""@import\("(?P<path>[^"\n]+)"\)"""),
    "css": _reader(r"""@(?:import|use|forward)\s+(?:url\()?["'](?P<path>[^"'\n]+)["']"""),
    "html": _reader(r"""<(?:script|link|img)\b[^>]*?\b(?:src|href)\s*=\s*["'](?P<path>[^"'\n]+)["']"""),
}


def find_imports(language: str, text: str, root: Node | None) -> list[Import]:
    """Give the imports of a file in the order of their lines; ``root`` is its tree where it has one."""
    reader = _READERS.get(language)
    if reader is None:
        return []
    found: list[Import] = []
    ascii_text = text.isascii()
    line = 1
    counted = 0
    for match in _pattern(language).finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        if root is not None:
            offset = start if ascii_text else len(text[:start].encode("utf-8", "surrogatepass"))
            node = root.descendant_for_byte_range(offset, offset + 1)
            if node is not None and _NOT_CODE.search(node.type):
                continue
        line += text.count("\n", counted, start)
        counted = start
        found.extend(Import(module, names, line) for module, names in reader.read(match) if module)
    return found
