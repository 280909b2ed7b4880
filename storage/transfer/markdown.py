"""Markdown with front matter, as note-taking programs keep it.

Written: one document, each memory a block of front matter and its words, in the order of time. Read:
such a document, or a file or folder of files as people keep them by hand. In the front matter every
value that mnemo writes is JSON, which is YAML too; what people write is read as YAML, without its
surprises (``no`` is a word, ``2024-05-01`` a text).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from ..errors import InvalidMemoryError
from ..memory import Memory
from ..pool import Incoming
from .records import BOM, Defaults, Fault, Found, compose, parse_moment, read_record
from .sources import ReaderBeside

__all__ = ["MarkdownReader", "write_markdown"]

_FENCE: Final = "---"
_PAIR: Final = re.compile(r"([A-Za-z_][\w-]*): (.+)")
_DATE_KEYS: Final = ("timestamp", "date", "created", "created_at")
_NAMED_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T_](\d{2})[-:.](\d{2}))?")
_KNOWN: Final = frozenset(
    (
        *_DATE_KEYS,
        "concept",
        "feeling",
        "media_type",
        "note",
        "tags",
        "title",
        "lines",
        "attachments",
        "extra",
    )
)


# -- writing --------------------------------------------------------------------------------------


def write_markdown(memories: Iterable[Memory], out: BinaryIO) -> None:
    """One document; every memory reads back as it was."""
    for memory in memories:
        out.write(_block(memory).encode("utf-8", "surrogatepass"))


def _block(memory: Memory) -> str:
    record = memory.record()
    content = record.pop("content")
    for key in memory.extra:
        record.pop(key)
    if memory.extra:
        record["extra"] = dict(memory.extra)
    lines = content.split("\n")
    # Where the words could be taken for front matter, or begin or end with an empty line, they are counted.
    fenced = any(line.rstrip() == _FENCE for line in lines)
    if fenced or not lines[0] or not lines[-1] or "\r" in content:
        record["lines"] = len(lines)
    front = "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in record.items()
        if value not in ("", []) or key == "tags"
    )
    return f"{_FENCE}\n{front}{_FENCE}\n\n{content}\n\n"


# -- reading --------------------------------------------------------------------------------------


class _Block(NamedTuple):
    line: int
    front: dict[str, Any]
    content: str


class MarkdownReader(ReaderBeside):
    """A Markdown file, or every one in a folder and the folders below it."""

    def items(self, *, oldest_first: bool = False) -> Iterator[Found | Fault]:
        """Every block of front matter and words as a memory or a fault."""
        if not self.path.is_dir():
            yield from self._file(self.path, "")
            return
        for folder, folders, names in os.walk(self.path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if path.suffix.lower() in (".md", ".markdown") and not path.is_symlink():
                    yield from self._file(path, f"{path.relative_to(self.path)}: ")

    def _file(self, path: Path, within: str) -> Iterator[Found | Fault]:
        data = path.read_bytes().removeprefix(BOM)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            yield Fault(f"{within}line {line}", "it is not UTF-8 text")
            return
        if text.startswith(f"{_FENCE}\r\n"):
            text = text.replace("\r\n", "\n")
        for block in _blocks(text.split("\n")):
            if isinstance(block, Fault):
                yield Fault(within + block.where, block.reason)
                continue
            where = f"{within}line {block.line}"
            try:
                yield self._found(where, block, path)
            except InvalidMemoryError as error:
                yield Fault(where, str(error))

    def _found(self, where: str, block: _Block, path: Path) -> Found:
        front = block.front
        if isinstance(front.get("memory_id"), str) and isinstance(front.get("timestamp"), str):
            extra = front.pop("extra", {})
            record = {**front, "content": block.content}
            record.pop("lines", None)
            record.update(extra if isinstance(extra, dict) else {})
            memory, derived = read_record(record, self.defaults)
            return Found(where, memory, derived)
        memory = self._by_hand(front, block.content, path)
        return Found(where, memory, derived=True, files=tuple(_files_beside(path, front.get("attachments"))))

    def _by_hand(self, front: Mapping[str, Any], content: str, path: Path) -> Memory:
        title = _text(front, "title")
        if title and not re.match(rf"#*\s*{re.escape(title)}\s*(\n|$)", content):
            content = f"# {title}\n\n{content}"
        extra = {key: value for key, value in front.items() if key not in _KNOWN}
        given = front.get("extra")
        extra.update(given if isinstance(given, dict) else {})
        return compose(
            Defaults(
                _text(front, "concept") or self.defaults.concept,
                _text(front, "feeling") or self.defaults.feeling,
            ),
            content,
            parse_moment(self._when(front, path), self.defaults.zone),
            tags=_tags(front.get("tags")),
            note=_text(front, "note"),
            media_type=_text(front, "media_type") or "text",
            extra=extra,
        )

    def _when(self, front: Mapping[str, Any], path: Path) -> str:
        for key in _DATE_KEYS:
            if _text(front, key):
                return _text(front, key)
        named = _NAMED_DATE.match(path.name)
        if named is None:
            raise InvalidMemoryError("it has no date, neither in its front matter nor in its file's name")
        day, hour, minute = named.groups()
        return f"{day}T{hour}:{minute}" if hour else day


def _blocks(lines: list[str]) -> Iterator[_Block | Fault]:
    """Take a document apart. A fence begins front matter where it is closed and holds only pairs."""
    at, end = 0, len(lines)
    while at < end and not lines[at].strip():
        at += 1
    if at < end and not _is_opening(lines, at):
        stop = _next_opening(lines, at)
        yield _Block(at + 1, {}, "\n".join(lines[at:stop]).strip("\n"))
        at = stop
    while at < end:
        opened = at
        closed = _closing(lines, at)
        front = _front_matter(lines[at + 1 : closed], at + 2)
        at = closed + 1
        if isinstance(front, Fault):
            yield front
            at = _next_opening(lines, at)
            continue
        lines_said = str(front.get("lines", ""))
        if "memory_id" in front and lines_said.isdecimal():
            start = at + 1
            # Nine digits are more lines than any file has; of very many Python makes no number.
            at = start + int(lines_said[:9])
            if at > end or any(line for line in lines[at : _next_opening(lines, at)]):
                said = lines_said[:9]
                yield Fault(f"line {opened + 1}", f"its words are not the {said} lines that `lines` says")
            else:
                yield _Block(opened + 1, front, "\n".join(lines[start:at]))
            at = _next_opening(lines, at)
        else:
            stop = _next_opening(lines, at)
            yield _Block(opened + 1, front, "\n".join(lines[at:stop]).strip("\n"))
            at = stop


def _is_opening(lines: list[str], at: int) -> bool:
    return lines[at].rstrip() == _FENCE and (at == 0 or not lines[at - 1].strip()) and _closing(lines, at) > 0


def _next_opening(lines: list[str], at: int) -> int:
    while at < len(lines) and not _is_opening(lines, at):
        at += 1
    return at


def _closing(lines: list[str], opened: int) -> int:
    """Where the front matter that is opened here ends; -1 if this opens none."""
    for at in range(opened + 1, len(lines)):
        line = lines[at].rstrip()
        if line == _FENCE:
            return at if at > opened + 1 else -1
        if at == opened + 1 and not re.match(r"[\w\"'][^:]*:(\s|$)", line):
            return -1
    return -1


def _front_matter(lines: list[str], first: int) -> dict[str, Any] | Fault:
    front: dict[str, Any] = {}
    try:
        for line in lines:
            pair = _PAIR.fullmatch(line.rstrip("\r"))
            if pair is None:
                raise ValueError
            front[pair[1]] = json.loads(pair[2])
    except (ValueError, RecursionError):
        return _yaml(lines, first)
    return front if "memory_id" in front else _yaml(lines, first)


def _yaml(lines: list[str], first: int) -> dict[str, Any] | Fault:
    import yaml  # noqa: PLC0415 - what mnemo writes itself is read without it

    try:
        # The base loader makes texts, lists and mappings only: nothing can be built or run.
        events = yaml.parse("\n".join(lines), Loader=yaml.BaseLoader)
        if any(isinstance(event, yaml.AliasEvent) for event in events):
            return Fault(f"line {first}", "its front matter has YAML aliases, which are not read")
        front = yaml.load("\n".join(lines), Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        return Fault(f"line {first + (mark.line if mark else 0)}", f"its front matter is no YAML: {problem}")
    except RecursionError:
        return Fault(f"line {first}", "its front matter is nested too deeply")
    if not isinstance(front, dict) or not all(isinstance(key, str) for key in front):
        return Fault(f"line {first}", "its front matter is no list of `key: value`")
    return front


def _text(front: Mapping[str, Any], key: str) -> str:
    value = front.get(key, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidMemoryError(f"its {key} is no text")
    return value.strip()


def _tags(value: Any) -> list[str]:
    if value is None:
        return []
    tags = re.split(r"[,\s]+", value) if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidMemoryError("its tags are no list of text")
    return [tag.lstrip("#") for tag in tags]


def _files_beside(path: Path, listed: Any) -> Iterator[Incoming]:
    """Files that front matter names, relative to its own; never above its folder, never through a link."""
    if listed is None:
        return
    if isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise InvalidMemoryError("its attachments are no list of file names")
    for name in listed:
        folder = path.parent
        file = folder / name
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts or "\0" in name:
            raise InvalidMemoryError(f"its attachment {name!r} is not below the file's own folder")
        if any((folder / Path(*parts[:count])).is_symlink() for count in range(1, len(parts) + 1)):
            raise InvalidMemoryError(f"its attachment {name!r} is reached through a link")
        if not file.is_file():
            raise InvalidMemoryError(f"its attachment {name!r} does not exist")
        yield Incoming.from_path(file)
