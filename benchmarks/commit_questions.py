"""Make a set of questions from the history of repositories: commits ask, what they changed answers.

    python benchmarks/commit_questions.py OUT GIT_DIR... [--back 400] [--count 40]

For each repository: its tree ``--back`` first parents before the head goes to OUT/repos/NAME, and up to
``--count`` later commits become questions in OUT/queries/NAME.jsonl, laid out as `development_sets` reads
them. A commit asks when it changes one to four files of code that are no tests, and at most sixty of their
lines, which must be there in that tree: its message is the question, the lines it replaced (or stood
between) are the answer. Releases, merges, bumps and reverts are left out.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from mnemo.retrieval.kinds import kinds_of

CODE = re.compile(
    r"\.(?:py|pyi|js|mjs|cjs|jsx|ts|tsx|go|rs|java|kt|cs|c|h|cc|cpp|hpp|rb|php|swift|scala|lua|ex|exs|hs|sh|zig)$"
)
DULL = re.compile(
    r"^(?:merge|revert|bump|release|version|changelog|update (?:changelog|deps|dependencies|docs)|v?\d+\.\d+"
    r"|prepare|typo|fix typo|docs?\b|chore|ci\b|build\b|tests?\b|backport|\[pr #|lint|format|style|deps)",
    re.IGNORECASE,
)
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
LONGEST = 400  # characters of a message
MOST_FILES, MOST_LINES = 4, 60


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "--git-dir", str(folder), *words], capture_output=True, check=False, timeout=300
    )
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def question(message: str) -> str:
    """The subject and the beginning of the body, without marks that only the project's tracker knows."""
    subject, _, body = message.strip().partition("\n")
    if DULL.match(subject):
        return ""
    subject = re.sub(r"^\w+(?:\([\w/. -]*\))?!?: ", "", subject)
    body = "\n".join(line for line in body.splitlines() if not re.match(r"^[\w-]+: |^---|^\(cherry", line))
    text = re.sub(r"\s*\(?#\d+\)?|https?://\S+", "", f"{subject}. {body}")
    text = re.sub(r"\s+", " ", text).strip(" .")
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0]


def hunks(folder: Path, old: str, new: str, path: str) -> list[tuple[int, int, int, int]]:
    """What changed between two versions of a file, as (line, count) before and after."""
    found = []
    for line in git(folder, "diff", "-U0", "--no-renames", old, new, "--", path).splitlines():
        if match := HUNK.match(line):
            start, size, to, more = (int(number) if number else 1 for number in match.groups())
            found.append((start, size, to, more))
    return found


def back_in(base: list[tuple[int, int, int, int]], line: int) -> int | None:
    """Where a line of the later version was in the base, None where it was not."""
    shift = 0
    for _, size, to, more in base:
        first = to if more else to + 1
        if line < first:
            break
        if line < first + more:
            return None
        shift += size - more
    return line + shift


def answers(folder: Path, base: str, commit: str) -> dict[str, list[int]]:
    """The base's lines of code that a commit replaced, or stood between; empty where it is no question."""
    changed = [
        line.split("\t")
        for line in git(
            folder, "diff-tree", "-r", "--no-commit-id", "--name-status", "--no-renames", commit
        ).splitlines()
    ]
    found: dict[str, list[int]] = {}
    for status, path in changed:
        if not CODE.search(path) or kinds_of(path, None, None) & {"tests", "docs", "examples", "generated"}:
            continue
        if status != "M" or not git(folder, "ls-tree", base, "--", path):
            return {}
        earlier = hunks(folder, base, f"{commit}^", path)
        lines: list[int] = []
        for start, size, _, _ in hunks(folder, f"{commit}^", commit, path):
            wanted = range(start, start + size) if size else (start, start + 1)
            lines += [place for line in wanted if (place := back_in(earlier, line))]
        if lines:
            found[path] = sorted(set(lines))
    if len(found) > MOST_FILES or sum(map(len, found.values())) > MOST_LINES:
        return {}
    return found


def ranges(lines: list[int]) -> Iterator[list[int]]:
    start = previous = lines[0]
    for line in lines[1:]:
        if line != previous + 1:
            yield [start, previous]
            start = line
        previous = line
    yield [start, previous]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("git", type=Path, nargs="+", help="NAME=GIT_DIR, or a bare repository")
    parser.add_argument("--back", type=int, default=400)
    parser.add_argument("--count", type=int, default=40)
    options = parser.parse_args()
    (options.out / "queries").mkdir(parents=True, exist_ok=True)
    specs = []
    for place in options.git:
        name, _, where = str(place).rpartition("=")
        folder = Path(where)
        name = name or folder.name.removesuffix(".git")
        commits = git(folder, "rev-list", "--first-parent", f"-n{options.back}", "HEAD").split()
        base, later = commits[-1], list(reversed(commits[:-1]))
        made = []
        for commit in later:
            text = question(git(folder, "log", "-1", "--format=%B", commit))
            found = answers(folder, base, commit) if len(text.split()) >= 3 else {}
            if found:
                spans = {path: list(ranges(lines)) for path, lines in found.items()}
                made.append(
                    {
                        "id": f"{name}-{commit[:10]}",
                        "kind": "commit",
                        "query": text,
                        "relevant_files": sorted(found),
                        "relevant_ranges": spans,
                    }
                )
            if len(made) == options.count:
                break
        tree = options.out / "repos" / name
        tree.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(
            ["git", "--git-dir", str(folder), "archive", "--format=tar", base],
            capture_output=True,
            check=False,
            timeout=300,
        )
        if archive.returncode != 0:
            print(f"{name}: its tree at {base[:10]} is not there", flush=True)
            continue
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(tree, filter="data")
        lines = "".join(json.dumps(entry) + "\n" for entry in made)
        (options.out / "queries" / f"{name}.jsonl").write_text(lines)
        specs.append({"name": name, "base": base, "questions": len(made)})
        print(f"{name}: {len(made)} questions at {base[:10]}", flush=True)
    (options.out / "repos.json").write_text(json.dumps(specs, indent=1))


if __name__ == "__main__":
    main()
