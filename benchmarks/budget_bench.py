"""Whether an answer is ever larger than its budget, by the exact tokenizer (cl100k).

    python benchmarks/budget_bench.py PROJECT [--queries 200]

The questions are made from the project's index (names, signatures, paths, sentences, traces, code, long
pastes) and from what people type by accident, with a fixed seed. Each is asked with five budgets in four
formats, with the exact counter that the extra ``tokens`` installs and with the estimate that everybody has;
then a part of them after a refresh, in sessions, and through the command as a process. For json
the sum of contents counts, otherwise the whole output. Fails where one answer is over.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mnemo.retrieval import delivery as stages
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.formats import document
from mnemo.retrieval.results import Answer
from mnemo.retrieval.tokens import exact_counter

BUDGETS = (50, 300, 1000, 4000, 16_000)
FORMATS = ("json", "plain", "markdown", "xml")
ACCIDENTS = (
    "???",
    "'\"(*^%$",
    "日本語の設定",
    "é è ê",
    "a",
    "the of and",
    "]]> <![CDATA[",
    "```",
    "\x1b[31mred",
    "😀 emoji",
)
EXACT = exact_counter()


def questions(engine: RetrievalEngine, count: int) -> list[str]:
    chooser = random.Random(11)
    rows = engine.store.connection.execute(
        "SELECT symbol, signature, path, line_start FROM chunks JOIN files ON files.id = file_id"
        " WHERE symbol IS NOT NULL ORDER BY chunks.id"
    ).fetchall()
    found = list(ACCIDENTS)
    while len(found) < count:
        symbol, signature, path, line = chooser.choice(rows)
        words = [chooser.choice(rows)[0].rpartition(".")[2].replace("_", " ") for _ in range(3)]
        found.append(
            chooser.choice(
                (
                    symbol,
                    path,
                    f"how does {words[0]} use {words[1]} when {words[2]}",
                    f'File "{path}", line {line}, in {symbol}\nValueError: {words[0]}',
                    f"{signature or symbol}\n    return {symbol}({words[0].replace(' ', '_')})",
                    " ".join(words * chooser.choice((1, 5, 300))),
                )
            )
        )
    return found


def size(answer: Answer, output: str, session: str | None = None) -> int:
    assert EXACT is not None
    if output == "json":
        return sum(EXACT(result.delta_text or result.chunk.content) for result in answer)
    return EXACT(document(output, answer.query, answer.budget, answer, session=session)) if answer else 0  # type: ignore[arg-type]


def all_of(asked: list[str]) -> Iterator[tuple[str, int, str]]:
    for text in asked:
        for budget in BUDGETS:
            for output in FORMATS:
                yield text, budget, output


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    if EXACT is None:
        sys.exit("the extra `tokens` is not installed: there is nothing to measure with")
    bad = 0
    with RetrievalEngine.open(options.project) as engine:
        engine.ingest()
        asked = questions(engine, options.queries)
        for title, counter, check in (
            ("exact", exact_counter, False),
            ("estimate", lambda: None, False),
            ("estimate, after a refresh", lambda: None, True),
        ):
            stages.exact_counter = counter
            total = full = empty = over = 0
            nearest = -max(BUDGETS)
            for text, budget, output in all_of(asked[:: 1 if not check else 10]):
                answer = engine.query(text, budget=budget, output=output, refresh=check, learn=False)  # type: ignore[arg-type]
                used = size(answer, output)
                total += 1
                empty += not answer
                over += used > budget
                nearest = max(nearest, used - budget)
                full += budget - used < budget // 10
            bad += over
            print(
                f"{title}: {total:,} answers, {over} over the budget, nearest {nearest:+} tokens,"
                f" {full:,} within a tenth of it, {empty:,} empty"
            )
        over = total = 0
        stages.exact_counter = exact_counter
        for number, (text, budget, output) in enumerate(all_of(asked[::10])):
            name = f"bench-{budget}-{output}-{number % 2}"
            answer = engine.query(
                text, budget=budget, output=output, refresh=False, session=name, fresh=number < 40
            )  # type: ignore[arg-type]
            total += 1
            over += size(answer, output, name) > budget
        bad += over
        print(f"in a session: {total:,} answers, {over} over the budget")
    over = total = 0
    for text, budget, output in list(all_of([text for text in asked if "\0" not in text]))[
        :: options.queries // 4
    ]:
        command = [str(Path(sys.executable).with_name("mnemo")), "query", "--project", str(options.project)]
        command += ["--budget", str(budget), "--format", output, "--no-learn", "--no-refresh", "--", text]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        if output == "json":
            used = sum(EXACT(each["chunk"]["content"]) for each in json.loads(done.stdout))
        else:
            used = EXACT(done.stdout)
        total += 1
        over += used > budget
    print(f"as a process: {total:,} answers, {over} over the budget")
    sys.exit(1 if bad + over else 0)


if __name__ == "__main__":
    main()
