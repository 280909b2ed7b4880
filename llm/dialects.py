"""The two dialects that models speak: what is asked, and what the pieces of an answer mean. Knows no network.

OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat) and Anthropic's messages
(https://docs.anthropic.com/en/api/messages-streaming), streamed as server-sent events
(https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from .providers import Provider

__all__ = [
    "FORM",
    "EventReader",
    "Form",
    "Image",
    "Piece",
    "Prompt",
    "UnreadableError",
    "headers",
    "listed",
    "payload",
    "piece",
    "text_of",
    "whole",
]

_ANTHROPIC_VERSION: Final = "2023-06-01"
_MAX_LINE: Final = 1 << 20
FORM: Final = ("response_format", "tools", "tool_choice")
"""The keys of a request that ask for a form."""


class Image(NamedTuple):
    """A picture: its MIME type and its bytes."""

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The JSON object that an answer should be: a name, and the JSON Schema of each key; all are required.

    Of JSON Schema only what every server knows should be in it: types, ``enum``, ``items``, ``maxLength`` and
    ``maxItems``.
    """

    name: str
    properties: Mapping[str, Mapping[str, Any]]

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema; closed, as strict servers want it."""
        return {
            "type": "object",
            "properties": self.properties,
            "required": list(self.properties),
            "additionalProperties": False,
        }


def text_of(length: int) -> dict[str, Any]:
    """The JSON Schema of a text of so many characters at most."""
    return {"type": "string", "maxLength": length}


def listed(items: int, length: int) -> dict[str, Any]:
    """The JSON Schema of a list of so many texts at most."""
    return {"type": "array", "items": text_of(length), "maxItems": items}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked: who it is, the question, and how long the answer may get (tokens).

    With a ``form`` the answer is to be a JSON object. Not every server keeps to it, so it is read with care.
    """

    system: str
    text: str
    images: tuple[Image, ...] = ()
    max_tokens: int = 1024
    form: Form | None = None


class Piece(NamedTuple):
    """What one event adds: text, whether it is a sign of life, how the answer ended, or what went wrong."""

    text: str = ""
    alive: bool = False
    """The model works: it writes, or it thinks aloud."""
    ended: str = ""
    error: str = ""


class UnreadableError(ValueError):
    """What came is no answer in the dialect."""


def headers(provider: Provider) -> dict[str, str]:
    """What goes with a request; the key among it."""
    shared = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
    if provider.dialect == "anthropic":
        shared["anthropic-version"] = _ANTHROPIC_VERSION
        if provider.key:
            shared["x-api-key"] = provider.key
    elif provider.key:
        shared["authorization"] = f"Bearer {provider.key}"
    return shared


def payload(provider: Provider, prompt: Prompt, temperature: float) -> dict[str, Any]:
    """The request's JSON."""
    native = provider.dialect == "anthropic"
    content: str | list[dict[str, Any]] = prompt.text
    if prompt.images:
        pictures = [_picture(image, native=native) for image in prompt.images]
        content = [*pictures, {"type": "text", "text": prompt.text}]
    question = {"role": "user", "content": content}
    shared = {"model": provider.model, "max_tokens": prompt.max_tokens, "stream": True}
    if native:
        return {
            **shared,
            "system": prompt.system,
            "messages": [question],
            "temperature": min(temperature, 1.0),
            **(_native_form(prompt.form) if prompt.form else {}),
        }
    messages = [{"role": "system", "content": prompt.system}, question]
    form = _compatible_form(prompt.form, bounded=provider.address.is_private) if prompt.form else {}
    return {**shared, "messages": messages, "temperature": temperature, **form}


def _native_form(form: Form) -> dict[str, Any]:
    """A tool that the model has to call: what it is called with is the answer.

    https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use
    """
    tool = {"name": form.name, "description": "Takes the answer.", "input_schema": form.schema}
    return {"tools": [tool], "tool_choice": {"type": "tool", "name": form.name}}


def _compatible_form(form: Form, *, bounded: bool) -> dict[str, Any]:
    """A schema to decode by (https://platform.openai.com/docs/guides/structured-outputs).

    The bounds keep a small model from going on in one text for ever, so servers nearby get them; those that
    are strict refuse a schema for them, and their models come to an end.
    """
    schema = form.schema if bounded else _unbounded(form.schema)
    named = {"name": form.name, "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _unbounded(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    return {key: _unbounded(value) for key, value in schema.items() if key not in ("maxLength", "maxItems")}


def _picture(image: Image, *, native: bool) -> dict[str, Any]:
    data = b64encode(image.data).decode()
    if native:
        return {"type": "image", "source": {"type": "base64", "media_type": image.mime, "data": data}}
    return {"type": "image_url", "image_url": {"url": f"data:{image.mime};base64,{data}"}}


class EventReader:
    """Cuts a stream of bytes into the data of its events, wherever the network cut it."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._first = True

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of each event that ``chunk`` completes.

        Raises:
            UnreadableError: a line has no end.
        """
        self._rest += chunk
        # A carriage return at the very end may be half of a line's end.
        keep = self._rest[-1:] == b"\r"
        body = bytes(self._rest[:-1] if keep else self._rest)
        *lines, rest = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = bytearray(rest + b"\r" if keep else rest)
        if len(self._rest) > _MAX_LINE:
            raise UnreadableError
        for line in lines:
            yield from self._line(line)

    def close(self) -> Iterator[str]:
        """What is left when the stream has ended: some servers leave out the last empty line."""
        yield from self._line(bytes(self._rest).rstrip(b"\r"))
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[str]:
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            if self._data:
                yield b"\n".join(self._data).decode(errors="replace")
                self._data = []
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))


def piece(provider: Provider, data: str) -> Piece:
    """What an event's data means.

    Raises:
        UnreadableError: it is no JSON object of the dialect.
    """
    if data.strip() == "[DONE]":
        return Piece(ended="stop")
    event = _object(data)
    if "error" in event and (event.get("type") in (None, "error") or event["error"]):
        return Piece(error=_kind(event["error"]))
    return _native_piece(event) if provider.dialect == "anthropic" else _compatible_piece(event)


def _native_piece(event: dict[str, Any]) -> Piece:
    kind = event.get("type")
    delta = event.get("delta")
    if kind == "content_block_delta" and isinstance(delta, dict):
        text = delta.get("partial_json" if delta.get("type") == "input_json_delta" else "text")
        return Piece(text if isinstance(text, str) else "", alive=True)
    if kind == "message_delta" and isinstance(delta, dict) and isinstance(delta.get("stop_reason"), str):
        return Piece(ended=delta["stop_reason"])
    return Piece(ended="stop") if kind == "message_stop" else Piece()


def _compatible_piece(event: dict[str, Any]) -> Piece:
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return Piece()  # usage, or a server's own
    delta = choice.get("delta") or choice.get("message") or {}
    if not isinstance(delta, dict):
        raise UnreadableError
    thoughts = any(
        isinstance(delta.get(name), str) and delta[name] for name in ("reasoning_content", "reasoning")
    )
    ended = choice.get("finish_reason")
    text = _text(delta.get("content"))
    return Piece(text, bool(text) or thoughts, ended if isinstance(ended, str) else "")


def whole(provider: Provider, data: bytes) -> tuple[str, str]:
    """The text of an answer that came in one piece, and how it ended.

    Raises:
        UnreadableError: it is no answer in the dialect.
    """
    event = _object(data.decode(errors="replace"))
    if event.get("error"):
        raise UnreadableError
    if provider.dialect == "anthropic":
        if not isinstance(event.get("content"), list):
            raise UnreadableError
        return _native_text(event["content"]), str(event.get("stop_reason") or "stop")
    if not isinstance(event.get("choices"), list) or not event["choices"]:
        raise UnreadableError
    found = _compatible_piece(event)
    return found.text, found.ended or "stop"


def _native_text(content: list[Any]) -> str:
    """What an answer says, or what it calls its tool with."""
    calls = [part for part in content if isinstance(part, dict) and part.get("type") == "tool_use"]
    return json.dumps(calls[0].get("input"), ensure_ascii=False) if calls else _text(content)


def _text(content: object) -> str:
    """A content that is text, or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(part for part in parts if isinstance(part, str))


def _object(data: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise UnreadableError from None
    if not isinstance(event, dict):
        raise UnreadableError
    return event


def _kind(error: object) -> str:
    kind = error.get("type") or error.get("code") if isinstance(error, dict) else ""
    return kind if isinstance(kind, str) and kind in _KINDS else "error"


_KINDS: Final = frozenset(
    ("overloaded_error", "rate_limit_error", "rate_limit_exceeded", "api_error", "server_error")
)
"""Kinds of errors in a stream that pass with time; nothing else that a server says is repeated."""
