"""Compare the names that chunks define with what universal-ctags finds in the same files.

    python benchmarks/symbol_check.py FOLDER...

A tag counts as found where the chunk that holds its line defines its name. Local variables, parameters and
the like are left out; what is not found is listed by kind with examples. ctags errs too: read the examples
before the percentages.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from mnemo.retrieval.chunkers import chunk_file, detect_language

KINDS = frozenset(
    {
        "class",
        "interface",
        "struct",
        "enum",
        "trait",
        "type",
        "typedef",
        "union",
        "module",
        "object",
        "record",
    }
    | {
        "function",
        "method",
        "constructor",
        "func",
        "singletonMethod",
        "generator",
        "getter",
        "setter",
        "macro",
    }
    | {"property", "enumerator", "constant", "protocol", "talias"}
)


def tags(folder: Path) -> dict[Path, list[tuple[str, int, str]]]:
    command = ["ctags", "-R", "--output-format=json", "--fields=+nK", "-f", "-", str(folder)]
    output = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stdout
    found: dict[Path, list[tuple[str, int, str]]] = defaultdict(list)
    for line in output.splitlines():
        tag = json.loads(line)
        if tag.get("kind") in KINDS and "anon" not in tag["name"].lower():
            found[Path(tag["path"])].append((tag["name"], tag["line"], tag["kind"]))
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("folders", nargs="+", type=Path)
    if shutil.which("ctags") is None:
        print("needs universal-ctags", file=sys.stderr)
        return 1
    total: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    missing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for folder in arguments.parse_args().folders:
        for path, wanted in sorted(tags(folder).items()):
            language = detect_language(path.name)
            if language == "unknown":
                continue
            chunks = chunk_file(path.read_text(encoding="utf-8", errors="replace"), path.name).chunks
            for name, line, kind in wanted:
                key = (language, kind)
                short = name.replace("::", ".").replace(":", ".").replace("\\", ".").rpartition(".")[2]
                total[key] += 1
                if any(c.line_start <= line <= c.line_end and {name, short} & set(c.defines) for c in chunks):
                    right[key] += 1
                elif len(missing[key]) < 4:
                    missing[key].append(f"{path}:{line} {name}")
    for key, count in sorted(total.items()):
        print(f"{key[0]:12}{key[1]:16}{count:7}{right[key] / count:8.1%}  {'; '.join(missing[key][:2])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
