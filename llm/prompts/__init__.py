"""What models are told, as files: ``<operation>.<language>.md``, the system's part above a line ``---``."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from string import Template

__all__ = ["LANGUAGES", "texts"]

LANGUAGES = ("en", "it")


@lru_cache(maxsize=32)
def _templates(name: str, language: str) -> tuple[Template, Template]:
    text = (resources.files(__package__) / f"{name}.{language}.md").read_text(encoding="utf-8")
    system, _, question = text.partition("\n---\n")
    return Template(system.strip()), Template(question.strip())


def texts(name: str, language: str, **values: str) -> tuple[str, str]:
    """The system's part and the question of an operation, filled in; a value is never filled in itself."""
    system, question = _templates(name, language)
    return system.substitute(values), question.substitute(values)
