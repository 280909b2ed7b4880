"""Questions to a journal: milliseconds by stage, beside a search for the same words, and known items.

    python benchmarks/journal_query_bench.py JOURNAL.mnheme [--questions 60] [--budget 2000]

JOURNAL is one of `journal_data` (its words and concepts make the questions: three to twelve words by their
frequency, a third of them about a concept, a third with a time), fully indexed first. Measured in one warm
process, each question asked once before; `search` is `MemoryDB.search` for any of the same words, limit 50.
Known items: a question made of five words of one memory finds that memory; how often at the first place, and
how often at all.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from journal_data import CONCEPTS, vocabulary
from mnemo.retrieval.journal import JournalAnswer, query_journal
from mnemo.storage.analysis import analyse
from mnemo.storage.journal import MemoryDB

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def questions(count: int, chooser: random.Random) -> list[str]:
    words, totals = vocabulary()
    found = []
    for number in range(count):
        some = chooser.choices(words, cum_weights=totals, k=chooser.randint(3, 12))
        if number % 3 == 1:
            some.insert(chooser.randrange(len(some)), chooser.choice(CONCEPTS))
        elif number % 3 == 2:
            some.append(chooser.choice(("in 2012", "in May 2019", "last year")))
        found.append(" ".join(some))
    return found


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of wall time and of the process's CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def line(name: str, times: list[float]) -> str:
    times = sorted(times)
    return f"{name:<24} p50 {statistics.median(times):7.1f} ms   p95 {times[len(times) * 95 // 100]:7.1f} ms"


def both(name: str, times: list[tuple[float, float]]) -> str:
    wall, cpu = zip(*times, strict=True)
    return f"{line(f'{name}, wall', list(wall))}\n{line(f'{name}, CPU', list(cpu))}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("journal", type=Path)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--budget", type=int, default=2000)
    options = parser.parse_args()
    chooser = random.Random(3)
    asked = questions(options.questions, chooser)
    with MemoryDB(options.journal) as db:
        db.index_text()

        def ask(text: str) -> JournalAnswer:
            return query_journal(db, text, budget=options.budget, now=NOW)

        first = timed(lambda: ask(asked[0]))
        print(f"{db.count():,} memories; the first question of a process {first[0]:.0f} ms")
        stages: dict[str, list[float]] = {}
        whole, search = [], []
        for text in asked:
            ask(text)
            answer: list[JournalAnswer] = []
            whole.append(timed(lambda text=text, answer=answer: answer.append(ask(text))))  # type: ignore[misc]
            for stage in answer[0].trace.stages:
                stages.setdefault(stage.name, []).append(stage.ms)
            words = " OR ".join(text.split())
            db.search(words, limit=50)
            search.append(timed(lambda words=words: db.search(words, limit=50)))  # type: ignore[misc]
        print(both("query", whole))
        for name, times in stages.items():
            print(line(f"  {name}", times))
        print(both("search", search))
        refs = db.listing().refs
        firsts = there = 0
        for ref in chooser.sample(range(len(refs)), options.questions):
            memory = db.read(refs[ref])
            words = [word for word in dict.fromkeys(analyse(memory.content).split()) if len(word) > 2]
            found = ask(" ".join(chooser.sample(words, min(5, len(words)))))
            ids = [result.memory.memory_id for result in found]
            firsts += ids[:1] == [memory.memory_id]
            there += memory.memory_id in ids
        print(f"known items: {firsts} of {options.questions} come first, {there} are delivered")


if __name__ == "__main__":
    main()
