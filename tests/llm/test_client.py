"""Talking to a model: both dialects, over real connections that behave badly."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from mnemo.llm.client import Client, FailedError
from mnemo.llm.dialects import EventReader, Form, Image, Prompt, listed, payload, text_of
from mnemo.llm.errors import BrokenOffError, ModelError, StoppedError
from mnemo.llm.pacing import Cancel, Limits, TokenBucket, backoff, retry_after
from speaking import KEY, Request, Servers, Speaker, fails, hangs, provider_at, resets, says, sends, setup_of

PROMPT = Prompt("You are kind.", "How was my summer? zanzibar")
BOTH = pytest.mark.parametrize("dialect", ["openai", "anthropic"])


@BOTH
def test_an_answer_comes_in_pieces_and_says_who_gave_it(
    dialect: str, server: Speaker, client: Client
) -> None:
    server.otherwise = says("It ", "was ", "long.")
    seen: list[str] = []
    reply = client.converse(provider_at(server, dialect), PROMPT, on_text=seen.append)
    assert seen == ["It ", "was ", "long."]
    assert (reply.text, reply.provider.name, reply.cut) == ("It was long.", "TESTED", False)
    (request,) = server.asked
    assert request.body["stream"] is True
    assert request.body["model"] == "small"
    if dialect == "anthropic":
        assert request.headers["x-api-key"] == KEY
        assert request.headers["anthropic-version"] == "2023-06-01"
        assert request.body["system"] == PROMPT.system
        assert [message["role"] for message in request.body["messages"]] == ["user"]
    else:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert [message["role"] for message in request.body["messages"]] == ["system", "user"]


@BOTH
def test_characters_and_events_may_be_cut_anywhere(dialect: str, server: Speaker, client: Client) -> None:
    text = "È già l’estate 🌅 — perché no?"

    def behave(request: Request) -> None:
        request.head()
        for byte in request.delta(text) + request.end():
            request.write(bytes((byte,)))

    server.otherwise = behave
    assert client.converse(provider_at(server, dialect), PROMPT).text == text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_read_whatever_ends_a_line(end: bytes, size: int) -> None:
    stream = end.join(
        [
            b"\xef\xbb\xbf: hello",
            b"event: x",
            'data: {"à": 1,'.encode(),
            b"data: 2}",
            b"id: 4",
            b"",
            b"data:3",
            b"",
            b"",
        ]
    )
    reader = EventReader()
    found = [data for at in range(0, len(stream), size) for data in reader.feed(stream[at : at + size])]
    assert [*found, *reader.close()] == ['{"à": 1,\n2}', "3"]


@BOTH
def test_too_many_requests_are_tried_again_when_the_server_says(
    dialect: str, server: Speaker, client: Client
) -> None:
    server.script = [fails(429, retry_after="0.05"), fails(500), fails(529)]
    assert client.converse(provider_at(server, dialect), PROMPT).text == "fine"
    assert len(server.asked) == 4


def test_a_wait_that_is_too_long_ends_the_attempts(server: Speaker, client: Client) -> None:
    server.script = [fails(429, retry_after="3600")]
    with pytest.raises(FailedError, match=r"TESTED has had too many requests .429., and asks to wait 3600 s"):
        client.converse(provider_at(server), PROMPT)
    assert len(server.asked) == 1


def test_attempts_end(server: Speaker, client: Client) -> None:
    server.otherwise = fails(503)
    with pytest.raises(FailedError, match=r"TESTED has a fault of its own .503."):
        client.converse(provider_at(server), PROMPT)
    assert len(server.asked) == client.limits.attempts


def test_a_reset_before_the_first_token_is_tried_again(server: Speaker, client: Client) -> None:
    server.script = [resets(), resets()]
    assert client.converse(provider_at(server), PROMPT, on_text=lambda _: None).text == "fine"
    assert len(server.asked) == 3


@BOTH
def test_nothing_is_tried_again_after_the_first_token_was_shown(
    dialect: str, server: Speaker, client: Client
) -> None:
    server.script = [resets("It was ")]
    seen: list[str] = []
    with pytest.raises(BrokenOffError, match=r"^TESTED: "):
        client.converse(provider_at(server, dialect), PROMPT, on_text=seen.append)
    assert seen == ["It was "]
    assert len(server.asked) == 1


def test_what_nobody_saw_is_asked_for_again(server: Speaker, client: Client) -> None:
    server.script = [resets("It was ")]
    assert client.converse(provider_at(server), PROMPT).text == "fine"


@pytest.mark.parametrize("shown", [[], ["It "]])
def test_silence_ends(shown: list[str], server: Speaker) -> None:
    server.otherwise = hangs(*shown)
    client = Client(Limits(first_token=20 if shown else 0.3, between_tokens=0.3))
    where = "between two tokens" if shown else "before the first token"
    with pytest.raises(BrokenOffError if shown else FailedError, match=f"silent for 0.3 s {where}"):
        client.converse(provider_at(server), PROMPT, on_text=lambda _: None)
    assert len(server.asked) <= 1, "a busy server may not even have read it"


def test_signs_of_life_that_are_no_words_do_not_count(server: Speaker) -> None:
    def behave(request: Request) -> None:
        request.head()
        while not request.server.release.wait(0.02):
            request.write(b": keep-alive\n\n")

    server.otherwise = behave
    with pytest.raises(FailedError, match="before the first token"):
        Client(Limits(first_token=0.3)).converse(provider_at(server), PROMPT)


def test_thinking_aloud_counts_and_is_not_shown(server: Speaker, client: Client) -> None:
    thought = {"choices": [{"delta": {"reasoning_content": "hm"}}]}

    def behave(request: Request) -> None:
        request.head()
        request.write(b"data: " + json.dumps(thought).encode() + b"\n\n")
        request.write(request.delta("yes") + request.end())

    server.otherwise = behave
    assert client.converse(provider_at(server), PROMPT).text == "yes"


TRUNCATED = b'data: {"choices": [{"delta": {"content": "It wa'


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (sends([TRUNCATED]), "no answer of a model"),
        (sends([b"data: \x00\xff{garbage\n\n"]), "no answer of a model"),
        (sends([b"\x89PNG" * 1000]), "stopped in the middle"),
        (sends([b"data: [1, 2]\n\n"]), "no answer of a model"),
        (sends([b"data: " + b"x" * (3 << 20)]), "no answer of a model"),
        (sends([b"<html>secret page</html>"], "text/html"), "another kind of page"),
        (sends([b'{"choices": ['], "application/json"), "no answer of a model"),
        (sends([b"{}"], "application/json"), "no answer of a model"),
        (sends([b"data: [DONE]\n\n"]), "an empty answer"),
        (sends([]), "stopped in the middle"),
        (
            fails(401, b'{"error": {"message": "bad key sk-test-4f9a1c77e2"}}'),
            "refuses the key .401.: look at TESTED_API_KEY",
        ),
        (fails(404), "TESTED_URL and TESTED_MODEL"),
        (fails(400), "refuses the request .400."),
        (fails(307, location="http://elsewhere.example/v1"), "a redirect, which is not followed"),
        (sends([b'data: {"error": {"message": "zanzibar"}}\n\n']), "a fault of its own"),
    ],
)
def test_what_is_no_answer_is_told_in_our_own_words(
    behaviour, problem, server: Speaker, client: Client
) -> None:
    server.otherwise = behaviour
    with pytest.raises(ModelError, match=problem) as caught:
        client.converse(provider_at(server), PROMPT)
    assert str(caught.value).startswith("TESTED")
    for secret in (KEY, "zanzibar", "garbage", "secret"):
        assert secret not in str(caught.value)


@BOTH
def test_an_answer_without_end_is_cut_off(dialect: str, server: Speaker, client: Client) -> None:
    sent = 0

    def behave(request: Request) -> None:
        nonlocal sent
        request.head()
        event = request.delta("na " * 3000)
        while sent < 50 << 20:
            request.write(event)
            sent += len(event)

    server.otherwise = behave
    with pytest.raises(FailedError, match="does not come to an end"):
        client.converse(provider_at(server, dialect), PROMPT)
    assert server.done.wait(20)
    assert sent < 20 << 20


def test_a_body_without_words_is_cut_off(server: Speaker, client: Client) -> None:
    server.otherwise = sends(b": " + b"x" * 65536 + b"\n" for _ in range(800))
    with pytest.raises(FailedError, match="does not come to an end"):
        client.converse(provider_at(server), PROMPT)


@BOTH
def test_a_server_that_does_not_stream_is_understood(dialect: str, server: Speaker, client: Client) -> None:
    whole = (
        {"content": [{"type": "text", "text": "all at once"}], "stop_reason": "max_tokens"}
        if dialect == "anthropic"
        else {"choices": [{"message": {"content": "all at once"}, "finish_reason": "length"}]}
    )
    server.otherwise = sends([json.dumps(whole).encode()], "application/json; charset=utf-8")
    seen: list[str] = []
    reply = client.converse(provider_at(server, dialect), PROMPT, on_text=seen.append)
    assert (reply.text, reply.cut, seen) == ("all at once", True, ["all at once"])


def test_what_a_model_does_not_take_is_left_out(server: Speaker, client: Client) -> None:
    server.script = [
        fails(400, b'{"error": {"message": "Use max_completion_tokens instead"}}'),
        fails(400, b'{"error": {"message": "Unsupported value: temperature"}}'),
    ]
    assert client.converse(provider_at(server), PROMPT).text == "fine"
    last = server.asked[-1].body
    assert "max_completion_tokens" in last
    assert not {"max_tokens", "temperature"} & last.keys()


FORMED = Prompt("s", "t", form=Form("perception", {"concept": text_of(40), "tags": listed(5, 30)}))


def form_of(body: dict[str, Any]) -> Any:
    """The schema that a request asks for, wherever its dialect has it."""
    if "tools" in body:
        assert body["tool_choice"] == {"type": "tool", "name": body["tools"][0]["name"]}
        return body["tools"][0]["input_schema"]
    return body["response_format"]["json_schema"]["schema"] if "response_format" in body else None


@BOTH
def test_an_answer_in_a_form_is_asked_for(dialect: str, server: Speaker, client: Client) -> None:
    def answers(request: Request) -> None:
        request.head()
        for part in ('{"concept": ', '"Debt"}'):
            request.write(request.call(part) if request.native else request.delta(part))
        request.write(request.end("tool_use" if request.native else None))

    server.script = [answers]
    provider = provider_at(server, dialect)
    assert client.converse(provider, FORMED).text == '{"concept": "Debt"}'
    schema = form_of(server.asked[0].body)
    assert schema["required"] == list(schema["properties"]) == ["concept", "tags"]
    assert schema["properties"]["concept"] == {"type": "string", "maxLength": 40}
    client.converse(provider, PROMPT)
    assert form_of(server.asked[1].body) is None


def test_a_form_that_comes_whole_is_read(server: Speaker, client: Client) -> None:
    call = {"type": "tool_use", "id": "1", "name": "perception", "input": {"concept": "Città"}}
    body = json.dumps({"content": [call], "stop_reason": "tool_use"}).encode()
    server.script = [sends([body], "application/json")]
    assert client.converse(provider_at(server, "anthropic"), FORMED).text == '{"concept": "Città"}'


def test_a_strict_server_far_away_gets_no_bounds() -> None:
    provider = setup_of(FAR_URL="https://far.invalid/v1", FAR_MODEL="m", FAR_KEY="k").providers["FAR"]
    schema = form_of(payload(provider, FORMED, 0))
    assert schema["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}


@BOTH
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, b"'response_format.type' must be 'text' or 'json_object'"),
        (422, b'{"detail": [{"loc": ["body", "tool_choice"], "msg": "extra fields not permitted"}]}'),
        (500, b"response_format type must be one of text or json_object, but got: json_schema"),
    ],
)
def test_a_form_that_is_refused_is_not_asked_for_again(
    dialect: str, status: int, said: bytes, server: Speaker, client: Client
) -> None:
    server.script = [fails(status, said)]
    provider = provider_at(server, dialect)
    assert client.converse(provider, FORMED).text == "fine"
    assert client.converse(provider, FORMED).text == "fine"
    assert [form_of(request.body) is not None for request in server.asked] == [True, False, False]
    client.converse(replace(provider, model="another"), FORMED)
    assert form_of(server.asked[-1].body) is not None


def test_a_form_is_left_out_once(server: Speaker, client: Client) -> None:
    server.otherwise = fails(400, b"the grammar of this schema is wrong")
    with pytest.raises(FailedError, match=r"refuses the request \(400\)"):
        client.converse(provider_at(server), FORMED)
    assert len(server.asked) == 2


def test_a_refusal_for_another_reason_keeps_the_form(server: Speaker, client: Client) -> None:
    server.script = [fails(500, b"x" * 200_000), fails(429, b"too many schemas")]
    assert client.converse(provider_at(server), FORMED).text == "fine"
    assert all(form_of(request.body) for request in server.asked)
    server.script = [fails(422, b"no such model")]
    with pytest.raises(FailedError, match="422"):
        client.converse(provider_at(server), FORMED)


@BOTH
def test_models_that_see_get_pictures(dialect: str, server: Speaker, client: Client) -> None:
    client.converse(provider_at(server, dialect), Prompt("s", "t", (Image("image/jpeg", b"\xff\xd8"),)))
    picture, text = server.asked[0].body["messages"][-1]["content"]
    assert text == {"type": "text", "text": "t"}
    data = base64.b64encode(b"\xff\xd8").decode()
    assert data in json.dumps(picture)
    assert picture["type"] == ("image" if dialect == "anthropic" else "image_url")


@pytest.mark.parametrize(
    "state", ["silent", "talking", "waiting to try again", "waiting for its turn", "done"]
)
def test_whoever_cancels_is_obeyed_at_once(state: str, server: Speaker, client: Client) -> None:
    provider = provider_at(server, RPM="1")
    began = threading.Event()
    if state == "waiting to try again":
        server.otherwise = fails(429, retry_after="15")
    elif state == "waiting for its turn":
        client.bucket(provider).take()
    else:
        server.otherwise = hangs(*(["word"] if state == "talking" else []))
    cancel = Cancel()
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            client.converse(provider, PROMPT, on_text=lambda _: began.set(), cancel=cancel)
        except StoppedError as error:
            caught.append(error)

    if state == "done":
        cancel.cancel()
        ask()
        assert caught
        return
    thread = threading.Thread(target=ask)
    thread.start()
    if state == "talking":
        assert began.wait(20)
    elif state != "waiting for its turn":
        deadline = time.monotonic() + 20
        while not server.asked and time.monotonic() < deadline:
            threading.Event().wait(0.01)
    cancel.cancel()
    # Far less than any of the waits; how much is measured in the benchmarks.
    thread.join(14)
    assert caught
    assert not thread.is_alive()


def test_an_interrupted_caller_leaves_no_call_behind(server: Speaker, client: Client) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    server.otherwise = hangs("word")
    with pytest.raises(KeyboardInterrupt):
        client.converse(provider_at(server), PROMPT, on_text=interrupt)
    deadline = time.monotonic() + 20
    while any(thread.name == "mnemo-model" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_nobody_there(servers: Servers, client: Client) -> None:
    server = servers.start()
    provider = provider_at(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(FailedError, match=f"cannot connect to 127.0.0.1:{server.server_port}"):
        client.converse(provider, PROMPT)
    servers.started.clear()


def test_the_bucket_by_a_clock() -> None:
    now = 1000.0
    bucket = TokenBucket(6, clock=lambda: now)
    assert [bucket.take() for _ in range(6)] == [0] * 6
    assert [bucket.take() for _ in range(2)] == [10, 20]
    now += 10
    assert bucket.take() == pytest.approx(20)
    now += 1000
    assert [bucket.take() for _ in range(7)] == [0] * 6 + [10]


def test_backoff_grows_within_bounds() -> None:
    assert [backoff(attempt, lambda low, high: high) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 20, 20]
    assert backoff(3, lambda low, high: low) == 0


def test_retry_after_in_both_forms() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after(" 7 ", 0) == 7
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert retry_after(later, now.timestamp()) == 90
    assert retry_after(later, now.timestamp() + 500) == 0
    assert retry_after("soon", 0) is None
    assert retry_after("", 0) is None
