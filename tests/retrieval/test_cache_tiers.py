"""The cache in the path of queries: shared by processes, kept, warmed, cleared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mnemo.retrieval.config import set_value
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage.cache import ArcCache, ArcState


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("alpha", "beta", "gamma"):
        (tmp_path / f"{name}.py").write_text(
            f"def {name}_first(items):\n    return [item.{name} for item in items if item.is_open()]\n\n\n"
            f"def {name}_second(items):\n    return sum(item.{name} for item in items if item.is_closed())\n"
        )
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
    return tmp_path


def ask(project: Path, *questions: str) -> list[list[str]]:
    """Ask in a process's worth of engine; the ids that came."""
    with RetrievalEngine.open(project) as engine:
        return [[result.chunk.id for result in engine.query(text, output="json")] for text in questions]


def state(project: Path) -> ArcState[str]:
    with RetrievalEngine.open(project) as engine:
        return engine.cache_state()


def test_the_shared_state_is_that_of_one_cache_that_saw_every_request(project: Path) -> None:
    paper: ArcCache[str, None] = ArcCache(500)
    for questions in (["alpha_first", "beta_first"], ["alpha_first"], ["gamma_second", "items is_open"]):
        for ids in ask(project, *questions):
            for key in ids:
                paper.touch(key)
    # Chunks that were read and did not make it into an answer do not come up here: everything fits.
    assert state(project) == paper.state
    assert paper.state.hits


def test_two_engines_that_take_turns_share_what_each_asked_for(project: Path) -> None:
    with RetrievalEngine.open(project) as one, RetrievalEngine.open(project) as other:
        for engine in (one, other, one):
            engine.query("alpha_first", path="alpha.py")
            engine.put_down()
        assert other.cache_state() == one.cache_state()
        assert one.cache_state().hits == 2 * len(one.query("alpha_first", path="alpha.py"))


def test_a_chunk_that_changed_is_read_anew(project: Path) -> None:
    with RetrievalEngine.open(project) as engine:
        before = engine.query("alpha_first")[0]
        assert engine.query("alpha_first")[0].chunk.content == before.chunk.content
        path = project / "alpha.py"
        path.write_text(path.read_text().replace("item.alpha", "item.omega"))
        (project / "copy.py").write_text(path.read_text())
        after = engine.query("alpha_first")[0]
        assert after.chunk.id == before.chunk.id
        assert "item.omega" in after.chunk.content
        assert [place.file_path for place in after.also_in]


def test_answers_are_the_same_with_the_smallest_cache(project: Path) -> None:
    with RetrievalEngine.open(project) as engine:
        wanted = [engine.query(text) for text in ("items", "alpha", "is_open", "items")]
    set_value(project / ".mnemosyne" / "config.toml", "cache.capacity", 1)
    set_value(project / ".mnemosyne" / "config.toml", "cache.ghost_capacity", 0)
    with RetrievalEngine.open(project) as engine:
        assert [engine.query(text) for text in ("items", "alpha", "is_open", "items")] == wanted
        found = engine.cache_state()
    assert len(found.t1) + len(found.t2) == 1
    assert not found.b1
    assert not found.b2


def test_asking_without_learning_writes_nothing(project: Path) -> None:
    with RetrievalEngine.open(project) as engine:
        engine.query("alpha_first", learn=False)
    assert not (project / ".mnemosyne" / "usage.db").exists()
    assert state(project) == ArcState()


def test_what_the_policy_does_can_be_watched(project: Path) -> None:
    with RetrievalEngine.open(project) as engine:
        engine.query("alpha_first")
        seen: list[Any] = []
        engine.cache.subscribe(seen.append)
        ids = {result.chunk.id for result in engine.query("alpha_first")}
    assert {event.key for event in seen if event.kind == "hit"} == ids


def test_the_command_shows_clears_and_warms(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mnemo.cli.app import run

    def cache(*args: str) -> str:
        capsys.readouterr()
        assert run(["cache", *args]) == 0
        return capsys.readouterr().out

    monkeypatch.chdir(project)
    counts = [len(ids) for ids in ask(project, "alpha_first", "alpha_first", "beta")]
    shown = json.loads(cache("show", "--json"))
    assert (shown["capacity"], shown["hits"] + shown["misses"]) == (500, sum(counts))
    assert f"T2 (asked for again): {len(shown['t2'])}\n" in cache("show")
    assert cache() == cache("show")
    assert f"Hit rate: {shown['hits'] / sum(counts):.1%} (" in cache("show")
    held = len(shown["t1"]) + len(shown["t2"])
    assert cache("clear") == f"Cleared: {held} entries\n"
    assert state(project) == ArcState()
    assert cache("warm") == f"Warmed: {held} chunks\n"
    assert json.loads(cache("warm", "--json")) == {"warmed": 0}
    assert {*state(project).t1} == {*shown["t1"], *shown["t2"]}
    assert "(0 hits, 0 misses, 0 of them ghost hits)" in cache("show")


def test_gc_takes_out_the_keys_of_chunks_that_are_gone(project: Path) -> None:
    ask(project, "alpha_first", "beta_first", "alpha_first")
    before = state(project)
    (project / "alpha.py").unlink()
    with RetrievalEngine.open(project) as engine:
        engine.ingest()
        gone = engine.gc().cache_keys
        kept = {entry.id for name in ("beta", "gamma") for entry in engine.outline(project / f"{name}.py")}
        after = engine.cache_state()
        assert gone and {*before.t1, *before.t2} - {*after.t1, *after.t2} == {*before.t1, *before.t2} - kept
        assert after.t1 == tuple(key for key in before.t1 if key in kept)
        assert (after.p, after.hits, after.misses) == (before.p, before.hits, before.misses)
        assert engine.gc().cache_keys == 0
        assert engine.query("beta_first")


def test_stats_tell_the_state_of_the_cache(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mnemo.cli.app import run

    def out(*args: str) -> str:
        capsys.readouterr()
        assert run([*args]) == 0
        return capsys.readouterr().out

    def counted() -> Any:
        return json.loads(out("stats", "--json"))["cache"]

    monkeypatch.chdir(project)
    assert counted() == {**dict.fromkeys(counted(), 0), "capacity": 500, "ghost_capacity": 1000}
    ask(project, "alpha_first", "alpha_first", "beta")
    shown, cache = json.loads(out("cache", "show", "--json")), counted()
    for name, value in cache.items():
        assert value == (len(shown[name]) if isinstance(shown[name], list) else shown[name]), name
    assert cache["hits"]
    section = out("stats", "--detailed").split("\nCache:\n")[1]
    rows = [tuple(part.strip() for part in line.split(" : ")) for line in section.splitlines()]
    assert [f"{name}: {value}" for name, value in rows] == out("cache", "show").splitlines()
    assert "Cache:" not in out("stats")


@pytest.mark.parametrize(
    ("key", "value", "held", "ghosts"),
    [("capacity", 4, 4, 3), ("ghost_capacity", 2, 8, 2)],
)
def test_the_limits_of_the_config_act(project: Path, key: str, value: int, held: int, ghosts: int) -> None:
    config = project / ".mnemosyne" / "config.toml"
    for name in "abcdefghijklmnopqrstuvwxyz":
        (project / f"{name}.py").write_text(
            f"def {name * 5}(items):\n    return [i.{name * 4} for i in items]\n"
        )
    set_value(config, "cache.capacity", 8)
    set_value(config, f"cache.{key}", value)
    with RetrievalEngine.open(project) as engine:
        engine.ingest()
        for name in "abcabcdefghijklmnopqrstuvwxyz":
            assert engine.query(name * 5, path=f"{name}.py")
        found = engine.cache_state()
        assert len(found.t1) + len(found.t2) == held
        assert len(found.b1) + len(found.b2) == ghosts
    # What is warmed obeys it as well.
    with RetrievalEngine.open(project) as engine:
        engine.cache_clear()
        assert engine.cache_warm() == held


def test_many_processes_at_once_lose_no_request(project: Path) -> None:
    code = (
        "import sys; from mnemo.retrieval.engine import RetrievalEngine\n"
        f"with RetrievalEngine.open({str(project)!r}) as engine:\n"
        "    print(sum(len(engine.query(sys.argv[1], refresh=False)) for _ in range(5)))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, word], stdout=subprocess.PIPE, text=True)
        for word in ("alpha_first", "beta_first")
    ]
    counts = [int(process.communicate(timeout=60)[0]) for process in running]
    found = state(project)
    assert found.hits + found.misses == sum(counts)
