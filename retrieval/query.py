"""From a question to an answer: the stages in order, each leaving its line in the trace."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..storage.cache import ArcCache
from . import rrf
from .analysis import WHOLE, stem
from .budget import Choice, Offer, fill
from .config import Config, RetrievalConfig
from .corpus import Candidate, Corpus
from .cost import values
from .evidence import Evidence, gather
from .formats import TextFormat, block, closing, document, heading
from .fusion import learned, weights_for
from .project import Project
from .query_text import read_query
from .results import AlsoIn, Answer, Chunk, LeftOut, QueryResult
from .signals import SIGNALS, features_of
from .signals.kind import kinds_of
from .signals.prefetch import signature, words_of
from .signals.scale import Features, ranks
from .store import Store, chunk_uid_text, inflate
from .tokens import count_tokens, exact_counter
from .trace import Trace
from .usage.experience import Experience, Lessons, most_used

if TYPE_CHECKING:
    from .usage.delta import SessionView

__all__ = ["Options", "Searcher"]

LEFT_OUT = 20  # of what did not fit, so many are told
AT_ONCE = 48  # contents read by one statement
SQUEEZE_BEST = 5  # of so many offers, those that do not fit are tried smaller
SQUEEZED = 3  # so many chunks of an answer are compressed at most
SQUEEZES = (1.0, 0.9, 0.75)  # shares of the ratio that would just do: marks and headings cost as well
SQUEEZABLE = 0.5  # room that is less than this share of a chunk is not worth a try


class Options(NamedTuple):
    """How to answer. ``format`` decides what the budget counts: the whole output, or for json the contents.

    ``path`` is a glob over paths (or a folder), ``language`` a language's name; ``scales`` weighs signals
    from 0 to 2; ``show_scores`` and ``session`` (its name) are what the output will show, and so cost.
    ``compress`` allows that a few chunks that would not fit are made smaller.
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


class Content(NamedTuple):
    """What a chunk's row in the index does not hold: its text, the text's hash, and where else that is."""

    text: str
    hash: str
    also_in: tuple[AlsoIn, ...]


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
        lessons: Lessons | None = None,
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
        lessons: Lessons | None,
        session: SessionView | None,
    ) -> Answer:
        config = self._project.config.retrieval
        trace = Trace()
        with trace.stage("read", unit="terms") as stage:
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
            evidence = gather(connection, corpus, query, allowed, joining)
            if lessons is not None:
                acts = lessons.acts([candidate.uid for candidate in evidence.candidates])
                evidence.experience = experience._replace(acts=acts)
            if config.fusion == "rrf":
                embedding = self._project.config.embedding
                evidence.vocabulary = corpus.vocabulary(embedding.tfidf_max_features, embedding.tfidf_min_df)
            stage.went = len(evidence.candidates)
            stage.why = f"best by text, path or name, in {len(evidence.files)} files"
        if not evidence.candidates:
            return answer
        with trace.stage("signals", len(evidence.candidates)) as stage:
            features = features_of(evidence)
            stage.went = len(evidence.candidates)
            stage.why = f"{len(features.chunks)} features of chunks, {len(features.files)} of files"
        with trace.stage("fusion", len(evidence.candidates)) as stage:
            columns = {name: column for name in SIGNALS if (column := features.column(name, evidence.owners))}
            ranked = {name: ranks(column) for name, column in columns.items()}
            fused = _fused(evidence, features, ranked, config, options)
            if config.fusion == "rrf":
                final, density = _seed_pipeline(evidence, fused, allowed)
                for column in columns.values():  # connected files joined, that no signal knows
                    column.extend([0.0] * (len(evidence.candidates) - len(column)))
            else:
                weights = weights_for(query.type)
                scores = learned(evidence.spans, features, weights, options.scales)
                final, density = map(
                    dict,
                    map(enumerate, values([chunk.tokens for chunk in evidence.candidates], scores, weights)),
                )
            stage.went = len(density)
            stage.why = config.fusion
        candidates = evidence.candidates
        order = sorted(density, key=lambda row: (-density[row], candidates[row].chunk_id))
        delivery = _Delivery(
            connection, evidence, columns, ranked, fused, density, final, options, self._project.config, self
        )
        with trace.stage("budget", len(order)) as stage:
            choice = delivery.choose(order)
            stage.went = len(choice.taken)
            stage.why = (
                f"{len(choice.refused)} did not fit, {len(choice.passed)} were there already or over a limit"
            )
            if choice.squeezed:
                stage.why += f", {choice.squeezed} compressed to fit"
        with trace.stage("deliver", len(choice.taken)) as stage:
            found = delivery.results(choice)
            if options.check_stale:
                found = _checked(self._project, connection, found)
            answer.whole = found
            answer.extend(
                delivery.within_budget(found if session is None else delivery.for_session(found, session))
            )
            answer.used = delivery.used
            answer.left_out = delivery.left_out(choice)
            stage.went = len(answer)
            stage.why = f"{answer.used} of {options.budget} tokens"
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


def _fused(
    evidence: Evidence,
    features: Features,
    ranked: Mapping[str, Mapping[int, int]],
    config: RetrievalConfig,
    options: Options,
) -> dict[int, float]:
    """Reciprocal rank fusion of the best ``max_results`` of each signal, by row, with the boosts of patterns,
    symbols and names.
    """
    weights = {
        "bm25": config.bm25_weight,
        "vector": config.vector_weight,
        "usage": config.usage_weight,
        "symbol": rrf.SYMBOL_WEIGHT,
    }
    best = {name: dict(islice(known.items(), config.max_results)) for name, known in ranked.items()}
    sources = {name: best[name] for name in weights if name in best}
    scaled = {name: weight * options.scales.get(name, 1.0) for name, weight in weights.items()}
    scores = rrf.fuse(sources, scaled)
    first = sum(scaled.values()) * options.scales.get("prefetch", 1.0)
    scores = rrf.boost_patterns(scores, best.get("prefetch", {}), first)
    symbol = features.chunks["symbol"]
    scores = rrf.boost_symbols(scores, (row for row in scores if symbol[row] >= 1.0))
    starts = rrf.beginnings(evidence.query.parts)
    files = {file_id for file_id, facts in evidence.files.items() if rrf.filename_matches(starts, facts.stem)}
    return rrf.boost_filenames(scores, [candidate.file_id for candidate in evidence.candidates], files)


def _seed_pipeline(
    evidence: Evidence, fused: Mapping[int, float], allowed: set[int] | None
) -> tuple[dict[int, float], dict[int, float]]:
    """What follows fusion in the first design: six files, connected files, value by size.

    Connected files need not hold a word of the question; those that were no candidates become such.
    """

    def item(row: int) -> rrf.Item:
        candidate = evidence.candidates[row]
        language = evidence.files[candidate.file_id].language
        named = candidate.symbol is not None
        return rrf.Item(row, candidate.file_id, candidate.tokens, named, language, is_test(candidate.file_id))

    @cache
    def is_test(file_id: int) -> bool:
        facts = evidence.corpus.facts([file_id])[file_id]
        return "tests" in kinds_of(facts.path, facts.language, facts.note)

    first = {file_id: start for file_id, (start, _) in zip(evidence.files, evidence.spans, strict=True)}

    def first_chunk(file_id: int) -> list[rrf.Item]:
        row = first.get(file_id)
        if row is None:
            row = evidence.join(file_id)
        return [] if row is None else [item(row)]

    items = {row: item(row) for row in range(len(evidence.candidates))}
    kept = rrf.keep_files(fused, items)
    uses = evidence.corpus.uses({items[row].file_id for row in kept})
    if allowed is not None:
        uses = {
            source: {to: times for to, times in targets.items() if to in allowed}
            for source, targets in uses.items()
        }
    found, more = rrf.connect(kept, items, uses, is_test, first_chunk)
    top = max(found.values(), default=1.0)
    return (
        {row: score / top for row, score in found.items()},
        {row: rrf.density(score, more[row]) for row, score in found.items()},
    )


class _Delivery:
    """Turns rows into results, priced as they will be written."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        evidence: Evidence,
        columns: Mapping[str, Sequence[float]],
        ranked: Mapping[str, Mapping[int, int]],
        fused: Mapping[int, float],
        density: Mapping[int, float],
        final: Mapping[int, float],
        options: Options,
        config: Config,
        searcher: Searcher,
    ) -> None:
        self._connection = connection
        self._searcher = searcher
        self._evidence = evidence
        self._candidates = evidence.candidates
        self._columns = columns
        self._ranked = ranked
        self._fused = fused
        self._density = density
        self._final = final
        self._options = options
        self._config = config
        self._format: TextFormat | None = None if options.format == "json" else options.format
        self._exact = exact_counter()
        self.used = 0
        self._made: dict[int, QueryResult] = {}
        self._squeezed = 0
        self._order: list[int] = []
        self._bodies: dict[int, tuple[bytes, bytes, int]] = {}

    def choose(self, order: list[int]) -> Choice:
        self._order = order
        options = self._options
        candidates = self._candidates
        offers = (
            Offer(row, chunk.file_id, chunk.content_id, chunk.line_start, chunk.line_end, self._floor(chunk))
            for row, chunk in ((row, candidates[row]) for row in order)
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
                config=self._config.compression,
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
        return [self._result(row) for row in choice.taken]

    def for_session(self, found: list[QueryResult], session: SessionView) -> list[QueryResult]:
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
        """The tokens of a result as it will be written."""
        if self._format is None:
            return self._tokens(result.delta_text or result.chunk.content)
        text = block(self._format, result, show_scores=self._options.show_scores)
        if self._exact is not None:
            return self._exact(text)
        return _around(text.replace(result.delta_text or result.chunk.content, "", 1)) + result.chunk.tokens

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
        self._searcher.asked.append(uid)
        content = self._searcher.contents.get(uid, lambda: self._read(row))
        scores = dict.fromkeys(SIGNALS, 0.0)
        for name, column in self._columns.items():
            scores[name] = round(column[row], 4)
        scores["rrf"] = round(self._fused.get(row, 0.0), 6)
        scores["density"] = float(f"{self._density[row]:.4g}")
        scores["final"] = float(f"{self._final[row]:.4g}")
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
            scores,
            {name: known[row] for name, known in self._ranked.items() if row in known},
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
        return Content(inflate(body), digest.hex(), tuple(AlsoIn(*place) for place in also))

    def _load(self, row: int) -> None:
        """Read the contents of a row and of those that come next, with how many chunks share each."""
        at = self._order.index(row)
        ids = [self._candidates[other].content_id for other in self._order[at : at + AT_ONCE]]
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


def _checked(
    project: Project, connection: sqlite3.Connection, results: list[QueryResult]
) -> list[QueryResult]:
    """The results, marked where their file's text is not what was indexed."""
    paths = sorted({result.file_path for result in results})
    marks = ",".join("?" * len(paths))
    rows = connection.execute(
        f"SELECT path, size, mtime_ns, ctime_ns, xxh3, sha256 FROM files WHERE path IN ({marks})",  # noqa: S608
        paths,
    )
    reasons = {path: _stale(project, path, known) for path, *known in rows.fetchall()}
    return [
        result._replace(is_stale=True, stale_reason=reasons[result.file_path])
        if reasons[result.file_path]
        else result
        for result in results
    ]


def _stale(project: Project, path: str, row: Sequence[Any]) -> str | None:
    full = f"{project.root}/{path}"
    try:
        found = os.lstat(full)
    except OSError:
        return "the file is gone"
    if (found.st_size, found.st_mtime_ns, found.st_ctime_ns) == (row[0], row[1], row[2]):
        return None
    from .detect import content_hash, read_content  # noqa: PLC0415 - few answers hold a changed file

    content = read_content(
        full, cap=project.config.general.max_file_size_kb * 1024, known=row[3], now_ns=time.time_ns()
    )
    if content.kind == "same":
        return None
    if content.kind == "text" and content_hash(content.text) == row[4]:
        return None
    if content.kind == "skip" and content.reason and content.reason.startswith("unreadable"):
        return f"the file cannot be read now ({content.reason})"
    return "the file changed since it was indexed"
