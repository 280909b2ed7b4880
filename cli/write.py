"""Verbs that add memories: remember, revisit, attach."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import complete
from .options import Concept, Json, MemoryId, when
from .session import Session, UsageError, interactive, session_of, warn
from .stdin import keeping, tell_kept, text_argument

if TYPE_CHECKING:
    from ..storage.feelings import Feeling
    from ..storage.journal import MemoryDB
    from ..storage.memory import MediaType

__all__ = ["VERBS"]

_Feeling = Annotated[
    str | None,
    typer.Option(
        "--feeling",
        "-f",
        metavar="F",
        help="One of the fifteen; see mnemo feelings.",
        autocompletion=complete.feelings,
    ),
]
_Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", metavar="T", help="A tag; may be given again.", autocompletion=complete.tags),
]
_Note = Annotated[str, typer.Option(metavar="N", help="A note beside the text.")]
_Link = Annotated[
    bool,
    typer.Option(
        "--link", help="Adopt the files themselves in place of copies: editing them edits the memory's."
    ),
]


def remember(
    ctx: typer.Context,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="The words; - reads them from stdin. Without, your editor opens."
        ),
    ] = None,
    concept: Concept = None,
    feeling: _Feeling = None,
    tag: _Tags = None,
    note: _Note = "",
    attach: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A file to keep with it; may be given again.")
    ] = None,
    link: _Link = False,
    at: Annotated[str | None, typer.Option(metavar="WHEN", help="When it was; now unless given.")] = None,
    media_type: Annotated[
        str | None, typer.Option(metavar="M", help="text, image, video, audio or doc.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    json: Json = False,
) -> int:
    """Add a memory to the journal.

    Concept and feeling that are not given are proposed from the words, and saved after a yes.
    """
    session = session_of(ctx)
    may_ask = interactive() and not yes
    fields: dict[str, Any] = {
        "concept": concept,
        "feeling": _feeling(feeling),
        "tags": tag or [],
        "note": note,
        "at": when(at, session).moment if at else None,
        "media_type": _media_type(media_type),
        "attachments": attach or [],
        "link": link,
    }
    if text is None and attach:
        _save(session, _named_by_file(fields, attach[0]), may_ask=may_ask, yes=yes, json=json)
        return 0
    if text is None:
        if not may_ask:
            raise UsageError("TEXT is missing: give it, or - to read it from standard input")
        return _compose(session, fields, json=json)
    if not (may_ask or yes):
        _demand(fields)
    fields["content"] = text_argument(text)
    with keeping(session, fields["content"] if text == "-" else ""):
        saved = _save(session, fields, may_ask=may_ask, yes=yes, json=json)
    if text == "-" and not saved:
        tell_kept(session, fields["content"])
    return 0


def revisit(
    ctx: typer.Context,
    memory_id: MemoryId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words; - reads them from stdin.")],
    concept: Concept = None,
    feeling: _Feeling = None,
    tag: _Tags = None,
    note: _Note = "",
    json: Json = False,
) -> int:
    """Add a new layer to an older memory.

    The older one stays as it is; concept and feeling are its own unless given.
    """
    session = session_of(ctx)
    chosen = _feeling(feeling)
    content = text_argument(text)
    with keeping(session, content if text == "-" else ""):
        with session.open() as journal:
            older = journal.get(journal.resolve_id(memory_id))
        from ..storage.feelings import Feeling

        if chosen is None and isinstance(older.feeling, Feeling):
            chosen = older.feeling
        fields = {
            "content": content,
            "concept": concept or older.concept,
            "feeling": chosen,
            "tags": tag or [],
            "note": note,
            "revisits": older.memory_id,
        }
        _save(session, fields, may_ask=interactive(), json=json)
    return 0


def attach(
    ctx: typer.Context,
    memory_id: MemoryId,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files to keep with it.")],
    link: _Link = False,
    json: Json = False,
) -> int:
    """Attach files to an older memory.

    Each becomes a new layer that refers to it.
    """
    session = session_of(ctx)
    with session.open() as journal:
        older = journal.resolve_id(memory_id)
        for file in files:
            if not file.is_file():
                raise UsageError(f"{file}: there is no such file")
        added = [journal.attach(older, file, link=link) for file in files]
        printer = session.printer(as_json=json)
        if json:
            printer.memories(added)
        else:
            for memory in added:
                printer.saved(memory)
    return 0


def _feeling(text: str | None) -> "Feeling | None":
    from ..storage.feelings import Feeling

    return None if text is None else Feeling.parse(text)


def _media_type(text: str | None) -> "MediaType | None":
    from ..storage.memory import MediaType

    if text is None or text in tuple(MediaType):
        return MediaType(text) if text else None
    raise UsageError(f"unknown media type {text!r}: use one of {', '.join(MediaType)}")


def _named_by_file(fields: dict[str, Any], file: Path) -> dict[str, Any]:
    from ..storage.media import media_type_of

    return {
        **fields,
        "content": file.name,
        "media_type": fields["media_type"] or media_type_of(file.name),
    }


def _demand(fields: dict[str, Any]) -> None:
    missing = [f"--{name}" for name in ("concept", "feeling") if not fields[name]]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise UsageError(f"{' and '.join(missing)} {verb} missing; --yes takes what mnemo proposes")


def _save(session: Session, fields: dict[str, Any], *, may_ask: bool, json: bool, yes: bool = False) -> bool:
    """Propose what is missing, write, and say what was written; False where the user wants none of it."""
    if not (may_ask or yes):
        _demand(fields)
    with session.open() as journal:
        missing = not (fields["concept"] and fields["feeling"])
        if missing and not _propose(journal, session, fields, may_ask=may_ask):
            return False
        given = {name: value for name, value in fields.items() if value is not None}
        session.printer(as_json=json).saved(journal.remember(**given))
    return True


def _propose(journal: "MemoryDB", session: Session, fields: dict[str, Any], *, may_ask: bool) -> bool:
    """Fill in what is missing from the words themselves; whether it may be saved so."""
    from dataclasses import replace

    from ..llm.local import Perceiver
    from .proposal import NO_FEELING, keep_or_change, show_perception

    found = Perceiver(journal, session.settings.language).perceive(fields["content"])
    found = replace(
        found,
        extracted_concept=fields["concept"] or found.extracted_concept,
        extracted_feeling=fields["feeling"] or found.extracted_feeling,
        alternatives=() if fields["feeling"] else found.alternatives,
        extracted_tags=tuple(fields["tags"]) or found.extracted_tags,
        note=fields["note"],
    )
    if found.undecided and not may_ask:
        raise UsageError(f"{NO_FEELING}: give one with --feeling")
    show_perception(found, session, sys.stderr)
    kept = keep_or_change(found, list(journal.concepts())) if may_ask else found
    if kept is None:
        return False
    fields["concept"], fields["feeling"] = kept.extracted_concept, kept.extracted_feeling
    fields["tags"] = list(kept.extracted_tags)
    return True


def _compose(session: Session, fields: dict[str, Any], *, json: bool) -> int:
    """Write in the editor; the draft stays until the memory is on the disk."""
    from ..storage.errors import InvalidMemoryError
    from .compose import open_draft, read_draft

    shown = {"concept": fields["concept"], "feeling": fields["feeling"], "note": fields["note"]}
    shown["tags"] = ", ".join(fields["tags"])
    path, written = open_draft(
        session.places.drafts_dir, session.settings, {name: str(each) for name, each in shown.items() if each}
    )
    if not written:
        warn("nothing was written, so nothing is saved")
        return 0
    try:
        draft = read_draft(path)
        fields |= {
            "concept": None,
            "feeling": None,
            "tags": [],
            "note": "",
            **draft.fields,
            "content": draft.content,
        }
        if draft.fields.get("tags"):
            fields["tags"] = [each.strip().removeprefix("#") for each in draft.fields["tags"].split(",")]
        try:
            fields["feeling"] = _feeling(fields["feeling"])
        except InvalidMemoryError as error:
            warn(str(error))
            fields["feeling"] = None
        saved = _save(session, fields, may_ask=True, json=json)
    except BaseException:
        warn(f"not saved: the text is kept in {path}; mnemo remember goes on with it")
        raise
    if saved:
        path.unlink()
    else:
        warn(f"the text is kept in {path}; mnemo remember goes on with it")
    return 0


VERBS = {"remember": remember, "revisit": revisit, "attach": attach}
