"""Write ``docs/cli.md`` from the command line itself; a test checks that it is current.

python docs/make_cli.py
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from mnemo.cli.app import VERBS, run
from mnemo.cli.cache import VERBS as CACHE
from mnemo.cli.config import VERBS as CONFIG
from mnemo.cli.providers import VERBS as PROVIDERS

PAGE = Path(__file__).with_name("cli.md")

HEAD = """\
# The command line

This page is made from `mnemo --help`. Every reading command draws for people on a terminal, writes plain
lines when piped, and one JSON document with `--json`. stdout holds the result alone; progress and warnings
go to stderr. `NO_COLOR` is honoured. Where a TEXT is taken, `-` reads it from standard input.

| exit code | what it means |
|---|---|
| 0 | done |
| 1 | failed: one line on stderr says what, and what to do |
| 2 | wrong usage |
| 3 | nothing found, with `--fail-empty` |
| 130 | interrupted |

**Times** (`--at`, `--since`, `--until`) are local: ISO 8601 (`2024`, `2024-05`, `2024-05-31 21:30`),
`yesterday 21:30`, `3 days ago`, `last week`, a day of the week. `--since` and `--until` both include what
they name. **Filters** of one kind are OR, kinds are AND. Concepts and tags match as written first, else with
case and accents folded; feelings are taken in English or Italian. `--limit` is 50 unless given; 0 is all.

A memory in JSON has the nine keys of the record (`feeling` as shown, `feeling_token` as stored),
`attachments`, `revisits`, `intact` (true, false, or null where the record never had a checksum) and `extra`.
"""


def page() -> str:
    """The whole page, as it should stand."""
    parts = [HEAD]
    for heading, verbs in VERBS.items():
        parts.append(f"## {heading}\n")
        for verb in verbs:
            parts.append(_section(verb))
            for group in (CACHE, CONFIG, PROVIDERS):
                parts += [_section(verb, each) for each in group.get(verb, ()) if each]
    return "\n".join(parts)


def _section(*words: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run([*words, "--help"]) == 0
    help_text = out.getvalue().partition("\nGlobal options:")[0].rstrip()
    return f"### {' '.join(words)}\n\n```text\n{help_text}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page())
