"""Whether a compressed text is true to its source: by its lines, and for Python by its syntax tree."""

from __future__ import annotations

import ast
import re

from mnemo.retrieval.chunkers.syntax import code_of, parse
from mnemo.retrieval.compress import Compressed

__all__ = ["faults", "parses", "tree_fault"]

_COUNT = re.compile(r"(?:^|, )(\d+) lines?(?:[:\]]|$)")
_FIRST = re.compile(r"\[(\d+) ")


def faults(source: str, done: Compressed) -> list[str]:
    """What is wrong with a compressed text by its lines alone."""
    lines, kept, found = source.split("\n"), done.text.split("\n"), []
    at = place = 0
    for elision in (*done.elisions, None):
        stop = elision.line_start - 1 if elision else len(lines)
        while at < stop:
            if place < len(kept) and kept[place] == lines[at]:
                place += 1
            elif lines[at].strip():
                return [f"line {at + 1} is gone or changed: {lines[at]!r}"]
            elif place and not kept[place - 1].strip():
                pass  # one more blank line
            else:
                return [f"a blank line is gone: {at + 1}"]
            at += 1
        if elision is None:
            break
        if kept[place].strip() != elision.mark:
            return [f"no mark at line {at + 1}: {kept[place]!r}"]
        place += 1
        at = elision.line_end
        count = sum(1 for line in lines[elision.line_start - 1 : at] if line.strip())
        words = elision.mark[elision.mark.index("[") :].partition(":")[0].rstrip("]")
        said = _COUNT.search(words) or _FIRST.match(words)
        if said is None or int(said[1]) != count or elision.lines != count:
            found.append(f"{elision.mark!r} stands for {count} lines")
    if place != len(kept):
        found.append("something was added")
    return found


def tree_fault(before: ast.AST, after: ast.AST) -> str | None:
    """How ``after`` is more than ``before`` with statements and elements taken out."""
    if type(before) is not type(after):
        return f"{type(before).__name__} became {type(after).__name__}"
    for name in before._fields:
        old, new = getattr(before, name, None), getattr(after, name, None)
        if isinstance(old, list) and isinstance(new, list):
            loose = name in ("body", "orelse", "finalbody", "elts", "keys", "values")
            if fault := _lists(old, new, loose=loose):
                return fault
        elif isinstance(old, ast.AST) and isinstance(new, ast.AST):
            if fault := tree_fault(old, new):
                return fault
        elif old != new:
            return f"{name}: {old!r} became {new!r}"
    return None


def _lists(old: list[ast.AST], new: list[ast.AST], *, loose: bool) -> str | None:
    if not loose and len(old) != len(new):
        return f"{len(old)} became {len(new)}"
    at = 0
    for item in new:
        if (
            loose
            and isinstance(item, ast.Expr)
            and isinstance(item.value, ast.Constant)
            and item.value.value is ...
        ):
            continue
        fault: str | None = "nothing like it before"
        while at < len(old) and fault:
            fault = _same(old[at], item)
            at += 1
            if not loose:
                break
        if fault:
            return f"{ast.dump(item)[:100] if isinstance(item, ast.AST) else item!r}: {fault}"
    return None


def _same(old: ast.AST | None, new: ast.AST | None) -> str | None:
    if isinstance(old, ast.AST) and isinstance(new, ast.AST):
        return tree_fault(old, new)
    return None if old == new else f"{old!r} became {new!r}"


def parses(language: str, text: str) -> bool:
    if language == "python":
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            return False
        return True
    root = parse(language, code_of(text))
    return root is not None and not root.has_error
