"""Find the files of a project, and say of every other one why it is left out.

Links are never followed, so a loop is no danger and no file is met twice: what a link names inside the root
is found under its own name. Folders are judged before their files, as git does, so that a rule about a folder
costs nothing per file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from .config import GeneralConfig
from .errors import OutsideProjectError
from .locate import INDEX_DIR
from .unchanged import Stamp, stamp_of

__all__ = ["Entry", "Scanner", "project_path"]

_GROUP_NAME = re.compile(r"\(\?P<\w+>")
_ANY_DEPTH = "^(?:.+/)?"


class Entry(NamedTuple):
    """A file to index: its path relative to the root, with slashes, and what stat says of it."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int


class _Rules:
    """One ignore file: its exact rules (pathspec), behind one regular expression that most names do not
    match.

    A path is seen from the ignore file's folder: ``cut`` characters fewer below the root, ``lead`` more
    above it.
    """

    __slots__ = ("_cut", "_lead", "_names", "_paths", "_spec", "source")

    def __init__(self, lines: list[str], source: str, *, cut: int = 0, lead: str = "") -> None:
        self.source = source
        self._cut = cut
        self._lead = lead
        self._spec = GitIgnoreSpec.from_lines(line for line in lines if _valid(line))
        names: list[str] = []
        paths: list[str] = []
        for pattern in self._spec.patterns:
            regex = getattr(pattern, "regex", None)
            if regex is None:
                continue
            text = _GROUP_NAME.sub("(?:", regex.pattern)
            rest = text.removeprefix(_ANY_DEPTH)
            body = rest.removesuffix("(?:(?:/)|$)").removesuffix("(?:/)")
            if rest != text and "/" not in body.replace("[^/]", ""):
                names.append(rest)
            else:
                paths.append(text)
        self._names = re.compile("|".join(names)).match if names else None
        self._paths = re.compile("|".join(paths)).match if paths else None

    def verdict(self, path: str, name: str) -> bool | None:
        """True: ignored; False: taken back by a ``!`` rule; None: not spoken of. Folders end with a slash."""
        if self._names is None or self._names(name) is None:
            if self._paths is None:
                return None
            if self._paths(self._lead + path[self._cut :]) is None:
                return None
        return self._spec.check_file(self._lead + path[self._cut :]).include


def _valid(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _matcher(patterns: Iterable[str]) -> Callable[[str, str], bool]:
    """Match names against fnmatch patterns, and whole paths against those with a slash."""
    names: set[str] = set()
    regexes: list[str] = []
    paths: list[str] = []
    for pattern in patterns:
        bare = pattern.rstrip("/").removeprefix("./")
        if not bare:
            continue
        if "/" in bare:
            paths.append(translate(bare.removeprefix("/")))
        elif any(mark in bare for mark in "*?["):
            regexes.append(translate(bare))
        else:
            names.add(bare)
    by_name = re.compile("|".join(regexes)).match if regexes else None
    by_path = re.compile("|".join(paths)).match if paths else None

    def match(path: str, name: str) -> bool:
        return (
            name in names
            or (by_name is not None and by_name(name) is not None)
            or (by_path is not None and by_path(path) is not None)
        )

    return match


class Scanner:
    """The rules of one project, for a whole walk or for single paths.

    ``skipped`` gathers what was left out: path (a folder's ends with a slash) to reason. Files of endings
    that are not configured are only counted, in ``unsupported``.
    """

    def __init__(self, root: Path, general: GeneralConfig) -> None:
        self.root = root
        self.skipped: dict[str, str] = {}
        self.looked: dict[str, Stamp] = {}
        self.beyond: dict[str, Stamp | bool] = {}
        self.unsupported = 0
        self._top = str(root)
        self._cap = general.max_file_size_kb * 1024
        self._endings = frozenset(
            item.lower() for item in general.supported_extensions if item.startswith(".")
        )
        self._whole = frozenset(item for item in general.supported_extensions if not item.startswith("."))
        self._ignored = _matcher(general.ignore_patterns)
        self._secret = _matcher(general.secret_patterns)
        self._rule_files = (".gitignore", ".mnemoignore") if general.respect_gitignore else (".mnemoignore",)
        self._chains: dict[str, tuple[_Rules, ...] | None] = {}
        self._outer = self._rules_above() if general.respect_gitignore else ()

    def walk(
        self,
        under: str = "",
        cancelled: Callable[[], bool] = lambda: False,
        entering: Callable[[str], None] = lambda _: None,
    ) -> Iterator[Entry]:
        """Yield the files to index below the folder ``under`` (relative, ``""`` for the root), in
        path order. ``entering`` is told each folder (absolute) right before it is looked into.
        """
        under = f"{under.rstrip('/')}/" if under else ""
        chain = self._chain(under)
        if chain is None:
            return
        stack: list[tuple[str, tuple[_Rules, ...] | None]] = [(under, chain)]
        while stack and not cancelled():
            prefix, known = stack.pop()
            entering(f"{self._top}/{prefix}".rstrip("/"))
            self.looked[prefix or "./"] = stamp_of(f"{self._top}/{prefix}")
            try:
                with os.scandir(f"{self._top}/{prefix}") as entries:
                    items = sorted(entries, key=_name)
            except OSError as error:
                if prefix != under or not isinstance(error, FileNotFoundError):
                    self.skipped[prefix or "./"] = f"unreadable: {error.strerror}"
                continue
            rules = (
                known
                if prefix == under
                else self._extended(prefix, known or (), {item.name for item in items})
            )
            folders: list[tuple[str, tuple[_Rules, ...] | None]] = []
            for item in items:
                name = item.name
                path = prefix + name
                if item.is_symlink():
                    self._skip_link(path, name)
                elif item.is_dir(follow_symlinks=False):
                    if self._enters(path + "/", name, rules or ()):
                        folders.append((path + "/", rules))
                elif self._supported(name):
                    found = self._judge(path, name, rules or (), item)
                    if found is not None:
                        yield found
                else:
                    self.unsupported += 1
            stack.extend(reversed(folders))

    def entry(self, path: str) -> Entry | None:
        """Judge one file by all the rules; None when it is missing or left out (``skipped`` says why)."""
        folder, _, name = path.rpartition("/")
        chain = self._chain(f"{folder}/" if folder else "")
        if chain is None:
            return None
        full = Path(self._top, path)
        try:
            mode = full.lstat().st_mode
        except OSError:
            return None
        if not self._supported(name):
            self.skipped[path] = "its ending is not among general.supported_extensions"
            return None
        if stat.S_ISLNK(mode):
            self._skip_link(path, name)
            return None
        return self._judge(path, name, chain, full)

    # Rules

    def _rules_above(self) -> tuple[_Rules, ...]:
        """The rules of folders from the git root down to the scanned root, and the repository's own exclude
        file.

        A rule file that would leave out the scanned root itself is not heard: someone asked for this folder.
        """
        top = None
        for folder in (self.root, *self.root.parents):
            git = folder / ".git"
            self.beyond[str(git)] = git.exists()
            if self.beyond[str(git)]:
                top = folder
                break
        if top is None:
            return ()
        between = [folder for folder in self.root.parents if folder.is_relative_to(top)]
        sources = [
            (top, top / ".git" / "info" / "exclude"),
            *((step, step / ".gitignore") for step in between[::-1]),
        ]
        rules: list[_Rules] = []
        for folder, file in sources:
            below = self.root.relative_to(folder).as_posix()
            lead = "" if below == "." else f"{below}/"
            self.beyond[str(file)] = stamp_of(file)
            lines = _lines(file)
            if lines:
                found = _Rules(lines, str(file), lead=lead)
                if not lead or not found.verdict("", f"{self.root.name}/"):
                    rules.append(found)
        return tuple(rules)

    def _extended(self, prefix: str, above: tuple[_Rules, ...], names: Iterable[str]) -> tuple[_Rules, ...]:
        """The chain that holds inside ``prefix``: what holds above, then its own rule files, the
        later stronger.
        """
        for name in self._rule_files:
            if name in names:
                self.looked[prefix + name] = stamp_of(Path(self._top, prefix, name))
                lines = _lines(Path(self._top, prefix, name))
                if lines:
                    above = (*above, _Rules(lines, prefix + name, cut=len(prefix)))
        return above

    def _chain(self, prefix: str) -> tuple[_Rules, ...] | None:
        """The rules inside ``prefix``; None when a rule or a link leaves the folder itself out."""
        if prefix not in self._chains:
            if not prefix:
                self._chains[prefix] = self._extended("", self._outer, self._rule_files)
            else:
                parent, _, name = prefix[:-1].rpartition("/")
                above = self._chain(f"{parent}/" if parent else "")
                inside: tuple[_Rules, ...] | None = None
                if above is not None and self._enters(prefix, name, above):
                    if Path(self._top, prefix[:-1]).is_symlink():
                        self._skip_link(prefix[:-1], name)
                    else:
                        inside = self._extended(prefix, above, self._rule_files)
                self._chains[prefix] = inside
        return self._chains[prefix]

    def _ignored_by(self, chain: tuple[_Rules, ...], path: str, name: str) -> str | None:
        """The deepest rule file that speaks of ``path`` decides: its name when it says to leave it out."""
        for rules in reversed(chain):
            said = rules.verdict(path, name)
            if said is not None:
                return rules.source if said else None
        return None

    def _enters(self, path: str, name: str, chain: tuple[_Rules, ...]) -> bool:
        if name in (INDEX_DIR, ".git"):  # no part of the project, and not worth a word
            return False
        if self._ignored(path[:-1], name):
            self.skipped[path] = "left out by general.ignore_patterns"
        elif self._secret(path[:-1], name):
            self.skipped[path] = "may hold secrets (general.secret_patterns)"
        elif (source := self._ignored_by(chain, path, name + "/")) is not None:
            self.skipped[path] = f"left out by {source}"
        else:
            return True
        return False

    def _supported(self, name: str) -> bool:
        dot = name.rfind(".")
        return (dot > 0 and name[dot:].lower() in self._endings) or name in self._whole

    def _judge(
        self, path: str, name: str, chain: tuple[_Rules, ...], item: os.DirEntry[str] | Path
    ) -> Entry | None:
        if self._ignored(path, name):
            reason = "left out by general.ignore_patterns"
        elif self._secret(path, name):
            reason = "may hold secrets (general.secret_patterns)"
        elif chain and (source := self._ignored_by(chain, path, name)) is not None:
            reason = f"left out by {source}"
        elif not _encodable(path):
            reason = "its name is not valid UTF-8"
            path = path.encode("utf-8", "backslashreplace").decode()
        else:
            try:
                found = item.stat(follow_symlinks=False)
            except OSError as error:
                reason = f"unreadable: {error.strerror}"
            else:
                if not stat.S_ISREG(found.st_mode):
                    reason = "not a regular file"
                elif found.st_size > self._cap:
                    reason = f"larger than {self._cap // 1024} KB (general.max_file_size_kb)"
                else:
                    return Entry(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            self.looked[path] = stamp_of(f"{self._top}/{path}")
        self.skipped[path] = reason
        return None

    def _skip_link(self, path: str, name: str) -> None:
        full = Path(self._top, path)
        try:
            target = full.resolve(strict=True)
        except (OSError, RuntimeError):
            reason = "a link that leads nowhere"
        else:
            if not target.is_dir() and not self._supported(name):
                return
            if not target.is_relative_to(self.root):
                reason = "a link out of the project"
            else:
                reason = f"a link to {target.relative_to(self.root).as_posix()}"
        self.skipped[path if _encodable(path) else path.encode("utf-8", "backslashreplace").decode()] = reason


def project_path(root: Path, path: str | Path) -> str:
    """``path`` (absolute, or relative to the working directory) relative to ``root``, with slashes; "" for
    the root.

    The last part is not resolved, so that a link is judged as a link. Raises `OutsideProjectError`.
    """
    given = Path(path)
    absolute = Path(os.path.normpath(Path.cwd() / given))
    resolved = absolute.parent.resolve() / absolute.name if absolute != absolute.parent else absolute
    for candidate in (resolved, absolute):
        if candidate.is_relative_to(root):
            relative = candidate.relative_to(root).as_posix()
            return "" if relative == "." else relative
    raise OutsideProjectError(f"{path} is outside the project {root}")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []


def _name(item: os.DirEntry[str]) -> str:
    return item.name


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
