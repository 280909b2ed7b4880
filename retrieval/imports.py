"""From an import, as written, to the files of the project that it means.

Exact where a language says where a module lies (Python, JavaScript and TypeScript, Go, Java and Kotlin,
Rust, C#, C); elsewhere by the longest match between the import's words and the ends of paths. What lies
outside the project resolves to nothing.
"""

from __future__ import annotations

import os.path
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence

__all__ = ["Resolver", "file_keys", "import_keys", "path_keys"]

_WORDS = re.compile(r"[^./\\:]+").findall
# Files that stand for their folder.
_FOLDER_STEMS = frozenset({"__init__", "index", "mod", "lib", "main", "init", "package"})
_FOLDER_LIMIT = 60  # files of one package; more say nothing about any of them
_JS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".d.ts", ".vue", ".svelte", ".json")
_C = (".h", ".hpp", ".hh", ".hxx", ".c", ".cc", ".cpp", ".cxx", ".ipp")
# fmt: off
_GO_STANDARD = frozenset({
    "archive", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database",
    "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index",
    "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp",
    "runtime", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text",
    "time", "unicode", "unique", "unsafe",
})
# fmt: on
_SOURCE_ROOTS = frozenset({"src", "lib", "python", "source", "main", "java", "kotlin", "scala", "app"})


def _folded(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()


def file_keys(path: str) -> tuple[str, str]:
    """The stem and the folder, both folded, that an import which means ``path`` ends with."""
    parts = path.split("/")
    stem = parts[-1].split(".", 1)[0] or parts[-1]
    folder = parts[-2].rsplit(".", 1)[-1] if len(parts) > 1 else ""
    if stem in _FOLDER_STEMS and folder:
        stem = folder
    return _folded(stem), _folded(folder)


def path_keys(path: str) -> set[str]:
    """The keys of imports that may mean ``path``."""
    return {key for key in (*file_keys(path), _folded(path.rsplit("/", 1)[-1].split(".", 1)[0])) if key}


def import_keys(module: str, names: Sequence[str], path: str) -> set[str]:
    """The keys of every file that an import in ``path`` may mean, now or when more files have come."""
    words = [_folded(word) for word in _WORDS(module)]
    # the last words; before a file's ending ("x/list.h") or a member ("a.b.Type.CONSTANT") one word more
    keys = {*words[-3:], *(_folded(name) for name in names if name != "*")}
    if module.startswith((".", "self", "super", "crate")):
        folders = path.split("/")[:-1]
        up = (
            module.count("../")
            + module.count("super")
            + (len(module) - len(module.lstrip(".")) if words else 1)
        )
        keys.update(_folded(folder.rsplit(".", 1)[-1]) for folder in folders[-up - 2 :])
    keys.discard("")
    return keys


class Resolver:
    """Resolves imports against the files that the index holds now. Make a new one after they change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._stems: dict[str, list[tuple[int, str, list[str]]]] = {}
        self._folders: dict[str, list[tuple[int, str]]] = {}
        self._paths: dict[str, int | None] = {}
        self._stem = ""
        self._done: dict[tuple[str, str, str], tuple[int, ...]] = {}

    def __call__(self, module: str, names: Sequence[str], path: str) -> tuple[int, ...]:
        """The files that ``module`` (and ``names`` taken from it) means in the file at ``path``; ids,
        ascending.
        """
        ending = path[path.rfind(".") :].lower()
        folder = path.rpartition("/")[0]
        # Rust's self and super depend on the file itself, all else on its folder and language.
        place = path if module.startswith(("self", "super")) else f"{folder}{ending}"
        key = (module, " ".join(names), place)
        self._stem = path[len(folder) + 1 if folder else 0 :].split(".", 1)[0]
        found = self._done.get(key)
        if found is None:
            resolve = _BY_ENDING.get(ending, Resolver._generic)
            found = self._done[key] = tuple(sorted(set(resolve(self, module, names, folder, ending))))
        return found

    # What the index holds

    def _file(self, path: str) -> int | None:
        if path not in self._paths:
            row = self._execute(
                "SELECT id FROM files WHERE path = ? AND sha256 IS NOT NULL", (path,)
            ).fetchone()
            self._paths[path] = None if row is None else row[0]
        return self._paths[path]

    def _first(self, candidates: Iterable[str]) -> list[int]:
        for candidate in candidates:
            found = self._file(candidate)
            if found is not None:
                return [found]
        return []

    def _with_stem(self, stem: str) -> list[tuple[int, str, list[str]]]:
        key = _folded(stem)
        if key not in self._stems:
            self._stems[key] = [
                (file_id, path, _bare(path).split("/"))
                for file_id, path in self._execute(
                    "SELECT id, path FROM files WHERE stem = ? AND sha256 IS NOT NULL ORDER BY path", (key,)
                )
            ]
        return self._stems[key]

    def _in_folders_named(self, name: str) -> list[tuple[int, str]]:
        key = _folded(name)
        if key not in self._folders:
            self._folders[key] = self._execute(
                "SELECT id, path FROM files WHERE folder = ? AND sha256 IS NOT NULL ORDER BY path", (key,)
            ).fetchall()
        return self._folders[key]

    def _ending_in(
        self,
        words: Sequence[str],
        folder: str,
        endings: tuple[str, ...],
        *,
        fold: bool = False,
        accept: Callable[[str], bool] = lambda _: True,
    ) -> list[int]:
        """The file whose path without its ending ends with ``words``: of several, the one nearest to
        ``folder``.
        """
        if not words:
            return []
        wanted = [_folded(word) for word in words] if fold else list(words)
        best: tuple[int, int, str, int] | None = None
        for file_id, path, names in self._with_stem(words[-1]):
            if not path.endswith(endings):
                continue
            parts = names
            if parts[-1] in _FOLDER_STEMS and (_folded(parts[-1]) if fold else parts[-1]) != wanted[-1]:
                parts = parts[:-1]
            tail = parts[-len(wanted) :]
            if ([_folded(part) for part in tail] if fold else tail) != wanted:
                continue
            before = "/".join(parts[: -len(wanted)])
            if not accept(before):
                continue
            rank = (
                -_shared(path.split("/"), folder.split("/")),
                len(parts),
                path,
                file_id,
            )
            if best is None or rank < best:
                best = rank
        return [] if best is None else [best[3]]

    def _folder_ending_in(
        self, words: Sequence[str], endings: tuple[str, ...], *, at_root: bool = False, dotted: bool = False
    ) -> list[int]:
        """The files right inside folders whose path ends with ``words`` (is ``words``, with ``at_root``)."""
        if not words:
            return []
        mark = "." if dotted else "/"
        wanted = mark.join(words)
        groups: dict[str, list[int]] = {}
        for file_id, path in self._in_folders_named(words[-1]):
            inside = path.rpartition("/")[0]
            spelt = inside.replace("/", mark)
            if path.endswith(endings) and (
                spelt == wanted or (not at_root and spelt.endswith(mark + wanted))
            ):
                groups.setdefault(inside, []).append(file_id)
        found = [file_id for group in groups.values() for file_id in group]
        return found if len(found) <= _FOLDER_LIMIT else []

    # Languages

    def _python(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        bare = module.lstrip(".")
        words = bare.split(".") if bare else []
        up = len(module) - len(bare)
        if up:
            base = folder.split("/") if folder else []
            if up - 1 > len(base):
                return []
            base = base[: len(base) - up + 1]

            def find(parts: list[str]) -> list[int]:
                path = "/".join([*base, *parts])
                ways = [f"{path}.py", f"{path}/__init__.py", f"{path}.pyi", f"{path}/__init__.pyi"]
                return self._first(ways if path else ["__init__.py"])
        else:
            standard = words[0] in sys.stdlib_module_names

            def accept(before: str) -> bool:
                if not before:
                    return True
                if standard:
                    return False
                return f"{folder}/".startswith(f"{before}/") or before.rpartition("/")[2] in _SOURCE_ROOTS

            def find(parts: list[str]) -> list[int]:
                return self._ending_in(parts, folder, (".py", ".pyi"), accept=accept)

        found: list[int] = []
        whole = not names or "*" in names
        for name in names:
            inner = find([*words, name]) if name != "*" else []
            found += inner
            whole = whole or not inner
        return found + (find(words) if whole else [])

    def _javascript(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        if module.startswith("."):
            path = os.path.normpath(f"{folder}/{module}" if folder else module)
            path = "" if path == "." else path
            if path.startswith(".."):
                return []
            bare = re.sub(r"\.[cm]?jsx?$", "", path)
            ways = [path, *(f"{path}{end}" for end in _JS), *(f"{bare}{end}" for end in _JS)]
            inner = f"{path}/" if path else ""
            return self._first([*ways, *(f"{inner}index{end}" for end in _JS)])
        alias = re.match(r"(?:@|~|#|src|app)/(?=.)", module)
        words = _bare(module[alias.end() :] if alias else module).split("/")
        return self._ending_in(words, folder, _JS) if alias or len(words) > 2 else []

    def _go(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        words = module.split("/")
        if words[0] in _GO_STANDARD:
            return []
        for start in range(1, len(words)):
            found = self._folder_ending_in(words[start:], (".go",), at_root=True)
            if found:
                return found
        return []

    def _java(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        endings = (".java", ".kt", ".kts", ".scala", ".sc")
        words = [word for word in module.replace(";", "").split(".") if word]
        if words and words[-1] in ("*", "_"):
            words.pop()
            names = ["*"]
        found: list[int] = []
        for name in names:
            if name != "*":
                found += self._ending_in([*words, name], folder, endings)
        if not found and len(words) > 1:
            # a class; or a static import, which names a member of one
            found = self._ending_in(words, folder, endings) or self._ending_in(words[:-1], folder, endings)
        if not found and "*" in names:
            found = self._folder_ending_in(words, endings)
        return found

    def _csharp(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        words = module.split(".")
        if words[0] in ("System", "Microsoft") and not self._folder_ending_in(words, (".cs",), dotted=True):
            return []
        return self._folder_ending_in(words, (".cs",), dotted=True) or self._ending_in(
            words[-2:], folder, (".cs",)
        )

    def _rust(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        words = [word for word in module.split("::") if word]
        if not words or words[0] in ("std", "core", "alloc"):
            return []
        parts = folder.split("/") if folder else []
        crates: list[list[str]] = []
        above: list[str] = []
        if words[0] == "crate":
            crates = [parts[: place + 1] for place in range(len(parts) - 1, -1, -1) if parts[place] == "src"][
                :1
            ]
            words = words[1:]
        elif words[0] in ("self", "super"):
            own = [] if self._stem in _FOLDER_STEMS else [self._stem]
            crates = [[*parts, *own], parts, parts[:-1]]
            above = [f"{folder}.rs", *(f"{folder}/{stem}.rs".lstrip("/") for stem in ("mod", "lib", "main"))]
            while words and words[0] in ("self", "super"):
                words = words[1:]
        else:
            name = words[0].replace("_", "-")
            near = [[*parts[:-1], *words[:0]], parts]
            found = self._folder_ending_in([words[0], "src"], (".rs",)) or self._folder_ending_in(
                [name, "src"], (".rs",)
            )
            if found:
                root = self._execute("SELECT path FROM files WHERE id = ?", (found[0],)).fetchone()[0]
                crates = [root.split("/")[:-1]]
                words = words[1:]
            else:
                crates = near
        found = []
        for name in [name for name in names if name != "*"] or [""]:
            chain = [*words, name] if name else words
            hit: list[int] = []
            for crate in crates:
                for length in range(len(chain), 0, -1):
                    path = "/".join([*crate, *chain[:length]])
                    hit = self._first([f"{path}.rs", f"{path}/mod.rs"])
                    if hit:
                        break
                if hit:
                    break
            found += hit or self._first(above)
        return found

    def _c(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        path = os.path.normpath(f"{folder}/{module}" if folder else module)
        near = self._file(path)
        if near is not None:
            return [near]
        words = [word for word in module.split("/") if word not in (".", "..")]
        if not words:
            return []
        words[-1] = words[-1].split(".", 1)[0]
        return self._ending_in(words, folder, (module[module.rfind(".") :],) if "." in module else _C)

    def _generic(self, module: str, names: Sequence[str], folder: str, ending: str) -> list[int]:
        near = self._file(os.path.normpath(f"{folder}/{module}" if folder else module))
        if near is not None:
            return [near]
        # Ruby's a/b, PHP's A\B, Lua's a.b, Elixir's and Haskell's A.B, Swift's A: the longest end that a
        # path has
        words = [word for word in _WORDS(module.removesuffix(ending)) if word]
        found: list[int] = []
        for name in names:
            if name != "*":
                found += self._ending_in([*words, name], folder, (ending,), fold=True)
        if found:
            return found
        shortest = max(len(words) - 1, 1) if len(words) > 2 else len(words)
        for start in range(len(words) - shortest + 1):
            found = self._ending_in(words[start:], folder, (ending,), fold=True)
            if found:
                return found
        return []


_BY_ENDING = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), Resolver._python),
    **dict.fromkeys(_JS, Resolver._javascript),
    ".go": Resolver._go,
    **dict.fromkeys((".java", ".kt", ".kts", ".scala", ".sc"), Resolver._java),
    ".cs": Resolver._csharp,
    ".rs": Resolver._rust,
    **dict.fromkeys(_C, Resolver._c),
}


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many first words two paths share."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _bare(path: str) -> str:
    """A path without the endings of its name."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.split(".", 1)[0] or name)
