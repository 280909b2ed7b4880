"""Realistic journals of any size, the same at every run, for the benchmarks.

Words follow Zipf's law over a vocabulary of 40,000 in five languages; frames are about 450 bytes
with their checksum, and with their link of the chain too where asked for. Run as a program it
writes one journal: ``python benchmarks/journal_data.py 1000000 /tmp/journals``.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import struct
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

SEED = 20
VOCABULARY_SIZE = 40_000
_DATA_VERSION = 1
_BLOCK = 5_000
_FIRST = datetime(2005, 3, 1, 7, 30, tzinfo=UTC)
_YEARS = 20

CONCEPTS = (
    "Famiglia", "Lavoro", "Viaggi", "Libri", "Musica", "Cucina", "Salute", "Sogni", "Amici", "Casa",
    "Garden", "Running", "Childhood", "Music practice", "Work/Projects", "Travel", "Photography", "Sea",
    "Mountains", "Letters", "Films", "Night thoughts", "Code", "Money", "School", "Nonna", "Città", "Café",
    "Père", "Über mich", "Año nuevo", "Cats", "Winter", "Rain", "Grief", "Plans", "Failures", "Small joys",
    "日記", "Languages",
)  # fmt: skip
FEELINGS = (
    "joy", "sadness", "anger", "fear", "nostalgia", "love", "melancholy", "serenity", "surprise", "anxiety",
    "gratitude", "shame", "pride", "boredom", "curiosity",
    "gioia", "malinconia", "serenità", "sollievo", "speranza",
)  # fmt: skip
_ONSETS = {
    "it": "b c d f g l m n p r s t v z sp st tr gr br ch gl",
    "en": "b c d f g h k l m n p r s t w th sh ch st br gr bl",
    "fr": "b c d f g j l m n p r s t v ch qu pr tr bl",
    "de": "b d f g h k l m n r s t w z sch st tr pf kl",
    "es": "b c d f g h j l m n p r s t v ll ñ tr br",
}
_VOWELS = {
    "it": "a e i o u a e i o ia io à è ù",
    "en": "a e i o u ea oo ai ou y",
    "fr": "a e i o u é è ê ou ai eau oi â",
    "de": "a e i o u ä ö ü ei ie au",
    "es": "a e i o u á é í ó ue ie",
}
_CODAS = {
    "it": ["", "", "", "", "n", "r", "l"],
    "en": ["", "n", "t", "r", "s", "nd", "ng", "ck"],
    "fr": ["", "", "s", "r", "t", "n"],
    "de": ["", "n", "r", "ch", "t", "ng", "ß"],
    "es": ["", "", "s", "n", "r"],
}
_COMMON = (
    "the and to of a in che di e il la un per non con mi sono è più ho si le my was it i for on that with at "
    "we de les une dans pour est très und der die das ich nicht mit ist el los una por muy pero oggi today "
    "casa home mare sea tempo time notte night luce light sempre always perché because città vita "
    "life giorno day amico friend mother madre sole sun pioggia rain piccolo small grande libro book strada "
    "road caffè cœur schön mañana"
)
_RARE_SCRIPTS = "日本語の日記 今日は雨 東京 한국어 서울 привет москва ελλάδα 🎉 ❤️ ☕ 🌊"


class Journal(NamedTuple):
    """A written journal: its log, how many frames it holds, how many bytes."""

    path: Path
    frames: int
    size: int


@lru_cache(maxsize=1)
def vocabulary() -> tuple[list[str], list[float]]:
    """Give the words, most frequent first, and the running total of their Zipf weights."""
    chooser = random.Random(SEED)
    words = dict.fromkeys(_COMMON.split())
    languages = sorted(_ONSETS)
    while len(words) < VOCABULARY_SIZE:
        language = chooser.choice(languages)
        syllables = chooser.choices((1, 2, 3, 4), (1, 5, 4, 2))[0]
        onsets, vowels = _ONSETS[language].split(), _VOWELS[language].split()
        parts = [chooser.choice(vowels)] if chooser.random() < 0.2 else []
        for _ in range(syllables):
            parts += [
                chooser.choice(onsets),
                chooser.choice(vowels),
                chooser.choice(_CODAS[language]) if chooser.random() < 0.4 else "",
            ]
        words["".join(parts)] = None
    totals = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    return list(words), totals


@lru_cache(maxsize=1)
def tag_vocabulary() -> tuple[list[str], list[float]]:
    """Give the 300 tags and the running total of their weights."""
    words, _ = vocabulary()
    tags = words[100:2_500:8]
    return tags, list(itertools.accumulate(1 / (rank + 5) for rank in range(len(tags))))


def write_journal(frames: int, folder: Path, *, chained: bool = False) -> Journal:
    """Write a journal of so many frames, or find it there from an earlier run.

    ``chained`` frames are as mnemo writes them (``utc_offset`` and ``chain``); the others have the
    nine keys of the reference engine.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"journal-v{_DATA_VERSION}-{frames}{'-chained' if chained else ''}.mnheme"
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        with unfinished.open("wb") as log:
            head = "0" * 64
            for block in range(0, frames, _BLOCK):
                data, head = _block(block, min(_BLOCK, frames - block), frames, head if chained else "")
                log.write(data)
        unfinished.chmod(0o600)
        unfinished.replace(path)
    return Journal(path, frames, path.stat().st_size)


def _block(first: int, count: int, total: int, head: str) -> tuple[bytes, str]:
    """Make frames ``first`` and on; each block has a seed of its own."""
    chooser = random.Random(f"{SEED}:{total}:{first}")
    words, weights = vocabulary()
    tags, tag_weights = tag_vocabulary()
    rare = _RARE_SCRIPTS.split()
    lengths = [min(120, 10 + int(chooser.expovariate(1 / 13))) for _ in range(count)]
    drawn = iter(chooser.choices(words, cum_weights=weights, k=sum(lengths) + 12 * count))
    step = timedelta(days=365.25 * _YEARS) / max(1, total)
    no_gap = hashlib.sha256(b"").hexdigest()
    frames = []
    for place, length in enumerate(lengths):
        body = list(itertools.islice(drawn, length))
        if chooser.random() < 0.01:
            body.insert(length // 2, chooser.choice(rare))
        content = _sentences(body, chooser)
        note = " ".join(itertools.islice(drawn, 6)) if chooser.random() < 0.1 else ""
        moment = _FIRST + step * (first + place + chooser.random())
        if chooser.random() < 0.02:  # remembered later, or imported
            moment -= timedelta(days=chooser.random() * 2_000)
        key = chooser.getrandbits(128)
        text = _FRAME % (
            _uuid4(key),
            _quote(chooser.choice(CONCEPTS)),
            _quote(chooser.choice(FEELINGS)),
            _quote(content),
            _quote(note),
            ", ".join(map(_quote, chooser.choices(tags, cum_weights=tag_weights, k=chooser.randrange(5)))),
            moment.isoformat(),
            hashlib.sha256(content.encode()).hexdigest(),
        )
        if head:
            payload = (text + ', "utc_offset": "+01:00"}').encode()
            head = hashlib.sha256(head.encode() + no_gap.encode() + payload).hexdigest()
            payload = payload[:-1] + b', "chain": "' + head.encode() + b'"}'
        else:
            payload = (text + "}").encode()
        frames.append(struct.pack(">4sI", b"\x4d\x4e\x45\xe0", len(payload)) + payload)
    return b"".join(frames), head


_FRAME = (
    '{"memory_id": "%s", "concept": %s, "feeling": %s, "media_type": "text", "content": %s, '
    '"note": %s, "tags": [%s], "timestamp": "%s", "checksum": "%s"'
)
_quote = json.JSONEncoder(ensure_ascii=False).encode


def _sentences(body: list[str], chooser: random.Random) -> str:
    stop = chooser.randrange(5, 14)
    if len(body) > stop:
        body[stop] += "."
        body[stop // 2] += ","
    return " ".join(body).capitalize() + "."


def _uuid4(bits: int) -> str:
    bits = bits & ~(0xF000 << 64) & ~(0xC000 << 48) | (0x4000 << 64) | (0x8000 << 48)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def main() -> None:
    """Write one journal and say what it is."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("frames", type=int)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument(
        "--chained", action="store_true", help="with utc_offset and chain, as mnemo writes them"
    )
    given = arguments.parse_args()
    began = time.perf_counter()
    journal = write_journal(given.frames, given.folder, chained=given.chained)
    print(
        f"{journal.path}: {journal.frames:,} frames, {journal.size:,} bytes, "
        f"{journal.size / max(1, journal.frames):.0f} a frame, {time.perf_counter() - began:.1f} s"
    )


if __name__ == "__main__":
    main()
