"""Make the token table of ``retrieval/tokens.py`` from real sources and print how far the estimate lies from
cl100k.

    python benchmarks/calibrate_tokens.py FOLDER... [--held-out FOLDER]... [--write]

Needs the extra ``tokens`` (rs-bpe), numpy and scipy. It learns weights from one half of the files, drawn by
their names; a language's margin is what either half needs by itself. Each language weighs the same, whatever
its share of the folders. The weights are a quantile regression: least relative error with underestimates
priced so that one chunk in a hundred is below the truth (Koenker and Bassett 1978, solved as a linear
program). ``--held-out`` only measures.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from mnemo.retrieval import tokens
from mnemo.retrieval.chunkers import chunk_file, detect_language
from rs_bpe.bpe import openai
from scipy.optimize import linprog

CODER = openai.cl100k_base()
TARGET = Path(__file__).parent.parent / "retrieval" / "cl100k_estimate.json"
CHUNKS_A_LANGUAGE = 6000
CHUNKS_A_FILE = 60
PIECES = 12000
PRETOKENS = 4000
MARKS = 500  # beyond ASCII
COVER = 0.992
COVER_A_LANGUAGE = 0.9935
START = (0.0, 0.5)  # what every text costs beside its lines
FEW = 500  # with fewer chunks a language covers all of them, and a little more than all languages do together
FEW_MARGIN = 1.02


def sample(folders: list[Path], half: int | None = None) -> dict[str, list[str]]:
    """Chunks by language, at random, no file giving more than a few; of one half of the files, or of all."""
    files: dict[str, list[Path]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if half is not None and zlib.crc32(path.relative_to(folder).as_posix().encode()) % 2 != half:
                continue
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 512 * 1024:
                files.setdefault(detect_language(path.as_posix()), []).append(path)
    files.pop("unknown", None)
    chosen: dict[str, list[str]] = {}
    draw = random.Random(1)
    for language, paths in sorted(files.items()):
        draw.shuffle(paths)
        texts: list[str] = []
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            if "\0" in text:
                continue
            chunks = [chunk.content for chunk in chunk_file(text, path.as_posix()).chunks]
            texts += draw.sample(chunks, min(len(chunks), CHUNKS_A_FILE))
            if len(texts) > CHUNKS_A_LANGUAGE:
                break
        draw.shuffle(texts)
        chosen[language] = texts[:CHUNKS_A_LANGUAGE]
    return chosen


def pretokens(chunk: str) -> list[str]:
    return [
        pretoken
        for line in chunk.split("\n")
        if line.strip()
        for pretoken in re.findall(tokens.PRETOKEN, line + "\n")
    ]


def common_pretokens(texts: dict[str, list[str]]) -> dict[str, int]:
    """The most frequent pretokens with what they cost."""
    share: Counter[str] = Counter()
    for chunks in texts.values():
        counts = Counter(pretoken for chunk in chunks for pretoken in pretokens(chunk))
        total = counts.total()
        for pretoken, count in counts.items():
            if len(pretoken) < 24:
                share[pretoken] += count / total
    return {pretoken: CODER.count(pretoken) for pretoken, _ in share.most_common(PRETOKENS)}


def word_pieces() -> dict[str, str]:
    """The first tokens of cl100k that are all letters, those of two or more by the first two; cl100k's order
    is that of their frequency.
    """
    pieces: dict[str, None] = {}
    for number in range(100_256):
        try:
            piece = CODER.decode([number])
        except Exception:  # a token that is not whole UTF-8
            continue
        if piece and re.fullmatch(r" ?[A-Za-z]+", piece):
            pieces[piece.strip()] = None
        if len(pieces) == PIECES:
            break
    longer = sorted(piece for piece in pieces if len(piece) > 1)
    return {start: " ".join(some) for start, some in groupby(longer, key=lambda piece: piece[:2])}


def run_prices(texts: dict[str, list[str]]) -> dict[str, int]:
    """What a long run of a mark costs: every ASCII mark, and the most frequent others."""
    share: Counter[str] = Counter()
    for chunks in texts.values():
        counts = Counter(char for chunk in chunks if not chunk.isascii() for char in chunk if char > "\x7f")
        total = sum(map(len, chunks)) or 1
        for char, count in counts.items():
            if not char.isalnum() and not char.isspace():
                share[char] += count / total
    ascii_marks = [chr(code) for code in range(33, 127) if not chr(code).isalnum()]
    marks = ascii_marks + [char for char, _ in share.most_common(MARKS)]
    return {mark: CODER.count(mark * tokens.RUN) for mark in marks}


Features = Callable[[str], list[float]]


def features(known: dict[str, int], pieces: tokens.Pieces, runs: dict[str, int]) -> Features:
    @lru_cache(maxsize=1 << 18)
    def shape(pretoken: str) -> list[int]:
        return tokens.shape(pretoken, pieces, runs)

    def of(chunk: str) -> list[float]:
        row = [0.0] * (tokens.SHAPES + 2)
        row[-1] = 1
        for pretoken, count in Counter(pretokens(chunk)).items():
            if pretoken in known:
                row[0] += count * known[pretoken]
            else:
                for at, value in enumerate(shape(pretoken), 1):
                    row[at] += count * value
        return row

    return of


def quantile_weights(rows: np.ndarray, truth: np.ndarray) -> np.ndarray:
    scaled = rows / truth[:, None]
    count, width = scaled.shape
    cost = np.concatenate([np.zeros(width), np.full(count, COVER), np.full(count, 1 - COVER)])
    equal = sp.hstack([sp.csr_matrix(scaled), sp.eye(count), -sp.eye(count)]).tocsc()
    bounds = [(0, None)] * (width - 1) + [START] + [(0, None)] * (2 * count)
    found = linprog(cost, A_eq=equal, b_eq=np.ones(count), bounds=bounds, method="highs")
    return found.x[:width]


def margin(row: Features, weights: np.ndarray, chunks: list[str]) -> float:
    """The least that covers chunks of a language."""
    if len(chunks) < FEW:
        value, cover = FEW_MARGIN, 1.0
    else:
        value, cover = 0.9, COVER_A_LANGUAGE
    if chunks := [chunk for chunk in chunks if CODER.count(chunk) >= 12]:
        estimate = np.array([row(chunk)[:-1] for chunk in chunks]) @ weights[:-1]
        truths = np.array([CODER.count(chunk) for chunk in chunks], float)
        while np.mean(np.ceil(value * estimate + weights[-1]) >= truths) < cover:
            value += 0.001
    return round(value, 3)


def learn(texts: dict[str, list[str]], others: dict[str, list[str]]) -> dict[str, object]:
    known, pieces, runs = common_pretokens(texts), word_pieces(), run_prices(texts)
    longest = max(len(piece) for some in pieces.values() for piece in some.split())
    row = features(known, tokens.Pieces(pieces, longest), runs)
    draw = random.Random(1)
    drawn: list[str] = []
    for chunks in texts.values():
        large = [chunk for chunk in chunks if CODER.count(chunk) >= 12]
        drawn += draw.sample(large, min(600, len(large)))
    matrix, real = (
        np.array([row(chunk) for chunk in drawn]),
        np.array([CODER.count(chunk) for chunk in drawn], float),
    )
    weights = quantile_weights(matrix, real)
    margins = {
        language: max(margin(row, weights, chunks), margin(row, weights, others.get(language, [])))
        for language, chunks in texts.items()
    }
    by_cost: dict[str, list[str]] = {}
    for pretoken, count in known.items():
        by_cost.setdefault(str(count), []).append(pretoken)
    by_price: dict[str, list[str]] = {}
    for mark, price in runs.items():
        by_price.setdefault(str(price), []).append(mark)
    return {
        "margins": margins,
        "weights": [round(float(weight), 4) for weight in weights],
        "pretokens": {cost: sorted(pretokens) for cost, pretokens in sorted(by_cost.items())},
        "pieces": pieces,
        "longest": longest,
        "runs": {price: "".join(sorted(marks)) for price, marks in by_price.items()},
    }


def table(texts: dict[str, list[str]]) -> None:
    print(f"{'language':12}{'chunks':>8}{'covered':>9}{'mean error':>12}{'sum':>8}{'worst under':>13}")
    everything: list[tuple[int, int]] = []
    for language, chunks in texts.items():
        pairs = [(tokens.count_tokens(chunk, language), CODER.count(chunk)) for chunk in chunks if chunk]
        everything += pairs
        report(language, pairs)
    report("all", everything)


def report(name: str, pairs: list[tuple[int, int]]) -> None:
    if pairs:
        covered = sum(estimate >= real for estimate, real in pairs) / len(pairs)
        error = sum(abs(estimate - real) / real for estimate, real in pairs) / len(pairs)
        total = sum(estimate for estimate, _ in pairs) / sum(real for _, real in pairs)
        worst = min(estimate / real for estimate, real in pairs)
        print(f"{name:12}{len(pairs):8}{covered:9.2%}{error:12.1%}{total:8.3f}{worst:13.2f}")


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("folders", nargs="*", type=Path)
    arguments.add_argument("--held-out", action="append", default=[], type=Path)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    texts, others = sample(options.folders, 0), sample(options.folders, 1)
    if options.write:
        TARGET.write_text(json.dumps(learn(texts, others), indent=0, ensure_ascii=True) + "\n")
        tokens._table.cache_clear()
    print("one half of the files")
    table(texts)
    print("\nthe other half of the files")
    table(others)
    if options.held_out:
        print("\nheld out")
        table(sample(options.held_out))


if __name__ == "__main__":
    main()
