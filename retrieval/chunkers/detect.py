"""Which language a file is written in: by name, then by extension, then by its first line."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LANGUAGES", "detect_language", "is_cpp_header"]

LANGUAGES: Final[dict[str, tuple[str, ...]]] = {
    "python": (".py", ".pyi", ".pyw"),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
    "typescript": (".ts", ".mts", ".cts"),
    "tsx": (".tsx",),
    "go": (".go",),
    "rust": (".rs",),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "csharp": (".cs", ".csx"),
    "c": (".c", ".h"),
    "cpp": (
        *(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".inl", ".tpp"),
        *(".cu", ".cuh"),
    ),
    "ruby": (".rb", ".rake", ".gemspec", ".ru"),
    "php": (".php", ".phtml"),
    "swift": (".swift",),
    "scala": (".scala", ".sc", ".sbt"),
    "lua": (".lua",),
    "elixir": (".ex", ".exs"),
    "haskell": (".hs",),
    "zig": (".zig", ".zon"),
    "shell": (".sh", ".bash", ".zsh", ".ksh", ".bats"),
    "clojure": (".clj", ".cljs", ".cljc"),
    "cmake": (".cmake",),
    "crystal": (".cr",),
    "cython": (".pyx", ".pxd", ".pxi"),
    "d": (".d",),
    "dart": (".dart",),
    "docker": (".dockerfile",),
    "erlang": (".erl", ".hrl"),
    "fortran": (".f90", ".f95", ".f03", ".f08"),
    "fsharp": (".fs", ".fsi", ".fsx"),
    "glsl": (".glsl", ".vert", ".frag", ".comp", ".wgsl", ".hlsl", ".metal"),
    "graphql": (".graphql", ".gql"),
    "groovy": (".groovy", ".gradle"),
    "hcl": (".tf", ".hcl"),
    "julia": (".jl",),
    "lisp": (".el", ".lisp", ".scm", ".rkt"),
    "make": (".mk",),
    "nim": (".nim",),
    "nix": (".nix",),
    "objc": (".m", ".mm"),
    "ocaml": (".ml", ".mli"),
    "perl": (".pl", ".pm"),
    "powershell": (".ps1", ".psm1"),
    "proto": (".proto",),
    "r": (".r",),
    "solidity": (".sol",),
    "verilog": (".v", ".sv", ".svh"),
    "vim": (".vim",),
    "sql": (".sql",),
    "html": (".html", ".htm", ".xhtml"),
    "template": (".jinja", ".jinja2", ".j2", ".erb", ".ejs", ".hbs", ".twig", ".liquid", ".cshtml", ".heex"),
    "css": (".css", ".scss", ".less", ".sass", ".tcss"),
    "vue": (".vue",),
    "svelte": (".svelte",),
    "markdown": (".md", ".markdown", ".mdx"),
    "rst": (".rst",),
    "text": (".txt", ".text", ".adoc"),
    "ini": (".ini", ".cfg"),
    "toml": (".toml",),
    "yaml": (".yaml", ".yml"),
    "json": (".json", ".jsonc", ".json5"),
}
"""Every language with the extensions that stand for it."""

_BY_EXTENSION: Final = {extension: name for name, extensions in LANGUAGES.items() for extension in extensions}

_BY_NAME: Final = {
    "rakefile": "ruby",
    "gemfile": "ruby",
    "makefile": "make",
    "gnumakefile": "make",
    "dockerfile": "docker",
    "cmakelists.txt": "cmake",
    "jenkinsfile": "groovy",
    "pipfile": "toml",
    "cargo.lock": "toml",
    "poetry.lock": "toml",
    "readme": "text",
    "license": "text",
    "copying": "text",
    "authors": "text",
    "changelog": "text",
}

_INTERPRETERS: Final = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "deno": "typescript",
    "bun": "typescript",
    "ruby": "ruby",
    "php": "php",
    "lua": "lua",
    "luajit": "lua",
    "elixir": "elixir",
    "runhaskell": "haskell",
    "scala": "scala",
    "swift": "swift",
    "sh": "shell",
    "bash": "shell",
    "dash": "shell",
    "perl": "perl",
    "rscript": "r",
    "julia": "julia",
    "escript": "erlang",
    "zsh": "shell",
    "ksh": "shell",
    "bats": "shell",
}
# "#!/usr/bin/env -S FOO=1 python3.11 -u" names python.
_SHEBANG: Final = re.compile(
    r"#!\s*\S*?(?:/env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?|/)?([A-Za-z]+)[\d.]*(?:\s|$)"
)


_CPP_HEADER: Final = re.compile(
    r"^[ \t]*(?:class\s+\w+[^;()]*$|namespace\b[^;]*$|template\s*<|using\s+\w+|(?:public|private)\s*:)",
    re.MULTILINE,
)


def is_cpp_header(text: str) -> bool:
    """Whether the text of a ``.h`` file is C++ rather than C."""
    return _CPP_HEADER.search(text) is not None


def detect_language(path: str, first_line: str = "") -> str:
    """Name the language of the file at ``path``; ``unknown`` when nothing tells."""
    name = path.rpartition("/")[2].lower()
    language = _BY_NAME.get(name)
    if language is None:
        dot = name.rfind(".")
        language = _BY_EXTENSION.get(name[dot:]) if dot >= 0 else None
    if language is None and (shebang := _SHEBANG.match(first_line)):
        language = _INTERPRETERS.get(shebang[1])
    return language or "unknown"
