"""Write ``docs/dependencies.md`` from what is installed: each library with its licence, size and reason.

python docs/make_dependencies.py

``tests/test_dependencies.py`` fails for a licence that is not in `ALLOWED` and for one without a reason.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

PAGE = Path(__file__).with_name("dependencies.md")
PROJECT = "mnemo-tui"
EXTRAS = ("", "tokens", "mcp")
ALLOWED = {
    "MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0", "MPL-2.0",
    "0BSD", "Unlicense",
}  # fmt: skip
"""Permissive ones; MPL-2.0 asks for the source of its own changed files alone, and mnemo changes none."""
WHY = {
    "textual": "the app's screens",
    "rich": "tables and colours on a terminal",
    "typer": "the command line; below 0.29, which pulls in pydantic and triples the start-up",
    "python-dotenv": "reads `.env` files",
    "watchdog": "file events: of the journal, and of code where there is no inotify",
    "httpx": "speaks to models",
    "platformdirs": "where settings, data and logs belong on each system",
    "tomlkit": "changes a setting and keeps comments",
    "msgspec": "reads and checks the JSON of imports and records, faster than the standard library",
    "tantivy": "full text of the journal",
    "pillow": "makes pictures small before a model or the terminal gets them",
    "pyyaml": "front matter of Markdown written by hand",
    "pathspec": "the rules of `.gitignore`",
    "xxhash": "notices changed files at memory speed",
    "tree-sitter": "syntax trees of the code index",
    "rs-bpe": "exact token counts, with its vocabulary inside",
    "mcp": "the protocol that agents speak",
}
_CLASSIFIER = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "ISC License (ISCL)": "ISC",
    "The Unlicense (Unlicense)": "Unlicense",
}
_SPELLED = {
    "mit license": "MIT", "the mit license": "MIT", "bsd": "BSD-3-Clause", "bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache-2": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0", "mpl 2.0": "MPL-2.0", "psf": "PSF-2.0", "psfl": "PSF-2.0",
}  # fmt: skip


class Library(NamedTuple):
    """An installed library: what needs it, and which extra brings it (empty: always there)."""

    name: str
    version: str
    licence: str
    size: int
    needed_by: tuple[str, ...]
    extra: str


def canonical(name: str) -> str:
    """A name as the registry compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(name: str) -> str:
    """A library's licence as an SPDX expression, or what it says where that is none."""
    told = metadata.metadata(name)
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [
        str(each).rpartition(" :: ")[2] for each in told.get_all("Classifier") or () if "License ::" in each
    ]
    known = [_CLASSIFIER[each] for each in classifiers if each in _CLASSIFIER]
    text = told["License"].strip() if "License" in told else ""
    spelled = _SPELLED.get(text.lower(), text if len(text) < 40 else "")
    if spelled in ALLOWED:
        return spelled
    return known[0] if known else spelled or "unknown"


def allowed(expression: str) -> bool:
    """Whether every part of an expression is allowed, or one of each ``OR``."""
    return all(
        any(part.strip(" ()") in ALLOWED for part in re.split(r"\bOR\b", clause))
        for clause in re.split(r"\bAND\b|,", expression)
    )


def needs(name: str, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """What a library needs here, with the extras that it asks them for."""
    found = []
    for line in metadata.requires(name) or ():
        each = Requirement(line)
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in (extras or {""})):
            found.append((canonical(each.name), frozenset(each.extras)))
    return found


def libraries() -> dict[str, Library]:
    """All that mnemo needs, directly and not, by name; those of an extra only where they are installed."""
    found: dict[str, Library] = {}
    for extra in EXTRAS:
        waiting = [(name, extras, PROJECT) for name, extras in needs(PROJECT, frozenset({extra}))]
        while waiting:
            name, extras, needed_by = waiting.pop(0)
            known = found.get(name)
            if known is not None:
                if needed_by not in known.needed_by:
                    found[name] = known._replace(needed_by=(*known.needed_by, needed_by))
                continue
            try:
                size = sum(file.size or 0 for file in metadata.files(name) or ())
            except metadata.PackageNotFoundError:
                continue
            version = metadata.version(name)
            found[name] = Library(name, version, licence_of(name), size, (needed_by,), extra)
            waiting += [(other, more, name) for other, more in needs(name, extras)]
    return found


def why(library: Library) -> str:
    """What a library is for."""
    if library.name.startswith("tree-sitter-"):
        return f"grammar of {library.name.removeprefix('tree-sitter-')}"
    if library.name in WHY:
        return WHY[library.name]
    return "" if PROJECT in library.needed_by else f"needed by {', '.join(library.needed_by)}"


def page() -> str:
    """The whole page."""
    found = libraries()
    parts = [
        "# Dependencies\n",
        "Made by `python docs/make_dependencies.py` from what was installed. A test refuses one without",
        f"a reason, and a licence other than {', '.join(sorted(ALLOWED))}.",
        "Sizes are those of the installed files.\n",
    ]
    for extra in EXTRAS:
        rows = sorted((each for each in found.values() if each.extra == extra), key=lambda each: each.name)
        if not rows:
            continue
        total = sum(each.size for each in rows) / 1e6
        parts.append(f"## {'Always installed' if not extra else f'With the extra `{extra}`'}\n")
        parts.append(f"{len(rows)} libraries, {total:.0f} MB.\n")
        parts.append("| library | version | licence | MB | what for |\n|---|---|---|---|---|")
        parts += [
            f"| {each.name} | {each.version} | {each.licence} | {each.size / 1e6:.1f} | {why(each)} |"
            for each in rows
        ]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
