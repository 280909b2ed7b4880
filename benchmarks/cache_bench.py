"""The adaptive cache beside LRU and LFU, and what it saves.

    python benchmarks/cache_bench.py [--answers SET REPOS] [--capacity N]...

Hit rates on synthetic traces, and with ``--answers`` on the chunks that a warm engine is asked for by the
questions of a set, repository after repository, three times over with neighbouring questions asked again.
LFU counts forever and breaks ties by recency. What the cache saves is wall time of warm queries (plain, 8000
tokens) with a capacity of 1, the default, and more than all, interleaved in one process.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

from development_sets import indexed, load
from mnemo.retrieval.config import Config
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.storage.cache import ArcCache


def arc(trace: Sequence[Hashable], capacity: int) -> float:
    cache: ArcCache[Hashable, None] = ArcCache(capacity, 2 * capacity)
    for key in trace:
        cache.touch(key)
    return cache.state.hit_rate


def lru(trace: Sequence[Hashable], capacity: int) -> float:
    held: OrderedDict[Hashable, None] = OrderedDict()
    hits = 0
    for key in trace:
        hits += key in held
        held[key] = None
        held.move_to_end(key)
        if len(held) > capacity:
            held.popitem(last=False)
    return hits / len(trace)


def lfu(trace: Sequence[Hashable], capacity: int) -> float:
    uses: Counter[Hashable] = Counter()
    held: dict[Hashable, int] = {}
    hits = 0
    for at, key in enumerate(trace):
        hits += key in held
        uses[key] += 1
        held[key] = at
        if len(held) > capacity:
            del held[min((other for other in held if other != key), key=lambda it: (uses[it], held[it]))]
    return hits / len(trace)


def synthetic(capacity: int) -> Iterator[tuple[str, list[int]]]:
    draw = random.Random(5)
    size = 40 * capacity
    ranks = range(1, 10 * capacity + 1)
    zipf = draw.choices(list(ranks), [1 / rank for rank in ranks], k=size)
    yield "zipf over 10 x the capacity", zipf
    mixed = []
    for at in range(0, size, 2 * capacity):
        mixed += zipf[at : at + 2 * capacity]
        mixed += range(10**6 + at, 10**6 + at + capacity)
    yield "zipf, with scans between", mixed
    yield "a loop of 1.2 x the capacity", [at % (capacity * 6 // 5) for at in range(size)]
    moving = [at // (4 * capacity) * 100_000 + draw.randrange(capacity * 3 // 4) for at in range(size)]
    yield "a working set that moves on", moving
    some = [draw.randrange(capacity // 2) if draw.random() < 0.5 else 10**6 + at for at in range(size)]
    yield "half hot, half never again", some


def recorded(folder: Path, repos: Path) -> list[str]:
    trace: list[str] = []
    by_root: dict[Path, list[str]] = {}
    for question in load(folder, repos, set()):
        by_root.setdefault(question.root, []).append(question.text)
    for number, (root, texts) in enumerate(by_root.items()):
        with indexed(root):
            pass
        with RetrievalEngine.open(root) as engine:
            draw = random.Random(number)
            for at in range(3 * len(texts)):
                text = texts[at % len(texts)] if draw.random() < 0.6 else texts[max(0, at - 3) % len(texts)]
                found = engine.query(text, refresh=False, learn=False)
                trace.extend(f"{number}:{result.chunk.id}" for result in found)
    return trace


def savings(folder: Path, repos: Path) -> None:
    questions = load(folder, repos, set())
    root = max({question.root for question in questions}, key=lambda path: sum(1 for _ in path.rglob("*.py")))
    texts = [question.text for question in questions if question.root == root]
    engines = {
        size: RetrievalEngine.open(root, Config.from_dict({"cache": {"capacity": size}}))
        for size in (1, 500, 20_000)
    }
    spent = dict.fromkeys(engines, 0.0)
    count = 0
    for engine in engines.values():
        engine.query("warm", refresh=False, learn=False)
    for _ in range(4):
        for text in texts:
            count += 1
            for size, engine in engines.items():
                started = time.perf_counter()
                engine.query(text, budget=8000, output="plain", refresh=False, learn=False)
                spent[size] += time.perf_counter() - started
    print(f"\nwarm queries of {root.name} ({len(texts)} questions, four times over, wall)")
    for size, engine in engines.items():
        rate = engine.cache.state.hit_rate
        print(f"  capacity {size:>6}: {spent[size] / count * 1000:.2f} ms a query, hit rate {rate:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--answers", nargs=2, type=Path, metavar=("SET", "REPOS"))
    parser.add_argument("--capacity", action="append", type=int, default=[])
    options = parser.parse_args()
    print(f"{'trace':<34} {'capacity':>8} {'ARC':>7} {'LRU':>7} {'LFU':>7}")
    for capacity in options.capacity or [100, 500]:
        traces = list(synthetic(capacity))
        if options.answers:
            traces.append(("recorded queries", recorded(*options.answers)))  # type: ignore[arg-type]
        for name, trace in traces:
            rates = [policy(trace, capacity) for policy in (arc, lru, lfu)]
            print(f"{name:<34} {capacity:>8} " + " ".join(f"{rate:7.1%}" for rate in rates))
    cache: ArcCache[int, None] = ArcCache(500)
    keys = random.Random(1).choices(range(1500), k=200_000)
    for name in ("nobody listens", "one listener"):
        started = time.perf_counter()
        for key in keys:
            cache.touch(key)
        print(f"a request, {name}: {(time.perf_counter() - started) / len(keys) * 1e6:.2f} us")
        cache.subscribe(lambda _: None)
    if options.answers:
        savings(*options.answers)


if __name__ == "__main__":
    main()
