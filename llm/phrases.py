"""The sentences that mnemo makes by itself, in the user's language; the texts are ``phrases/*.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import islice
from typing import Any, Final

from ..storage.feelings import Feeling
from ..storage.memory import Memory

__all__ = ["Phrases", "phrases", "short"]

_SHORT: Final = 110


class Phrases:
    """Templates of one language, and how it writes dates, feelings and lists."""

    def __init__(self, language: str, texts: Mapping[str, Any]) -> None:
        self.language = language
        self._texts = texts

    def say(self, name: str, **values: object) -> str:
        """Fill in ``section.name`` (or a name outside of sections)."""
        section, _, rest = name.rpartition(".")
        texts = self._texts[section] if section else self._texts
        text: str = texts[rest]
        return text.format(**values)

    def feeling(self, feeling: str) -> str:
        """A feeling's word."""
        if self.language == "it" and feeling in tuple(Feeling):
            return Feeling(feeling).italian
        return str(feeling)

    def day(self, day: date) -> str:
        """A date with its month's name."""
        return self.say("day", d=day.day, month=self._texts["months"][day.month - 1], year=day.year)

    def weekday(self, number: int) -> str:
        """A day of the week, 0 for Monday."""
        name: str = self._texts["weekdays"][number]
        return name

    def memories(self, n: int) -> str:
        """How many memories."""
        return self.say("one_memory") if n == 1 else self.say("memories", n=n)

    def join(self, parts: Iterable[str]) -> str:
        """A list in words: ``a, b and c``."""
        parts = list(parts)
        return self.say("and").join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

    def counted(self, counts: Mapping[Any, int]) -> str:
        """The first three feelings of a distribution with their counts, in words."""
        return self.join(
            self.say("counted", feeling=self.feeling(feeling), n=n)
            for feeling, n in islice(counts.items(), 3)
        )

    def named(self, counts: Mapping[Any, int], most: int = 2) -> str:
        """The first feelings of a distribution, in words."""
        return self.join(self.feeling(feeling) for feeling in islice(counts, most))


@lru_cache(maxsize=4)
def phrases(language: str) -> Phrases:
    """The sentences of a language; English where there are none."""
    chosen = language if language in ("en", "it") else "en"
    text = (resources.files(__package__) / "phrases" / f"{chosen}.toml").read_text(encoding="utf-8")
    return Phrases(chosen, tomllib.loads(text))


def short(memory: Memory) -> str:
    """The beginning of a memory's words on one line, 110 characters at most."""
    line = " ".join(memory.content[: 4 * _SHORT].split())
    if len(line) <= _SHORT:
        return line
    return line[:_SHORT].rsplit(" ", 1)[0].rstrip(".,;:") + "…"
