"""How well questions to a journal are answered: the memory that is meant, by its place.

    python benchmarks/journal_quality.py [--verbose]

Forty questions to the demo journal (277 memories that were written without them), as somebody might ask who
knows what happened and not how it was put; each is answered by one memory. MRR and the share among the first
five, with a bootstrap interval over questions (95 %), beside `MemoryDB.search` for any of the words; then
with each feature of `weights.toml` left out, as a paired difference. The weights were set by hand before, and
not fitted to these: forty questions to one journal tell a large mistake, not a small improvement.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from datetime import UTC, datetime

from mnemo.retrieval import fusion
from mnemo.retrieval.journal import query_journal
from mnemo.storage.analysis import analyse
from mnemo.storage.journal import MemoryDB
from mnemo.tui.demo import demo_journal

NOW = datetime(2025, 1, 15, tzinfo=UTC)
QUESTIONS = [
    ("How much was I in debt when I first added it up?", "Thirty-one thousand four hundred"),
    ("when did Davide and I first quarrel", "Our first quarrel"),
    ("what did Walter leave at my gate", "bucket of tomato seedlings"),
    ("the day I moved into the workshop", "Nine boxes of books"),
    ("closing the bookshop", "I am closing"),
    ("giving back the keys of the shop", "The shop is a rectangle again"),
    ("my first race of ten kilometres", "a real one with a number"),
    ("Papà's diagnosis letter", "forget-me-not"),
    ("first piano lesson", "First lesson with Signora Bellini"),
    ("people singing from the windows during lockdown", "the whole street came to the windows"),
    ("when did the allotments open again after lockdown?", "They have let us out"),
    ("who has a key to father's house", "Mrs Okafor has a key"),
    ("dinner with Davide for the first time", "He cooked badly"),
    ("figs with Walter", "Figs. Hundreds"),
    ("falling stars on San Lorenzo in 2019", "counted eleven stars falling"),
    ("marathon finishing time", "4:38:12"),
    ("when did we pay off the debt", "Residual balance"),
    ("first evening in Trieste", "First evening. After work"),
    ("the bora blew the paint tin", "It comes down off the Carso"),
    ("Fabbri prize won", "She won. I had to go up"),
    ("Marta opens a bookshop", "Marta is opening a bookshop"),
    ("Walter's funeral", "They had put his hat on"),
    ("lending Marta money", "Lent Marta two thousand"),
    ("translation contract for the lighthouse novel", "The contract for the lighthouse came"),
    ("the landlord raises the rent", "The landlord wants four hundred more"),
    ("the oak table is sold", "Sold the long oak table"),
    ("What did I do at new year 2024?", "It is the stock of somebody else"),
    ("why was I anxious about translation in April 2020?", "the book is postponed"),
    ("Zia Pina's admirer", "Zia Pina has an admirer"),
    ("atlas with ships drawn in pencil", "Somebody has drawn, in pencil, a ship"),
    ("learning to float", "Anita has learnt to float"),
    ("running without stopping", "Three kilometres without stopping"),
    ("dream about the piano in Leeds", "Dreamt of the upright"),
    ("Father looking for his car in the street", "in his slippers looking for the car"),
    ("Signora Bellini's death", "in her sleep, in Ancona"),
    ("Davide plays the piano", "has learnt the bottom of eight bars"),
    ("what grew out of the cutting Walter gave me", "A leaf. The size"),
    ("who told me to go slowly when I first ran", "man selling socks"),
    ("what had Davide known about the table", "He had known. In the vault"),
    ("the letter about the ship's berth", "would they keep her berth"),
]


def place(contents: list[str], meant: str) -> int:
    """From 1; 0 where it is not among them."""
    return next((at for at, content in enumerate(contents, 1) if meant in content), 0)


def asked(db: MemoryDB, text: str) -> list[str]:
    answer = query_journal(db, text, budget=100_000, now=NOW)
    return [result.memory.content for result in answer]


def searched(db: MemoryDB, text: str) -> list[str]:
    return [memory.content for memory in db.search(" OR ".join(analyse(text).split()), limit=100)]


def places(db: MemoryDB, ask: Callable[[MemoryDB, str], list[str]]) -> list[int]:
    return [place(ask(db, text), meant) for text, meant in QUESTIONS]


def interval(values: list[float]) -> tuple[float, float, float]:
    draw = random.Random(7)
    means = sorted(sum(draw.choices(values, k=len(values))) / len(values) for _ in range(1000))
    return sum(values) / len(values), means[25], means[975]


def reciprocal(found: list[int]) -> list[float]:
    return [1 / at if at else 0.0 for at in found]


def line(name: str, found: list[int]) -> str:
    mean, low, high = interval(reciprocal(found))
    five = sum(1 <= at <= 5 for at in found) / len(found)
    return f"{name:<24} MRR {mean:.3f} [{low:.3f}, {high:.3f}]   among five {five:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with demo_journal() as path, MemoryDB(path) as db:
        found = places(db, asked)
        print(line("query", found))
        print(line("search, any word", places(db, searched)))
        known = fusion._all_weights()
        whole = known["journal"]
        for name in whole.file:
            known["journal"] = whole._replace(file={one: by for one, by in whole.file.items() if one != name})
            without = reciprocal(places(db, asked))
            gap, low, high = interval(
                [one - other for one, other in zip(without, reciprocal(found), strict=True)]
            )
            print(f"  without {name:<14} MRR {gap:+.3f} [{low:+.3f}, {high:+.3f}]")
        if options.verbose:
            for at, (text, _) in zip(found, QUESTIONS, strict=True):
                print(f"{at:>4}  {text}")


if __name__ == "__main__":
    main()
