"""How often the perceiver that needs no model names the feeling that a reader named.

``python benchmarks/perceive_bench.py`` measures on the development part; ``--kept-aside`` on the part that
was not looked at before; ``--goemotions FILE`` on other people's sentences, labelled by others: the test
part of GoEmotions (Demszky et al. 2020, ``text TAB label``, labels by name), of which those with one label
that has a counterpart here are taken. Text alone: no journal, no model. The baseline is a perceiver that
knows nothing (1 in 15). Time is CPU time of one process, warm, mean over the sentences.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections import Counter
from pathlib import Path

from mnemo.llm.local import Perceiver
from mnemo.storage.feelings import Feeling

DATA = Path(__file__).parent.parent / "tests" / "llm" / "data"


COUNTERPARTS = {
    "anger": Feeling.ANGER,
    "annoyance": Feeling.ANGER,
    "curiosity": Feeling.CURIOSITY,
    "disappointment": Feeling.SADNESS,
    "embarrassment": Feeling.SHAME,
    "excitement": Feeling.JOY,
    "fear": Feeling.FEAR,
    "gratitude": Feeling.GRATITUDE,
    "grief": Feeling.SADNESS,
    "joy": Feeling.JOY,
    "love": Feeling.LOVE,
    "nervousness": Feeling.ANXIETY,
    "pride": Feeling.PRIDE,
    "relief": Feeling.SERENITY,
    "remorse": Feeling.SHAME,
    "sadness": Feeling.SADNESS,
    "surprise": Feeling.SURPRISE,
}


def read_goemotions(path: Path) -> list[tuple[Feeling, str, str]]:
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [(COUNTERPARTS[c[1]], "en", c[0]) for c in lines if len(c) > 1 and c[1] in COUNTERPARTS]


def read(name: str) -> list[tuple[Feeling, str, str]]:
    lines = (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found = []
    for line in lines:
        feeling, language, text = line.split("\t")
        found.append((Feeling(feeling), language, text))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept-aside", action="store_true")
    parser.add_argument("--goemotions", metavar="FILE", type=Path)
    chosen = parser.parse_args()
    if chosen.goemotions:
        rows = read_goemotions(chosen.goemotions)
    else:
        rows = read("kept_aside" if chosen.kept_aside else "development")
    perceiver = Perceiver()
    perceiver.perceive("warm up, e anche in italiano con qualche parola")
    first: Counter[str] = Counter()
    third: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    confusion: Counter[tuple[Feeling, Feeling]] = Counter()
    start = time.process_time()
    answers = [perceiver.perceive(text) for _, _, text in rows]
    seconds = time.process_time() - start
    for (feeling, language, _), answer in zip(rows, answers, strict=True):
        best = [answer.extracted_feeling, *(other.feeling for other in answer.alternatives[:2])]
        confusion[feeling, best[0]] += 1
        for key in ("all", language, feeling):
            whole[key] += 1
            first[key] += best[0] == feeling
            third[key] += feeling in best
    each = 1000 * seconds / len(rows)
    print(f"{len(rows)} sentences, Python {platform.python_version()}, {each:.2f} ms CPU each")
    print(f"{'':<12} {'n':>4} {'top-1':>6} {'top-3':>6}   taken for")
    for key in ("all", "en", "it", *Feeling):
        wrong = ""
        if isinstance(key, Feeling):
            others = [(other, confusion[key, other]) for other in Feeling if other != key]
            wrong = ", ".join(f"{name} {n}" for name, n in sorted(others, key=lambda item: -item[1]) if n)
        n = whole[key]
        if not n:
            continue
        print(f"{key:<12} {n:>4} {100 * first[key] / n:>5.0f}% {100 * third[key] / n:>5.0f}%   {wrong}")


if __name__ == "__main__":
    main()
