"""An ingest or a watch in a process of its own, for a caller that must never stall: a screen.

Storing, inverting and linking take the interpreter for tens of milliseconds at a time. The process reports
in lines of JSON, gives way to everything else that runs, and ends when its caller stops it or is gone.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal

from . import errors
from .errors import RetrievalError
from .ingest import IngestReport, Progress

__all__ = ["ingest_apart", "main", "watch_apart"]

_LOOK: Final = 0.1  # seconds between two looks whether it is to stop
_NICE: Final = 10
_HANDLE: Final = 2.0  # seconds to wait for another writer


def ingest_apart(
    project_dir: Path,
    *,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> IngestReport:
    """Index what changed in the project, as `RetrievalEngine.ingest` does; what is done is kept.

    Raises what that raises, and `IndexUnwritableError` when the process dies.
    """
    reports: list[IngestReport] = []
    _run("ingest", project_dir, on_progress, reports.append, _ignore, cancelled)
    return reports[-1] if reports else IngestReport(interrupted=True)


def watch_apart(
    project_dir: Path,
    *,
    on_report: Callable[[IngestReport], None],
    on_notice: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    """Follow what changes in the project until ``cancelled``: see `mnemo.retrieval.watch.Watcher`.

    Raises what the first ingest raises, and `IndexUnwritableError` when the process dies.
    """
    _run("watch", project_dir, _ignore, on_report, on_notice, cancelled)


def _ignore(_: object) -> None:
    pass


def _run(
    verb: Literal["ingest", "watch"],
    project_dir: Path,
    on_progress: Callable[[Progress], None],
    on_report: Callable[[IngestReport], None],
    on_notice: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    # -P: a module of the user's working directory must not take the place of one of ours. A group of its own:
    # Ctrl-C is for the caller.
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()", verb, str(project_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        pending = b""
        while True:
            if cancelled() and not process.stdin.closed:
                process.stdin.close()  # it ends after the file that it reads
            if not select.select([process.stdout], [], [], _LOOK)[0]:
                continue
            some = os.read(process.stdout.fileno(), 1 << 16)
            if not some:
                break
            *lines, pending = (pending + some).split(b"\n")
            for line in lines:
                kind, value = json.loads(line)
                match kind:
                    case "progress":
                        on_progress(Progress(**value))
                    case "report":
                        on_report(IngestReport(**value))
                    case "notice":
                        on_notice(value)
                    case _:
                        raise getattr(errors, kind)(*value)
    if process.returncode and not cancelled():
        raise errors.IndexUnwritableError("the process that indexes died: what it had stored is kept")


def main() -> None:
    """Serve one `ingest_apart` or `watch_apart`, until its end or that of standard input."""
    verb, project_dir = sys.argv[1:]
    os.nice(_NICE)
    stopped = threading.Event()
    telling = threading.Lock()

    def tell(kind: str, value: Any) -> None:
        line = json.dumps([kind, value]).encode() + b"\n"
        with telling:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def until_closed(stop: Callable[[], None]) -> None:
        sys.stdin.buffer.read()
        stopped.set()
        stop()

    def wait_for_the_end(stop: Callable[[], None] = lambda: None) -> None:
        threading.Thread(target=until_closed, args=(stop,), name="caller", daemon=True).start()

    def report(done: IngestReport) -> None:
        tell("report", asdict(done))

    try:
        if verb == "watch":
            from .project import open_project  # noqa: PLC0415
            from .watch import Watcher  # noqa: PLC0415 - only a watch needs the observer

            watcher = Watcher(
                open_project(Path(project_dir)), on_report=report, on_notice=lambda line: tell("notice", line)
            )
            wait_for_the_end(watcher.stop)
            watcher.run()
        else:
            from .engine import RetrievalEngine  # noqa: PLC0415

            wait_for_the_end()
            with RetrievalEngine.open(Path(project_dir)) as engine:
                done = engine.ingest(
                    on_progress=lambda now: tell("progress", asdict(now)),
                    cancelled=stopped.is_set,
                    wait=_HANDLE,
                )
            report(done)
    except RetrievalError as error:
        holder = [error.holder] if isinstance(error, errors.IndexBusyError) else []
        tell(type(error).__name__, [*error.args, *holder])
    except BrokenPipeError:
        pass  # nobody is there to tell
    sys.stdout.flush()
    # The thread that waits for standard input need not be waited for.
    os._exit(0)
