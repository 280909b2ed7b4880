"""The verbs of the mind, as somebody meets them: with a model that answers, and with none."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mnemo import MemoryDB
from mnemo import settings as config
from mnemo.settings import Settings, places

sys.path.append(str(Path(__file__).parents[1] / "llm"))
from speaking import Servers, Speaker, fails, hangs, says

GOOD = '{"concept": "Debt", "feeling": "fear", "tags": ["bank"], "note": "", "enriched": "Dread."}'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Speaker]:
    """A model that is set up by the environment."""
    servers = Servers()
    server = servers.start()
    for name, value in (("URL", server.origin), ("MODEL", "m"), ("RPM", "1000")):
        monkeypatch.setenv(f"LOCALTEST_{name}", value)
    monkeypatch.setenv("LLM_TIMEOUT", "20")
    yield server
    servers.close()


def memories() -> list[Any]:
    with MemoryDB(places(Settings()).journal) as db:
        return db.recall()


@pytest.fixture
def debt() -> Any:
    with MemoryDB(places(Settings()).journal) as db:
        db.remember("Debt", "serenity", "Paid the last instalment.")
        return db.remember("Debt", "fear", "A letter from the bank.")


def test_perceive_shows_saves_and_says_who(cli: Callable[..., Any], server: Speaker) -> None:
    server.otherwise = says(GOOD)
    found = cli("perceive", "The bank wrote.", "--dry-run", "--json").json
    assert list(found) == [
        "content",
        "concept",
        "feeling",
        "alternatives",
        "tags",
        "note",
        "enriched",
        "provider",
        "saved",
        "memory_id",
    ]
    assert (found["feeling"], found["provider"], found["saved"], found["memory_id"]) == (
        "fear",
        "LOCALTEST",
        False,
        None,
    )
    assert memories() == []
    saved = cli("perceive", "The bank wrote. I was afraid.", "--yes", "--json").json
    (memory,) = memories()
    assert saved["memory_id"] == memory.memory_id
    assert memory.reading == {"provider": "LOCALTEST", "text": "Dread."}
    assert "--yes" in cli("perceive", "x", code=2).err
    assert "no words" in cli("perceive", " ", "--yes", code=2).err
    assert "concept  Debt" in cli("perceive", "The bank wrote.", "--dry-run").out


@pytest.mark.parametrize(
    ("args", "own"),
    [
        (("ask", "debt?"), set()),
        (("reflect", "Debt"), {"arc", "concept"}),
        (("dream", "-n", "2", "--seed", "3"), {"connections", "seed"}),
        (("introspect",), {"dominant_concepts", "emotional_map", "patterns", "tensions", "resources"}),
    ],
)
def test_the_other_four_have_one_shape(
    args: tuple[str, ...], own: set[str], cli: Callable[..., Any], server: Speaker, debt: Any
) -> None:
    short = debt.memory_id[:8]
    server.otherwise = says("You were afraid ", f"[{short}].", "\x1b[31m")
    found = cli(*args, "--json").json
    shared = {"text", "memories", "confidence", "confidence_note", "provider", "seconds"}
    assert set(found) == shared | own
    assert found["provider"] == "LOCALTEST"
    assert {"memory_id": debt.memory_id, "cited": True} in found["memories"]
    shown = cli(*args).out
    assert shown.startswith(f"You were afraid [{short}].␛[31m\n")
    assert "LOCALTEST, " in shown
    assert "A letter from the bank." in shown


def test_without_a_model_all_verbs_answer(cli: Callable[..., Any], debt: Any) -> None:
    for args in (["ask", "debt?"], ["reflect", "Debt"], ["dream", "--seed", "1"], ["introspect"]):
        assert cli(*args, "--json").json["provider"] == "local"
        assert cli(*args).out.strip()


def test_a_model_that_fails_is_told_and_mnemo_answers(
    cli: Callable[..., Any], server: Speaker, debt: Any
) -> None:
    server.otherwise = fails(401)
    result = cli("ask", "debt?", "--json")
    assert result.json["provider"] == "local"
    assert result.err == "mnemo: LOCALTEST: refuses the key (401): look at LOCALTEST_API_KEY\n"


def test_without_a_terminal_nothing_leaves_the_machine(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, debt: Any
) -> None:
    monkeypatch.setenv("REMOTE_URL", "https://remote.invalid/v1")
    monkeypatch.setenv("REMOTE_MODEL", "m")
    monkeypatch.setenv("REMOTE_API_KEY", "k")
    result = cli("perceive", "The bank wrote. I was afraid.", "--yes", "--json")
    assert result.json["provider"] == "local"
    assert "nobody was there to allow that memories are sent to remote.invalid" in result.err
    assert not config.config_file().exists()


def test_the_host_is_named_before_anything_is_sent(
    terminal: Callable[..., Any], server: Speaker, debt: Any
) -> None:
    env = {"REMOTE_URL": "https://remote.invalid/v1", "REMOTE_MODEL": "m", "REMOTE_API_KEY": "k"}
    env |= {"ACTIVE_PROVIDER": "REMOTE", "LLM_PRIORITY": "LOCALTEST", "USE_MULTI_PROVIDER": "true"}
    server.otherwise = says("Fine.")
    window = terminal("ask", "debt?", env=env)
    seen = window.until("Send them there?")
    assert "REMOTE is at remote.invalid: your words would leave this machine" in seen
    assert not server.asked
    window.type("n\n")
    code, rest = window.until_end()
    assert code == 0
    assert "Fine." in rest
    assert config.load().consent == {"remote.invalid": "no"}
    code, rest = terminal("ask", "debt?", env=env).until_end()
    assert "Send them" not in rest


def test_an_interrupt_stops_the_answer(terminal: Callable[..., Any], server: Speaker, debt: Any) -> None:
    server.otherwise = hangs("It begins ")
    server.script = [says("{}")]
    window = terminal("ask", "debt?")
    window.until("It begins")
    window.process.send_signal(signal.SIGINT)
    code, rest = window.until_end()
    assert code == 130
    assert "Traceback" not in rest


def test_providers_are_listed_checked_and_chosen(
    cli: Callable[..., Any], server: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_MODEL", "big")
    here, groq = sorted(cli("providers", "--json").json, key=lambda row: row["name"] == "GROQ")
    assert (here["asked"], here["consent"], here["ready"]) == (1, "free", True)
    assert (groq["asked"], groq["consent"], groq["problem"]) == (None, "unasked", "GROQ_API_KEY is not set")
    checked = {row["name"]: row["seconds"] for row in cli("providers", "--check", "--json").json}
    assert checked["LOCALTEST"] is not None
    assert checked["GROQ"] is None
    cli("providers", "use", "groq")
    assert config.load().provider == "GROQ"
    assert [row["asked"] for row in cli("providers", "--json").json if row["name"] == "GROQ"] == [1]
    assert "is not set up" in cli("providers", "use", "NOBODY", code=2).err
    monkeypatch.setenv("ACTIVE_PROVIDER", "LOCALTEST")
    assert "ACTIVE_PROVIDER in the environment names another" in cli("providers", "use", "GROQ").err
    monkeypatch.setenv("LOCALTEST_RPM", "many")
    assert "LOCALTEST_RPM in the environment must be a number" in cli("ask", "x", code=1).err


def test_no_model_is_no_error(cli: Callable[..., Any]) -> None:
    assert cli("providers", "--json").json == []
    assert "no model is set up" in cli("providers").err


def test_remember_proposes_what_is_missing(cli: Callable[..., Any], server: Speaker) -> None:
    assert "--concept and --feeling are missing; --yes takes" in cli("remember", "x", code=2).err
    result = cli("remember", "My hands shook, I was so scared of the bank's letter.", "--yes", "--json")
    assert result.json[0]["feeling"] == "fear"
    assert "feeling  fear" in result.err
    (memory,) = memories()
    assert memory.content == "My hands shook, I was so scared of the bank's letter."
    kept = cli("remember", "I was so scared.", "-c", "Night", "--yes", "--json").json[0]
    assert (kept["concept"], kept["feeling"]) == ("Night", "fear")
    assert not server.asked  # words that are only remembered go to no model


def test_no_feeling_is_guessed_where_the_words_tell_none(
    cli: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    flat = "The plate is blue."
    told = "mnemo: the words tell no feeling: give one with --feeling\n"
    assert cli("remember", flat, "--yes", code=2).err == told
    assert cli("remember", flat, "-c", "Work", "--yes", "--json", code=2).err == told
    assert "tell no feeling" in cli("perceive", flat, "--yes", code=2).err
    assert "tell no feeling" in cli("perceive", flat, "--dry-run").out
    assert memories() == []
    window = terminal("remember", flat)
    assert "joy" not in window.until("Say how it feels")
    window.type("\n")
    window.until("What is it about?")
    window.type("Work\n")
    window.until("How does it feel?")
    window.type("bore\n")
    assert window.until_end()[0] == 0
    cli("remember", flat, "-f", "serenity", "--yes")
    assert {memory.feeling for memory in memories()} == {"boredom", "serenity"}


def test_a_proposal_that_is_refused_saves_nothing(terminal: Callable[..., Any]) -> None:
    window = terminal("perceive", "I was so scared of the letter.")
    window.until("Save it so")
    window.type("n\n")
    assert window.until_end()[0] == 0
    assert memories() == []
    window = terminal("perceive", "I was so scared of the letter.")
    window.until("Save it so")
    window.type("y\n")
    assert window.until_end()[0] == 0
    assert memories()[0].content == "I was so scared of the letter."
