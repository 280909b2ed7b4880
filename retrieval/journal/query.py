"""From a question to memories: the stages of the code's query, over a journal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from ...storage.analysis import analyse
from ...storage.journal import MemoryDB
from .. import rrf
from ..budget import Choice, Offer, fill
from ..cost import values
from ..formats import TextFormat, closing, heading
from ..fusion import learned, weights_for
from ..signals.scale import Features, ranks
from ..tokens import count_tokens, exact_counter, prefix_within
from .evidence import JournalEvidence, MemoryCandidate, gather, shown_content
from .formats import block, document
from .results import JournalAnswer, MemoryChunk, MemoryLeftOut, MemoryResult
from .signals import SIGNALS, features_of

__all__ = ["query_journal"]

LEFT_OUT = 20
LARGE = 0.4  # of the budget: no memory takes more of it than that, but by an excerpt
EXCERPT = 60  # tokens that an excerpt may always have
_SENTENCE = re.compile(r"\n+|(?<=[.!?…。！？])\s+")


def query_journal(
    db: MemoryDB,
    text: str,
    *,
    budget: int,
    now: datetime,
    limit: int | None = None,
    concept: str | None = None,
    feelings: Any = None,
    tags: Any = None,
    since: datetime | None = None,
    until: datetime | None = None,
    output: Literal["plain", "json", "markdown", "xml"] = "json",
    scales: Mapping[str, float] | None = None,
    show_scores: bool = False,
    trace: bool = False,
) -> JournalAnswer:
    """The memories that answer ``text``, best first, within ``budget`` tokens.

    The words of a question are alternatives, with their inflections; a named concept, tag or span of time
    speaks for a memory, as do its recency and the layers that belong to it. ``now`` is an aware datetime.
    Filters are those of `MemoryDB.recall`; ``output`` decides what the budget counts (for json the sum of
    contents), ``scales`` weighs signals by name from 0 to 2. A memory too large for its share of the budget
    comes as an excerpt. Writes nothing. Raises `InvalidMemoryError` for an unknown feeling.
    """
    answer = JournalAnswer(text, budget)
    steps = answer.trace
    filters = {"concept": concept, "feelings": feelings, "tags": tags, "since": since, "until": until}
    with steps.stage("gather", db.count()) as stage:
        evidence = gather(db, text, now, filters)
        stage.went = len(evidence.candidates)
        named = ", ".join(f"{word.text}" for word in evidence.question.words[:8])
        stage.why = f"by words ({named}), concept, time and layers"
    if not evidence.candidates:
        return answer
    came = len(evidence.candidates)
    with steps.stage("signals", came) as stage:
        features = features_of(evidence)
        docs = [candidate.doc for candidate in evidence.candidates]
        columns = {name: [scores.get(doc, 0.0) for doc in docs] for name, scores in features.items()}
        ranked = {
            name: {docs[row]: rank for row, rank in ranks(columns[name]).items()}
            for name in SIGNALS
            if features.get(name)
        }
        stage.went = came
        stage.why = ", ".join(f"{name} {len(features[name])}" for name in SIGNALS if features.get(name))
    with steps.stage("fusion", came) as stage:
        weights = weights_for("journal")
        rows = [(row, row + 1) for row in range(came)]
        scored = learned(rows, Features(columns), weights, scales or {})
        sizes = [candidate.tokens for candidate in evidence.candidates]
        final, density = (dict(zip(docs, each, strict=True)) for each in values(sizes, scored, weights))
        stage.went = came
        stage.why = "learned"
    delivery = _Delivery(text, evidence, features, ranked, final, density, budget, output, show_scores)
    order = sorted(density, key=lambda doc: (-density[doc], delivery.by_doc[doc].memory.memory_id))
    with steps.stage("budget", came) as stage:
        choice = delivery.choose(order, limit)
        stage.went = len(choice.taken)
        told = {"did not fit": choice.refused, "there already": choice.passed}
        stage.why = ", ".join(f"{len(those)} {why}" for why, those in told.items() if those) or "all fit"
    with steps.stage("deliver", len(choice.taken)) as stage:
        answer.extend(delivery.deliver(choice))
        answer.used = delivery.count(answer) if answer else 0
        answer.left_out = delivery.left_out(choice)
        stage.went = len(answer)
        stage.why = f"{answer.used:,} of {budget:,} tokens"
    if trace:
        steps.reasons.update(choice.passed)
    return answer


class _Delivery:
    """Turns candidates into results, priced as they will be written."""

    def __init__(
        self,
        query: str,
        evidence: JournalEvidence,
        features: Mapping[str, Mapping[int, float]],
        ranked: Mapping[str, Mapping[int, int]],
        final: Mapping[int, float],
        density: Mapping[int, float],
        budget: int,
        output: str,
        show_scores: bool,
    ) -> None:
        self.by_doc = {candidate.doc: candidate for candidate in evidence.candidates}
        self._query = query
        self._evidence = evidence
        self._features = features
        self._ranked = ranked
        self._rrf = rrf.fuse(ranked, dict.fromkeys(SIGNALS, 1.0))
        self._final = final
        self._density = density
        self._budget = budget
        self._format: TextFormat | None = None if output == "json" else output  # type: ignore[assignment]
        self._show_scores = show_scores
        self._exact = exact_counter()
        self._contents: dict[int, tuple[str, bool]] = {}
        self._made: dict[int, MemoryResult] = {}
        self._weights = {
            form: word.idf * worth
            for word in evidence.question.words
            for form, worth in word.variants.items()
        }

    def choose(self, order: list[int], limit: int | None) -> Choice:
        contents: dict[str, int] = {}
        offers = []
        for doc in order:
            content = contents.setdefault(shown_content(self.by_doc[doc].memory), doc)
            offers.append(Offer(doc, doc, content, 1, 1))
        room = self._budget - (self._tokens(self._frame()) if self._format else 0)
        return fill(offers, room, self._cost, limit=limit or None)

    def deliver(self, choice: Choice) -> list[MemoryResult]:
        found = [self._result(doc) for doc in choice.taken]
        # Block by block the count is never too low but for what an exact tokenizer does at a seam.
        while found and self.count(found) > self._budget:
            found.pop()
        return found

    def count(self, found: list[MemoryResult]) -> int:
        if self._format is None:
            return sum(self._tokens(result.chunk.content) for result in found)
        return self._tokens(
            document(self._format, self._query, self._budget, found, show_scores=self._show_scores)
        )

    def left_out(self, choice: Choice) -> list[MemoryLeftOut]:
        return [
            MemoryLeftOut(memory.memory_id, memory.concept, cost, "does not fit the budget")
            for memory, cost in ((self.by_doc[doc].memory, cost) for doc, cost in choice.refused[:LEFT_OUT])
        ]

    def _frame(self) -> str:
        assert self._format is not None
        return heading(self._format, self._query, self._budget, 9999, 999_999) + closing(self._format)

    def _tokens(self, text: str) -> int:
        return self._exact(text) if self._exact is not None else count_tokens(text, "unknown")

    def _cost(self, doc: int) -> int:
        if self._format is None:  # the result itself is made only of what is delivered
            return self._tokens(self._content(doc)[0])
        return self._tokens(block(self._format, self._result(doc), show_scores=self._show_scores))

    def _result(self, doc: int) -> MemoryResult:
        made = self._made.get(doc)
        if made is None:
            made = self._made[doc] = self._make(self.by_doc[doc])
        return made

    def _content(self, doc: int) -> tuple[str, bool]:
        """The words to deliver, and whether they are an excerpt."""
        known = self._contents.get(doc)
        if known is None:
            content = shown_content(self.by_doc[doc].memory)
            largest = max(EXCERPT, round(LARGE * self._budget))
            # A token is a byte at least: most memories need not be counted to know that they are small.
            large = (
                len(content.encode("utf-8", "surrogatepass")) > largest
                and count_tokens(content, "unknown") > largest
            )
            known = (excerpt(content, self._weights, largest), True) if large else (content, False)
            self._contents[doc] = known
        return known

    def _make(self, candidate: MemoryCandidate) -> MemoryResult:
        memory, doc = candidate.memory, candidate.doc
        content, compressed = self._content(doc)
        tokens = count_tokens(content, "unknown")
        scores = {name: round(self._features.get(name, {}).get(doc, 0.0), 4) for name in SIGNALS}
        scores["rrf"] = round(self._rrf.get(doc, 0.0), 6)
        scores["density"] = round(self._density[doc], 6)
        scores["final"] = round(self._final[doc], 4)
        chunk = MemoryChunk(
            memory.memory_id,
            content,
            tokens,
            compressed,
            count_tokens(shown_content(memory), "unknown") if compressed else tokens,
            hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        )
        places = {name: known[doc] for name, known in self._ranked.items() if doc in known}
        return MemoryResult(memory, chunk, scores, places)


def excerpt(text: str, weights: Mapping[str, float], limit: int) -> str:
    """The sentences of ``text`` that say most of the question's words, with those beside them while there is
    room, in their order, gaps marked […], in at most ``limit`` tokens; a beginning where none does.
    """
    pieces = [piece.strip() for piece in _SENTENCE.split(text[:200_000]) if piece.strip()]
    worth = [sum(weights.get(word, 0.0) for word in set(analyse(piece).split())) for piece in pieces]
    said = sorted((at for at, share in enumerate(worth) if share), key=lambda at: (-worth[at], at)) or [0]
    beside = [at + step for step in (1, -1, 2, -2) for at in said if 0 <= at + step < len(pieces)]
    mark = count_tokens("\n[…]\n", "unknown")
    room = limit - mark
    taken: set[int] = set()
    for at in dict.fromkeys(said + beside):
        cost = count_tokens(pieces[at], "unknown") + mark
        if cost <= room:
            taken.add(at)
            room -= cost
        elif not taken:
            return f"{pieces[at][: prefix_within(pieces[at], room - mark, 'unknown')]} […]"
        if room < 2 * mark:
            break
    lines: list[str] = []
    last = -1
    for at in sorted(taken):
        if at != last + 1:
            lines.append("[…]")
        lines.append(pieces[at])
        last = at
    if last != len(pieces) - 1:
        lines.append("[…]")
    return "\n".join(lines)
