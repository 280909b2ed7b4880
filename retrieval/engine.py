"""The code index of one project, as Python programs meet it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .config import Config
from .errors import NoIndexError
from .project import Project, init_project, open_project
from .store import Store

if TYPE_CHECKING:
    from .gc import GcReport
    from .ingest import IngestReport, Progress
    from .query import Searcher
    from .results import Answer
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
        """Close the index. The engine can still be used: it opens it again."""
        if self._store is not None:
            self._store.close()
            self._store = self._searcher = None

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

        The first ingest of a folder makes its ``.mnemosyne/``.
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
        trace: bool = False,
    ) -> Answer:
        """The code that answers ``text``, best first, within ``budget`` tokens (default: the config's).

        Changed files are indexed first unless ``refresh`` is off; results from files that changed are marked
        then, and where the index cannot be written. ``path`` is a glob or a folder, ``output`` decides what
        the budget counts, ``scales`` weighs signals by name from 0 to 2. ``trace`` keeps a reason for each
        chunk that was passed over. Raises `NoIndexError`, `IndexDamagedError`.
        """
        from .query import Options, Searcher  # noqa: PLC0415 - other verbs pay for none of it

        notices = self._refresh() if refresh else []
        if self._searcher is None:
            self._searcher = Searcher(self.project, self.store)
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
        )
        answer = self._searcher.answer(text, options)
        answer.notices.extend(notices)
        if not trace:
            answer.trace.reasons.clear()
        return answer

    def _refresh(self) -> list[str]:
        """Index what changed; lines that say why it could not be done."""
        from .errors import IndexBusyError, IndexUnwritableError  # noqa: PLC0415
        from .ingest import ingest  # noqa: PLC0415

        if not self.project.index_dir.is_dir():
            raise NoIndexError(f"no index in {self.project.dir}: run `mnemo init`, then `mnemo ingest`")
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

    def delta(self, paths: Iterable[str | Path] | None = None) -> list[FileDelta]:
        """What changed since the last ingest. Raises `NoIndexError`, `OutsideProjectError`."""
        from .views import delta  # noqa: PLC0415

        return delta(self.project, self.store, paths)

    def gc(self, *, dry_run: bool = False, on_wait: Callable[[str], None] | None = None) -> GcReport:
        """Remove what no file needs any more: see `mnemo.retrieval.gc.collect`."""
        from .gc import collect  # noqa: PLC0415

        self.close()
        return collect(self.project, dry_run=dry_run, on_wait=on_wait)
