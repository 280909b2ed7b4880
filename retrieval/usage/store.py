"""What queries put down, and what is asked of it: events, sessions, patterns."""

import os
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from .database import UsageDatabase
from .experience import DAY, Act, Experience

__all__ = ["ActKind", "Delivered", "Given", "StoredLessons", "UsageStore", "hash_of"]

KEPT_DAYS = 180  # of what was asked and delivered, for analytics
SESSION_DAYS = 30  # of silence after which a session's texts are forgotten
HALF_LIVES = 20  # after which an act counts for nothing: a millionth
_TEXT = 500
_WORDS = 40

ActKind = Literal["used", "selected", "ignored"]


class Delivered(NamedTuple):
    """What a session has of a chunk: the hash of its text, since which of its queries, from which line."""

    turn: int
    hash: bytes
    line: int
    whole: bool


class Given(NamedTuple):
    """A chunk as an answer delivers it; ``text`` is None where the session has it already."""

    chunk: int
    hash: bytes
    line: int
    whole: bool
    text: str | None


class StoredLessons:
    """What was learned, as it counts at a moment, read by the stage that needs it: of a large store no query
    reads much.
    """

    def __init__(self, store: "UsageStore", *, now: float, half_life_days: float, min_hits: int) -> None:
        self._store = store
        self._now = now
        self._half_life = half_life_days
        self._min_hits = min_hits

    def pattern(self, signature: str) -> Experience:
        """The pattern of a signature, without acts."""
        hits, chunks = self._store.pattern(signature)
        return Experience({}, hits, chunks, self._now, self._half_life, self._min_hits)

    def acts(self, chunks: Sequence[int] | None) -> dict[int, list[Act]]:
        """The acts that still count, of these chunks, or of all."""
        return self._store.acts(chunks, self._now - HALF_LIVES * self._half_life * DAY)


class UsageStore(UsageDatabase):
    """What is kept in a project's ``usage.db``, and asked of it."""

    # -- reading ----------------------------------------------------------------------------------

    def pattern(self, signature: str) -> tuple[int, dict[int, int]]:
        """How often questions of that signature were judged, and in how many each chunk was of use."""

        def look(connection: sqlite3.Connection) -> tuple[int, dict[int, int]]:
            row = connection.execute("SELECT hits FROM patterns WHERE signature = ?", (signature,)).fetchone()
            chunks = connection.execute(
                "SELECT chunk, hits FROM pattern_chunks WHERE signature = ? AND hits > 0 ORDER BY chunk",
                (signature,),
            )
            return (row[0], dict(chunks.fetchall())) if row else nothing

        nothing: tuple[int, dict[int, int]] = (0, {})
        return self.read(look, nothing)

    def acts(self, chunks: Sequence[int] | None, since: float) -> dict[int, list[Act]]:
        """Acts by chunk, oldest first: of these chunks, or of all."""

        def look(connection: sqlite3.Connection) -> dict[int, list[Act]]:
            found: dict[int, list[Act]] = {}
            sets: dict[str, frozenset[str]] = {}
            if chunks is None:
                parts: list[tuple[str, Sequence[int]]] = [("", ())]
            elif connection.execute("SELECT 1 FROM acts LIMIT 1").fetchone() is None:
                return found
            else:
                some = [chunks[start : start + 500] for start in range(0, len(chunks), 500)]
                parts = [(f"chunk IN ({','.join('?' * len(part))}) AND", part) for part in some]
            for where, part in parts:
                for chunk, at, kind, words in connection.execute(
                    "SELECT chunk, acts.at, kind, coalesce(words, '') FROM acts"  # noqa: S608 - only marks
                    f" LEFT JOIN queries ON queries.id = query WHERE {where} acts.at > ?"
                    " ORDER BY acts.at, acts.id",
                    (*part, since),
                ):
                    own = sets.get(words)
                    if own is None:
                        own = sets[words] = frozenset(words.split())
                    found.setdefault(chunk, []).append(Act(at, kind, own))
            return found

        return self.read(look, {})

    def delivered(self, session: str) -> dict[int, Delivered]:
        """What a session has, by chunk."""

        def look(connection: sqlite3.Connection) -> dict[int, Delivered]:
            rows = connection.execute(
                "SELECT chunk, turn, hash, line, whole FROM delivered"
                " JOIN sessions ON sessions.id = session WHERE name = ?",
                (session,),
            )
            return {row[0]: Delivered(row[1], row[2], row[3], bool(row[4])) for row in rows}

        return self.read(look, {})

    def text(self, digest: bytes) -> str | None:
        """A text that some session has."""

        def look(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT body FROM texts WHERE hash = ?", (digest,)).fetchone()
            return None if row is None else zlib.decompress(row[0]).decode("utf-8", "surrogatepass")

        return self.read(look, None)

    def knows(self, chunk: int) -> bool:
        """Whether the chunk was ever delivered or spoken of."""
        return self.read(
            lambda connection: bool(
                connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM retrieved WHERE chunk = ?)"
                    " OR EXISTS (SELECT 1 FROM acts WHERE chunk = ?)",
                    (chunk, chunk),
                ).fetchone()[0]
            ),
            False,
        )

    def deliveries(self, limit: int) -> list[int]:
        """The chunks that queries delivered, in that order: the last ``limit`` of them."""

        def look(connection: sqlite3.Connection) -> list[int]:
            rows = connection.execute(
                "SELECT chunk FROM retrieved ORDER BY query DESC, place DESC LIMIT ?", (limit,)
            )
            return [chunk for (chunk,) in rows][::-1]

        return self.read(look, [])

    # -- writing ----------------------------------------------------------------------------------

    def record(
        self,
        text: str,
        chunks: Sequence[int],
        given: Sequence[Given] = (),
        *,
        signature: str,
        words: Sequence[str],
        session: str | None,
        fresh: bool,
        budget: int,
        used: int,
        now: float,
        timeout_minutes: float,
        also: Callable[[sqlite3.Connection], object] = lambda _: None,
    ) -> None:
        """Put down a query and the ``chunks`` that it delivered, in one small transaction; ``also`` is done
        in it. ``given`` is what a session of its own has of them from now on.

        Without a ``session`` of its own it belongs to that of the last such queries, unless they are longer
        ago than the timeout. Raises `IndexUnwritableError`.
        """

        def put(connection: sqlite3.Connection) -> None:
            number = _session(connection, session, now, timeout_minutes * 60)
            query = connection.execute(
                "INSERT INTO queries (session, at, signature, words, text, budget, used)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, now, signature, " ".join(words[:_WORDS]), text[:_TEXT], budget, used),
            ).lastrowid
            connection.executemany(
                "INSERT INTO retrieved VALUES (?, ?, ?)",
                [(query, place, chunk) for place, chunk in enumerate(chunks, 1)],
            )
            if session is not None:
                _keep(connection, number, given, fresh=fresh)
            also(connection)

        self.write(put)

    def act(self, chunk: int, kind: ActKind, *, session: str | None, now: float) -> bool:
        """Note that a chunk was of use, or not; True where a query that delivered it learned from it.

        It counts for the latest query (of the session, if one is named) that delivered the chunk; said again,
        it replaces what was said before. Raises `IndexUnwritableError`.
        """

        def put(connection: sqlite3.Connection) -> bool:
            own = None if session is None else _session(connection, session, now, 0.0)
            found = connection.execute(
                "SELECT queries.id, session, signature, judged FROM retrieved"
                " JOIN queries ON queries.id = query"
                " WHERE chunk = ? AND (? IS NULL OR session = ?) ORDER BY query DESC LIMIT 1",
                (chunk, own, own),
            ).fetchone()
            query = None
            if found is not None:
                query, own, signature, judged = found
                before = connection.execute(
                    "SELECT kind FROM acts WHERE query = ? AND chunk = ?", (query, chunk)
                ).fetchone()
                connection.execute("DELETE FROM acts WHERE query = ? AND chunk = ?", (query, chunk))
                connection.execute("UPDATE queries SET judged = 1 WHERE id = ?", (query,))
                was_used = before is not None and before[0] != "ignored"
                _learn(connection, signature, chunk, now, not judged, (kind != "ignored") - was_used)
            connection.execute(
                "INSERT INTO acts (at, kind, chunk, session, query) VALUES (?, ?, ?, ?, ?)",
                (now, kind, chunk, own, query),
            )
            return query is not None

        return self.write(put)

    def prune(self, now: float) -> int:
        """Forget what is too old to count; return how many queries went. Raises `IndexUnwritableError`."""
        if not self.path.exists():
            return 0

        def put(connection: sqlite3.Connection) -> int:
            old = connection.execute("DELETE FROM queries WHERE at < ?", (now - KEPT_DAYS * DAY,)).rowcount
            for statement in (
                "DELETE FROM retrieved WHERE query NOT IN (SELECT id FROM queries)",
                "DELETE FROM sessions WHERE id NOT IN (SELECT session FROM queries)",
                "DELETE FROM delivered WHERE session NOT IN (SELECT id FROM sessions)",
            ):
                connection.execute(statement)
            connection.execute("DELETE FROM acts WHERE at < ?", (now - 2 * KEPT_DAYS * DAY,))
            _forget_sessions(connection, now)
            connection.execute("DELETE FROM texts WHERE hash NOT IN (SELECT hash FROM delivered)")
            return old

        return self.write(put)


def _session(connection: sqlite3.Connection, name: str | None, now: float, timeout: float) -> int:
    """The session's number, made when it is new, with its last moment set."""
    if name is None:
        row = connection.execute(
            "SELECT id FROM sessions WHERE named = 0 AND last >= ? ORDER BY last DESC LIMIT 1",
            (now - timeout,),
        ).fetchone()
    else:
        row = connection.execute("SELECT id FROM sessions WHERE name = ?", (name,)).fetchone()
    if row is not None:
        connection.execute("UPDATE sessions SET last = max(last, ?) WHERE id = ?", (now, row[0]))
        return int(row[0])
    _forget_sessions(connection, now)
    made = connection.execute(
        "INSERT INTO sessions (name, named, began, last) VALUES (?, ?, ?, ?)",
        (os.urandom(4).hex() if name is None else name, int(name is not None), now, now),
    )
    return made.lastrowid or 0


def _learn(
    connection: sqlite3.Connection, signature: str, chunk: int, now: float, first: bool, change: int
) -> None:
    """Note in a pattern that one of its queries was judged (``first``), and that a chunk was of use there."""
    connection.execute(
        "INSERT INTO patterns VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET hits = hits + ?,"
        " last = max(last, excluded.last)",
        (signature, now, int(first)),
    )
    if change:
        connection.execute(
            "INSERT INTO pattern_chunks VALUES (?, ?, max(?, 0))"
            " ON CONFLICT DO UPDATE SET hits = max(hits + ?, 0)",
            (signature, chunk, change, change),
        )


def _forget_sessions(connection: sqlite3.Connection, now: float) -> None:
    """Drop the texts of sessions that nobody will go on with; their queries stay for analytics."""
    gone = connection.execute(
        "DELETE FROM delivered WHERE session IN (SELECT id FROM sessions WHERE last < ?)",
        (now - SESSION_DAYS * DAY,),
    ).rowcount
    if gone:
        connection.execute("DELETE FROM texts WHERE hash NOT IN (SELECT hash FROM delivered)")


def _keep(connection: sqlite3.Connection, session: int, given: Sequence[Given], *, fresh: bool) -> None:
    """Remember what the session has now."""
    if fresh:
        connection.execute("DELETE FROM delivered WHERE session = ?", (session,))
    turn = connection.execute("SELECT count(*) FROM queries WHERE session = ?", (session,)).fetchone()[0]
    new = [each for each in given if each.text is not None]
    connection.executemany(
        "INSERT OR IGNORE INTO texts VALUES (?, ?)",
        [(each.hash, zlib.compress((each.text or "").encode("utf-8", "surrogatepass"), 1)) for each in new],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO delivered VALUES (?, ?, ?, ?, ?, ?)",
        [(session, each.chunk, turn, each.hash, each.line, each.whole) for each in new],
    )


def hash_of(text: str) -> bytes:
    """What a delivered text goes by."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
