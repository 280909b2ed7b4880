"""What Explore asks of an index and of a journal: plain functions, called in threads. Knows no screen."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ...places import write_private
from ..inert import inert, one_line
from .model import Acted, Asked, Counts, Delivered, Hit, Ingested, Missed, Result, Step, Unindexed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ...retrieval.engine import RetrievalEngine
    from ...retrieval.ingest import IngestReport, Progress
    from ...retrieval.journal.results import MemoryResult
    from ...retrieval.results import LeftOut, QueryResult
    from ...retrieval.trace import Trace
    from ...storage.journal import MemoryDB
    from ..stale import Staleness

__all__ = [
    "act",
    "ask_code",
    "ask_journal",
    "counts",
    "deliver",
    "hit_of",
    "hit_of_memory",
    "ingest",
    "watch",
]

_ROOM: Final = "made room for what is pinned"


# -- asking ---------------------------------------------------------------------------------------


def ask_code(engine: RetrievalEngine, asked: Asked) -> Result | Unindexed:
    """The code that answers a question; nothing of it is put down."""
    from ...retrieval.errors import NoIndexError  # noqa: PLC0415 -- loaded when the first question is asked
    from ...retrieval.signals import SIGNALS  # noqa: PLC0415

    try:
        if not asked.text.strip():
            engine.store  # noqa: B018 -- raises where there is no index
            hits = asked.pinned
            used, weighed = _cost(asked, hits), _weighed(engine, "natural")
            return Result(asked, hits, used=used, signals=SIGNALS, root=engine.project.root, weighed=weighed)
        answer = engine.query(
            asked.text,
            budget=_widened(asked),
            output=asked.output,  # type: ignore[arg-type]
            scales=dict(asked.scales),
            refresh=False,
            learn=False,
        )
    except NoIndexError:
        return Unindexed(engine.project.dir)
    found = [hit_of(result) for result in answer]
    return _fitted(
        Result(
            asked,
            tuple(found),
            _missed(answer.left_out),
            _steps(answer.trace),
            answer.used,
            answer.kind,
            SIGNALS,
            engine.project.root,
            tuple(one_line(line) for line in answer.notices),
            _weighed(engine, answer.kind),
        )
    )


def _weighed(engine: RetrievalEngine, kind: str) -> frozenset[str]:
    """The signals that weigh anything in the project's fusion, for one type of question."""
    if engine.project.config.retrieval.fusion == "rrf":
        from ...retrieval.rrf_stages import WEIGHED  # noqa: PLC0415

        return WEIGHED
    from ...retrieval.fusion import weighed_signals  # noqa: PLC0415

    return weighed_signals(kind)


def hit_of(result: QueryResult) -> Hit:
    """A result of the code's engine as it is shown."""
    chunk = result.chunk
    return Hit(
        chunk.id,
        *_named(chunk.symbol_name, result.file_path, chunk.line_start, chunk.line_end),
        result.file_path,
        chunk.line_start,
        chunk.language or "",
        chunk.tokens,
        chunk.content,
        result.scores,
        result.ranks,
        one_line(result.stale_reason or ""),
        result,
    )


def ask_journal(db: MemoryDB, asked: Asked) -> Result:
    """The memories that answer a question."""
    from ...retrieval.journal import query_journal  # noqa: PLC0415
    from ...retrieval.journal.signals import SIGNALS  # noqa: PLC0415

    if not asked.text.strip():
        used = _cost(asked, asked.pinned)
        return Result(asked, asked.pinned, used=used, signals=SIGNALS, weighed=frozenset(SIGNALS))
    answer = query_journal(
        db,
        asked.text,
        budget=_widened(asked),
        now=datetime.now().astimezone(),
        output=asked.output,  # type: ignore[arg-type]
        scales=dict(asked.scales),
    )
    found = [hit_of_memory(result) for result in answer]
    return _fitted(
        Result(
            asked,
            tuple(found),
            tuple(
                Missed(one_line(left.concept, 120), left.id[:8], left.cost, left.reason)
                for left in answer.left_out
            ),
            _steps(answer.trace),
            answer.used,
            "journal",
            SIGNALS,
            weighed=frozenset(SIGNALS),
        )
    )


def hit_of_memory(result: MemoryResult) -> Hit:
    """A memory of an answer as it is shown."""
    memory = result.memory
    return Hit(
        memory.memory_id,
        one_line(memory.concept, 120),
        one_line(memory.content, 200),
        "",
        0,
        "",
        result.tokens,
        result.chunk.content,
        result.scores,
        result.ranks,
        "",
        result,
    )


def _missed(left_out: Sequence[LeftOut]) -> tuple[Missed, ...]:
    return tuple(
        Missed(
            *_named(left.symbol_name, left.file_path, left.line_start, left.line_end), left.cost, left.reason
        )
        for left in left_out
    )


def _named(symbol: str | None, path: str, start: int, end: int) -> tuple[str, str]:
    """The name and the place that a chunk is shown with."""
    return one_line(symbol or path.rpartition("/")[2], 120), one_line(f"{path}:{start}-{end}", 400)


def _steps(trace: Trace) -> tuple[Step, ...]:
    return tuple(Step(step.name, step.came, step.went, step.ms, one_line(step.why)) for step in trace.stages)


def _widened(asked: Asked) -> int:
    """The budget to ask with: what is excluded is found all the same, and its room is to be filled."""
    return asked.budget + sum(hit.tokens + 40 for hit in asked.excluded)


def _fitted(result: Result) -> Result:
    """The result with what is pinned in it and what is excluded out of it, within the budget."""
    asked = result.asked
    if not asked.pinned and not asked.excluded:
        return result
    pins, out = {hit.id: hit for hit in asked.pinned}, {hit.id for hit in asked.excluded}
    found = {hit.id: hit for hit in result.hits}
    # A pinned chunk is shown as it is now, where the question finds it.
    hits = [found.get(name, hit) for name, hit in pins.items()]
    hits += [hit for hit in result.hits if hit.id not in pins and hit.id not in out]
    missed = list(result.missed)
    while len(hits) > len(pins) and _cost(asked, hits) > asked.budget:
        hit = hits.pop()
        missed.insert(0, Missed(hit.name, hit.place, hit.tokens, _ROOM))
    return result._replace(hits=tuple(hits), missed=tuple(missed), used=_cost(asked, hits))


def _cost(asked: Asked, hits: Sequence[Hit]) -> int:
    """What an answer counts against the budget: the contents for JSON, else the whole output."""
    from ...retrieval.tokens import count_tokens, exact_counter  # noqa: PLC0415

    if not hits:
        return 0
    if asked.output == "json":
        return sum(hit.tokens for hit in hits)
    text = assembled(asked, hits)
    exact = exact_counter()
    return exact(text) if exact is not None else count_tokens(text)


# -- taking along ---------------------------------------------------------------------------------


def assembled(asked: Asked, hits: Sequence[Hit]) -> str:
    """An answer as text, in the format chosen."""
    found: Any = [hit.source for hit in hits]
    if asked.output == "json":
        import json  # noqa: PLC0415

        return json.dumps([result.as_dict() for result in found], ensure_ascii=False, indent=1) + "\n"
    if asked.corpus == "journal":
        from ...retrieval.journal.formats import document as memories  # noqa: PLC0415

        return memories(asked.output, asked.text, asked.budget, found)  # type: ignore[arg-type]
    from ...retrieval.formats import document  # noqa: PLC0415

    return document(asked.output, asked.text, asked.budget, found)  # type: ignore[arg-type]


def deliver(result: Result, path: Path | None) -> Delivered:
    """Write an answer out: to a file, or as the text to copy.

    Raises:
        OSError: the file cannot be written.
    """
    text = assembled(result.asked, result.hits)
    if path is not None:
        write_private(path, text)
    return Delivered(text, len(result.hits), path)


def act(engine: RetrievalEngine, asked: Asked, ids: Sequence[str], kind: str) -> Acted:
    """Say that chunks were ``used`` or ``selected``: this teaches, so the question is put down with it."""
    from ...retrieval.errors import IndexUnwritableError, NoSuchChunkError  # noqa: PLC0415

    engine.query(asked.text, budget=asked.budget, scales=dict(asked.scales), refresh=False)
    counted = 0
    for chunk_id in ids:
        # Its file changed since, or the project cannot be written: nothing is learned, nothing is lost.
        with suppress(NoSuchChunkError, IndexUnwritableError):
            counted += engine.feedback(chunk_id, kind)  # type: ignore[arg-type]
    return Acted(kind, counted)


# -- the index ------------------------------------------------------------------------------------


def counts(engine: RetrievalEngine) -> Counts | Unindexed:
    """How much is indexed."""
    from ...retrieval.errors import NoIndexError  # noqa: PLC0415

    try:
        with engine.store.reading() as connection:
            row = connection.execute("SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM chunks)")
            files, chunks = row.fetchone()
    except NoIndexError:
        return Unindexed(engine.project.dir)
    return Counts(files, chunks)


def ingest(engine: RetrievalEngine, ticket: Staleness, on_progress: Callable[[Progress], None]) -> Ingested:
    """Bring the index up to date, in steps that end when nobody waits any more; what is done is kept."""
    from ...retrieval.apart import ingest_apart  # noqa: PLC0415 -- loaded when something is indexed

    return _ingested(
        ingest_apart(engine.project.dir, on_progress=on_progress, cancelled=lambda: ticket.stale)
    )


def watch(
    engine: RetrievalEngine,
    ticket: Staleness,
    changed: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Follow what changes in the project until nobody waits any more; ``changed`` tells of each change."""
    from ...retrieval.apart import watch_apart  # noqa: PLC0415 -- loaded when something is watched

    def report(done: IngestReport) -> None:
        if done.changed or done.removed:
            changed()

    watch_apart(
        engine.project.dir,
        on_report=report,
        on_notice=lambda line: say(one_line(line)),
        cancelled=lambda: ticket.stale,
    )


def _ingested(report: IngestReport) -> Ingested:
    return Ingested(
        len(report.changed),
        len(report.removed),
        len(report.failed),
        report.elapsed,
        tuple(one_line(line) for line in report.notices),
    )


def shown_text(content: str) -> str:
    """A content as it can be drawn."""
    return inert(content).expandtabs(4)
