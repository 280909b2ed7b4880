"""From rows in their order to results within the budget, each priced as it will be written."""

import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..storage.cache import ArcCache
from .analysis import WHOLE, stem
from .budget import Choice, fill
from .config import CompressionConfig
from .corpus import Candidate
from .evidence import Evidence
from .formats import TextFormat, closing, document, heading, parts
from .results import AlsoIn, Chunk, LeftOut, QueryResult
from .store import chunk_uid_text, inflate
from .tokens import count_tokens, exact_counter

if TYPE_CHECKING:
    from .scored import Scored
    from .usage.delta import SessionView

__all__ = ["Content", "Delivery", "Options"]

LEFT_OUT = 20  # of what did not fit, so many are told
AT_ONCE = 64  # contents read by one statement
SQUEEZE_BEST = 5  # of so many offers, those that do not fit are tried smaller
SQUEEZED = 3  # so many chunks of an answer are compressed at most
SQUEEZES = (1.0, 0.9, 0.75)  # shares of the ratio that would just do: marks and headings cost as well
SQUEEZABLE = 0.5  # room that is less than this share of a chunk is not worth a try


class Options(NamedTuple):
    """How to answer. ``format`` decides what the budget counts: the whole output, or for json the contents.

    ``path`` is a glob over paths (or a folder), ``language`` a language's name; ``scales`` weighs signals
    from 0 to 2; ``show_scores`` and ``session`` (its name) are what the output will show, and so cost.
    ``compress`` allows that a few chunks that would not fit are made smaller; without
    ``scores`` results tell none.
    """

    budget: int
    format: Literal["plain", "json", "markdown", "xml"] = "json"
    limit: int | None = None
    per_file: int | None = None
    path: str | None = None
    language: str | None = None
    scales: Mapping[str, float] = MappingProxyType({})
    show_scores: bool = False
    check_stale: bool = False
    session: str | None = None
    compress: bool = True
    scores: bool = True


class Content(NamedTuple):
    """What a chunk's row in the index does not hold: its text, the text's hash, and where else that is."""

    text: str
    hash: str
    also_in: tuple[AlsoIn, ...]


class Delivery:
    """Turns rows into results, priced as they will be written. ``contents`` is asked for what chunks hold,
    and ``asked`` gets the ids that it was asked for.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        evidence: Evidence,
        scored: "Scored | None",
        options: Options,
        compression: CompressionConfig,
        contents: ArcCache[str, Content],
        asked: list[str],
    ) -> None:
        self._connection = connection
        self._contents = contents
        self._asked = asked
        self._evidence = evidence
        self._candidates = evidence.candidates
        self._scored = scored
        self._options = options
        self._compression = compression
        self._format: TextFormat | None = None if options.format == "json" else options.format
        self._exact = exact_counter()
        self.used = 0
        self._made: dict[int, QueryResult] = {}
        self._prices: dict[int, tuple[QueryResult, int]] = {}
        self._squeezed = 0
        self._ahead = options.budget  # tokens of contents to read before somebody asks for them
        self._order: list[int] = []
        self._bodies: dict[int, tuple[bytes, bytes, int]] = {}

    def choose(self, order: list[int]) -> Choice:
        """Take rows in ``order``, best first, while they fit the budget."""
        self._order = order
        options = self._options
        offers = (
            (row, chunk.file_id, chunk.content_id, chunk.line_start, chunk.line_end, self._floor(chunk))
            for row, chunk in zip(order, map(self._candidates.__getitem__, order), strict=True)
        )
        return fill(
            offers,
            options.budget - self._frame(),
            self._cost,
            squeeze=self._squeeze if options.compress else lambda _row, _room: None,
            limit=options.limit or None,
            per_file=options.per_file or None,
        )

    def _floor(self, chunk: Candidate) -> int:
        """What a chunk costs at the least, all but surely: an exact count stays close to the estimate."""
        return chunk.tokens * 3 // 4 if self._exact is not None else chunk.tokens

    def _squeeze(self, row: int, room: int) -> int | None:
        """Compress a chunk into the room that is left, and give its cost; None where that cannot be, or is
        not worth it.
        """
        chunk = self._candidates[row]
        if (
            self._squeezed >= SQUEEZED
            or room < SQUEEZABLE * chunk.tokens
            or self._order.index(row) >= SQUEEZE_BEST
        ):
            return None
        from .compress import compress  # noqa: PLC0415 - most answers compress nothing

        whole = self._result(row)
        question = {stem(group.term): group.idf for group in self._evidence.groups if group.term[0] != WHOLE}
        cost = self._cost(row)
        for share in SQUEEZES:
            done = compress(
                whole.chunk.content,
                whole.chunk.language or "unknown",
                config=self._compression,
                ratio=share * room / cost,
                question=question,
                strict=chunk.symbol is not None,
            )
            tokens = count_tokens(done.text, whole.chunk.language or "unknown")
            if tokens < whole.chunk.tokens:
                smaller = whole.chunk._replace(content=done.text, tokens=tokens, compressed=True)
                self._made[row] = whole._replace(chunk=smaller)
                if (now := self._cost(row)) <= room:
                    self._squeezed += 1
                    return now
        self._made[row] = whole
        return None

    def results(self, choice: Choice) -> list[QueryResult]:
        """What was taken, whole."""
        return [self._result(row) for row in choice.taken]

    def for_session(self, found: list[QueryResult], session: "SessionView") -> list[QueryResult]:
        """What the session lacks of it. What was chosen is what would be without a session: a turn costs
        less, and nothing worse takes the room.
        """
        return [session.deliver(result) for result in found]

    def within_budget(self, found: list[QueryResult]) -> list[QueryResult]:
        """Block by block the count is never too low but for what an exact tokenizer does at a seam, and for
        marks of what is stale.
        """
        if self._format is not None and self._options.budget < self._frame():
            return []
        while found and (used := self._count(found)) > self._options.budget:
            found = found[:-1]
        self.used = used if found else 0
        return found

    def left_out(self, choice: Choice) -> list[LeftOut]:
        """The best of what did not fit."""
        left = []
        for row, cost in choice.refused[:LEFT_OUT]:
            chunk = self._candidates[row]
            path = self._evidence.files[chunk.file_id].path
            left.append(
                LeftOut(
                    chunk_uid_text(chunk.uid),
                    path,
                    chunk.symbol,
                    chunk.line_start,
                    chunk.line_end,
                    cost if cost != self._floor(chunk) else chunk.tokens,
                    "does not fit the budget",
                )
            )
        return left

    def least(self, choice: Choice) -> int | None:
        """The budget that the best chunk takes, heading and all; None where there is none."""
        rows = [*choice.taken, *(row for row, _ in choice.refused)]
        return self._frame() + self._cost(rows[0]) if rows else None

    def _frame(self) -> int:
        if self._format is None:
            return 0
        options = self._options
        head = heading(
            self._format, self._evidence.query.text, options.budget, 9999, 999_999, session=options.session
        )
        return self._tokens(head + closing(self._format))

    def _cost(self, row: int) -> int:
        if self._format is None and self._exact is None:
            made = self._made.get(row)
            return self._candidates[row].tokens if made is None else made.chunk.tokens
        return self._price(self._result(row))

    def _price(self, result: QueryResult) -> int:
        """The tokens of a result as it will be written; each is asked for twice at least."""
        known = self._prices.get(id(result))
        if known is None:
            known = self._prices[id(result)] = result, self._tokens_written(result)
        return known[1]

    def _tokens_written(self, result: QueryResult) -> int:
        if self._format is None:
            return self._tokens(result.delta_text or result.chunk.content)
        before, content, after = parts(self._format, result, show_scores=self._options.show_scores)
        if self._exact is not None:
            return self._exact(before + content + after)
        if content != (result.delta_text or result.chunk.content):  # it is escaped, and so longer
            before += content
        return _around(before + after) + result.chunk.tokens

    def _count(self, found: list[QueryResult]) -> int:
        options = self._options
        if self._format is None:
            return sum(map(self._price if self._exact is not None else _tokens_of, found))
        text = self._evidence.query.text
        if self._exact is not None:
            shown, session = options.show_scores, options.session
            return self._exact(
                document(self._format, text, options.budget, found, show_scores=shown, session=session)
            )
        tokens = sum(map(_tokens_of, found))
        head = heading(self._format, text, options.budget, len(found), tokens, session=options.session)
        # Never less than the whole counts: lines are counted apart in both.
        return count_tokens(head + closing(self._format)) + sum(map(self._price, found))

    def _tokens(self, text: str) -> int:
        return self._exact(text) if self._exact is not None else count_tokens(text)

    def _result(self, row: int) -> QueryResult:
        made = self._made.get(row)
        if made is None:
            made = self._made[row] = self._make(row)
        return made

    def _make(self, row: int) -> QueryResult:
        chunk = self._candidates[row]
        facts = self._evidence.files[chunk.file_id]
        uid = chunk_uid_text(chunk.uid)
        self._asked.append(uid)
        content = self._contents.get(uid, lambda: self._read(row))
        return QueryResult(
            facts.path,
            Chunk(
                uid,
                content.text,
                chunk.type,
                chunk.symbol,
                facts.language,
                chunk.line_start,
                chunk.line_end,
                chunk.tokens,
                False,
                chunk.tokens,
                content.hash,
            ),
            content.also_in,
            *(() if self._scored is None else (self._scored.scores(row), self._scored.ranks(row))),
        )

    def _read(self, row: int) -> Content:
        chunk = self._candidates[row]
        if chunk.content_id not in self._bodies:
            self._load(row)
        body, digest, places = self._bodies[chunk.content_id]
        also: list[tuple[str, int, int]] = []
        if places > 1:
            also = self._connection.execute(
                "SELECT path, line_start, line_end FROM chunks JOIN files ON files.id = file_id"
                " WHERE content_id = ? AND chunks.id != ? ORDER BY path, line_start LIMIT 8",
                (chunk.content_id, chunk.chunk_id),
            ).fetchall()
        return Content(inflate(body), digest.hex(), tuple([AlsoIn(*place) for place in also]))

    def _load(self, row: int) -> None:
        """Read the contents of a row, and the first time of those that come next and would fill the budget,
        with how many chunks share each.
        """
        ids = [self._candidates[row].content_id]
        if self._ahead > 0:
            for other in self._order[self._order.index(row) + 1 :]:
                chunk = self._candidates[other]
                ids.append(chunk.content_id)
                self._ahead -= chunk.tokens
                if self._ahead <= 0 or len(ids) == AT_ONCE:
                    break
        marks = ",".join("?" * len(ids))
        rows = self._connection.execute(
            "SELECT id, body, hash, (SELECT count(*) FROM chunks WHERE content_id = contents.id)"  # noqa: S608
            f" FROM contents WHERE id IN ({marks})",
            ids,
        )
        self._bodies.update((content_id, (body, digest, places)) for content_id, body, digest, places in rows)


def _tokens_of(result: QueryResult) -> int:
    return result.chunk.tokens


@lru_cache(maxsize=4096)
def _around(text: str) -> int:
    """The tokens of what stands around a content: the same for the same chunk, whatever is asked."""
    return count_tokens(text)
