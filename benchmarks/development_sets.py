"""Questions with known answers: two layouts of a folder, and how an answer is scored.

``annotations/NAME.json`` with ``repos.json``: files (and perhaps lines) that answer a question, for NDCG@10.
``queries/NAME.jsonl``: commits as questions, the files and lines that they changed as answers, for recall in
a budget. The repositories lie in another folder, by name, and are indexed where they lie.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.results import Answer

Span = tuple[str, int | None, int | None]


@dataclass(frozen=True)
class Question:
    repo: str
    root: Path
    text: str
    kind: str
    targets: tuple[Span, ...] = ()
    files: frozenset[str] = frozenset()
    lines: dict[str, set[int]] = field(default_factory=dict)
    commit: str = ""


def load(folder: Path, repos: Path, only: set[str]) -> list[Question]:
    """All questions of a set whose repositories are there, by repository."""
    found: list[Question] = []
    specs: dict[str, Any] = {spec["name"]: spec for spec in json.loads((folder / "repos.json").read_text())}
    for name in sorted(specs):
        root = repos / name / (specs[name].get("benchmark_root") or "")
        if (only and name not in only) or not root.is_dir():
            continue
        annotations = folder / "annotations" / f"{name}.json"
        if annotations.exists():
            for entry in json.loads(annotations.read_text()):
                targets = [_target(item) for item in entry.get("relevant", []) + entry.get("secondary", [])]
                found.append(Question(name, root, entry["query"], "search", tuple(targets)))
        queries = folder / "queries" / f"{name}.jsonl"
        if queries.exists():
            for line in queries.read_text().splitlines():
                entry = json.loads(line)
                lines = {
                    path: {n for start, end in ranges for n in range(start, end + 1)}
                    for path, ranges in entry["relevant_ranges"].items()
                }
                files = frozenset(entry["relevant_files"])
                commit = entry.get("source_commit", "")
                found.append(Question(name, root, entry["query"], entry["kind"], (), files, lines, commit))
    return found


def _target(item: Any) -> Span:
    return (
        (item, None, None)
        if isinstance(item, str)
        else (item["path"], item.get("start_line"), item.get("end_line"))
    )


def path_matches(one: str, other: str) -> bool:
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def ndcg10(results: list[tuple[str, int, int]], targets: tuple[Span, ...]) -> float:
    """NDCG@10 (Jarvelin and Kekalainen 2002), each target counting at the first result that meets it."""
    gains = [0] * 10
    for path, start, end in targets:
        for rank, (found, first, last) in enumerate(results[:10]):
            if path_matches(found, path) and (
                start is None or end is None or not (last < start or first > end)
            ):
                gains[rank] = 1
                break
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(targets))))
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains)) / ideal if ideal else 0.0


def localization(given: list[tuple[str, int, int, int]], question: Question, budget: int) -> dict[str, float]:
    """Recall of files and lines, MRR over files and precision by token, a token being four characters.

    ``given`` are the chunks of an answer in order: path, first and last line, and how many characters.
    """
    used = relevant = 0
    by_file: dict[str, int] = {}
    order: list[str] = []
    covered = 0
    for path, start, end, size in given:
        tokens = -(-size // 4)
        if used + tokens > budget:
            break
        used += tokens
        relevant += tokens if path in question.files else 0
        by_file[path] = by_file.get(path, 0) + tokens
        if path not in order and by_file[path] >= 30:
            order.append(path)
        covered += len(question.lines.get(path, set()) & set(range(start, end + 1)))
    hits = [place for place, path in enumerate(order) if path in question.files]
    total = sum(map(len, question.lines.values()))
    found = {
        "file_recall": len(hits) / len(question.files),
        "mrr": 1 / (hits[0] + 1) if hits else 0.0,
        "precision": relevant / used if used else 0.0,
    }
    if total:
        found["line_recall"] = min(1.0, covered / total)
    return found


def given(answer: Answer) -> list[tuple[str, int, int, int]]:
    """The chunks of an answer as `localization` takes them."""
    return [
        (result.file_path, result.chunk.line_start, result.chunk.line_end, len(result.chunk.content))
        for result in answer
    ]


def indexed(root: Path) -> RetrievalEngine:
    """The engine of a repository, brought up to date."""
    engine = RetrievalEngine.open(root)
    engine.ingest()
    return engine
