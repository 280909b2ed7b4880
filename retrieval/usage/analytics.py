"""How well queries did: precision by what was said of their chunks, what is used most, and what together."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations

from ..errors import NoSuchSessionError
from ..store import Store, chunk_uid_text
from .experience import Act, decayed
from .store import UsageStore

__all__ = ["KS", "Analytics", "ChunkUse", "Day", "Pair", "SessionUse", "analytics"]

KS = (1, 3, 5, 10)
PAIRS = 10
SESSIONS = 20


@dataclass(frozen=True, slots=True)
class SessionUse:
    """One session: ``precision`` is used among delivered, over the ``judged`` queries; ``at_k`` its mean over
    the first k places (fewer where fewer were delivered). Times are ISO 8601 in UTC.
    """

    session: str
    began: str
    queries: int
    judged: int
    retrieved: int
    used: int
    precision: float | None
    at_k: dict[str, float]


@dataclass(frozen=True, slots=True)
class Day:
    """The judged queries of one day (UTC)."""

    day: str
    judged: int
    at_k: dict[str, float]


@dataclass(frozen=True, slots=True)
class ChunkUse:
    """A chunk and how often it was delivered, used or selected, and ignored; ``score`` is its decayed use.

    Where it stands is None for a chunk that the index no longer has.
    """

    id: str
    used: int
    ignored: int
    retrieved: int
    score: float
    file_path: str | None
    symbol_name: str | None
    line_start: int | None
    line_end: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two chunks that were of use together, in so many sittings."""

    chunks: tuple[str, str]
    sittings: int


@dataclass(frozen=True, slots=True)
class Analytics:
    """All of it; sessions are the latest, newest first."""

    queries: int = 0
    judged: int = 0
    events: dict[str, int] = field(default_factory=dict)
    precision: float | None = None
    at_k: dict[str, float] = field(default_factory=dict)
    sessions: tuple[SessionUse, ...] = ()
    over_time: tuple[Day, ...] = ()
    top_chunks: tuple[ChunkUse, ...] = ()
    co_occurrence: tuple[Pair, ...] = ()


@dataclass(slots=True)
class _Query:
    session: int
    at: float
    judged: bool
    chunks: list[int] = field(default_factory=list)
    used: set[int] = field(default_factory=set)


def analytics(
    usage: UsageStore,
    store: Store,
    *,
    session: str | None,
    top: int,
    timeout_minutes: float,
    half_life_days: float,
    now: float,
) -> Analytics:
    """Work it out over everything, or over one session. Raises `NoSuchSessionError`."""

    def look(connection: sqlite3.Connection) -> Analytics | None:
        names = dict(connection.execute("SELECT id, name FROM sessions").fetchall())
        number = next((key for key, name in names.items() if name == session), None)
        if session is not None and number is None:
            return None
        queries = _queries(connection, number)
        acts = connection.execute(
            "SELECT at, kind, chunk, session FROM acts WHERE ? IS NULL OR session = ? ORDER BY at, id",
            (number, number),
        ).fetchall()
        judged = [query for query in queries.values() if query.judged]
        counts = Counter(kind for _, kind, _, _ in acts)
        delivered = Counter(chunk for query in queries.values() for chunk in query.chunks)
        return Analytics(
            len(queries),
            len(judged),
            {
                "retrieved": delivered.total(),
                **{kind: counts[kind] for kind in ("selected", "used", "ignored")},
            },
            _precision(judged),
            _at_k(judged),
            _sessions(queries.values(), names),
            _days(judged),
            _top(store, acts, delivered, top, now, half_life_days),
            _together(acts, timeout_minutes * 60),
        )

    nothing = Analytics(events=dict.fromkeys(("retrieved", "selected", "used", "ignored"), 0))
    found = usage.read(look, None if session is not None else nothing)
    if found is None:
        raise NoSuchSessionError(f"no session is named {session!r}")
    return found


def _queries(connection: sqlite3.Connection, session: int | None) -> dict[int, _Query]:
    queries = {
        key: _Query(owner, at, bool(judged))
        for key, owner, at, judged in connection.execute(
            "SELECT id, session, at, judged FROM queries WHERE ? IS NULL OR session = ? ORDER BY id",
            (session, session),
        )
    }
    for key, chunk in connection.execute("SELECT query, chunk FROM retrieved ORDER BY query, place"):
        if key in queries:
            queries[key].chunks.append(chunk)
    for key, chunk in connection.execute("SELECT query, chunk FROM acts WHERE kind != 'ignored'"):
        if key in queries:
            queries[key].used.add(chunk)
    return queries


def _precision(judged: Iterable[_Query]) -> float | None:
    found = sum(len(query.chunks) for query in judged)
    return round(sum(len(query.used) for query in judged) / found, 4) if found else None


def _at_k(judged: list[_Query]) -> dict[str, float]:
    """Precision at k (Manning, Raghavan and Schuetze 2008, 8.4), averaged over queries."""
    if not judged:
        return {}
    return {
        str(k): round(
            sum(
                sum(chunk in query.used for chunk in query.chunks[:k]) / min(k, len(query.chunks))
                for query in judged
                if query.chunks
            )
            / len(judged),
            4,
        )
        for k in KS
    }


def _sessions(queries: Iterable[_Query], names: dict[int, str]) -> tuple[SessionUse, ...]:
    by_session: dict[int, list[_Query]] = {}
    for query in queries:
        by_session.setdefault(query.session, []).append(query)
    latest = sorted(by_session.items(), key=lambda item: (-item[1][-1].at, item[0]))[:SESSIONS]
    found = []
    for number, own in latest:
        judged = [query for query in own if query.judged]
        found.append(
            SessionUse(
                names.get(number, "?"),
                _moment(own[0].at).isoformat(timespec="seconds"),
                len(own),
                len(judged),
                sum(len(query.chunks) for query in own),
                sum(len(query.used) for query in own),
                _precision(judged),
                _at_k(judged),
            )
        )
    return tuple(found)


def _days(judged: Iterable[_Query]) -> tuple[Day, ...]:
    by_day: dict[str, list[_Query]] = {}
    for query in judged:
        by_day.setdefault(_moment(query.at).date().isoformat(), []).append(query)
    return tuple(Day(day, len(own), _at_k(own)) for day, own in sorted(by_day.items()))


def _top(
    store: Store,
    acts: list[tuple[float, str, int, int | None]],
    delivered: Counter[int],
    top: int,
    now: float,
    half_life_days: float,
) -> tuple[ChunkUse, ...]:
    by_chunk: dict[int, list[Act]] = {}
    for at, kind, chunk, _ in acts:
        by_chunk.setdefault(chunk, []).append(Act(at, kind))
    used = Counter(chunk for _, kind, chunk, _ in acts if kind != "ignored")
    ignored = Counter(chunk for _, kind, chunk, _ in acts if kind == "ignored")
    best = sorted(
        by_chunk.keys() | delivered.keys(), key=lambda chunk: (-used[chunk], -delivered[chunk], chunk)
    )[:top]
    found = []
    with store.reading() as connection:
        for chunk in best:
            place = connection.execute(
                "SELECT path, symbol, line_start, line_end FROM chunks JOIN files ON files.id = file_id"
                " WHERE uid = ? ORDER BY chunks.id LIMIT 1",
                (chunk,),
            ).fetchone() or (None, None, None, None)
            score = max(0.0, decayed(by_chunk.get(chunk, ()), now, half_life_days))
            found.append(
                ChunkUse(
                    chunk_uid_text(chunk),
                    used[chunk],
                    ignored[chunk],
                    delivered[chunk],
                    round(score, 4),
                    *place,
                )
            )
    return tuple(found)


def _together(acts: list[tuple[float, str, int, int | None]], timeout: float) -> tuple[Pair, ...]:
    """Pairs of chunks used in one sitting: acts of one session with no longer silence than the timeout."""
    last: dict[int | None, float] = {}
    sittings: dict[int | None, list[set[int]]] = {}
    for at, kind, chunk, session in acts:
        own = sittings.setdefault(session, [])
        if not own or at - last[session] > timeout:
            own.append(set())
        last[session] = at
        if kind != "ignored":
            own[-1].add(chunk)
    pairs = Counter(
        pair for own in sittings.values() for sitting in own for pair in combinations(sorted(sitting)[:60], 2)
    )
    best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:PAIRS]
    return tuple(Pair((chunk_uid_text(one), chunk_uid_text(two)), count) for (one, two), count in best)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
