"""Whether compressed code stays true: every chunk of whole projects, compressed and held against its source.

    python benchmarks/compress_check.py FOLDER... [--ratio R]... [--language L]... [--every N]

For each chunk, and each file as a whole: what is not elided is the source, line for line; each mark counts
its lines right; put back into its file the compressed chunk parses as the file did (by Python's own parser
for Python, by the grammar for others). For Python the syntax trees are compared as well: what is left is the
file's tree with statements and elements of literals taken out, and nothing else changed.
"""

from __future__ import annotations

import argparse
import ast
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from mnemo.retrieval.chunkers import chunk_file, detect_language
from mnemo.retrieval.chunkers.grammars import GRAMMARS
from mnemo.retrieval.compress import compress

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "retrieval"))
from truth import faults, parses, tree_fault


def check(path: Path, ratios: list[float], totals: Counter[str]) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except (UnicodeDecodeError, OSError):
        return []
    language = detect_language(str(path), text[:200])
    if language not in GRAMMARS or not parses(language, text):
        totals["files that do not parse"] += 1
        return []
    found = []
    lines = text.split("\n")
    tree = ast.parse(text) if language == "python" else None
    totals["files"] += 1
    pieces = [(1, len(lines), text, False)]
    pieces += [
        (chunk.line_start, chunk.line_end, chunk.content, chunk.symbol is not None)
        for chunk in chunk_file(text, path.name).chunks
        if chunk.content == "\n".join(lines[chunk.line_start - 1 : chunk.line_end])
    ]
    for ratio in ratios:
        for start, end, content, strict in pieces:
            started = time.process_time()
            done = compress(content, language, ratio=ratio, strict=strict)
            totals["microseconds"] += round((time.process_time() - started) * 1e6)
            totals["characters"] += len(content)
            totals["chunks"] += 1
            totals["elisions"] += len(done.elisions)
            totals["lines elided"] += sum(elision.lines for elision in done.elisions)
            totals["compressed"] += bool(done.elisions)
            where = f"{path}:{start}-{end} at {ratio}"
            found += [f"{where}: {fault}" for fault in faults(content, done)]
            if not done.elisions:
                continue
            whole = "\n".join([*lines[: start - 1], done.text, *lines[end:]])
            if not parses(language, whole):
                found.append(f"{where}: does not parse")
            elif tree is not None and (fault := tree_fault(tree, ast.parse(whole))):
                found.append(f"{where}: {fault}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--ratio", action="append", type=float, default=[])
    parser.add_argument("--language", action="append", default=[])
    parser.add_argument("--every", type=int, default=1, help="check each Nth file only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wrong = 0
    for folder in options.folders:
        totals: Counter[str] = Counter()
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        languages = set(options.language or ["python", "javascript", "go"])
        paths = [path for path in paths if detect_language(path.name) in languages][:: options.every]
        for path in paths:
            for fault in check(path, options.ratio or [0.4], totals):
                wrong += 1
                print(fault)
        seconds = totals.pop("microseconds", 0) / 1e6
        print(f"{folder.name}: " + ", ".join(f"{value:,} {name}" for name, value in totals.items()))
        print(f"  {totals['characters'] / max(seconds, 1e-9) / 1e6:.2f} MB per CPU-second")
    print(f"{wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
