"""``Brain``: perceive, ask, reflect, dream and introspect over a journal, with any model or with none.

Each works in three steps: gather (what is computed, with the memories that it rests on), prompt (a model gets
those as quoted data), and read the answer. Without a model, and where none answers, what was computed is the
answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ..retrieval.tokens import count_tokens
from . import computed
from .answers import LOCAL, Answer, Confidence, Dream, Perception, Portrait, Reflection
from .dialects import Form, Prompt, listed
from .errors import NoModelError
from .gather import Found, Question, find, read_question
from .history import summarised
from .local import Perceiver
from .pacing import Cancel
from .perceiving import perceived
from .phrases import phrases
from .pictures import read_picture
from .prompts import LANGUAGES, texts
from .quoting import (
    MOST_NAMES,
    Labels,
    answer_tokens,
    cut,
    fitting,
    mark,
    prompt_room,
    quoted,
    quoted_names,
)
from .reading import Reading, arc_sentence, connections, json_object, known_names, section, words
from .words import guess_language
from .words import tokens as words_of

if TYPE_CHECKING:
    from ..storage.journal import MemoryDB
    from ..storage.memory import Memory
    from .router import Model

__all__ = ["Brain"]

_LANGUAGE_FROM: Final = 40
_SPREAD: Final = 40  # memories from all along a journal
_FOUND: Final = 12
_RECENT: Final = 30
_EACH: Final = 400
"""Tokens that one memory may take of a prompt."""

_PLAN: Final = Form("plan", {"concepts": listed(5, 60), "words": listed(8, 30)})

_Answered = TypeVar("_Answered", bound=Answer)
Show = Callable[[str], None]


class Brain:
    """The mind over a journal; any number of threads may use one.

    Args:
        db: The journal.
        llm: Who answers prompts, see :func:`~mnemo.llm.router.open_router`; None to answer by oneself.
        language: ``en`` or ``it``; the journal's own if None.
        on_note: Told, a line each, why no model answered.

    Every operation takes ``on_text``, called with the answer as it comes, and ``cancel``, which ends it at
    once from any thread. Each raises, beside what is named there:

        StoppedError: ``cancel`` was called.
        BrokenOffError: the model's answer broke off after some of it was shown.
    """

    def __init__(
        self,
        db: MemoryDB,
        llm: Model | None = None,
        *,
        language: str | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self._db = db
        self._llm = llm
        self._language = language if language in LANGUAGES else None
        self._on_note = on_note

    @cached_property
    def _perceiver(self) -> Perceiver:
        return Perceiver(self._db, self.language)

    def concepts(self) -> list[str]:
        """The journal's concepts, most frequent first."""
        return list(self._db.concepts())

    @property
    def language(self) -> str:
        """The language of answers: as set, else what the newest memories are in, else English."""
        if self._language is not None:
            return self._language
        newest = self._db.recall(limit=_LANGUAGE_FROM)
        return guess_language([word for each in newest for word in words_of(each.content[:400])]) or "en"

    # -- perceive -------------------------------------------------------------------------------

    def perceive(
        self,
        text: str,
        *,
        image: Path | None = None,
        save: bool = True,
        cancel: Cancel | None = None,
    ) -> Perception:
        """Propose concept, feeling, tags and note for a text, and save it with them unless told not to.

        The words are stored as written. A model's reading of them goes beside, under the record's key
        ``reading``. A reply that makes no sense is asked for once more; then the local perceiver answers.

        Raises:
            InvalidMemoryError: there are no words; nothing is saved.
            AttachmentError: the image cannot be read.
        """
        found = self._perceiver.perceive(text)
        if self._llm is not None:
            # The entry's own language: a reading is for who wrote it.
            language = self._language or guess_language(words_of(text)) or self.language
            pictures = (read_picture(image),) if image else ()
            concepts = self._db.concepts()
            found = perceived(found, self._llm, concepts, language, pictures, cancel, self._tell)
        return self.save(found, image=image) if save else found

    def save(self, perception: Perception, *, image: Path | None = None) -> Perception:
        """Save a perception as a memory; gives it with its memory.

        Raises:
            InvalidMemoryError: there are no words; nothing is saved.
            AttachmentError: the image cannot be read.
        """
        reading = None
        if perception.enriched_content:
            reading = {"provider": perception.provider, "text": perception.enriched_content}
        memory = self._db.remember(
            perception.extracted_concept,
            perception.extracted_feeling,
            perception.content,
            tags=perception.extracted_tags,
            note=perception.note,
            attachments=(image,) if image else (),
            reading=reading,
        )
        return replace(perception, memory=memory)

    # -- ask ------------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        *,
        budget: int | None = None,
        on_text: Show | None = None,
        cancel: Cancel | None = None,
    ) -> Answer:
        """Answer a question from the memories that bear on it, naming them; ``budget`` is in tokens.

        No model is asked where nothing was found.
        """
        start = time.perf_counter()
        language = self.language
        wanted = read_question(self._db, question)
        kin = wanted.kin_concepts or [word for word in wanted.kin_words if "*" not in word]
        llm = self._llm
        try:
            concepts, said = self._plan(llm, question, language, cancel) if llm else ((), ())
        except NoModelError as error:
            self._tell(*error.reasons)
            llm = None
        if llm is None:
            found = find(self._db, wanted)
        else:
            wanted = wanted._replace(
                kin_concepts=tuple(dict.fromkeys((*concepts, *wanted.kin_concepts))),
                kin_words=tuple(dict.fromkeys((*said, *wanted.kin_words))),
            )
            found = self._joined(find(self._db, wanted, _FOUND), wanted, question, budget)
        base = computed.answer_from(
            found, kin=list(kin), empty=not self._db.count(), language=language, start=start
        )
        if llm is None or not found.memories:
            return self._shown(base, on_text)
        labels = Labels(found.memories)
        asked = {"question": question, "example": labels.some(1)[0]}
        answer = self._told("ask", base, labels, found.memories, asked, on_text, cancel, budget=budget)
        if answer.provider != LOCAL and not answer.cited:
            note = phrases(language).say("ask.low")
            answer = replace(answer, confidence=Confidence.LOW, confidence_note=note)
        return replace(answer, seconds=time.perf_counter() - start)

    def _plan(
        self, llm: Model, question: str, language: str, cancel: Cancel | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Concepts and words to look for; none where the model has none to offer.

        Raises:
            NoModelError: nobody answers.
        """
        concepts = list(islice(self._db.concepts(), MOST_NAMES))
        if not concepts:
            return (), ()
        system, text = texts(
            "plan",
            language,
            mark=mark(),
            concepts=quoted_names(concepts),
            question=quoted(cut(question, prompt_room(llm.context) // 2)),
        )
        reply = llm.converse(Prompt(system, text, max_tokens=256, form=_PLAN), cancel=cancel)
        found = json_object(reply.text) or {}
        return known_names(found.get("concepts"), concepts, 5), words(found.get("words"), 8)

    def _joined(self, found: Found, wanted: Question, question: str, budget: int | None) -> Found:
        """Put what the query engine ranks by the question as it stands between what its kin found.

        A question that nothing answers directly would bring whatever shares a word with it.
        """
        if not found.direct:
            return found
        from ..retrieval.journal import query_journal  # noqa: PLC0415

        ranked = query_journal(
            self._db,
            question,
            budget=budget or 4000,
            now=datetime.now().astimezone(),
            limit=_FOUND,
            since=wanted.since,
            until=wanted.until,
        )
        by_id: dict[str, Memory] = {}
        for memory in _alternately([result.memory for result in ranked], found.memories):
            by_id.setdefault(memory.memory_id, memory)
        return found._replace(memories=tuple(islice(by_id.values(), _FOUND)))

    # -- reflect --------------------------------------------------------------------------------

    def reflect(
        self,
        concept: str | None,
        *,
        on_text: Show | None = None,
        on_step: Callable[[int, int], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reflection:
        """Tell the way of a concept through time, or of the whole journal where it is None.

        A history that does not fit the model's window is summarised in order of time, part by part;
        ``on_step`` is called with parts done and in all. Of the whole journal a model gets what was counted,
        and memories from all along it.
        """
        start = time.perf_counter()
        language = self.language
        base = computed.reflect(self._db, concept, language=language)
        if self._llm is None or not base.memories_used:
            return self._shown(base, on_text)
        refs = list(reversed(self._db.listing(concept).refs))
        labels = Labels(())
        history: str | Sequence[Memory]
        given: Sequence[Memory]
        if concept is None:
            spread = self._db.read_many(refs[:: -(-len(refs) // _SPREAD)])
            by_id = {memory.memory_id: memory for memory in (*spread, *base.memories_used)}
            history = given = sorted(by_id.values(), key=lambda memory: memory.time)
            labels.add(given)
        else:
            room = prompt_room(self._llm.context) - count_tokens(base.text)
            try:
                history, given = summarised(
                    self._db, self._llm, refs, labels, concept, language, room, on_step, cancel
                )
            except NoModelError as error:
                self._tell(*error.reasons)
                return self._shown(base, on_text)
            labels.add(base.memories_used)
        values = {
            "concept": " ".join((concept or phrases(language).say("reflect.everything")).split()),
            "facts": quoted(base.text),
            "example": labels.some(1)[0],
        }
        told = self._told("reflect", base, labels, history, values, on_text, cancel)
        if told.provider == LOCAL:
            return told
        arc = arc_sentence(told.text) or base.arc
        used = {memory.memory_id: memory for memory in (*base.memories_used, *given)}
        if len(given) < len(refs):
            used = {each: memory for each, memory in used.items() if each in told.cited} | {
                memory.memory_id: memory for memory in base.memories_used
            }
        by_time = tuple(sorted(used.values(), key=lambda memory: memory.time))
        return replace(told, arc=arc, memories_used=by_time, seconds=time.perf_counter() - start)

    # -- dream and introspect -------------------------------------------------------------------

    def dream(
        self,
        n: int = 5,
        *,
        seed: int | None = None,
        on_text: Show | None = None,
        cancel: Cancel | None = None,
    ) -> Dream:
        """Draw memories far apart in feeling and time, and find what links them; ``seed`` repeats a draw."""
        start = time.perf_counter()
        base = computed.dream(self._db, n, seed=seed, language=self.language)
        if len(base.memories_used) < 2:
            return self._shown(base, on_text)
        labels = Labels(base.memories_used)
        example, other = labels.some(2)
        values = {"example": example, "other": other}
        told = self._told("dream", base, labels, base.memories_used, values, on_text, cancel)
        if told.provider != LOCAL:
            links = tuple(connections(told.text, labels))
            told = replace(told, connections=links or base.connections)
        return replace(told, seconds=time.perf_counter() - start)

    def introspect(self, *, on_text: Show | None = None, cancel: Cancel | None = None) -> Portrait:
        """Draw who writes: what prevails, what comes again, what pulls apart and what helps."""
        start = time.perf_counter()
        base = computed.introspect(self._db, language=self.language)
        if self._llm is None or not base.memories_used:
            return self._shown(base, on_text)
        recent = self._db.recall(limit=_RECENT)
        labels = Labels(recent)
        values = {"facts": quoted(base.text), "example": labels.some(1)[0]}
        told = self._told("introspect", base, labels, recent, values, on_text, cancel)
        if told.provider != LOCAL:
            told = replace(
                told,
                patterns=section(told.text, "patterns", "schemi") or base.patterns,
                tensions=section(told.text, "tensions", "tensioni") or base.tensions,
                resources=section(told.text, "resources", "risorse") or base.resources,
            )
        return replace(told, seconds=time.perf_counter() - start)

    # -- within ---------------------------------------------------------------------------------

    def _told(
        self,
        operation: str,
        base: _Answered,
        labels: Labels,
        memories: Sequence[Memory] | str,
        values: dict[str, str],
        on_text: Show | None,
        cancel: Cancel | None,
        *,
        budget: int | None = None,
    ) -> _Answered:
        """``base`` in a model's words; ``base`` itself where no model answers."""
        if self._llm is None:
            return self._shown(base, on_text)
        language = self.language
        if isinstance(memories, str):
            shown, given = memories, base.memories_used
        else:
            room = prompt_room(self._llm.context) - sum(map(count_tokens, values.values()))
            if budget is not None:
                room = min(room, budget)
            blocks = fitting(memories, labels, language, room, min(_EACH, max(20, room // 2)))
            shown, given = "\n".join(blocks), tuple(memories[: len(blocks)])
        system, question = texts(operation, language, mark=mark(), memories=shown, **values)
        reading = Reading(labels, on_text)
        prompt = Prompt(system, question, max_tokens=answer_tokens(self._llm.context))
        try:
            reply = self._llm.converse(prompt, on_text=reading.feed if on_text else None, cancel=cancel)
        except NoModelError as error:
            self._tell(*error.reasons)
            return self._shown(base, on_text)
        if on_text is None:
            reading.feed(reply.text)
        text = reading.close()
        if not text:
            self._tell(f"{reply.provider.name}: it said nothing but thoughts")
            return self._shown(base, on_text)
        cited = frozenset(labels.memory_id(label) for label in reading.cited)
        if reading.invented:
            self._tell(f"{reply.provider.name}: {reading.invented} invented ids were left out")
        return replace(base, text=text, memories_used=given, cited=cited, provider=reply.provider.name)

    @staticmethod
    def _shown(base: _Answered, on_text: Show | None) -> _Answered:
        if on_text is not None:
            on_text(base.text)
        return base

    def _tell(self, *reasons: str) -> None:
        if self._on_note is not None:
            for reason in reasons:
                self._on_note(reason)


def _alternately(first: Sequence[Memory], second: Sequence[Memory]) -> Iterable[Memory]:
    for at in range(max(len(first), len(second))):
        yield from first[at : at + 1]
        yield from second[at : at + 1]
