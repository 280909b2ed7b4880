"""What models reply, made sense of: thoughts left out, citations checked, JSON repaired where it is clear.

Nothing here trusts a reply: whatever it names has to be among what was given.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..storage.errors import InvalidMemoryError
from ..storage.feelings import Feeling, fold, kin_of
from .affect_words import cues
from .answers import Connection
from .quoting import Labels
from .words import guess_language
from .words import tokens as words_of

__all__ = [
    "Proposal",
    "Reading",
    "arc_sentence",
    "connections",
    "json_object",
    "known_names",
    "proposal",
    "section",
    "spoken",
    "words",
]

_THOUGHTS: Final = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad")
_OPENING: Final = re.compile(rf"<({'|'.join(_THOUGHTS)})\b[^<>]*>", re.IGNORECASE | re.ASCII)
_LONGEST_TAG: Final = 40
_LONGEST_CITATION: Final = 240
_CITED: Final = re.compile(r"[0-9A-Za-z_-]{2,64}")
# What a model makes up for an id looks like one: hexadecimal with a digit, or one of our own numbers.
_LIKE_AN_ID: Final = re.compile(r"(?=[^\W_]*\d)[0-9a-f]{6,}[0-9a-f-]*|[0-9a-f]{8}|m\d{4}", re.IGNORECASE)
_MARK: Final = re.compile(r" *(?:[<\[]|\Z)")


class Reading:
    """Reads an answer as it comes: gives what may be shown, and knows what was cited.

    Thoughts between tags are left out; of citations in square brackets, ids that were not given are.
    """

    def __init__(self, labels: Labels, show: Callable[[str], None] | None = None) -> None:
        self._labels = labels
        self._show = show
        self._rest = ""
        self._closing: str | None = None
        self._said: list[str] = []
        self.cited: dict[str, None] = {}
        """Labels, in the order of their first citation."""
        self.invented = 0
        """How many ids were left out."""

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(self._said).strip()

    def feed(self, text: str) -> None:
        """Read more."""
        self._rest += text
        while self._step(ended=False):
            pass

    def close(self) -> str:
        """Read what was held back; gives the whole text."""
        while self._step(ended=True):
            pass
        return self.text

    def _step(self, *, ended: bool) -> bool:
        """Read up to the next mark; whether there may be more to read."""
        rest = self._rest
        if self._closing is not None:
            # By expression: lower case may be longer (İ), and its places others.
            closed = re.search(re.escape(self._closing), rest, re.IGNORECASE | re.ASCII)
            if closed is None:
                # Thoughts that never end are thoughts; the tag itself may be cut.
                self._rest = "" if ended else rest[-len(self._closing) :]
                return False
            self._rest = rest[closed.end() :]
            self._closing = None
            return True
        # Spaces wait for what follows them: an id that is left out takes its own along.
        found = _MARK.search(rest)
        at = found.start() if found else len(rest)
        if at:
            self._say(rest[:at])
            self._rest = rest[at:]
            return bool(self._rest)
        piece = rest.lstrip(" ")
        if not piece:
            if ended:
                self._say(rest)
                self._rest = ""
            return False
        spaces = rest[: len(rest) - len(piece)]
        mark, longest = ("]", _LONGEST_CITATION) if piece[0] == "[" else (">", _LONGEST_TAG)
        end = piece.find(mark, 1, longest)
        if end < 0:
            if len(piece) < longest and not ended:
                return False
            end = 0
        piece, self._rest = piece[: end + 1], piece[end + 1 :]
        opening = _OPENING.fullmatch(piece)
        if opening:
            self._closing = f"</{opening[1].lower()}>"
        shown = "" if opening else self._citation(piece) if piece[0] == "[" else piece
        if shown:
            self._say(spaces + shown)
        return bool(self._rest)

    def _citation(self, piece: str) -> str:
        """What stands in brackets, without the ids that were not given; as it is where none is meant."""
        names = _CITED.findall(piece)
        found = dict.fromkeys(label for name in names if (label := self._labels.find(name)))
        invented = [name for name in names if _LIKE_AN_ID.fullmatch(name) and not self._labels.find(name)]
        self.cited |= found
        self.invented += len(invented)
        if not found and not invented:
            return piece
        return " ".join(f"[{label}]" for label in found)

    def _say(self, text: str) -> None:
        if not self._said:
            text = text.lstrip()
        if text:
            self._said.append(text)
            if self._show is not None:
                self._show(text)


def spoken(text: str) -> str:
    """A reply without its thoughts; where only their end is marked, what comes after it."""
    reading = Reading(Labels(()))
    reading.feed(text.replace("[", "\0"))
    said = reading.close().replace("\0", "[")
    for name in _THOUGHTS:
        said = said.rpartition(f"</{name}>")[2]
    return said.strip()


# -- JSON ---------------------------------------------------------------------------------------


def json_object(reply: str) -> dict[str, Any] | None:
    """The JSON object in a reply: bare, fenced, between words, or nearly JSON; None where there is none."""
    text = spoken(reply)
    for candidate in _candidates(text):
        found = _parsed(candidate)
        if found:
            return {fold(str(key)).strip(): value for key, value in found.items()}
    return None


def _candidates(text: str) -> Iterator[str]:
    yield from re.findall(r"```[a-zA-Z]*\s*\n?(.*?)```", text, re.DOTALL)
    begin = text.find("{")
    if begin >= 0:
        end = text.rfind("}")
        if end > begin:
            yield text[begin : end + 1]
            yield text[begin : text.find("}", begin) + 1]
        # One that was cut: closed where it stands.
        rest = text[begin:].rstrip().rstrip(",")
        yield from (rest + closing for closing in ('"}', "}", '"]}', "]}"))


def _parsed(text: str) -> dict[str, Any] | None:
    text = text.strip()
    plain = text.translate(str.maketrans("“”„‘’", '"""\'\''))
    for attempt in (text, re.sub(r",\s*([}\]])", r"\1", text), re.sub(r",\s*([}\]])", r"\1", plain)):
        try:
            found = json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    if len(text) > 20_000 or not text.startswith("{"):
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
    return found if isinstance(found, dict) else None


# -- perceiving ---------------------------------------------------------------------------------

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "concept": ("concept", "concetto", "theme", "topic", "tema"),
    "feeling": ("feeling", "sentimento", "emotion", "emozione", "mood"),
    "tags": ("tags", "tag", "etichette", "keywords"),
    "note": ("note", "nota", "context", "contesto"),
    "enriched": ("enriched", "reading", "lettura", "enriched_content", "interpretation"),
}
_UNSAID: Final = frozenset(("", "none", "null", "n/a", "unknown", "nessuno", "nessuna", "-"))


class Proposal(NamedTuple):
    """What a model made of a text, as far as it makes sense."""

    concept: str
    feeling: Feeling
    tags: tuple[str, ...]
    note: str
    enriched: str


def proposal(reply: str, concepts: Iterable[str]) -> Proposal | str:
    """Read a reply to ``perceive``; a text instead says, in English, what is wrong with it.

    ``concepts`` are the journal's own, which keep their spelling.
    """
    found = json_object(reply)
    if found is None:
        return "it was no JSON object"
    values = {name: next((found[key] for key in keys if key in found), None) for name, keys in _KEYS.items()}
    concept = _line(values["concept"], 60)
    if fold(concept) in _UNSAID:
        return "it had no concept"
    feeling = _feeling(values["feeling"])
    if feeling is None:
        return "its feeling is none of the list"
    own = {fold(name): name for name in reversed(list(concepts))}
    return Proposal(
        own.get(fold(concept), concept),
        feeling,
        _tags(values["tags"]),
        _said(_line(values["note"], 300)),
        _said(_prose(values["enriched"], 4000)),
    )


def _feeling(value: object) -> Feeling | None:
    """One of the fifteen: by its name, as the kin of a later one, or by what the word means."""
    for text in _strings(value):
        folded = fold(text).strip(" .!?\"'*_[]()")
        for attempt in (folded, folded.replace(" ", "_")):
            try:
                return Feeling.parse(attempt)
            except InvalidMemoryError:
                kin = kin_of(attempt)
                if kin is not None:
                    return kin
        parts = words_of(folded)
        weights: dict[Feeling, float] = {}
        if len(parts) <= 6:
            for cue in cues(parts, guess_language(parts)):
                for feeling, weight in cue.weights.items():
                    weights[feeling] = weights.get(feeling, 0.0) + weight
        best = max(weights, key=lambda each: weights[each], default=None)
        if best is not None and weights[best] > 0:
            return best
    return None


def _tags(value: object) -> tuple[str, ...]:
    texts = [part for text in _strings(value) for part in re.split(r"[,;\n]", text)]
    clean = (" ".join(text.split()).strip("#\"'[]() ").lower() for text in texts)
    return tuple(dict.fromkeys(tag for tag in clean if 0 < len(tag) <= 30 and tag not in _UNSAID))[:6]


def _strings(value: object) -> list[str]:
    """The texts in a value of any shape."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [each for each in value if isinstance(each, str)]
    if isinstance(value, dict):
        named = [each for key in ("name", "label", "value") if isinstance(each := value.get(key), str)]
        return named or [key for key in value if isinstance(key, str)]
    return []


def _line(value: object, limit: int) -> str:
    text = " ".join(next(iter(_strings(value)), "").split()).strip("\"'` ")
    return _clean(text)[:limit].rstrip()


def _prose(value: object, limit: int) -> str:
    return _clean("\n".join(_strings(value)).strip())[:limit].rstrip()


def _clean(text: str) -> str:
    """Without controls and halves of characters, which no memory should get from a model."""
    return "".join(char for char in text if char in "\n\t" or (char.isprintable()))


def _said(text: str) -> str:
    return "" if fold(text) in _UNSAID else text


# -- other replies ------------------------------------------------------------------------------


def known_names(value: object, names: Iterable[str], most: int) -> tuple[str, ...]:
    """Which of ``names`` a value lists, in its order."""
    own = {fold(name): name for name in names}
    listed = (own.get(fold(" ".join(text.split()))) for text in _strings(value))
    return tuple(dict.fromkeys(name for name in listed if name))[:most]


def words(value: object, most: int) -> tuple[str, ...]:
    """The single words that a value lists."""
    found = (word for text in _strings(value) for word in words_of(text) if word.isalnum() and len(word) > 2)
    return tuple(dict.fromkeys(found))[:most]


def section(text: str, *headings: str) -> tuple[str, ...]:
    """The lines with a dash under a heading, up to the next heading or paragraph of prose."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        bare = line.strip().strip("#*_ ")
        name = fold(bare.partition(":")[0]).strip("* ")
        if line.lstrip().startswith(("- ", "* ", "• ")) and not bare.endswith(":"):
            if inside:
                found.append(line.strip().lstrip("-*• ").strip())
        elif bare:
            inside = name in headings
    return tuple(each for each in found if each)


def arc_sentence(text: str) -> str:
    """What follows ``Arc:`` in the last line that begins so; empty where none does."""
    for line in reversed(text.splitlines()):
        name, colon, rest = line.strip().strip("*_# ").partition(":")
        if colon and name.strip("*_ ").lower() in ("arc", "arco"):
            return rest.strip(" *_\"'")
    return ""


def connections(text: str, labels: Labels) -> Iterator[Connection]:
    """The lines that cite two memories or more, each as what links them."""
    for line in text.splitlines():
        reading = Reading(labels)
        reading.feed(line)
        said = reading.close()
        if len(reading.cited) >= 2:
            ids = tuple(labels.memory_id(label) for label in reading.cited)
            yield Connection(ids, said.lstrip("-*• ").strip())
