"""The verb that shows one memory: show."""

import typer

from .options import Json, MemoryId
from .printer import Detail
from .session import session_of

__all__ = ["VERBS"]


def show(
    ctx: typer.Context,
    memory_id: MemoryId,
    json: Json = False,
) -> None:
    """Show one memory whole.

    With its files, whether it is intact, and the layers around it.
    """
    from ..storage.errors import NoSuchMemoryError

    session = session_of(ctx)
    with session.open() as journal:
        memory = journal.get(journal.resolve_id(memory_id))
        older = None
        if memory.revisits:
            try:
                older = journal.get(memory.revisits)
            except NoSuchMemoryError:
                older = None
        detail = Detail(memory, older, journal.files_of(memory), journal.revisited_by(memory.memory_id))
        session.printer(as_json=json).detail(detail)


VERBS = {"show": show}
