"""Vue and Svelte: one file of script, template and style."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .outline import outline
from .source import Source
from .units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPONENTS", "components"]

COMPONENTS: Final = frozenset({"vue", "svelte"})

_OPEN: Final = re.compile(r"<(script|template|style)\b([^>]*)>?", re.IGNORECASE)
_TYPESCRIPT: Final = re.compile(r"\blang\s*=\s*[\"']?tsx?\b")


def components(source: Source, script: Callable[[Source], list[Unit]]) -> list[Unit]:
    """Plan each part by its own language; ``script`` plans code.

    Every part is read as a file of its own in which all other lines are blank, so that line numbers hold.
    """
    units: list[Unit] = []
    at = 0
    for first, last, name, attributes in _parts(source):
        units += _inside(source, at, first, "html")
        if name == "script":
            language = "typescript" if _TYPESCRIPT.search(attributes) else "javascript"
            units += script(Source(_only(source, first + 1, last), language))
        elif name == "style":
            units += _inside(source, first + 1, last, "css")
        else:
            units.append(_template(source, first, last))
        at = last + 1
    return units + _inside(source, at, len(source.lines), "html")


def _parts(source: Source) -> list[tuple[int, int, str, str]]:
    """First line, last line, name and attributes of each part."""
    found: list[tuple[int, int, str, str]] = []
    after = 0
    for at, line in enumerate(source.lines):
        match = _OPEN.match(line)
        if match is None or at < after:
            continue
        close = f"</{match[1].lower()}>"
        end = next(
            (row for row in range(at, len(source.lines)) if source.lines[row].lower().startswith(close)), -1
        )
        if end > at:
            found.append((at, end, match[1].lower(), match[2]))
            after = end
    return found


def _template(source: Source, first: int, last: int) -> Unit:
    unit = Unit(first, last + 1, "element")
    unit.divide = lambda: _inside(source, first + 1, last, "html")
    return unit


def _only(source: Source, first: int, last: int) -> str:
    return "\n" * first + source.content(first, last)


def _inside(source: Source, first: int, last: int, language: str) -> list[Unit]:
    return outline(Source(_only(source, first, last), language))
