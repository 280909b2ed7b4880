"""What the Timeline shows, as frozen data: the query, the list that answers it, one row, one memory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..inert import one_line
from .layout import DayLayout

if TYPE_CHECKING:
    from datetime import datetime

    from rich.text import Text

    from ...storage.media import AttachedFile
    from ...storage.memory import Memory
    from ..drafts import Draft

__all__ = [
    "ROWS_PER_PAGE",
    "Detail",
    "Drafts",
    "Facets",
    "Found",
    "Layer",
    "Listing",
    "Look",
    "Page",
    "Pages",
    "Query",
    "Row",
    "data_url",
    "gist",
    "row_of",
]

ROWS_PER_PAGE: Final = 64


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the journal: several values of one kind are OR, kinds are AND.

    ``since`` and ``until`` are aware and both included; ``dates`` is how the user wrote them.
    """

    text: str = ""
    feelings: frozenset[str] = frozenset()
    concepts: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    dates: str = ""

    def toggled(self, kind: str, value: str) -> Query:
        """The query with one value of ``feelings``, ``concepts`` or ``tags`` switched."""
        values: dict[str, Any] = {kind: getattr(self, kind) ^ {value}}
        return replace(self, **values)

    def describe(self) -> str:
        """The query in words, for headings."""
        parts = [", ".join(sorted(values)) for values in (self.feelings, self.concepts) if values]
        if self.tags:
            parts.append(" ".join(f"#{tag}" for tag in sorted(self.tags)))
        if self.dates:
            parts.append(self.dates)
        if self.text:
            parts.append(f"“{self.text}”")
        return " · ".join(parts)


class Row(NamedTuple):
    """One line of the list; ``excerpt`` and ``concept`` are inert already.

    ``us`` is microseconds since 1970 in UTC; ``trouble`` says why a memory cannot be read.
    """

    ref: int
    us: int
    feeling: str
    concept: str
    excerpt: str
    attachments: int
    revisits: bool
    trouble: str = ""


_NONE: Final[Mapping[str, int]] = MappingProxyType({})
_MARKS: Final = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=[\w.!?,])[*_](?!\w)|(?m:^\s*(?:#{1,6}|>|-)\s)")


def data_url(content: str) -> str | None:
    """The MIME type and size of a ``data:`` URL, in words; None for any other content."""
    head = content[:128].partition(",")[0]
    if not head.startswith("data:") or not head.endswith(";base64") or "," not in content[:129]:
        return None
    return f"{one_line(head[5:-7] or 'data', 40)}, {(len(content) - len(head)) * 3 // 4 // 1000} kB"


def gist(content: str) -> str:
    """The beginning of a text on one line, without the marks of Markdown."""
    inside = data_url(content)
    if inside is not None:
        return f"[{inside}]"
    return one_line(_MARKS.sub("", content[:800]))


def row_of(ref: int, us: int, memory: Memory) -> Row:
    """The row that stands for a memory."""
    return Row(
        ref,
        us,
        str(memory.feeling),
        one_line(memory.concept, 80),
        gist(memory.content),
        len(memory.attachments),
        bool(memory.revisits),
    )


class Listing(NamedTuple):
    """The answer to a query: refs newest first with their times, laid out under days.

    While searching ``best`` holds the rows themselves, best first, and there are no headings.
    """

    query: Query
    refs: Sequence[int]
    times: Sequence[int]
    layout: DayLayout
    best: tuple[Row, ...] | None = None
    more: bool = False
    """Whether the search stopped at its limit."""
    partial: bool = False
    """Whether these are only the newest, while all are being listed."""


class Layer(NamedTuple):
    """Another memory named in the detail: of the same concept, or a layer upon this one."""

    ref: int
    us: int
    feeling: str
    text: str
    relation: str
    """``revisits`` (what this one looks back on), ``revisited by``, or ``concept``."""


class Detail(NamedTuple):
    """One memory with what is known around it; ``memory`` is None where it cannot be read."""

    ref: int
    memory: Memory | None
    trouble: str = ""
    layers: tuple[Layer, ...] = ()
    concept_total: int = 0
    files: tuple[AttachedFile, ...] = ()


class Look(NamedTuple):
    """What reading a memory's files showed: which still have their hash (None: not told), and a picture."""

    ref: int
    sound: tuple[bool | None, ...]
    picture: tuple[Text, ...]


class Facets(NamedTuple):
    """What can be filtered by: every name with its count under the present query, and in all."""

    total: int = 0
    feelings: Mapping[str, int] = _NONE
    concepts: Mapping[str, int] = _NONE
    tags: Mapping[str, int] = _NONE
    shown: Mapping[str, int] | None = None
    """Counts of feelings within the present query; None while nothing narrows it."""


class Page(NamedTuple):
    """The rows of one page of a listing, ``ROWS_PER_PAGE`` at most."""

    number: int
    rows: Sequence[Row]


class Pages(NamedTuple):
    """Some pages of a listing."""

    listing: Listing
    read: tuple[Page, ...]


class Found(NamedTuple):
    """A listing and the page its reader will see first."""

    listing: Listing
    page: Page | None


class Drafts(NamedTuple):
    """Drafts that wait to be gone on with, the last touched first."""

    drafts: tuple[Draft, ...]
