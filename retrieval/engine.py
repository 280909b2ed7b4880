"""The code index of one project, as Python programs meet it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..storage.cache import ArcCache, ArcState
from .config import Config
from .errors import IndexDamagedError, IndexUnwritableError, NoIndexError, NoSuchChunkError
from .project import Project, init_project, open_project
from .store import Store

if TYPE_CHECKING:
    from .delivery import Content
    from .gc import GcReport
    from .ingest import IngestReport, Progress
    from .query import Searcher
    from .results import Answer
    from .usage.analytics import Analytics
    from .usage.delta import SessionView
    from .usage.store import Given, StoredLessons, UsageStore
    from .views import FileDelta, OutlineEntry, Stats

__all__ = ["RetrievalEngine"]


class RetrievalEngine:
    """The index of the project in or above a folder. A context manager; one thread at a time.

    Opening reads the config and nothing else. Reading before the first ingest raises `NoIndexError`; every
    message of a `RetrievalError` is one line fit for a user.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._store: Store | None = None
        self._searcher: Searcher | None = None
        self._usage: UsageStore | None = None
        self._cache_version = 0
        self._asked: Callable[[UsageStore], None] | None = None

    @classmethod
    def open(cls, project_dir: str | Path = ".", config: Config | None = None) -> RetrievalEngine:
        """Open the project in or above ``project_dir``; a folder without one is a project that is not
        indexed yet.

        ``config`` takes the place of ``.mnemosyne/config.toml``. Raises `ConfigError`, and `NoIndexError`
        where there is no such folder.
        """
        try:
            return cls(open_project(project_dir, config))
        except NoIndexError:
            folder = Path(project_dir).resolve()
            if not folder.is_dir():
                raise NoIndexError(f"no such folder: {project_dir}") from None
            config = config or Config()
            return cls(Project(folder, (folder / config.general.project_root).resolve(), config))

    def __enter__(self) -> RetrievalEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index, the last query put down. The engine can still be used: it opens it again."""
        self.put_down()
        if self._usage is not None:
            self._usage.close()
            self._usage = None
        if self._store is not None:
            self._store.close()
            self._store = self._searcher = None
            self._cache_version = 0

    @property
    def store(self) -> Store:
        """The index, open for reading. Raises `NoIndexError`, `IndexDamagedError`."""
        if self._store is None:
            self._store = Store.open(self.project.database)
        return self._store

    def ingest(
        self,
        paths: Iterable[str | Path] | None = None,
        *,
        full: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        dry_run: bool = False,
        cancelled: Callable[[], bool] = lambda: False,
        wait: float | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> IngestReport:
        """Index what changed in the project, or only in ``paths``: see `mnemo.retrieval.ingest.ingest`.

        The first ingest of a folder makes its ``.mnemosyne/``. Raises `IndexBusyError`,
        `IndexUnwritableError`, `OutsideProjectError`.
        """
        from .ingest import ingest  # noqa: PLC0415 - who only reads pays for none of it

        if not dry_run and not self.project.index_dir.is_dir():
            init_project(self.project.dir)
        report = ingest(
            self.project,
            paths,
            full=full,
            dry_run=dry_run,
            on_progress=on_progress,
            cancelled=cancelled,
            wait=wait,
            on_wait=on_wait,
        )
        if report.notices:
            self.close()  # the database may be another one now
        return report

    def query(
        self,
        text: str,
        *,
        budget: int | None = None,
        limit: int | None = None,
        per_file: int | None = None,
        path: str | None = None,
        language: str | None = None,
        output: Literal["plain", "json", "markdown", "xml"] = "json",
        scales: Mapping[str, float] | None = None,
        show_scores: bool = False,
        refresh: bool = True,
        compress: bool = True,
        session: str | None = None,
        fresh: bool = False,
        learn: bool = True,
        now: float | None = None,
        trace: bool = False,
        scores: bool = True,
    ) -> Answer:
        """The code that answers ``text``, best first, within ``budget`` tokens (default: the config's).

        Changed files are indexed first unless ``refresh`` is off; results from files that changed are marked
        then, and where the index cannot be written. ``path`` is a glob or a folder, ``output`` decides what
        the budget counts, ``scales`` weighs signals by name from 0 to 2. Unless ``compress`` is off, a few of
        the best chunks that do not fit are made smaller. ``trace`` keeps a reason for each chunk that was
        passed over. Raises `NoIndexError`, `IndexDamagedError`.

        In a ``session`` what it was given before comes as a reference, or as what changed; ``fresh`` forgets
        what it was given. Without ``scores`` results tell neither scores nor ranks. Use weighs as it is at
        ``now`` (seconds since 1970 UTC). The query is put down in ``usage.db`` by `put_down`, and not at all
        unless ``learn``.
        """
        from .delivery import Options  # noqa: PLC0415 - other verbs pay for none of it

        self.put_down()
        if self._searcher is not None:
            self._searcher.asked.clear()
        now = time.time() if now is None else now
        notices = self._refresh() if refresh else []
        options = Options(
            self.project.config.retrieval.token_budget if budget is None else budget,
            output,
            limit,
            per_file,
            path,
            language,
            scales or {},
            show_scores,
            check_stale=not refresh or bool(notices),
            session=session,
            compress=compress,
            scores=scores,
        )
        view = None if session is None else self._session_view(session, fresh=fresh)
        answer = self._searcher_now().answer(text, options, self._lessons(now), view)
        answer.notices.extend(notices)
        if self._usage is not None:
            answer.notices.extend(self._usage.notices)
            self._usage.notices.clear()
        if learn:
            timeout = self.project.config.analytics.session_timeout_minutes
            self._asked = partial(_put_down, answer, session, fresh, now, timeout, self._share_cache)
        if not trace:
            answer.trace.reasons.clear()
        return answer

    def put_down(self) -> list[str]:
        """Put the last query down in ``usage.db``, once its answer is delivered; `close` and the next query
        do so too. A disk that refuses is ignored; lines to say to the user.
        """
        if self._asked is None:
            return []
        asked, self._asked = self._asked, None
        usage = self._usage_store()
        with suppress(IndexUnwritableError):
            asked(usage)
        notices, usage.notices = usage.notices, []
        return notices

    def feedback(
        self,
        chunk_id: str,
        kind: Literal["used", "selected", "ignored"],
        *,
        session: str | None = None,
        now: float | None = None,
    ) -> bool:
        """Say that a chunk was of use, or not: this teaches. True where it counts for a query that delivered
        it.

        Raises `NoSuchChunkError`, `IndexUnwritableError`, `NoIndexError`.
        """
        self.put_down()
        usage = self._usage_store()
        number = int(chunk_id, 16) if re.fullmatch(r"[0-9a-fA-F]{12}", chunk_id) else -1
        with self.store.reading() as connection:
            known = connection.execute("SELECT 1 FROM chunks WHERE uid = ? LIMIT 1", (number,)).fetchone()
        if known is None and not usage.knows(number):
            raise NoSuchChunkError(f"no chunk has the id {chunk_id!r}: a query gives ids with --format json")
        return usage.act(number, kind, session=session, now=time.time() if now is None else now)

    def analytics(self, *, session: str | None = None, top: int = 5) -> Analytics:
        """How well queries did by what was said of their chunks, see `mnemo.retrieval.usage.analytics`.

        Raises `NoIndexError`, and `NoSuchSessionError` for a session that is not known.
        """
        from .usage.analytics import analytics  # noqa: PLC0415

        self.put_down()
        timeout = self.project.config.analytics.session_timeout_minutes
        half_life = self.project.config.analytics.decay_halflife_days
        return analytics(
            self._usage_store(),
            self.store,
            session=session,
            top=top,
            timeout_minutes=timeout,
            half_life_days=half_life,
            now=time.time(),
        )

    @property
    def cache(self) -> ArcCache[str, Content]:
        """This engine's own cache of chunks' contents, by chunk id; `ArcCache.subscribe` tells what it does.

        Raises `NoIndexError`, `IndexDamagedError`.
        """
        return self._searcher_now().contents

    def _searcher_now(self) -> Searcher:
        from .query import Searcher  # noqa: PLC0415 - other verbs pay for none of it

        if self._searcher is None:
            self._searcher = Searcher(self.project, self.store)
        return self._searcher

    def cache_state(self) -> ArcState[str]:
        """The cache of chunks' contents as all processes of the project share it. Raises `NoIndexError`."""
        from .usage.tiers import read_state  # noqa: PLC0415

        self.put_down()
        _ = self.store  # a project without an index has no cache
        return self._usage_store().read(lambda connection: read_state(connection)[1], ArcState[str]())

    def cache_clear(self) -> int:
        """Empty that cache, counts included; running engines follow with their next query. Gives how many
        keys went. Raises `NoIndexError`, `IndexUnwritableError`.
        """
        from .usage.tiers import read_state, write_state  # noqa: PLC0415

        self.put_down()
        _ = self.store

        def clear(connection: sqlite3.Connection) -> int:
            version, state = read_state(connection)
            write_state(connection, version + 1, ArcState())
            return sum(map(len, (state.t1, state.t2, state.b1, state.b2)))

        return self._usage_store().write(clear)

    def cache_warm(self) -> int:
        """Take the chunks that were delivered most into that cache. Gives how many were not in it.

        Raises `NoIndexError`, `IndexUnwritableError`.
        """
        from .usage.tiers import warm  # noqa: PLC0415

        self.put_down()
        known = self._chunk_ids()
        config = self.project.config.cache
        cache: ArcCache[str, None] = ArcCache(config.capacity, config.ghost_capacity)
        return self._usage_store().write(lambda connection: warm(connection, cache, known))

    def deliveries(self, limit: int) -> list[str]:
        """The ids of the chunks that the queries so far delivered, in that order: the last ``limit`` of them.

        Raises `NoIndexError`.
        """
        from .store import chunk_uid_text  # noqa: PLC0415

        self.put_down()
        _ = self.store
        return [chunk_uid_text(uid) for uid in self._usage_store().deliveries(limit)]

    def _chunk_ids(self) -> set[str]:
        from .store import chunk_uid_text  # noqa: PLC0415

        with self.store.reading() as reading:
            return {chunk_uid_text(uid) for (uid,) in reading.execute("SELECT uid FROM chunks")}

    def _share_cache(self, connection: sqlite3.Connection) -> None:
        from .usage.tiers import share  # noqa: PLC0415

        searcher = self._searcher
        if searcher is not None and searcher.asked:
            keys, searcher.asked = searcher.asked, []
            self._cache_version = share(connection, searcher.contents, keys, self._cache_version)

    def _usage_store(self) -> UsageStore:
        if self._usage is None:
            from .usage.store import UsageStore  # noqa: PLC0415

            self._usage = UsageStore(self.project.index_dir / "usage.db")
        return self._usage

    def _lessons(self, now: float) -> StoredLessons | None:
        if self._usage is None and not (self.project.index_dir / "usage.db").exists():
            return None
        from .usage.store import StoredLessons  # noqa: PLC0415

        config = self.project.config
        return StoredLessons(
            self._usage_store(),
            now=now,
            half_life_days=config.analytics.decay_halflife_days,
            min_hits=config.retrieval.prefetch_min_hits,
        )

    def _session_view(self, session: str, *, fresh: bool) -> SessionView:
        from .usage.delta import SessionView  # noqa: PLC0415

        usage = self._usage_store()
        return SessionView({} if fresh else usage.delivered(session), usage.text)

    def _refresh(self) -> list[str]:
        """Index what changed; lines that say why it could not be done."""
        from .errors import IndexBusyError  # noqa: PLC0415
        from .unchanged import is_unchanged  # noqa: PLC0415

        if not self.project.index_dir.is_dir():
            raise NoIndexError(f"no index in {self.project.dir}: run `mnemo init`, then `mnemo ingest`")
        with suppress(NoIndexError, IndexDamagedError), self.store.reading() as connection:
            if is_unchanged(self.project, connection):
                return []
        from .ingest import ingest  # noqa: PLC0415 - loads the scan's rules

        try:
            report = ingest(self.project, wait=2.0, purpose="refresh", quiet=True)
        except (IndexBusyError, IndexUnwritableError) as error:
            return [f"{error}; answering from what is indexed"]
        if report.notices:
            self.close()
        return report.notices

    def stats(self) -> Stats:
        """Counts over the index. Raises `NoIndexError`, `IndexDamagedError`."""
        from .views import stats  # noqa: PLC0415

        return stats(self.project, self.store)

    def outline(self, path: str | Path) -> list[OutlineEntry]:
        """The named chunks of an indexed file. Raises `NoIndexError`, `OutsideProjectError`."""
        from .views import outline  # noqa: PLC0415

        return outline(self.project, self.store, path)

    def chunk_at(self, path: str | Path, line: int) -> str:
        """The id of the indexed chunk that holds a line (from 1) of a file.

        Raises `NoSuchChunkError`, `NoIndexError`, `OutsideProjectError`.
        """
        from .views import chunk_at  # noqa: PLC0415

        return chunk_at(self.project, self.store, path, line)

    def delta(self, paths: Iterable[str | Path] | None = None) -> list[FileDelta]:
        """What changed since the last ingest. Raises `NoIndexError`, `OutsideProjectError`."""
        from .views import delta  # noqa: PLC0415

        return delta(self.project, self.store, paths)

    def gc(self, *, dry_run: bool = False, on_wait: Callable[[str], None] | None = None) -> GcReport:
        """Remove what no file needs any more: see `mnemo.retrieval.gc.collect`.

        Raises `NoIndexError`, `IndexBusyError`, `IndexUnwritableError`, `IndexDamagedError`.
        """
        from .gc import collect  # noqa: PLC0415
        from .usage.tiers import drop_absent  # noqa: PLC0415

        self.close()
        report = collect(self.project, dry_run=dry_run, on_wait=on_wait)
        usage = self._usage_store()
        if not dry_run and usage.path.exists():
            with suppress(IndexUnwritableError):
                report.queries_forgotten = usage.prune(time.time())
                known = self._chunk_ids()
                report.cache_keys = usage.write(lambda connection: drop_absent(connection, known))
        return report


def _put_down(
    answer: Answer,
    session: str | None,
    fresh: bool,
    now: float,
    timeout_minutes: float,
    also: Callable[[sqlite3.Connection], None],
    usage: UsageStore,
) -> None:
    given: Sequence[Given] = ()
    if session is not None:
        from .usage.delta import given_of  # noqa: PLC0415 - hashes what a session is given, by OpenSSL

        given = list(map(given_of, answer, answer.whole))
    usage.record(
        answer.query,
        [int(result.chunk.id, 16) for result in answer],
        given,
        signature=answer.signature,
        words=answer.words,
        session=session,
        fresh=fresh,
        budget=answer.budget,
        used=answer.used,
        now=now,
        timeout_minutes=timeout_minutes,
        also=also,
    )
