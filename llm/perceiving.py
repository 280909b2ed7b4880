"""A text perceived by a model: what mnemo proposes by itself, with the model's words in its place."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..storage.feelings import Feeling
from .answers import Perception, Scored
from .dialects import Form, Image, Prompt, listed, text_of
from .errors import NoModelError
from .pacing import Cancel
from .prompts import texts
from .quoting import answer_tokens, cut, mark, prompt_room, quoted, quoted_names
from .reading import proposal

if TYPE_CHECKING:
    from .router import Model

__all__ = ["perceived"]

_LONGEST: Final = 512
"""Tokens that the object may take."""
_FORM: Final = Form(
    "perception",
    {
        "concept": text_of(40),
        "feeling": {"type": "string", "enum": [feeling.value for feeling in Feeling]},
        "tags": listed(5, 30),
        "note": text_of(160),
        "enriched": text_of(400),
    },
)
"""What a model is to say of a text; concept and feeling first, for an answer may be cut."""


def perceived(
    local: Perception,
    llm: Model,
    concepts: Collection[str],
    language: str,
    pictures: tuple[Image, ...],
    cancel: Cancel | None,
    tell: Callable[[str], None],
) -> Perception:
    """What a model makes of the text of ``local``; ``local`` itself where none answers, or makes no sense.

    ``concepts`` are the journal's own, most frequent first. A reply that makes no sense is asked for once
    more; ``tell`` hears, a line each, why the model's words are not used.

    Raises:
        StoppedError: ``cancel`` was called.
    """
    again = ""
    for _ in range(2):
        system, question = texts(
            "perceive",
            language,
            mark=mark(),
            feelings=", ".join(Feeling),
            concepts=quoted_names(concepts),
            text=quoted(cut(local.content, prompt_room(llm.context) // 2)),
            again=again,
        )
        prompt = Prompt(system, question, pictures, min(_LONGEST, answer_tokens(llm.context)), _FORM)
        try:
            reply = llm.converse(prompt, cancel=cancel)
        except NoModelError as error:
            for reason in error.reasons:
                tell(reason)
            return local
        read = proposal(reply.text, concepts)
        if not isinstance(read, str):
            own = Scored(local.extracted_feeling, local.score)
            scores = {each.feeling: each for each in (*local.alternatives, own)}
            chosen = scores.pop(read.feeling)
            return replace(
                local,
                extracted_concept=read.concept,
                extracted_feeling=read.feeling,
                score=chosen.score,
                alternatives=tuple(sorted(scores.values(), key=lambda each: -each.score)),
                extracted_tags=read.tags,
                note=read.note,
                enriched_content=read.enriched,
                provider=reply.provider.name,
            )
        again = f"(Your last reply could not be used: {read}. Reply with the JSON object alone.)"
        tell(f"{reply.provider.name}: its reply could not be used: {read}")
    return local
