"""What a question, a reflection or a dream rests on, found in the journal without a model.

A question is looked for by its own words (the query engine's journal), by the concepts that it names, by
what is kin to them (the words and concepts of the same topic: *money* reaches Debt), by the concepts that
occur where its words occur, and by the feelings that it names. Each way ranks memories; the rankings are
joined by reciprocal rank fusion (Cormack, Clarke and Büttcher 2009). A question about how something feels
trusts all ways alike; any other trusts its words most.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..storage.affect import affect_of
from ..storage.feelings import Feeling
from ..storage.memory import Memory
from .affect_words import cues
from .answers import Confidence
from .topics import Topic, topics_of, topics_of_name, words_of
from .words import guess_language, is_word, keywords, small_words, stem, tokens

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB

__all__ = ["Dreamt", "Found", "Question", "Shared", "find", "read_question", "sample"]

_K: Final = 10
_EACH: Final = 60
_MOST_CONCEPTS: Final = 2000
_NAMES_IT: Final = 2.5
_FEW: Final = 3
_BUDGET: Final = 20_000


class Question(NamedTuple):
    """What a question looks for.

    Attributes:
        words: Its own words that carry meaning, folded.
        concepts: The journal's concepts that it names.
        kin_concepts: Concepts of the same topics.
        kin_words: Words of the same topics.
        feelings: Feelings that it names.
        since, until: The year that it names, or None.
        wide: Whether it asks how something feels, not what happened.
    """

    words: tuple[str, ...]
    concepts: tuple[str, ...]
    kin_concepts: tuple[str, ...]
    kin_words: tuple[str, ...]
    feelings: tuple[Feeling, ...]
    since: datetime | None = None
    until: datetime | None = None
    wide: bool = False


class Found(NamedTuple):
    """Memories that bear on a question, best first, and how directly."""

    memories: tuple[Memory, ...]
    direct: bool
    """Whether some have its words or concepts, not only kin ones."""
    confidence: Confidence


def read_question(db: MemoryDB, text: str) -> Question:
    """Take a question apart, with the journal's own concepts."""
    words = tokens(text)
    frame = small_words("questions")
    about_feeling = small_words("feelings")
    named = {cue.at[0]: cue for cue in cues(words, guess_language(words)) if len(cue.at) == 1}
    feelings = {
        feeling
        for cue in named.values()
        for feeling, weight in cue.weights.items()
        if weight >= _NAMES_IT and weight == max(cue.weights.values())
    }
    own = [word for word in keywords(words) if word not in frame]
    topics = set(topics_of([word for word in words if word not in frame]))
    stems = {stem(word) for word in words if is_word(word)}
    concepts, kin = [], []
    for number, name in enumerate(db.concepts()):
        parts = {stem(word) for word in tokens(name) if is_word(word) and word not in small_words("en")}
        if parts and parts <= stems:
            concepts.append(name)
        elif number < _MOST_CONCEPTS and topics & topics_of_name(name):
            kin.append(name)
    year = re.search(r"\b(1[89]\d\d|20\d\d)\b", text)
    span: dict[str, Any] = {}
    if year:
        span = {
            "since": datetime(int(year[0]), 1, 1).astimezone(),
            "until": datetime(int(year[0]), 12, 31, 23, 59, 59, 999999).astimezone(),
        }
    return Question(
        tuple(dict.fromkeys(own)),
        tuple(concepts),
        tuple(kin),
        _kin_words(topics, own),
        tuple(sorted(feelings)),
        **span,
        wide=bool(feelings or about_feeling & set(words)),
    )


def _kin_words(topics: Iterable[Topic], own: Sequence[str]) -> tuple[str, ...]:
    words = [pattern for topic in sorted(topics) for pattern in words_of(topic) if " " not in pattern]
    return tuple(dict.fromkeys(word for word in words if word.rstrip("*") not in own))


def find(db: MemoryDB, question: Question, limit: int = 8) -> Found:
    """The memories that bear on a question, best first; none where there are none."""
    span: dict[str, Any] = {"since": question.since, "until": question.until}
    rankings: list[tuple[float, Sequence[Memory]]] = []

    def recall(weight: float, concepts: Sequence[str], feelings: Sequence[str]) -> Sequence[Memory]:
        if not concepts and not feelings:
            return ()
        found = db.recall(concepts or None, feelings=feelings or None, **span, limit=_EACH)
        rankings.append((weight, found))
        return found

    # A question about feelings is about a whole field; any other means some memory by its words.
    wide = question.wide or not question.words
    said = _said(db, question, span)
    rankings.append((1.0, said))
    about = recall(1.0 if wide else 0.2, question.concepts, ())
    kin_about = recall(0.9 if wide else 0.2, question.kin_concepts, ())
    if question.kin_words:
        query = " OR ".join(_term(word) for word in question.kin_words)
        rankings.append((0.4 if wide else 0.1, db.search(query, **span, limit=_EACH)))
    felt: Sequence[Memory] = ()
    if question.feelings:
        named = (*question.concepts, *question.kin_concepts)
        felt = (named and recall(3.0, named, question.feelings)) or recall(0.8, (), question.feelings)
    if wide and said and not about and not kin_about:
        concepts = Counter(memory.concept for memory in said)
        recall(0.3, [name for name, n in concepts.most_common(2) if n >= _FEW], ())
    scores: dict[str, float] = {}
    memories: dict[str, Memory] = {}
    for weight, ranking in rankings:
        for rank, memory in enumerate(ranking):
            memories.setdefault(memory.memory_id, memory)
            scores[memory.memory_id] = scores.get(memory.memory_id, 0.0) + weight / (_K + rank)
    best = sorted(memories.values(), key=lambda memory: -scores[memory.memory_id])[:limit]
    direct = len({memory.memory_id for ranking in (said, about, felt) for memory in ranking})
    if not best:
        confidence = Confidence.NONE
    elif direct >= _FEW:
        confidence = Confidence.HIGH
    elif direct or len(kin_about) >= _FEW:
        confidence = Confidence.MEDIUM
    else:
        confidence = Confidence.LOW
    return Found(tuple(best), bool(direct), confidence)


def _said(db: MemoryDB, question: Question, span: Mapping[str, Any]) -> Sequence[Memory]:
    """What the journal's query engine ranks by the question's own words."""
    if not question.words:
        return ()
    from ..retrieval.journal import query_journal  # noqa: PLC0415 -- most of the mind asks no question

    now = datetime.now().astimezone()
    text = " ".join(question.words)
    return [result.memory for result in query_journal(db, text, budget=_BUDGET, now=now, limit=_EACH, **span)]


def _term(word: str) -> str:
    if word.endswith("*"):
        return word
    begins = stem(word)
    return f"{begins}*" if len(begins) >= 4 else f'"{word}"'


# -- dreams ---------------------------------------------------------------------------------------

_POOL: Final = 64
_READ: Final = 400
_COMMON: Final = 0.02
_NEAR_DAYS: Final = 3


class Shared(NamedTuple):
    """What two memories share.

    The kind is ``words``, ``tags``, ``topic`` or ``season``, or empty for nothing.
    """

    kind: str
    what: tuple[str, ...]
    strength: float


_NOTHING: Final = Shared("", (), 0.0)


class Dreamt(NamedTuple):
    """Memories drawn for a dream, oldest first, and what each but the first shares with which earlier one."""

    memories: tuple[Memory, ...]
    links: tuple[tuple[int, int, Shared], ...]
    """Positions of two memories, and what they share."""


def sample(db: MemoryDB, n: int, seed: int) -> Dreamt:
    """Draw memories far apart in feeling and time, that yet share something.

    Of 64 drawn by chance, one begins and each next one is that whose nearest among those already there is
    farthest; a shared rare word or tag counts as distance. The same seed over the same
    journal draws the same.
    """
    random = Random(seed)  # noqa: S311 - for dreams, not for secrets
    columns = db.columns()
    count = len(columns.times)
    read = random.sample(range(count), min(count, _READ))
    places = sorted(read[:_POOL])
    pool = _Pool(
        db.read_many(columns.refs[place] for place in places),
        db.read_many(columns.refs[place] for place in read[_POOL:]),
    )
    if n < 1 or not places:
        return Dreamt((), ())
    first, last = columns.times[places[0]], columns.times[places[-1]]
    times = [(columns.times[place] - first) / max(last - first, 1) for place in places]
    spots = [_spot(memory, time) for memory, time in zip(pool.memories, times, strict=True)]

    def apart(one: int, other: int) -> float:
        return math.dist(spots[one], spots[other]) * (1 + min(1.0, pool.shared(one, other).strength))

    chosen = [random.randrange(len(places))]
    while len(chosen) < min(n, len(places)):
        left = [place for place in range(len(places)) if place not in chosen]
        chosen.append(max(left, key=lambda place: min(apart(place, other) for other in chosen)))
    chosen.sort()
    links = []
    for at, place in enumerate(chosen[1:], 1):
        found = [(pool.shared(earlier, place), before) for before, earlier in enumerate(chosen[:at])]
        best, before = max(found, key=lambda item: item[0].strength)
        links.append((before, at, best))
    return Dreamt(tuple(pool.memories[place] for place in chosen), tuple(links))


def _spot(memory: Memory, time: float) -> tuple[float, float, float]:
    place = affect_of(memory.feeling)
    return (time, place.valence, place.arousal) if place else (time, 0.0, 0.0)


class _Pool:
    """Memories with their words; which words are rare is told by them and by ``others``."""

    def __init__(self, memories: Sequence[Memory], others: Sequence[Memory]) -> None:
        self.memories = memories
        self._stems = [_stems(memory) for memory in memories]
        self._topics = [set(topics_of(tokens(memory.content))) for memory in memories]
        counts = Counter(each for stems in self._stems for each in stems)
        counts.update(each for memory in others for each in _stems(memory))
        most = max(2, _COMMON * (len(memories) + len(others)))
        self._rare = {each for each, n in counts.items() if n <= most}

    def shared(self, one: int, other: int) -> Shared:
        """What two of the memories share, the strongest kind."""
        ours, theirs = self._stems[one], self._stems[other]
        words = [ours[each] for each in ours if each in theirs and each in self._rare]
        if words:
            return Shared("words", tuple(words[:3]), 0.5 * len(words))
        first, second = self.memories[one], self.memories[other]
        tags = [tag for tag in first.tags if tag in second.tags]
        if tags:
            return Shared("tags", tuple(tags[:2]), 0.4)
        topics = self._topics[one] & self._topics[other]
        if topics:
            return Shared("topic", tuple(sorted(topic.english for topic in topics))[:2], 0.2)
        days = abs(first.local_time.timetuple().tm_yday - second.local_time.timetuple().tm_yday)
        return Shared("season", (), 0.1) if min(days, 365 - days) <= _NEAR_DAYS else _NOTHING


def _stems(memory: Memory) -> dict[str, str]:
    """Stems of a memory's words, each with the word as it stands there, folded."""
    return {stem(word): word for word in keywords(tokens(memory.content)) if len(word) > 3}
