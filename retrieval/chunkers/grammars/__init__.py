"""The languages that are parsed, and what the walk needs to know of each."""

from __future__ import annotations

from typing import Final

from .base import Definition, Grammar
from .managed import CSHARP, JAVA, KOTLIN, SCALA, SWIFT
from .scripting import ELIXIR, LUA, PHP, PYTHON, RUBY, SHELL
from .systems import CPP, GO, HASKELL, RUST, ZIG, C
from .web import JAVASCRIPT, TSX, TYPESCRIPT

__all__ = ["GRAMMARS", "Definition", "Grammar"]

GRAMMARS: Final[dict[str, Grammar]] = {
    "c": C,
    "cpp": CPP,
    "csharp": CSHARP,
    "elixir": ELIXIR,
    "go": GO,
    "haskell": HASKELL,
    "java": JAVA,
    "javascript": JAVASCRIPT,
    "kotlin": KOTLIN,
    "lua": LUA,
    "php": PHP,
    "python": PYTHON,
    "ruby": RUBY,
    "rust": RUST,
    "scala": SCALA,
    "shell": SHELL,
    "swift": SWIFT,
    "tsx": TSX,
    "typescript": TYPESCRIPT,
    "zig": ZIG,
}
