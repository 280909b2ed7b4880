"""Targets of the models' side: what servers send, what models reply, and the ``.env`` that names them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mnemo.llm.dialects import EventReader, UnreadableError, piece, whole
from mnemo.llm.env import Value, read_values
from mnemo.llm.errors import ProviderError
from mnemo.llm.providers import Provider, read_setup
from mnemo.llm.quoting import Labels
from mnemo.llm.reading import Reading, json_object, known_names, proposal, section, spoken, words
from mnemo.storage.memory import Memory, new_record
from storage_targets import scratch  # type: ignore[import-not-found,unused-ignore]


@cache
def _providers() -> dict[str, Provider]:
    values = {
        "A_URL": "https://one.test/v1/chat/completions",
        "A_MODEL": "a",
        "ANTHROPIC_MODEL": "b",
        "ANTHROPIC_KEY": "k",
        "A_KEY": "k",
    }
    folder = scratch()
    return dict(read_setup(read_values(environment=values, folder=folder)).providers)


def stream(data: bytes) -> None:
    """A streamed answer in both dialects: the same events wherever the network cuts it."""
    if len(data) < 2:
        return
    step, body = 1 + data[0] % 17, data[1:]
    at_once, cut = EventReader(), EventReader()
    events = [*at_once.feed(body), *at_once.close()]
    pieces = [event for at in range(0, len(body), step) for event in cut.feed(body[at : at + step])]
    assert [*pieces, *cut.close()] == events
    for provider in _providers().values():
        for event in events:
            try:
                found = piece(provider, event)
            except UnreadableError:
                continue
            assert all(isinstance(value, str) for value in (found.text, found.ended, found.error))
        try:
            text, ended = whole(provider, body)
        except UnreadableError:
            continue
        assert isinstance(text, str) and isinstance(ended, str)


@cache
def _memories() -> list[Memory]:
    ids = ("9f3c1a2b-77e0-4000-8000-000000000000", "9f3c1a2b-77e1-4000-8000-000000000000")
    return [new_record("sea", "joy", "calm", memory_id=each) for each in ids]


def reply(data: bytes) -> None:
    """What a model replied: citations and thoughts as it comes, JSON out of words, headed lists."""
    if not data:
        return
    step, text = 1 + data[0] % 13, data[1:].decode("utf-8", "replace")
    labels = Labels(_memories())
    shown: list[str] = []
    by_piece, at_once = Reading(labels, shown.append), Reading(labels)
    for at in range(0, len(text), step):
        by_piece.feed(text[at : at + step])
    at_once.feed(text)
    assert by_piece.close() == at_once.close()
    assert list(by_piece.cited) == list(at_once.cited)
    assert "".join(shown).strip() == by_piece.text
    spoken(text)
    found = proposal(text, ["Work", "Sea"])
    if not isinstance(found, str):
        assert found.concept
    if (read := json_object(text)) is not None:
        for value in read.values():
            known_names(value, ["Sea"], 3)
            words(value, 3)
    section(text, "patterns", "tensions")


def env_file(data: bytes) -> None:
    """A ``.env``, the user's own or a project's: read, or refused in one line."""
    folder: Path = _env_folder()
    (folder / ".env").write_bytes(data)
    for own in (True, False):
        try:
            values = read_values(folder / ".env" if own else None, environment={}, folder=folder)
            setup = read_setup(values)
        except ProviderError as error:
            assert "\n" not in str(error)
            continue
        assert all(isinstance(value, Value) for value in values.values())
        for provider in setup.chosen:
            assert provider.address.url.isascii() and provider.needs_consent in (True, False)
            # What a project's file says never decides that words may leave.
            assert own or setup.consent == "ask"


@cache
def _env_folder() -> Path:
    return Path(scratch())
