"""How definitions begin, line by line, in code that is laid out by its indentation."""

from __future__ import annotations

import re
from typing import Final

from .units import TYPE_KINDS

__all__ = ["GENERAL", "OWN", "head_of"]

_WORD: Final = r"(?P<name>[\w$.:~?!]*[\w$?!])"
_ATOM: Final = r"(?P<name>[^\s()\[\]{}\"';,]+)"  # the Lisps name with nearly anything
_TARGET: Final = r"(?:[\w./%-]|\$[({][\w.-]+[)}])+"


def _heads(*heads: str, flags: str = "") -> tuple[str, ...]:
    return tuple(rf"{flags}\s*(?:{head})" for head in heads)


GENERAL: Final = _heads(
    r"(?:[\w@\[\]()]+\s+)*?(?P<kind>class|interface|struct|enum|trait|impl|module|namespace|object|record|protocol"
    rf"|extension|defmodule|mod|union)\b(?:<[^>]*>)?\s+{_WORD}",
    r"(?:[\w@()]+\s+)*?(?:def|defp|fn|func|fun|function|sub|proc|defmacro)\b\s*(?:\([^)]*\)\s*)?(?:self\.)?"
    + _WORD,
    rf"(?:export\s+)?(?:const|let|var)\s+{_WORD}\s*=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*=>|\w+\s*=>)",
    rf"{_WORD}\s*\(\)\s*\{{",
    r"(?!(?:return|else|new|throw|await|yield|case)\b)(?:[\w<>\[\],*&:?.]+\s+)+[*&]*"
    + _WORD
    + r"\s*\([^;]*$",
)
"""Heads that many languages share. One may be taken for a statement: it is believed of several lines."""

OWN: Final[dict[str, tuple[str, ...]]] = {
    "clojure": _heads(
        rf"\((?P<kind>ns|defprotocol|defrecord|deftype|extend-protocol|extend-type)\s+(?:\^\S+\s+)*{_ATOM}",
        rf"\(def\S*\s+(?:\^\S+\s+)*{_ATOM}",
    ),
    "cmake": _heads(r"(?:function|macro)\s*\(\s*(?P<name>\w+)", flags="(?i)"),
    "cython": _heads(
        r"cdef\s+(?:\w+\s+)*?(?P<kind>class|struct|enum|union)\s+(?P<name>\w+)",
        r"(?:cp?def|def)\s+(?:[\w*\[\]:,&.]+\s+)*?[*&]*(?P<name>\w+)\s*\(",
    ),
    "dart": _heads(
        r"(?P<kind>extension)\s+(?:type\s+)?(?:const\s+)?(?!on\b)(?P<name>[\w$]+)",
        r"(?:(?:base|sealed|final)\s+)*(?P<kind>mixin|typedef)\s+(?:class\s+)?(?P<name>\w+)",
    ),
    "docker": _heads(r"from\s+(?:--\S+\s+)?\S+\s+as\s+(?P<name>[\w.-]+)", flags="(?i)"),
    "erlang": _heads(
        r"-(?P<kind>record)\(\s*(?P<name>\w+)", r"(?<!\s)(?P<name>[a-z]\w*)\(.*(?:->|\bwhen\b|[,(]\s*$)"
    ),
    "fortran": _heads(
        r"(?:[\w()*=]+\s+)*?(?P<kind>module|type)\b(?:\s*,[^:]*)?(?:\s*::)?\s*(?!procedure\b)(?P<name>\w+)\s*$",
        r"(?:[\w()*=]+\s+)*?(?:subroutine|function|program)\s+(?P<name>\w+)",
        flags="(?i)",
    ),
    "fsharp": _heads(
        r"(?P<kind>type|module)\s+(?:(?:rec|private|internal|public)\s+)*(?P<name>[\w.]+)",
        r"(?:let|and)\s+(?:(?:rec|inline|private|internal|mutable)\s+)*\(?(?P<name>\w+)",
        r"(?:static\s+)?(?:abstract|default|override|member)\s+(?:(?:inline|private|internal)\s+)*(?:\w+\.)?(?P<name>\w+)",
    ),
    "graphql": _heads(
        r"(?:extend\s+)?(?P<kind>type|input|interface|union|enum|scalar)\s+(?P<name>\w+)",
        r"(?:query|mutation|subscription|fragment|directive)\s+@?(?P<name>\w+)",
    ),
    "hcl": _heads(r"(?P<kind>\w+)\s+(?:\"[\w.-]+\"\s+)?\"(?P<name>[\w.-]+)\"\s*\{"),
    "julia": _heads(
        r"(?:@\w+\s+)*(?:mutable\s+)?(?P<kind>struct|module|baremodule)\s+(?P<name>\w+)",
        r"(?:@\w+\s+)*(?:macro|function)\s+(?P<name>[\w.!]+)",
        r"(?P<name>[\w.!]+)\([^=]*\)\s*=(?!=)",
    ),
    "lisp": _heads(
        rf"\((?:cl-)?(?P<kind>defclass|defstruct|struct)\s+\(?{_ATOM}",
        rf"\((?:cl-|ert-)?def[\w/*-]*\s+[('#]*{_ATOM}",
    ),
    "make": _heads(rf"(?!\.[A-Z])(?P<name>{_TARGET})(?:\s+{_TARGET})*\s*(?P<kind>:):?(?![:=])"),
    "nim": _heads(
        r"(?:proc|func|method|iterator|template|macro|converter)\s+`?(?P<name>\w+)",
        r"(?P<name>\w+)\*?(?:\[[^\]]*\])?\s*=\s*(?:ref\s+)?(?P<kind>object|enum|tuple|concept)\b",
    ),
    "objc": _heads(
        r"@(?P<kind>interface|implementation|protocol)\s+(?P<name>\w+)",
        r"[-+]\s*\([^)]*\)\s*(?P<name>\w+)",
    ),
    "ocaml": _heads(
        r"(?P<kind>module\s+type|module|type|class\s+type|class)\s+(?:rec\s+|nonrec\s+)?(?:\([^)]*\)\s*|'\w+\s+)*(?P<name>\w+)",
        r"(?:let|and|val|external|method)!?\s+(?:rec\s+|private\s+|virtual\s+)*(?P<name>\w+)",
    ),
    "powershell": _heads(r"(?:function|filter)\s+(?P<name>[\w:-]+)", flags="(?i)"),
    "proto": _heads(r"(?:(?P<kind>message|service|enum)|rpc|extend)\s+(?P<name>\w+)"),
    "r": _heads(
        r"(?P<name>[\w.]+)\s*(?:<-|=)\s*(?P<kind>R6Class|setRefClass|setClass)\b",
        r"`?(?P<name>[\w.$<-]*?[\w.])`?\s*(?:<<?-|=)\s*(?:function\b|\\\()",
        r"set(?:Generic|Method|Validity)\(\s*[\"'](?P<name>[\w.]+)",
    ),
    "solidity": _heads(
        r"(?:abstract\s+)?(?P<kind>contract|library|interface|struct|enum)\s+(?P<name>\w+)",
        r"(?:modifier|event|error)\s+(?P<name>\w+)",
    ),
    "verilog": _heads(
        r"(?P<kind>module|interface|package|class)\s+(?:automatic\s+)?(?P<name>\w+)",
        r"(?:task|function)\s+(?:[\w\[\]:]+\s+)*?(?P<name>\w+)\s*[;(]",
    ),
    "vim": _heads(r"(?:func|function)!?\s+(?P<name>[\w:.#<>]+)", r"command!?\s+(?:-\S+\s+)*(?P<name>\w+)"),
}
_KINDS: Final = {
    ":": "rule",
    "ns": "module",
    "extend-protocol": "impl",
    "extend-type": "impl",
    "baremodule": "module",
    "namespace": "module",
    "mod": "module",
    "defmodule": "module",
    "package": "module",
    "union": "struct",
    "record": "class",
    "protocol": "interface",
    "extension": "impl",
    "implementation": "impl",
    "contract": "class",
    "library": "class",
    "defclass": "class",
    "defrecord": "class",
    "deftype": "class",
    "defstruct": "struct",
    "defprotocol": "interface",
    "mixin": "class",
    "typedef": "type",
    "message": "struct",
    "input": "struct",
    "service": "interface",
    "scalar": "type",
    "tuple": "type",
    "concept": "interface",
    "r6class": "class",
    "setrefclass": "class",
    "setclass": "class",
}


def head_of(line: str, heads: tuple[str, ...], holder: str) -> tuple[str, str] | None:
    """Kind and name of what ``line`` begins to define; None where it is none of ``heads``.

    ``holder`` is the kind of the definition around it.
    """
    match = next(filter(None, (re.match(head, line) for head in heads)), None)
    if match is None:
        return None
    if word := match.groupdict().get("kind"):
        kind = _KINDS.get(word.partition(" ")[0].lower(), word.lower())
    else:
        kind = "method" if holder in TYPE_KINDS else "function"
    return kind, match["name"].replace("::", ".").strip(".:")
