"""Writing in an editor: nothing unwanted is saved, and nothing wanted is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mnemo import MemoryDB
from mnemo.settings import Settings, places

WHOLE = "---\nconcept: Sea\nfeeling: gioia\ntags: #salt, wind\nnote: at dusk\n---\n"
WHOLE += "\nFirst line\n\n# not a comment\n"


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """An editor that runs a line of Python on the file's ``path``."""

    def make(line: str) -> dict[str, str]:
        script = tmp_path / "editor.py"
        script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\n{line}\n")
        return {"EDITOR": f"{sys.executable} {script}", "VISUAL": ""}

    return make


def drafts() -> list[Path]:
    return sorted(places(Settings()).drafts_dir.glob("*"))


def memories() -> list[Any]:
    with MemoryDB(places(Settings()).journal) as db:
        return db.recall()


def test_an_unchanged_template_saves_nothing(
    terminal: Callable[..., Any], editor: Callable[..., Any]
) -> None:
    for line in ("pass", "path.write_text(path.read_text().replace('concept: ', 'concept: Sea'))"):
        code, out = terminal("remember", env=editor(line)).until_end()
        assert code == 0
        assert "nothing was written, so nothing is saved" in out
        assert memories() == []
        assert drafts() == []


def test_what_is_written_is_saved(terminal: Callable[..., Any], editor: Callable[..., Any]) -> None:
    code, out = terminal("remember", env=editor(f"path.write_text({WHOLE!r})")).until_end()
    assert code == 0, out
    (memory,) = memories()
    assert memory.content == "First line\n\n# not a comment"
    assert (memory.concept, memory.feeling, memory.tags, memory.note) == (
        "Sea",
        "joy",
        ("salt", "wind"),
        "at dusk",
    )
    assert drafts() == []


def test_the_options_are_in_the_template_and_what_is_missing_is_asked(
    terminal: Callable[..., Any], editor: Callable[..., Any]
) -> None:
    window = terminal(
        "remember",
        "-c",
        "Sea",
        "-t",
        "a",
        "-t",
        "b",
        env=editor("path.write_text(path.read_text() + 'Happy words')"),
    )
    window.until("Save it so")
    window.type("c\n")
    window.until("What is it about?")
    window.type("\n")
    window.until("How does it feel?")
    window.type("ser\n")
    assert window.until_end()[0] == 0
    (memory,) = memories()
    assert (memory.concept, memory.feeling, memory.tags, memory.content) == (
        "Sea",
        "serenity",
        ("a", "b"),
        "Happy words",
    )


def test_a_draft_stays_when_it_cannot_be_saved_and_is_offered_again(
    terminal: Callable[..., Any], editor: Callable[..., Any]
) -> None:
    broken = WHOLE.replace("note:", "nota:")
    code, out = terminal("remember", env=editor(f"path.write_text({broken!r})")).until_end()
    assert code == 2
    assert "'nota: at dusk' is none of concept, feeling, tags, note" in out
    (kept,) = drafts()
    assert str(kept) in out
    assert kept.stat().st_mode & 0o777 == 0o600

    window = terminal("remember", env=editor("path.write_text(path.read_text().replace('nota', 'note'))"))
    window.until("A memory is unfinished: First line")
    window.type("y\n")
    assert window.until_end()[0] == 0
    assert [memory.note for memory in memories()] == ["at dusk"]
    assert drafts() == []


def test_an_interrupted_question_keeps_the_draft(
    terminal: Callable[..., Any], editor: Callable[..., Any]
) -> None:
    window = terminal("remember", env=editor("path.write_text('Just happy words')"))
    window.until("Save it so")
    window.type("\x04")
    code, out = window.until_end()
    assert code == 130
    assert "the text is kept in " in out
    assert [each.read_text() for each in drafts()] == ["Just happy words"]
    assert memories() == []

    window = terminal("remember", env=editor("pass"))
    window.until("A memory is unfinished: Just happy words")
    window.type("d\n")
    assert window.until_end()[0] == 0
    assert drafts() == []


def test_an_editor_that_fails_is_told(terminal: Callable[..., Any], editor: Callable[..., Any]) -> None:
    code, out = terminal("remember", env=editor("path.write_text('Words'); sys.exit(3)")).until_end()
    assert code == 1
    assert "ended with 3; the text is kept in " in out
    assert len(drafts()) == 1
    drafts()[0].unlink()
    code, out = terminal("remember", env={"EDITOR": "/no/such/editor", "VISUAL": ""}).until_end()
    assert code == 1
    assert "cannot run the editor /no/such/editor: No such file or directory" in out
    assert drafts() == []
