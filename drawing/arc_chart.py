"""What the SVG of an arc shows, made of periods, a line, memories and a theme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from ..storage.affect import Period, affect_of
from ..storage.clock import local_moment
from ..storage.feelings import Feeling, kin_of
from ..storage.memory import to_microseconds
from .arc_svg import Chart, Column, Look, Spot

if TYPE_CHECKING:
    from ..storage.memory import Memory
    from ..themes import Theme

__all__ = ["MOST_SPOTS", "arc_chart"]

MOST_SPOTS = 3000
"""Up to so many memories each is a point; more are drawn as the means of their periods."""


def arc_chart(
    concept: str,
    arc: str,
    periods: Sequence[Period],
    line: Sequence[tuple[date, float]],
    memories: Sequence[Memory],
    theme: Theme,
    language: str = "en",
) -> Chart:
    """Put a chart together: memories as points where they are given, else the periods' means.

    ``concept`` is empty for the whole journal; ``arc`` is the arc in words.
    """
    italian = language == "it"

    def word(feeling: str) -> str:
        return Feeling(feeling).italian if italian and feeling in tuple(Feeling) else str(feeling)

    seen = {str(name) for period in periods for name in period.feelings}
    # The fifteen in their order, so that a feeling has the same place in every column.
    names = [*(feeling.value for feeling in Feeling if feeling in seen), *sorted(seen - set(Feeling))]
    looks = {}
    for name in names:
        look = theme.look(name, kin_of(name))
        looks[name] = Look(look.glyph, word(name), look.colour if look.colour.startswith("#") else "#808080")
    if memories:
        spots = [_spot(memory, word(memory.feeling)) for memory in memories if affect_of(memory.feeling)]
    else:
        spots = [
            Spot(
                period.start,
                period.affect.valence,
                max(names, key=lambda name: period.feelings.get(name, 0)),
                f"{period.start.isoformat()}: {period.size:,}, {period.affect.valence:+.2f}",
            )
            for period in periods
            if period.affect
        ]
    whole = sum(period.size for period in periods)
    count = f"{whole:,} {'ricordi' if italian else 'memories'}"
    ink = {name: theme.colours[name] for name in ("background", "foreground", "muted", "primary")}
    if theme.plain:
        ink = dict.fromkeys(ink, "#202020") | {"background": "#ffffff"}
    return Chart(
        title=concept or ("Tutti i ricordi" if italian else "All memories"),
        description=f"{count}, {arc}." if arc else count,
        pleasant="piacevole" if italian else "pleasant",
        unpleasant="spiacevole" if italian else "unpleasant",
        line=line,
        spots=spots,
        columns=[
            Column(
                period.start,
                {name: period.feelings[name] for name in names if name in period.feelings},
                f"{period.start.isoformat()}: "
                + ", ".join(f"{word(str(name))} {n}" for name, n in period.feelings.items()),
            )
            for period in periods
        ],
        looks=looks,
        ink=ink,
    )


def _spot(memory: Memory, word: str) -> Spot:
    day = local_moment(to_microseconds(memory.timestamp)).date()
    place = affect_of(memory.feeling)
    assert place is not None
    words = " ".join(memory.content[:320].split())[:80]
    return Spot(
        day, place.valence, str(memory.feeling), f"{day.isoformat()} {memory.concept}, {word}: {words}"
    )
