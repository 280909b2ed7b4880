"""Chunk every file of some projects: how fast, in what shape, and whether what must hold does.

    python benchmarks/chunk_bench.py FOLDER...

CPU time of one process; files are read before the clock starts. With the extra ``tokens`` the last columns
compare the token estimate with cl100k over the same chunks.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

from mnemo.retrieval.chunkers import ChunkedFile, ChunkOptions, chunk_file, detect_language
from mnemo.retrieval.tokens import count_tokens, exact_counter

LARGEST = 512 * 1024
SKIPPED = {".git", "node_modules", "__pycache__", "dist", "build"}


def read(folders: list[Path]) -> dict[str, list[tuple[str, str]]]:
    """Paths and texts by language."""
    found: dict[str, list[tuple[str, str]]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file() or SKIPPED & set(path.parts):
                continue
            language = detect_language(path.name)
            if language == "unknown" or path.stat().st_size > LARGEST:
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                found.setdefault(language, []).append((path.as_posix(), text))
    return found


def broken(text: str, chunked: ChunkedFile, options: ChunkOptions) -> str | None:
    """What does not hold for the chunks of ``text``, if anything."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered = [0] * len(lines)
    pieces = ""
    for chunk in chunked.chunks:
        if chunk.tokens > options.max_chunk_tokens:
            return f"line {chunk.line_start}: {chunk.tokens} tokens"
        if chunk.tokens != count_tokens(chunk.content, chunked.language):
            return f"line {chunk.line_start}: counted {chunk.tokens} tokens"
        first, last = chunk.line_start - 1, chunk.line_end
        content = "\n".join(lines[first:last])
        if chunk.content != content or pieces:
            pieces += "".join(chunk.content.split())
            whole = "".join(content.split())
            if last - first > 1 or not whole.startswith(pieces):
                return f"lines {first + 1} to {last} are not the content"
            if pieces != whole:
                continue
        pieces = ""
        for at in range(first, last):
            covered[at] += 1
    for at, line in enumerate(lines):
        if line.strip() and covered[at] != 1:
            return f"line {at + 1} lies in {covered[at]} chunks"
    return None


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("folders", nargs="+", type=Path)
    options = ChunkOptions()
    exact = exact_counter()
    failures: list[str] = []
    print(
        f"{'language':12}{'files':>7}{'MB':>8}{'CPU s':>8}{'MB/s':>7}{'chunks':>8}{'lines':>7}{'tokens':>8}"
        f"{'covered':>9}{'error':>8}{'over cap':>10}"
    )
    totals = [0, 0, 0.0, 0]
    for language, files in sorted(read(arguments.parse_args().folders).items()):
        chunk_file(files[0][1], files[0][0], options=options)  # loads the grammar
        start = time.process_time()
        chunked = [chunk_file(text, path, options=options) for path, text in files]
        seconds = time.process_time() - start
        for (path, text), result in zip(files, chunked, strict=True):
            if problem := broken(text, result, options):
                failures.append(f"{path}: {problem}")
        chunks = [chunk for result in chunked for chunk in result.chunks]
        size = sum(len(text.encode()) for _, text in files)
        shape = ""
        if chunks:
            shape = f"{median(chunk.line_end - chunk.line_start + 1 for chunk in chunks):7.0f}"
            shape += f"{median(chunk.tokens for chunk in chunks):8.0f}"
        if exact and chunks:
            pairs = [(chunk.tokens, exact(chunk.content)) for chunk in chunks]
            shape += f"{sum(estimate >= real for estimate, real in pairs) / len(pairs):9.2%}"
            shape += f"{sum(abs(estimate - real) / real for estimate, real in pairs) / len(pairs):8.1%}"
            shape += f"{sum(real > options.max_chunk_tokens for _, real in pairs):10}"
        print(
            f"{language:12}{len(files):7}{size / 1e6:8.2f}{seconds:8.2f}"
            f"{size / 1e6 / max(seconds, 1e-9):7.1f}{len(chunks):8}{shape}"
        )
        totals = [totals[0] + len(files), totals[1] + size, totals[2] + seconds, totals[3] + len(chunks)]
    files_total, size, seconds, count = totals
    print(
        f"{'all':12}{files_total:7}{size / 1e6:8.2f}{seconds:8.2f}"
        f"{size / 1e6 / max(seconds, 1e-9):7.1f}{count:8}"
    )
    for failure in failures[:40]:
        print(failure, file=sys.stderr)
    print(f"{len(failures)} files in which something does not hold")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
