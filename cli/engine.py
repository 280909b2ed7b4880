"""A question of a command to the engine of its project: the daemon's where one runs, else one of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .session import warn

if TYPE_CHECKING:
    from ..retrieval.engine import RetrievalEngine
    from .session import Session

__all__ = ["ask", "own_engine"]


def own_engine(session: Session) -> RetrievalEngine:
    """An engine of the project in this process; what its config has to say goes to stderr.

    Raises `NoIndexError`, `ConfigError`.
    """
    from ..retrieval.engine import RetrievalEngine
    from ..retrieval.project import open_project

    project = open_project(session.project)
    for line in project.notices:
        warn(line)
    return RetrievalEngine(project)


def ask(session: Session, method: str) -> dict[str, Any]:
    """What one of `mnemo.retrieval.reply.METHODS` gives; its notices go to stderr.

    Raises `RetrievalError`.
    """
    from ..retrieval.daemon.client import NoDaemonError, call
    from ..retrieval.locate import find_project_dir

    found: dict[str, Any]
    try:
        found = call(find_project_dir(session.project), method, {})
    except NoDaemonError:
        found = _by_ourselves(session, method)
    for line in found.pop("notices"):
        warn(line)
    return found


def _by_ourselves(session: Session, method: str) -> dict[str, Any]:
    from ..retrieval.engine import RetrievalEngine
    from ..retrieval.project import open_project
    from ..retrieval.reply import METHODS

    with RetrievalEngine(open_project(session.project)) as engine:
        found: dict[str, Any] = METHODS[method](engine)
    return found
