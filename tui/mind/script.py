"""A turn in lines of text: inert, wrapped, with the lines that a key acts on marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from ...llm.answers import LOCAL, Answer, Perception
from ..inert import cut, one_line
from ..timeline.text import markdown_lines, plain_lines

if TYPE_CHECKING:
    from ...storage.memory import Memory
    from ..ink import Ink
    from .model import Turn

__all__ = ["written"]

_TITLES = {
    "ask": "You asked",
    "perceive": "To be perceived",
    "reflect": "Look back on",
    "dream": "Dream",
    "introspect": "A portrait",
}
_DECIDED = (
    ("s", "save it so", "save"),
    ("c", "another concept", "concept"),
    ("f", "another feeling", "feeling"),
    ("x", "not at all", "drop"),
)
"""What can be done with a proposal: its key, and what it does in a few words and in one."""
_Marks = list[tuple[int, "Memory | None"]]


def written(turn: Turn, width: int, ink: Ink) -> tuple[list[Text], _Marks]:
    """The lines of a turn, and which of them stand for a memory; None stands for the proposal."""
    page = _Page(width, ink)
    page.question(turn)
    match turn.found:
        case Perception() as found:
            page.perception(turn, found)
        case Answer() as found:
            page.answer(turn, found)
        case None:
            page.speech(turn.text, model=True)
    page.state(turn)
    page.lines.append(Text())
    return page.lines, page.marks


class _Page:
    """Lines as they are written, one under the other."""

    def __init__(self, width: int, ink: Ink) -> None:
        self.width = width
        self.room = max(8, width - 3)
        self.ink = ink
        self.lines: list[Text] = []
        self.marks: _Marks = []

    def _add(self, lines: list[Text], indent: int = 2) -> None:
        for line in lines:
            line.pad_left(indent)
            self.lines.append(line)

    def question(self, turn: Turn) -> None:
        """What was asked."""
        operation, text, size = turn.asked
        title = _TITLES[operation]
        if operation == "dream":
            title = f"A dream of {size} memories"
        sign = ">" if self.ink.ascii_only else "›"
        self.lines.append(Text(f"{sign} {title}", self.ink.heading))
        if text:
            self._add(plain_lines(text, self.room, self.ink.strong))

    def speech(self, text: str, *, model: bool) -> None:
        """An answer's words; a model's are read as Markdown, in which nothing acts."""
        if text.strip():
            text = text.strip()
            self._add(
                markdown_lines(text, self.room, self.ink)
                if model
                else plain_lines(text, self.room, self.ink.text)
            )

    def answer(self, turn: Turn, found: Answer) -> None:
        """An answer: its words, the memories, who gave it and how sure it is."""
        text = found.text
        if type(found) is Answer and not turn.by_model:
            # Its list of memories is drawn beneath, as rows to land on.
            text = "\n".join(line for line in text.splitlines() if not line.startswith("- "))
        self.speech(text, model=turn.by_model)
        sources = turn.sources
        if sources:
            self.lines.append(Text())
            named = bool(found.cited) or not turn.by_model
            self._add([Text("It rests on" if named else "It was given, and names none", self.ink.muted)])
            names = [one_line(memory.concept, 24) for memory in sources]
            wide = min(16, max(map(cell_len, names)))
            for memory in sources:
                self._memory(memory, wide)
            more = len(found.cited if found.cited else found.memories_used) - len(sources)
            if more > 0:
                self._add([Text(f"and {more:,} more", self.ink.muted)])
        self.lines.append(Text())
        who = "mnemo itself" if found.provider == LOCAL else one_line(found.provider, 40)
        mark = {"high": "●●●", "medium": "●●○", "low": "●○○", "none": "○○○"}[found.confidence.value]
        if self.ink.ascii_only:
            mark = mark.replace("●", "*").replace("○", "-")
        style = self.ink.good if found.confidence.value in ("high", "medium") else self.ink.style("warning")
        by = Text.assemble((mark, style), (f" {found.confidence_note}", self.ink.text))
        by.append(f" {who}, {found.seconds:.1f} s", self.ink.muted)
        self._wrap(by)

    def _wrap(self, text: Text) -> None:
        """Wrap a text of several styles, each line as it is."""
        from rich.console import Console  # noqa: PLC0415 -- Textual has loaded it

        self._add(list(text.wrap(Console(width=80, color_system=None), self.room, overflow="fold")))

    def _memory(self, memory: Memory, wide: int = 0) -> None:
        """One row to land on: id, day, feeling, concept in ``wide`` cells where there is room, words."""
        ink = self.ink
        look, colour = ink.feeling(str(memory.feeling))
        day = memory.local_time.date().isoformat()
        row = Text("  ")
        row.append(f"{one_line(memory.memory_id[:8], 8)} ", ink.link)
        row.append(f"{day} ", ink.muted)
        row.append(f"{look.glyph} ", colour)
        if self.width >= 64:
            row.append(f"{cut(one_line(look.word, 14), 11) if wide else one_line(look.word, 14)} ", colour)
        concept = one_line(memory.concept, 24)
        if wide and self.width >= 64:
            concept = cut(concept, wide)
        row.append(f"{concept} ", ink.strong)
        row.append(one_line(memory.content, 300), ink.text)
        row.truncate(max(8, self.width - 1), overflow="ellipsis")
        self.marks.append((len(self.lines), memory))
        self.lines.append(row)

    def perception(self, turn: Turn, found: Perception) -> None:
        """What is proposed for a text, and whether it is saved."""
        ink = self.ink
        look, colour = ink.feeling(str(found.extracted_feeling))
        others = ", ".join(
            one_line(ink.feeling(str(each.feeling))[0].word) for each in found.alternatives[:3]
        )
        rows = [
            ("concept", Text(one_line(found.extracted_concept, 200), ink.strong)),
            ("feeling", Text(f"{look.glyph} {one_line(look.word)}", colour)),
            ("or", Text(others, ink.muted)),
            ("tags", Text(" ".join(f"#{one_line(tag, 60)}" for tag in found.extracted_tags), ink.text)),
            ("note", Text(one_line(found.note, 400), ink.text)),
            ("reading", Text(one_line(found.enriched_content, 4000), ink.text)),
            (
                "by",
                Text("mnemo itself" if found.provider == LOCAL else one_line(found.provider, 40), ink.muted),
            ),
        ]
        for name, value in rows:
            if value.plain:
                self._wrap(Text.assemble((cut(name, 8), ink.muted), value))
        if found.memory is not None:
            self.lines.append(Text())
            self._add([Text("Saved", ink.good)])
            self._memory(found.memory)
        elif turn.proposal is not None:
            self.marks.append((len(self.lines), None))
            row = Text(" ")
            for letter, words, short in _DECIDED:
                row.append(f" {letter}", ink.heading)
                row.append(f" {short if self.width < 64 else words} ", ink.text)
            row.truncate(max(8, self.width - 1), overflow="ellipsis")
            self.lines.append(row)
        else:
            self._add([Text("Not saved", ink.muted)])

    def state(self, turn: Turn) -> None:
        """What keeps it, what went wrong, and why no model spoke."""
        dots = "..." if self.ink.ascii_only else "…"
        for note in turn.notes:
            self._add(plain_lines(one_line(note, 400), self.room, self.ink.muted))
        if turn.error:
            self._add(plain_lines(f"{turn.error}", self.room, self.ink.warning))
            self._add(plain_lines("F5 tries again.", self.room, self.ink.muted))
        elif turn.running:
            said = turn.step if turn.step and not turn.parts else "thinking" if not turn.parts else "writing"
            self._add(plain_lines(f"{said}{dots} Esc stops it.", self.room, self.ink.muted))
        elif turn.found is None:
            self._add(plain_lines("Stopped. F5 asks again.", self.room, self.ink.muted))
