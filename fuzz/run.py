"""Coverage-guided fuzzing of what reads bytes that others wrote. See fuzz/README.md.

python fuzz/run.py                      every target for a minute each
python fuzz/run.py log --seconds 600    one target
python fuzz/run.py log --replay FILE    one input again, with its traceback
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
NAMES = {
    "storage_targets": ("log", "journal", "memory", "snapshot", "search", "when", "importing"),
    "code_targets": ("settings", "code_config", "theme", "chunk", "question", "daemon", "client"),
    "model_targets": ("stream", "reply", "env_file"),
}
TARGETS = {name: module for module, names in NAMES.items() for name in names}
HANG = 25  # seconds for one input


def load(name: str) -> Callable[[bytes], None]:
    """The function that a target's name stands for: it takes any bytes, and raises where mnemo has a bug."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    found: Callable[[bytes], None] = getattr(__import__(TARGETS[name]), name)
    return found


def main() -> int:
    """Fuzz each target in a process of its own; 1 where there is a find."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--replay", type=Path, help="run one input and end")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mnemo-fuzz"))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(TARGETS)}")
    names = options.targets or list(TARGETS)
    if options.replay:
        load(names[0])(options.replay.read_bytes())
        return 0
    if options.here:
        return fuzz(names[0], options.seconds, options.work)
    failed = []
    for name in names:
        command = [sys.executable, __file__, name, "--here", "--seconds", str(options.seconds)]
        done = subprocess.run([*command, "--work", str(options.work)], env=surroundings(), check=False)
        if done.returncode:
            failed.append(name)
    found = sorted((options.work / "found").glob("*"))
    print(f"{len(names) - len(failed)} of {len(names)} targets ended without a find", *found, sep="\n")
    return 1 if failed else 0


def surroundings() -> dict[str, str]:
    """The environment without anything of the user's, so that no run reads or writes their memories."""
    home = tempfile.mkdtemp(prefix="mnemo-fuzz-home-")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MNEMO_", "XDG_", "LLM_"))}
    return {**kept, "HOME": home, "TZ": "UTC"}


def fuzz(name: str, seconds: int, work: Path) -> int:
    """Fuzz in this process; finds and what has grown of the corpus stay in ``work``."""
    try:
        import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        print("fuzzing needs atheris: pip install atheris", file=sys.stderr)
        return 2
    grown = work / name
    grown.mkdir(parents=True, exist_ok=True)
    (work / "found").mkdir(exist_ok=True)
    with atheris.instrument_imports(include=["mnemo"]):
        target = load(name)
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-timeout={HANG}",
        "-rss_limit_mb=3000",
        "-max_len=16384",
        "-print_final_stats=1",
        f"-artifact_prefix={work / 'found'}/{name}-",
        str(grown),
        str(CORPUS / name),
    ]
    atheris.Setup(arguments, target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
