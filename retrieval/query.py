"""From a question to an answer: the stages in order, each leaving its line in the trace."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from ..storage.cache import ArcCache
from .corpus import Corpus
from .cost import values
from .delivery import Content, Delivery, Options
from .evidence import Evidence, gather
from .fusion import learned, weights_for
from .project import Project
from .query_text import read_query
from .results import Answer
from .signals import columns_of, features_of
from .signals.prefetch import signature, words_of
from .signals.scale import Features, ranks
from .stale import marked
from .store import Store
from .trace import Trace
from .usage.experience import Experience, most_used

if TYPE_CHECKING:
    from .config import RetrievalConfig
    from .usage.delta import SessionView
    from .usage.store import StoredLessons

__all__ = ["Searcher"]


class Searcher:
    """Answers questions over one store, keeping the index's columns from one question to the next.

    ``contents`` holds the contents of chunks by id; ``asked`` are the ids it was asked for, until somebody
    takes them out.
    """

    def __init__(self, project: Project, store: Store) -> None:
        self._project = project
        self._store = store
        self._corpus: Corpus | None = None
        self._state: tuple[object, ...] = ()
        cache = project.config.cache
        self.contents: ArcCache[str, Content] = ArcCache(cache.capacity, cache.ghost_capacity)
        self.asked: list[str] = []

    def answer(
        self,
        text: str,
        options: Options,
        lessons: StoredLessons | None = None,
        session: SessionView | None = None,
    ) -> Answer:
        """Answer a question in one consistent view of the index. Raises `IndexDamagedError`.

        ``lessons`` are what was learned; ``session`` is what the session has already.
        """
        with self._store.reading() as connection:
            return self._answer(connection, text, options, lessons, session)

    def _answer(
        self,
        connection: sqlite3.Connection,
        text: str,
        options: Options,
        lessons: StoredLessons | None,
        session: SessionView | None,
    ) -> Answer:
        config = self._project.config.retrieval
        trace = Trace()
        with trace.stage("read") as stage:
            query = read_query(text)
            stage.went = len(query.terms)
            stage.why = f"a question of type {query.type}"
        answer = Answer(text, query.type, options.budget)
        answer.trace = trace
        answer.words = words_of(query)
        answer.signature = signature(answer.words)
        experience = Experience() if lessons is None else lessons.pattern(answer.signature)
        with trace.stage("gather") as stage:
            corpus = self._corpus_now(connection)
            stage.came = corpus.documents
            allowed = _allowed(connection, options)
            # What is of use whenever this is asked; and in rrf, use is a source of its own.
            joining = [*experience.expected]
            if lessons is not None and config.fusion == "rrf":
                half_life = experience.half_life_days
                everything = lessons.acts(None)
                joining += most_used(
                    everything, config.max_results, now=experience.now, half_life_days=half_life
                )
            scores = options.scores or config.fusion == "rrf"
            evidence = gather(connection, corpus, query, allowed, joining, scores=scores)
            if lessons is not None:
                acts = lessons.acts([candidate.uid for candidate in evidence.candidates])
                evidence = evidence._replace(experience=experience._replace(acts=acts))
            if config.fusion == "rrf":
                embedding = self._project.config.embedding
                known = corpus.vocabulary(embedding.tfidf_max_features, embedding.tfidf_min_df)
                evidence = evidence._replace(vocabulary=known)
            stage.went = len(evidence.candidates)
            files = len(evidence.files)
            stage.why = f"best by text, path or name, in {files} file{'' if files == 1 else 's'}"
        if not evidence.candidates:
            return answer
        with trace.stage("signals", len(evidence.candidates)) as stage:
            features = features_of(evidence, unweighed=config.fusion == "rrf")
            stage.went = len(evidence.candidates)
            stage.why = f"{len(features.chunks)} features of chunks, {len(features.files)} of files"
        with trace.stage("fusion", len(evidence.candidates)) as stage:
            columns = partial(columns_of, evidence, features)
            fuse = partial(_fused, evidence, features, config, options.scales)
            if config.fusion == "rrf":
                from . import rrf_stages  # noqa: PLC0415 - as below

                seen = columns()
                fused = fuse({name: ranks(column) for name, column in seen.items()})
                final, density = rrf_stages.pipeline(evidence, fused, allowed)
                for column in seen.values():  # connected files joined, that no signal knows
                    column.extend([0.0] * (len(evidence.candidates) - len(column)))
                columns = partial(dict, seen)
            else:
                weights = weights_for(query.type)
                worth = learned(evidence.spans, features, weights, options.scales)
                sizes = [candidate.tokens for candidate in evidence.candidates]
                final, density = map(dict, map(enumerate, values(sizes, worth, weights)))
            scored = None
            if options.scores:
                from .scored import Scored  # noqa: PLC0415 - few answers show any

                scored = Scored(columns, density, final, fuse)
            stage.went = len(density)
            stage.why = config.fusion
        ids = [candidate.chunk_id for candidate in evidence.candidates]
        order = sorted(sorted(density, key=ids.__getitem__), key=density.__getitem__, reverse=True)
        delivery = Delivery(
            connection,
            evidence,
            scored,
            options,
            self._project.config.compression,
            self.contents,
            self.asked,
        )
        with trace.stage("budget", len(order)) as stage:
            choice = delivery.choose(order)
            stage.went = len(choice.taken)
            told = {"did not fit": choice.refused, "there already or over a limit": choice.passed}
            stage.why = ", ".join(f"{len(those)} {why}" for why, those in told.items() if those) or "all fit"
            if choice.squeezed:
                stage.why += f", {choice.squeezed} compressed to fit"
        with trace.stage("deliver", len(choice.taken)) as stage:
            found = delivery.results(choice)
            if options.check_stale:
                found = marked(self._project, connection, found)
            answer.whole = found
            answer.extend(
                delivery.within_budget(found if session is None else delivery.for_session(found, session))
            )
            answer.used = delivery.used
            answer.left_out = delivery.left_out(choice)
            answer.least = None if answer else delivery.least(choice)
            stage.went = len(answer)
            stage.why = f"{answer.used:,} of {options.budget:,} tokens"
            if session is not None:
                stage.why += f", {sum(result.is_delta for result in answer)} that the session has"
        trace.reasons.update(choice.passed)
        return answer

    def _corpus_now(self, connection: sqlite3.Connection) -> Corpus:
        """The columns as this transaction sees them; a merge changes segments without a new generation."""
        state = connection.execute(
            "SELECT (SELECT value FROM meta WHERE key = 'generation'),"
            " (SELECT value FROM meta WHERE key = 'graph'), count(*), sum(id), sum(gone) FROM segments"
        ).fetchone()
        if self._corpus is None or state != self._state:
            self._corpus, self._state = Corpus(connection), state
            self.contents.forget_values()
        return self._corpus


def _fused(
    evidence: Evidence,
    features: Features,
    config: RetrievalConfig,
    scales: Mapping[str, float],
    ranked: Mapping[str, Mapping[int, int]],
) -> dict[int, float]:
    from . import rrf_stages  # noqa: PLC0415 - few questions need its rules

    return rrf_stages.fused(evidence, features, config, scales, ranked)


def _allowed(connection: sqlite3.Connection, options: Options) -> set[int] | None:
    if options.path is None and options.language is None:
        return None
    language = options.language.casefold() if options.language else None
    found = set()
    for file_id, path, spoken in connection.execute("SELECT id, path, language FROM files"):
        if language is not None and (spoken or "").casefold() != language:
            continue
        if options.path is not None and not _path_fits(path, options.path):
            continue
        found.add(file_id)
    return found


def _path_fits(path: str, glob: str) -> bool:
    glob = glob.removeprefix("./").rstrip("/")
    return (
        fnmatchcase(path, glob)
        or fnmatchcase(path, f"{glob}/*")
        or ("/" not in glob and fnmatchcase(path.rpartition("/")[2], glob))
        or (glob.startswith("**/") and fnmatchcase(path, glob[3:]))
    )
