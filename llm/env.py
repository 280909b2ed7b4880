"""The variables that name models, from ``.env`` files and the environment, each with its origin.

A value's origin decides how far it is trusted: nothing of a project's ``.env`` is expanded, and its
keys do not take the place of the user's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

from ..settings import config_dir
from .errors import ProviderError

__all__ = ["Origin", "Value", "Values", "find_key", "own_value", "read_values"]

_MAX_FILE: Final = 1 << 20


class Origin(IntEnum):
    """Where a value stands, the least trusted first."""

    PROJECT = 0
    """The ``.env`` of the working directory or a parent."""
    CONFIG = 1
    """The ``.env`` or the settings of the user's config folder."""
    NAMED = 2
    """A file that ``--env-file`` names."""
    ENVIRONMENT = 3
    """A real environment variable."""


class Value(NamedTuple):
    """A variable's text, and where it stands."""

    text: str
    origin: Origin
    where: str

    def __repr__(self) -> str:  # the text may be a key
        return f"Value(origin={self.origin.name}, where={self.where!r})"


Values = Mapping[str, Value]


def read_values(
    env_file: Path | None = None, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> dict[str, Value]:
    """The variables that count, the nearest last: config folder, project, or one named file; environment.

    Raises:
        ProviderError: a file cannot be read; one that a project has is passed over.
    """
    values: dict[str, Value] = {}
    if env_file is not None:
        values |= _from_file(env_file.expanduser(), Origin.NAMED)
    else:
        own = config_dir() / ".env"
        if own.exists():
            values |= _from_file(own, Origin.CONFIG)
        project = _find(folder or Path.cwd())
        if project is not None and not (own.exists() and project.samefile(own)):
            with suppress(ProviderError):  # a project's file is not ours to complain about
                values |= _without_others_keys(_from_file(project, Origin.PROJECT), values)
    for name, text in (os.environ if environment is None else environment).items():
        values[name] = Value(text, Origin.ENVIRONMENT, "the environment")
    return values


def _without_others_keys(found: dict[str, Value], own: Values) -> dict[str, Value]:
    """A project's key does not take the place of the user's own, save for an address of the project's.

    Whoever owns a key may be shown what was sent with it.
    """
    names = {name: name.removesuffix("_API_KEY").removesuffix("_KEY") for name in found}
    return {
        name: value
        for name, value in found.items()
        if not name.endswith("_KEY") or f"{names[name]}_URL" in found or find_key(names[name], own) is None
    }


def _find(folder: Path) -> Path | None:
    for each in (folder, *folder.parents):
        file = each / ".env"
        try:
            if file.is_file():
                return file
        except OSError:
            continue
    return None


def _from_file(file: Path, origin: Origin) -> dict[str, Value]:
    import io  # noqa: PLC0415

    from dotenv import dotenv_values  # noqa: PLC0415 - only who has such a file pays for it
    from dotenv.parser import parse_stream  # noqa: PLC0415

    try:
        if not file.is_file():
            raise ProviderError(f"{file}: there is no such file")
        with file.open("rb") as stream:
            data = stream.read(_MAX_FILE + 1)
        if len(data) > _MAX_FILE:
            raise ProviderError(f"{file}: it is too large for an .env file")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ProviderError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProviderError(f"{file}: it is not UTF-8 text") from None
    bindings = list(parse_stream(io.StringIO(text)))
    wrong = [binding.original.line for binding in bindings if binding.error]
    if wrong and origin is not Origin.PROJECT:
        raise ProviderError(f"{file}: line {wrong[0]} is no NAME=value")
    if origin is Origin.PROJECT:
        # Nothing is expanded: ${OPENAI_API_KEY} in a stranger's URL must stay what it is.
        found = {each.key: each.value for each in bindings if each.key and not each.error}
    else:
        found = dotenv_values(stream=io.StringIO(text))
    return {name: Value(value, origin, str(file)) for name, value in found.items() if value}


def find_key(name: str, values: Values) -> tuple[str, Value] | None:
    """The variable that holds a provider's key, with its value; None where there is none."""
    for variable in (f"{name}_API_KEY", f"{name}_KEY"):
        value = values.get(variable)
        if value is not None and value.text.strip():
            return variable, value
    return None


def own_value(name: str) -> Value | None:
    """A variable as the user's own config folder has it, whatever a project says.

    Raises:
        ProviderError: the file there cannot be read.
    """
    own = config_dir() / ".env"
    return _from_file(own, Origin.CONFIG).get(name) if own.exists() else None
