"""Set a provider up: its variables go into the ``.env`` of the user's config folder, all else there stays."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from ..settings import config_dir, replace_file, save
from .env import Origin, Value
from .errors import ProviderError
from .providers import KNOWN, read_setup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .providers import Provider

__all__ = ["described", "set_up"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=~-]*")


def described(name: str, model: str, url: str = "", key: str = "") -> tuple[Provider, dict[str, str]]:
    """The provider that these words describe, and the variables that would make it.

    Raises:
        ProviderError: they describe none; the message says what is wanted.
    """
    name = re.sub(r"[^A-Z0-9]+", "_", name.strip().upper()).strip("_")
    if not name:
        raise ProviderError("give it a name: one that is known, or your own with its URL")
    if not model.strip():
        raise ProviderError("name the model, as the provider calls it")
    if not url.strip() and name not in KNOWN:
        raise ProviderError(f"{name} is not a known name: give its URL")
    variables = {f"{name}_MODEL": model.strip()}
    if url.strip():
        variables[f"{name}_URL"] = url.strip()
    if key.strip():
        variables[f"{name}_API_KEY"] = key.strip()
    values = {each: Value(text, Origin.CONFIG, "what you typed") for each, text in variables.items()}
    provider = read_setup(values).providers.get(name)
    if provider is None:
        raise ProviderError(f"{name} needs more than that: give its URL")
    return provider, variables


def set_up(variables: Mapping[str, str], name: str) -> Path:
    """Write the variables and choose the provider of that ``name``; gives the file they are in.

    Raises:
        OSError: it cannot be written; the old one stands.
        ProviderError: the file there is no text.
        SettingsError: the user's config cannot be written to.
    """
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only who sets a model up pays for it

    file = config_dir() / ".env"
    try:
        text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
    except UnicodeDecodeError:
        raise ProviderError(f"{file}: it is not UTF-8 text") from None
    kept = "".join(
        each.original.string for each in parse_stream(io.StringIO(text)) if each.key not in variables
    )
    if kept and not kept.endswith("\n"):
        kept += "\n"
    kept += "".join(f"{each}={_quoted(value)}\n" for each, value in variables.items())
    replace_file(file, kept.encode())
    save("mind.provider", name)
    return file


def _quoted(text: str) -> str:
    """A value as ``.env`` files hold it; nothing in it is expanded."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
