"""Answers without a model: plain sentences made of what is counted, in English or Italian.

``reflect``, ``introspect``, ``dream`` and, to a question, ``answer_from`` give whole answers; with a model
they are what it starts from. ``arc_words`` gives a reflection's sentence for the arc alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from secrets import randbelow
from typing import TYPE_CHECKING, Final

from ..storage.affect import (
    Day,
    Shift,
    affect_of,
    by_day,
    day_streaks,
    distribution,
    feeling_streaks,
    mean_affect,
    segments,
    shifts,
    transitions,
)
from ..storage.feelings import Feeling
from ..storage.memory import Memory
from .answers import Answer, Confidence, Connection, Dream, Portrait, Reflection
from .gather import Found, Shared, sample
from .phrases import Phrases, phrases, short

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB
    from ..storage.views import Columns

__all__ = ["answer_from", "arc_words", "dream", "introspect", "reflect"]

_SHOWN: Final = 3
_SAME: Final = 0.1
_RECENT: Final = timedelta(days=91)
_CONCEPTS: Final = 12
_ENOUGH: Final = 5
_STREAK: Final = 3
_SEEDS: Final = 1 << 31


# -- reflect --------------------------------------------------------------------------------------


def reflect(
    db: MemoryDB, concept: str | None, *, language: str = "en", columns: Columns | None = None
) -> Reflection:
    """Tell the way of a concept through time, or of the whole journal where it is None.

    The first and last memories, the lowest and the highest are named. ``columns`` are the memories to go
    by where they are known already.
    """
    start = time.perf_counter()
    say = phrases(language)
    name = concept or ""
    found = columns if columns is not None else db.columns(concept)
    count = len(found.times)
    if not count:
        return Reflection(
            say.say("reflect.nothing", concept=name or "-"),
            concept=name,
            confidence_note=say.say("ask.none"),
            seconds=time.perf_counter() - start,
        )
    days = by_day(found.times, found.feelings, found.names)
    turns = shifts(days)
    lines = [
        say.say(
            "reflect.span",
            concept=name,
            memories=say.memories(count),
            first=say.day(days[0].day),
            last=say.day(days[-1].day),
        ).removeprefix(": ")
    ]
    lines.append(say.say("reflect.mostly", feelings=say.counted(distribution(days))))
    lines += _turns(say, days, turns)
    streak, times = next(iter(feeling_streaks(found.feelings, found.names).items()))
    if times >= _STREAK:
        lines.append(say.say("reflect.streak", feeling=say.feeling(streak), n=times))
    told = _landmarks(db, found)
    lines += [
        say.say(
            f"reflect.{kind}",
            day=say.day(memory.local_time.date()),
            feeling=say.feeling(memory.feeling),
            quote=short(memory),
            id=memory.memory_id[:8],
        )
        for kind, memory in told.items()
    ]
    used = sorted({memory.memory_id: memory for memory in told.values()}.values(), key=lambda m: m.time)
    confidence = Confidence.HIGH if count >= _ENOUGH else Confidence.MEDIUM
    return Reflection(
        "\n".join(lines),
        tuple(used),
        frozenset(memory.memory_id for memory in used),
        confidence,
        say.say(f"ask.{confidence}"),
        seconds=time.perf_counter() - start,
        concept=name,
        arc=arc_words(days, turns, language),
    )


def arc_words(days: Sequence[Day], turns: Sequence[Shift], language: str) -> str:
    """From what to what, in a few words: the feelings before the first turn, between, and after the last.

    Without a turn it is the first and the last third of the memories that are set side by side.
    """
    say = phrases(language)
    if not days:
        return ""
    if turns:
        stretches = segments(days, turns)
        before, after = stretches[0].feelings, stretches[-1].feelings
    else:
        before, after = _thirds(days)
    one, other = say.named(before, 1), say.named(after, 1)
    if len(turns) > 1:
        between: Counter[Feeling | str] = Counter()
        for stretch in segments(days, turns)[1:-1]:
            between.update(stretch.feelings)
        middle = say.feeling(between.most_common(1)[0][0])
        if middle not in (one, other):
            return say.say("reflect.arc_return", before=one, between=middle, after=other)
    if one != other:
        return say.say("reflect.arc", before=one, after=other)
    if len(before) > 1 and len(after) > 1 and say.named(before) != say.named(after):
        return say.say("reflect.arc", before=say.named(before), after=say.named(after))
    return say.say("reflect.arc_same", feeling=one)


def _thirds(days: Sequence[Day]) -> tuple[dict[Feeling | str, int], dict[Feeling | str, int]]:
    """The feelings of the first and of the last third of the memories, by whole days."""
    third = max(1, sum(day.size for day in days) // 3)

    def filled(these: Iterable[Day]) -> dict[Feeling | str, int]:
        chosen: list[Day] = []
        size = 0
        for day in these:
            chosen.append(day)
            size += day.size
            if size >= third:
                break
        return distribution(chosen)

    return filled(days), filled(reversed(days))


def _turns(say: Phrases, days: Sequence[Day], turns: Sequence[Shift]) -> list[str]:
    if turns:
        first, *others = segments(days, turns)
        lines = [say.say("reflect.begin", feelings=say.named(first.feelings))]
        for turn, stretch in zip(turns, others, strict=True):
            kind = "lighter" if turn.after > turn.before else "heavier"
            lines.append(
                say.say(f"reflect.{kind}", day=say.day(turn.day), feelings=say.named(stretch.feelings))
            )
        return lines
    if sum(day.size for day in days) < _ENOUGH:
        return []
    before, after = (mean_affect(part) for part in _thirds(days))
    change = after.valence - before.valence if before and after else 0.0
    kind = "steady" if abs(change) < 2 * _SAME else "rising" if change > 0 else "falling"
    return [say.say(f"reflect.{kind}")]


def _landmarks(db: MemoryDB, columns: Columns) -> dict[str, Memory]:
    """The lowest and the highest memory, the latest of each where several are, and the last one."""
    valence = [place.valence if (place := affect_of(name)) else None for name in columns.names]
    present = sorted({number for number in set(columns.feelings) if valence[number] is not None},
                     key=lambda number: valence[number] or 0.0)  # fmt: skip
    chosen: dict[str, int] = {}
    if len(present) > 1:
        numbers = list(columns.feelings)
        for kind, number in (("lowest", present[0]), ("highest", present[-1])):
            chosen[kind] = len(numbers) - 1 - numbers[::-1].index(number)
    chosen["last"] = len(columns.times) - 1
    return {kind: db.read(columns.refs[place]) for kind, place in chosen.items()}


# -- ask ------------------------------------------------------------------------------------------


def answer_from(found: Found, *, kin: Sequence[str], empty: bool, language: str, start: float) -> Answer:
    """What was found for a question in words: what it is about, how it feels, and each memory's beginning.

    ``kin`` are the concepts or words that came near where nothing has the question's own; ``empty`` is
    whether the journal has no memory at all, ``start`` when the question came, by ``time.perf_counter``.
    """
    say = phrases(language)
    note = say.say(f"ask.{found.confidence}")
    if not found.memories:
        text = say.say("ask.empty" if empty else "ask.nothing")
        return Answer(text, confidence_note=note, seconds=time.perf_counter() - start)
    memories = found.memories
    lines = []
    if len(memories) == 1:
        lines.append(say.say("ask.one"))
    else:
        times = sorted(memory.local_time.date() for memory in memories)
        lines.append(
            say.say(
                "ask.about",
                memories=say.memories(len(memories)),
                first=say.day(times[0]),
                last=say.day(times[-1]),
                feelings=say.counted(_most(memory.feeling for memory in memories)),
            )
        )
        lines.append(
            say.say("ask.concepts", concepts=say.join(islice(_most(m.concept for m in memories), _SHOWN)))
        )
    if not found.direct and kin:
        lines.append(say.say("ask.by_kin", words=say.join(kin[:_SHOWN])))
    lines += [
        "- "
        + say.say(
            "ask.line",
            day=say.day(memory.local_time.date()),
            concept=memory.concept,
            feeling=say.feeling(memory.feeling),
            quote=short(memory),
            id=memory.memory_id[:8],
        )
        for memory in memories
    ]
    return Answer(
        "\n".join(lines),
        memories,
        frozenset(memory.memory_id for memory in memories),
        found.confidence,
        note,
        seconds=time.perf_counter() - start,
    )


def _most(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


# -- dream ----------------------------------------------------------------------------------------


def dream(db: MemoryDB, n: int = 5, *, seed: int | None = None, language: str = "en") -> Dream:
    """Draw memories far apart in feeling and time, and say what each shares with its nearest."""
    start = time.perf_counter()
    say = phrases(language)
    chosen_seed = randbelow(_SEEDS) if seed is None else seed
    memories, links = sample(db, n, chosen_seed)
    if len(memories) < 2:
        text = say.say("dream.nothing")
        return Dream(text, seed=chosen_seed, seconds=time.perf_counter() - start)
    connections = tuple(_link(say, memories[one], memories[other], what) for one, other, what in links)
    lines = [say.say("dream.intro", memories=say.memories(len(memories)))]
    lines += [f"- {link.text}" for link in connections]
    return Dream(
        "\n".join(lines),
        memories,
        frozenset(memory.memory_id for memory in memories),
        Confidence.LOW,
        say.say("ask.low"),
        seconds=time.perf_counter() - start,
        connections=connections,
        seed=chosen_seed,
    )


def _link(say: Phrases, one: Memory, other: Memory, found: Shared) -> Connection:
    text = say.say(
        f"dream.{found.kind or 'place'}",
        one=_named(say, one),
        other=_named(say, other),
        words=say.join(found.what),
    )
    return Connection((one.memory_id, other.memory_id), text)


def _named(say: Phrases, memory: Memory) -> str:
    return say.say(
        "dream.memory",
        concept=memory.concept,
        day=say.day(memory.local_time.date()),
        feeling=say.feeling(memory.feeling),
        id=memory.memory_id[:8],
    )


# -- introspect -----------------------------------------------------------------------------------


def introspect(db: MemoryDB, *, language: str = "en") -> Portrait:
    """Draw who writes, from counts alone: what prevails, what comes again, what pulls and what helps."""
    start = time.perf_counter()
    say = phrases(language)
    columns = db.columns()
    count = len(columns.times)
    if not count:
        return Portrait(say.say("introspect.nothing"), seconds=time.perf_counter() - start)
    days = by_day(columns.times, columns.feelings, columns.names)
    feelings = distribution(days)
    concepts = dict(islice(db.concepts().items(), _CONCEPTS))
    by_concept = {name: db.feeling_distribution(name) for name in concepts}
    lines = [
        say.say(
            "introspect.span",
            memories=say.memories(count),
            first=say.day(days[0].day),
            last=say.day(days[-1].day),
            days=len(days),
        ),
        say.say("introspect.mostly", feelings=say.counted(feelings)),
        say.say(
            "introspect.concepts",
            concepts=say.counted(concepts),
        ),
    ]
    trend = _trend(days)
    if trend:
        lines.append(say.say(f"introspect.{trend}"))
    patterns = _patterns(say, columns, days)
    tensions = tuple(
        say.say("introspect.tension", concept=name, one=say.feeling(one), other=say.feeling(other))
        for name, one, other in _tensions(by_concept)
    )
    resources = tuple(
        say.say("introspect.resource", concept=name, feelings=say.named(by_concept[name]))
        for name in _resources(by_concept)
    )
    lines += [*patterns, *tensions, *resources]
    latest = db.read_many(columns.refs[-_ENOUGH:])
    confidence = Confidence.HIGH if count >= 10 * _ENOUGH else Confidence.LOW
    return Portrait(
        "\n".join(lines),
        tuple(reversed(latest)),
        frozenset(),
        confidence,
        say.say(f"ask.{confidence}"),
        seconds=time.perf_counter() - start,
        dominant_concepts=concepts,
        emotional_map={str(feeling): n for feeling, n in feelings.items()},
        patterns=patterns,
        tensions=tensions,
        resources=resources,
    )


def _trend(days: Sequence[Day]) -> str:
    """Whether the last three months are lighter or heavier than all before; empty if unknown."""
    edge = days[-1].day - _RECENT if days[-1].day.toordinal() > _RECENT.days else date.min
    recent = mean_affect(distribution(day for day in days if day.day > edge))
    before = mean_affect(distribution(day for day in days if day.day <= edge))
    if recent is None or before is None:
        return ""
    change = recent.valence - before.valence
    return "same" if abs(change) < _SAME else "lighter" if change > 0 else "heavier"


def _patterns(say: Phrases, columns: Columns, days: Sequence[Day]) -> tuple[str, ...]:
    found = []
    weekdays = Counter[int]()
    for day in days:
        weekdays[day.day.weekday()] += day.size
    weekday, size = weekdays.most_common(1)[0]
    if size >= 1.5 * weekdays.total() / 7 and weekdays.total() >= 20:
        found.append(say.say("introspect.pattern_weekday", weekday=say.weekday(weekday)))
    for (one, other), n in transitions(columns.feelings, columns.names).items():
        if one != other and n >= _STREAK:
            found.append(say.say("introspect.pattern_follow", one=say.feeling(one), other=say.feeling(other)))
            break
    feeling, times = next(iter(feeling_streaks(columns.feelings, columns.names).items()))
    if times >= _STREAK:
        found.append(say.say("introspect.pattern_streak", feeling=say.feeling(feeling), n=times))
    longest, _ = day_streaks(days, days[-1].day)
    if longest >= _STREAK:
        found.append(say.say("introspect.pattern_days", n=longest))
    found += [
        say.say(
            f"introspect.pattern_shift_{'up' if turn.after > turn.before else 'down'}", day=say.day(turn.day)
        )
        for turn in shifts(days)[-_SHOWN:]
    ]
    return tuple(found)


def _tensions(by_concept: Mapping[str, Mapping[str, int]]) -> list[tuple[str, str, str]]:
    """Concepts whose memories are divided between pleasant and unpleasant feelings, most divided first."""
    found = []
    for name, feelings in by_concept.items():
        sides: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        for feeling, n in feelings.items():
            place = affect_of(feeling)
            if place is not None:
                sides[place.valence > 0][feeling] += n
        low, high = (side.total() for side in sides)
        if low + high >= _ENOUGH and min(low, high) >= (low + high) / 3:
            found.append(
                (
                    min(low, high) / (low + high),
                    name,
                    sides[0].most_common(1)[0][0],
                    sides[1].most_common(1)[0][0],
                )
            )
    found.sort(key=lambda item: -item[0])
    return [(name, one, other) for _, name, one, other in found[:_SHOWN]]


def _resources(by_concept: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Concepts with enough memories that are pleasant on the whole, the most pleasant first."""
    found = []
    for name, feelings in by_concept.items():
        place = mean_affect({Feeling(f) if f in tuple(Feeling) else f: n for f, n in feelings.items()})
        if place is not None and place.valence > 0.25 and sum(feelings.values()) >= _ENOUGH:
            found.append((place.valence, name))
    return [name for _, name in sorted(found, key=lambda item: -item[0])[:_SHOWN]]
