"""How long a journal's feelings take to follow: columns, days, periods, the line, shifts, transitions.

``python benchmarks/affect_bench.py JOURNAL``, a ``.mnheme`` with its index beside it. CPU time of one
process, best of five, page cache warm. The baseline is one pass over the column of feelings (``sum``).
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnemo.llm.computed import introspect, reflect
from mnemo.storage import MemoryDB
from mnemo.storage.affect import by_day, feeling_streaks, line, periods, shifts, transitions


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    times = []
    for _ in range(5):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journal", type=Path)
    with MemoryDB(parser.parse_args().journal, fsync_policy="never") as db:
        columns_time, columns = best(db.columns)
        baseline, _ = best(lambda: sum(columns.feelings))
        print(f"{len(columns.times):,} memories, CPython {platform.python_version()}")
        print(f"{'one pass over the column':<28} {1000 * baseline:>8.1f} ms")
        days_time, days = best(lambda: by_day(columns.times, columns.feelings, columns.names))
        steps = {
            "columns": columns_time,
            "days": days_time,
            "months": best(lambda: periods(days, "month"))[0],
            "line": best(lambda: line(days))[0],
            "shifts": best(lambda: shifts(days))[0],
            "transitions": best(lambda: transitions(columns.feelings, columns.names))[0],
            "streaks of feelings": best(lambda: feeling_streaks(columns.feelings, columns.names))[0],
        }
        steps["all of these"] = sum(steps.values())
        steps["reflect, whole journal"] = best(lambda: reflect(db, None))[0]
        steps["introspect"] = best(lambda: introspect(db))[0]
        for name, seconds in steps.items():
            print(f"{name:<28} {1000 * seconds:>8.1f} ms   {seconds / baseline:>6.1f} x")
        print(f"{len(days):,} days with memories")


if __name__ == "__main__":
    main()
