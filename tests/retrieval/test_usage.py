"""What queries learn: usage.db, the signals over it, feedback and analytics, through a real project."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mnemo.cli.app import run
from mnemo.retrieval.config import Config
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.errors import IndexUnwritableError, NoSuchChunkError, NoSuchSessionError
from mnemo.retrieval.query_text import read_query
from mnemo.retrieval.signals.prefetch import signature, words_of
from mnemo.retrieval.usage.database import UsageDatabase
from mnemo.retrieval.usage.experience import DAY, Act, decayed, most_used

NOW = 1_800_000_000.0
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon")
Settings = dict[str, dict[str, object]]


def write_project(root: Path) -> None:
    for name in NAMES:
        body = f'def {name}_handler(request):\n    """Handle the request of {name}."""\n'
        body += "".join(f"    step_{number} = request.{name}_{number}\n" for number in range(8))
        (root / f"{name}.py").write_text(f"{body}    return step_0\n")


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("usage")
    write_project(root)
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    return root


@pytest.fixture
def root(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "project"))


@pytest.fixture
def engine(root: Path) -> Iterator[RetrievalEngine]:
    with RetrievalEngine.open(root) as found:
        yield found


def with_config(root: Path, settings: Settings) -> RetrievalEngine:
    return RetrievalEngine.open(root, Config.from_dict(settings))


def ids(engine: RetrievalEngine, text: str = "handle the request", **options: object) -> dict[str, str]:
    """Chunk ids by file, in the order of the answer."""
    options = {"now": NOW, "refresh": False, **options}
    return {each.file_path: each.chunk.id for each in engine.query(text, **options)}  # type: ignore[arg-type]


def rows(root: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(root / ".mnemosyne" / "usage.db")) as connection, connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


# -- what is written ------------------------------------------------------------------------------


def test_a_query_is_put_down_after_its_answer(engine: RetrievalEngine, root: Path) -> None:
    found = ids(engine, session="s")
    usage = root / ".mnemosyne" / "usage.db"
    assert not usage.exists()
    assert engine.put_down() == []
    assert stat.S_IMODE(usage.stat().st_mode) == 0o600
    assert rows(root, "SELECT text, at, judged FROM queries") == [("handle the request", NOW, 0)]
    retrieved = [f"{chunk:012x}" for (chunk,) in rows(root, "SELECT chunk FROM retrieved ORDER BY place")]
    assert retrieved[: len(found)] == list(found.values())
    assert rows(root, "PRAGMA journal_mode") == [("wal",)]


def test_closing_and_the_next_query_put_down_too(engine: RetrievalEngine, root: Path) -> None:
    ids(engine)
    ids(engine, "alpha")
    assert rows(root, "SELECT count(*) FROM queries") == [(1,)]
    engine.close()
    assert rows(root, "SELECT count(*) FROM queries") == [(2,)]


def test_no_learn_writes_nothing(engine: RetrievalEngine, root: Path) -> None:
    ids(engine, learn=False, session="s")
    engine.close()
    assert not (root / ".mnemosyne" / "usage.db").exists()


def test_what_was_retrieved_teaches_nothing(engine: RetrievalEngine) -> None:
    first = engine.query("handle the request", now=NOW, refresh=False)
    for _ in range(5):
        again = engine.query("handle the request", now=NOW, refresh=False)
    assert [result.scores for result in again] == [result.scores for result in first]
    assert all(result.scores["usage"] == result.scores["prefetch"] == 0.0 for result in again)


def test_an_ingest_never_waits_for_it(engine: RetrievalEngine, root: Path) -> None:
    ids(engine)
    engine.put_down()
    holder = sqlite3.connect(root / ".mnemosyne" / "usage.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    (root / "alpha.py").write_text("def alpha_handler():\n    return 'changed entirely by hand'\n")
    assert engine.ingest().indexed == 1
    assert "alpha.py" in ids(engine, "changed entirely")
    assert engine.put_down() == []  # locked: not put down, and nobody is told
    holder.execute("ROLLBACK")
    holder.close()
    assert rows(root, "SELECT count(*) FROM queries") == [(1,)]


# -- where it cannot be written -------------------------------------------------------------------


def test_a_damaged_one_is_set_aside_and_made_anew(engine: RetrievalEngine, root: Path) -> None:
    ids(engine)
    engine.close()
    usage = root / ".mnemosyne" / "usage.db"
    usage.write_bytes(b"this is no database at all" * 400)
    answer = engine.query("handle the request", now=NOW, refresh=False)
    assert len(answer) == len(NAMES)
    (notice,) = [*answer.notices, *engine.put_down()]
    assert notice.startswith("usage.db was damaged: kept as usage.db.damaged-")
    assert rows(root, "SELECT count(*) FROM queries") == [(1,)]
    assert [path.name for path in usage.parent.glob("usage.db.damaged-*")]


def test_one_that_is_deleted_beneath_an_engine_is_begun_anew(engine: RetrievalEngine, root: Path) -> None:
    chunk = ids(engine)["beta.py"]
    engine.feedback(chunk, "used", now=NOW)
    for path in (root / ".mnemosyne").glob("usage.db*"):
        path.unlink()
    answer = engine.query("handle the request", now=NOW, refresh=False)
    assert all(result.scores["usage"] == 0.0 for result in answer)
    engine.put_down()
    assert rows(root, "SELECT count(*) FROM queries") == [(1,)]


def test_a_newer_one_is_left_alone(engine: RetrievalEngine, root: Path) -> None:
    ids(engine)
    engine.close()
    with closing(sqlite3.connect(root / ".mnemosyne" / "usage.db")) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    answer = engine.query("handle the request", now=NOW, refresh=False)
    assert answer.notices == ["usage.db was made by a newer mnemo: nothing is learned here"]
    engine.put_down()
    with pytest.raises(IndexUnwritableError):
        engine.feedback(answer[0].chunk.id, "used")
    assert rows(root, "SELECT count(*) FROM queries") == [(1,)]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root writes everywhere")
def test_a_read_only_project_answers_all_the_same(indexed: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(indexed, tmp_path / "read-only"))
    with RetrievalEngine.open(root) as engine:
        chunk = ids(engine)["beta.py"]
        engine.feedback(chunk, "used", now=NOW)
    code = (
        "import sys; from mnemo.retrieval.engine import RetrievalEngine as E; from mnemo.retrieval.errors"
        " import IndexUnwritableError\n"
        f"engine = E.open({str(root)!r}); answer = engine.query('handle the request', now={NOW})\n"
        "print(answer[0].file_path, answer[0].scores['usage'], engine.put_down())\n"
        f"try: engine.feedback({chunk!r}, 'used')\n"
        "except IndexUnwritableError as error: print('refused')\n"
    )
    folder = root / ".mnemosyne"
    for path in [*folder.iterdir(), folder, root]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = [sys.executable, "-c", code]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    finally:
        for path in (folder, root):
            path.chmod(0o755)
    assert done.stdout.splitlines() == ["beta.py 0.5 []", "refused"], done.stderr


# -- the signals, as pure functions ---------------------------------------------------------------


def test_use_halves_with_every_half_life() -> None:
    def at(days: float, kind: str = "used") -> Act:
        return Act(NOW - days * DAY, kind)

    assert decayed([at(0)], NOW, 7) == 1.0
    assert decayed([at(7)], NOW, 7) == 0.5
    assert decayed([at(14), at(7, "selected")], NOW, 7) == 0.75
    assert decayed([at(7), at(0, "ignored")], NOW, 7) == -0.5
    assert decayed([at(7)], NOW, 14) == pytest.approx(2**-0.5)
    assert decayed([at(-3)], NOW, 7) == 1.0  # a clock that went back


def test_the_most_used_come_first_and_ties_by_chunk() -> None:
    acts = {9: [Act(NOW, "used")], 3: [Act(NOW, "used")], 5: [Act(NOW, "used")] * 2, 1: [Act(NOW, "ignored")]}
    assert most_used(acts, 10, now=NOW, half_life_days=7) == [5, 3, 9]


def test_a_signature_is_of_the_set_of_words() -> None:
    def of(text: str) -> str:
        return signature(words_of(read_query(text)))

    assert of("how are tokens validated?") == of("validate the Token") == of("tokens tokens validating")
    assert of("token") != of("validate")
    assert len(of("token")) == 16
    assert of("???") == of("")


# -- what is learned ------------------------------------------------------------------------------


def test_use_lifts_a_chunk_and_ignoring_lowers_it(engine: RetrievalEngine) -> None:
    before = list(ids(engine))
    last = ids(engine)[before[-1]]
    assert engine.feedback(last, "used", now=NOW)
    answer = engine.query("handle the request", now=NOW, refresh=False)
    assert answer[0].chunk.id == last
    assert answer[0].scores["usage"] == 0.5
    assert answer[0].ranks["usage"] == 1
    engine.feedback(last, "ignored", now=NOW)  # the same query's chunk: it takes the place of what was said
    assert list(ids(engine))[-1] == before[-1]


def test_use_counts_as_far_as_the_questions_are_alike(engine: RetrievalEngine) -> None:
    def final(text: str) -> float:
        found = engine.query(text, now=NOW, refresh=False, learn=False)
        scores = {result.file_path: result.scores["final"] for result in found}
        return scores["delta.py"] / scores["beta.py"]

    texts = ("handle the request", "a request for gamma_3", "step_4 of the alpha handler")
    before = [final(text) for text in texts]
    engine.feedback(ids(engine, "handling requests")["delta.py"], "used", now=NOW)
    same, near, far = (final(text) / old for text, old in zip(texts, before, strict=True))
    assert same > near > far == pytest.approx(1.0)


@pytest.mark.parametrize(("half_life", "expected"), [(7, 0.5 / 1.5), (70, 2**-0.1 / (1 + 2**-0.1))])
def test_the_half_life_is_that_of_the_config(root: Path, half_life: float, expected: float) -> None:
    with with_config(root, {"analytics": {"decay_halflife_days": half_life}}) as engine:
        chunk = ids(engine)["gamma.py"]
        engine.feedback(chunk, "used", now=NOW)
        answer = engine.query("handle the request", now=NOW + 7 * DAY, refresh=False)
    (score,) = [result.scores["usage"] for result in answer if result.chunk.id == chunk]
    assert score == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("min_hits", [1, 3])
def test_a_pattern_counts_once_it_was_seen_often_enough(root: Path, min_hits: int) -> None:
    with with_config(root, {"retrieval": {"prefetch_min_hits": min_hits}}) as engine:
        for time in range(4):
            answer = engine.query("handling requests", now=NOW + time * DAY, refresh=False)
            found = {result.file_path: result for result in answer}
            assert found["delta.py"].scores["prefetch"] == float(time >= min_hits)
            engine.feedback(found["delta.py"].chunk.id, "used", now=NOW + time * DAY)
        other = engine.query("handle", now=NOW + 5 * DAY, refresh=False)
        assert all(result.scores["prefetch"] == 0.0 for result in other)


def test_a_pattern_brings_what_the_words_do_not(root: Path) -> None:
    (root / "odd.py").write_text("def zebra():\n" + "".join(f"    stripe_{n} = {n}\n" for n in range(12)))
    with with_config(root, {"retrieval": {"prefetch_min_hits": 1}}) as engine:
        engine.ingest()
        odd = ids(engine, "zebra stripe")["odd.py"]
        ids(engine, "alpha handler")
        engine.put_down()
        with closing(sqlite3.connect(root / ".mnemosyne" / "usage.db")) as usage, usage:
            usage.execute("UPDATE retrieved SET chunk = ? WHERE query = 2 AND place = 1", (int(odd, 16),))
        usage.close()
        engine.feedback(odd, "used", now=NOW)
        answer = engine.query("handler of alpha", now=NOW, refresh=False)
    assert {result.file_path: result.scores["prefetch"] for result in answer}["odd.py"] == 1.0


def test_in_rrf_use_is_a_source_of_its_own(root: Path) -> None:
    (root / "odd.py").write_text("def zebra():\n" + "".join(f"    stripe_{n} = {n}\n" for n in range(12)))
    settings: Settings = {"retrieval": {"fusion": "rrf"}}
    with with_config(root, settings) as engine:
        engine.ingest()
        odd = ids(engine, "zebra stripe")["odd.py"]
        assert "odd.py" not in ids(engine, "handle the request")
        engine.feedback(odd, "used", now=NOW)
        joined = engine.query("handle the request", now=NOW, refresh=False)
        (result,) = [result for result in joined if result.file_path == "odd.py"]
        assert result.ranks == {"usage": 1}
    with with_config(root, {"retrieval": {"fusion": "rrf", "usage_weight": 5.0}}) as engine:
        heavy = engine.query("handle the request", now=NOW, refresh=False)
        (weighed,) = [each for each in heavy if each.file_path == "odd.py"]
    assert weighed.scores["rrf"] > result.scores["rrf"]


def test_a_chunk_that_nobody_knows_is_refused(engine: RetrievalEngine) -> None:
    for wrong in ("ffffffffffff", "xyz", "", "0x0000000001"):
        with pytest.raises(NoSuchChunkError):
            engine.feedback(wrong, "used")


def test_feedback_counts_for_the_session_that_is_named(engine: RetrievalEngine, root: Path) -> None:
    chunk = ids(engine, session="one")["alpha.py"]
    ids(engine, session="two")
    assert engine.feedback(chunk, "used", session="one", now=NOW)
    assert rows(root, "SELECT id, judged FROM queries ORDER BY id") == [(1, 1), (2, 0)]
    assert not engine.feedback(chunk, "used", session="three", now=NOW)


# -- analytics ------------------------------------------------------------------------------------


def test_precision_by_hand(engine: RetrievalEngine) -> None:
    found = list(ids(engine, session="s").values())
    assert len(found) == 5
    engine.feedback(found[0], "used", session="s", now=NOW)
    engine.feedback(found[3], "used", session="s", now=NOW)
    engine.feedback(found[1], "ignored", session="s", now=NOW)
    ids(engine, "alpha handler", session="s", limit=1, now=NOW + DAY)
    ids(engine, "alpha handler", session="other", limit=1, now=NOW + DAY)
    told = engine.analytics(session="s", top=2)
    assert (told.queries, told.judged) == (2, 1)
    assert told.events == {"retrieved": 6, "selected": 0, "used": 2, "ignored": 1}
    assert told.precision == 0.4
    assert told.at_k == {"1": 1.0, "3": 0.3333, "5": 0.4, "10": 0.4}
    assert [(day.judged, day.at_k["1"]) for day in told.over_time] == [(1, 1.0)]
    assert {chunk.id for chunk in told.top_chunks} == {found[0], found[3]}
    assert [set(pair.chunks) for pair in told.co_occurrence] == [{found[0], found[3]}]
    assert len(engine.analytics().sessions) == 2
    with pytest.raises(NoSuchSessionError):
        engine.analytics(session="never")


@pytest.mark.parametrize(("minutes", "sittings"), [(30, 0), (90, 1)])
def test_the_session_timeout_parts_sittings(root: Path, minutes: int, sittings: int) -> None:
    with with_config(root, {"analytics": {"session_timeout_minutes": minutes}}) as engine:
        found = list(ids(engine, session="s").values())
        engine.feedback(found[0], "used", session="s", now=NOW)
        engine.feedback(found[1], "used", session="s", now=NOW + 3600)
        assert len(engine.analytics().co_occurrence) == sittings
        ids(engine, "alpha")
        ids(engine, "beta", now=NOW + 3600)
        engine.put_down()
        assert len(engine.analytics().sessions) == (2 if minutes == 90 else 3)


def test_old_queries_are_forgotten_by_gc(engine: RetrievalEngine, root: Path) -> None:
    ids(engine, now=NOW - 4000 * DAY, session="old")
    ids(engine, session="new", now=NOW)
    assert engine.gc().queries_forgotten == 1
    assert rows(root, "SELECT name FROM sessions") == [("new",)]


# -- the commands ---------------------------------------------------------------------------------


@pytest.fixture
def command(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*args: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run([*args, "--project", str(root)]) == code
        shown = capsys.readouterr()
        if code:
            assert len(shown.err.splitlines()) == 1
        return shown.out

    return call


def test_the_commands(command: Callable[..., str], root: Path) -> None:
    assert "no feedback yet" in command("analytics")
    found = json.loads(command("query", "handle the request", "--json", "--session", "s"))
    chunk = found[2]["chunk"]["id"]
    assert command("feedback", chunk, "used", "--session", "s") == (
        f"Noted: {chunk} used, for the query that delivered it\n"
    )
    again = json.loads(command("query", "handle the request", "--json"))
    assert again[0]["chunk"]["id"] == chunk
    told = json.loads(command("analytics", "--json", "--top-chunks", "1"))
    assert told["events"]["used"] == 1
    assert told["top_chunks"][0]["id"] == chunk
    assert told["top_chunks"][0]["file_path"] == found[2]["file_path"]
    shown = command("analytics", "--session", "s")
    assert "Precision: 0.200 (@1 0.000, @3 0.333" in shown
    assert found[2]["file_path"] in shown
    command("feedback", "nonsense", "used", code=1)
    command("feedback", chunk, "maybe", code=2)
    command("analytics", "--session", "never", code=1)
    before = rows(root, "SELECT count(*) FROM queries")
    command("query", "alpha", "--no-learn")
    assert rows(root, "SELECT count(*) FROM queries") == before


def test_many_processes_learn_at_once_and_one_may_be_killed(root: Path) -> None:
    code = (
        "import sys; from mnemo.retrieval.engine import RetrievalEngine as E\n"
        f"engine = E.open({str(root)!r}); name = sys.argv[1]; number = 0\n"
        "while name == 'killed' or number < 12:\n"
        "    number += 1\n"
        "    found = engine.query(f'handle the request {number}', session=name, refresh=False)\n"
        "    assert len(found) == 5\n"
        "    engine.put_down()\n"
        "    print(number, flush=True)\n"
    )
    killed, *others = (
        subprocess.Popen([sys.executable, "-c", code, name], stdout=subprocess.PIPE, text=True)
        for name in ("killed", "one", "two", "three")
    )
    assert killed.stdout is not None
    for line in killed.stdout:
        if int(line) == 6:
            killed.kill()
            break
    killed.stdout.close()
    killed.wait(timeout=60)
    for process in others:
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out.split()[-1]) == (0, "12")
    assert rows(root, "PRAGMA integrity_check") == [("ok",)]
    torn = "SELECT count(*) FROM queries WHERE NOT EXISTS (SELECT 1 FROM retrieved WHERE query = queries.id)"
    assert rows(root, torn) == [(0,)]
    assert {name for (name,) in rows(root, "SELECT name FROM sessions")} == {"killed", "one", "two", "three"}


def test_a_new_one_is_begun_by_several_at_once_and_no_write_is_lost(tmp_path: Path) -> None:
    def write(path: Path, number: int, together: threading.Barrier) -> None:
        usage = UsageDatabase(path)
        together.wait(timeout=30)
        usage.write(lambda connection: connection.execute("INSERT INTO patterns VALUES (?, 1, 0)", (number,)))
        usage.close()

    for turn in range(60):  # before the wait was ours, four writes of these 240 failed
        path, together = tmp_path / f"{turn}.db", threading.Barrier(4)
        writers = [threading.Thread(target=write, args=(path, number, together)) for number in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT count(*) FROM patterns").fetchone() == (4,), turn
        connection.close()
