"""What compression keeps and saves.

    python benchmarks/compress_bench.py [--answers SET REPOS] [--project DIR]... [--ratio R]

``--answers``: a set with lines as answers, as `development_sets` reads it. Of the lines that a change then
touched, the share that compression keeps: in the chunks that hold them, compressed as a query does, and in
whole files compressed with the question as ``compress FILE --query`` does. ``--project``: tokens saved by
kind of content over every file of a folder, as ``compress FILE`` does, and megabytes per CPU-second.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path

from development_sets import load
from mnemo.retrieval.chunkers import chunk_file, detect_language
from mnemo.retrieval.chunkers.grammars import GRAMMARS
from mnemo.retrieval.compress import Compressed, compress
from mnemo.retrieval.compress.worth import asked_in
from mnemo.retrieval.detect import normalise
from mnemo.retrieval.query_text import read_query
from mnemo.retrieval.tokens import count_tokens

LARGEST = 512 * 1024
SEED = {
    "Python class with logging": "55-65%",
    "Python module with imports": "40-50%",
    "configuration-heavy module": "30-45%",
    "function-dense module": "20-35%",
    "Markdown": "15-25%",
}


def gone(done: Compressed) -> set[int]:
    return {line for item in done.elisions for line in range(item.line_start, item.line_end + 1)}


def answers(folder: Path, repos: Path, ratio: float) -> None:
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for question in load(folder, repos, set()):
        words = read_query(question.text).parts
        for path, touched in question.lines.items():
            try:
                text = normalise((question.root / path).read_text())
            except OSError:
                continue
            language, lines = detect_language(path), text.split("\n")
            relevant = {line for line in touched if line <= len(lines) and lines[line - 1].strip()}
            asked = asked_in(text, words)
            for chunk in chunk_file(text, path).chunks:
                here = {line for line in relevant if chunk.line_start <= line <= chunk.line_end}
                if here:
                    strict = chunk.symbol is not None
                    done = compress(chunk.content, language, ratio=ratio, question=asked, strict=strict)
                    lost = {chunk.line_start - 1 + line for line in gone(done)}
                    add(totals["chunks, as a query does"], here, lost, chunk.content, done.text)
                    done = compress(chunk.content, language, ratio=ratio, question=asked)
                    lost = {chunk.line_start - 1 + line for line in gone(done)}
                    add(totals["chunks, not strict"], here, lost, chunk.content, done.text)
            if relevant:
                done = compress(text, language, ratio=ratio, question=asked)
                add(totals["files, with the question"], relevant, gone(done), text, done.text)
                done = compress(text, language, ratio=ratio)
                add(totals["files, without"], relevant, gone(done), text, done.text)
    print(f"relevant lines kept at ratio {ratio}")
    for name, found in totals.items():
        kept, left = found["kept"] / found["lines"], found["left"] / found["characters"]
        print(f"  {name:<26} {kept:.1%} of {found['lines']:,} lines; {left:.1%} of the characters left")


def add(total: Counter[str], relevant: set[int], lost: set[int], before: str, after: str) -> None:
    total["lines"] += len(relevant)
    total["kept"] += len(relevant - lost)
    total["characters"] += len(before)
    total["left"] += len(after)


def kind_of(text: str, language: str) -> str:
    """What a file mostly is: the kinds of the first design's table, told by counting."""
    if language != "python":
        return "Markdown" if language == "markdown" else language
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    count = Counter(
        "import"
        if line.startswith(("import ", "from "))
        else "log"
        if line.startswith(("logger.", "log.", "logging.", "print(", "self.log"))
        else "def"
        if line.startswith(("def ", "async def "))
        else "assign"
        if " = " in line and not line.startswith(("if ", "for ", "while ", "return "))
        else "other"
        for line in lines
    )
    size = max(len(lines), 1)
    if count["log"] / size > 0.03 and "class " in text:
        return "Python class with logging"
    if count["assign"] / size > 0.35:
        return "configuration-heavy module"
    if count["import"] / size > 0.15:
        return "Python module with imports"
    return "function-dense module"


def projects(folders: list[Path], ratio: float) -> None:
    saved: dict[str, Counter[str]] = defaultdict(Counter)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            language = detect_language(path.name)
            if language not in GRAMMARS and language not in (
                "markdown",
                "rst",
                "yaml",
                "toml",
                "css",
                "html",
            ):
                continue
            if not path.is_file() or path.stat().st_size > LARGEST or ".min." in path.name:
                continue
            try:
                text = normalise(path.read_text())
            except UnicodeDecodeError:
                continue
            started = time.process_time()
            done = compress(text, language, ratio=ratio)
            seconds = time.process_time() - started
            found = saved[kind_of(text, language)]
            found["files"] += 1
            found["bytes"] += len(text.encode())
            found["microseconds"] += round(seconds * 1e6)
            found["tokens"] += count_tokens(text, language)
            found["left"] += count_tokens(done.text, language)
            found["met"] += done.reason is None
    print(f"\ntokens saved at ratio {ratio}, whole files, no question")
    for name, found in sorted(saved.items(), key=lambda item: -item[1]["tokens"]):
        share = 1 - found["left"] / max(found["tokens"], 1)
        speed = found["bytes"] / max(found["microseconds"], 1)
        print(
            f"  {name:<28} {share:6.1%}  ({found['files']:,} files, {found['tokens']:,} tokens;"
            f" ratio met in {found['met'] / found['files']:.0%}; {speed:.2f} MB per CPU-second)"
            + (f"  first design's claim {SEED[name]}" if name in SEED else "")
        )
    total = sum(saved.values(), Counter())
    print(
        f"  {'all':<28} {1 - total['left'] / total['tokens']:6.1%}  ({total['files']:,} files;"
        f" {total['bytes'] / total['microseconds']:.2f} MB per CPU-second)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--answers", nargs=2, type=Path, metavar=("SET", "REPOS"))
    parser.add_argument("--project", action="append", type=Path, default=[])
    parser.add_argument("--ratio", type=float, default=0.4)
    options = parser.parse_args()
    if options.answers:
        answers(*options.answers, options.ratio)
    if options.project:
        projects(options.project, options.ratio)


if __name__ == "__main__":
    main()
